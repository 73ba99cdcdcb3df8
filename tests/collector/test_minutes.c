/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Minutes that are being added up, and their tables of series. */
#include "collector/minutes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 1700000040u

static struct minutes minutes;

static int
setup(void **state)
{
	(void)state;
	minutes_init(&minutes, 10);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	minutes_fini(&minutes);
	return 0;
}

static struct rrd_series
host(uint8_t last, int app)
{
	struct rrd_series key = { .scope = RRD_HOST, .app = app };

	key.host.b[15] = last;
	return key;
}

static void
add(uint32_t minute, uint8_t who, uint64_t octets)
{
	struct rrd_series key = host(who, RRD_APP_ALL);
	struct minute *m = minutes_open(&minutes, minute, octets);

	if (m)
		(void)minutes_add(&minutes, m, &key, octets, 2 * octets);
}

static void
octets_of_one_series_and_minute_add_up(void **state)
{
	(void)state;
	add(MINUTE, 1, 10);
	add(MINUTE, 1, 5);
	add(MINUTE, 2, 1);
	assert_int_equal(minutes.n, 1);
	assert_int_equal(minutes.list[0]->table.n, 2);
	assert_int_equal(minutes.list[0]->table.entries[0].in, 15);
	assert_int_equal(minutes.list[0]->table.entries[0].out, 30);
}

static void
minutes_leave_in_time_order_whatever_order_they_came_in(void **state)
{
	static const uint32_t order[] = { 180, 0, 120, 60, 240 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		add(MINUTE + order[i], 1, 1);
	assert_null(minutes_closed(&minutes, 0));
	minutes_close(&minutes, MINUTE + 180);
	for (uint32_t at = 0; at < 180; at += 60) {
		assert_non_null(minutes_closed(&minutes, 0));
		assert_int_equal(minutes_closed(&minutes, 0)->minute, MINUTE + at);
		minutes_drop(&minutes);
	}
	assert_null(minutes_closed(&minutes, 0));
	assert_int_equal(minutes.n, 2);
	assert_int_equal(minutes.entries, 2);
}

static void
what_comes_for_a_closed_minute_is_counted_as_late(void **state)
{
	(void)state;
	minutes_close(&minutes, MINUTE);
	add(MINUTE - 60, 1, 77);
	add(MINUTE, 1, 1);
	assert_int_equal(minutes.late_octets, 77);
	assert_int_equal(minutes.n, 1);
}

static void
closing_goes_forward_only(void **state)
{
	(void)state;
	minutes_close(&minutes, MINUTE);
	minutes_close(&minutes, MINUTE - 600);
	assert_int_equal(minutes.floor, MINUTE);
}

static void
a_new_series_beyond_the_cap_is_counted_and_known_ones_still_add_up(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 12; i++)
		add(MINUTE, i, 1);
	assert_int_equal(minutes.entries, 10);
	assert_int_equal(minutes.refused_octets, 2 * 3);
	add(MINUTE, 0, 9);
	assert_int_equal(minutes.list[0]->table.entries[0].in, 10);
	assert_int_equal(minutes.refused_octets, 2 * 3);
}

static void
more_open_minutes_than_the_cap_are_counted(void **state)
{
	(void)state;
	minutes.entries_max = 2 * MINUTES_OPEN_MAX;
	for (uint32_t i = 0; i <= MINUTES_OPEN_MAX; i++)
		add(MINUTE + i * 60, 1, 3);
	assert_int_equal(minutes.n, MINUTES_OPEN_MAX);
	assert_int_equal(minutes.refused_octets, 3);
}

