/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as the files that people write lists in: modules and groups. What is refused must be said in words. */
#include "lib/err.h"
#include "lib/groupfile.h"
#include "lib/log.h"
#include "probe/modhost.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
on_member(void *ctx, const char *name, const struct addr_range *member)
{
	(void)member;
	++*(unsigned *)ctx;
	if (!*name)
		abort();
	return 0;
}

static void
check(int rc, const char *err)
{
	if ((rc < 0) != (*err != '\0'))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct modset *set = NULL;
	char path[64], err[256] = "";
	unsigned members = 0;
	int fd = memfd_create("list", MFD_CLOEXEC);

	log_init("# fuzz", LOG_LEVEL_ERROR);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check(groupfile_read(path, on_member, &members, err, sizeof(err)), err);
	err[0] = '\0';
	int rc = modhost_open(path, "/nonexistent", err, sizeof(err), &set);
	check(rc, err);
	if (rc == NM_OK)
		modhost_close(set);
	(void)close(fd);
	return 0;
}
