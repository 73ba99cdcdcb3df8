/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AJP, FastCGI, Thrift, brokers, search engines and WebSocket, and what only begins like them. */
#include "tests/support/module_cases.h"

#define CONNECT_REQUEST "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x75\x30\0\0\0\0\0\0\0\0\0\0\0\x10"
#define PASSWORD        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("8009"), "AJP",
	  SAMPLE("request", CLIENT, "\x12\x34\0\x12\2\2\0\x08HTTP/1.1\0\1/\0\0") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("ping", CLIENT, "\x12\x34\0\1\n") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("body", CLIENT, "\x12\x34\0\7\0\5hello") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("answer to a ping", SERVER, "AB\0\1\t") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("head", SERVER, "AB\0\x0a\4\0\xc8\0\2OK\0\0\0") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("piece", SERVER, "AB\0\x09\3\0\5hello\0") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("end", SERVER, "AB\0\2\5\1") },
	{ CASE_TCP("9000"), "FastCGI",
	  SAMPLE("beginning", CLIENT, "\1\1\0\1\0\x08\0\0\0\1\0\0\0\0\0\0") },
	{ CASE_TCP("9000"), "FastCGI",
	  SAMPLE("parameters", CLIENT,
	         "\1\4\0\1\0\7\1\0\3\2"
	         "FOOxy\0\1\4\0\1\0\0\0\0") },
	{ CASE_TCP("9000"), "FastCGI",
	  SAMPLE("output and end", SERVER,
	         "\1\6\0\1\0\x10\0\0Content-type: a\n\1\3\0\1\0\x08\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("9090"), "Thrift", SAMPLE("call", CLIENT, "\x80\1\0\1\0\0\0\4ping\0\0\0\1\0") },
	{ CASE_TCP("9090"), "Thrift",
	  SAMPLE("call in a frame", CLIENT, "\0\0\0\x11\x80\1\0\1\0\0\0\4ping\0\0\0\1\0") },
	{ CASE_TCP("9090"), "Thrift", SAMPLE("compact", CLIENT, "\x82\x21\1\4ping\0") },
	{ CASE_UDP("6831"), "Thrift",
	  SAMPLE("compact datagram", CLIENT, "\x82\x81\xb2\1\x09sendBatch\x1c\0") },
	{ CASE_TCP("61613"), "STOMP",
	  SAMPLE("connect", CLIENT, "CONNECT\naccept-version:1.2\nhost:example.org\n\n\0") },
	{ CASE_TCP("61613"), "STOMP",
	  SAMPLE("connected", SERVER, "CONNECTED\r\nversion:1.2\r\n\r\n\0") },
	{ CASE_TCP("61613"), "STOMP",
	  SAMPLE("send", CLIENT, "SEND\ndestination:/queue/a\n\nhello\0") },
	{ CASE_TCP("61616"), "OpenWire",
	  SAMPLE("format", CLIENT, "\0\0\0\x10\1ActiveMQ\0\0\0\x0a\1\0\0") },
	{ CASE_TCP("4222"), "NATS",
	  SAMPLE("of the server", SERVER,
	         "INFO {\"server_id\":\"NABC\",\"version\":\"2.9\"}\r\n") },
	{ CASE_TCP("4222"), "NATS",
	  SAMPLE("of the client", CLIENT, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n") },
	{ CASE_TCP("2181"), "ZooKeeper",
	  SAMPLE("session", CLIENT, "\0\0\0\x2d" CONNECT_REQUEST PASSWORD "\0") },
	{ CASE_TCP("2181"), "ZooKeeper",
	  SAMPLE("its answer", SERVER,
	         "\0\0\0\x24\0\0\0\0\0\0\x75\x30\1\2\3\4\5\6\7\x08\0\0\0\x10" PASSWORD) },
	{ CASE_TCP("9300"), "Elasticsearch",
	  SAMPLE("request", CLIENT, "ES\0\0\0\x11\0\0\0\0\0\0\0\7\0\0\x6d\x6e\x33\1\2\3\4") },
	{ CASE_TCP("2809"), "CORBA",
	  SAMPLE("request", CLIENT, "GIOP\1\2\1\0\x08\0\0\0\1\0\0\0\3\0\0\0") },
	{ CASE_TCP("2809"), "CORBA",
	  SAMPLE("reply", SERVER, "GIOP\1\0\0\1\0\0\0\x08\0\0\0\1\0\0\0\0") },
	{ CASE_TCP("5555"), "ZeroMQ",
	  SAMPLE("signature", CLIENT, "\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL\0\0") },
	{ CASE_TCP("8080"), "WebSocket",
	  SAMPLE("masked text", CLIENT,
	         "\x81\x88\x91\xe5\x73\xc8\xf9\x80\x1f\xa4\xfe\xc5\x44\xfb") },
	{ CASE_TCP("8080"), "WebSocket", SAMPLE("text", SERVER, "\x81\x0chello, world") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("4222"), "NATS", SAMPLE("publication", CLIENT, "PUB a.b 5\r\nhello\r\n") },
	{ CASE_TCP("4222"), "NATS", SAMPLE("message", SERVER, "MSG a.b 1 5\r\nhello\r\n") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("8009"), "AJP",
	  SAMPLE("another protocol", CLIENT, "\x12\x34\0\x12\2\2\0\x08RTSP/1.1\0\1/\0\0") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("state 0", SERVER, "AB\0\x0a\4\0\0\0\2OK\0\0\0") },
	{ CASE_TCP("8009"), "AJP", SAMPLE("text", SERVER, "ABC DEF\r\n") },
	{ CASE_TCP("9000"), "FastCGI",
	  SAMPLE("role 9", CLIENT, "\1\1\0\1\0\x08\0\0\0\x09\0\0\0\0\0\0") },
	{ CASE_TCP("9000"), "FastCGI", SAMPLE("empty", CLIENT, "\1\4\0\1\0\0\0\0") },
	{ CASE_TCP("9000"), "FastCGI",
	  SAMPLE("more than the records", CLIENT, "\1\4\0\1\0\2\0\0ab\1\2\3\4\5") },
	{ CASE_TCP("9090"), "Thrift",
	  SAMPLE("a name of octets", CLIENT, "\x80\1\0\1\0\0\0\4p\1ng\0\0\0\1\0") },
	{ CASE_TCP("9090"), "Thrift",
	  SAMPLE("a frame that ends too soon", CLIENT,
	         "\0\0\0\x08\x80\1\0\1\0\0\0\4ping\0\0\0\1\0") },
	{ CASE_TCP("9090"), "Thrift", SAMPLE("compact of octets", CLIENT, "\x82\x21\1\4p\1ng\0") },
	{ CASE_TCP("3128"), "STOMP",
	  SAMPLE("a proxy's request", CLIENT, "CONNECT example.org:443 HTTP/1.1\r\n\r\n") },
	{ CASE_TCP("61613"), "STOMP", SAMPLE("other header", CLIENT, "SEND\nfoo:1\n\nhello\0") },
	{ CASE_TCP("61616"), "OpenWire",
	  SAMPLE("longer than it says", CLIENT, "\0\0\0\2\1ActiveMQ\0\0\0\x0a\1\0\0") },
	{ CASE_TCP("4222"), "NATS", SAMPLE("other names", SERVER, "INFO {\"name\":\"x\"}\r\n") },
	{ CASE_TCP("2181"), "ZooKeeper",
	  SAMPLE("another length", CLIENT, "\0\0\0\x2d" CONNECT_REQUEST PASSWORD "\0\0") },
	{ CASE_TCP("9300"), "Elasticsearch",
	  SAMPLE("version 0", CLIENT, "ES\0\0\0\x11\0\0\0\0\0\0\0\7\0\0\0\0\0\1\2\3\4") },
	{ CASE_TCP("2809"), "CORBA",
	  SAMPLE("longer than it says", CLIENT, "GIOP\1\2\1\0\3\0\0\0\1\0\0\0\3\0\0\0") },
	{ CASE_TCP("2809"), "CORBA", SAMPLE("text", CLIENT, "GIOP is a protocol") },
	{ CASE_TCP("5555"), "ZeroMQ",
	  SAMPLE("another end", CLIENT, "\xff\0\0\0\0\0\0\0\1\x7e\3\0NULL\0\0") },
	{ CASE_TCP("8080"), "WebSocket",
	  SAMPLE("a mask that hides no text", CLIENT,
	         "\x81\x88\x91\xe5\x73\xc8\x09\x80\x1f\xa4\xfe\xc5\x44\xfb") },
	{ CASE_TCP("8080"), "WebSocket", SAMPLE("another length", SERVER, "\x81\x0bhello, world") },
};

static void
a_call_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[10]);
}

static void
websocket_tags_nothing(void **state)
{
	struct harness *h = harness_new(all_modules);

	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, "10.0.0.1:40000 192.0.2.1:80",
	                                &messages[COUNT(messages) - 2].sample),
	                    "WebSocket");
	struct talk t = talk_begin(h, NM_TCP, "10.0.0.7:41000 192.0.2.1:80");
	assert_string_equal(talk_say(&t, CLIENT, "\x99\x81\xf7"), "Unknown");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_call_tags_its_server),
		cmocka_unit_test(websocket_tags_nothing),
	};

	return cmocka_run_group_tests_name("appserver", tests, NULL, NULL);
}
