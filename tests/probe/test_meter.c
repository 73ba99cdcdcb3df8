/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The meter: every frame is in a flow or under one named cause, in the minute that it belongs to. */
#include "probe/meter.h"

#include "lib/err.h"
#include "tests/probe/memory_sink.h"

#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

static struct memory_sink sink;
static struct classifier *classifier;
static struct meter *meter;
static const struct decode_link *ethernet;

static int
setup(void **state)
{
	(void)state;
	ethernet = decode_link_find(DLT_EN10MB);
	sink = (struct memory_sink){ .sink.ops = &memory_ops };
	assert_int_equal(classify_new(&(struct classify_limits){ 0 }, &classifier), NM_OK);
	return meter_new(&(struct meter_config){ .flow = flow_limits_default }, classifier,
	                 &sink.sink, &meter);
}

static int
teardown(void **state)
{
	(void)state;
	meter_free(meter);
	classify_free(classifier);
	return 0;
}

/* Ethernet, IPv4, UDP from port `port`; the rest is zero. */
static void
frame(uint64_t ts_ns, uint16_t link, unsigned port, size_t len)
{
	uint8_t b[60] = { [12] = 0x08,
		          [14] = 0x45,
		          [17] = 28,
		          [23] = 17,
		          [26] = 10,
		          [30] = 10,
		          [33] = 1,
		          [34] = (uint8_t)(port >> 8),
		          [35] = (uint8_t)port,
		          [39] = 8 };
	const struct frame_bytes f = {
		.ts_ns = ts_ns, .bytes = b, .len = (uint32_t)len, .wire_len = 60, .link = link
	};

	meter_frame(meter, ethernet, &f);
}

/* From port 0 of the other address back to `port`. */
static void
answer(uint64_t ts_ns, uint16_t link, unsigned port)
{
	uint8_t b[60] = { [12] = 0x08,
		          [14] = 0x45,
		          [17] = 28,
		          [23] = 17,
		          [26] = 10,
		          [29] = 1,
		          [30] = 10,
		          [36] = (uint8_t)(port >> 8),
		          [37] = (uint8_t)port,
		          [39] = 8 };
	const struct frame_bytes f = {
		.ts_ns = ts_ns, .bytes = b, .len = 60, .wire_len = 60, .link = link
	};

	meter_frame(meter, ethernet, &f);
}

static void
not_ip(uint64_t ts_ns, uint16_t link)
{
	const uint8_t b[60] = { [12] = 0x08, [13] = 0x06 };
	const struct frame_bytes f = {
		.ts_ns = ts_ns, .bytes = b, .len = 60, .wire_len = 60, .link = link
	};

	meter_frame(meter, ethernet, &f);
}

static void
assert_closed(void)
{
	assert_int_equal(sink.ledger[LEDGER_SEEN],
	                 sink.ledger[LEDGER_METERED] + memory_lost(&sink));
	assert_int_equal(sink.ledger[LEDGER_METERED] + sink.ledger[LEDGER_TABLE_OVERFLOW],
	                 sink.packets);
}

static void
every_frame_is_metered_or_has_a_cause(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		frame(i * S, 0, i % 7, i % 61);
		not_ip(i * S, 0);
	}
	meter_finish(meter);
	assert_int_equal(sink.ledger[LEDGER_SEEN], 2000);
	assert_int_equal(sink.ledger[LEDGER_NOT_IP], 1000);
	assert_true(sink.ledger[LEDGER_TRUNCATED] > 0);
	assert_closed();
}

static void
a_batch_is_counted_as_its_frames_one_by_one(void **state)
{
	uint8_t b[METER_BATCH][60] = { { 0 } };
	struct frame_bytes frames[METER_BATCH];

	(void)state;
	for (unsigned i = 0; i < METER_BATCH; i++) {
		b[i][12] = 0x08;
		b[i][13] = i == 5 ? 0x06 : 0; /* one ARP */
		b[i][14] = 0x45;
		b[i][17] = 28;
		b[i][23] = 17;
		b[i][26] = (uint8_t)(i % 3);
		b[i][39] = 8;
		frames[i] = (struct frame_bytes){
			.ts_ns = S + i, .bytes = b[i], .len = 60, .wire_len = 60
		};
	}
	meter_frames(meter, ethernet, frames, METER_BATCH);
	meter_frames(meter, ethernet, frames, 0);
	meter_finish(meter);
	assert_int_equal(sink.records, 3);
	assert_int_equal(sink.ledger[LEDGER_SEEN], METER_BATCH);
	assert_int_equal(sink.ledger[LEDGER_NOT_IP], 1);
	assert_closed();
}

