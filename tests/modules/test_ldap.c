/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LDAP on TCP and UDP, and other protocols in BER. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE("bind", CLIENT, "0,\2\1\1`'\2\1\3\4\32cn=admin,dc=example,dc=org\200\6secret") },
	{ CASE_TCP("389"), "LDAP", SAMPLE("bound", SERVER, "0\14\2\1\1a\7\n\1\0\4\0\4\0") },
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE(
	      "search", CLIENT,
	      "06\2\1\2c1\4\21dc=example,dc=org\n\1\2\n\1\0\2\1\0\2\1\0\1\1\0\207\13objectClass0\0") },
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE("extended request", CLIENT, "0\35\2\1\1w\30\200\0261.3.6.1.4.1.1466.20037") },
	{ CASE_TCP("389"), "LDAP", SAMPLE("unbind", CLIENT, "0\5\2\1\3B\0") },
	{ CASE_UDP("389"), "LDAP",
	  SAMPLE(
	      "search without a connection", CLIENT,
	      "0>\2\1\7c9\4\0\n\1\0\n\1\0\2\1\0\2\1\0\1\1\0\240\32\243\30\4\11DnsDomain\4\13example.org0\n\4\10Netlogon") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE("wrapped by Kerberos", CLIENT,
	         "\0\0\0\24\5\4\4\377\0\14\0\14\0\0\0\0\1\2\3\4abcd") },
	{ CASE_TCP("3268"), "LDAP",
	  SAMPLE("wrapped by NTLM", SERVER, "\0\0\0\24\1\0\0\0abcdefgh\0\0\0\1abcd") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("389"), "LDAP",
	  SAMPLE(
	      "management", CLIENT,
	      "0)\2\1\1\4\6public\240\34\2\4+<M^\2\1\0\2\1\0000\0160\14\6\10+\6\1\2\1\1\1\0\5\0") },
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE("operation that is none", CLIENT, "0\13\2\1\1b\6\2\1\3\4\1x") },
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE("bind of version 9", CLIENT, "0\13\2\1\1`\6\2\1\11\4\1x") },
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE("wrapped by nobody", CLIENT,
	         "\0\0\0\24\5\3\4\377\0\14\0\14\0\0\0\0\1\2\3\4abcd") },
	{ CASE_TCP("389"), "LDAP",
	  SAMPLE("more than the length", CLIENT,
	         "\0\0\0\20\5\4\4\377\0\14\0\14\0\0\0\0\1\2\3\4abcd") },
	{ CASE_TCP("389"), "LDAP", SAMPLE("a digit", CLIENT, "0123456789") },
	{ CASE_TCP("389"), "LDAP", SAMPLE("a certificate", CLIENT, "0\n0\10\240\3\2\1\2\2\1M") },
};

static void
a_message_tags_its_server_whoever_sent_it(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
	case_tags_its_server(&messages[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_message_tags_its_server_whoever_sent_it),
	};

	return cmocka_run_group_tests_name("ldap", tests, NULL, NULL);
}
