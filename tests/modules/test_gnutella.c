/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gnutella. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define GNUTELLA CASE_TCP("6346"), "Gnutella"

static const struct sample samples[] = {
	SAMPLE("handshake", CLIENT, "GNUTELLA CONNECT/0.6\r\nNode: 192.0.2.7:6346\r\n"),
	SAMPLE("answer", SERVER, "GNUTELLA/0.6 200 OK\r\n"),
	SAMPLE("push", SERVER, "GIV 73:0123456789abcdef0123456789ABCDEF/song.ogg\n\n"),
};

static const struct sample look_alikes[] = {
	SAMPLE("HTTP", CLIENT, "GET /get/1/file HTTP/1.1\r\nHost: example.com\r\n\r\n"),
	SAMPLE("another path", CLIENT, "GET /uri-list/all HTTP/1.1\r\nHost: example.com\r\n\r\n"),
	SAMPLE("no id", CLIENT, "GIV 73:0123456789abcdef0123456789ABCDEFG/x\n\n"),
	SAMPLE("port 6346 alone", CLIENT, "hello world"),
};

static void
transfers_are_told_from_http(void **state)
{
	static const struct sample hash =
	    SAMPLE("by hash", CLIENT,
	           "GET /uri-res/N2R?urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB HTTP/1.1\r\n");
	static const struct sample index =
	    SAMPLE("by index", CLIENT, "GET /get/17/song.ogg HTTP/1.1\r\nX-Queue: 0.1\r\n\r\n");

	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, ANYWHERE, &hash), "Gnutella");
	assert_string_equal(harness_one(h, NM_TCP, ANYWHERE, &index), "Gnutella");
}

#define ID "\x72\x8c\x31\x02\xac\x45\x64\xd0\xff\xe9\x15\x08\xed\x52\x0b\x00"

static const struct sample messages[] = {
	SAMPLE("ping", CLIENT, ID "\x00\x01\x00\x05\x00\x00\x00hello"),
	SAMPLE("query", CLIENT, ID "\x80\x02\x03\x07\x00\x00\x00\x00\x00name\x00"),
	SAMPLE("DHT", CLIENT, ID "\x44\x00\x00\x05\x00\x00\x00\x01GTKG"),
	SAMPLE("part", CLIENT, "GND\x10\x3f\xbc\x01\x01LAQP"),
	SAMPLE("acknowledgement", CLIENT, "GTA\x10\x3f\xbc\x01\x00"),
};

static void
messages_over_udp_are_told_by_their_length(void **state)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		assert_string_equal(harness_one(h, NM_UDP, ANYWHERE, &messages[i]), "Gnutella");
	}
}

static void
what_has_no_such_length_or_type_is_unknown(void **state)
{
	static const struct sample others[] = {
		SAMPLE("length", CLIENT, ID "\x00\x01\x00\x06\x00\x00\x00hello"),
		SAMPLE("type", CLIENT, ID "\x77\x01\x00\x05\x00\x00\x00hello"),
		SAMPLE("lifetime", CLIENT, ID "\x00\x1f\x03\x05\x00\x00\x00hello"),
		SAMPLE("dead", CLIENT, ID "\x00\x00\x00\x05\x00\x00\x00hello"),
		SAMPLE("zeros", CLIENT,
		       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00\x01\x00\x05\x00\x00\x00hello"),
		SAMPLE("part 3 of 2", CLIENT, "GND\x10\x3f\xbc\x03\x02LAQP"),
		SAMPLE("text", CLIENT, "GNDhello"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_UDP, USUAL("6346"), &others[i]), "Unknown") != 0)
			fail_msg("%s", others[i].name);
}

static void
a_peer_is_known_by_its_endpoint(void **state)
{
	struct talk later = talk_begin(h, NM_UDP, "10.0.0.1:40000 192.0.2.7:7777");

	(void)state;
	(void)harness_one(h, NM_UDP, ANYWHERE, &messages[0]);
	assert_string_equal(talk_say(&later, CLIENT, "\x91\x22\x13"), "Gnutella");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

static void
a_connection_that_goes_on_later_is_known_by_its_server(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.9:40001 192.0.2.1:9123");
	struct talk refused = talk_begin(h, NM_TCP, "10.0.0.9:40002 192.0.2.5:9000");
	struct talk web = talk_begin(h, NM_TCP, "10.0.0.9:40003 192.0.2.5:9000");

	(void)state;
	(void)talk_say(&t, CLIENT, "GNUTELLA CONNECT/0.6\r\n\r\n");
	(void)talk_say(&t, SERVER, "GNUTELLA/0.6 200 OK\r\n\r\n");
	assert_string_equal(talk_say(&later, CLIENT, "\x91\x22\x13"), "Gnutella");
	assert_true(later.state.confidence < NM_CONF_TAG);
	/* a server is not tagged for what a client says */
	(void)talk_say(&refused, CLIENT, "GNUTELLA CONNECT/0.6\r\n\r\n");
	assert_string_equal(talk_say(&refused, SERVER, "HTTP/1.1 400 Bad Request\r\n\r\n"),
	                    "Gnutella");
	assert_string_equal(talk_say(&web, CLIENT, "\x91\x22\x13"), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, GNUTELLA)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, GNUTELLA)),
		CASE(transfers_are_told_from_http),
		CASE(messages_over_udp_are_told_by_their_length),
		CASE(what_has_no_such_length_or_type_is_unknown),
		CASE(a_connection_that_goes_on_later_is_known_by_its_server),
		CASE(a_peer_is_known_by_its_endpoint),
	};

	return cmocka_run_group_tests_name("gnutella", tests, NULL, NULL);
}
