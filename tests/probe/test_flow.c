/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flow table: when records are cut, what is in them, and that no order of time breaks it. */
#include "tests/probe/flow_fixture.h"

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

		assert_true(start_of(r) <= end_of(r));
		assert_true(end_of(r) - start_of(r) <= 60 * 256);
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

/* A packet at `s` seconds after 1970. */
static void
udp_at(uint64_t s, unsigned from, unsigned to)
{
	struct packet p = packet(0, from, to, 17, 0);

	p.ts_ns = s * S;
	add(&p);
}

static void
a_jump_of_years_expires_everything_once(void **state)
{
	const uint64_t later = BEGIN_S + UINT64_C(3) * 365 * 86400;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		udp(i * 10, 1, 2 + i);
	udp_at(later, 1, 2);
	udp_at(later + 31, 1, 2);
	assert_int_equal(n_cuts, 1001);
	assert_records_sane();
	flow_flush(table);
	assert_int_equal(n_cuts, 1002);
}

static void
a_wild_time_stamp_ahead_and_the_way_back_end_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		udp(0, 1, 2 + i);
		hit.state->app = 7;
	}
	udp_at(BEGIN_S + 100 * 86400, 500, 501);
	for (unsigned i = 0; i < 100; i++) {
		udp(1000, 2 + i, 1);
		assert_int_equal(hit.state->app, 7);
	}
	flow_flush(table);
	assert_int_equal(n_cuts, 201); /* a record of each direction, and the wild one */
	for (unsigned i = 0; i < n_cuts; i++)
		assert_true(cuts[i].packets == 1);
	assert_records_sane();
}

static void
a_file_that_begins_in_1970_expires_that_once(void **state)
{
	(void)state;
	udp_at(0, 1, 2);
	for (unsigned i = 0; i < 400; i++)
		udp(i * 100, 3, 4);
	udp_at(1, 5, 6);
	for (unsigned i = 400; i < 800; i++)
		udp(i * 100, 3, 4);
	flow_flush(table);
	assert_records_sane();
	for (size_t i = 0, early = 0; i < n_cuts; i++) {
		early += cuts[i].started < 10;
		assert_true(early <= 2);
		assert_int_equal(cuts[i].started < 10, cuts[i].sport != 1003);
	}
}

static void
a_record_is_cut_where_time_jumps_back_inside_the_conversation(void **state)
{
	(void)state;
	udp(3600000, 1, 2);
	hit.state->app = 7;
	udp(0, 1, 2);
	assert_int_equal(hit.state->app, 7);
	udp(1000, 1, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	assert_int_equal(cuts[0].started, BEGIN_S + 3600);
	assert_int_equal(cuts[0].packets, 1);
	assert_int_equal(cuts[1].started, BEGIN_S);
	assert_int_equal(cuts[1].expires, BEGIN_S + 1);
}

static void
links_with_clocks_of_their_own_do_not_disturb_each_other(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct packet p = packet(i * 100, 1, 2, 17, 0);
		add(&p);
		p.link = 1;
		p.ts_ns -= 86400 * S;
		add(&p);
	}
	assert_int_equal(n_cuts, 0);
	flow_flush(table);
	assert_int_equal(n_cuts, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(cuts[i].packets, 50);
		assert_int_equal(cuts[i].started, cuts[i].link ? BEGIN_S - 86400 : BEGIN_S);
		assert_int_equal(end_of(&cuts[i]) - start_of(&cuts[i]), 49 * 256 / 10);
	}
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
ipv6_conversations_are_told_apart_by_their_whole_addresses(void **state)
{
	(void)state;
	struct packet p = packet(0, 1, 2, 17, 0);
	memset(&p.saddr, 0x20, sizeof(p.saddr));
	memset(&p.daddr, 0x30, sizeof(p.daddr));
	for (unsigned bit = 0; bit < 128; bit++) {
		p.daddr.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		add(&p);
		p.daddr.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	flow_flush(table);
	assert_int_equal(n_cuts, 128);
	for (size_t i = 0; i < n_cuts; i++) {
		assert_memory_equal(&cuts[i].saddr, &p.saddr, sizeof(p.saddr));
		assert_memory_not_equal(&cuts[i].daddr, &p.daddr, sizeof(p.daddr));
	}
	n_cuts = 0;
	add(&p); /* the places of the addresses are used again */
	flow_flush(table);
	assert_memory_equal(&cuts[0].daddr, &p.daddr, sizeof(p.daddr));
}

static void
a_settled_conversation_shows_no_state(void **state)
{
	(void)state;
	udp(0, 1, 2);
	assert_non_null(hit.state);
	hit.state->app = 7;
	*hit.settled = 1;
	udp(1, 2, 1);
	assert_null(hit.state);
	assert_false(hit.from_client);
	flow_flush(table);
	assert_int_equal(cuts[1].application, 7);
}

static void
the_first_packets_tunnel_is_the_records(void **state)
{
	(void)state;
	struct packet p = packet(0, 1, 2, 17, 0);
	p.tunnel = 0x1234;
	add(&p);
	udp(1, 2, 1);
	flow_flush(table);
	assert_int_equal(cuts[0].tunnel, 0x1234);
	assert_int_equal(cuts[1].tunnel, 0x1234);
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
		T(a_wild_time_stamp_ahead_and_the_way_back_end_nothing),
		T(a_file_that_begins_in_1970_expires_that_once),
		T(a_record_is_cut_where_time_jumps_back_inside_the_conversation),
		T(links_with_clocks_of_their_own_do_not_disturb_each_other),
		T(a_silence_of_194_days_ends_the_flow),
		T(any_order_of_time_keeps_every_packet),
		T(many_flows_come_and_go_without_loss),
		T(ipv6_conversations_are_told_apart_by_their_whole_addresses),
		T(a_settled_conversation_shows_no_state),
		T(the_first_packets_tunnel_is_the_records),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
