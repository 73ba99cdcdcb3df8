/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Protocols that are named by IP protocol number. */
#include "tests/support/module_fixture.h"

#define ENDS "10.0.0.1:0 192.0.2.1:0"

static const struct {
	uint8_t protocol;
	const char *app;
	struct sample good;
} cases[] = {
	{ 2, "IGMP", SAMPLE("membership report", CLIENT, "\x16\x00\x09\x04\xe0\x00\x00\xfb") },
	{ 47, "GRE", SAMPLE("ARP in GRE", CLIENT, "\x00\x00\x08\x06\x00\x01") },
	{ 47, "GRE", SAMPLE("PPP in GRE", CLIENT, "\x30\x81\x88\x0b\x00\x00\x00\x01") },
	{ 88, "EIGRP", SAMPLE("hello", CLIENT, "\x02\x05\xee\xd0\x00\x00\x00\x00") },
	{ 89, "OSPF", SAMPLE("hello", CLIENT, "\x02\x01\x00\x2c\x01\x01\x01\x01") },
	{ 89, "OSPF", SAMPLE("hello of version 3", CLIENT, "\x03\x01\x00\x24\x01\x01\x01\x01") },
	{ 103, "PIM", SAMPLE("hello", CLIENT, "\x20\x00\x41\xfe\x00\x01\x00\x02") },
	{ 108, "IPComp", SAMPLE("deflated", CLIENT, "\x06\x00\x00\x02\x4b\x4c\x4a\x06") },
	{ 113, "PGM", SAMPLE("source path", CLIENT, "\x0f\xa0\x0f\xa1\x00\x00\x12\x34\x01\x02") },
	{ 112, "VRRP", SAMPLE("advertisement", CLIENT, "\x21\x01\x64\x01\x00\x01\xba\x52") },
};

static void
each_protocol_is_named_by_its_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk t = talk_begin(h, cases[i].protocol, ENDS);

		assert_string_equal(talk_send(&t, CLIENT, cases[i].good.bytes, cases[i].good.len),
		                    cases[i].app);
		assert_int_equal(t.state.confidence, NM_CONF_PROOF);
		harness_cut(h, cases[i].protocol, ENDS, &cases[i].good, cases[i].app);
	}
}

/* What it carries may still be known. */
static void
sctp_is_named_and_does_not_settle_the_flow(void **state)
{
	const struct sample heartbeat =
	    SAMPLE("heartbeat", CLIENT, "\x04\x00\x00\x08\x00\x01\x00\x04");
	struct talk t = talk_begin(h, 132, ENDS);

	(void)state;
	assert_string_equal(talk_send(&t, CLIENT, heartbeat.bytes, heartbeat.len), "SCTP");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
	harness_cut(h, 132, ENDS, &heartbeat, "SCTP");
}

static void
another_version_is_less_sure(void **state)
{
	struct talk t = talk_begin(h, 89, ENDS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x77\x01\x00\x2c"), "OSPF");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
}

static void
other_numbers_are_unknown(void **state)
{
	struct talk t = talk_begin(h, 200, ENDS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x02\x01\x00\x2c"), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_protocol_is_named_by_its_number),
		cmocka_unit_test(sctp_is_named_and_does_not_settle_the_flow),
		cmocka_unit_test(another_version_is_less_sure),
		cmocka_unit_test(other_numbers_are_unknown),
	};

	return cmocka_run_group_tests_name("ipproto", tests, set_up, tear_down);
}
