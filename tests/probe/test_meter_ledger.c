/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The meter under traffic that nobody vouches for: odd times, samples, full tables. Ledger and records close, and the same
 * frames give the same records however they are handed over. */
#include "probe/meter.h"

#include "lib/err.h"
#include "tests/probe/memory_sink.h"

#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S       UINT64_C(1000000000)
#define BEGIN   (UINT64_C(1700000040) * S)
#define FRAMES  4096
#define OCTETS  64
#define N_LINKS 3

/* Keeps what the records say, in a number that depends on each field and on their order. */
struct exact_sink {
	struct memory_sink memory;
	uint64_t digest;
	struct record last;
	uint64_t ledger_octets[LEDGER_CAUSE_MAX];
};

static struct exact_sink sink;
static struct classifier *classifier;
static struct meter *meter;
static const struct decode_link *ethernet;
static struct sink_ops exact_ops;

static void
digest(uint64_t value)
{
	sink.digest = (sink.digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	sink.digest ^= sink.digest >> 29;
}

static void
exact_record(struct sink *s, const struct record *r)
{
	memory_record(s, r);
	for (unsigned i = 0; i < 16; i++)
		digest((uint64_t)r->saddr.b[i] << 8 | r->daddr.b[i]);
	digest((uint64_t)r->sport << 32 | (uint64_t)r->dport << 16 | r->protocol);
	digest((uint64_t)r->octets << 16 | r->packets);
	digest((uint64_t)r->started << 8 | r->start_frac);
	digest((uint64_t)r->expires << 8 | r->end_frac);
	digest((uint64_t)r->link << 16 | r->vlan);
	sink.last = *r;
}

static void
exact_ledger(struct sink *s, const struct ledger_delta *delta)
{
	memory_ledger(s, delta);
	sink.ledger_octets[delta->cause] += delta->octets;
}

static void
open_meter(const struct flow_limits *limits)
{
	meter_free(meter);
	sink = (struct exact_sink){ .memory.sink.ops = &exact_ops };
	assert_int_equal(meter_new(&(struct meter_config){ .flow = *limits }, classifier,
	                           &sink.memory.sink, &meter),
	                 NM_OK);
}

static int
setup(void **state)
{
	(void)state;
	ethernet = decode_link_find(DLT_EN10MB);
	exact_ops = memory_ops;
	exact_ops.record = exact_record;
	exact_ops.ledger = exact_ledger;
	assert_int_equal(classify_new(&(struct classify_limits){ 0 }, &classifier), NM_OK);
	open_meter(&flow_limits_default);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	meter_free(meter);
	meter = NULL;
	classify_free(classifier);
	return 0;
}

/* Numbers that are the same in every run (Knuth's MMIX generator). */
static uint64_t numbers;

static uint32_t
next_number(void)
{
	numbers = numbers * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(numbers >> 32);
}

/* --- frames ------------------------------------------------------------------------------------------------------ */

static uint8_t bytes[FRAMES][OCTETS];
static struct frame_bytes frames[FRAMES];

/* Ethernet, IPv4, TCP with these flags between two hosts. */
static void
make_frame(unsigned i, uint64_t ts_ns, unsigned from, unsigned to, unsigned flags)
{
	const uint8_t b[OCTETS] = { [12] = 0x08,
		                    [14] = 0x45,
		                    [17] = 50,
		                    [23] = 6,
		                    [26] = 10,
		                    [28] = (uint8_t)(from >> 8),
		                    [29] = (uint8_t)from,
		                    [30] = 10,
		                    [32] = (uint8_t)(to >> 8),
		                    [33] = (uint8_t)to,
		                    [46] = 0x50,
		                    [47] = (uint8_t)flags };

	memcpy(bytes[i], b, sizeof(b));
	frames[i] = (struct frame_bytes){
		.ts_ns = ts_ns, .bytes = bytes[i], .len = OCTETS, .wire_len = OCTETS
	};
}

/* Traffic with everything that is odd: other protocols, cut frames, late, missing and wild times. */
static void
make_traffic(void)
{
	uint64_t ts_ns = BEGIN;

	for (unsigned i = 0; i < FRAMES; i++) {
		ts_ns += next_number() % 100000000;
		make_frame(i, ts_ns, next_number() % 60, next_number() % 60, next_number() & 0x17);
		frames[i].link = (uint16_t)(next_number() % N_LINKS);
		switch (next_number() % 16) {
		case 0:
			frames[i].len = next_number() % OCTETS;
			break;
		case 1:
			bytes[i][13] = 0x06;
			break;
		case 2:
			frames[i].ts_ns -= next_number() % 2000000000;
			break;
		case 3:
			frames[i].ts_ns = 0;
			break;
		case 4:
			frames[i].ts_ns = (uint64_t)next_number() << 30;
			break;
		case 5:
			bytes[i][next_number() % OCTETS] = (uint8_t)next_number();
			break;
		default:
			break;
		}
	}
}

static void
meter_all(size_t batch)
{
	for (size_t i = 0; i < FRAMES; i += batch)
		meter_frames(meter, ethernet, frames + i, FRAMES - i < batch ? FRAMES - i : batch);
	meter_finish(meter);
}

static void
assert_closed(unsigned sampling)
{
	const uint64_t *l = sink.memory.ledger, *octets = sink.ledger_octets;

	assert_int_equal(l[LEDGER_SEEN], l[LEDGER_METERED] + memory_lost(&sink.memory));
	assert_int_equal((l[LEDGER_METERED] + l[LEDGER_TABLE_OVERFLOW]) * sampling,
	                 sink.memory.packets);
	assert_int_equal((octets[LEDGER_METERED] + octets[LEDGER_TABLE_OVERFLOW]) * sampling,
	                 sink.memory.octets);
}

/* --- closing ----------------------------------------------------------------------------------------------------- */

static void
the_ledger_closes_over_any_traffic_and_limits(void **state)
{
	(void)state;
	numbers = 1;
	for (unsigned round = 0; round < 60; round++) {
		struct flow_limits limits = flow_limits_default;
		limits.table_max = round % 3 ? 1 + next_number() % 50 : FLOW_TABLE_MAX;
		limits.sampling = round % 4 ? 1 : 1 + next_number() % FLOW_SAMPLING_MAX;
		limits.snapshot_ms = round % 5 ? 0 : 100 + next_number() % 5000;
		limits.packets_max = 1 + next_number() % FLOW_RECORD_LIMIT;
		limits.octets_max = 1 + next_number();
		open_meter(&limits);
		make_traffic();
		meter_drops(meter, 1, BEGIN, 7, 3);
		meter_lost(meter, 2, BEGIN, LEDGER_WORKER_FULL, 5, 500);
		meter_all(1 + next_number() % METER_BATCH);
		assert_int_equal(sink.memory.ledger[LEDGER_SEEN], FRAMES + 15);
		assert_closed(limits.sampling);
	}
}

static void
the_same_frames_give_the_same_records_in_batches_of_any_size(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 8; round++) {
		struct flow_limits limits = flow_limits_default;
		limits.table_max = round % 2 ? 40 : FLOW_TABLE_MAX;
		limits.snapshot_ms = round & 2 ? 500 : 0;
		limits.sampling = round & 4 ? 3 : 1;
		numbers = round;
		make_traffic();
		open_meter(&limits);
		meter_all(1);
		uint64_t digest_one = sink.digest;
		size_t records = sink.memory.records;
		assert_true(records > 500);
		for (size_t batch = 5; batch <= METER_BATCH; batch += METER_BATCH - 5) {
			open_meter(&limits);
			meter_all(batch);
			assert_int_equal(sink.memory.records, records);
			assert_true(sink.digest == digest_one);
		}
	}
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static void
one(uint64_t ts_ns, uint16_t link)
{
	make_frame(0, ts_ns, 1, 2, TCP_ACK);
	frames[0].link = link;
	meter_frame(meter, ethernet, &frames[0]);
}

static void
a_late_frame_is_named_and_counts_at_the_newest_time(void **state)
{
	(void)state;
	one(BEGIN + 5 * S, 0);
	one(BEGIN + 4 * S, 0);
	one(BEGIN + 3 * S, 1); /* the first of its link */
	one(BEGIN + 5 * S, 0); /* the same is not late */
	meter_finish(meter);
	assert_int_equal(sink.memory.ledger[LEDGER_LATE], 1);
	assert_int_equal(sink.ledger_octets[LEDGER_LATE], 50);
	assert_int_equal(sink.memory.ledger[LEDGER_METERED], 4);
	assert_int_equal(sink.memory.records, 2);
	assert_closed(1);
}

static void
a_frame_without_time_takes_that_of_the_one_before(void **state)
{
	(void)state;
	one(BEGIN + 5 * S, 0);
	one(0, 0);
	meter_finish(meter);
	assert_int_equal(sink.memory.ledger[LEDGER_NO_TIME], 1);
	assert_int_equal(sink.memory.ledger[LEDGER_LATE], 0);
	assert_int_equal(sink.last.packets, 2);
	assert_int_equal(sink.last.started, BEGIN / S + 5);
	assert_int_equal(sink.last.expires, BEGIN / S + 5);
	assert_int_equal(sink.memory.last_minute, BEGIN / S);
	assert_closed(1);
}

static void
a_step_of_time_is_not_late(void **state)
{
	(void)state;
	one(BEGIN + 3600 * S, 0);
	one(BEGIN, 0);
	one(BEGIN + S, 0);
	meter_finish(meter);
	assert_int_equal(sink.memory.ledger[LEDGER_LATE], 0);
	assert_int_equal(sink.memory.records, 2);
	assert_int_equal(sink.last.packets, 2);
	assert_int_equal(sink.last.started, BEGIN / S);
	assert_int_equal(sink.last.expires, BEGIN / S + 1);
}

static void
what_is_not_metered_is_not_named_late(void **state)
{
	(void)state;
	one(BEGIN + 5 * S, 0);
	make_frame(0, BEGIN, 1, 2, TCP_ACK);
	bytes[0][13] = 0x06;
	meter_frame(meter, ethernet, &frames[0]);
	meter_finish(meter);
	assert_int_equal(sink.memory.ledger[LEDGER_LATE], 0);
	assert_int_equal(sink.memory.ledger[LEDGER_NOT_IP], 1);
}

/* --- sampling ---------------------------------------------------------------------------------------------------- */

static void
one_frame_of_each_n_of_a_link_is_looked_at(void **state)
{
	struct flow_limits limits = flow_limits_default;

	(void)state;
	limits.sampling = 10;
	open_meter(&limits);
	for (unsigned i = 0; i < 105; i++) {
		one(BEGIN + i, 0);
		if (i < 9)
			one(BEGIN + i, 1);
	}
	meter_finish(meter);
	assert_int_equal(sink.memory.ledger[LEDGER_SEEN], 114);
	assert_int_equal(sink.memory.ledger[LEDGER_METERED], 10);
	assert_int_equal(sink.memory.ledger[LEDGER_SAMPLED_OUT], 104);
	assert_int_equal(sink.ledger_octets[LEDGER_SAMPLED_OUT], 104 * OCTETS);
	assert_int_equal(sink.memory.packets, 100);
	assert_int_equal(sink.last.sampling, 10);
	assert_int_equal(sink.last.octets, 100 * 50);
	assert_closed(10);
}

static void
a_packet_of_impossible_size_is_scaled_within_bounds(void **state)
{
	struct flow_limits limits = flow_limits_default;

	(void)state;
	limits.sampling = 2;
	open_meter(&limits);
	make_frame(0, BEGIN, 1, 2, TCP_ACK);
	bytes[0][17] = 0; /* total length 0: what was sent counts */
	frames[0].wire_len = UINT32_MAX;
	meter_frame(meter, ethernet, &frames[0]);
	meter_frame(meter, ethernet, &frames[0]);
	meter_finish(meter);
	assert_int_equal(sink.last.octets, UINT32_MAX - 1);
	assert_closed(2);
}

/* As a worker does whose packets are all others', with a full ring to every second of them. */
static bool
pass_all(void *ctx, const struct packet *pkt, uint32_t frame_octets, bool is_fragment)
{
	unsigned *asked = ctx;

	(void)is_fragment;
	if (++*asked % 2)
		meter_lost(meter, pkt->link, pkt->ts_ns, LEDGER_WORKER_FULL, 1, frame_octets);
	return true;
}

static void
what_a_meter_says_of_packets_that_it_passes_on_counts_in_their_minute(void **state)
{
	unsigned asked = 0;

	(void)state;
	meter_free(meter);
	assert_int_equal(meter_new(&(struct meter_config){ .flow = flow_limits_default,
	                                                   .pass = pass_all,
	                                                   .pass_ctx = &asked },
	                           classifier, &sink.memory.sink, &meter),
	                 NM_OK);
	one(BEGIN + 5 * S, 0);
	one(BEGIN + 4 * S, 0);
	meter_finish(meter);
	assert_int_equal(sink.memory.ledger[LEDGER_WORKER_FULL], 1);
	assert_int_equal(sink.memory.ledger[LEDGER_LATE], 1);
	assert_int_equal(sink.memory.first_minute, BEGIN / S);
	assert_int_equal(sink.memory.last_minute, BEGIN / S);
	/* and without a loss before it */
	one(BEGIN + 65 * S, 1);
	one(BEGIN + 64 * S, 1);
	meter_finish(meter);
	assert_int_equal(sink.memory.last_minute, BEGIN / S + 60);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_ledger_closes_over_any_traffic_and_limits),
		T(the_same_frames_give_the_same_records_in_batches_of_any_size),
		T(a_late_frame_is_named_and_counts_at_the_newest_time),
		T(a_frame_without_time_takes_that_of_the_one_before),
		T(a_step_of_time_is_not_late),
		T(what_is_not_metered_is_not_named_late),
		T(one_frame_of_each_n_of_a_link_is_looked_at),
		T(a_packet_of_impossible_size_is_scaled_within_bounds),
		T(what_a_meter_says_of_packets_that_it_passes_on_counts_in_their_minute),
	};

	return cmocka_run_group_tests_name("meter_ledger", tests, NULL, NULL);
}
