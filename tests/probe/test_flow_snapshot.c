/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Snapshots: each record lies in one interval of packet time, and scaled counts keep within a record's numbers. */
#include "tests/probe/flow_fixture.h"

static void
remake_every(unsigned snapshot_ms)
{
	struct flow_limits limits = flow_limits_default;

	limits.snapshot_ms = snapshot_ms;
	remake(&limits);
}

/* What a record can say of a time: 1/256 s, cut off. */
static uint64_t
ticks_of_ms(uint64_t ms)
{
	return (BEGIN_S * 1000 + ms) * 256 / 1000;
}

static void
assert_records_in_their_interval(unsigned snapshot_ms)
{
	for (size_t i = 0; i < n_cuts; i++) {
		uint64_t start = start_of(&cuts[i]), end = end_of(&cuts[i]);
		/* the latest time that `start` can stand for; a tick at an edge is in both intervals */
		uint64_t ms = ((start + 1) * 1000 + 255) / 256 - 1;
		uint64_t next_ms = ms - ms % snapshot_ms + snapshot_ms;

		assert_true(start <= end);
		assert_true(end <= next_ms * 256 / 1000);
	}
}

static void
every_flow_is_put_out_at_each_multiple_of_the_interval(void **state)
{
	(void)state;
	remake_every(100);
	for (unsigned ms = 0; ms < 1000; ms += 10) {
		udp(ms, 1, 2);
		udp(ms, 2, 1);
	}
	assert_int_equal(n_cuts, 18);
	flow_flush(table);
	assert_int_equal(n_cuts, 20);
	for (size_t i = 0; i < n_cuts; i++) {
		assert_int_equal(cuts[i].packets, 10);
		assert_int_equal(start_of(&cuts[i]), ticks_of_ms(i / 2 * 100));
		assert_int_equal(end_of(&cuts[i]), ticks_of_ms(i / 2 * 100 + 90));
	}
}

static void
intervals_go_by_packet_time_and_not_by_the_first_packet(void **state)
{
	(void)state;
	remake_every(60000);
	udp(0, 1, 2); /* BEGIN_S is 20 s behind a minute */
	udp(19999, 1, 2);
	udp(39999, 1, 2);
	assert_int_equal(n_cuts, 0);
	udp(40000, 1, 2);
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].packets, 3);
}

static void
a_flow_that_was_not_seen_in_an_interval_makes_no_record(void **state)
{
	(void)state;
	remake_every(1000);
	udp(0, 1, 2);
	for (unsigned ms = 0; ms < 10000; ms += 500)
		udp(ms, 3, 4);
	flow_flush(table);
	assert_int_equal(n_cuts, 11);
}

static void
the_label_stays_across_intervals(void **state)
{
	(void)state;
	remake_every(1000);
	udp(0, 1, 2);
	hit.state->app = 7;
	*hit.settled = 1;
	udp(5000, 2, 1);
	assert_null(hit.state);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[1].application, 7);
	assert_int_equal(cuts[1].sport, 1002);
}

static void
time_without_packets_ends_an_interval(void **state)
{
	(void)state;
	remake_every(1000);
	udp(100, 1, 2);
	wait_to(999);
	assert_int_equal(n_cuts, 0);
	wait_to(1000);
	assert_int_equal(n_cuts, 1);
	udp(1500, 1, 2);
	wait_to(2000);
	assert_int_equal(n_cuts, 2);
}

static void
a_packet_that_is_late_counts_in_the_running_interval(void **state)
{
	(void)state;
	remake_every(1000);
	udp(900, 1, 2);
	udp(1100, 3, 4);
	udp(990, 1, 2);
	udp(1200, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 3);
	assert_records_in_their_interval(1000);
	for (size_t i = 0; i < n_cuts; i++)
		if (cuts[i].packets == 2)
			assert_int_equal(start_of(&cuts[i]), ticks_of_ms(1000));
}

