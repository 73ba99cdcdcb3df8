/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flow table: when records are cut, what is in them, and that no order of time breaks it. */
#include "probe/flow.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CUTS_MAX 4096
#define S        UINT64_C(1000000000)
#define BEGIN_S  UINT64_C(1700000000)

static struct record cuts[CUTS_MAX];
static size_t n_cuts;
static struct flow_table *table;
static struct flow_hit hit;

static void
on_cut(void *ctx, const struct record *record)
{
	(void)ctx;
	assert_true(n_cuts < CUTS_MAX);
	cuts[n_cuts++] = *record;
}

static int
setup(void **state)
{
	(void)state;
	n_cuts = 0;
	return flow_table_new(&flow_limits_default, on_cut, NULL, &table);
}

static int
teardown(void **state)
{
	(void)state;
	flow_table_free(table);
	return 0;
}

static void
remake(const struct flow_limits *limits)
{
	flow_table_free(table);
	assert_int_equal(flow_table_new(limits, on_cut, NULL, &table), NM_OK);
}

/* A packet at `ms` after the begin; endpoint 1 is 10.0.0.1:1001, endpoint 2 is 10.0.0.2:1002 and so on. */
static struct packet
packet(uint64_t ms, unsigned from, unsigned to, unsigned protocol, unsigned flags)
{
	const uint8_t s[4] = { 10, 0, (uint8_t)(from >> 8), (uint8_t)from };
	const uint8_t d[4] = { 10, 0, (uint8_t)(to >> 8), (uint8_t)to };

	return (struct packet){
		.ts_ns = BEGIN_S * S + ms * 1000000,
		.saddr = addr_from_v4(s),
		.daddr = addr_from_v4(d),
		.sport = (uint16_t)(1000 + from),
		.dport = (uint16_t)(1000 + to),
		.protocol = (uint8_t)protocol,
		.tcp_flags = (uint8_t)flags,
		.octets = 100,
	};
}

static bool
try_add(const struct packet *p)
{
	struct flow_place place;

	flow_place(table, p, &place);
	flow_fetch(table, &place);
	return flow_add(table, p, &place, &hit);
}

static void
add(const struct packet *p)
{
	assert_true(try_add(p));
}

static void
tcp(uint64_t ms, unsigned from, unsigned to, unsigned flags)
{
	struct packet p = packet(ms, from, to, 6, flags);

	add(&p);
}

static void
udp(uint64_t ms, unsigned from, unsigned to)
{
	struct packet p = packet(ms, from, to, 17, 0);

	add(&p);
}

/* Time goes on to `ms` without a packet. */
static void
wait_to(uint64_t ms)
{
	flow_advance(table, BEGIN_S * S + ms * 1000000);
}

/* --- records ----------------------------------------------------------------------------------------------------- */

static void
each_direction_is_a_record_of_its_own(void **state)
{
	(void)state;
	udp(0, 2, 1);
	udp(500, 1, 2);
	udp(750, 2, 1);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].sport, 1002); /* the client's comes first */
	assert_int_equal(cuts[0].dport, 1001);
	assert_int_equal(cuts[0].saddr.b[15], 2);
	assert_int_equal(cuts[0].packets, 2);
	assert_int_equal(cuts[0].octets, 200);
	assert_int_equal(cuts[0].started, BEGIN_S);
	assert_int_equal(cuts[0].start_frac, 0);
	assert_int_equal(cuts[0].expires, BEGIN_S);
	assert_int_equal(cuts[0].end_frac, 192);
	assert_int_equal(cuts[1].sport, 1001);
	assert_int_equal(cuts[1].packets, 1);
	assert_int_equal(cuts[1].start_frac, 128);
	assert_int_equal(cuts[1].end_frac, 128);
}

static void
one_direction_without_packets_makes_no_record(void **state)
{
	(void)state;
	udp(0, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 1);
}

