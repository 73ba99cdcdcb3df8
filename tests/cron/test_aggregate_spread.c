/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows spread over minutes, and usage summed up in memory. */
#include "cron/aggregate/spread.h"
#include "cron/aggregate/tally.h"
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct spread
spread_of(double start_s, double end_s, uint64_t packets, uint64_t octets)
{
	return (struct spread){ (uint64_t)(start_s * 256), (uint64_t)(end_s * 256), packets,
		                octets };
}

static void
assert_share(const struct spread *s, uint32_t from_s, uint64_t packets, uint64_t octets)
{
	struct share share = spread_share(s, from_s, from_s + 60);

	assert_int_equal(share.packets, packets);
	assert_int_equal(share.octets, octets);
}

static void
a_flow_within_a_minute_is_counted_there(void **state)
{
	struct spread s = spread_of(61, 119.5, 7, 1000);

	(void)state;
	assert_share(&s, 0, 0, 0);
	assert_share(&s, 60, 7, 1000);
	assert_share(&s, 120, 0, 0);
}

static void
a_flow_over_three_minutes_is_spread_by_time(void **state)
{
	struct spread s = spread_of(30, 150, 120, 12000);

	(void)state;
	assert_share(&s, 0, 30, 3000);
	assert_share(&s, 60, 60, 6000);
	assert_share(&s, 120, 30, 3000);
}

static void
fractions_of_a_second_count(void **state)
{
	struct spread s = spread_of(59.5, 60.5, 2, 100);

	(void)state;
	assert_share(&s, 0, 1, 50);
	assert_share(&s, 60, 1, 50);
}

static void
a_flow_without_length_is_counted_where_it_is(void **state)
{
	struct spread at_start = spread_of(60, 60, 1, 40), backwards = spread_of(90, 30, 1, 40);

	(void)state;
	assert_share(&at_start, 0, 0, 0);
	assert_share(&at_start, 60, 1, 40);
	assert_share(&backwards, 0, 0, 0);
	assert_share(&backwards, 60, 1, 40);
}

static void
the_last_packet_on_the_minute_is_not_lost(void **state)
{
	struct spread s = spread_of(30, 60, 2, 100);

	(void)state;
	assert_share(&s, 0, 2, 100);
	assert_share(&s, 60, 0, 0);
}

static void
the_parts_add_up_to_the_whole_for_any_flow(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint32_t r[4];
		for (size_t k = 0; k < 4; k++)
			r[k] = seed = seed * 1664525u + 1013904223u;
		struct spread s = { .start = r[0] % 100000, .packets = r[2] >> 8, .octets = r[3] };
		s.end = s.start + r[1] % 200000;
		uint64_t packets = 0, octets = 0;
		for (uint32_t at = 0; at <= 300000 / 256; at += 60) {
			struct share share = spread_share(&s, at, at + 60);
			packets += share.packets;
			octets += share.octets;
		}
		assert_int_equal(packets, s.packets);
		assert_int_equal(octets, s.octets);
	}
}

static void
the_longest_flow_with_the_largest_counts_does_not_overflow(void **state)
{
	struct spread s = { 0, (uint64_t)UINT32_MAX * 256, UINT32_MAX, UINT32_MAX };
	struct share half = spread_share(&s, 0, UINT32_MAX / 2);
	struct share rest = spread_share(&s, UINT32_MAX / 2, UINT32_MAX);

	(void)state;
	assert_int_equal(half.octets, UINT32_MAX / 2);
	assert_int_equal(half.octets + rest.octets, UINT32_MAX);
}

struct sums {
	size_t n;
	uint64_t octets;
	bool ordered;
	struct tally_entry last;
};

static int
sum_entry(void *ctx, const struct tally_entry *e)
{
	struct sums *sums = ctx;

	if (sums->n > 0 && sums->last.is_hour == e->is_hour &&
	    (sums->last.key.slot > e->key.slot ||
	     (sums->last.key.slot == e->key.slot && sums->last.key.subject > e->key.subject)))
		sums->ordered = false;
	sums->n++;
	sums->octets += e->usage.in_octets;
	sums->last = *e;
	return 0;
}

static void
a_tally_keeps_every_key_apart_and_sums_up_what_is_the_same(void **state)
{
	struct sums sums = { .ordered = true };
	struct tally *tally;

	(void)state;
	assert_int_equal(tally_new(&tally), NM_OK);
	for (int round = 0; round < 3; round++)
		for (uint32_t i = 0; i < 40000; i++) {
			struct aggregate_usage *u =
			    tally_add(tally, i % 2, i / 1000 * 60, (int64_t)(i % 500) - 250,
			              (uint16_t)(i / 500 % 2));
			assert_non_null(u);
			u->in_octets++;
		}
	assert_int_equal(tally_count(tally), 40000);
	assert_int_equal(tally_each(tally, sum_entry, &sums), 0);
	assert_int_equal(sums.n, 40000);
	assert_int_equal(sums.octets, 120000);
	assert_true(sums.ordered);
	tally_clear(tally);
	assert_int_equal(tally_count(tally), 0);
	assert_int_equal(tally_add(tally, false, 0, 0, 0)->in_octets, 0);
	tally_free(tally);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_within_a_minute_is_counted_there),
		cmocka_unit_test(a_flow_over_three_minutes_is_spread_by_time),
		cmocka_unit_test(fractions_of_a_second_count),
		cmocka_unit_test(a_flow_without_length_is_counted_where_it_is),
		cmocka_unit_test(the_last_packet_on_the_minute_is_not_lost),
		cmocka_unit_test(the_parts_add_up_to_the_whole_for_any_flow),
		cmocka_unit_test(the_longest_flow_with_the_largest_counts_does_not_overflow),
		cmocka_unit_test(a_tally_keeps_every_key_apart_and_sums_up_what_is_the_same),
	};

	return cmocka_run_group_tests_name("spreading flows", tests, NULL, NULL);
}
