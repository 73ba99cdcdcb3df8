/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hosts that behave like peers, and those that look like them and must not be taken for some. */
#include "probe/behaviour.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW UINT32_C(1700000000)
#define TCP 6
#define UDP 17

static struct behaviour *b;

static int
begin(void **state)
{
	(void)state;
	return behaviour_new(BEHAVIOUR_HOSTS_MAX, 1, &b);
}

static int
end(void **state)
{
	(void)state;
	behaviour_free(b);
	return 0;
}

/* The host that all is about, and others: 0 is it. */
static struct addr
host(unsigned n)
{
	const uint8_t octets[4] = { (uint8_t)(n ? 80 + n % 100 : 10), (uint8_t)(n >> 16),
		                    (uint8_t)(n >> 8), (uint8_t)n };

	return addr_from_v4(octets);
}

/* `client` talked with `server` on that port, at a time in seconds behind NOW. */
static void
talk(unsigned client, unsigned server, uint8_t protocol, unsigned port, unsigned at_s,
     enum behaviour_kind kind)
{
	struct packet pkt = {
		.ts_ns = (NOW + at_s) * UINT64_C(1000000000),
		.saddr = host(client),
		.daddr = host(server),
		.sport = (uint16_t)(40000 + (client * 7 + server) % 20000),
		.dport = (uint16_t)port,
		.protocol = protocol,
	};

	behaviour_seen(b, &pkt, true, kind);
}

static enum behaviour_kind
guess(unsigned from, unsigned to, uint8_t protocol, unsigned sport, unsigned dport, unsigned at_s)
{
	struct record r = {
		.saddr = host(from),
		.daddr = host(to),
		.sport = (uint16_t)sport,
		.dport = (uint16_t)dport,
		.protocol = protocol,
		.expires = NOW + at_s,
	};

	return behaviour_guess(b, &r);
}

/* What is guessed of the host's next conversation with somebody that nobody knows. */
static enum behaviour_kind
guess_of_host(void)
{
	enum behaviour_kind there = guess(0, 60000, TCP, 45678, 23456, 60);

	assert_int_equal(guess(60000, 0, UDP, 23456, 45678, 60), there);
	return there;
}

/* `n` others each over TCP and over UDP, to as many ports. */
static void
live_as_peer(unsigned n, unsigned at_s)
{
	for (unsigned i = 0; i < n; i++) {
		talk(0, 1 + i, TCP, 20000 + i * 37, at_s, BEHAVIOUR_UNKNOWN);
		talk(0, 1001 + i, UDP, 30000 + i * 41, at_s, BEHAVIOUR_UNKNOWN);
	}
}

static void
many_others_on_high_ports_over_tcp_and_udp_are_peers(void **state)
{
	(void)state;
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
	live_as_peer(BEHAVIOUR_MANY, 0);
	assert_int_equal(guess_of_host(), BEHAVIOUR_PEERS);
}

static void
a_few_others_are_not_enough(void **state)
{
	(void)state;
	live_as_peer(BEHAVIOUR_MANY / 2 - 1, 0);
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
one_transport_is_not_enough(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		talk(0, 1 + i, UDP, 20000 + i * 37, 0, BEHAVIOUR_UNKNOWN);
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_host_that_is_known_for_bittorrent_has_more_of_it(void **state)
{
	(void)state;
	talk(0, 1, TCP, 51413, 0, BEHAVIOUR_BITTORRENT);
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN); /* one conversation tells nothing */
	for (unsigned i = 0; i < BEHAVIOUR_FEW + 2; i++)
		talk(0, 2 + i, TCP, 20000 + i * 37, 1, BEHAVIOUR_UNKNOWN);
	assert_int_equal(guess_of_host(), BEHAVIOUR_BITTORRENT);
	/* and it is the better guess of the two */
	live_as_peer(BEHAVIOUR_MANY, 2);
	assert_int_equal(guess_of_host(), BEHAVIOUR_BITTORRENT);
}

static void
what_is_known_for_bittorrent_is_so_for_ten_minutes(void **state)
{
	(void)state;
	talk(0, 1, TCP, 51413, 0, BEHAVIOUR_BITTORRENT);
	for (unsigned at_s = 60; at_s < BEHAVIOUR_BITTORRENT_S; at_s += 60)
		live_as_peer(BEHAVIOUR_FEW + 2, at_s);
	assert_int_equal(guess(0, 60000, TCP, 45678, 23456, BEHAVIOUR_BITTORRENT_S - 1),
	                 BEHAVIOUR_BITTORRENT);
	assert_int_equal(guess(0, 60000, TCP, 45678, 23456, BEHAVIOUR_BITTORRENT_S),
	                 BEHAVIOUR_UNKNOWN);
}

static void
ports_that_servers_are_known_for_are_never_peers(void **state)
{
	static const uint16_t ports[] = { 22, 53, 80, 443, 993, 1023, 1194, 3478, 8080, 27015 };

	(void)state;
	live_as_peer(100, 0);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		assert_int_equal(guess(0, 60000, TCP, 45678, ports[i], 1), BEHAVIOUR_UNKNOWN);
		assert_int_equal(guess(60000, 0, UDP, ports[i], 45678, 1), BEHAVIOUR_UNKNOWN);
	}
	assert_int_equal(guess(0, 60000, 132, 45678, 23456, 1), BEHAVIOUR_UNKNOWN); /* SCTP */
	assert_int_equal(guess(0, 60000, 1, 0, 0, 1), BEHAVIOUR_UNKNOWN);
}

