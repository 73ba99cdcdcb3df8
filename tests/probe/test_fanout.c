/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which worker a flow belongs to. That the kernel says the same is for tests/e2e/test_workers.py. */
#include "probe/fanout.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FLOWS   10000
#define WORKERS 4

static struct fanout fanout;

static int
setup(void **state)
{
	(void)state;
	return fanout_init(&fanout, WORKERS);
}

/* An IPv4 packet of a numbered flow. */
static struct packet
packet_of(uint32_t n)
{
	struct packet pkt = { .sport = (uint16_t)(1024 + n % 50000), .dport = 443, .protocol = 6 };
	uint32_t client = n * 7 + 1;

	pkt.saddr.b[10] = pkt.saddr.b[11] = pkt.daddr.b[10] = pkt.daddr.b[11] = 0xff;
	memcpy(pkt.saddr.b + 12, &client, sizeof(client));
	pkt.daddr.b[12] = 192;
	pkt.daddr.b[15] = (uint8_t)(n % 100);
	return pkt;
}

static struct packet
reverse(const struct packet *pkt)
{
	struct packet r = *pkt;

	r.saddr = pkt->daddr;
	r.daddr = pkt->saddr;
	r.sport = pkt->dport;
	r.dport = pkt->sport;
	return r;
}

static void
both_directions_of_a_flow_have_one_owner(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < FLOWS; n++) {
		struct packet pkt = packet_of(n);
		struct packet back = reverse(&pkt);

		assert_int_equal(fanout_owner(&fanout, &pkt, false),
		                 fanout_owner(&fanout, &back, false));
		assert_int_equal(fanout_owner(&fanout, &pkt, true),
		                 fanout_owner(&fanout, &back, true));
	}
}

static void
fragments_of_a_datagram_have_one_owner_whatever_ports_are_known(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < FLOWS; n++) {
		struct packet first = packet_of(n);
		struct packet later = first;

		later.sport = later.dport = 0;
		assert_int_equal(fanout_owner(&fanout, &first, true),
		                 fanout_owner(&fanout, &later, true));
		/* and who finds no ports keeps it */
		assert_int_equal(fanout_owner(&fanout, &later, true),
		                 fanout_owner(&fanout, &later, false));
	}
}

static void
flows_are_spread_evenly(void **state)
{
	unsigned own[WORKERS] = { 0 };

	(void)state;
	for (uint32_t n = 0; n < FLOWS; n++) {
		struct packet pkt = packet_of(n);

		own[fanout_owner(&fanout, &pkt, false)]++;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_in_range(own[i], FLOWS / WORKERS * 9 / 10, FLOWS / WORKERS * 11 / 10);
}

/* Ports that differ by the same bits cancel out in a plain exclusive or. */
static void
flows_between_two_hosts_are_spread_too(void **state)
{
	unsigned own[WORKERS] = { 0 };

	(void)state;
	for (uint32_t n = 0; n < FLOWS; n++) {
		struct packet pkt = packet_of(1);

		pkt.sport = (uint16_t)(n + 1000);
		pkt.dport = (uint16_t)((n + 1000) ^ 0x0101);
		own[fanout_owner(&fanout, &pkt, false)]++;
	}
	for (unsigned i = 0; i < WORKERS; i++)
		assert_in_range(own[i], FLOWS / WORKERS * 8 / 10, FLOWS / WORKERS * 12 / 10);
}

static void
owners_follow_from_a_secret(void **state)
{
	struct fanout other;
	unsigned same = 0;

	(void)state;
	assert_int_equal(fanout_init(&other, WORKERS), NM_OK);
	for (uint32_t n = 0; n < FLOWS; n++) {
		struct packet pkt = packet_of(n);

		same += fanout_owner(&fanout, &pkt, false) == fanout_owner(&other, &pkt, false);
	}
	assert_in_range(same, FLOWS / WORKERS * 8 / 10, FLOWS / WORKERS * 12 / 10);
}

static void
one_worker_owns_everything(void **state)
{
	struct fanout one;
	struct packet pkt = packet_of(1);

	(void)state;
	assert_int_equal(fanout_init(&one, 1), NM_OK);
	assert_int_equal(fanout_owner(&one, &pkt, false), 0);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		CASE(both_directions_of_a_flow_have_one_owner),
		CASE(fragments_of_a_datagram_have_one_owner_whatever_ports_are_known),
		CASE(flows_are_spread_evenly),
		CASE(flows_between_two_hosts_are_spread_too),
		CASE(owners_follow_from_a_secret),
		CASE(one_worker_owns_everything),
	};

	return cmocka_run_group_tests_name("fanout", tests, NULL, NULL);
}
