/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What passed while no probe counted, from the counters of a real interface (lo) and of runs before that never were. */
#include "probe/gap.h"

#include "lib/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LINK 3 /* of the spool; the interface is the first one of this run */

static struct checkpoint cp;
static struct gap *gap;
static struct spool_sum bound;
static struct spool_sum behind;
static struct spool_sum total; /* what the interface had counted when the run began */

static const uint16_t links[] = { LINK };

/* Counters as a run leaves them that has looked once, and has counted nothing. */
static int
setup(void **state)
{
	static const char *const interfaces[] = { "lo" };
	static const struct spool_sum none[FRAME_LINKS_MAX];

	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	log_set_level((enum log_level) - 1);
	memset(&cp, 0, sizeof(cp));
	memset(&behind, 0, sizeof(behind));
	if (gap_open(interfaces, 1, &gap) < 0)
		return -1;
	gap_begin(gap, links, &cp, none);
	gap_note(gap, &cp);
	total = (struct spool_sum){ cp.links[LINK].passed_packets, cp.links[LINK].passed_octets };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gap_close(gap);
	return 0;
}

static void
nothing_passed_between_a_run_and_the_next_at_once(void **state)
{
	(void)state;
	assert_int_equal(gap_links(gap), UINT64_C(1) << LINK);
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, 0);
	assert_int_equal(bound.octets, 0);
}

static void
what_the_interface_counted_and_rows_do_not_have_is_the_gap(void **state)
{
	struct spool_link *l = &cp.links[LINK];

	(void)state;
	if (total.packets < 100 || total.octets < 10000)
		skip();
	l->passed_packets -= 100;
	l->passed_octets -= 10000;
	l->before_packets = l->passed_packets - (l->passed_packets < 50 ? 0 : 50);
	l->before_octets = l->passed_octets;
	l->ahead_packets = 7; /* had passed, and no row had them */
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, 107);
	assert_int_equal(bound.octets, 10000);
}

/* Rows were ahead of the counters: only the wider bound is one. */
static void
a_filter_leaves_the_bound_of_the_last_seconds(void **state)
{
	struct spool_link *l = &cp.links[LINK];

	(void)state;
	if (total.packets < 100)
		skip();
	l->passed_packets -= 50;
	l->before_packets = l->passed_packets - 20;
	l->ahead_packets = 1000000; /* of which most were never looked at */
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, 70);
	l->ahead_packets = -5;
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, 70);
}

static void
after_the_machine_started_anew_all_that_was_counted_is_the_gap(void **state)
{
	(void)state;
	cp.links[LINK].boot ^= 1;
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, total.packets);
	assert_int_equal(bound.octets, total.octets);
}

static void
counters_that_went_back_began_anew(void **state)
{
	(void)state;
	cp.links[LINK].passed_packets = cp.links[LINK].before_packets = total.packets + 1;
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, total.packets);
	assert_int_equal(bound.octets, total.octets);
}

/* Its last seconds are known from what it saw of the counters before. */
static void
counters_that_began_anew_add_to_what_a_run_had_not_in_rows(void **state)
{
	struct spool_link *l = &cp.links[LINK];

	(void)state;
	l->boot ^= 1;
	l->passed_packets = 5000;
	l->before_packets = 4900;
	l->ahead_packets = 60;
	behind.packets = 20;
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, total.packets + 40);
	l->ahead_packets = 1000000; /* most of it is not for the filter */
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, total.packets + 80);
	behind.packets = 100000;
	assert_true(gap_bound(gap, LINK, &cp, &behind, &bound));
	assert_int_equal(bound.packets, total.packets);
}

static void
nothing_is_said_of_a_run_without_counters_and_of_other_links(void **state)
{
	(void)state;
	assert_false(gap_bound(gap, LINK + 1, &cp, &behind, &bound));
	cp.links[LINK].live = false;
	assert_false(gap_bound(gap, LINK, &cp, &behind, &bound));
}

static void
an_interface_without_counters_has_no_gap(void **state)
{
	static const char *const interfaces[] = { "any", "no/../such" };
	static const struct spool_sum none[FRAME_LINKS_MAX];
	static const uint16_t two[] = { 0, 1 };
	struct gap *g;

	(void)state;
	assert_int_equal(gap_open(interfaces, 2, &g), 0);
	gap_begin(g, two, &cp, none);
	assert_int_equal(gap_links(g), 0);
	gap_look(g);
	gap_note(g, &cp);
	assert_false(cp.links[0].live);
	assert_false(gap_bound(g, 0, &cp, &behind, &bound));
	gap_close(g);
}

/* What the rows say that this run saw is not ahead of them any more; what a gap before it says never was of this run. */
static void
rows_take_from_what_is_ahead_of_them(void **state)
{
	(void)state;
	int64_t ahead = cp.links[LINK].ahead_packets;
	cp.sums[LINK][LEDGER_SEEN].packets = 30;
	cp.sums[LINK][LEDGER_GAP].packets = 10;
	cp.sums[LINK][LEDGER_IF_DROPPED].packets = 5;
	gap_note(gap, &cp);
	assert_int_equal(cp.links[LINK].ahead_packets, ahead - 15);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_passed_between_a_run_and_the_next_at_once),
		TEST(what_the_interface_counted_and_rows_do_not_have_is_the_gap),
		TEST(a_filter_leaves_the_bound_of_the_last_seconds),
		TEST(after_the_machine_started_anew_all_that_was_counted_is_the_gap),
		TEST(counters_that_went_back_began_anew),
		TEST(counters_that_began_anew_add_to_what_a_run_had_not_in_rows),
		TEST(nothing_is_said_of_a_run_without_counters_and_of_other_links),
		TEST(an_interface_without_counters_has_no_gap),
		TEST(rows_take_from_what_is_ahead_of_them),
	};

	return cmocka_run_group_tests_name("gap", tests, NULL, NULL);
}
