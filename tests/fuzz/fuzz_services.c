/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a file of services, and behind a zero byte as the name of a host. What is refused must be said in words; a label
 * in front of a name changes nothing, and what is found by a name without its first label is found with it too.
 */
#include "lib/err.h"
#include "probe/services.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_find(const struct services *s, const char *name, size_t len)
{
	char longer[512] = "x.";

	const struct service *found = services_find(s, name, len);
	const char *dot = memchr(name, '.', len);
	if (dot && dot > name && len <= 253 && !found &&
	    services_find(s, dot + 1, len - (size_t)(dot + 1 - name)))
		abort();
	if (len == 0 || len > 251)
		return;
	memcpy(longer + 2, name, len);
	const struct service *again = services_find(s, longer, len + 2);
	if (again != found)
		abort();
}

static void
check_all(struct services *s, const char *name, size_t len)
{
	for (size_t i = 0; i < services_count(s); i++) {
		const struct service *service = services_at(s, i);

		if (!*service->name || !*service->category || service->app != 0)
			abort();
		services_bind(s, i, (uint16_t)(1 + i));
	}
	check_find(s, name, len);
	(void)services_digest(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t text = zero ? (size_t)(zero - data) : size;
	size_t len = zero ? size - text - 1 : 0;
	struct services *s = NULL;
	char path[64], err[256] = "";
	int fd = memfd_create("services", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, text) != (ssize_t)text)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = services_load(path, &s, err, sizeof(err));
	if ((rc < 0) != (*err != '\0'))
		abort();
	if (rc == NM_OK)
		check_all(s, zero ? (const char *)zero + 1 : "", len);
	services_unref(s);
	(void)close(fd);
	return 0;
}
