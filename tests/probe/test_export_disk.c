/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter over a spool whose disk is full, fails or hangs: packets go on being counted, and nothing is lost silently. */
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "probe/export.h"
#include "probe/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 60 /* a test that waits for the disk would never end */
#define PACKETS    2  /* of each record */

/* --- the disk ---------------------------------------------------------------------------------------------------------- */

enum fault { WORKS, FULL, FULL_IN_THE_MIDDLE, READ_ONLY, NO_NEW_FILE, SYNC_FAILS, SYNC_HANGS };

static _Atomic enum fault fault;
static atomic_uint failures;

static int
say_no(int error)
{
	atomic_fetch_add(&failures, 1);
	errno = error;
	return -1;
}

/* These stand before libc's. */
ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	switch (atomic_load(&fault)) {
	case FULL:
		return say_no(ENOSPC);
	case READ_ONLY:
		return say_no(EROFS);
	case FULL_IN_THE_MIDDLE:
		if (len < 100)
			return say_no(ENOSPC);
		len /= 2;
		break;
	default:
		break;
	}
	return syscall(SYS_pwrite64, fd, bytes, len, at);
}

int
openat(int folder, const char *name, int flags, ...)
{
	va_list args;

	if (atomic_load(&fault) == NO_NEW_FILE && strstr(name, ".seg") && flags & O_CREAT)
		return say_no(ENOSPC);
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return (int)syscall(SYS_openat, folder, name, flags, mode);
}

int
fdatasync(int fd)
{
	if (atomic_load(&fault) == SYNC_FAILS)
		return say_no(EIO);
	if (atomic_load(&fault) == SYNC_HANGS) {
		atomic_fetch_add(&failures, 1);
		while (atomic_load(&fault) == SYNC_HANGS)
			(void)usleep(1000);
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static void
break_disk(enum fault how)
{
	atomic_store(&failures, 0);
	atomic_store(&fault, how);
}

static void
await_failure(void)
{
	while (atomic_load(&failures) == 0)
		(void)usleep(1000);
}

/* --- the probe --------------------------------------------------------------------------------------------------------- */

static char folder[64];
static const char *const links[] = { "eth0" };
static struct record records[BATCH_RECORDS_MAX];
static struct ledger_delta ledger[BATCH_LEDGER_MAX];

static int
setup(void **state)
{
	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	log_set_level((enum log_level) - 1);
	break_disk(WORKS);
	(void)alarm(PATIENCE_S);
	(void)snprintf(folder, sizeof(folder), "/tmp/netmon-disk-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int
teardown(void **state)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[512];

	(void)state;
	while (dir && (entry = readdir(dir))) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.')
			(void)unlink(path);
	}
	if (dir)
		(void)closedir(dir);
	(void)alarm(0);
	return rmdir(folder);
}

static struct spool *
open_spool(void)
{
	const struct spool_config config = { folder, "test", 64 << 20, false };
	struct spool *s;

	assert_int_equal(spool_open(&config, &s), 0);
	return s;
}

static struct sink *
start(struct spool *spool, size_t queue_max)
{
	const struct export_config config = { .host = "127.0.0.1",
		                              .port = 1, /* nobody listens there */
		                              .probe = "test",
		                              .links = links,
		                              .n_links = 1,
		                              .batch_age_ms = 60000,
		                              .batch_records = 10,
		                              .queue_records_max = queue_max,
		                              .finish_s = PATIENCE_S,
		                              .spool = spool };
	struct sink *sink;

	assert_int_equal(export_new(&config, &sink), 0);
	return sink;
}

static void
put_records(struct sink *sink, size_t n)
{
	struct record r = { .packets = PACKETS, .octets = 100, .protocol = 6, .expires = 60 };

	assert_int_equal(addr_parse("10.0.0.1", &r.saddr), 0);
	assert_int_equal(addr_parse("10.0.0.2", &r.daddr), 0);
	while (n-- > 0)
		sink->ops->record(sink, &r);
}

struct sums {
	uint64_t records;
	uint64_t exported; /* packets */
	uint64_t dropped;
};

static void
add_batch(struct sums *sums, const struct spool_found *found)
{
	struct batch b = { .records = records, .ledger = ledger };

	assert_false(found->damaged);
	assert_int_equal(frame_decode_batch(found->frame + FRAME_HEADER_SIZE,
	                                    found->len - FRAME_HEADER_SIZE, &b),
	                 0);
	sums->records += b.n_records;
	for (size_t i = 0; i < b.n_ledger; i++) {
		sums->exported += b.ledger[i].cause == LEDGER_EXPORTED ? b.ledger[i].packets : 0;
		sums->dropped +=
		    b.ledger[i].cause == LEDGER_EXPORT_DROPPED ? b.ledger[i].packets : 0;
	}
}

/* What the next run finds. */
static struct sums
look(void)
{
	struct spool *s = open_spool();
	struct spool_found found;
	struct sums sums = { 0 };

	while (spool_read(s, &found))
		add_batch(&sums, &found);
	spool_close(s, true);
	return sums;
}

/* --- tests ------------------------------------------------------------------------------------------------------------- */

static void
when_the_disk_works_again_all_that_waited_is_kept(void **state)
{
	static const enum fault faults[] = { FULL, FULL_IN_THE_MIDDLE, READ_ONLY, SYNC_FAILS };
	struct spool *s = open_spool();
	struct sink *sink = start(s, 100000);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		break_disk(faults[i]);
		put_records(sink, 100);
		await_failure();
		put_records(sink, 100);
		break_disk(WORKS);
		n += 200;
	}
	assert_int_equal(sink->ops->finish(sink), 0);
	assert_true(export_is_kept(sink));
	sink->ops->free(sink);
	spool_close(s, true);
	struct sums sums = look();
	assert_int_equal(sums.records, n);
	assert_int_equal(sums.exported, PACKETS * n);
	assert_int_equal(sums.dropped, 0);
}

static void
a_disk_without_room_for_a_file_is_tried_again(void **state)
{
	struct spool *s = open_spool();
	struct sink *sink = start(s, 100000);

	(void)state;
	break_disk(NO_NEW_FILE);
	put_records(sink, 100);
	await_failure();
	break_disk(WORKS);
	assert_int_equal(sink->ops->finish(sink), 0);
	sink->ops->free(sink);
	spool_close(s, true);
	assert_int_equal(look().records, 100);
}

/* The call of fdatasync() does not come back before this thread has handed over all records: it waits for nothing. */
static void
a_disk_that_hangs_holds_up_no_packets_and_what_is_too_much_is_declared(void **state)
{
	struct spool *s = open_spool();
	struct sink *sink = start(s, 200);

	(void)state;
	put_records(sink, 10);
	break_disk(SYNC_HANGS);
	put_records(sink, 10);
	await_failure();
	put_records(sink, 10000);
	break_disk(WORKS);
	(void)sink->ops->finish(sink);
	assert_true(export_is_kept(sink));
	sink->ops->free(sink);
	spool_close(s, true);
	struct sums sums = look();
	assert_int_equal(sums.exported, PACKETS * sums.records);
	assert_int_equal(sums.exported + sums.dropped, PACKETS * 10020);
	/* about what the queue holds, and the batch in hand */
	assert_in_range(sums.records, 150, 400);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(when_the_disk_works_again_all_that_waited_is_kept),
		TEST(a_disk_without_room_for_a_file_is_tried_again),
		TEST(a_disk_that_hangs_holds_up_no_packets_and_what_is_too_much_is_declared),
	};

	return cmocka_run_group_tests_name("export_disk", tests, NULL, NULL);
}
