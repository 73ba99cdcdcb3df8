/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DTLS, and what only has its first octets. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "greeting", CLIENT,
	      "\26\376\375\0\0\0\0\0\0\0\1\0:\1\0\0.\0\0\0\0\0\0\0.\376\375\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\0\0\0\2\300+\1\0\0\0\0\0") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "data", SERVER,
	      "\27\376\375\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "two records of version 1.0", SERVER,
	      "\26\376\377\0\0\0\0\0\0\0\1\0\20\2\0\0\4\0\1\0\0\0\0\0\4abcd\24\376\377\0\0\0\0\0\0\0\1\0\1\1") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "record behind the end", CLIENT,
	      "\27\376\375\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "more than the record", CLIENT,
	      "\27\376\375\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'xyz") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "version 9", CLIENT,
	      "\27\376\366\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "fragment outside of its message", CLIENT,
	      "\26\376\375\0\0\0\0\0\0\0\1\0:\1\0\0.\0\0\0\0(\0\0.\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("4433"), "DTLS",
	  SAMPLE(
	      "on TCP", CLIENT,
	      "\26\376\375\0\0\0\0\0\0\0\1\0:\1\0\0.\0\0\0\0\0\0\0.\376\375\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\0\0\0\2\300+\1\0\0\0\0\0") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("dtls", tests, NULL, NULL);
}
