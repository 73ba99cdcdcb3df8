/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flow over the minutes that it spans. */
#include "lib/spread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MINUTE 1700000040u /* a multiple of 60 */

static struct record
make_flow(uint32_t started, uint8_t start_frac, uint32_t expires, uint8_t end_frac, uint32_t octets)
{
	return (struct record){ .started = started,
		                .start_frac = start_frac,
		                .expires = expires,
		                .end_frac = end_frac,
		                .octets = octets,
		                .packets = 10 };
}

static void
a_flow_within_a_minute_is_that_minutes(void **state)
{
	struct record r = make_flow(MINUTE, 0, MINUTE + 59, 255, 1000);
	struct spread s = spread_init(&r);

	(void)state;
	assert_true(spread_next(&s));
	assert_int_equal(s.minute, MINUTE);
	assert_int_equal(s.octets, 1000);
	assert_int_equal(s.packets, 10);
	assert_false(spread_next(&s));
}

static void
a_flow_over_three_minutes_is_shared_by_time(void **state)
{
	/* 30 s, 60 s, 10 s */
	struct record r = make_flow(MINUTE + 30, 0, MINUTE + 130, 0, 1000);
	struct spread s = spread_init(&r);

	(void)state;
	assert_true(spread_next(&s));
	assert_int_equal(s.octets, 300);
	assert_true(spread_next(&s));
	assert_int_equal(s.minute, MINUTE + 60);
	assert_int_equal(s.octets, 600);
	assert_true(spread_next(&s));
	assert_int_equal(s.minute, MINUTE + 120);
	assert_int_equal(s.octets, 100);
	assert_false(spread_next(&s));
}

static void
the_shares_of_any_flow_add_up_to_the_flow(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 2000; i++) {
		struct record r = make_flow(MINUTE + i % 61, (uint8_t)(i * 7), MINUTE + i * 3,
		                            (uint8_t)(i * 13), 4294967295u - i);
		struct spread s = spread_init(&r);
		uint64_t octets = 0, packets = 0;
		uint32_t before = 0;

		while (spread_next(&s)) {
			octets += s.octets;
			packets += s.packets;
			assert_true(s.minute > before && s.minute % 60 == 0);
			before = s.minute;
		}
		assert_true(octets == r.octets);
		assert_int_equal(packets, r.packets);
	}
}

static void
an_instant_on_the_edge_belongs_to_the_minute_that_it_begins(void **state)
{
	struct record r = make_flow(MINUTE, 0, MINUTE, 0, 77);
	struct spread s = spread_init(&r);

	(void)state;
	assert_true(spread_next(&s));
	assert_int_equal(s.minute, MINUTE);
	assert_int_equal(s.octets, 77);
	assert_false(spread_next(&s));
}

static void
a_flow_that_ends_before_it_begins_or_lasts_for_years_is_all_in_its_last_minute(void **state)
{
	struct record flows[] = { make_flow(MINUTE + 600, 0, MINUTE, 0, 5),
		                  make_flow(0, 0, MINUTE, 0, 5),
		                  make_flow(0, 0, 4294967295u, 255, 5) };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct spread s = spread_init(&flows[i]);

		assert_true(spread_next(&s));
		assert_int_equal(s.minute, flows[i].expires / 60 * 60);
		assert_int_equal(s.octets, 5);
		assert_false(spread_next(&s));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_within_a_minute_is_that_minutes),
		cmocka_unit_test(a_flow_over_three_minutes_is_shared_by_time),
		cmocka_unit_test(the_shares_of_any_flow_add_up_to_the_flow),
		cmocka_unit_test(an_instant_on_the_edge_belongs_to_the_minute_that_it_begins),
		cmocka_unit_test(
		    a_flow_that_ends_before_it_begins_or_lasts_for_years_is_all_in_its_last_minute),
	};

	return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
