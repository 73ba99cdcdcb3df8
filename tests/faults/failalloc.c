/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For LD_PRELOAD: lets one allocation of the program itself fail, the FAILALLOC_AT-th (from 1; 0: none), to see that the
 * program says so and ends or goes on, but does not fall over. Allocations that libraries make for themselves do not count:
 * what a library does without memory is not ours to mend.
 *
 * The last line on standard error is "failalloc: N allocations", so that a test knows when it has had them all.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static atomic_ulong calls;
static unsigned long fail_at;
static const char *begin,
    *end; /* the program's code, and whatever lies between its first and last segment */

__attribute__((constructor)) static void
start(void)
{
	const char *at = getenv("FAILALLOC_AT");
	char line[512], path[256], exe[256] = "";
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0 || !maps)
		_exit(99);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &from, &to, path) == 3 &&
		    strcmp(path, exe) == 0) {
			if (!begin)
				begin = (const char *)from; /* NOLINT(performance-no-int-to-ptr) */
			end = (const char *)to;             /* NOLINT(performance-no-int-to-ptr) */
		}
	(void)fclose(maps);
	fail_at = at ? strtoul(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void
report(void)
{
	(void)dprintf(STDERR_FILENO, "failalloc: %lu allocations\n", atomic_load(&calls));
}

static int
fails(const void *caller)
{
	const char *c = caller;

	if (c < begin || c >= end)
		return 0;
	if (atomic_fetch_add(&calls, 1) + 1 != fail_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, size);
}

char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	if (fails(__builtin_return_address(0)))
		return NULL;
	char *copy = __libc_malloc(size);
	return copy ? memcpy(copy, text, size) : NULL;
}

void *
mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	static void *(*next)(void *, size_t, int, int, int, off_t);

	if (fails(__builtin_return_address(0)))
		return MAP_FAILED;
	if (!next)
		*(void **)(&next) = dlsym(RTLD_NEXT, "mmap");
	return next(at, size, prot, flags, fd, offset);
}