static void
two_hosts_that_nobody_suspects_are_no_peers(void **state)
{
	(void)state;
	live_as_peer(100, 0);
	assert_int_equal(guess(50000, 60000, TCP, 45678, 23456, 1), BEHAVIOUR_UNKNOWN);
	assert_int_equal(guess(1, 1001, TCP, 45678, 23456, 1), BEHAVIOUR_UNKNOWN);
}

static void
a_resolver_is_no_peer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		talk(1 + i, 0, UDP, 53, 0, i % 2 ? BEHAVIOUR_OTHER : BEHAVIOUR_UNKNOWN);
		talk(0, 1001 + i, UDP, 53, 0, BEHAVIOUR_OTHER);
		talk(0, 1001 + i, TCP, 53, 0, BEHAVIOUR_UNKNOWN);
	}
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_web_server_with_many_clients_is_no_peer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		talk(1 + i, 0, TCP, 443, 0, BEHAVIOUR_OTHER);
		talk(1 + i, 0, UDP, 443, 0, BEHAVIOUR_OTHER);
		talk(1 + i, 0, TCP, 7777, 0, BEHAVIOUR_UNKNOWN); /* on a port of its own, too */
		talk(1 + i, 0, UDP, 7777, 0, BEHAVIOUR_UNKNOWN);
	}
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_game_server_is_no_peer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		talk(1 + i, 0, UDP, 7778, 0, BEHAVIOUR_UNKNOWN);
		talk(1 + i, 0, TCP, 7779, 0, BEHAVIOUR_UNKNOWN);
	}
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_player_of_games_is_no_peer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++) { /* many servers, on the game's few ports */
		talk(0, 1 + i, UDP, 7777 + i % 2, 0, BEHAVIOUR_UNKNOWN);
		talk(0, 1 + i, TCP, 7780, 0, BEHAVIOUR_UNKNOWN);
	}
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_mail_server_is_no_peer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		talk(0, 1 + i, TCP, 25, 0, BEHAVIOUR_OTHER);
		talk(1001 + i, 0, TCP, 25, 0, BEHAVIOUR_UNKNOWN);
		talk(0, 2001, UDP, 53, 0, BEHAVIOUR_OTHER);
	}
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_gateway_is_no_peer_even_with_some_behind_it(void **state)
{
	(void)state;
	live_as_peer(30, 0);
	assert_int_equal(guess_of_host(), BEHAVIOUR_PEERS);
	for (unsigned i = 0; i < 400; i++)
		talk(0, 3001 + i, i % 2 ? TCP : UDP, 443, 1, BEHAVIOUR_OTHER);
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_peer_that_also_reads_pages_is_still_one(void **state)
{
	(void)state;
	live_as_peer(100, 0);
	for (unsigned i = 0; i < 40; i++)
		talk(0, 3001 + i, TCP, 443, 1, BEHAVIOUR_OTHER);
	assert_int_equal(guess_of_host(), BEHAVIOUR_PEERS);
}

static void
what_has_a_name_costs_no_place(void **state)
{
	(void)state;
	live_as_peer(BEHAVIOUR_MANY, 0);
	for (unsigned i = 0; i < 20 * BEHAVIOUR_HOSTS_MAX; i++)
		for (unsigned j = 0; j < 3; j++)
			talk(100000 + 2 * i, 100001 + 2 * i + j, TCP, 443, 1, BEHAVIOUR_OTHER);
	assert_int_equal(guess_of_host(), BEHAVIOUR_PEERS);
}

static void
what_is_old_falls_away(void **state)
{
	(void)state;
	live_as_peer(BEHAVIOUR_MANY, 0);
	assert_int_equal(guess(0, 60000, TCP, 45678, 23456, BEHAVIOUR_WINDOW_S), BEHAVIOUR_PEERS);
	assert_int_equal(guess(0, 60000, TCP, 45678, 23456, 2 * BEHAVIOUR_WINDOW_S),
	                 BEHAVIOUR_UNKNOWN);
	/* one generation is still there while the next one fills */
	talk(0, 1, TCP, 20000, BEHAVIOUR_WINDOW_S, BEHAVIOUR_UNKNOWN);
	assert_int_equal(guess(0, 60000, TCP, 45678, 23456, 2 * BEHAVIOUR_WINDOW_S - 1),
	                 BEHAVIOUR_PEERS);
	talk(0, 1, TCP, 20000, 2 * BEHAVIOUR_WINDOW_S, BEHAVIOUR_UNKNOWN);
	assert_int_equal(guess(0, 60000, TCP, 45678, 23456, 2 * BEHAVIOUR_WINDOW_S),
	                 BEHAVIOUR_UNKNOWN);
}

static void
a_clock_that_steps_forgets_and_goes_on(void **state)
{
	struct packet pkt = { .ts_ns = UINT64_C(1000000000),
		              .saddr = host(0),
		              .daddr = host(1),
		              .sport = 40000,
		              .dport = 50000,
		              .protocol = TCP };

	(void)state;
	live_as_peer(BEHAVIOUR_MANY, 0);
	live_as_peer(1, UINT32_MAX - NOW);                /* far ahead */
	behaviour_seen(b, &pkt, true, BEHAVIOUR_UNKNOWN); /* and back */
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
	live_as_peer(BEHAVIOUR_MANY, 0);
	assert_int_equal(guess_of_host(), BEHAVIOUR_PEERS);
}

static void
other_protocols_do_not_count(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		talk(0, 1 + i, 132, 20000 + i * 37, 0, BEHAVIOUR_UNKNOWN);
	live_as_peer(2, 0);
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

static void
a_flood_of_others_does_not_push_a_peer_out(void **state)
{
	(void)state;
	live_as_peer(BEHAVIOUR_MANY, 0);
	for (unsigned i = 0; i < 20 * BEHAVIOUR_HOSTS_MAX; i++)
		talk(100000 + 2 * i, 100001 + 2 * i, TCP, 50000, 1, BEHAVIOUR_UNKNOWN);
	assert_int_equal(guess_of_host(), BEHAVIOUR_PEERS);
}

static void
a_host_that_talks_with_itself_harms_nobody(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		talk(0, 0, i % 2 ? TCP : UDP, 20000 + i * 37, 0, BEHAVIOUR_UNKNOWN);
	assert_int_equal(guess_of_host(), BEHAVIOUR_UNKNOWN);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(many_others_on_high_ports_over_tcp_and_udp_are_peers),
		TEST(a_few_others_are_not_enough),
		TEST(one_transport_is_not_enough),
		TEST(a_host_that_is_known_for_bittorrent_has_more_of_it),
		TEST(what_is_known_for_bittorrent_is_so_for_ten_minutes),
		TEST(ports_that_servers_are_known_for_are_never_peers),
		TEST(two_hosts_that_nobody_suspects_are_no_peers),
		TEST(a_resolver_is_no_peer),
		TEST(a_web_server_with_many_clients_is_no_peer),
		TEST(a_game_server_is_no_peer),
		TEST(a_player_of_games_is_no_peer),
		TEST(a_mail_server_is_no_peer),
		TEST(a_gateway_is_no_peer_even_with_some_behind_it),
		TEST(a_peer_that_also_reads_pages_is_still_one),
		TEST(what_has_a_name_costs_no_place),
		TEST(what_is_old_falls_away),
		TEST(a_clock_that_steps_forgets_and_goes_on),
		TEST(other_protocols_do_not_count),
		TEST(a_flood_of_others_does_not_push_a_peer_out),
		TEST(a_host_that_talks_with_itself_harms_nobody),
	};

	return cmocka_run_group_tests_name("behaviour", tests, NULL, NULL);
}
