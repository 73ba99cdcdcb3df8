/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flow table when it is full: who has to go, and that sums stay exact. */
#include "tests/probe/flow_fixture.h"

#define TABLE_MAX 1024

static void
remake_with(unsigned table_max)
{
	struct flow_limits limits = flow_limits_default;

	limits.table_max = table_max;
	remake(&limits);
}

/* Conversations of both directions, from host 1 to 1000 upwards. */
static void
fill(uint64_t ms, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		udp(ms, 1, 1000 + i);
		udp(ms, 1000 + i, 1);
	}
}

static struct flow_stats
stats(void)
{
	struct flow_stats s;

	flow_get_stats(table, &s);
	return s;
}

/* Gives a packet to the table, and its sums to `sums` whether it found a place or not. */
static bool
give(const struct packet *p, struct cut_sums *sums)
{
	sums->packets++;
	sums->octets += p->octets;
	return try_add(p);
}

static void
a_full_table_counts_new_flows_in_the_overflow_record(void **state)
{
	(void)state;
	remake_with(100);
	fill(0, 100);
	struct packet p = packet(1000, 1, 5000, 17, 0);
	assert_false(try_add(&p));
	p.ts_ns += S;
	assert_false(try_add(&p));
	udp(2, 1, 1000); /* those inside go on */
	assert_int_equal(stats().conversations, 100);
	assert_int_equal(stats().refused, 2);
	flow_flush(table);
	assert_int_equal(n_cuts, 201);
	const struct record *r = &cuts[200];
	assert_int_equal(r->protocol, RECORD_OVERFLOW_PROTOCOL);
	assert_true(record_is_overflow(r->protocol, &r->saddr, &r->daddr));
	assert_true(addr_is_v4(&r->saddr));
	assert_int_equal(r->sport | r->dport, 0);
	assert_int_equal(r->packets, 2);
	assert_int_equal(r->octets, 200);
	assert_int_equal(r->application, APP_UNKNOWN);
	assert_int_equal(r->started, BEGIN_S + 1);
	assert_int_equal(r->expires, BEGIN_S + 2);
}

static void
each_link_and_ip_version_has_an_overflow_record(void **state)
{
	(void)state;
	remake_with(100);
	fill(0, 100);
	struct packet p = packet(1, 1, 5000, 17, 0);
	assert_false(try_add(&p));
	p.link = 3;
	assert_false(try_add(&p));
	p.saddr.b[0] = 0x20;
	p.daddr.b[0] = 0x20;
	assert_false(try_add(&p));
	flow_flush(table);
	assert_int_equal(n_cuts, 203);
	assert_int_equal(cuts[200].link, 0);
	assert_int_equal(cuts[201].link, 3);
	assert_true(addr_is_v4(&cuts[201].daddr));
	assert_int_equal(cuts[202].link, 3);
	assert_false(addr_is_v4(&cuts[202].daddr));
	assert_true(record_is_overflow(cuts[202].protocol, &cuts[202].saddr, &cuts[202].daddr));
}

static void
an_overflow_record_ends_as_others_do(void **state)
{
	struct packet p = packet(0, 1, 5000, 17, 0);
	struct flow_limits limits = flow_limits_default;

	(void)state;
	limits.table_max = 100;
	limits.idle_s = 600;
	remake(&limits);
	fill(0, 100);
	for (unsigned i = 0; i < FLOW_RECORD_LIMIT; i++)
		assert_false(try_add(&p));
	assert_int_equal(n_cuts, 0);
	assert_false(try_add(&p));
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].packets, FLOW_RECORD_LIMIT);
	n_cuts = 0;
	p.ts_ns += 59 * S;
	assert_false(try_add(&p));
	assert_int_equal(n_cuts, 0);
	wait_to(61000);
	const struct record *r = &cuts[n_cuts - 1];
	assert_int_equal(r->protocol, RECORD_OVERFLOW_PROTOCOL);
	assert_int_equal(r->packets, 2);
	assert_int_equal(r->expires - r->started, 59);
	n_cuts = 0;
	p.octets = UINT32_MAX - 10;
	assert_false(try_add(&p));
	assert_false(try_add(&p));
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].octets, UINT32_MAX - 10);
}

static void
half_open_flows_make_room_the_quietest_first(void **state)
{
	(void)state;
	remake_with(TABLE_MAX);
	for (unsigned i = 0; i < TABLE_MAX; i++)
		tcp(i, 1, 1000 + i, TCP_SYN);
	assert_int_equal(stats().conversations, TABLE_MAX);
	assert_int_equal(n_cuts, 0);
	tcp(TABLE_MAX, 1, 5000, TCP_SYN);
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].dport, 2000);
	assert_int_equal(stats().evicted, 1);
	assert_int_equal(stats().refused, 0);
}

