/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What measures networks, and what only looks like it. */
#include "tests/support/module_cases.h"

#define COOKIE "abcdefghijklmnopqrstuvwxyz234567abcd"
#define DIGITS "0123456789"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("8080"), "Ookla",
	  SAMPLE("greeting", SERVER, "HELLO 2.9 (2.9.2) 2023-01-02.1304.abcdef0\n") },
	{ CASE_TCP("8080"), "Ookla",
	  SAMPLE("client", CLIENT, "HI 01234567-89ab-cdef-0123-456789abcdef\n") },
	{ CASE_TCP("8080"), "Ookla", SAMPLE("time", CLIENT, "PING 1700000000123\n") },
	{ CASE_TCP("8080"), "Ookla", SAMPLE("time back", SERVER, "PONG 1700000000123\n") },
	{ CASE_TCP("2501"), "Kismet",
	  SAMPLE("greeting", SERVER, "*KISMET: 0.0.0 1144004381 \1Kismet\1\n") },
	{ CASE_TCP("2501"), "Kismet", SAMPLE("time", SERVER, "*TIME: 1144004385\n") },
	{ CASE_TCP("2501"), "Kismet", SAMPLE("order", CLIENT, "!0 ENABLE GPS lat,lon\n") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("8080"), "Ookla", SAMPLE("client of old", CLIENT, "HI\n") },
	{ CASE_TCP("5201"), "iperf", SAMPLE("cookie", CLIENT, COOKIE "\0") },
	{ CASE_UDP("5201"), "iperf", SAMPLE("greeting on UDP", CLIENT, "9876") },
	{ CASE_UDP("5201"), "iperf", SAMPLE("answer on UDP of old", SERVER, "\261\150\336\72") },
	{ CASE_TCP("5001"), "iperf",
	  SAMPLE("data", CLIENT,
	         "\0\0\0\0\0\0\0\1\0\0\x13\x89"
	         "23456789" DIGITS DIGITS DIGITS) },
	{ CASE_UDP("5001"), "iperf",
	  SAMPLE("datagram", CLIENT, "\0\0\0\1\1\2\3\4\0\0\0\5" DIGITS DIGITS DIGITS DIGITS) },
	{ CASE_UDP("6000"), "EAQ",
	  SAMPLE("going", CLIENT, "\0\0\0\2\0\0\x0d\xdd\0\1\x3a\xb2\0\0\x90\0") },
	{ CASE_UDP("6000"), "EAQ",
	  SAMPLE("coming back", SERVER, "\0\0\0\2\0\0\x0d\xdd\0\1\x3a\xb2\0\0\x60\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("8080"), "Ookla", SAMPLE("talk", SERVER, "HELLO my friend\n") },
	{ CASE_TCP("6667"), "Ookla", SAMPLE("another ping", CLIENT, "PING 170000000012x\n") },
	{ CASE_TCP("8080"), "Ookla",
	  SAMPLE("a longer name", CLIENT, "HI 01234567-89ab-cdef-0123-456789abcdef0\n") },
	{ CASE_TCP("2501"), "Kismet", SAMPLE("words", SERVER, "*TIME: is money, they say\n") },
	{ CASE_UDP("5201"), "iperf", SAMPLE("other digits", CLIENT, "9877") },
	{ CASE_UDP("5201"), "iperf", SAMPLE("more than a greeting", CLIENT, "98765") },
	{ CASE_TCP("5201"), "iperf", SAMPLE("capitals", CLIENT, "A" COOKIE) },
	{ CASE_TCP("5001"), "iperf",
	  SAMPLE("nines", CLIENT, "99999999999999999999999999999999999999") },
	{ CASE_UDP("6000"), "EAQ",
	  SAMPLE("more than a second", CLIENT, "\0\0\0\2\0\0\x0d\xdd\0\x11\x3a\xb2\0\0\x90\0") },
	{ CASE_UDP("6000"), "EAQ",
	  SAMPLE("another kind", CLIENT, "\0\0\0\2\0\0\x0d\xdd\0\1\x3a\xb2\0\0\x70\0") },
};

static void
a_cookie_tags_the_server_of_the_data(void **state)
{
	(void)state;
	case_tags_its_server(&port_messages[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_cookie_tags_the_server_of_the_data),
	};

	return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
