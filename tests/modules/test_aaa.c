/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TACACS+, Diameter and PANA, and what only looks like them. */
#include "tests/support/module_cases.h"

#define NUMBERS "\0\0\0\0\0\0\0\1\0\0\0\2"
#define HOST    "\0\0\1\10\x40\0\0\13hss\0"
#define REALM   "\0\0\1\50\x40\0\0\14mnc1"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("49"), "TACPlus",
	  SAMPLE("start", CLIENT, "\300\1\1\0\1\2\3\4\0\0\0\10abcdefgh") },
	{ CASE_TCP("49"), "TACPlus", SAMPLE("reply", SERVER, "\301\1\2\4\1\2\3\4\0\0\0\6abcdef") },
	{ CASE_TCP("3868"), "Diameter",
	  SAMPLE("exchange of capabilities", CLIENT, "\1\0\0\54\200\0\1\1" NUMBERS HOST REALM) },
	{ CASE_TCP("3868"), "Diameter",
	  SAMPLE("watchdog", SERVER, "\1\0\0\54\0\0\1\30" NUMBERS HOST REALM) },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("49"), "TACPlus",
	  SAMPLE("a body that goes on", CLIENT, "\300\2\1\0\1\2\3\4\0\0\1\10abcdefgh") },
	{ CASE_TCP("3868"), "Diameter",
	  SAMPLE("one attribute", CLIENT, "\1\0\0\40\200\0\1\30" NUMBERS HOST) },
	{ CASE_UDP("716"), "PANA",
	  SAMPLE("request", CLIENT, "\0\0\0\34\200\0\0\2\0\0\0\1\0\0\0\2\0\2\0\0\0\4\0\0abcd") },
	{ CASE_UDP("716"), "PANA",
	  SAMPLE("without attributes", CLIENT, "\0\0\0\20\0\0\0\1\0\0\0\0\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("49"), "TACPlus",
	  SAMPLE("a client's even number", CLIENT, "\300\1\2\0\1\2\3\4\0\0\0\10abcdefgh") },
	{ CASE_TCP("9000"), "TACPlus",
	  SAMPLE("another length", CLIENT, "\300\1\1\0\1\2\3\4\0\0\0\11abcdefgh") },
	{ CASE_TCP("49"), "TACPlus",
	  SAMPLE("type 0", CLIENT, "\300\0\1\0\1\2\3\4\0\0\0\10abcdefgh") },
	{ CASE_TCP("3868"), "Diameter",
	  SAMPLE("attribute that is too long", CLIENT,
	         "\1\0\0\40\200\0\1\30" NUMBERS "\0\0\1\10\x40\0\0\xdhss\0") },
	{ CASE_TCP("3868"), "Diameter",
	  SAMPLE("flags", CLIENT, "\1\0\0\40\201\0\1\30" NUMBERS HOST) },
	{ CASE_UDP("716"), "PANA",
	  SAMPLE("another length", CLIENT, "\0\0\0\21\0\0\0\1\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("716"), "PANA", SAMPLE("text", CLIENT, "a line that is long enough") },
};

static void
a_request_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
	case_tags_its_server(&messages[2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_request_tags_its_server),
	};

	return cmocka_run_group_tests_name("aaa", tests, NULL, NULL);
}
