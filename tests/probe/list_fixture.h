/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text as a file, for the tests of what reads the admin's lists. Includes must come before cmocka's. */
#ifndef TESTS_PROBE_LIST_FIXTURE_H
#define TESTS_PROBE_LIST_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* A file in memory with these bytes: its descriptor, and the path in `path`. */
static inline int
list_file(const char *bytes, size_t size, char path[64])
{
	int fd = memfd_create("list", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (int)size);
	(void)snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

/* Asserts that `err` is "PATH:LINE: ..." with `words` somewhere behind, on one line. */
static inline void
assert_complaint(const char *err, const char *path, unsigned line, const char *words)
{
	char begin[96];

	(void)snprintf(begin, sizeof(begin), "%s:%u: ", path, line);
	if (strncmp(err, begin, strlen(begin)) != 0 || !strstr(err, words) || strchr(err, '\n'))
		fail_msg("\"%s\" is not \"%s... %s ...\"", err, begin, words);
}

#endif
