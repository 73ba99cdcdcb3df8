/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP in clear text. */
#include "tests/support/module_fixture.h"

#define WEB   "10.0.0.1:40000 192.0.2.1:80"
#define OTHER "10.0.0.1:40000 192.0.2.1:5190"

static const struct sample http[] = {
	SAMPLE("request", CLIENT, "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
	SAMPLE("request to a proxy", CLIENT,
	       "GET http://www.example.com/ HTTP/1.0\r\nHost: www.example.com\r\n\r\n"),
	SAMPLE("tunnel through a proxy", CLIENT, "CONNECT mail.example.com:993 HTTP/1.1\r\n\r\n"),
	SAMPLE("options of the server", CLIENT, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
	SAMPLE("WebDAV", CLIENT, "PROPFIND /dav/ HTTP/1.1\r\nDepth: 1\r\n\r\n"),
	SAMPLE("response", SERVER, "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n<html>"),
	SAMPLE("response without a reason", SERVER, "HTTP/1.1 404\r\n\r\n"),
	SAMPLE("WebSocket", CLIENT,
	       "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
	SAMPLE("HTTP/2 preface", CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	SAMPLE("HTTP/2 settings", SERVER,
	       "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x01\0\0\0\x01\0\0\x10\0"),
};

static void
each_first_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(http) / sizeof(http[0]); i++) {
		harness_cut(h, NM_TCP, WEB, &http[i], "HTTP");
		assert_string_equal(harness_one(h, NM_TCP, OTHER, &http[i]), "HTTP");
	}
}

static void
a_long_request_line_without_its_end_is_recognised(void **state)
{
	char line[1400];
	struct sample s = { "long target", line, sizeof(line), CLIENT };

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, "GET /", 5);
	assert_string_equal(harness_one(h, NM_TCP, WEB, &s), "HTTP");
}

static void
a_connection_joined_in_the_middle_is_recognised_at_its_next_message(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, WEB);

	(void)state;
	assert_string_equal(talk_say(&t, SERVER, "....body...."), "Unknown");
	assert_string_equal(talk_say(&t, SERVER, "....body...."), "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, "GET /2 HTTP/1.1\r\n\r\n"), "HTTP");
}

static void
what_only_looks_like_http_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE("RTSP", CLIENT, "OPTIONS rtsp://example.com/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
		SAMPLE("SIP", CLIENT, "OPTIONS sip:bob@example.com SIP/2.0\r\n\r\n"),
		SAMPLE("prose", CLIENT, "GET OFF MY LAWN\r\n"),
		SAMPLE("binary", CLIENT, "GET \x01\x02\x03\x04\x05\x06\r\n"),
		SAMPLE("status of nothing", SERVER, "HTTP/1.1 999 no\r\n"),
		SAMPLE("version of nothing", SERVER, "HTTP/1.x 200 OK\r\n"),
		SAMPLE("port 80 alone", CLIENT, "\x01\x02\x03\x04"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, WEB, &others[i]), "HTTP") == 0)
			fail_msg("%s", others[i].name);
}

static void
http_over_udp_is_not_this_http(void **state)
{
	(void)state;
	assert_string_equal(harness_one(h, NM_UDP, WEB, &http[0]), "Unknown");
}

static void
a_request_names_the_host(void **state)
{
	static const struct {
		struct sample request;
		const char *host;
	} requests[] = {
		{ SAMPLE("Host", CLIENT, "GET / HTTP/1.1\r\nHost: WWW.Example.com\r\n\r\n"),
		  "www.example.com" },
		{ SAMPLE("with a port", CLIENT,
		         "GET / HTTP/1.1\r\nhost:\t www.example.com:8080 \r\n\r\n"),
		  "www.example.com" },
		{ SAMPLE(
		      "not the first line", CLIENT,
		      "POST /a HTTP/1.1\r\nAccept: */*\r\nX-Host: a.example\r\nHOST:b.example\r\n\r\nabc"),
		  "b.example" },
		{ SAMPLE("a proxy's", CLIENT,
		         "GET http://c.example:80/x HTTP/1.1\r\nHost: d.example\r\n\r\n"),
		  "c.example" },
		{ SAMPLE("a tunnel's", CLIENT,
		         "CONNECT e.example:443 HTTP/1.1\r\nHost: f.example\r\n\r\n"),
		  "e.example" },
		{ SAMPLE("an address", CLIENT, "GET / HTTP/1.1\r\nHost: 192.0.2.1:81\r\n\r\n"),
		  "" },
		{ SAMPLE("an address in brackets", CLIENT,
		         "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n"),
		  "" },
		{ SAMPLE("none", CLIENT,
		         "GET / HTTP/1.0\r\nUser-Agent: x\r\n\r\nHost: body.example\r\n"),
		  "" },
		{ SAMPLE("cut within it", CLIENT, "GET / HTTP/1.1\r\nHost: www.exam"), "" },
		{ SAMPLE("markup", CLIENT, "GET / HTTP/1.1\r\nHost: <b>x.example\r\n\r\n"), "" },
		{ SAMPLE("an answer", SERVER, "HTTP/1.1 200 OK\r\nHost: g.example\r\n\r\n"), "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct sample *s = &requests[i].request;
		struct talk t = talk_begin(h, NM_TCP, WEB);

		assert_string_equal(talk_send(&t, s->from_client, s->bytes, s->len), "HTTP");
		if (strcmp(talk_host(&t), requests[i].host) != 0)
			fail_msg("%s: %s", s->name, talk_host(&t));
		if (*requests[i].host)
			assert_int_equal(t.host_source, NM_NAME_CLIENT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_first_message_is_recognised_on_any_port_and_cut_anywhere),
		cmocka_unit_test(a_long_request_line_without_its_end_is_recognised),
		cmocka_unit_test(
		    a_connection_joined_in_the_middle_is_recognised_at_its_next_message),
		cmocka_unit_test(what_only_looks_like_http_is_not),
		cmocka_unit_test(http_over_udp_is_not_this_http),
		cmocka_unit_test(a_request_names_the_host),
	};

	return cmocka_run_group_tests_name("http", tests, set_up, tear_down);
}
