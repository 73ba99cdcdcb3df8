/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Citrix, Radmin, SPICE and TeamViewer, and what only begins like them. */
#include "tests/support/module_cases.h"

#define OLD_MESSAGE "\x17\x24\x0a\x20\0\x88\x13\x80"
#define ZEROS16     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("1494"), "Citrix", SAMPLE("first word", SERVER, "\x7f\x7fICA\0") },
	{ CASE_TCP("2598"), "Citrix",
	  SAMPLE("gateway", CLIENT,
	         "\x1a"
	         "CGP/01\1\0\0") },
	{ CASE_TCP("4899"), "Radmin", SAMPLE("beginning", CLIENT, "\1\0\0\0\1\0\0\0\x08\x08") },
	{ CASE_TCP("4899"), "Radmin",
	  SAMPLE("answer", SERVER, "\1\0\0\0\5\0\0\2\x28\x27\2\0\0\1") },
	{ CASE_TCP("5900"), "SPICE", SAMPLE("link", CLIENT, "REDQ\2\0\0\0\2\0\0\0\x12\0\0\0") },
	{ CASE_TCP("5938"), "TeamViewer",
	  SAMPLE("newer", SERVER, "\x11\x30\x36\0\4\0\0\0\1\0\0\0\0\0\0\0\x1b\0\0\0\4\0\0\0abcd") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("5938"), "TeamViewer", SAMPLE("message", CLIENT, OLD_MESSAGE) },
	{ CASE_UDP("5938"), "TeamViewer",
	  SAMPLE("datagram", CLIENT, "\0\1\2\3\4\5\6\7\x08\x09\x0a" OLD_MESSAGE) },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("1494"), "Citrix", SAMPLE("another letter", SERVER, "\x7f\x7fICAx") },
	{ CASE_TCP("4899"), "Radmin", SAMPLE("another sum", CLIENT, "\1\0\0\0\1\0\0\0\x08\x09") },
	{ CASE_TCP("4899"), "Radmin",
	  SAMPLE("another length", CLIENT, "\1\0\0\0\2\0\0\0\x08\x08") },
	{ CASE_TCP("4899"), "Radmin", SAMPLE("zeros", CLIENT, "\1\0\0\0\7" ZEROS16) },
	{ CASE_TCP("5900"), "SPICE",
	  SAMPLE("version 9", CLIENT, "REDQ\x09\0\0\0\2\0\0\0\x12\0\0\0") },
	{ CASE_TCP("9000"), "TeamViewer",
	  SAMPLE("another length", SERVER,
	         "\x11\x30\x36\0\5\0\0\0\1\0\0\0\0\0\0\0\x1b\0\0\0\4\0\0\0abcd") },
};

static void
a_first_word_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
}

static void
three_messages_of_teamviewer_are_enough_on_any_port(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, OLD_MESSAGE), "Unknown");
	assert_string_equal(talk_say(&t, SERVER, OLD_MESSAGE), "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, OLD_MESSAGE), "TeamViewer");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_first_word_tags_its_server),
		cmocka_unit_test(three_messages_of_teamviewer_are_enough_on_any_port),
	};

	return cmocka_run_group_tests_name("remotedesk", tests, NULL, NULL);
}
