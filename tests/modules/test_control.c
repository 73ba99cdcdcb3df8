/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How networks are controlled from elsewhere, and what only has the ports. */
#include "tests/support/module_cases.h"

#define PEER \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\12\0\0\1\0\0\xfd\xe8\12\0\0\1\0\0\0\1\0\0\0\0"
#define MARKER    "\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377"
#define ADDRESSES "\12\0\0\1\12\0\0\2\12\0\0\3"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("1790"), "BMP", SAMPLE("initiation", CLIENT, "\3\0\0\0\x0f\4\0\2\0\5rtr-1") },
	{ CASE_TCP("11019"), "BMP",
	  SAMPLE("route", CLIENT, "\3\0\0\0\x43\0\0\0" PEER MARKER "\0\x13\4") },
};

/* All of them need their port. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("5246"), "CAPWAP",
	  SAMPLE("discovery", CLIENT, "\0\x10\2\0\0\0\0\0\0\0\0\1\1\0\10\0\0\x14\0\1\0") },
	{ CASE_UDP("5246"), "CAPWAP",
	  SAMPLE("DTLS", CLIENT, "\1\0\0\0\x16\376\377\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("5247"), "CAPWAP", SAMPLE("keep-alive", CLIENT, "\0\x10\2\x08\0\0\0\0\0\x16") },
	{ CASE_TCP("6633"), "OpenFlow", SAMPLE("hello", CLIENT, "\1\0\0\10\0\0\0\1") },
	{ CASE_TCP("6653"), "OpenFlow",
	  SAMPLE("two messages", SERVER, "\4\0\0\20\0\0\0\1\0\1\0\10\0\0\0\x10\4\5\0\10\0\0\0\2") },
	{ CASE_TCP("323"), "RPKI-RTR", SAMPLE("question", CLIENT, "\1\2\0\0\0\0\0\10") },
	{ CASE_TCP("323"), "RPKI-RTR",
	  SAMPLE("answer", SERVER,
	         "\1\3\0\7\0\0\0\10\1\4\0\0\0\0\0\x14\1\x18\x18\0\300\0\2\0\0\0\xfd\xe8") },
	{ CASE_TCP("1790"), "BMP", SAMPLE("peer is down", CLIENT, "\3\0\0\0\x31\2\0\0" PEER "\4") },
	{ CASE_UDP("434"), "MIP",
	  SAMPLE("request", CLIENT, "\1\0\7\10" ADDRESSES "\1\2\3\4\5\6\7\10\x20\6\0\0\1\0ab") },
	{ CASE_UDP("434"), "MIP",
	  SAMPLE("reply", SERVER, "\3\0\7\10\12\0\0\1\12\0\0\2\1\2\3\4\5\6\7\10") },
	{ CASE_UDP("177"), "XDMCP", SAMPLE("query", CLIENT, "\0\1\0\2\0\1\0") },
	{ CASE_UDP("701"), "LMP",
	  SAMPLE("hello", CLIENT, "\x10\0\0\4\0\x14\0\0\1\7\0\14\0\0\0\1\0\0\0\2") },
	{ CASE_UDP("654"), "AODV",
	  SAMPLE("route request", CLIENT, "\1\0\0\1\0\0\0\1\12\0\0\2\0\0\0\0\12\0\0\1\0\0\0\1") },
	{ CASE_UDP("654"), "AODV", SAMPLE("route error", CLIENT, "\3\0\0\1\12\0\0\2\0\0\0\7") },
	{ CASE_UDP("2048"), "WCCP",
	  SAMPLE("here I am", CLIENT, "\0\0\0\12\2\0\0\x08\0\0\0\4\0\0\0\0") },
	{ CASE_UDP("2048"), "WCCP", SAMPLE("of version 1", CLIENT, "\0\0\0\7\0\0\0\4\0\0\0\0") },
	{ CASE_UDP("8231"), "HNCP",
	  SAMPLE("endpoint", CLIENT, "\0\3\0\10abcd\0\0\0\1\0\4\0\10abcdefgh") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("1790"), "BMP", SAMPLE("version 2", CLIENT, "\2\0\0\0\x0f\4\0\2\0\5rtr-1") },
	{ CASE_TCP("1790"), "BMP",
	  SAMPLE("text that is too long", CLIENT, "\3\0\0\0\x0f\4\0\2\0\6rtr-1") },
	{ CASE_TCP("1790"), "BMP",
	  SAMPLE("RDP", CLIENT, "\3\0\0\23\16\340\0\0\0\0\0\1\0\10\0\3\0\0\0") },
	{ CASE_UDP("5246"), "CAPWAP", SAMPLE("version 1", CLIENT, "\x10\x10\2\0\0\0\0\0\0\0\0\1") },
	{ CASE_UDP("5246"), "CAPWAP",
	  SAMPLE("message 0", CLIENT, "\0\x10\2\0\0\0\0\0\0\0\0\0\1\0\10\0\0\x14\0\1\0") },
	{ CASE_TCP("6633"), "OpenFlow", SAMPLE("version 9", CLIENT, "\11\0\0\10\0\0\0\1") },
	{ CASE_TCP("6633"), "OpenFlow", SAMPLE("length of 7", CLIENT, "\1\0\0\7\0\0\0\1") },
	{ CASE_TCP("323"), "RPKI-RTR", SAMPLE("another length", CLIENT, "\1\2\0\0\0\0\0\11\0") },
	{ CASE_UDP("434"), "MIP",
	  SAMPLE("type 2", CLIENT, "\2\0\7\10" ADDRESSES "\1\2\3\4\5\6\7\10") },
	{ CASE_UDP("177"), "XDMCP", SAMPLE("another length", CLIENT, "\0\1\0\2\0\2\0") },
	{ CASE_UDP("701"), "LMP",
	  SAMPLE("another length", CLIENT, "\x10\0\0\4\0\x15\0\0\1\7\0\14\0\0\0\1\0\0\0\2") },
	{ CASE_UDP("654"), "AODV", SAMPLE("another length", CLIENT, "\3\0\0\2\12\0\0\2\0\0\0\7") },
	{ CASE_UDP("2048"), "WCCP",
	  SAMPLE("another length", CLIENT, "\0\0\0\12\2\0\0\x09\0\0\0\4\0\0\0\0") },
	{ CASE_UDP("8231"), "HNCP", SAMPLE("another length", CLIENT, "\0\3\0\12abcd\0\0\0\1") },
	{ CASE_UDP("8231"), "HNCP", SAMPLE("text", CLIENT, "a line that is long enough") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
