/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IMAP, and other protocols of lines. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define IMAP CASE_TCP("143"), "IMAP"

static const struct sample samples[] = {
	SAMPLE("greeting with capabilities", SERVER,
	       "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
	SAMPLE("greeting", SERVER, "* OK mail.example.com IMAP4 service\r\n"),
	SAMPLE("capabilities", SERVER, "* CAPABILITY IMAP4rev1 IDLE\r\na001 OK done\r\n"),
	SAMPLE("login", CLIENT, "a001 LOGIN joe secret\r\n"),
	SAMPLE("login in lower case", CLIENT, "A1 login joe secret\r\n"),
	SAMPLE("fetch", CLIENT, "a0004 UID FETCH 1:* (FLAGS)\r\n"),
	SAMPLE("messages", SERVER, "* 172 EXISTS\r\n* 1 RECENT\r\n"),
	SAMPLE("a message", SERVER, "* 12 FETCH (FLAGS (\\Seen))\r\n"),
	SAMPLE("mailboxes", SERVER, "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"),
};

static const struct sample port_samples[] = {
	SAMPLE("status", SERVER, "a001 OK LOGIN completed\r\n"),
	SAMPLE("numbers as tags", CLIENT, "17 NOOP\r\n"),
};

static const struct sample look_alikes[] = {
	SAMPLE("binary", SERVER, "* OK \x01\x02\x03\r\n"),
	SAMPLE("port 143 alone", CLIENT, "hello world\r\n"),
	SAMPLE("HTTP", SERVER, "HTTP/1.1 200 OK\r\n\r\n"),
	SAMPLE("a list in a text", SERVER, "* apples\r\n* pears\r\n"),
	SAMPLE("no tag", CLIENT, "LOGIN joe secret\r\n"),
	SAMPLE("a tag without a digit", CLIENT, "please CHECK this\r\n"),
};

static void
a_connection_that_goes_on_encrypted_stays_imap(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, USUAL("143"));

	(void)state;
	(void)talk_say(&t, SERVER, "* OK ready\r\n");
	(void)talk_say(&t, CLIENT, ". STARTTLS\r\n");
	(void)talk_say(&t, SERVER, ". OK begin\r\n");
	assert_string_equal(talk_say(&t, CLIENT, "\x17\x03\x03\0\4abcd\x17\x03\x03\0\4abcd"),
	                    "IMAP");
}

static void
a_session_that_goes_on_later_is_known_by_its_server(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.7:41000 192.0.2.1:9123");

	(void)state;
	(void)talk_say(&t, SERVER, "* OK [CAPABILITY IMAP4rev1] ready\r\n");
	assert_string_equal(talk_say(&later, CLIENT, "\x81\x9a\xf0"), "IMAP");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, IMAP)),
		TESTS_OF_PORT_MESSAGES(SAMPLES(port_samples, IMAP)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, IMAP)),
		CASE(a_connection_that_goes_on_encrypted_stays_imap),
		CASE(a_session_that_goes_on_later_is_known_by_its_server),
	};

	return cmocka_run_group_tests_name("imap", tests, NULL, NULL);
}
