/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe's spool: what goes in comes out, or is declared, whatever becomes of the disk. */
#include "probe/spool.h"

#include "lib/err.h"
#include "tests/support/spool_fill.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int syncs_that_work = -1; /* until the disk is broken; -1: it never is */

/* These stand before libc's. No test takes the power away, so there is no need to wait for the disk. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	if (syncs_that_work == 0) {
		errno = EIO;
		return -1;
	}
	if (syncs_that_work > 0)
		syncs_that_work--;
	(void)fd;
	return 0;
}

static void
what_goes_in_comes_out_also_after_a_restart(void **state)
{
	struct spool *s = spool_fill_open();
	uint64_t epoch = spool_meta(s)->epoch, lost;

	(void)state;
	assert_int_equal(spool_fill_write(s, 300, FILL_RECORDS), 0);
	assert_int_equal(spool_fill_read(s, 0, &lost), 300);
	assert_int_equal(spool_fill_write(s, 10, FILL_RECORDS), 0);
	assert_int_equal(spool_fill_read(s, 300, &lost), 310);
	spool_close(s, false);
	s = spool_fill_open();
	assert_true(spool_meta(s)->epoch == epoch && !spool_meta(s)->clean);
	assert_int_equal(spool_tail(s)->sequence, 310);
	assert_int_equal(spool_fill_write(s, 10, FILL_RECORDS), 0);
	assert_int_equal(spool_fill_read(s, 0, &lost), 320);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

static void
acknowledged_segments_go_and_numbers_never_come_back(void **state)
{
	struct spool *s = spool_fill_open();
	struct stat st;
	char path[128];
	uint64_t lost;

	(void)state;
	assert_int_equal(spool_fill_write(s, 300, FILL_RECORDS), 0);
	assert_int_equal(spool_fill_read(s, 0, &lost), 300);
	spool_fill_segment_path(1, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	spool_acked(s, 300);
	spool_trim(s);
	assert_int_not_equal(stat(path, &st), 0);
	uint64_t base = spool_meta(s)->sequence;
	assert_true(base > 100);
	spool_close(s, true);
	s = spool_fill_open();
	assert_int_equal(spool_tail(s)->sequence, 300);
	assert_int_equal(spool_meta(s)->chain, spool_fill_batch(base)->chain);
	assert_int_equal(spool_fill_read(s, base, &lost), 300);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

static void
a_tail_that_is_torn_at_any_length_is_cut(void **state)
{
	struct spool *s = spool_fill_open();
	struct stat st;
	char path[128];
	uint64_t lost;

	(void)state;
	assert_int_equal(spool_fill_write(s, 5, 1), 0);
	spool_fill_kill(s);
	spool_fill_segment_path(1, path);
	assert_int_equal(stat(path, &st), 0);
	off_t four = st.st_size - (off_t)spool_fill_batch(5)->len;
	for (off_t len = four; len < st.st_size; len++) {
		int fd = open(path, O_WRONLY);
		assert_int_equal(
		    pwrite(fd, spool_fill_batch(5)->bytes, spool_fill_batch(5)->len, four),
		    spool_fill_batch(5)->len);
		assert_int_equal(ftruncate(fd, len), 0);
		(void)close(fd);
		s = spool_fill_open();
		assert_int_equal(spool_tail(s)->sequence, 4);
		assert_int_equal(spool_tail(s)->chain, spool_fill_batch(4)->chain);
		assert_int_equal(spool_fill_read(s, 0, &lost), 4);
		assert_int_equal(lost, 0);
		spool_fill_kill(s);
		struct stat after;
		assert_int_equal(stat(path, &after), 0);
		assert_int_equal(after.st_size, four);
	}
}

static void
a_full_spool_refuses_and_takes_again_what_fits(void **state)
{
	struct spool *s;
	uint64_t lost;

	(void)state;
	assert_int_equal(spool_fill_try("p", 400 << 10, false, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	assert_int_equal(spool_fill_write(s, FILL_BATCHES_MAX, FILL_RECORDS), NM_ELIMIT);
	uint64_t end = spool_tail(s)->sequence;
	assert_true(end > 100 && end < FILL_BATCHES_MAX);
	assert_int_equal(spool_fill_read(s, 0, &lost), end);
	spool_acked(s, end);
	spool_trim(s);
	uint64_t durable;
	for (struct spool_out *o = spool_fill_batch(end + 1); o; o = o->next)
		end = o->sequence;
	assert_int_equal(spool_write(s, spool_fill_batch(spool_tail(s)->sequence + 1), &durable),
	                 0);
	assert_int_equal(durable, end);
	spool_close(s, true);
}

static void
what_is_oldest_goes_and_is_declared_where_that_is_wanted(void **state)
{
	struct spool *s;
	uint64_t lost, first = 0;
	struct spool_found f;

	(void)state;
	assert_int_equal(spool_fill_try("p", 800 << 10, true, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	assert_int_equal(spool_fill_write(s, 300, FILL_RECORDS), 0);
	/* the reader has begun, and what it has begun stays */
	for (first = 1; first <= 10; first++)
		assert_true(spool_read(s, &f) && f.sequence == first);
	assert_int_equal(spool_fill_write(s, FILL_BATCHES_MAX - 300, FILL_RECORDS), 0);
	for (first = 11; spool_read(s, &f) && f.first == f.sequence; first++)
		assert_true(f.sequence == first);
	spool_close(s, false);
	/* the declaration is as durable as what it stands for */
	assert_int_equal(spool_fill_try("p", 800 << 10, false, &s), 0);
	assert_int_equal(spool_fill_read(s, 0, &lost), FILL_BATCHES_MAX);
	assert_true(lost > 100 && lost < 400);
	spool_close(s, true);
}