static void
vlan_link_protocol_and_ports_part_conversations(void **state)
{
	(void)state;
	struct packet p[5];

	for (int i = 0; i < 5; i++)
		p[i] = packet(0, 1, 2, 17, 0);
	p[1].vlan = 7;
	p[2].link = 1;
	p[3].protocol = 6;
	p[4].sport = 9;
	for (int i = 0; i < 5; i++)
		add(&p[i]);
	flow_flush(table);
	assert_int_equal(n_cuts, 5);
	assert_int_equal(cuts[1].vlan, 7);
	assert_int_equal(cuts[2].link, 1);
}

static void
both_directions_share_the_classifiers_state(void **state)
{
	(void)state;
	udp(0, 1, 2);
	hit.state->app = 7;
	hit.state->confidence = 90;
	hit.state->reason = 3;
	udp(1, 2, 1);
	assert_int_equal(hit.state->app, 7);
	flow_flush(table);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(cuts[i].application, 7);
		assert_int_equal(cuts[i].confidence, 90);
		assert_int_equal(cuts[i].reason, 3);
	}
}

static void
an_endpoint_that_talks_to_itself_is_one_record(void **state)
{
	(void)state;
	udp(0, 1, 1);
	udp(1, 1, 1);
	flow_flush(table);
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].packets, 2);
}

/* --- client ------------------------------------------------------------------------------------------------------ */

static void
the_first_sender_is_the_client(void **state)
{
	(void)state;
	udp(0, 2, 1);
	assert_true(hit.from_client);
	udp(1, 1, 2);
	assert_false(hit.from_client);
	udp(0, 3, 4);
	assert_true(hit.from_client);
	udp(1, 4, 3);
	assert_false(hit.from_client);
}

static void
the_sender_of_a_syn_ack_is_the_server(void **state)
{
	(void)state;
	tcp(0, 1, 2, TCP_SYN | TCP_ACK);
	assert_false(hit.from_client);
	tcp(1, 2, 1, TCP_ACK);
	assert_true(hit.from_client);
}

/* --- time-outs and limits ---------------------------------------------------------------------------------------- */

static void
the_idle_time_out_cuts_and_forgets(void **state)
{
	struct flow_stats stats;

	(void)state;
	udp(0, 1, 2);
	hit.state->app = 7;
	wait_to(29000);
	assert_int_equal(n_cuts, 0);
	wait_to(30500);
	assert_int_equal(n_cuts, 1);
	flow_get_stats(table, &stats);
	assert_int_equal(stats.conversations, 0);
	udp(31000, 1, 2);
	assert_int_equal(hit.state->app, 0);
}

static void
a_packet_at_the_idle_time_out_begins_anew_before_the_wheel_is_there(void **state)
{
	(void)state;
	udp(0, 1, 2);
	hit.state->app = 7;
	udp(29999, 1, 2);
	assert_int_equal(n_cuts, 0);
	udp(29999 + 30000, 1, 2);
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].packets, 2);
	assert_int_equal(hit.state->app, 0);
}

static void
the_active_time_out_cuts_and_keeps_the_label(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 130; i++) {
		udp(i * 1000, 1, 2);
		hit.state->app = 7;
	}
	flow_flush(table);
	assert_int_equal(n_cuts, 3);
	assert_int_equal(cuts[0].packets, 60);
	assert_int_equal(cuts[1].packets, 60);
	assert_int_equal(cuts[2].packets, 10);
	assert_int_equal(cuts[1].started, BEGIN_S + 60);
	assert_int_equal(cuts[2].application, 7);
}

static void
the_active_time_out_cuts_without_another_packet(void **state)
{
	struct flow_limits limits = flow_limits_default;

	(void)state;
	limits.idle_s = 300;
	remake(&limits);
	udp(0, 1, 2);
	wait_to(61000);
	assert_int_equal(n_cuts, 1);
	udp(62000, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[1].started, BEGIN_S + 62);
}

