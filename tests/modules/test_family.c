/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Modules of several protocols, and the tags of servers. */
#include <netmon/family.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t client_addr[16] = { 1 };
static const uint8_t server_addr[16] = { 2 };

/* Keeps the last tag; `call` is its first member. */
struct learned {
	struct nm_call call;
	struct nm_tag tag;
	unsigned n;
};

static void
learn(struct nm_call *call, const struct nm_tag *tag)
{
	struct learned *learned = (struct learned *)call;

	learned->tag = *tag;
	learned->n++;
}

static struct nm_packet
packet_of(enum nm_direction direction, const char *payload)
{
	bool client = direction == NM_FROM_CLIENT;

	return (struct nm_packet){
		.payload = (const uint8_t *)payload,
		.len = (uint32_t)strlen(payload),
		.wire_len = (uint32_t)strlen(payload),
		.saddr = client ? client_addr : server_addr,
		.daddr = client ? server_addr : client_addr,
		.sport = client ? 40000 : 25,
		.dport = client ? 25 : 40000,
		.transport = NM_TCP,
		.direction = direction,
	};
}

/* The payload's first digit times ten. */
static uint8_t
rate_digit(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return (uint8_t)(10 * (wire_u8(&w) - '0'));
}

static uint8_t
rate_weak(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	(void)w;
	return 20;
}

static uint8_t
rate_proof(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	(void)w;
	return NM_CONF_PROOF;
}

static const struct nm_family_row rows[] = {
	{ NM_TCP, 1, rate_digit },
	{ NM_TCP, 2, rate_weak },
	{ NM_UDP, 3, rate_proof },
};

static struct nm_verdict
verdict_on(const char *payload)
{
	struct nm_packet pkt = packet_of(NM_FROM_CLIENT, payload);
	struct nm_verdict verdict = { 0 };

	(void)nm_family_rate(rows, sizeof(rows) / sizeof(rows[0]), &pkt, &verdict);
	return verdict;
}

static void
the_surest_protocol_of_the_transport_is_taken_and_of_equals_the_first(void **state)
{
	(void)state;
	assert_int_equal(verdict_on("9").app, 1);
	assert_int_equal(verdict_on("9").confidence, 90);
	assert_int_equal(verdict_on("9").evidence, NM_EV_SIGNATURE);
	assert_int_equal(verdict_on("1").app, 2);
	assert_int_equal(verdict_on("2").app, 1);
}

static void
a_message_of_none_is_asked_about_again(void **state)
{
	struct learned learned = { .call.tag = learn };
	struct nm_packet pkt = packet_of(NM_FROM_CLIENT, "0");
	struct nm_verdict verdict = { 0 };

	(void)state;
	assert_int_equal(nm_family_classify(rows, 1, &pkt, &learned.call, &verdict), NM_MORE);
	assert_int_equal(verdict.confidence, 0);
	assert_int_equal(learned.n, 0);
}

static void
only_a_signature_tags_the_server(void **state)
{
	struct learned learned = { .call.tag = learn };
	struct nm_packet weak = packet_of(NM_FROM_CLIENT, "8");
	struct nm_packet sure = packet_of(NM_FROM_CLIENT, "9");
	struct nm_verdict verdict = { 0 };

	(void)state;
	assert_int_equal(nm_family_classify(rows, 1, &weak, &learned.call, &verdict), NM_MATCH);
	assert_int_equal(learned.n, 0);
	assert_int_equal(nm_family_classify(rows, 1, &sure, &learned.call, &verdict), NM_MATCH);
	assert_int_equal(learned.n, 1);
	assert_int_equal(learned.tag.app, 1);
	assert_int_equal(learned.tag.transport, NM_TCP);
	assert_int_equal(learned.tag.confidence, NM_CONF_SERVICE);
}

static void
a_confidence_of_nothing_is_no_verdict(void **state)
{
	struct nm_verdict verdict = { 0 };

	(void)state;
	assert_int_equal(nm_signature(&verdict, 7, 0), NM_MORE);
	assert_int_equal(verdict.app, 0);
	assert_int_equal(nm_signature(&verdict, 7, NM_CONF_WEAK), NM_MATCH);
	assert_int_equal(verdict.app, 7);
	assert_int_equal(verdict.confidence, NM_CONF_WEAK);
	assert_int_equal(verdict.evidence, NM_EV_SIGNATURE);
}

