/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which modules are asked about a packet, and what that costs. */
#include "probe/dispatch.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum nm_result
say_no(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)pkt;
	(void)call;
	(void)verdict;
	return NM_NO;
}

/* A module of one match. */
struct fake {
	struct nm_app app;
	char app_name[16];
	char name[16];
	struct nm_match match;
	struct nm_module module;
};

static void
fake_init(struct fake *f, unsigned n, struct nm_match match)
{
	(void)snprintf(f->name, sizeof(f->name), "m%u", n);
	(void)snprintf(f->app_name, sizeof(f->app_name), "App %u", n);
	f->app = (struct nm_app){ (uint16_t)(1000 + n), f->app_name, "Test", 0, 0 };
	f->match = match;
	f->module = (struct nm_module){
		.abi_version = NM_ABI_VERSION,
		.size = sizeof(struct nm_module),
		.name = f->name,
		.summary = "test",
		.n_apps = 1,
		.n_matches = 1,
		.apps = &f->app,
		.matches = &f->match,
		.classify = say_no,
	};
}

/* The dispatch of up to 200 modules with these matches. */
static struct dispatch *
dispatch_of(const struct nm_match *matches, size_t n)
{
	static struct fake fakes[200];
	const struct nm_module *modules[200];
	struct modset *set;
	struct dispatch *d;

	assert_true(n <= 200);
	for (unsigned i = 0; i < n; i++) {
		fake_init(&fakes[i], i, matches[i]);
		modules[i] = &fakes[i].module;
	}
	assert_int_equal(modhost_adopt(modules, n, &set), NM_OK);
	assert_int_equal(modset_count(set), n);
	assert_int_equal(dispatch_new(set, &d), NM_OK);
	modhost_close(set);
	return d;
}

static struct nm_packet
packet_of(const char *payload, uint16_t dport)
{
	return (struct nm_packet){
		.payload = (const uint8_t *)payload,
		.len = (uint32_t)strlen(payload),
		.sport = 40000,
		.dport = dport,
		.transport = NM_TCP,
		.direction = NM_FROM_CLIENT,
		.nth = 1,
	};
}

/* Which of the first 64 modules are asked about a packet. */
static uint64_t
ask(const struct dispatch *d, const struct nm_packet *pkt, const uint64_t refused[2])
{
	struct dispatch_set modules;

	dispatch_ask(d, pkt, refused, &modules);
	return modules.bits[0];
}

/* Is the module asked about a packet when only this match exists? */
static unsigned
asked(struct nm_match match, const struct nm_packet *pkt)
{
	struct dispatch *d = dispatch_of(&match, 1);
	static const uint64_t refused[2];
	uint64_t modules = ask(d, pkt, refused);

	dispatch_free(d);
	return (unsigned)modules;
}

static void
every_condition_of_a_match_has_to_hold(void **state)
{
	const struct nm_packet pkt = packet_of("hello", 7777);
	struct nm_packet from_server = pkt;
	struct nm_packet udp = pkt;
	struct nm_packet short_one = packet_of("hell", 7777);
	const struct nm_match match = { .transport = NM_TCP,
		                        .direction = NM_FROM_CLIENT,
		                        .port = 7777,
		                        .min_len = 5,
		                        .offset = 1,
		                        .len = 3,
		                        .pattern = "ell" };
	struct nm_match other_port = match;
	struct nm_match other_pattern = match;

	(void)state;
	from_server.direction = NM_FROM_SERVER;
	udp.transport = NM_UDP;
	other_port.port = 7778;
	other_pattern.pattern[2] = 'm';
	assert_int_equal(asked(match, &pkt), 1);
	assert_int_equal(asked(match, &from_server), 0);
	assert_int_equal(asked(match, &udp), 0);
	assert_int_equal(asked(match, &short_one), 0);
	assert_int_equal(asked(other_port, &pkt), 0);
	assert_int_equal(asked(other_pattern, &pkt), 0);
}

static void
a_port_matches_on_either_side(void **state)
{
	struct nm_packet pkt = packet_of("x", 50000);
	const struct nm_match match = { .transport = NM_TCP, .port = 7777 };

	(void)state;
	pkt.sport = 7777;
	assert_int_equal(asked(match, &pkt), 1);
	pkt.dport = 7777;
	assert_int_equal(asked(match, &pkt), 1);
}

static void
a_mask_says_which_bits_count(void **state)
{
	const struct nm_packet rtp = packet_of("\xb5zz", 4000);
	const struct nm_packet stun = packet_of("\x35zz", 4000);
	const struct nm_match match = {
		.transport = NM_TCP, .len = 1, .pattern = { 0x80 }, .mask = { 0xc0 }
	};

	(void)state;
	assert_int_equal(asked(match, &rtp), 1);
	assert_int_equal(asked(match, &stun), 0);
}

