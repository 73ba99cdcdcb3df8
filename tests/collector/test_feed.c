/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The RRD feed: when what is written, read back from the files' headers. */
#include "collector/feed_parts.h"

#include "collector/rrdfile_head.h"
#include "lib/err.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE 1700000040u
#define HOSTS  40

static char root[64];
static char groups[80];
static char err[256];
static struct feed *feed;

static void
open_feed(unsigned minutes)
{
	const struct feed_config config = { .root = root, .groups = groups, .minutes = minutes };

	if (feed_new(&config, &feed, err, sizeof(err)) < 0)
		fail_msg("%s", err);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/netmon-feed-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	(void)snprintf(groups, sizeof(groups), "%s.groups", root);
	FILE *file = fopen(groups, "w");
	if (!file)
		return -1;
	(void)fputs("All = 10.0.0.0/8\n", file);
	return fclose(file);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	feed_free(feed);
	feed = NULL;
	(void)unlink(groups);
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A flow to each host, one second long. */
static void
add_minute(uint32_t minute)
{
	static struct record records[HOSTS];
	struct batch batch = { .records = records, .n_records = HOSTS };

	for (unsigned i = 0; i < HOSTS; i++) {
		struct record *r = &records[i];

		*r =
		    (struct record){ .protocol = 6, .packets = 1, .octets = 600, .application = 7 };
		assert_int_equal(addr_parse("192.0.2.1", &r->saddr), 0);
		assert_int_equal(addr_parse("10.0.0.0", &r->daddr), 0);
		r->daddr.b[15] = (uint8_t)i;
		r->started = r->expires = minute + 5;
	}
	feed_batch(feed, &batch);
}

static void
work(void)
{
	while (feed_work(feed))
		;
}

/* Time of a file's last update; 0 when there is none. */
static uint32_t
last_of(const char *path)
{
	uint8_t bytes[RRD_HEAD_MAX];
	struct rrd_head head = { .last_s = 0 };
	char full[160];

	(void)snprintf(full, sizeof(full), "%s/%s", root, path);
	int fd = open(full, O_RDONLY);
	if (fd < 0)
		return 0;
	assert_int_equal(rrd_head_read(fd, bytes, &head), 0);
	(void)close(fd);
	return head.last_s;
}

static uint32_t
last_of_host(unsigned host)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "hosts/10/0/0/%u/7.rrd", host);
	return last_of(path);
}

static struct feed_stats
stats(void)
{
	struct feed_stats s;

	feed_get_stats(feed, &s);
	return s;
}

/* Minutes from MINUTE on, written as they close; the last one that is closed then. */
static uint32_t
run_minutes(uint32_t n)
{
	for (uint32_t i = 0; i < n + 4; i++) {
		add_minute(MINUTE + i * 60);
		work();
	}
	return MINUTE + n * 60;
}

static void
each_file_is_written_once_in_n_minutes_and_the_load_is_even(void **state)
{
	(void)state;
	open_feed(5);
	uint32_t closed = run_minutes(20);
	uint64_t before = stats().updates, values = stats().written;
	for (uint32_t i = 24; i < 29; i++) {
		uint64_t updates = stats().updates;
		add_minute(MINUTE + i * 60);
		work();
		/* 2 files a host, 2 of the group, 2 totals */
		assert_in_range(stats().updates - updates, 1, (2 * HOSTS + 4) / 2);
	}
	closed += 5 * 60;
	assert_int_equal(stats().updates - before, 2 * HOSTS + 4);
	assert_int_equal(stats().written - values, 5 * (2 * HOSTS + 4));
	for (unsigned h = 0; h < HOSTS; h++)
		assert_in_range(last_of_host(h), closed - 4 * 60, closed + 60);
}

static void
the_watermark_is_the_oldest_minute_that_is_not_in_its_file(void **state)
{
	(void)state;
	open_feed(5);
	uint32_t closed = run_minutes(20);
	uint32_t oldest = UINT32_MAX;

	for (unsigned h = 0; h < HOSTS; h++)
		oldest = last_of_host(h) < oldest ? last_of_host(h) : oldest;
	assert_in_range(stats().written_s, closed - 5 * 60, oldest);
	assert_int_equal(stats().oldest_s, stats().written_s);
}

