/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A lock file beside the store. */
#include "lib/lock.h"

#include "lib/err.h"
#include "lib/paths.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_MODE 0600

int
lock_take(const char *store, const char *job)
{
	char path[PATHS_MAX];
	const char *colon = strchr(store, ':');
	int n = snprintf(path, sizeof(path), "%s.%s.lock", colon ? colon + 1 : store, job);

	if (n < 0 || (size_t)n >= sizeof(path))
		return NM_ELIMIT;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return NM_OK; /* the descriptor is the lock: it stays open */
	int rc = errno == EWOULDBLOCK ? NM_EEXISTS : -errno;
	(void)close(fd);
	return rc;
}
