/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NTP, its control messages, and what else is sent to its port. */
#include "tests/support/module_cases.h"

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("123"), "NTP",
	  SAMPLE(
	      "request", CLIENT,
	      "#\0\n \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\345\366j\342\241\262\303\324") },
	{ CASE_UDP("123"), "NTP",
	  SAMPLE(
	      "answer", SERVER,
	      "$\2\3\351\0\0\n\17\0\0\13\37\300\250\0\1\345\366j\342\241\262\303\324\345\366j\342\241\262\303\324\345\366j\342\241\262\303\324\345\366j\342\241\262\303\324") },
	{ CASE_UDP("123"), "NTP", SAMPLE("control", CLIENT, "\26\2\0\1\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("123"), "NTP", SAMPLE("private", CLIENT, "\27\0\3*\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("123"), "NTP",
	  SAMPLE(
	      "version 0", CLIENT,
	      "\3\0\n \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\345\366j\342\241\262\303\324") },
	{ CASE_UDP("123"), "NTP",
	  SAMPLE(
	      "stratum 99", CLIENT,
	      "#c\n \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\345\366j\342\241\262\303\324") },
	{ CASE_UDP("123"), "NTP",
	  SAMPLE(
	      "precision of a minute", CLIENT,
	      "#\0\n\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\345\366j\342\241\262\303\324") },
	{ CASE_UDP("123"), "NTP",
	  SAMPLE(
	      "too short", CLIENT,
	      "#\0\n \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("123"), "NTP",
	  SAMPLE("text", CLIENT, "hello world, this is nothing at all, just a text") },
	{ CASE_UDP("123"), "NTP",
	  SAMPLE("control with too much", CLIENT, "\26\2\0\1\0\0\0\0\0\0\0\377") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("ntp", tests, NULL, NULL);
}
