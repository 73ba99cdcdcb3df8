/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MSN Messenger. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define MSN CASE_TCP("1863"), "MSN"

static const struct sample samples[] = {
	SAMPLE("versions", CLIENT, "VER 1 MSNP15 MSNP14 CVR0\r\n"),
	SAMPLE("version", SERVER, "VER 1 MSNP8\r\n"),
	SAMPLE("client", CLIENT,
	       "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.1.0178 msmsgs joe@example.com\r\n"),
	SAMPLE("user", CLIENT, "USR 3 TWN I joe@example.com\r\n"),
	SAMPLE("transfer to another server", SERVER,
	       "XFR 3 NS 192.0.2.9:1863 0 192.0.2.8:1863\r\n"),
	SAMPLE("who is there", SERVER, "ILN 6 NLN amy@example.com Amy 268435500\r\n"),
	SAMPLE("message", SERVER, "MSG amy@example.com Amy 92\r\nMIME-Version: 1.0\r\n"),
	SAMPLE("file", CLIENT, "INVITE MSNMSGR:amy@example.com MSNSLP/1.0\r\n"),
};

static const struct sample look_alikes[] = {
	SAMPLE("no number", CLIENT, "VER one MSNP8\r\n"),
	SAMPLE("another USR", CLIENT, "USR 3 LOGIN joe\r\n"),
	SAMPLE("a text", CLIENT, "MSG from joe\r\nhello\r\n"),
	SAMPLE("HTTP", CLIENT, "POST /game HTTP/1.1\r\n\r\n"),
	SAMPLE("SIP", CLIENT, "INVITE sip:a@example.com SIP/2.0\r\n\r\n"),
	SAMPLE("port 1863 alone", CLIENT, "hello world"),
};

static void
the_gateway_is_told_from_http(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, "10.0.0.1:40000 192.0.2.1:80");

	(void)state;
	assert_string_equal(
	    talk_say(&t, CLIENT, "POST /gateway/gateway.dll?Action=open HTTP/1.1\r\n\r\n"), "MSN");
}

static void
a_session_that_goes_on_later_is_known_by_its_server(void **state)
{
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.9:40001 192.0.2.1:1863");

	(void)state;
	(void)harness_one(h, NM_TCP, USUAL("1863"), &samples[1]);
	assert_string_equal(talk_say(&later, CLIENT, "PNG\r\n"), "MSN");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, MSN)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, MSN)),
		CASE(the_gateway_is_told_from_http),
		CASE(a_session_that_goes_on_later_is_known_by_its_server),
	};

	return cmocka_run_group_tests_name("msn", tests, NULL, NULL);
}
