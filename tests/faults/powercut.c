/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For LD_PRELOAD under whatever writes a spool: keeps what the fault tests need in order to know what must be in the store, and to
 * do to the spool what a power cut would have done to it.
 *
 * POWERCUT_GRAVES  folder, on the spool's file system: a file that is unlinked or replaced stays there under another name, so that nothing
 *                  that was ever spooled is out of sight
 * POWERCUT_SYNCED  file of struct mark, one for each file that was synced (by inode): how many of its octets are durable.
 *                  Whatever lies behind them a power cut may take away, or leave as rubbish
 * POWERCUT_SYNC_US microseconds that a sync takes besides what it takes: a slow disk; 0 when unset
 *
 * Only calls that take effect on the spool's file system are looked at; nothing here fails a call that would have succeeded.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MARKS 4096u

struct mark {
	_Atomic uint64_t inode; /* 0: free */
	_Atomic uint64_t synced;
};

static struct mark *marks;
static const char *graves;
static atomic_uint buried;
static unsigned long sync_us;
static dev_t device;

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("POWERCUT_SYNCED");
	struct stat st;

	const char *us = getenv("POWERCUT_SYNC_US");

	graves = getenv("POWERCUT_GRAVES");
	sync_us = us ? strtoul(us, NULL, 10) : 0;
	if (!path || !graves || stat(graves, &st) < 0)
		_exit(99);
	device = st.st_dev;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)(MARKS * sizeof(*marks))) < 0)
		_exit(99);
	marks = mmap(NULL, MARKS * sizeof(*marks), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (marks == MAP_FAILED)
		_exit(99);
	(void)close(fd);
}

/* The file's mark; made if `make`. NULL: it has none. */
static struct mark *
mark_of(uint64_t inode, bool make)
{
	for (unsigned i = 0; i < MARKS; i++) {
		struct mark *m = &marks[(inode + i) % MARKS];
		uint64_t is = atomic_load(&m->inode);

		if (is == 0 && !make)
			return NULL;
		if (is == inode ||
		    (is == 0 && atomic_compare_exchange_strong(&m->inode, &is, inode)) ||
		    is == inode)
			return m;
	}
	return NULL;
}

/* Syncs by `call`, and notes what was in the file before it. */
static int
sync_by(int fd, int (*call)(int fd))
{
	struct stat st;
	bool known = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == device;
	const struct timespec slow = { .tv_sec = (time_t)(sync_us / 1000000),
		                       .tv_nsec = (long)(sync_us % 1000000 * 1000) };

	if (known && sync_us > 0)
		(void)nanosleep(&slow, NULL);
	int rc = call(fd);
	if (rc == 0 && known) {
		struct mark *m = mark_of(st.st_ino, true);
		if (m)
			atomic_store(&m->synced, (uint64_t)st.st_size);
	}
	return rc;
}

int
fdatasync(int fd)
{
	return sync_by(fd, (int (*)(int))dlsym(RTLD_NEXT, "fdatasync"));
}

int
fsync(int fd)
{
	return sync_by(fd, (int (*)(int))dlsym(RTLD_NEXT, "fsync"));
}

static void
bury(int folder, const char *name)
{
	char grave[4096];
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_dev != device)
		return;
	(void)snprintf(grave, sizeof(grave), "%s/%d-%u", graves, getpid(),
	               atomic_fetch_add(&buried, 1));
	(void)linkat(folder, name, AT_FDCWD, grave, 0);
}

int
unlink(const char *path)
{
	int (*call)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");

	bury(AT_FDCWD, path);
	return call(path);
}

int
unlinkat(int folder, const char *path, int flags)
{
	int (*call)(int, const char *, int) =
	    (int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat");

	if (!(flags & AT_REMOVEDIR))
		bury(folder, path);
	return call(folder, path, flags);
}

int
renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	int (*call)(int, const char *, int, const char *) =
	    (int (*)(int, const char *, int, const char *))dlsym(RTLD_NEXT, "renameat");

	bury(to_folder, to);
	return call(from_folder, from, to_folder, to);
}