static void
a_record_has_at_most_the_packets_allowed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2001; i++)
		udp(i / 100, 1, 2);
	udp(30, 2, 1);
	flow_flush(table);
	assert_int_equal(n_cuts, 4);
	assert_int_equal(cuts[0].packets, 1000);
	assert_int_equal(cuts[1].packets, 1000);
	assert_int_equal(cuts[2].packets, 1);
	assert_int_equal(cuts[3].packets, 1);
}

static void
a_record_has_at_most_the_octets_allowed(void **state)
{
	struct packet p = packet(0, 1, 2, 17, 0);

	(void)state;
	p.octets = 400000;
	for (int i = 0; i < 3; i++)
		add(&p);
	p.octets = 3000000; /* alone above the limit: a record of its own */
	add(&p);
	p.octets = 1;
	add(&p);
	flow_flush(table);
	assert_int_equal(n_cuts, 4);
	assert_int_equal(cuts[0].octets, 800000);
	assert_int_equal(cuts[1].octets, 400000);
	assert_int_equal(cuts[2].octets, 3000000);
	assert_int_equal(cuts[3].octets, 1);
}

static void
a_record_counts_65535_packets_when_it_may(void **state)
{
	struct flow_limits limits = flow_limits_default;

	(void)state;
	limits.packets_max = FLOW_RECORD_LIMIT;
	limits.octets_max = UINT32_MAX;
	remake(&limits);
	for (unsigned i = 0; i < 65536; i++)
		udp(i / 10000, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].packets, 65535);
	assert_int_equal(cuts[1].packets, 1);
}

static void
limits_outside_their_range_are_refused(void **state)
{
	struct flow_limits l = flow_limits_default;
	struct flow_table *t = NULL;

	(void)state;
	l.packets_max = FLOW_RECORD_LIMIT + 1;
	assert_int_equal(flow_table_new(&l, on_cut, NULL, &t), NM_ELIMIT);
	l = flow_limits_default;
	l.active_s = 0;
	assert_int_equal(flow_table_new(&l, on_cut, NULL, &t), NM_ELIMIT);
	l = flow_limits_default;
	l.table_max = 0;
	assert_int_equal(flow_table_new(&l, on_cut, NULL, &t), NM_ELIMIT);
	assert_null(t);
}

/* --- TCP --------------------------------------------------------------------------------------------------------- */

static void
handshake(uint64_t ms)
{
	tcp(ms, 1, 2, TCP_SYN);
	tcp(ms + 1, 2, 1, TCP_SYN | TCP_ACK);
	tcp(ms + 2, 1, 2, TCP_ACK);
}

static void
fin_both_ways_ends_the_flow_with_its_last_acks_in_it(void **state)
{
	(void)state;
	handshake(0);
	tcp(100, 1, 2, TCP_FIN | TCP_ACK);
	tcp(110, 2, 1, TCP_FIN | TCP_ACK);
	tcp(120, 1, 2, TCP_ACK);
	assert_int_equal(n_cuts, 0);
	wait_to(1900);
	assert_int_equal(n_cuts, 0);
	wait_to(2600);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].packets, 4);
	assert_int_equal(cuts[1].packets, 2);
}

static void
fin_one_way_does_not_end_the_flow(void **state)
{
	(void)state;
	handshake(0);
	tcp(100, 1, 2, TCP_FIN | TCP_ACK);
	wait_to(20000);
	assert_int_equal(n_cuts, 0);
	tcp(20000, 2, 1, TCP_ACK);
	wait_to(45000);
	assert_int_equal(n_cuts, 0);
}

static void
rst_ends_the_flow(void **state)
{
	(void)state;
	tcp(0, 1, 2, TCP_SYN);
	tcp(1, 2, 1, TCP_RST | TCP_ACK);
	wait_to(2500);
	assert_int_equal(n_cuts, 2);
}

static void
a_packet_after_the_linger_time_begins_anew(void **state)
{
	(void)state;
	handshake(0);
	tcp(10, 1, 2, TCP_RST);
	hit.state->app = 7;
	tcp(2000, 2, 1, TCP_ACK);
	assert_int_equal(hit.state->app, 7);
	tcp(4009, 2, 1, TCP_ACK);
	assert_int_equal(hit.state->app, 0);
	assert_int_equal(n_cuts, 2);
}

