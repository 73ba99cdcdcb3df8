/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table that gives later fragments the ports of the first one. */
#include "probe/fragment.h"

#include "lib/err.h"
#include "probe/meter.h"
#include "tests/probe/memory_sink.h"

#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static struct fragment_table *table;
static struct packet pkt;

static int
with_room_for(size_t max)
{
	return fragment_table_new(max, &table);
}

static int
setup(void **state)
{
	(void)state;
	return with_room_for(4096);
}

static int
teardown(void **state)
{
	(void)state;
	fragment_table_free(table);
	return 0;
}

/* A fragment of datagram `id` from 10.0.0.1 to 10.0.0.2; the first one has ports 1000 and 53. */
static enum fragment_found
fragment(enum packet_fragment which, uint32_t id, uint64_t ts_ns)
{
	pkt = (struct packet){
		.ts_ns = ts_ns,
		.saddr = addr_from_v4((const uint8_t[]){ 10, 0, 0, 1 }),
		.daddr = addr_from_v4((const uint8_t[]){ 10, 0, 0, 2 }),
		.protocol = 17,
		.fragment = (uint8_t)which,
		.fragment_id = id,
	};
	if (which == FRAGMENT_FIRST) {
		pkt.sport = 1000;
		pkt.dport = 53;
	}
	return fragment_resolve(table, &pkt);
}

static void
a_later_fragment_gets_the_ports_of_the_first_one(void **state)
{
	(void)state;
	assert_int_equal(fragment(FRAGMENT_FIRST, 7, SECOND), FRAGMENT_KNOWN);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fragment(FRAGMENT_LATER, 7, SECOND), FRAGMENT_KNOWN);
		assert_int_equal(pkt.sport, 1000);
		assert_int_equal(pkt.dport, 53);
	}
}

static void
one_that_comes_before_the_first_is_an_orphan(void **state)
{
	struct fragment_stats stats;

	(void)state;
	assert_int_equal(fragment(FRAGMENT_LATER, 7, SECOND), FRAGMENT_ORPHAN);
	assert_int_equal(pkt.sport, 0);
	(void)fragment(FRAGMENT_FIRST, 7, SECOND);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, SECOND), FRAGMENT_KNOWN);
	fragment_get_stats(table, &stats);
	assert_int_equal(stats.orphans, 1);
	assert_int_equal(stats.firsts, 1);
	assert_int_equal(stats.resolved, 1);
	assert_int_equal(stats.replaced, 0);
}

/* What makes it another datagram. */
static void
another_datagram_has_other_ports(void **state)
{
	struct packet later;

	(void)state;
	(void)fragment(FRAGMENT_FIRST, 7, SECOND);
	(void)fragment(FRAGMENT_LATER, 7, SECOND);
	later = pkt;
	for (int i = 0; i < 6; i++) {
		pkt = later;
		switch (i) {
		case 0:
			pkt.fragment_id = 8;
			break;
		case 1:
			pkt.protocol = 6;
			break;
		case 2:
			pkt.vlan = 9;
			break;
		case 3:
			pkt.link = 1;
			break;
		case 4:
			pkt.saddr = later.daddr;
			break;
		default:
			pkt.daddr = later.saddr;
			break;
		}
		assert_int_equal(fragment_resolve(table, &pkt), FRAGMENT_ORPHAN);
	}
}

static void
an_identification_that_is_used_again_has_the_new_ports(void **state)
{
	(void)state;
	(void)fragment(FRAGMENT_FIRST, 7, SECOND);
	pkt.sport = 2000;
	assert_int_equal(fragment_resolve(table, &pkt), FRAGMENT_KNOWN);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, SECOND), FRAGMENT_KNOWN);
	assert_int_equal(pkt.sport, 2000);
}

static void
only_the_last_of_its_first_fragments_counts_when_time_steps_back(void **state)
{
	uint64_t at = 1000 * SECOND, ttl = FRAGMENT_TTL_S * SECOND;

	(void)state;
	fragment_table_free(table);
	assert_int_equal(with_room_for(4), 0);
	(void)fragment(FRAGMENT_FIRST, 1, at); /* its place is free when 7 comes again */
	(void)fragment(FRAGMENT_FIRST, 7, at);
	(void)fragment(FRAGMENT_FIRST, 7, at + 3 * ttl);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, at), FRAGMENT_ORPHAN);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, at + 3 * ttl), FRAGMENT_KNOWN);
}

static void
the_first_fragment_is_known_for_a_minute(void **state)
{
	uint64_t at = 1000 * SECOND, ttl = FRAGMENT_TTL_S * SECOND;

	(void)state;
	(void)fragment(FRAGMENT_FIRST, 7, at);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, at + ttl), FRAGMENT_KNOWN);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, at - ttl), FRAGMENT_KNOWN);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, at + ttl + 1), FRAGMENT_ORPHAN);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, at - ttl - 1), FRAGMENT_ORPHAN);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, 0), FRAGMENT_ORPHAN);
}