static void
counts_belong_to_the_minute_of_the_packet(void **state)
{
	(void)state;
	frame(UINT64_C(1700000039) * S, 0, 1, 60);
	frame(UINT64_C(1700000040) * S, 0, 1, 60); /* a whole minute */
	assert_int_equal(sink.first_minute, 1699999980);
	meter_finish(meter);
	assert_int_equal(sink.last_minute, 1700000040);
	assert_closed();
}

static void
a_frame_that_is_a_little_late_stays_in_the_running_minute(void **state)
{
	(void)state;
	frame(UINT64_C(1700000040) * S, 0, 1, 60);
	for (int i = 0; i < 100; i++) {
		frame(UINT64_C(1700000040) * S - S, 0, 1, 60);
		frame(UINT64_C(1700000040) * S + S / 2, 0, 1, 60);
	}
	assert_true(sink.deltas <= 2);
	meter_finish(meter);
	assert_int_equal(sink.last_minute, 1700000040);
	assert_closed();
}

static void
the_ledger_is_handed_over_each_second_of_packet_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 100; i++)
		frame(UINT64_C(1700000040) * S + i * S / 10, 0, 1, 60);
	assert_in_range(sink.deltas, 18, 24); /* two causes, ten times */
}

static void
links_have_ledgers_of_their_own(void **state)
{
	struct meter_count counts[LEDGER_CAUSE_MAX];

	(void)state;
	frame(S, 0, 1, 60);
	frame(S, 63, 1, 60);
	not_ip(S, 63);
	meter_finish(meter);
	meter_get_counts(meter, 63, counts);
	assert_int_equal(counts[LEDGER_SEEN].packets, 2);
	assert_int_equal(counts[LEDGER_SEEN].octets, 120);
	assert_int_equal(counts[LEDGER_METERED].octets, 28);
	assert_int_equal(counts[LEDGER_NOT_IP].octets, 60);
	assert_int_equal(sink.records, 2);
	assert_closed();
}

static void
drops_are_seen_and_named(void **state)
{
	(void)state;
	frame(S, 0, 1, 60);
	meter_drops(meter, 0, 2 * S, 10, 5);
	meter_drops(meter, 1, 2 * S, 1, 0);
	meter_drops(meter, 2, 2 * S, 0, 0);
	meter_finish(meter);
	assert_int_equal(sink.ledger[LEDGER_SEEN], 17);
	assert_int_equal(sink.ledger[LEDGER_KERNEL_DROPPED], 11);
	assert_int_equal(sink.ledger[LEDGER_IF_DROPPED], 5);
	assert_closed();
}

static void
a_full_flow_table_is_a_cause(void **state)
{
	struct flow_limits limits = flow_limits_default;

	(void)state;
	meter_free(meter);
	limits.table_max = 10;
	assert_int_equal(
	    meter_new(&(struct meter_config){ .flow = limits }, classifier, &sink.sink, &meter),
	    NM_OK);
	for (unsigned i = 0; i < 100; i++) {
		frame(S, 0, i, 60);
		answer(S, 0, i);
	}
	meter_finish(meter);
	assert_int_equal(sink.ledger[LEDGER_TABLE_OVERFLOW], 180);
	assert_int_equal(sink.records, 21);
	assert_closed();
}

static void
idle_time_expires_flows_and_hands_over(void **state)
{
	(void)state;
	frame(S, 0, 1, 60);
	meter_idle(meter, 40 * S);
	assert_int_equal(sink.records, 1);
	assert_int_equal(sink.ledger[LEDGER_SEEN], 1);
	assert_closed();
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_frame_is_metered_or_has_a_cause),
		T(a_batch_is_counted_as_its_frames_one_by_one),
		T(counts_belong_to_the_minute_of_the_packet),
		T(a_frame_that_is_a_little_late_stays_in_the_running_minute),
		T(the_ledger_is_handed_over_each_second_of_packet_time),
		T(links_have_ledgers_of_their_own),
		T(drops_are_seen_and_named),
		T(a_full_flow_table_is_a_cause),
		T(idle_time_expires_flows_and_hands_over),
	};

	return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