static void
each_series_waits_for_its_turn_among_n_minutes_and_no_longer(void **state)
{
	enum { N = 5, SERIES = 1000 };
	size_t due[N] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < SERIES; i++) {
		struct rrd_series key = { .scope = RRD_GROUP, .group = i };
		uint32_t closed = 1;

		minutes.floor = MINUTE;
		assert_false(minutes_is_due(&minutes, MINUTE, &key, N));
		for (; closed <= N; closed++) {
			minutes.floor = MINUTE + closed * RRD_STEP_S;
			if (minutes_is_due(&minutes, MINUTE, &key, N))
				break;
		}
		assert_in_range(closed, 1, N);
		due[closed - 1]++;
		/* the turn comes again after n minutes, whatever was written before */
		for (uint32_t wait = 0; wait < N; wait++) {
			minutes.floor = MINUTE + (closed + wait) * RRD_STEP_S;
			assert_false(
			    minutes_is_due(&minutes, MINUTE + closed * RRD_STEP_S, &key, N));
		}
		minutes.floor = MINUTE + (closed + N) * RRD_STEP_S;
		assert_true(minutes_is_due(&minutes, MINUTE + closed * RRD_STEP_S, &key, N));
	}
	for (size_t i = 0; i < N; i++)
		assert_in_range(due[i], SERIES / N * 7 / 10, SERIES / N * 13 / 10);
}

static void
with_one_minute_at_a_time_what_is_closed_is_due(void **state)
{
	struct rrd_series key = { .scope = RRD_TOTALS };

	(void)state;
	minutes.floor = MINUTE + RRD_STEP_S;
	assert_true(minutes_is_due(&minutes, MINUTE, &key, 1));
	assert_false(minutes_is_due(&minutes, MINUTE + RRD_STEP_S, &key, 1));
}

static void
what_is_written_of_a_minute_is_counted(void **state)
{
	struct minute *minute;

	(void)state;
	add(MINUTE, 1, 1);
	add(MINUTE, 2, 1);
	assert_null(minutes_find(&minutes, MINUTE + 60));
	minute = minutes_find(&minutes, MINUTE);
	assert_non_null(minute);
	minutes_mark(minute, &minute->table.entries[0], MINUTE_SENT);
	assert_int_equal(minute->written, 0);
	minutes_mark(minute, &minute->table.entries[0], MINUTE_WRITTEN);
	minutes_mark(minute, &minute->table.entries[1], MINUTE_WRITTEN);
	assert_int_equal(minute->written, 2);
	minutes_mark(minute, &minute->table.entries[1], MINUTE_WAITS);
	assert_int_equal(minute->written, 1);
}

static void
a_table_finds_each_of_many_series_again(void **state)
{
	struct series_table table = { 0 };
	struct rrd_series key = { .scope = RRD_GROUP };

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		key.group = i;
		key.app = (int)i % 7;
		assert_null(series_find(&table, &key));
		struct series_entry *e = series_get(&table, &key);
		assert_non_null(e);
		e->in = i;
	}
	for (uint32_t i = 0; i < 5000; i++) {
		key.group = i;
		key.app = (int)i % 7;
		assert_int_equal(series_get(&table, &key)->in, i);
	}
	assert_int_equal(table.n, 5000);
	series_fini(&table);
	assert_null(series_find(&table, &key));
}

#define WITH_MINUTES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MINUTES(octets_of_one_series_and_minute_add_up),
		WITH_MINUTES(minutes_leave_in_time_order_whatever_order_they_came_in),
		WITH_MINUTES(what_comes_for_a_closed_minute_is_counted_as_late),
		WITH_MINUTES(closing_goes_forward_only),
		WITH_MINUTES(a_new_series_beyond_the_cap_is_counted_and_known_ones_still_add_up),
		WITH_MINUTES(more_open_minutes_than_the_cap_are_counted),
		WITH_MINUTES(each_series_waits_for_its_turn_among_n_minutes_and_no_longer),
		WITH_MINUTES(with_one_minute_at_a_time_what_is_closed_is_due),
		WITH_MINUTES(what_is_written_of_a_minute_is_counted),
		cmocka_unit_test(a_table_finds_each_of_many_series_again),
	};

	return cmocka_run_group_tests_name("minutes", tests, NULL, NULL);
}