static void
a_syn_on_a_closed_flow_begins_anew_at_once(void **state)
{
	(void)state;
	handshake(0);
	hit.state->app = 7;
	tcp(10, 1, 2, TCP_FIN | TCP_ACK);
	tcp(11, 2, 1, TCP_FIN | TCP_ACK);
	tcp(500, 2, 1, TCP_SYN);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].application, 7);
	assert_int_equal(hit.state->app, 0);
	assert_true(hit.from_client); /* the other side began this time */
}

static void
a_syn_on_an_open_flow_begins_anew(void **state)
{
	(void)state;
	handshake(0);
	tcp(5000, 1, 2, TCP_SYN);
	assert_int_equal(n_cuts, 2);
	flow_flush(table);
	assert_int_equal(cuts[2].packets, 1);
}

static void
a_repeated_syn_belongs_to_the_same_flow(void **state)
{
	(void)state;
	tcp(0, 1, 2, TCP_SYN);
	tcp(1000, 1, 2, TCP_SYN);
	tcp(1001, 2, 1, TCP_SYN | TCP_ACK);
	tcp(3000, 1, 2, TCP_SYN);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].packets, 3);
}

/* --- time that misbehaves ---------------------------------------------------------------------------------------- */

static void
assert_records_sane(void)
{
	for (size_t i = 0; i < n_cuts; i++) {
		const struct record *r = &cuts[i];
		uint64_t start = (uint64_t)r->started * 256 + r->start_frac;
		uint64_t end = (uint64_t)r->expires * 256 + r->end_frac;

		assert_true(start <= end);
		assert_true(end - start <= 60 * 256);
	}
}

static void
packets_out_of_order_stay_in_their_record(void **state)
{
	(void)state;
	udp(5000, 1, 2);
	udp(4990, 1, 2);
	udp(4000, 2, 1);
	udp(5010, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].packets, 3);
	assert_records_sane();
}

static void
a_zero_time_stamp_in_the_middle_moves_nothing(void **state)
{
	struct packet zero = packet(0, 1, 2, 17, 0);

	(void)state;
	zero.ts_ns = 0;
	udp(0, 1, 2);
	add(&zero);
	udp(100, 1, 2);
	flow_flush(table);
	assert_records_sane();
	uint64_t packets = 0;
	for (size_t i = 0; i < n_cuts; i++)
		packets += cuts[i].packets;
	assert_int_equal(packets, 3);
}

static void
time_stamps_that_are_all_zero_make_records(void **state)
{
	struct packet zero = packet(0, 1, 2, 17, 0);

	(void)state;
	zero.ts_ns = 0;
	for (int i = 0; i < 10; i++)
		add(&zero);
	flow_flush(table);
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].packets, 10);
	assert_int_equal(cuts[0].started, 0);
}

static void
a_file_of_an_earlier_day_expires_by_its_own_time(void **state)
{
	(void)state;
	udp(100000000, 1, 2);
	udp(0, 3, 4); /* 27 hours back */
	udp(40000, 5, 6);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[1].started, BEGIN_S);
	assert_records_sane();
}

static void
a_jump_of_years_expires_everything_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		udp(i * 10, 1, 2 + i);
	struct packet p = packet(0, 1, 2, 17, 0);
	p.ts_ns += UINT64_C(3) * 365 * 86400 * S;
	add(&p);
	assert_int_equal(n_cuts, 1000);
	assert_records_sane();
}

/* Numbers that are the same in every run (Knuth's MMIX generator). */
static uint32_t
next_number(void)
{
	static uint64_t n = 1;

	n = n * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(n >> 32);
}