static void
flush(const char *argument, const char *want)
{
	char answer[128] = "";
	FILE *out = fmemopen(answer, sizeof(answer), "w");

	assert_non_null(out);
	feed_answer_flush(feed, argument, out);
	(void)fclose(out);
	assert_string_equal(answer, want);
}

static void
a_file_that_is_asked_for_has_all_closed_minutes_and_no_other_file_is_written(void **state)
{
	(void)state;
	open_feed(60);
	uint32_t closed = run_minutes(20);
	uint64_t updates = stats().updates;
	unsigned behind = 0;

	flush("hosts/10/0/0/3/7.rrd", "ok\n");
	assert_int_equal(last_of_host(3), closed);
	assert_in_range(stats().updates - updates, 0, 1);
	flush("totals", "ok\n");
	assert_int_equal(last_of("totals/all.rrd"), closed);
	assert_int_equal(last_of("totals/7.rrd"), closed);
	assert_int_equal(stats().flushes, 2);
	assert_in_range(stats().updates - updates, 0, 3);
	for (unsigned h = 0; h < HOSTS; h++)
		behind += last_of_host(h) < closed;
	assert_in_range(behind, HOSTS / 2, HOSTS - 1);
	updates = stats().updates;
	flush("totals", "ok\n");
	assert_int_equal(stats().updates, updates);
	/* what was asked for is not written again by its turn */
	feed_flush(feed);
	assert_in_range(stats().updates - updates, behind, 2 * HOSTS + 4);
	assert_int_equal(stats().written_s, MINUTE + 24 * 60);
	assert_int_equal(stats().failed, 0);
}

static void
a_request_for_what_is_not_in_the_tree_is_an_error(void **state)
{
	static const char *const wrong[] = { "", "x", "hosts/10/0/0/3/", "../totals",
		                             "hosts/10/0/0/1.rrd" };

	(void)state;
	open_feed(5);
	run_minutes(2);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		flush(wrong[i], "error: not a file or folder of the RRD tree\n");
	flush("hosts/192/0/2/9", "ok\n");
	assert_int_equal(last_of("hosts/192/0/2/9/all.rrd"), 0);
}

static void
requests_that_take_too_long_are_served_in_part_until_the_loop_comes_round(void **state)
{
	(void)state;
	open_feed(60);
	uint32_t closed = run_minutes(20);
	feed->flush_ms = FEED_FLUSH_MS;
	flush("totals", "error: busy: not all of it is written yet\n");
	assert_in_range(last_of("totals/7.rrd"), 0, closed - 60);
	assert_int_equal(stats().flushes_cut, 1);
	work();
	flush("totals", "ok\n");
	assert_int_equal(last_of("totals/7.rrd"), closed);
}

static void
what_waits_when_the_feed_ends_is_not_below_the_watermark(void **state)
{
	(void)state;
	open_feed(10);
	uint32_t closed = run_minutes(20);
	uint32_t written = stats().written_s;
	feed_free(feed);
	open_feed(1);
	assert_int_equal(stats().written_s, written);
	assert_in_range(written, closed - 10 * 60, closed - 60);
	/* the same minutes again, as from a store: files that have them refuse them, the others take them */
	for (uint32_t m = written; m < closed + 4 * 60; m += 60) {
		add_minute(m);
		work();
	}
	for (unsigned h = 0; h < HOSTS; h++)
		assert_int_equal(last_of_host(h), closed);
	assert_int_equal(stats().failed, 0);
	assert_int_equal(stats().written_s, closed);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(each_file_is_written_once_in_n_minutes_and_the_load_is_even),
		WITH_TREE(the_watermark_is_the_oldest_minute_that_is_not_in_its_file),
		WITH_TREE(
		    a_file_that_is_asked_for_has_all_closed_minutes_and_no_other_file_is_written),
		WITH_TREE(a_request_for_what_is_not_in_the_tree_is_an_error),
		WITH_TREE(
		    requests_that_take_too_long_are_served_in_part_until_the_loop_comes_round),
		WITH_TREE(what_waits_when_the_feed_ends_is_not_below_the_watermark),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
