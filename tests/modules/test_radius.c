/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RADIUS, and what only has its codes. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("1812"), "RADIUS",
	  SAMPLE(
	      "request", CLIENT,
	      "\1\7\08\17@?\224s\227\200W\275\203\325\313\230\364\"z\1\6nemo\2\22\r\276p\215\223\324\23\3161\226\344?x*\n\356\4\6\300\250\1\20\5\6\0\0\0\3") },
	{ CASE_UDP("1813"), "RADIUS",
	  SAMPLE(
	      "accounting", CLIENT,
	      "\4\7\0>\17@?\224s\227\200W\275\203\325\313\230\364\"z(\6\0\0\0\1\1\6nemo\2\22\r\276p\215\223\324\23\3161\226\344?x*\n\356\4\6\300\250\1\20\5\6\0\0\0\3") },
	{ CASE_UDP("3799"), "RADIUS",
	  SAMPLE(
	      "disconnect", CLIENT,
	      "(\7\08\17@?\224s\227\200W\275\203\325\313\230\364\"z\1\6nemo\2\22\r\276p\215\223\324\23\3161\226\344?x*\n\356\4\6\300\250\1\20\5\6\0\0\0\3") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("1812"), "RADIUS",
	  SAMPLE("accept without more", SERVER,
	         "\2\7\0\24\17@?\224s\227\200W\275\203\325\313\230\364\"z") },
	{ CASE_UDP("1812"), "RADIUS",
	  SAMPLE("reject with a reason", SERVER,
	         "\3\7\0\32\17@?\224s\227\200W\275\203\325\313\230\364\"z\22\6nope") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("1812"), "RADIUS",
	  SAMPLE(
	      "other code", CLIENT,
	      "\11\7\08\17@?\224s\227\200W\275\203\325\313\230\364\"z\1\6nemo\2\22\r\276p\215\223\324\23\3161\226\344?x*\n\356\4\6\300\250\1\20\5\6\0\0\0\3") },
	{ CASE_UDP("1812"), "RADIUS",
	  SAMPLE(
	      "longer than its datagram", CLIENT,
	      "\1\7\08\17@?\224s\227\200W\275\203\325\313\230\364\"z\1\6nemo\2\22\r\276p\215\223\324\23\3161\226\344?x*\n\356\4\6\300\250\1\20\5\6\0\0\0") },
	{ CASE_UDP("1812"), "RADIUS",
	  SAMPLE("attribute of one octet", CLIENT,
	         "\1\7\0\30\17@?\224s\227\200W\275\203\325\313\230\364\"z\1\1\2\3") },
	{ CASE_UDP("1812"), "RADIUS",
	  SAMPLE(
	      "attributes that do not close", CLIENT,
	      "\1\7\0;\17@?\224s\227\200W\275\203\325\313\230\364\"z\1\6nemo\2\22\r\276p\215\223\324\23\3161\226\344?x*\n\356\4\6\300\250\1\20\5\6\0\0\0\3\4\11\1") },
	{ CASE_UDP("9000"), "RADIUS",
	  SAMPLE("one attribute on another port", CLIENT,
	         "\1\7\0\32\17@?\224s\227\200W\275\203\325\313\230\364\"z\1\6nemo") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("radius", tests, NULL, NULL);
}
