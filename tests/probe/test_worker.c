/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers: the rings between them, the sink that they share, and that nothing gets lost between threads. */
#define capture_live_run play_capture /* below */
#include "probe/worker.c" /* NOLINT(bugprone-suspicious-include): threads are played one after another */

#include "lib/err.h"
#include "probe/tag.h"
#include "probe/worker_ring.h"
#include "probe/worker_sink.h"
#include "tests/probe/memory_sink.h"

#include <pcap/dlt.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

/* --- rings ------------------------------------------------------------------------------------------------------- */

/* A packet whose fields and payload all follow from its number. */
static struct packet
packet_of(uint32_t n, uint8_t *payload)
{
	struct packet pkt = { .ts_ns = n, .sport = (uint16_t)n, .octets = n, .payload = payload };

	pkt.payload_len = n * 37 % 1500;
	pkt.payload_wire_len = pkt.payload_len + 1;
	memset(payload, (int)(n & 0xff), pkt.payload_len);
	return pkt;
}

static bool
is_packet(const struct meter_passed *p, uint32_t n)
{
	for (uint32_t i = 0; i < p->pkt.payload_len; i++)
		if (p->pkt.payload[i] != (uint8_t)n)
			return false;
	return p->pkt.ts_ns == n && p->pkt.octets == n && p->frame_octets == n + 2 &&
	       p->pkt.payload_len == n * 37 % 1500 && p->is_fragment == (n % 3 == 0);
}

static bool
push(struct ring *r, uint32_t n)
{
	uint8_t payload[1500];
	struct packet pkt = packet_of(n, payload);

	return ring_push(r, &pkt, n + 2, n % 3 == 0);
}

static void
packets_come_out_as_they_went_in(void **state)
{
	struct ring *r;
	struct meter_passed got[METER_BATCH];

	(void)state;
	assert_int_equal(ring_new(RING_SIZE_MIN, &r), NM_OK);
	for (uint32_t n = 0; n < 3; n++)
		assert_true(push(r, n));
	assert_int_equal(ring_take(r, got, METER_BATCH), 0); /* not shown yet */
	assert_true(ring_publish(r));
	assert_false(ring_publish(r));
	assert_false(ring_is_empty(r));
	assert_int_equal(ring_take(r, got, METER_BATCH), 3);
	for (uint32_t n = 0; n < 3; n++)
		assert_true(is_packet(&got[n], n));
	ring_release(r);
	assert_true(ring_is_empty(r));
	ring_free(r);
}

static void
a_full_ring_refuses_until_something_was_taken(void **state)
{
	struct ring *r;
	struct meter_passed got[METER_BATCH];
	uint32_t n = 0;

	(void)state;
	assert_int_equal(ring_new(RING_SIZE_MIN, &r), NM_OK);
	while (push(r, n))
		n++;
	assert_true(n > RING_SIZE_MIN / 2048);
	(void)ring_publish(r);
	assert_int_equal(ring_take(r, got, METER_BATCH), METER_BATCH);
	assert_false(push(r, n)); /* the payload of what was taken is still in use */
	ring_release(r);
	assert_true(push(r, n));
	ring_free(r);
}

static void
payload_beyond_what_travels_is_left_behind(void **state)
{
	static uint8_t payload[RING_PAYLOAD_MAX + 1];
	struct packet pkt = { .payload = payload,
		              .payload_len = sizeof(payload),
		              .payload_wire_len = 9000 };
	struct meter_passed got;
	struct ring *r;

	(void)state;
	assert_int_equal(ring_new(RING_SIZE_MIN, &r), NM_OK);
	assert_true(ring_push(r, &pkt, 9042, false));
	(void)ring_publish(r);
	assert_int_equal(ring_take(r, &got, 1), 1);
	assert_int_equal(got.pkt.payload_len, RING_PAYLOAD_MAX);
	assert_int_equal(got.pkt.payload_wire_len, 9000);
	ring_free(r);
}

#define PASSED 100000

