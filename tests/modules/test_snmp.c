/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SNMP, and what else begins with a sequence. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE(
	      "request of version 2c", CLIENT,
	      "0)\2\1\1\4\6public\240\34\2\4+<M^\2\1\0\2\1\0000\0160\14\6\10+\6\1\2\1\1\1\0\5\0") },
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE("response of version 1", SERVER,
	         "0#\2\1\0\4\0\242\34\2\4+<M^\2\1\0\2\1\0000\0160\14\6\10+\6\1\2\1\1\1\0\5\0") },
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE(
	      "request of version 2u", CLIENT,
	      "0)\2\1\2\4\6public\240\34\2\4+<M^\2\1\0\2\1\0000\0160\14\6\10+\6\1\2\1\1\1\0\5\0") },
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE(
	      "request of version 3", CLIENT,
	      "0I\2\1\0030\16\2\1M\2\3\0\377\343\4\1\4\2\1\3\4\0200\16\4\0\2\1\0\2\1\0\4\0\4\0\4\0000\"\4\0\4\0\240\34\2\4+<M^\2\1\0\2\1\0000\0160\14\6\10+\6\1\2\1\1\1\0\5\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE(
	      "directory search", CLIENT,
	      "0>\2\1\7c9\4\0\n\1\0\n\1\0\2\1\0\2\1\0\1\1\0\240\32\243\30\4\11DnsDomain\4\13example.org0\n\4\10Netlogon") },
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE(
	      "version 5", CLIENT,
	      "0)\2\1\4\4\6public\240\34\2\4+<M^\2\1\0\2\1\0000\0160\14\6\10+\6\1\2\1\1\1\0\5\0") },
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE(
	      "longer than its datagram", CLIENT,
	      "0\177\2\1\1\4\6public\240\34\2\4+<M^\2\1\0\2\1\0000\0160\14\6\10+\6\1\2\1\1\1\0\5\0") },
	{ CASE_UDP("161"), "SNMP", SAMPLE("no PDU", CLIENT, "0\17\2\1\1\4\6public\260\00212") },
	{ CASE_UDP("161"), "SNMP",
	  SAMPLE("port 161 alone", CLIENT, "hello world, this is nothing") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("snmp", tests, NULL, NULL);
}
