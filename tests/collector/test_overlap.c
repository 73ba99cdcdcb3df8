/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Duplicate sight: which of the links that see the same packets counts. */
#include "collector/overlap.h"

#include "lib/db_flow.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T0 1700000000u

static const struct frame_hello a = { .probe = "a", .n_links = 1, .links = { "eth0" } };
static const struct frame_hello b = { .probe = "b", .n_links = 2, .links = { "x", "eth1" } };
static const struct frame_hello c = { .probe = "c", .n_links = 1, .links = { "eth2" } };
static struct ledger_delta ledger[BATCH_LEDGER_MAX];

static struct overlap *
make(size_t conversations, const char *set)
{
	char *sets[] = { (char *)(uintptr_t)set };
	const struct opt_list list = { 1, sets };
	struct overlap *o = NULL;
	char err[256] = "";

	if (overlap_new(&list, conversations, &o, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	assert_non_null(o);
	return o;
}

static int
setup(void **state)
{
	*state = make(0, "a/eth0, b/eth1, c/eth2");
	return 0;
}

static int
teardown(void **state)
{
	overlap_free(*state);
	return 0;
}

static struct record
record(double begin, double end)
{
	struct record r = { .sport = 1000,
		            .dport = 80,
		            .protocol = 6,
		            .packets = 10,
		            .octets = 1000,
		            .started = T0 + (uint32_t)begin,
		            .expires = T0 + (uint32_t)end };

	r.start_frac = (uint8_t)((begin - (uint32_t)begin) * 256);
	r.end_frac = (uint8_t)((end - (uint32_t)end) * 256);
	(void)addr_parse("10.0.0.1", &r.saddr);
	(void)addr_parse("192.0.2.1", &r.daddr);
	return r;
}

/* Whether a record counts in totals. */
static bool
counts_record(struct overlap *o, const struct frame_hello *hello, struct record r)
{
	struct batch batch = { .records = &r, .n_records = 1, .ledger = ledger };

	r.link = (uint16_t)(hello->n_links - 1);
	overlap_mark(o, hello, &batch);
	return !(r.roles & RECORD_DUPLICATE);
}

static bool
counts(void **state, const struct frame_hello *hello, double begin, double end)
{
	return counts_record(*state, hello, record(begin, end));
}

static void
the_link_that_is_first_counts_and_the_others_do_not(void **state)
{
	assert_true(counts(state, &b, 0, 50));
	assert_false(counts(state, &a, 0, 50));
	assert_false(counts(state, &c, 0, 50));
	assert_true(counts(state, &b, 51, 100));
}

static void
where_the_links_cut_their_records_does_not_matter(void **state)
{
	assert_true(counts(state, &a, 0, 60));
	assert_false(counts(state, &b, 0, 30));
	assert_false(counts(state, &b, 30.1, 90));
	assert_true(counts(state, &a, 60.1, 120));
	assert_false(counts(state, &b, 90.1, 150)); /* before a's */
	assert_true(counts(state, &a, 120.1, 180));
}

static void
the_same_record_again_is_judged_the_same(void **state)
{
	for (int i = 0; i < 3; i++) {
		assert_true(counts(state, &a, 0, 60));
		assert_false(counts(state, &b, 0, 60));
	}
}

static void
clocks_that_differ_a_little_do_not_count_twice(void **state)
{
	assert_true(counts(state, &a, 100.5, 110));
	assert_false(counts(state, &b, 99.6, 109.1));
}

static void
another_link_follows_when_the_owner_falls_silent(void **state)
{
	assert_true(counts(state, &a, 0, 10));
	assert_false(counts(state, &b, 10 + OVERLAP_SLACK_S, 100));
	assert_true(counts(state, &b, 101, 150));
	assert_true(counts(state, &b, 151, 210));
	assert_false(counts(state, &a, 160, 200));
}

static void
what_is_delivered_late_is_judged_by_its_own_time(void **state)
{
	/* a is cut off after its first record; b counts for an hour, with silences; then a delivers */
	assert_true(counts(state, &a, 0, 60));
	for (unsigned at = 200; at < 3600; at += 200)
		assert_true(counts(state, &b, at, at + 20));
	for (unsigned at = 200; at < 3600; at += 200)
		assert_false(counts(state, &a, at, at + 20));
	assert_true(counts(state, &b, 3600, 3620));
	assert_false(counts(state, &a, 3600, 3620));
}

static void
what_only_the_late_link_saw_counts(void **state)
{
	assert_true(counts(state, &a, 0, 10));
	assert_true(counts(state, &a, 900, 910));
	assert_true(counts(state, &b, 400, 410)); /* routed around a */
	assert_false(counts(state, &b, 900, 910));
}

static void
nothing_is_lost_when_ownership_changes_within_the_slack(void **state)
{
	/* b's first is left to a, which is late; b takes over; then a delivers what b's was left for */
	assert_true(counts(state, &a, 0, 10));
	assert_false(counts(state, &b, 80, 86.5));
	assert_true(counts(state, &b, 86.6, 140));
	assert_true(counts(state, &a, 80, 140)); /* 86.6 to 140 twice, and never not at all */
	assert_false(counts(state, &a, 140.1, 200));
	assert_true(counts(state, &b, 140.1, 200));
}

static void
both_directions_are_one_conversation_and_each_has_its_owner(void **state)
{
	struct record answer = record(0, 50), request = record(0, 50);

	answer.saddr = request.daddr;
	answer.daddr = request.saddr;
	answer.sport = request.dport;
	answer.dport = request.sport;
	/* asymmetric routing: each link sees one direction only, and both count */
	assert_true(counts_record(*state, &a, request));
	assert_true(counts_record(*state, &b, answer));
	assert_false(counts_record(*state, &b, request));
	assert_false(counts_record(*state, &a, answer));
}

static void
vlan_and_tunnel_are_the_links_own_and_the_rest_is_the_flows(void **state)
{
	struct record r = record(0, 50), other = r;

	assert_true(counts_record(*state, &a, r));
	r.vlan = 7;
	r.tunnel = 0x0104;
	assert_false(counts_record(*state, &b, r));
	other.dport++;
	assert_true(counts_record(*state, &b, other));
	other = r;
	other.protocol = 17;
	assert_true(counts_record(*state, &b, other));
	other = r;
	(void)addr_parse("2001:db8::1", &other.saddr);
	assert_true(counts_record(*state, &b, other));
}

static void
links_that_are_in_no_set_or_in_another_one_count_for_themselves(void **state)
{
	struct frame_hello stranger = a;
	struct overlap *o = *state;

	assert_true(counts_record(o, &a, record(0, 50)));
	(void)snprintf(stranger.probe, sizeof(stranger.probe), "z");
	assert_true(counts_record(o, &stranger, record(0, 50)));

	char *sets[] = { (char *)(uintptr_t) "a/eth0,b/eth1",
		         (char *)(uintptr_t) "c/eth2, z/eth0" };
	const struct opt_list list = { 2, sets };
	char err[256];
	assert_int_equal(overlap_new(&list, 0, &o, err, sizeof(err)), NM_OK);
	assert_true(counts_record(o, &a, record(0, 50)));
	assert_true(counts_record(o, &c, record(0, 50)));
	assert_false(counts_record(o, &stranger, record(0, 50)));
	overlap_free(o);
}

static void
an_overflow_record_is_never_a_duplicate(void **state)
{
	struct record r = { .protocol = RECORD_OVERFLOW_PROTOCOL, .started = T0, .expires = T0 };

	(void)addr_parse("0.0.0.0", &r.saddr);
	(void)addr_parse("0.0.0.0", &r.daddr);
	assert_true(counts_record(*state, &a, r));
	assert_true(counts_record(*state, &b, r));
}

static void
duplicates_are_in_the_ledger_by_link_and_minute(void **state)
{
	struct record records[] = { record(10, 30), record(10, 30), record(31, 70) };
	struct batch batch = { .records = records, .n_records = 3, .ledger = ledger };

	records[1].sport++;
	overlap_mark(*state, &a, &batch);
	assert_int_equal(batch.n_ledger, 0);
	for (size_t i = 0; i < 3; i++)
		records[i].link = 1;
	ledger[0] = (struct ledger_delta){ .cause = LEDGER_EXPORTED, .packets = 30 };
	batch.n_ledger = 1;
	overlap_mark(*state, &b, &batch);
	assert_int_equal(batch.n_ledger, 3);
	assert_int_equal(ledger[1].cause, LEDGER_DUPLICATE);
	assert_int_equal(ledger[1].link, 1);
	assert_int_equal(ledger[1].minute, (T0 + 30) / 60 * 60);
	assert_int_equal(ledger[1].packets, 20);
	assert_int_equal(ledger[1].octets, 2000);
	assert_int_equal(ledger[2].minute, (T0 + 70) / 60 * 60);
	assert_int_equal(ledger[2].packets, 10);
}

static void
a_full_ledger_takes_no_more_rows_and_that_is_counted(void **state)
{
	struct record r = record(0, 1);
	struct batch batch = {
		.records = &r, .n_records = 1, .ledger = ledger, .n_ledger = BATCH_LEDGER_MAX
	};
	struct overlap_stats stats;

	memset(ledger, 0, sizeof(ledger));
	assert_true(counts(state, &a, 0, 1));
	r.link = 1;
	overlap_mark(*state, &b, &batch);
	assert_true(r.roles & RECORD_DUPLICATE);
	assert_int_equal(batch.n_ledger, BATCH_LEDGER_MAX);
	overlap_get_stats(*state, &stats);
	assert_int_equal(stats.lost_rows, 1);
	assert_int_equal(stats.duplicates, 1);
	assert_int_equal(stats.counted, 1);
}

static void
a_full_table_forgets_what_ended_first(void **state)
{
	struct overlap *o = make(8, "a/eth0,b/eth1");
	struct overlap_stats stats;
	struct record r;

	(void)state;
	for (uint16_t i = 0; i < 9; i++) {
		r = record(i * 10, i * 10);
		r.sport = (uint16_t)(2000 + i);
		assert_true(counts_record(o, &a, r));
	}
	for (uint16_t i = 1; i < 9; i++) {
		r = record(i * 10, i * 10);
		r.sport = (uint16_t)(2000 + i);
		assert_false(counts_record(o, &b, r));
	}
	overlap_get_stats(o, &stats);
	assert_int_equal(stats.forgotten, 0); /* it had been silent for 80 s */
	r = record(0, 0);
	r.sport = 2000;
	assert_true(counts_record(o, &b, r)); /* twice, rather than not at all */
	overlap_free(o);
}

static void
a_link_that_nobody_can_tell_apart_is_refused(void **state)
{
	static const struct {
		const char *first;
		const char *second;
		const char *words;
	} cases[] = {
		{ "a/eth0", "", "write PROBE/LINK, PROBE/LINK" },
		{ "a/eth0, b", "", "write PROBE/LINK, PROBE/LINK" },
		{ "a/eth0, /x", "", "write PROBE/LINK, PROBE/LINK" },
		{ "a/eth0, b/", "", "write PROBE/LINK, PROBE/LINK" },
		{ "a/eth0,,b/eth1", "", "write PROBE/LINK, PROBE/LINK" },
		{ "", "", "write PROBE/LINK, PROBE/LINK" },
		{ "a/eth0, a/eth0", "", "in two sets" },
		{ "a/eth0, b/eth1", "c/eth2, a/eth0", "in two sets" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *sets[] = { (char *)(uintptr_t)cases[i].first,
			         (char *)(uintptr_t)cases[i].second };
		const struct opt_list list = { cases[i].second[0] ? 2 : 1, sets };
		struct overlap *o = NULL;
		char err[256] = "";

		assert_true(overlap_new(&list, 0, &o, err, sizeof(err)) < 0);
		if (!strstr(err, cases[i].words))
			fail_msg("%s: %s", cases[i].first, err);
		assert_null(o);
	}
}

static void
without_sets_there_is_nothing_and_nothing_is_marked(void **state)
{
	const struct opt_list none = { 0, NULL };
	struct overlap *o = *state;
	struct record r = record(0, 1);
	struct batch batch = { .records = &r, .n_records = 1, .ledger = ledger };
	struct overlap_stats stats;
	char err[64];

	assert_int_equal(overlap_new(&none, 0, &o, err, sizeof(err)), NM_OK);
	assert_null(o);
	overlap_mark(o, &a, &batch);
	assert_int_equal(r.roles, 0);
	assert_int_equal(overlap_warm(o, NULL), NM_OK);
	overlap_get_stats(o, &stats);
	assert_int_equal(stats.counted, 0);
}

static void
a_start_takes_up_what_is_stored(void **state)
{
	struct store *s = *state;
	struct overlap *o = make(0, "a/eth0,b/eth1");
	const struct db_probe_names names = { "b", b.links, 2 };
	struct record r = record(0, 50);
	struct batch batch = { .epoch = 1,
		               .first = 1,
		               .sequence = 1,
		               .records = &r,
		               .n_records = 1,
		               .ledger = ledger };
	int64_t probe, links[2];

	r.link = 1;
	assert_int_equal(db_probe_put(s->db, &names, 1, &probe, links), NM_OK);
	assert_int_equal(db_batch_put(s->db, probe, links, 2, &batch, 1), NM_OK);
	assert_int_equal(overlap_warm(o, s->db), NM_OK);
	assert_false(counts_record(o, &a, record(0, 50)));
	assert_true(counts_record(o, &b, record(51, 100)));
	overlap_free(o);
}

/* --- accuracy ----------------------------------------------------------------------------------------------------- */

/* A link's records of one long conversation with a packet each `step` ticks: cut each `cut` packets from its own offset on. */
struct tap {
	const struct frame_hello *hello;
	unsigned cut;
	unsigned offset;
	unsigned at; /* packets that are delivered */
};

#define PACKETS 20000u
#define STEP    64u /* ticks of 1/256 s between packets */

/* Delivers the next record and counts its packets once for each link and time. */
static void
deliver(struct overlap *o, struct tap *t, uint8_t *counted)
{
	unsigned end = t->at + t->cut - (t->at + t->offset) % t->cut;

	if (end > PACKETS)
		end = PACKETS;
	struct record r = record(t->at * STEP / 256.0, (end - 1) * STEP / 256.0);
	bool yes = counts_record(o, t->hello, r);
	for (; t->at < end; t->at++)
		counted[t->at] = (uint8_t)(counted[t->at] + yes);
}

/* However two links that see everything are cut and interleaved, no packet is missing, and few are there twice. */
static void
totals_are_never_below_the_truth_and_hardly_above(void **state)
{
	static uint8_t counted[PACKETS];
	unsigned seed = 7, twice = 0;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct overlap *o = make(64, "a/eth0,b/eth1");
		struct tap taps[2] = { { &a, 20 + round, 0, 0 }, { &b, 240 - round, round, 0 } };

		memset(counted, 0, sizeof(counted));
		while (taps[0].at < PACKETS || taps[1].at < PACKETS) {
			seed = seed * 1103515245u + 12345u;
			struct tap *t = &taps[seed >> 16 & 1];
			/* now and then one of them is cut off for long */
			unsigned n = (seed >> 20 & 63) == 0 ? 40 : 1;
			for (unsigned i = 0; i < n && t->at < PACKETS; i++)
				deliver(o, t, counted);
		}
		for (unsigned i = 0; i < PACKETS; i++) {
			assert_true(counted[i] >= 1);
			twice += counted[i] - 1u;
		}
		overlap_free(o);
	}
	assert_true(twice < 200 * PACKETS / 100);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_link_that_is_first_counts_and_the_others_do_not),
		TEST(where_the_links_cut_their_records_does_not_matter),
		TEST(the_same_record_again_is_judged_the_same),
		TEST(clocks_that_differ_a_little_do_not_count_twice),
		TEST(another_link_follows_when_the_owner_falls_silent),
		TEST(what_is_delivered_late_is_judged_by_its_own_time),
		TEST(what_only_the_late_link_saw_counts),
		TEST(nothing_is_lost_when_ownership_changes_within_the_slack),
		TEST(both_directions_are_one_conversation_and_each_has_its_owner),
		TEST(vlan_and_tunnel_are_the_links_own_and_the_rest_is_the_flows),
		TEST(links_that_are_in_no_set_or_in_another_one_count_for_themselves),
		TEST(an_overflow_record_is_never_a_duplicate),
		TEST(duplicates_are_in_the_ledger_by_link_and_minute),
		TEST(a_full_ledger_takes_no_more_rows_and_that_is_counted),
		TEST(a_full_table_forgets_what_ended_first),
		cmocka_unit_test(a_link_that_nobody_can_tell_apart_is_refused),
		TEST(without_sets_there_is_nothing_and_nothing_is_marked),
		cmocka_unit_test_setup_teardown(a_start_takes_up_what_is_stored, store_setup,
		                                store_teardown),
		cmocka_unit_test(totals_are_never_below_the_truth_and_hardly_above),
	};

	return cmocka_run_group_tests_name("overlap", tests, NULL, NULL);
}