static void *
push_all(void *ring)
{
	for (uint32_t n = 0; n < PASSED; n++) {
		while (!push(ring, n)) {
			(void)ring_publish(ring);
			(void)sched_yield();
		}
		if (n % 7 == 0)
			(void)ring_publish(ring);
	}
	(void)ring_publish(ring);
	return NULL;
}

static void
two_threads_pass_packets_in_order_and_whole(void **state)
{
	struct meter_passed got[METER_BATCH];
	pthread_t thread;
	struct ring *r;
	uint32_t next = 0;

	(void)state;
	assert_int_equal(ring_new(RING_SIZE_MIN, &r), NM_OK);
	assert_int_equal(pthread_create(&thread, NULL, push_all, r), 0);
	while (next < PASSED) {
		size_t n = ring_take(r, got, METER_BATCH);

		for (size_t i = 0; i < n; i++)
			assert_true(is_packet(&got[i], next++));
		ring_release(r);
		if (n == 0)
			(void)sched_yield();
	}
	(void)pthread_join(thread, NULL);
	ring_free(r);
}

/* --- sink -------------------------------------------------------------------------------------------------------- */

static void
a_stage_hands_over_when_it_is_full_and_at_its_tick(void **state)
{
	struct memory_sink real = { .sink.ops = &memory_ops };
	struct record record = { .packets = 1, .octets = 100 };
	struct sink *shared, *stage;

	(void)state;
	assert_int_equal(sink_shared_new(&real.sink, &shared), NM_OK);
	assert_int_equal(sink_stage_new(shared, &stage), NM_OK);
	for (unsigned i = 0; i < STAGE_RECORDS + 1; i++)
		stage->ops->record(stage, &record);
	assert_int_equal(real.records, STAGE_RECORDS);
	stage->ops->tick(stage);
	assert_int_equal(real.records, STAGE_RECORDS + 1);
	assert_int_equal(real.ticks, 0); /* that is for the main thread to say */
	shared->ops->tick(shared);
	assert_int_equal(real.ticks, 1);
	stage->ops->free(stage);
	shared->ops->free(shared);
}

/* --- workers ----------------------------------------------------------------------------------------------------- */

#define CONVERSATIONS 200
#define FRAMES        40000

struct team {
	struct memory_sink real;
	struct fanout fanout;
	struct tag_table *tags;
	struct classifier *classifier;
	struct sink *sink;
	struct workers *workers;
};

static void
make_team(struct team *t, unsigned n, bool reads_files)
{
	*t = (struct team){ .real.sink.ops = &memory_ops };
	assert_int_equal(fanout_init(&t->fanout, n), NM_OK);
	assert_int_equal(tag_new(1000, 1, &t->tags), NM_OK);
	const struct classify_limits limits = { .tags = t->tags };
	assert_int_equal(classify_new(&limits, &t->classifier), NM_OK);
	assert_int_equal(sink_shared_new(&t->real.sink, &t->sink), NM_OK);
	const struct workers_config config = {
		.fanout = &t->fanout,
		.meter.flow = flow_limits_default,
		.classify = limits,
		.classifier = t->classifier,
		.sink = t->sink,
		.reads_files = reads_files,
	};
	assert_int_equal(workers_new(&config, &t->workers), NM_OK);
}

static void
start_team(struct team *t, unsigned n)
{
	make_team(t, n, true);
	assert_int_equal(workers_start(t->workers), NM_OK);
}

static void
end_team(struct team *t)
{
	workers_free(t->workers);
	t->sink->ops->free(t->sink);
	classify_free(t->classifier);
	tag_free(t->tags);
}