static void
any_order_of_time_keeps_every_packet(void **state)
{
	uint64_t total = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct packet p = packet(next_number() % 3600000, next_number() % 8,
		                         next_number() % 8, 6, next_number() & 0x17);
		if (next_number() % 100 == 0)
			p.ts_ns = (uint64_t)next_number() << 32;
		add(&p);
		assert_records_sane();
		for (size_t k = 0; k < n_cuts; k++)
			total += cuts[k].packets;
		n_cuts = 0;
	}
	flow_flush(table);
	assert_records_sane();
	for (size_t k = 0; k < n_cuts; k++)
		total += cuts[k].packets;
	assert_int_equal(total, 20000);
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static void
a_full_table_refuses_new_flows_and_counts_old_ones(void **state)
{
	struct flow_limits limits = flow_limits_default;
	struct flow_stats stats;
	struct packet p;

	(void)state;
	limits.table_max = 100;
	remake(&limits);
	for (unsigned i = 0; i < 100; i++)
		udp(0, 1, 2 + i);
	p = packet(1, 1, 500, 17, 0);
	assert_false(try_add(&p));
	udp(2, 1, 2);
	flow_get_stats(table, &stats);
	assert_int_equal(stats.conversations, 100);
	assert_int_equal(stats.refused, 1);
	wait_to(31000);
	p.ts_ns = (BEGIN_S + 31) * S;
	assert_true(try_add(&p));
}

static void
many_flows_come_and_go_without_loss(void **state)
{
	uint64_t total = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		udp(i, 1 + i % 60000, 60001);
		for (size_t k = 0; k < n_cuts; k++)
			total += cuts[k].packets;
		n_cuts = 0;
		if (i % 4000 == 3999) {
			flow_flush(table);
			for (size_t k = 0; k < n_cuts; k++)
				total += cuts[k].packets;
			n_cuts = 0;
		}
	}
	assert_int_equal(total, 200000);
}

static void
a_silence_of_194_days_ends_the_flow(void **state)
{
	/* 2^32 ticks of 1/256 s, and a second */
	const uint64_t wrap_ms = UINT64_C(16777217) * 1000;

	(void)state;
	udp(0, 1, 2);
	udp(wrap_ms, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].started, BEGIN_S);
	assert_int_equal(cuts[0].expires, BEGIN_S);
	assert_int_equal(cuts[1].started, BEGIN_S + wrap_ms / 1000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_direction_is_a_record_of_its_own),
		T(one_direction_without_packets_makes_no_record),
		T(vlan_link_protocol_and_ports_part_conversations),
		T(both_directions_share_the_classifiers_state),
		T(an_endpoint_that_talks_to_itself_is_one_record),
		T(the_first_sender_is_the_client),
		T(the_sender_of_a_syn_ack_is_the_server),
		T(the_idle_time_out_cuts_and_forgets),
		T(a_packet_at_the_idle_time_out_begins_anew_before_the_wheel_is_there),
		T(the_active_time_out_cuts_and_keeps_the_label),
		T(the_active_time_out_cuts_without_another_packet),
		T(a_record_has_at_most_the_packets_allowed),
		T(a_record_has_at_most_the_octets_allowed),
		T(a_record_counts_65535_packets_when_it_may),
		T(limits_outside_their_range_are_refused),
		T(fin_both_ways_ends_the_flow_with_its_last_acks_in_it),
		T(fin_one_way_does_not_end_the_flow),
		T(rst_ends_the_flow),
		T(a_packet_after_the_linger_time_begins_anew),
		T(a_syn_on_a_closed_flow_begins_anew_at_once),
		T(a_syn_on_an_open_flow_begins_anew),
		T(a_repeated_syn_belongs_to_the_same_flow),
		T(packets_out_of_order_stay_in_their_record),
		T(a_zero_time_stamp_in_the_middle_moves_nothing),
		T(time_stamps_that_are_all_zero_make_records),
		T(a_file_of_an_earlier_day_expires_by_its_own_time),
		T(a_jump_of_years_expires_everything_once),
		T(a_silence_of_194_days_ends_the_flow),
		T(any_order_of_time_keeps_every_packet),
		T(a_full_table_refuses_new_flows_and_counts_old_ones),
		T(many_flows_come_and_go_without_loss),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
