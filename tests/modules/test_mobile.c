/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GTP, GTP', PFCP and GPRS-NS, and what only has their ports. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("23000"), "GPRS-NS",
	  SAMPLE("uplink", CLIENT, "\0\0\0\7\1\340\1\2\3\0\0\4\10\210\1\2\3\4\5\6\7\10") },
	{ CASE_UDP("23000"), "GPRS-NS",
	  SAMPLE("downlink", SERVER, "\0\0\0\7\0\340\1\2\3\0\0\4\26\202\2X") },
	{ CASE_UDP("23000"), "GPRS-NS",
	  SAMPLE("reset of a connection", CLIENT, "\0\0\0\0\x22\4\202\0\7\7\201\10") },
	{ CASE_UDP("23000"), "GPRS-NS",
	  SAMPLE("reset", CLIENT, "\2\0\201\1\1\202\0\7\4\202\0\x11") },
	{ CASE_UDP("23000"), "GPRS-NS", SAMPLE("agreement", SERVER, "\3\1\202\0\7\4\202\0\x11") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("2123"), "GTP",
	  SAMPLE("echo of version 1", CLIENT, "\x32\1\0\4\0\0\0\0\0\1\0\0") },
	{ CASE_UDP("2123"), "GTP",
	  SAMPLE("echo of version 2", CLIENT, "\x40\1\0\11\0\0\1\0\3\0\1\0\7") },
	{ CASE_UDP("2123"), "GTP",
	  SAMPLE("with another message behind it", CLIENT,
	         "\x50\1\0\11\0\0\1\0\3\0\1\0\7\x40\1\0\11\0\0\1\0\3\0\1\0\7") },
	{ CASE_UDP("2152"), "GTP", SAMPLE("end of a tunnel", CLIENT, "\x30\376\0\0\0\0\0\7") },
	{ CASE_UDP("3386"), "GTP",
	  SAMPLE("echo of version 0", CLIENT,
	         "\x1e\1\0\0\0\1\0\0\377\377\377\377\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("3386"), "GTPprime", SAMPLE("node is alive", CLIENT, "\x4e\4\0\0\0\1") },
	{ CASE_UDP("3386"), "GTPprime",
	  SAMPLE("short header of version 0", CLIENT, "\x0f\4\0\0\0\1") },
	{ CASE_UDP("3386"), "GTPprime", SAMPLE("records", CLIENT, "\x4f\360\0\2\0\1\176\1") },
	{ CASE_UDP("3386"), "GTPprime",
	  SAMPLE("long header", CLIENT, "\x0e\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("8805"), "PFCP",
	  SAMPLE("heartbeat", CLIENT, "\x20\1\0\14\0\0\1\0\0\140\0\4\1\2\3\4") },
	{ CASE_UDP("8805"), "PFCP",
	  SAMPLE("session", CLIENT, "\x21\x36\0\14\0\0\0\0\0\0\0\1\0\0\1\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("2123"), "GTP", SAMPLE("another length", CLIENT, "\x32\1\0\5\0\0\0\0\0\1\0\0") },
	{ CASE_UDP("2123"), "GTP", SAMPLE("spare bit", CLIENT, "\x3a\1\0\4\0\0\0\0\0\1\0\0") },
	{ CASE_UDP("2123"), "GTP", SAMPLE("type 0", CLIENT, "\x32\0\0\4\0\0\0\0\0\1\0\0") },
	{ CASE_UDP("2152"), "GTP",
	  SAMPLE("version 2 of users", CLIENT, "\x40\1\0\11\0\0\1\0\3\0\1\0\7") },
	{ CASE_UDP("3386"), "GTPprime", SAMPLE("type 9", CLIENT, "\x4f\11\0\0\0\1") },
	{ CASE_UDP("3386"), "GTPprime", SAMPLE("text", CLIENT, "hello world") },
	{ CASE_UDP("8805"), "PFCP",
	  SAMPLE("element of too much", CLIENT, "\x20\1\0\14\0\0\1\0\0\140\0\5\1\2\3\4") },
	{ CASE_UDP("8805"), "PFCP",
	  SAMPLE("type 40", CLIENT, "\x20\x28\0\14\0\0\1\0\0\140\0\4\1\2\3\4") },
	{ CASE_UDP("23000"), "GPRS-NS",
	  SAMPLE("another element", CLIENT, "\0\0\0\7\1\340\1\2\3\0\0\4\11\210\1\2\3\4\5\6\7\10") },
	{ CASE_UDP("23000"), "GPRS-NS", SAMPLE("alive, an octet", CLIENT, "\12") },
	{ CASE_UDP("23000"), "GPRS-NS",
	  SAMPLE("DNS with id 0", CLIENT, "\0\0\1\0\0\1\0\0\0\0\0\0\3www\0\0\1\0\1") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("mobile", tests, NULL, NULL);
}
