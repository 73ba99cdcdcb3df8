/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How devices and services find each other, and what only looks like it. */
#include "tests/support/module_cases.h"

#define SOAP \
	"<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
#define LCT "\x10\x10\10\0\0\0\0\0\0\0\0\0\300\x10\0\2\x40\4\0\0\0\0\2\x36\0\0\5\x9c\0\0\0\x40"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("3702"), "WSD",
	  SAMPLE("hello", CLIENT,
	         SOAP "xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\">") },
	{ CASE_UDP("3702"), "WSD",
	  SAMPLE("probe of version 1.1", CLIENT,
	         SOAP "xmlns:d=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\">") },
	{ CASE_UDP("8612"), "BJNP", SAMPLE("discovery", CLIENT, "BJNP\2\1\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("8611"), "BJNP",
	  SAMPLE("answer", SERVER, "BJNP\201\1\0\0\0\1\0\0\0\0\0\4abcd") },
	{ CASE_UDP("40085"), "FLUTE",
	  SAMPLE("table of files", CLIENT, LCT "\0\0\0\0<?xml version=\"1.0\"?><FDT-Instance>") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("5351"), "NAT-PMP", SAMPLE("which address", CLIENT, "\0\0") },
	{ CASE_UDP("5351"), "NAT-PMP",
	  SAMPLE("mapping", CLIENT, "\0\1\0\0\x1a\xe1\x1a\xe1\0\0\x0e\x10") },
	{ CASE_UDP("5351"), "NAT-PMP",
	  SAMPLE("mapped", SERVER, "\0\202\0\0\0\0\0\1\x1a\xe1\x1a\xe1\0\0\x0e\x10") },
	{ CASE_UDP("5351"), "NAT-PMP",
	  SAMPLE("announcement of PCP", CLIENT,
	         "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\12\0\0\1") },
	{ CASE_UDP("427"), "SLP",
	  SAMPLE("request", CLIENT,
	         "\2\1\0\0\x25\x20\0\0\0\0\0\1\0\2en\0\0\0\7service\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("427"), "SLP",
	  SAMPLE("answer that goes on", SERVER, "\2\2\0\1\0\0\0\0\0\0\0\1\0\2en\0\0\0\1") },
	{ CASE_UDP("427"), "SLP",
	  SAMPLE("request of version 1", CLIENT, "\1\1\0\x16\0\0en\0\3\0\1\0\0\0\2ab\0\0\0\0") },
	{ CASE_UDP("9875"), "SAP",
	  SAMPLE("announcement", CLIENT, "\x20\0\0\1\12\0\0\1application/sdp\0v=0\r\n") },
	{ CASE_UDP("9875"), "SAP",
	  SAMPLE("announcement of old", CLIENT, "\x20\0\0\1\12\0\0\1v=0\r\n") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("5351"), "NAT-PMP", SAMPLE("operation 3", CLIENT, "\0\3\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("5351"), "NAT-PMP",
	  SAMPLE("another length", CLIENT, "\0\1\0\0\x1a\xe1\x1a\xe1\0\0\x0e\x10\0") },
	{ CASE_UDP("5351"), "NAT-PMP",
	  SAMPLE("result in a request", CLIENT,
	         "\2\1\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\12\0\0\1") },
	{ CASE_UDP("427"), "SLP",
	  SAMPLE("another length", CLIENT, "\1\1\0\x17\0\0en\0\3\0\1\0\0\0\2ab\0\0\0\0") },
	{ CASE_UDP("427"), "SLP", SAMPLE("text", CLIENT, "a line that is long enough") },
	{ CASE_UDP("3702"), "WSD",
	  SAMPLE("other XML", CLIENT,
	         SOAP "xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">") },
	{ CASE_UDP("8612"), "BJNP",
	  SAMPLE("another length", CLIENT, "BJNP\2\1\0\0\0\0\0\0\0\0\0\1") },
	{ CASE_UDP("9875"), "SAP",
	  SAMPLE("version 2", CLIENT, "\x40\0\0\1\12\0\0\1application/sdp\0v=0\r\n") },
	{ CASE_UDP("40085"), "FLUTE",
	  SAMPLE("another object", CLIENT,
	         "\x10\x10\5\0\0\0\0\0\0\0\0\1\300\x10\0\2\0\0\0\0<FDT-Instance>") },
	{ CASE_UDP("40085"), "FLUTE",
	  SAMPLE("no extension", CLIENT, "\x10\x10\3\0\0\0\0\0\0\0\0\0\0\0\0\0<FDT-Instance>") },
};

/* The files themselves come to the same group, from the same sender or another one. */
static void
a_table_of_files_tags_its_group(void **state)
{
	(void)state;
	case_tags_its_server(&messages[4]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_table_of_files_tags_its_group),
	};

	return cmocka_run_group_tests_name("discovery", tests, NULL, NULL);
}
