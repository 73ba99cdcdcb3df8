/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The RRD feed that reads its flows from the store: the files are those of a feed that got each batch. */
#include "collector/feed_parts.h"
#include "lib/db_flow.h"
#include "lib/db_group.h"
#include "lib/err.h"

#include <ftw.h>
#include <math.h>
#include <rrd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE  1700000040u
#define MINUTES 24
#define PROBES  2
#define HOSTS   20

static char folder[64];
static char spec[96];
static char err[256];
static struct db *db;      /* the writer's */
static struct db *read_db; /* the feeds' */
static int64_t probes[PROBES], links[PROBES][1];
static uint64_t sequences[PROBES];

static struct feed *
open_feed(const char *name, bool tail)
{
	static char roots[8][96];
	static unsigned n;
	char *root = roots[n++ % 8];
	const struct feed_config config = {
		.root = root, .db = read_db, .minutes = 5, .tail = tail
	};
	struct feed *feed;

	(void)snprintf(root, sizeof(roots[0]), "%s/%s", folder, name);
	if (feed_new(&config, &feed, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return feed;
}

static int
setup(void **state)
{
	static const char link[1][LINK_NAME_MAX] = { "l" };
	const struct db_probe_names names[PROBES] = { { "p1", link, 1 }, { "p2", link, 1 } };
	struct addr_range inside;

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/netmon-tail-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(spec, sizeof(spec), "sqlite:%s/db", folder);
	if (db_open(spec, DB_CREATE, &db, err, sizeof(err)) < 0 ||
	    db_open(spec, DB_READ, &read_db, err, sizeof(err)) < 0 ||
	    addr_range_parse("10.0.0.0/8", &inside) < 0 || db_group_add(db, "All", &inside) < 0)
		return -1;
	memset(sequences, 0, sizeof(sequences));
	for (size_t i = 0; i < PROBES; i++)
		if (db_probe_put(db, &names[i], MINUTE, &probes[i], links[i]) < 0)
			return -1;
	return 0;
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
	db_close(read_db);
	db_close(db);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A probe's batch of one minute, with a flow to each of its hosts, goes into the store and to `feed`, if any. */
static void
store(unsigned probe, uint32_t minute, struct feed *feed)
{
	static struct record records[HOSTS];
	struct batch b = { .epoch = 7, .records = records, .n_records = HOSTS };

	b.first = b.sequence = ++sequences[probe];
	for (unsigned i = 0; i < HOSTS; i++) {
		struct record *r = &records[i];

		*r = (struct record){ .protocol = 6,
			              .packets = 3,
			              .octets = 6000 + 100 * i + minute / 60 % 7,
			              .application = (uint16_t)(7 + probe),
			              .started = minute + 5,
			              .expires = minute + 50 + i };
		assert_int_equal(addr_parse("192.0.2.1", &r->saddr), 0);
		assert_int_equal(addr_parse("10.0.0.0", &r->daddr), 0);
		r->daddr.b[15] = (uint8_t)i;
	}
	assert_int_equal(db_batch_put(db, probes[probe], links[probe], 1, &b, minute), NM_OK);
	if (feed)
		feed_batch(feed, &b);
}

static void
work(struct feed *feed)
{
	feed_tail_tick(feed);
	while (feed_work(feed))
		;
}

static void
store_minutes(uint32_t first, uint32_t n, struct feed *feed)
{
	for (uint32_t m = first; m < first + n; m++) {
		for (unsigned p = 0; p < PROBES; p++)
			store(p, MINUTE + m * 60, feed);
		if (feed)
			work(feed);
	}
}

/* Writes what can be told by data time, whoever's turn it is. */
static void
end_feed(struct feed *feed)
{
	feed_hurry(feed);
	work(feed);
	feed_free(feed);
}

/* What one level of a file has, from the first minute on. */
struct level {
	unsigned long step;
	size_t n; /* values, of both sources */
	rrd_value_t *values;
};

static struct level
read_level(const char *name, const char *path, const char *function, unsigned long step)
{
	time_t from = MINUTE - 3600, to = MINUTE + 60 * MINUTES;
	struct level l = { .step = step };
	unsigned long n_sources = 0;
	char **names = NULL, full[192];

	(void)snprintf(full, sizeof(full), "%s/%s/%s", folder, name, path);
	assert_int_equal(
	    rrd_fetch_r(full, function, &from, &to, &l.step, &n_sources, &names, &l.values), 0);
	l.n = (size_t)(to - from) / l.step * n_sources;
	for (unsigned long i = 0; i < n_sources; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
	return l;
}

/* The octets of a file's minutes, in. */
static double
octets_of(const char *name, const char *path)
{
	struct level l = read_level(name, path, "AVERAGE", 60);
	double sum = 0;

	for (size_t i = 0; i < l.n; i += 2)
		sum += isnan(l.values[i]) ? 0 : l.values[i] * 60 / 8;
	rrd_freemem(l.values);
	return sum;
}

/* All levels: files differ in their bytes, because librrd begins each at a place that it draws. */
static void
assert_same_file(const char *a, const char *b, const char *path)
{
	static const char *const functions[] = { "AVERAGE", "MIN", "MAX" };
	static const unsigned long steps[] = { 60, 300, 3600 };

	for (size_t i = 0; i < 9; i++) {
		struct level l = read_level(a, path, functions[i / 3], steps[i % 3]);
		struct level k = read_level(b, path, functions[i / 3], steps[i % 3]);

		assert_int_equal(l.step, k.step);
		assert_int_equal(l.n, k.n);
		for (size_t v = 0; v < l.n; v++)
			if (isnan(l.values[v]) != isnan(k.values[v]) ||
			    fabs(l.values[v] - k.values[v]) > 1e-6)
				fail_msg("%s: %s of %lu s, %zu: %f and %f", path, functions[i / 3],
				         l.step, v, l.values[v], k.values[v]);
		rrd_freemem(l.values);
		rrd_freemem(k.values);
	}
}

static void
assert_same_trees(const char *a, const char *b)
{
	static const char *const some[] = { "totals/all.rrd", "totals/7.rrd", "totals/8.rrd",
		                            "groups/1/all.rrd", "groups/1/8.rrd" };

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_same_file(a, b, some[i]);
	for (unsigned h = 0; h < HOSTS; h++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "hosts/10/0/0/%u/all.rrd", h);
		assert_same_file(a, b, path);
	}
	assert_true(octets_of(a, "totals/all.rrd") > 0);
}

static struct feed_stats
stats(const struct feed *feed)
{
	struct feed_stats s;

	feed_get_stats(feed, &s);
	return s;
}

static void
flows_that_others_store_come_into_the_files(void **state)
{
	(void)state;
	struct feed *all = open_feed("all", false);
	store_minutes(0, MINUTES, all);
	end_feed(all);
	struct feed *tail = open_feed("tail", true);
	assert_int_equal(feed_rebuild(tail, read_db), NM_OK);
	work(tail);
	assert_int_equal(stats(tail).source, FEED_STORE);
	assert_false(stats(tail).behind);
	assert_int_equal(stats(tail).late_octets, 0);
	end_feed(tail);
	assert_same_trees("all", "tail");
}

static void
what_comes_while_it_runs_is_read_on_and_batches_are_not_counted_twice(void **state)
{
	(void)state;
	struct feed *all = open_feed("all", false);
	struct feed *tail = open_feed("tail", true);
	for (uint32_t m = 0; m < MINUTES; m++) {
		store(0, MINUTE + m * 60, all);
		/* the process that reads the store has a probe, too */
		store(1, MINUTE + m * 60, tail);
		work(tail);
	}
	end_feed(all);
	end_feed(tail);
	/* the one got a probe's batches, the other all that is stored */
	assert_int_equal((long long)octets_of("tail", "totals/all.rrd"),
	                 (long long)(octets_of("tail", "totals/7.rrd") +
	                             octets_of("tail", "totals/8.rrd") + 0.5));
	assert_same_file("all", "tail", "totals/7.rrd");
}

static void
what_is_committed_late_is_in_its_minute_as_long_as_that_is_open(void **state)
{
	(void)state;
	struct feed *tail = open_feed("tail", true);
	struct feed *all = open_feed("all", false);
	for (uint32_t m = 0; m < MINUTES; m++) {
		store(0, MINUTE + m * 60, all);
		/* two minutes behind, and by then others are committed already */
		if (m >= 2)
			store(1, MINUTE + (m - 2) * 60, all);
		work(tail);
		work(all);
	}
	assert_int_equal(stats(tail).late_octets, 0);
	end_feed(all);
	end_feed(tail);
	assert_same_trees("all", "tail");
}

static void
who_stands_by_goes_on_from_the_watermark_when_the_other_is_gone(void **state)
{
	(void)state;
	struct feed *all = open_feed("all", false);
	struct feed *first = open_feed("tail", true);
	struct feed *second = open_feed("tail", true);
	struct loop *loop = loop_new();

	assert_non_null(loop);
	assert_int_equal(feed_attach(second, loop), NM_OK);
	store_minutes(0, MINUTES / 2, all);
	work(first);
	work(second);
	assert_int_equal(stats(second).source, FEED_STANDBY);
	assert_true(stats(first).written > 0);
	assert_int_equal(stats(second).written, 0);
	/* some files have more minutes than the watermark says */
	feed_free(first);
	store_minutes(MINUTES / 2, MINUTES - MINUTES / 2, all);
	second->standby_ms -= FEED_STANDBY_S * 1000;
	assert_int_equal(loop_timer(loop, 1300, (void (*)(void *))loop_stop, loop), NM_OK);
	assert_int_equal(loop_run(loop), NM_OK);
	assert_int_equal(stats(second).source, FEED_STORE);
	assert_int_equal(stats(second).late_octets, 0);
	end_feed(all);
	end_feed(second);
	loop_free(loop);
	assert_same_trees("all", "tail");
}

static void
without_tail_a_second_process_is_refused(void **state)
{
	const struct feed_config config = { .root = folder, .db = read_db };
	struct feed *first, *second;

	(void)state;
	assert_int_equal(feed_new(&config, &first, err, sizeof(err)), NM_OK);
	assert_int_equal(feed_new(&config, &second, err, sizeof(err)), NM_EEXISTS);
	feed_free(first);
}

static void
when_memory_is_full_minutes_come_from_the_store_and_none_is_missing(void **state)
{
	(void)state;
	struct feed *small = open_feed("small", false);
	struct loop *loop = loop_new();

	/* with a loop and a store nothing is written while a batch is added */
	assert_non_null(loop);
	assert_int_equal(feed_attach(small, loop), NM_OK);
	small->minutes.entries_max = (2 * HOSTS * 2 + 6) * 8;
	store_minutes(0, 6, small);
	for (uint32_t m = 6; m < MINUTES; m++)
		for (unsigned p = 0; p < PROBES; p++)
			store(p, MINUTE + m * 60, small);
	assert_int_equal(stats(small).source, FEED_STORE);
	assert_int_equal(stats(small).rereads, 1);
	/* it reads no faster than it writes */
	while (feed_work(small))
		assert_in_range(stats(small).entries, 0, stats(small).entries_max);
	struct feed *again = open_feed("again", true);
	work(again);
	end_feed(again);
	end_feed(small);
	loop_free(loop);
	assert_same_trees("again", "small");
}

static void
while_the_disk_is_full_minutes_wait_and_are_written_when_there_is_room(void **state)
{
	struct feed_taken taken;
	struct rrd_series key;

	(void)state;
	memset(&key, 0, sizeof(key));
	key.app = RRD_APP_ALL;
	struct feed *all = open_feed("all", true);
	struct feed *full = open_feed("full", false);
	struct loop *loop = loop_new();
	assert_non_null(loop);
	assert_int_equal(feed_attach(full, loop), NM_OK);
	assert_int_equal(feed_attach(all, loop), NM_OK);
	store_minutes(0, 8, full);
	for (uint32_t m = 8; m < MINUTES; m++) {
		for (unsigned p = 0; p < PROBES; p++)
			store(p, MINUTE + m * 60, full);
		feed_collect(full, &key, MINUTE_WRITTEN, FEED_SHEAF, &taken);
		assert_true(feed_stall(full, &taken, -ENOSPC, "no room"));
		uint64_t written = stats(full).written;
		work(full);
		assert_int_equal(stats(full).written, written);
	}
	assert_true(stats(full).stalled);
	assert_int_equal(stats(full).failed, 0);
	/* an end does not wait for it */
	feed_flush(full);
	full->stall_ms -= FEED_STALL_S * 1000;
	end_feed(full);
	work(all);
	feed_flush(all);
	end_feed(all);
	loop_free(loop);
	assert_same_trees("all", "full");
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(flows_that_others_store_come_into_the_files),
		WITH_STORE(what_comes_while_it_runs_is_read_on_and_batches_are_not_counted_twice),
		WITH_STORE(what_is_committed_late_is_in_its_minute_as_long_as_that_is_open),
		WITH_STORE(who_stands_by_goes_on_from_the_watermark_when_the_other_is_gone),
		WITH_STORE(without_tail_a_second_process_is_refused),
		WITH_STORE(when_memory_is_full_minutes_come_from_the_store_and_none_is_missing),
		WITH_STORE(while_the_disk_is_full_minutes_wait_and_are_written_when_there_is_room),
	};

	return cmocka_run_group_tests_name("feed_tail", tests, NULL, NULL);
}
