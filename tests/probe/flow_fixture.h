/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For the tests of the flow table: a table, what it cut, and packets to give it.
 */
#ifndef NETMON_TESTS_PROBE_FLOW_FIXTURE_H
#define NETMON_TESTS_PROBE_FLOW_FIXTURE_H

#include "probe/flow.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static inline void
on_cut(void *ctx, const struct record *record)
{
	(void)ctx;
	assert_true(n_cuts < CUTS_MAX);
	cuts[n_cuts++] = *record;
}

static inline int
setup(void **state)
{
	(void)state;
	n_cuts = 0;
	return flow_table_new(&flow_limits_default, on_cut, NULL, &table);
}

static inline int
teardown(void **state)
{
	(void)state;
	flow_table_free(table);
	return 0;
}

static inline void
remake(const struct flow_limits *limits)
{
	flow_table_free(table);
	assert_int_equal(flow_table_new(limits, on_cut, NULL, &table), NM_OK);
}

/* A packet at `ms` after the begin; endpoint 1 is 10.0.0.1:1001, endpoint 2 is 10.0.0.2:1002 and so on. */
static inline struct packet
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

static inline bool
try_add(const struct packet *p)
{
	struct flow_place place;

	flow_place(table, p, &place);
	flow_fetch(table, &place);
	return flow_add(table, p, &place, &hit);
}

static inline void
add(const struct packet *p)
{
	assert_true(try_add(p));
}

static inline void
tcp(uint64_t ms, unsigned from, unsigned to, unsigned flags)
{
	struct packet p = packet(ms, from, to, 6, flags);

	add(&p);
}

static inline void
udp(uint64_t ms, unsigned from, unsigned to)
{
	struct packet p = packet(ms, from, to, 17, 0);

	add(&p);
}

/* Time goes on to `ms` without a packet. */
static inline void
wait_to(uint64_t ms)
{
	flow_advance(table, BEGIN_S * S + ms * 1000000);
}

/* Puts the records' packets and octets together; the records are forgotten. */
struct cut_sums {
	uint64_t packets;
	uint64_t octets;
};

static inline void
take_cuts(struct cut_sums *sums)
{
	for (size_t i = 0; i < n_cuts; i++) {
		sums->packets += cuts[i].packets;
		sums->octets += cuts[i].octets;
	}
	n_cuts = 0;
}

/* The begin and end of a record in 1/256 s. */
static inline uint64_t
start_of(const struct record *r)
{
	return (uint64_t)r->started * 256 + r->start_frac;
}

static inline uint64_t
end_of(const struct record *r)
{
	return (uint64_t)r->expires * 256 + r->end_frac;
}

/* Numbers that are the same in every run (Knuth's MMIX generator). */
static inline uint32_t
next_number(void)
{
	static uint64_t n = 1;

	n = n * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(n >> 32);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
