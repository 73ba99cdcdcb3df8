/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DCE/RPC on TCP and UDP, and what only begins so. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("135"), "DCERPC",
	  SAMPLE(
	      "bind", CLIENT,
	      "\5\0\13\3\20\0\0\0H\0\0\0\1\0\0\0\270\20\270\20\0\0\0\0\1\0\0\0\0\0\1\0\304\376\374\231`R\33\20\273\313\0\252\0!4z\0\0\0\0\4]\210\212\353\34\311\21\237\350\10\0+\20H`\2\0\0\0") },
	{ CASE_TCP("135"), "DCERPC",
	  SAMPLE("response", SERVER,
	         "\5\0\2\3\20\0\0\0 \0\0\0\2\0\0\0\10\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4") },
	{ CASE_TCP("135"), "DCERPC",
	  SAMPLE(
	      "bind by a big-endian machine", CLIENT,
	      "\5\0\13\3\0\0\0\0\0H\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("135"), "DCERPC",
	  SAMPLE(
	      "request without a connection", CLIENT,
	      "\4\0(\0\20\0\0\0\240\0\0\0l\227\21\321\202q\0d\0\10\0*\336\240\0\1l\227\21\321\202q\0\240$B\337}\0\21\"3DUfw\210\231\252\273\314\335\356\377\0\0\0\0\1\0\0\0\0\0\0\0\2\0\377\377\377\377\10\0\0\0\0\0\0\0\0\0\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("135"), "DCERPC",
	  SAMPLE("SOCKS", CLIENT, "\5\2\0\2\5\5\0\1\2\3\4\5\6\7\10\11\n") },
	{ CASE_TCP("135"), "DCERPC",
	  SAMPLE(
	      "a type that is none", CLIENT,
	      "\5\0\10\3\20\0\0\0H\0\0\0\1\0\0\0\270\20\270\20\0\0\0\0\1\0\0\0\0\0\1\0\304\376\374\231`R\33\20\273\313\0\252\0!4z\0\0\0\0\4]\210\212\353\34\311\21\237\350\10\0+\20H`\2\0\0\0") },
	{ CASE_TCP("135"), "DCERPC",
	  SAMPLE(
	      "fragment that has no room for its head", CLIENT,
	      "\5\0\13\3\20\0\0\0\17\0\0\0\1\0\0\0\270\20\270\20\0\0\0\0\1\0\0\0\0\0\1\0\304\376\374\231`R\33\20\273\313\0\252\0!4z\0\0\0\0\4]\210\212\353\34\311\21\237\350\10\0+\20H`\2\0\0\0") },
	{ CASE_UDP("135"), "DCERPC",
	  SAMPLE(
	      "body behind the end", CLIENT,
	      "\4\0(\0\20\0\0\0\240\0\0\0l\227\21\321\202q\0d\0\10\0*\336\240\0\1l\227\21\321\202q\0\240$B\337}\0\21\"3DUfw\210\231\252\273\314\335\356\377\0\0\0\0\1\0\0\0\0\0\0\0\2\0\377\377\377\377\10\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("135"), "DCERPC",
	  SAMPLE(
	      "text", CLIENT,
	      "\4a text that goes on and on a text that goes on and on a text that goes on and on a text that goes on and on ") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("dcerpc", tests, NULL, NULL);
}