static void
protocols_without_ports_and_whole_packets_are_left_alone(void **state)
{
	struct fragment_stats stats;

	(void)state;
	(void)fragment(FRAGMENT_NONE, 7, SECOND);
	pkt.fragment = FRAGMENT_LATER;
	pkt.protocol = 1;
	assert_int_equal(fragment_resolve(table, &pkt), FRAGMENT_KNOWN);
	fragment_get_stats(table, &stats);
	assert_int_equal(stats.firsts + stats.orphans, 0);
}

static void
a_first_fragment_too_short_for_ports_is_not_remembered(void **state)
{
	(void)state;
	(void)fragment(FRAGMENT_LATER, 7, SECOND);
	pkt.fragment = FRAGMENT_FIRST;
	assert_int_equal(fragment_resolve(table, &pkt), FRAGMENT_KNOWN);
	assert_int_equal(fragment(FRAGMENT_LATER, 7, SECOND), FRAGMENT_ORPHAN);
}

static void
a_flood_takes_the_places_of_the_oldest_and_is_counted(void **state)
{
	struct fragment_stats stats;

	(void)state;
	fragment_table_free(table);
	assert_int_equal(with_room_for(4), 0);
	for (uint32_t id = 0; id < 1000; id++)
		(void)fragment(FRAGMENT_FIRST, id, SECOND + id);
	for (uint32_t id = 0; id < 1000; id++)
		assert_int_equal(fragment(FRAGMENT_LATER, id, SECOND + 1000),
		                 id < 996 ? FRAGMENT_ORPHAN : FRAGMENT_KNOWN);
	fragment_get_stats(table, &stats);
	assert_int_equal(stats.replaced, 996);
	assert_int_equal(stats.firsts, 1000);
}

static void
tables_of_any_size_work(void **state)
{
	(void)state;
	for (size_t max = 1; max < 70; max++) {
		fragment_table_free(table);
		assert_int_equal(with_room_for(max), 0);
		for (uint32_t id = 0; id < 500; id++) {
			(void)fragment(FRAGMENT_FIRST, id, SECOND + id);
			assert_int_equal(fragment(FRAGMENT_LATER, id, SECOND + id), FRAGMENT_KNOWN);
		}
	}
}

static uint64_t clock_ns = SECOND;

/* IPv4, UDP from port 1000 to 53 in its first fragment, of which 1 kB was sent. */
static void
meter_fragment(struct meter *meter, unsigned offset, bool more)
{
	static uint8_t b[1000] = {
		0x45,     [2] = 1000 >> 8, [3] = 1000 & 0xff, [9] = 17,           [12] = 10,
		[15] = 1, [16] = 10,       [20] = 1000 >> 8,  [21] = 1000 & 0xff, [23] = 53
	};
	const struct frame_bytes f = { .ts_ns = clock_ns, .bytes = b, .len = 28, .wire_len = 1000 };

	b[6] = (uint8_t)((more ? 0x20 : 0) | offset >> 8);
	b[7] = (uint8_t)offset;
	meter_frame(meter, decode_link_find(DLT_IPV4), &f);
}

static void
the_meter_counts_fragments_in_their_flow_and_names_orphans(void **state)
{
	struct memory_sink sink = { .sink.ops = &memory_ops };
	struct classifier *classifier;
	struct meter *meter;

	(void)state;
	assert_int_equal(classify_new(&(struct classify_limits){ 0 }, &classifier), NM_OK);
	assert_int_equal(meter_new(&(struct meter_config){ .flow = flow_limits_default },
	                           classifier, &sink.sink, &meter),
	                 NM_OK);
	meter_fragment(meter, 0, true);
	meter_fragment(meter, 125, true);
	meter_fragment(meter, 250, false);
	meter_finish(meter);
	assert_int_equal(sink.records, 1);
	assert_int_equal(sink.packets, 3);
	assert_int_equal(sink.octets, 3000);
	assert_int_equal(sink.ledger[LEDGER_ORPHAN], 0);
	clock_ns += 2 * FRAGMENT_TTL_S * SECOND;
	meter_fragment(meter, 250, false);
	meter_finish(meter);
	assert_int_equal(sink.records, 2);
	assert_int_equal(sink.ledger[LEDGER_METERED], 4);
	assert_int_equal(sink.ledger[LEDGER_ORPHAN], 1);
	meter_free(meter);
	classify_free(classifier);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_later_fragment_gets_the_ports_of_the_first_one),
		T(one_that_comes_before_the_first_is_an_orphan),
		T(another_datagram_has_other_ports),
		T(an_identification_that_is_used_again_has_the_new_ports),
		T(only_the_last_of_its_first_fragments_counts_when_time_steps_back),
		T(the_first_fragment_is_known_for_a_minute),
		T(protocols_without_ports_and_whole_packets_are_left_alone),
		T(a_first_fragment_too_short_for_ports_is_not_remembered),
		T(a_flood_takes_the_places_of_the_oldest_and_is_counted),
		T(tables_of_any_size_work),
		T(the_meter_counts_fragments_in_their_flow_and_names_orphans),
	};

	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