static void
one_that_sent_again_is_not_the_quietest(void **state)
{
	(void)state;
	remake_with(100);
	for (unsigned i = 0; i < 100; i++)
		tcp(i * 10, 1, 1000 + i, TCP_SYN);
	tcp(2000, 1, 1000, TCP_SYN);
	tcp(2000, 1, 5000, TCP_SYN);
	assert_int_equal(n_cuts, 1);
	assert_int_equal(cuts[0].dport, 2001);
}

static void
half_open_flows_have_less_time_when_the_table_is_nearly_full(void **state)
{
	(void)state;
	remake_with(TABLE_MAX);
	for (unsigned i = 0; i < TABLE_MAX; i++)
		udp(0, 1, 1000 + i);
	udp(4000, 1, 5000); /* full, so one has to go */
	assert_int_equal(stats().evicted, 1);
	for (unsigned i = 0; i < 64; i++)
		udp(6000, 1, 5001 + i);
	assert_int_equal(stats().evicted, 129);
	assert_int_equal(stats().conversations, TABLE_MAX - 64);
}

static void
what_is_not_half_open_is_left_alone(void **state)
{
	(void)state;
	remake_with(100);
	fill(0, 40);
	for (unsigned i = 0; i < 40; i++) { /* one direction of TCP with data: asymmetric routing */
		tcp(0, 1, 2000 + i, TCP_SYN);
		tcp(1, 1, 2000 + i, TCP_ACK);
	}
	for (unsigned i = 0; i < 1000; i++)
		tcp(100 + i, 2, 3000 + i, TCP_SYN);
	assert_int_equal(stats().conversations, 100);
	assert_int_equal(stats().evicted, 980);
	assert_int_equal(stats().refused, 0);
	for (size_t i = 0; i < n_cuts; i++)
		assert_int_equal(cuts[i].sport, 1002);
}

/* A flood of SYNs from a source and port of their own each; real conversations begin before, while and after. */
static void
real_flows_stay_whole_beside_a_flood(void **state)
{
	struct cut_sums given = { 0 }, found = { 0 };
	unsigned whole = 0;

	(void)state;
	remake_with(TABLE_MAX);
	for (unsigned i = 0; i < 200000; i++) {
		struct packet p = packet(i / 20, 0, 9, 6, TCP_SYN);
		unsigned real = i / 1000, step = i % 1000;
		memcpy(p.saddr.b + 12, &i, 4);
		(void)give(&p, &given);
		if (step % 100 != 0 || step > 500)
			continue;
		/* step 0: SYN, 100: SYN-ACK, 200: ACK, data */
		p = packet(i / 20, step == 100 ? 2 : 1, step == 100 ? 1 : 2, 6,
		           step == 0     ? TCP_SYN
		           : step == 100 ? TCP_SYN | TCP_ACK
		                         : TCP_ACK);
		*(step == 100 ? &p.dport : &p.sport) = (uint16_t)(20000 + real);
		assert_true(give(&p, &given));
		for (size_t k = 0; k < n_cuts; k++)
			whole += cuts[k].sport >= 20000 && cuts[k].packets == 5;
		take_cuts(&found);
	}
	flow_flush(table);
	for (size_t k = 0; k < n_cuts; k++)
		whole += cuts[k].sport >= 20000 && cuts[k].packets == 5;
	take_cuts(&found);
	assert_int_equal(whole, 200);
	assert_int_equal(stats().refused, 0);
	assert_int_equal(found.packets, given.packets);
	assert_int_equal(found.octets, given.octets);
}

static void
sums_are_exact_whatever_is_refused(void **state)
{
	struct cut_sums given = { 0 }, found = { 0 };

	(void)state;
	remake_with(50);
	for (unsigned i = 0; i < 100000; i++) {
		struct packet p = packet(i, next_number() % 20, next_number() % 20,
		                         next_number() % 2 ? 6 : 17, next_number() & 0x17);
		p.octets = 28 + next_number() % 1400;
		p.link = (uint16_t)(next_number() % 3);
		if (next_number() % 2)
			p.saddr.b[0] = p.daddr.b[0] = 0x20;
		if (next_number() % 1000 == 0)
			p.ts_ns = (uint64_t)next_number() << 30;
		(void)give(&p, &given);
		take_cuts(&found);
	}
	flow_flush(table);
	take_cuts(&found);
	assert_true(stats().refused > 100);
	assert_int_equal(stats().conversations, 0);
	assert_int_equal(found.packets, given.packets);
	assert_int_equal(found.octets, given.octets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_full_table_counts_new_flows_in_the_overflow_record),
		T(each_link_and_ip_version_has_an_overflow_record),
		T(an_overflow_record_ends_as_others_do),
		T(half_open_flows_make_room_the_quietest_first),
		T(one_that_sent_again_is_not_the_quietest),
		T(half_open_flows_have_less_time_when_the_table_is_nearly_full),
		T(what_is_not_half_open_is_left_alone),
		T(real_flows_stay_whole_beside_a_flood),
		T(sums_are_exact_whatever_is_refused),
	};

	return cmocka_run_group_tests_name("flow_full", tests, NULL, NULL);
}