static void
a_pattern_that_the_payload_ends_in_does_not_match(void **state)
{
	const struct nm_match match = {
		.transport = NM_TCP, .offset = 2, .len = 8, .pattern = "cdefghij"
	};
	const struct nm_packet whole = packet_of("abcdefghij", 1);
	const struct nm_packet cut = packet_of("abcdefghi", 1);

	(void)state;
	assert_int_equal(asked(match, &whole), 1);
	assert_int_equal(asked(match, &cut), 0);
}

static void
a_module_is_asked_once_and_not_after_it_refused_or_ran_out_of_packets(void **state)
{
	const struct nm_match matches[] = { { .transport = NM_TCP, .port = 7777 },
		                            { .transport = NM_TCP, .len = 1, .pattern = "h" } };
	struct dispatch *d = dispatch_of(matches, 2);
	struct nm_packet pkt = packet_of("hello", 7777);
	uint64_t refused[2] = { 0, 0 };

	(void)state;
	assert_int_equal(ask(d, &pkt, refused), 3);
	refused[0] = 1;
	assert_int_equal(ask(d, &pkt, refused), 2);
	pkt.nth = DISPATCH_BUDGET + 1;
	assert_int_equal(ask(d, &pkt, refused), 0);
	assert_int_equal(dispatch_budget(d, NM_TCP), DISPATCH_BUDGET);
	assert_int_equal(dispatch_budget(d, NM_UDP), 0);
	dispatch_free(d);
}

/* 200 modules with ports and patterns of their own: a packet meets those of its first octet and port. */
static void
a_packet_meets_few_matches_however_many_modules_there_are(void **state)
{
	struct nm_match matches[200];
	const struct nm_packet pkt = packet_of("hello", 7777);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		matches[i] = (struct nm_match){ .transport = NM_TCP };
		if (i % 2 == 0) {
			matches[i].port = (uint16_t)(7700 + i);
		} else {
			matches[i].len = 2;
			matches[i].pattern[0] = (uint8_t)i;
		}
	}
	struct dispatch *few = dispatch_of(matches, 10);
	struct dispatch *many = dispatch_of(matches, 200);
	assert_true(dispatch_cost(few, &pkt) <= 2);
	assert_true(dispatch_cost(many, &pkt) <= 2);
	dispatch_free(few);
	dispatch_free(many);
}

/* The last of 200 modules is found like the first, and a refusal is only remembered of the first 128. */
static void
modules_of_every_number_are_asked(void **state)
{
	struct nm_match matches[200];
	const struct nm_packet pkt = packet_of("hello", 7777);
	const uint64_t refused[2] = { UINT64_MAX, UINT64_MAX };
	struct dispatch_set modules;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		matches[i] = (struct nm_match){ .transport = NM_TCP, .len = 1, .pattern = "h" };
	struct dispatch *d = dispatch_of(matches, 200);
	dispatch_ask(d, &pkt, refused, &modules);
	assert_true(modules.bits[0] == 0 && modules.bits[1] == 0);
	assert_true(modules.bits[2] == UINT64_MAX && modules.bits[3] == 0xff);
	dispatch_free(d);
}

/* Octets that leave the same rules share them: what is asked must not depend on which came first. */
static void
each_octet_meets_the_rules_that_it_can_begin(void **state)
{
	struct nm_match matches[64];
	static const uint64_t refused[2];

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		matches[i] = (struct nm_match){ .transport = NM_TCP,
			                        .len = 1,
			                        .pattern = { (uint8_t)(i * 37) },
			                        .mask = { (uint8_t)(0xff << i % 5) } };
	struct dispatch *d = dispatch_of(matches, 64);
	for (unsigned octet = 1; octet < 256; octet++) {
		const char payload[2] = { (char)octet, '\0' };
		const struct nm_packet pkt = packet_of(payload, 1);
		uint64_t expected = 0;

		for (unsigned i = 0; i < 64; i++)
			if ((octet & matches[i].mask[0]) ==
			    (matches[i].pattern[0] & matches[i].mask[0]))
				expected |= UINT64_C(1) << i;
		assert_true(ask(d, &pkt, refused) == expected);
	}
	dispatch_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_condition_of_a_match_has_to_hold),
		cmocka_unit_test(a_port_matches_on_either_side),
		cmocka_unit_test(a_mask_says_which_bits_count),
		cmocka_unit_test(a_pattern_that_the_payload_ends_in_does_not_match),
		cmocka_unit_test(
		    a_module_is_asked_once_and_not_after_it_refused_or_ran_out_of_packets),
		cmocka_unit_test(a_packet_meets_few_matches_however_many_modules_there_are),
		cmocka_unit_test(modules_of_every_number_are_asked),
		cmocka_unit_test(each_octet_meets_the_rules_that_it_can_begin),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
