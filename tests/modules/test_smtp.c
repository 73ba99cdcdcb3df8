/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMTP, and where it ends and FTP begins. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define MAIL "10.0.0.1:40000 192.0.2.1:25"
#define SMTP NM_TCP, MAIL, "SMTP"

static const struct sample samples[] = {
	SAMPLE("greeting", SERVER, "220 mx.example.com ESMTP Postfix\r\n"),
	SAMPLE("greeting of several lines", SERVER, "220-mx.example.com ESMTP\r\n220 no spam\r\n"),
	SAMPLE("EHLO", CLIENT, "EHLO client.example.com\r\n"),
	SAMPLE("HELO in lower case", CLIENT, "helo client\r\n"),
	SAMPLE("sender", CLIENT, "MAIL FROM:<a@example.com>\r\n"),
	SAMPLE("extensions", SERVER, "250-mx.example.com\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"),
	SAMPLE("go ahead", SERVER, "354 End data with <CR><LF>.<CR><LF>\r\n"),
};

static void
a_connection_that_goes_on_encrypted_stays_smtp(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, MAIL);

	(void)state;
	(void)talk_say(&t, SERVER, "220 mx.example.com ESMTP\r\n");
	(void)talk_say(&t, CLIENT, "EHLO a\r\n");
	(void)talk_say(&t, CLIENT, "STARTTLS\r\n");
	(void)talk_say(&t, SERVER, "220 2.0.0 Ready to start TLS\r\n");
	assert_string_equal(talk_say(&t, CLIENT, "\x17\x03\x03\0\4abcd\x17\x03\x03\0\4abcd"),
	                    "SMTP");
}

static void
a_greeting_that_says_nothing_is_decided_by_the_client(void **state)
{
	struct talk mail = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk ftp = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_say(&mail, SERVER, "220 host ready\r\n"), "Unknown");
	assert_string_equal(talk_say(&mail, CLIENT, "EHLO a\r\n"), "SMTP");
	assert_string_equal(talk_say(&ftp, SERVER, "220 host ready\r\n"), "Unknown");
	assert_string_equal(talk_say(&ftp, CLIENT, "USER a\r\n"), "FTP");
}

static const struct sample look_alikes[] = {
	SAMPLE("FTP's greeting on the mail port", SERVER, "220 ProFTPD FTP Server ready\r\n"),
	SAMPLE("binary", CLIENT, "EHLO \x01\x02\r\n"),
	SAMPLE("port 25 alone", CLIENT, "hello world\r\n"),
	SAMPLE("FTP's reply", SERVER, "250 Directory successfully changed.\r\n"),
};

static void
a_session_that_goes_on_after_a_long_silence_is_known_by_its_server(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.77:25");
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.77:25");
	struct talk other = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.78:25");

	(void)state;
	(void)talk_say(&t, SERVER, "220 mx ESMTP\r\n");
	h->now_ns += UINT64_C(600) * 1000000000U;
	assert_string_equal(talk_say(&later, CLIENT, "\x81\x9a\xf0"), "SMTP");
	assert_true(later.state.confidence < NM_CONF_TAG);
	assert_string_equal(talk_say(&other, CLIENT, "\x81\x9a\xf0"), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_session_that_goes_on_after_a_long_silence_is_known_by_its_server),
		TESTS_OF_MESSAGES(SAMPLES(samples, SMTP)),
		CASE(a_connection_that_goes_on_encrypted_stays_smtp),
		CASE(a_greeting_that_says_nothing_is_decided_by_the_client),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, SMTP)),
	};

	return cmocka_run_group_tests_name("smtp", tests, NULL, NULL);
}
