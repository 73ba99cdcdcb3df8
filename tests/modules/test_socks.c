/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SOCKS, and what goes through it. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define SOCKS CASE_TCP("1080"), "SOCKS"

static const struct sample samples[] = {
	SAMPLE("version 4a", CLIENT, "\x04\x01\x00\x50\x00\x00\x00\x01\x00www.example.com\x00"),
	SAMPLE("version 4 with a user", CLIENT, "\x04\x01\x01\xbb\xc0\x00\x02\x07joe\x00"),
};

static const struct sample port_samples[] = {
	SAMPLE("greeting", CLIENT, "\x05\x01\x00"),
	SAMPLE("request of version 5", CLIENT, "\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"),
};

static const struct sample look_alikes[] = {
	SAMPLE("methods that there are not", CLIENT, "\x05\x02\x00\x33"),
	SAMPLE("greeting that goes on", CLIENT, "\x05\x01\x00hello"),
	SAMPLE("request that goes on", CLIENT, "\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50hello"),
	SAMPLE("version 4 without an end", CLIENT, "\x04\x01\x00\x50\xc0\x00\x02\x07joe"),
	SAMPLE("version 4 to nowhere", CLIENT, "\x04\x01\x00\x50\x00\x00\x00\x00joe\x00"),
	SAMPLE("an answer alone", SERVER, "\x00\x5a\x00\x00\x00\x00\x00\x00"),
	SAMPLE("port 1080 alone", CLIENT, "hello world"),
};

static void
a_greeting_and_its_answer_are_enough_on_any_port(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x05\x02\x00\x02"), "Unknown");
	assert_string_equal(talk_say(&t, SERVER, "\x05\x02"), "SOCKS");
	t = talk_begin(h, NM_TCP, ANYWHERE);
	(void)talk_say(&t, CLIENT, "\x04\x01\x00\x50\xc0\x00\x02\x07\x00");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
	(void)talk_say(&t, SERVER, "\x00\x5a\x00\x00\x00\x00\x00\x00");
	assert_true(t.state.confidence >= NM_CONF_SIGNATURE);
}

static void
each_direction_alone_is_enough(void **state)
{
	struct talk client = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk server = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	(void)talk_say(&client, CLIENT, "\x05\x01\x00");
	assert_string_equal(talk_say(&client, CLIENT,
	                             "\x05\x01\x00\x03\x07"
	                             "example\x00\x50"),
	                    "SOCKS");
	(void)talk_say(&server, SERVER, "\x05\x00");
	assert_string_equal(talk_say(&server, SERVER, "\x05\x00\x00\x01\xc0\x00\x02\x07\x12\x34"),
	                    "SOCKS");
}

static void
what_goes_through_stays_socks(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	(void)talk_say(&t, CLIENT, "\x05\x01\x00");
	(void)talk_say(&t, SERVER, "\x05\x00");
	assert_string_equal(talk_say(&t, CLIENT, "GET / HTTP/1.1\r\n\r\n"), "SOCKS");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, SOCKS)),
		TESTS_OF_PORT_MESSAGES(SAMPLES(port_samples, SOCKS)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, SOCKS)),
		CASE(a_greeting_and_its_answer_are_enough_on_any_port),
		CASE(each_direction_alone_is_enough),
		CASE(what_goes_through_stays_socks),
	};

	return cmocka_run_group_tests_name("socks", tests, NULL, NULL);
}
