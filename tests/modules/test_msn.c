/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MSN Messenger. */
#include "tests/support/module_fixture.h"

#define USUAL "10.0.0.1:40000 192.0.2.1:1863"
#define OTHER "10.0.0.1:40000 192.0.2.1:9000"

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

static void
each_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		harness_cut(h, NM_TCP, USUAL, &samples[i], "MSN");
		assert_string_equal(harness_one(h, NM_TCP, OTHER, &samples[i]), "MSN");
	}
}

static void
what_only_looks_like_it_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE("no number", CLIENT, "VER one MSNP8\r\n"),
		SAMPLE("another USR", CLIENT, "USR 3 LOGIN joe\r\n"),
		SAMPLE("a text", CLIENT, "MSG from joe\r\nhello\r\n"),
		SAMPLE("HTTP", CLIENT, "POST /game HTTP/1.1\r\n\r\n"),
		SAMPLE("SIP", CLIENT, "INVITE sip:a@example.com SIP/2.0\r\n\r\n"),
		SAMPLE("port 1863 alone", CLIENT, "hello world"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, USUAL, &others[i]), "MSN") == 0)
			fail_msg("%s", others[i].name);
}

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
	(void)harness_one(h, NM_TCP, USUAL, &samples[1]);
	assert_string_equal(talk_say(&later, CLIENT, "PNG\r\n"), "MSN");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_message_is_recognised_on_any_port_and_cut_anywhere),
		CASE(what_only_looks_like_it_is_not),
		CASE(the_gateway_is_told_from_http),
		CASE(a_session_that_goes_on_later_is_known_by_its_server),
	};

	return cmocka_run_group_tests_name("msn", tests, NULL, NULL);
}
