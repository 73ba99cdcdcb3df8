/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POP3, and where Redis and FTP begin. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define POP3 CASE_TCP("110"), "POP3"

static const struct sample samples[] = {
	SAMPLE("greeting", SERVER, "+OK POP3 server ready <1896.697170952@example.com>\r\n"),
	SAMPLE("capabilities", CLIENT, "CAPA\r\n"),
	SAMPLE("list of identifiers", CLIENT, "uidl\r\n"),
	SAMPLE("TLS", CLIENT, "STLS\r\n"),
	SAMPLE("digest", CLIENT, "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"),
};

static const struct sample port_samples[] = {
	SAMPLE("bare agreement", SERVER, "+OK\r\n"),
	SAMPLE("refusal", SERVER, "-ERR no such message\r\n"),
	SAMPLE("user", CLIENT, "USER joe\r\n"),
	SAMPLE("message", CLIENT, "RETR 1\r\n"),
};

static const struct sample look_alikes[] = {
	SAMPLE("binary", SERVER, "+OK \x01\x02\r\n"),
	SAMPLE("port 110 alone", CLIENT, "hello world\r\n"),
	SAMPLE("a longer word", CLIENT, "LISTEN\r\n"),
	SAMPLE("HTTP", CLIENT, "GET / HTTP/1.1\r\n\r\n"),
};

static void
a_connection_that_goes_on_encrypted_stays_pop3(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	(void)talk_say(&t, SERVER, "+OK ready\r\n");
	(void)talk_say(&t, CLIENT, "STLS\r\n");
	assert_string_equal(talk_say(&t, CLIENT, "\x17\x03\x03\0\4abcd\x17\x03\x03\0\4abcd"),
	                    "POP3");
}

static void
a_session_that_goes_on_later_is_known_by_its_server(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.7:41000 192.0.2.1:9123");

	(void)state;
	(void)talk_say(&t, SERVER, "+OK ready\r\n");
	assert_string_equal(talk_say(&later, CLIENT, "\x81\x9a\xf0"), "POP3");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, POP3)),
		TESTS_OF_PORT_MESSAGES(SAMPLES(port_samples, POP3)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, POP3)),
		CASE(a_connection_that_goes_on_encrypted_stays_pop3),
		CASE(a_session_that_goes_on_later_is_known_by_its_server),
	};

	return cmocka_run_group_tests_name("pop3", tests, NULL, NULL);
}