/* Reads and, as the collector does, acknowledges, so that the reader is let on; checks that nothing up to `sent` is among what
 * was given up. The last sequence. */
static uint64_t
read_and_acknowledge(struct spool *s, uint64_t sent, unsigned *ret_lost)
{
	struct spool_found f = { 0 };
	uint64_t reached = 0, before;

	do {
		before = reached;
		while (spool_read(s, &f)) {
			assert_true(f.first == f.sequence || f.first > sent);
			*ret_lost += f.first != f.sequence;
			reached = f.sequence;
		}
		spool_acked(s, reached);
		spool_trim(s);
	} while (reached > before);
	return reached;
}

static void
what_a_run_before_may_have_sent_is_not_given_up(void **state)
{
	struct spool *s;
	struct spool_found f;
	uint64_t sent = 0;
	unsigned lost = 0;

	(void)state;
	assert_int_equal(spool_fill_try("p", 1 << 20, true, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	assert_int_equal(spool_fill_write(s, 350, FILL_RECORDS), 0);
	/* acknowledgements come, but before this thread gets to look at them it is killed */
	while (spool_read(s, &f))
		sent = f.sequence;
	assert_true(sent > 100 && sent < 350);
	spool_fill_kill(s);
	assert_int_equal(spool_fill_try("p", 800 << 10, true, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	assert_int_equal(spool_fill_write(s, 100, FILL_RECORDS), 0);
	/* also while the reader is on its way to it */
	assert_true(spool_read(s, &f) && f.sequence == 1);
	assert_int_equal(spool_fill_write(s, FILL_BATCHES_MAX - 450, FILL_RECORDS), 0);
	assert_int_equal(read_and_acknowledge(s, sent, &lost), FILL_BATCHES_MAX);
	assert_true(lost > 0);
	spool_close(s, false);
}

/* The limit on a file's size stands for a disk that is full in the middle of a write. */
static void
a_full_disk_leaves_whole_batches_only(void **state)
{
	struct rlimit old, small = { 20000, 20000 };
	struct spool *s = spool_fill_open();
	uint64_t lost, durable;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(spool_fill_write(s, 30, FILL_RECORDS), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	uint64_t end = spool_tail(s)->sequence;
	assert_true(end > 3 && end < 30);
	assert_int_equal(spool_fill_read(s, 0, &lost), end);
	assert_int_equal(spool_write(s, spool_fill_batch(end + 1), &durable), 0);
	assert_true(durable > end);
	assert_int_equal(spool_fill_read(s, end, &lost), durable);
	spool_close(s, false);
	s = spool_fill_open();
	assert_int_equal(spool_fill_read(s, 0, &lost), durable);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

/* Each segment is synced before the next one begins: what those syncs made durable is not written again. */
static void
a_sync_that_fails_behind_a_new_segment_doubles_nothing(void **state)
{
	struct spool *s = spool_fill_open();
	uint64_t lost, durable, again;

	(void)state;
	struct spool_out *list = spool_fill_make(s, FILL_BATCHES_MAX);
	syncs_that_work = 2;
	assert_int_equal(spool_write(s, list, &durable), -EIO);
	syncs_that_work = -1;
	assert_true(durable > 0 && durable < FILL_BATCHES_MAX);
	assert_int_equal(spool_tail(s)->sequence, durable);
	assert_int_equal(spool_fill_read(s, 0, &lost), durable);
	assert_int_equal(spool_write(s, spool_fill_batch(durable + 1), &again), 0);
	assert_int_equal(again, FILL_BATCHES_MAX);
	assert_int_equal(spool_fill_read(s, durable, &lost), FILL_BATCHES_MAX);
	spool_close(s, false);
	s = spool_fill_open();
	assert_int_equal(spool_fill_read(s, 0, &lost), FILL_BATCHES_MAX);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

struct reading {
	struct spool *spool;
	atomic_uint_fast64_t reached;
	uint64_t records; /* of all, also lost ones */
	bool in_order;
};

static void *
read_to_the_end(void *arg)
{
	struct reading *r = arg;
	struct spool_found f;
	uint64_t at = 0;

	while (at < FILL_BATCHES_MAX) {
		if (!spool_read(r->spool, &f)) {
			(void)usleep(100);
			continue;
		}
		r->in_order &= f.first == at + 1;
		r->records += f.records;
		at = f.sequence;
		atomic_store(&r->reached, at);
	}
	return NULL;
}

static void
one_thread_reads_while_another_one_writes_drops_and_removes(void **state)
{
	struct reading r = { .in_order = true };
	pthread_t reader;

	(void)state;
	assert_int_equal(spool_fill_try("p", 800 << 10, true, &r.spool), 0);
	assert_int_equal(spool_begin(r.spool, 0), 0);
	assert_int_equal(spool_fill_write(r.spool, 450, FILL_RECORDS), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_to_the_end, &r), 0);
	for (unsigned n = 450; n < FILL_BATCHES_MAX; n += 3) {
		assert_int_equal(spool_fill_write(r.spool, 3, FILL_RECORDS), 0);
		spool_acked(r.spool, atomic_load(&r.reached));
		spool_trim(r.spool);
	}
	/* what is acknowledged goes, so that the reader may go on */
	while (atomic_load(&r.reached) < FILL_BATCHES_MAX) {
		spool_acked(r.spool, atomic_load(&r.reached));
		spool_trim(r.spool);
		(void)usleep(100);
	}
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_true(r.in_order);
	assert_int_equal(r.records, FILL_RECORDS * FILL_BATCHES_MAX);
	spool_close(r.spool, true);
}

/* Every file counts: segments by the blocks they take, meta, its copies, and what stands for dropped batches for a while. */
static void
the_folder_never_takes_more_than_it_may(void **state)
{
	const uint64_t limit = 700 << 10;
	struct spool *s;
	uint64_t lost, most = 0;

	(void)state;
	for (unsigned oldest = 0; oldest < 2; oldest++) {
		assert_int_equal(spool_fill_try("p", limit, oldest, &s), 0);
		assert_int_equal(spool_begin(s, 0), 0);
		int rc = 0;
		for (unsigned n = 0; n < FILL_BATCHES_MAX / 2 - 30 && rc == 0; n += 3) {
			rc = spool_fill_write(s, 3, FILL_RECORDS);
			uint64_t usage = spool_fill_usage();
			most = usage > most ? usage : most;
		}
		(void)spool_fill_read(s, 0, &lost);
		spool_close(s, true);
	}
	assert_in_range(most, limit / 2, limit);
}

/* What cannot be read now is no damage. */
static void
a_reader_without_descriptors_waits(void **state)
{
	struct spool *s = spool_fill_open();
	struct spool_found found;
	struct rlimit old, none;
	uint64_t lost;

	(void)state;
	assert_int_equal(spool_fill_write(s, FILL_BATCHES_MAX, FILL_RECORDS), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 0, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(spool_read(s, &found));
	assert_false(spool_read(s, &found));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(spool_fill_read(s, 0, &lost), FILL_BATCHES_MAX);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

static void
a_spool_is_of_one_process_and_one_probe(void **state)
{
	struct spool *s = spool_fill_open(), *other;

	(void)state;
	assert_int_equal(spool_fill_try("p", 1 << 20, false, &other), NM_EEXISTS);
	assert_int_equal(spool_link(s, "eth0"), 0);
	assert_int_equal(spool_link(s, "eth1"), 1);
	assert_int_equal(spool_link(s, "eth0"), 0);
	spool_close(s, true);
	assert_int_equal(spool_fill_try("q", 1 << 20, false, &other), NM_EEXISTS);
	s = spool_fill_open();
	assert_int_equal(spool_link(s, "eth1"), 1);
	spool_close(s, true);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_fill_setup, spool_fill_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_goes_in_comes_out_also_after_a_restart),
		TEST(acknowledged_segments_go_and_numbers_never_come_back),
		TEST(a_tail_that_is_torn_at_any_length_is_cut),
		TEST(a_full_spool_refuses_and_takes_again_what_fits),
		TEST(what_is_oldest_goes_and_is_declared_where_that_is_wanted),
		TEST(what_a_run_before_may_have_sent_is_not_given_up),
		TEST(a_full_disk_leaves_whole_batches_only),
		TEST(a_sync_that_fails_behind_a_new_segment_doubles_nothing),
		TEST(one_thread_reads_while_another_one_writes_drops_and_removes),
		TEST(the_folder_never_takes_more_than_it_may),
		TEST(a_reader_without_descriptors_waits),
		TEST(a_spool_is_of_one_process_and_one_probe),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