/* What tagging a packet of each direction learns: the server's end, whichever way it is found. */
static void
the_server_is_tagged_by_direction_and_by_port(void **state)
{
	static const enum nm_direction directions[] = { NM_FROM_CLIENT, NM_FROM_SERVER };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct nm_packet pkt = packet_of(directions[i], "x");
		struct learned by_direction = { .call.tag = learn };
		struct learned by_port = { .call.tag = learn };

		nm_tag_server(&pkt, &by_direction.call, 7);
		nm_tag_port(&pkt, &by_port.call, 7, 25);
		assert_memory_equal(by_direction.tag.addr, server_addr, 16);
		assert_int_equal(by_direction.tag.port, 25);
		assert_memory_equal(by_port.tag.addr, server_addr, 16);
		assert_int_equal(by_port.tag.port, 25);
	}
}

static void
a_port_that_neither_end_has_tags_nothing(void **state)
{
	struct nm_packet pkt = packet_of(NM_FROM_CLIENT, "x");
	struct learned learned = { .call.tag = learn };

	(void)state;
	assert_false(nm_is_port(&pkt, 110));
	nm_tag_port(&pkt, &learned.call, 7, 110);
	assert_int_equal(learned.n, 0);
}

static void
what_was_cut_and_what_fits_is_told_by_lengths(void **state)
{
	struct nm_packet pkt = packet_of(NM_FROM_CLIENT, "12345");

	(void)state;
	assert_false(nm_is_cut(&pkt));
	assert_true(nm_fits(&pkt, 4)); /* another message may follow */
	assert_true(nm_fits(&pkt, 5));
	assert_false(nm_fits(&pkt, 6));
	pkt.transport = NM_UDP;
	assert_false(nm_fits(&pkt, 4));
	assert_true(nm_fits(&pkt, 5));
	pkt.len = 3;
	assert_true(nm_is_cut(&pkt));
	assert_true(nm_fits(&pkt, 5)); /* what was sent counts, not what was captured */
}

static void
the_first_row_of_the_port_says_what_it_is(void **state)
{
	static const struct nm_port_row of_ports[] = {
		{ NM_UDP, 25, 1, rate_digit },
		{ NM_TCP, 26, 2, rate_digit },
		{ NM_TCP, 25, 3, rate_digit },
		{ NM_TCP, 0, 4, rate_weak },
	};
	struct nm_packet pkt = packet_of(NM_FROM_CLIENT, "7");
	struct nm_verdict verdict = { 0 };

	(void)state;
	assert_int_equal(nm_port_classify(of_ports, 4, &pkt, &verdict), NM_MATCH);
	assert_int_equal(verdict.app, 3);
	assert_int_equal(verdict.confidence, 70);
	pkt = packet_of(NM_FROM_CLIENT, "0");
	verdict = (struct nm_verdict){ 0 };
	assert_int_equal(nm_port_classify(of_ports, 4, &pkt, &verdict), NM_MORE);
	pkt.dport = 27;
	assert_int_equal(nm_port_classify(of_ports, 3, &pkt, &verdict), NM_MORE);
	assert_int_equal(nm_port_classify(of_ports, 4, &pkt, &verdict), NM_MATCH);
	assert_int_equal(verdict.app, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_surest_protocol_of_the_transport_is_taken_and_of_equals_the_first),
		cmocka_unit_test(a_message_of_none_is_asked_about_again),
		cmocka_unit_test(only_a_signature_tags_the_server),
		cmocka_unit_test(a_confidence_of_nothing_is_no_verdict),
		cmocka_unit_test(the_server_is_tagged_by_direction_and_by_port),
		cmocka_unit_test(a_port_that_neither_end_has_tags_nothing),
		cmocka_unit_test(what_was_cut_and_what_fits_is_told_by_lengths),
		cmocka_unit_test(the_first_row_of_the_port_says_what_it_is),
	};

	return cmocka_run_group_tests_name("family", tests, NULL, NULL);
}
