/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Icecast, and where HTTP begins. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define ICECAST CASE_TCP("8000"), "Icecast"

static const struct sample samples[] = {
	SAMPLE("answer of Shoutcast", SERVER, "ICY 200 OK\r\nicy-name:Radio\r\n"),
	SAMPLE("source", CLIENT, "SOURCE /live ICE/1.0\r\ncontent-type: audio/mpeg\r\n"),
	SAMPLE("source of Shoutcast", CLIENT, "SOURCE secret /live\r\n"),
};

static const struct sample look_alikes[] = {
	SAMPLE("HTTP request", CLIENT, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"),
	SAMPLE("HTTP answer", SERVER, "HTTP/1.1 200 OK\r\nServer: Icy\r\n\r\n"),
	SAMPLE("PUT", CLIENT, "PUT /file HTTP/1.1\r\nHost: example.com\r\n\r\n"),
	SAMPLE("text", CLIENT, "SOURCE of the river\r\n"),
	SAMPLE("no code", SERVER, "ICY weather\r\n"),
	SAMPLE("port 8000 alone", CLIENT, "hello world"),
};

#define REQUEST "GET /live HTTP/1.0\r\nIcy-MetaData: 1\r\n\r\n"
#define ANSWER  "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name:Radio\r\n\r\n"

static void
an_answer_confirms_a_listener(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, REQUEST), "Icecast");
	assert_string_equal(talk_say(&t, SERVER, ANSWER), "Icecast");
	assert_int_equal(t.state.confidence, NM_CONF_PROOF);
	assert_string_equal(talk_say(&t, SERVER, "HTTP/1.0 200 OK\r\n\r\n"), "Icecast");
}

static void
an_answer_gives_the_flow_back_to_http(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	(void)talk_say(&t, CLIENT, REQUEST);
	assert_string_equal(talk_say(&t, SERVER, "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"), "HTTP");
	assert_string_equal(talk_say(&t, SERVER, "body"), "HTTP");
}

static void
a_listener_of_a_known_server_is_told_without_its_header(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.9:40001 192.0.2.1:9123");
	struct talk page = talk_begin(h, NM_TCP, "10.0.0.9:40002 192.0.2.1:9123");

	(void)state;
	(void)talk_say(&t, CLIENT, REQUEST);
	(void)talk_say(&t, SERVER, ANSWER);
	assert_string_equal(talk_say(&later, CLIENT, "GET /live HTTP/1.1\r\n\r\n"), "Icecast");
	assert_string_equal(talk_say(&later, SERVER, ANSWER), "Icecast");
	(void)talk_say(&page, CLIENT, "GET /status.html HTTP/1.1\r\n\r\n");
	assert_string_equal(talk_say(&page, SERVER, "HTTP/1.1 200 OK\r\n\r\n"), "HTTP");
}

static void
a_listener_of_a_server_that_a_source_went_to_is_told_without_its_header(void **state)
{
	struct talk source = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.9:40003 192.0.2.1:9123");

	(void)state;
	(void)talk_say(&source, CLIENT, "PUT /live HTTP/1.1\r\nIce-Public: 1\r\n\r\n");
	assert_string_equal(talk_say(&later, CLIENT, "GET /live HTTP/1.1\r\n\r\n"), "Icecast");
	assert_string_equal(talk_say(&later, SERVER, ANSWER), "Icecast");
}

static void
sources_and_answers_that_look_like_http_are_told(void **state)
{
	static const struct sample put =
	    SAMPLE("source of today", CLIENT, "PUT /live HTTP/1.1\r\nIce-Public: 1\r\n\r\n");
	static const struct sample answer = SAMPLE("answer alone", SERVER, ANSWER);

	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, ANYWHERE, &put), "Icecast");
	assert_string_equal(harness_one(h, NM_TCP, ANYWHERE, &answer), "Icecast");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, ICECAST)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, ICECAST)),
		CASE(an_answer_confirms_a_listener),
		CASE(an_answer_gives_the_flow_back_to_http),
		CASE(a_listener_of_a_known_server_is_told_without_its_header),
		CASE(a_listener_of_a_server_that_a_source_went_to_is_told_without_its_header),
		CASE(sources_and_answers_that_look_like_http_are_told),
	};

	return cmocka_run_group_tests_name("icecast", tests, NULL, NULL);
}