/* Ethernet, IPv4, UDP with 8 octets of payload between 10.0.0.0 port 1000 and 10.0.1.0 port `n`; every hundredth is ARP. */
static void
read_frame(struct team *t, uint32_t i)
{
	const struct decode_link *ethernet = decode_link_find(DLT_EN10MB);
	uint8_t n = (uint8_t)(i % CONVERSATIONS);
	uint8_t back = (uint8_t)(i / CONVERSATIONS % 2);
	uint8_t b[60] = { [12] = 0x08,
		          [13] = i % 100 == 0 ? 6 : 0,
		          [14] = 0x45,
		          [17] = 36,
		          [23] = 17,
		          [26] = 10,
		          [28] = back,
		          [30] = 10,
		          [32] = !back,
		          [34] = back ? 0 : 3,
		          [35] = back ? n : 0xe8,
		          [36] = back ? 3 : 0,
		          [37] = back ? 0xe8 : n,
		          [39] = 16 };
	const struct frame_bytes f = {
		.ts_ns = 1700000000 * S + i * 100000, .bytes = b, .len = 60, .wire_len = 60
	};

	meter_frame(workers_meter(t->workers), ethernet, &f);
}

static void
all_that_is_read_is_metered_by_some_worker(void **state)
{
	for (unsigned n = 1; n <= 5; n += 2) {
		struct team t;
		struct meter_count counts[LEDGER_CAUSE_MAX];
		struct flow_stats stats;

		(void)state;
		start_team(&t, n);
		for (uint32_t i = 0; i < FRAMES; i++)
			read_frame(&t, i);
		workers_finish(t.workers);
		workers_get_counts(t.workers, 0, counts);
		workers_get_stats(t.workers, &stats);
		assert_int_equal(counts[LEDGER_SEEN].packets, FRAMES);
		assert_int_equal(counts[LEDGER_METERED].packets, FRAMES - FRAMES / 100);
		assert_int_equal(counts[LEDGER_NOT_IP].packets, FRAMES / 100);
		assert_int_equal(t.real.packets, counts[LEDGER_METERED].packets);
		assert_int_equal(t.real.octets, counts[LEDGER_METERED].octets);
		assert_int_equal(t.real.records, stats.records);
		/* none was torn in two, and two of them are ARP throughout */
		assert_int_equal(t.real.records, 2 * (CONVERSATIONS - 2));
		for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++)
			assert_int_equal(t.real.ledger[cause], counts[cause].packets);
		end_team(&t);
	}
}

static void
a_pause_sees_what_was_metered_before(void **state)
{
	struct team t;

	(void)state;
	start_team(&t, 3);
	for (uint32_t i = 0; i < FRAMES; i++) {
		read_frame(&t, i);
		if (i % (FRAMES / 10) == 0) {
			struct meter_count counts[LEDGER_CAUSE_MAX];

			workers_flush(t.workers);
			workers_pause(t.workers);
			workers_get_counts(t.workers, 0, counts);
			workers_follow(t.workers);
			workers_resume(t.workers);
			assert_true(counts[LEDGER_SEEN].packets <= i + 1);
			assert_int_equal(counts[LEDGER_SEEN].packets,
			                 counts[LEDGER_METERED].packets +
			                     counts[LEDGER_NOT_IP].packets);
		}
	}
	workers_finish(t.workers);
	assert_int_equal(t.real.packets, FRAMES - FRAMES / 100);
	end_team(&t);
}

/* Two live workers without their threads. */
static void
a_packet_that_finds_the_queue_full_is_lost_under_its_own_name(void **state)
{
	static uint8_t payload[1000];
	struct packet pkt = { .octets = 1028, .payload = payload, .payload_len = sizeof(payload) };
	struct meter_count counts[LEDGER_CAUSE_MAX];
	uint64_t offered = 0;
	struct team t;

	(void)state;
	make_team(&t, 2, false);
	struct worker *first = &t.workers->worker[0], *second = &t.workers->worker[1];
	pkt.protocol = 17;
	while (fanout_owner(&t.fanout, &pkt, false) == 0)
		pkt.sport++;
	do {
		assert_true(pass_live(first, &pkt, 1042, false));
		offered++;
		workers_get_counts(t.workers, 0, counts);
	} while (counts[LEDGER_WORKER_FULL].packets < 10);
	assert_int_equal(counts[LEDGER_SEEN].packets, 10);
	assert_int_equal(counts[LEDGER_SEEN].octets, 10420);
	publish(t.workers, 0);
	while (take_from_others(second) > 0)
		;
	workers_get_counts(t.workers, 0, counts);
	assert_int_equal(counts[LEDGER_SEEN].packets, offered);
	assert_int_equal(counts[LEDGER_METERED].packets, offered - 10);
	assert_int_equal(workers_passed(t.workers), offered - 10);
	end_team(&t);
}

