/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VNC and X11, and what only begins like them. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("5900"), "VNC", SAMPLE("version", SERVER, "RFB 003.008\n") },
	{ CASE_TCP("5900"), "VNC", SAMPLE("version of the client", CLIENT, "RFB 003.003\n") },
	{ CASE_TCP("6000"), "X11",
	  SAMPLE("set-up", CLIENT,
	         "l\0\13\0\0\0\22\0\20\0\0\0MIT-MAGIC-COOKIE-1\0\0\r\24\33\")07>ELSZahov") },
	{ CASE_TCP("6000"), "X11",
	  SAMPLE("set-up, high octet first", CLIENT,
	         "B\0\0\13\0\0\0\22\0\20\0\0MIT-MAGIC-COOKIE-1\0\0\r\24\33\")07>ELSZahov") },
	{ CASE_TCP("6000"), "X11",
	  SAMPLE("set-up without authorisation", CLIENT, "l\0\13\0\0\0\0\0\0\0\0\0") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("6000"), "X11",
	  SAMPLE(
	      "answer", SERVER,
	      "\1\0\13\0\0\0d\0\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337\346\355\364\373\2\11\20\27\36") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("5900"), "VNC", SAMPLE("no version", SERVER, "RFB 00x.y08\n") },
	{ CASE_TCP("6000"), "X11",
	  SAMPLE("other authorisation", CLIENT,
	         "l\0\13\0\0\0\22\0\20\0\0\0MIT-OTHER-COOKIE-1\0\0\r\24\33\")07>ELSZahov") },
	{ CASE_TCP("6000"), "X11",
	  SAMPLE("version 12", CLIENT,
	         "l\0\14\0\0\0\22\0\20\0\0\0MIT-MAGIC-COOKIE-1\0\0\r\24\33\")07>ELSZahov") },
	{ CASE_TCP("6000"), "X11", SAMPLE("port alone", CLIENT, "hello world, hello") },
};

static void
a_version_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_version_tags_its_server),
	};

	return cmocka_run_group_tests_name("desktop", tests, NULL, NULL);
}
