/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tunnels in UDP that are metered as themselves, and what only has their ports. */
#include "tests/support/module_cases.h"

#define AUTHENTICATION "\0\1\0\0\1\2\3\4\5\6\7\10\0"
#define ORIGIN         "\0\0\351\x99\x3f\127\376\365"
#define LOCAL          "\376\200\0\0\0\0\0\0\0\0\377\377\377\377\377\376"
#define ALL_ROUTERS    "\377\2\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
#define SOLICITATION   "\205\0\x7d\x38\0\0\0\0"
#define CLIENT_1       "\x20\1\0\0\x9d\x38\x6a\270\x24\x28\326\x7b\x3a\x62\377\356"
#define CLIENT_2       "\x20\1\0\0\x9d\x38\220\327\4\322\x26\242\274\3\x7c\301"
#define FRAME          "\377\377\377\377\377\377\2\0\0\0\0\1\x08\6\0\1\x08\0\6\4"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("3544"), "Teredo",
	  SAMPLE("bubble", CLIENT, "\x60\0\0\0\0\0\x3b\x15" CLIENT_1 CLIENT_2) },
	{ CASE_UDP("50000"), "Teredo",
	  SAMPLE("ping", CLIENT,
	         "\x60\0\0\0\0\x08\x3a\x15" CLIENT_1 "\x20\1\4\150\0\0\0\0\0\0\0\0\0\0\0\1"
	         "\200\0\0\0\0\1\0\1") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("3544"), "Teredo",
	  SAMPLE("solicitation", CLIENT,
	         AUTHENTICATION "\x60\0\0\0\0\x08\x3a\377" LOCAL ALL_ROUTERS SOLICITATION) },
	{ CASE_UDP("3544"), "Teredo",
	  SAMPLE("with its origin", SERVER,
	         AUTHENTICATION ORIGIN "\x60\0\0\0\0\x08\x3a\377" LOCAL ALL_ROUTERS SOLICITATION) },
	{ CASE_UDP("4789"), "VXLAN", SAMPLE("ARP inside", CLIENT, "\x08\0\0\0\0\0\x7b\0" FRAME) },
	{ CASE_UDP("8472"), "VXLAN", SAMPLE("of a group", CLIENT, "\x88\0\0\7\0\0\x7b\0" FRAME) },
	{ CASE_UDP("5072"), "AYIYA",
	  SAMPLE("heartbeat", CLIENT,
	         "\x41\x52\x10\x3b\1\2\3\4" CLIENT_1 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("6081"), "Geneve",
	  SAMPLE("ARP inside", CLIENT, "\0\0\x65\x58\0\0\x7b\0" FRAME) },
	{ CASE_UDP("6081"), "Geneve",
	  SAMPLE("with options", CLIENT, "\1\x40\x08\0\0\0\x7b\0\1\2\3\0\x45\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("3544"), "Teredo",
	  SAMPLE("another length", CLIENT, "\x60\0\0\0\0\1\x3b\x15" CLIENT_1 CLIENT_2) },
	{ CASE_UDP("50000"), "Teredo",
	  SAMPLE("other addresses", CLIENT, "\x60\0\0\0\0\0\x3b\x15" LOCAL ALL_ROUTERS) },
	{ CASE_UDP("4789"), "VXLAN", SAMPLE("reserved", CLIENT, "\x08\0\0\1\0\0\x7b\0" FRAME) },
	{ CASE_UDP("4789"), "VXLAN", SAMPLE("no network", CLIENT, "\0\0\0\0\0\0\x7b\0" FRAME) },
	{ CASE_UDP("5072"), "AYIYA",
	  SAMPLE("signature of no kind", CLIENT,
	         "\x41\x51\x10\x3b\1\2\3\4" CLIENT_1 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("6081"), "Geneve",
	  SAMPLE("version 1", CLIENT, "\x40\0\x65\x58\0\0\x7b\0" FRAME) },
	{ CASE_UDP("6081"), "Geneve", SAMPLE("text", CLIENT, "a line that is long enough") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