static void
a_packet_of_an_own_flow_is_not_passed_on(void **state)
{
	struct packet pkt = { .protocol = 17 };
	struct team t;

	(void)state;
	make_team(&t, 2, false);
	while (fanout_owner(&t.fanout, &pkt, false) == 1)
		pkt.sport++;
	assert_false(pass_live(&t.workers->worker[0], &pkt, 60, false));
	assert_true(pass_live(&t.workers->worker[1], &pkt, 60, false));
	end_team(&t);
}

static void
who_is_about_to_sleep_is_woken_by_what_is_passed_on(void **state)
{
	struct packet pkt = { .protocol = 17 };
	struct team t;

	(void)state;
	make_team(&t, 2, false);
	struct worker *first = &t.workers->worker[0], *second = &t.workers->worker[1];
	struct pollfd wake_up = { .fd = second->wake_fd, .events = POLLIN };
	while (fanout_owner(&t.fanout, &pkt, false) == 0)
		pkt.sport++;
	assert_true(may_sleep(second));
	assert_int_equal(poll(&wake_up, 1, 0), 0);
	(void)pass_live(first, &pkt, 60, false);
	(void)between(first);
	assert_int_equal(poll(&wake_up, 1, 0), 1);
	assert_false(may_sleep(second));
	(void)between(second); /* takes it, and is awake */
	assert_int_equal(poll(&wake_up, 1, 0), 0);
	assert_true(may_sleep(second));
	end_team(&t);
}

/* The first worker fails at once, the second one goes on until after the main thread wants to look. */
int
play_capture(struct capture_live *live, unsigned worker, const struct capture_config *config)
{
	const struct worker *me = config->ctx;

	(void)live;
	if (worker == 0)
		return -ENODEV;
	while (!atomic_load(&me->all->pause))
		(void)sched_yield();
	while (config->between(config->ctx))
		;
	return NM_OK;
}

/* As a signal does that asks for the ledger. */
static bool
look_once(void *ctx)
{
	struct team *t = ctx;

	while (!atomic_load(&t->workers->stop))
		(void)sched_yield();
	workers_pause(t->workers);
	workers_resume(t->workers);
	return true;
}

static void
a_pause_does_not_wait_for_a_worker_that_failed(void **state)
{
	struct team t;
	struct capture_config capture = { .between = look_once, .ctx = &t };

	(void)state;
	make_team(&t, 2, false);
	(void)alarm(60);
	assert_int_equal(workers_run(t.workers, NULL, &capture), -ENODEV);
	(void)alarm(0);
	end_team(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_out_as_they_went_in),
		cmocka_unit_test(a_full_ring_refuses_until_something_was_taken),
		cmocka_unit_test(payload_beyond_what_travels_is_left_behind),
		cmocka_unit_test(two_threads_pass_packets_in_order_and_whole),
		cmocka_unit_test(a_stage_hands_over_when_it_is_full_and_at_its_tick),
		cmocka_unit_test(all_that_is_read_is_metered_by_some_worker),
		cmocka_unit_test(a_packet_that_finds_the_queue_full_is_lost_under_its_own_name),
		cmocka_unit_test(a_packet_of_an_own_flow_is_not_passed_on),
		cmocka_unit_test(who_is_about_to_sleep_is_woken_by_what_is_passed_on),
		cmocka_unit_test(a_pause_sees_what_was_metered_before),
		cmocka_unit_test(a_pause_does_not_wait_for_a_worker_that_failed),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