static void
a_forgotten_flow_is_not_put_out_again(void **state)
{
	struct flow_limits limits = flow_limits_default;

	(void)state;
	limits.snapshot_ms = 60000;
	limits.idle_s = 1;
	limits.table_max = 2;
	remake(&limits);
	for (unsigned i = 0; i < 30; i++)
		udp(i * 1000, 1, 2 + i);
	flow_flush(table);
	assert_int_equal(n_cuts, 30);
	wait_to(120000);
	assert_int_equal(n_cuts, 30);
}

static void
overflow_records_are_cut_with_the_others(void **state)
{
	struct flow_limits limits = flow_limits_default;
	struct packet p = packet(10, 1, 9, 17, 0);

	(void)state;
	limits.snapshot_ms = 1000;
	limits.table_max = 1;
	remake(&limits);
	udp(0, 1, 2);
	udp(0, 2, 1);
	assert_false(try_add(&p));
	wait_to(1000);
	assert_int_equal(n_cuts, 3);
	assert_int_equal(cuts[2].protocol, RECORD_OVERFLOW_PROTOCOL);
}

static void
any_traffic_lies_in_its_intervals(void **state)
{
	static const unsigned intervals[] = { 100, 250, 700, 1000, 60000 };

	(void)state;
	for (unsigned k = 0; k < 5; k++) {
		struct cut_sums sums = { 0 };
		remake_every(intervals[k]);
		uint64_t ms = 0;
		for (unsigned i = 0; i < 20000; i++) {
			ms += next_number() % 20;
			udp(ms, next_number() % 6, next_number() % 6);
			assert_records_in_their_interval(intervals[k]);
			take_cuts(&sums);
		}
		flow_flush(table);
		take_cuts(&sums);
		assert_int_equal(sums.packets, 20000);
	}
}

/* --- sampling ---------------------------------------------------------------------------------------------------- */

static void
a_sampled_packet_counts_for_many(void **state)
{
	struct flow_limits limits = flow_limits_default;

	(void)state;
	limits.sampling = 300;
	remake(&limits);
	for (unsigned i = 0; i < 4; i++)
		udp(i, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 2); /* 1,000 packets would be exceeded by the fourth */
	assert_int_equal(cuts[0].packets, 900);
	assert_int_equal(cuts[0].octets, 90000);
	assert_int_equal(cuts[0].sampling, 300);
	assert_int_equal(cuts[1].packets, 300);
}

static void
scaled_counts_keep_within_a_records_numbers(void **state)
{
	struct flow_limits limits = flow_limits_default;
	struct packet p = packet(0, 1, 2, 17, 0);

	(void)state;
	limits.sampling = FLOW_SAMPLING_MAX;
	limits.packets_max = FLOW_RECORD_LIMIT;
	limits.octets_max = UINT32_MAX;
	remake(&limits);
	p.octets = 65535;
	for (unsigned i = 0; i < 200; i++)
		add(&p);
	flow_flush(table);
	struct cut_sums sums = { 0 };
	assert_int_equal(n_cuts, 4); /* 65 packets each by number and by octets */
	take_cuts(&sums);
	assert_int_equal(sums.packets, 200000);
	assert_int_equal(sums.octets, UINT64_C(200) * 1000 * 65535);
	limits.sampling = FLOW_SAMPLING_MAX + 1;
	struct flow_table *t;
	assert_int_equal(flow_table_new(&limits, on_cut, NULL, &t), NM_ELIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_flow_is_put_out_at_each_multiple_of_the_interval),
		T(intervals_go_by_packet_time_and_not_by_the_first_packet),
		T(a_flow_that_was_not_seen_in_an_interval_makes_no_record),
		T(the_label_stays_across_intervals),
		T(time_without_packets_ends_an_interval),
		T(a_packet_that_is_late_counts_in_the_running_interval),
		T(a_forgotten_flow_is_not_put_out_again),
		T(overflow_records_are_cut_with_the_others),
		T(any_traffic_lies_in_its_intervals),
		T(a_sampled_packet_counts_for_many),
		T(scaled_counts_keep_within_a_records_numbers),
	};

	return cmocka_run_group_tests_name("flow_snapshot", tests, NULL, NULL);
}
