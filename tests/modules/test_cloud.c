/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clouds' own protocols, and what only begins like them. */
#include "tests/support/module_cases.h"

#define EIGHT "\221\352\03\f7\207\263\11"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("8999"), "AliCloud", SAMPLE("head", CLIENT, "\xce\xfa\xbe\xba\x80\0\0\0") },
	{ CASE_TCP("8999"), "AliCloud",
	  SAMPLE("head and contents", SERVER, "\xce\xfa\xbe\xba\x08\0\0\0" EIGHT) },
	{ CASE_UDP("7351"), "MerakiCloud",
	  SAMPLE("report", CLIENT, "\xfe\xf7\x28\x91\x0d\1\0\x10" EIGHT) },
	{ CASE_UDP("19000"), "ZUG",
	  SAMPLE("message", CLIENT, "\0\x18UG\x10\1\2\3\0\x0c" EIGHT "\1\2\3\4\5\6") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("2408"), "CloudflareWARP",
	  SAMPLE("data", CLIENT, "\xc4\2\x78\0\x68\x84\xee\0\5\0\0\0\0\0\0\0" EIGHT EIGHT) },
	{ CASE_UDP("2408"), "CloudflareWARP",
	  SAMPLE("data of a numbered client", SERVER,
	         "\4\2\x78\1\x68\x84\xee\0\5\0\0\0\0\0\0\0" EIGHT EIGHT) },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("8999"), "AliCloud",
	  SAMPLE("another length", SERVER, "\xce\xfa\xbe\xba\x09\0\0\0" EIGHT) },
	{ CASE_TCP("8999"), "AliCloud",
	  SAMPLE("a program of another machine", SERVER, "\xce\xfa\xed\xfe\x08\0\0\0" EIGHT) },
	{ CASE_UDP("7351"), "MerakiCloud",
	  SAMPLE("another length", CLIENT, "\xfe\xf7\x28\x91\x0d\1\0\x11" EIGHT) },
	{ CASE_UDP("19000"), "ZUG",
	  SAMPLE("contents that are too long", CLIENT,
	         "\0\x18UG\x10\1\2\3\0\x1c" EIGHT "\1\2\3\4\5\6") },
	{ CASE_UDP("2408"), "CloudflareWARP",
	  SAMPLE("a large counter", CLIENT,
	         "\xc4\2\x78\0\x68\x84\xee\0\5\0\0\0\1\2\3\4" EIGHT EIGHT) },
	{ CASE_UDP("2408"), "CloudflareWARP",
	  SAMPLE("text", CLIENT, "hello world, this is a line of text") },
};

static void
a_report_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_report_tags_its_server),
	};

	return cmocka_run_group_tests_name("cloud", tests, NULL, NULL);
}
