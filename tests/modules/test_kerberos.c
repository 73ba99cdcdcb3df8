/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kerberos on UDP and TCP, and what only has its tags. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("88"), "Kerberos",
	  SAMPLE(
	      "request", CLIENT,
	      "j(0&\241\3\2\1\5\242\3\2\1\n\244\0320\30\240\7\3\5\0P\200\0\0\242\r\33\13EXAMPLE.ORG") },
	{ CASE_UDP("88"), "Kerberos",
	  SAMPLE("answer", SERVER, "k\0330\31\240\3\2\1\5\241\3\2\1\13\243\r\33\13EXAMPLE.ORG") },
	{ CASE_UDP("88"), "Kerberos",
	  SAMPLE("error", SERVER, "~\0210\17\240\3\2\1\5\241\3\2\1\36\246\3\2\1\31") },
	{ CASE_TCP("88"), "Kerberos",
	  SAMPLE(
	      "request behind its length", CLIENT,
	      "\0\0\0*j(0&\241\3\2\1\5\242\3\2\1\n\244\0320\30\240\7\3\5\0P\200\0\0\242\r\33\13EXAMPLE.ORG") },
	{ CASE_TCP("88"), "Kerberos",
	  SAMPLE("answer behind its length", SERVER,
	         "\0\0\0\35k\0330\31\240\3\2\1\5\241\3\2\1\13\243\r\33\13EXAMPLE.ORG") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("88"), "Kerberos",
	  SAMPLE(
	      "request whose length went before", CLIENT,
	      "j(0&\241\3\2\1\5\242\3\2\1\n\244\0320\30\240\7\3\5\0P\200\0\0\242\r\33\13EXAMPLE.ORG") },
	{ CASE_UDP("464"), "Kerberos",
	  SAMPLE("change of password", CLIENT,
	         "\0&\0\1\0\27n\0250\23\240\3\2\1\5\241\3\2\1\16\242\7\3\5\0\0\0\0\0uencrypte") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("88"), "Kerberos",
	  SAMPLE(
	      "version 4", CLIENT,
	      "j(0&\241\3\2\1\4\242\3\2\1\n\244\0320\30\240\7\3\5\0P\200\0\0\242\r\33\13EXAMPLE.ORG") },
	{ CASE_UDP("88"), "Kerberos",
	  SAMPLE(
	      "another type than the tag", CLIENT,
	      "j(0&\241\3\2\1\5\242\3\2\1\14\244\0320\30\240\7\3\5\0P\200\0\0\242\r\33\13EXAMPLE.ORG") },
	{ CASE_UDP("88"), "Kerberos", SAMPLE("text", CLIENT, "just a text that begins with a j") },
	{ CASE_TCP("88"), "Kerberos",
	  SAMPLE("a bind of LDAP", CLIENT,
	         "0,\2\1\1`'\2\1\3\4\32cn=admin,dc=example,dc=org\200\6secret") },
	{ CASE_UDP("464"), "Kerberos",
	  SAMPLE("text to port 464", CLIENT, "just a text that begins with a j") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("kerberos", tests, NULL, NULL);
}
