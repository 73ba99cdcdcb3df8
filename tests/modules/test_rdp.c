/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RDP, and other users of TPKT. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define RDP CASE_TCP("3389"), "RDP"

static const struct sample samples[] = {
	SAMPLE("request with a cookie", CLIENT,
	       "\x03\x00\x00\x21\x1c\xe0\x00\x00\x00\x00\x00"
	       "Cookie: mstshash=joe\r\n"),
	SAMPLE("request with a negotiation", CLIENT,
	       "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"),
	SAMPLE("confirm", SERVER,
	       "\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x00\x08\x00\x02\x00\x00\x00"),
};

static const struct sample port_samples[] = {
	SAMPLE("request", CLIENT, "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00"),
};

static const struct sample look_alikes[] = {
	SAMPLE(
	    "S7", CLIENT,
	    "\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc1\x02\x01\x00\xc2\x02\x01\x02\xc0\x01\x09"),
	SAMPLE("H.323", CLIENT, "\x03\x00\x00\x0c\x08\x02\x00\x01\x05\x04\x03\x88"),
	SAMPLE("lengths", CLIENT,
	       "\x03\x00\x00\x13\x0f\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"),
	SAMPLE("port 3389 alone", CLIENT, "hello world"),
};

static void
a_connection_that_goes_over_to_tls_stays_rdp(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	(void)talk_send(&t, CLIENT, samples[1].bytes, samples[1].len);
	assert_string_equal(talk_say(&t, CLIENT, "\x17\x03\x03\0\4abcd\x17\x03\x03\0\4abcd"),
	                    "RDP");
}

static void
the_connect_is_proof_on_its_port_only(void **state)
{
	static const struct sample connect =
	    SAMPLE("connect", CLIENT, "\x03\x00\x01\x94\x02\xf0\x80\x7f\x65\x82\x01\x88");
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	harness_cut(h, NM_TCP, USUAL("3389"), &connect, "RDP");
	(void)talk_send(&t, CLIENT, connect.bytes, connect.len);
	assert_int_equal(t.state.confidence, NM_CONF_WEAK);
}

#define SYN "\xff\xff\xff\xff\x00\x40\x02\x01\x12\x34\x56\x78\x04\xd0\x04\xd0"

static void
udp_is_told_by_its_syn(void **state)
{
	char bytes[1232] = SYN;
	struct talk t = talk_begin(h, NM_UDP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_send(&t, CLIENT, bytes, sizeof(bytes)), "RDP");
	assert_true(t.state.confidence >= NM_CONF_SIGNATURE);
	t = talk_begin(h, NM_UDP, ANYWHERE);
	assert_string_equal(talk_say(&t, CLIENT, "\xff\xff\xff\xffgetinfo xxx\n"), "Quake");
	bytes[12] = 0; /* a size that is none */
	t = talk_begin(h, NM_UDP, USUAL("3389"));
	assert_string_equal(talk_send(&t, CLIENT, bytes, sizeof(bytes)), "Unknown");
}

static void
what_comes_later_is_known_by_the_server(void **state)
{
	char bytes[1232] = SYN;
	struct talk t = talk_begin(h, NM_UDP, USUAL("3389"));
	struct talk later = talk_begin(h, NM_UDP, "10.0.0.9:40001 192.0.2.1:3389");

	(void)state;
	(void)talk_send(&t, CLIENT, bytes, sizeof(bytes));
	assert_string_equal(talk_say(&later, CLIENT, "\x12\x34\x56"), "RDP");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, RDP)),
		TESTS_OF_PORT_MESSAGES(SAMPLES(port_samples, RDP)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, RDP)),
		CASE(a_connection_that_goes_over_to_tls_stays_rdp),
		CASE(the_connect_is_proof_on_its_port_only),
		CASE(udp_is_told_by_its_syn),
		CASE(what_comes_later_is_known_by_the_server),
	};

	return cmocka_run_group_tests_name("rdp", tests, NULL, NULL);
}
