/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FIX, SMPP and Z39.50, and what only begins like them. */
#include "tests/support/module_cases.h"

#define BIND_BODY "shop\0secret\0\0\x34\0\0\0"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("4000"), "FIX",
	  SAMPLE("log-on", CLIENT,
	         "8=FIX.4.2\1"
	         "9=20\1"
	         "35=A\1"
	         "34=1\1"
	         "108=30\1"
	         "10=003\1") },
	{ CASE_TCP("4000"), "FIX",
	  SAMPLE("new version", CLIENT,
	         "8=FIXT.1.1\1"
	         "9=5\1"
	         "35=0\1"
	         "10=003\1") },
	{ CASE_TCP("4000"), "FIX",
	  SAMPLE("compressed", CLIENT,
	         "8=FIXCOMP\1"
	         "9=4\1x\x9c\1\2") },
	{ CASE_TCP("4000"), "FIX",
	  SAMPLE("short name", SERVER,
	         "8=O\1"
	         "9=0014\1"
	         "35=P\1\x80\0\1") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("bind", CLIENT, "\0\0\0\x21\0\0\0\x09\0\0\0\0\0\0\0\1" BIND_BODY) },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("bound", SERVER, "\0\0\0\x15\x80\0\0\x09\0\0\0\0\0\0\0\1SMSC\0") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("message", CLIENT,
	         "\0\0\0\x2a\0\0\0\4\0\0\0\0\0\0\0\2\0\1\1"
	         "4711\0\1\1"
	         "491\0\0\0\0\0\0\0\0\0\0\2hi") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("are you there", SERVER, "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\3") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("yes, and you", CLIENT,
	         "\0\0\0\x10\x80\0\0\x15\0\0\0\0\0\0\0\3\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\4") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("message taken", SERVER,
	         "\0\0\0\x13\x80\0\0\4\0\0\0\0\0\0\0\2"
	         "17\0") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("bound, with an optional field", SERVER,
	         "\0\0\0\x1a\x80\0\0\x09\0\0\0\0\0\0\0\1SMSC\0\2\x10\0\1\x34") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("data", CLIENT,
	         "\0\0\0\x20\0\0\1\3\0\0\0\0\0\0\0\2\0\1\1"
	         "4711\0\1\1"
	         "491\0\0\0") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("question for a message", CLIENT,
	         "\0\0\0\x1a\0\0\0\3\0\0\0\0\0\0\0\2"
	         "17\0\1\1"
	         "4711\0") },
	{ CASE_TCP("210"), "Z3950",
	  SAMPLE("initialisation", CLIENT,
	         "\xb4\x15\x83\2\0\xe0\x84\3\0\xc1\xa2\x85\2\4\0\x86\2\4\0\x9f\x6e\0") },
	{ CASE_TCP("210"), "Z3950",
	  SAMPLE("its answer, with a reference", SERVER,
	         "\xb5\x81\x18\x82\1a\x83\2\0\xe0\x84\3\0\xc1\x82\x85\2\4\0\x86\2\4\0\x8c\1\1") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("message refused", SERVER, "\0\0\0\x11\x80\0\0\4\0\0\0\x45\0\0\0\2\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("4000"), "FIX", SAMPLE("a sum", CLIENT, "8=FIX the roof, 9=4+5\1") },
	{ CASE_TCP("4000"), "FIX",
	  SAMPLE("no kind", CLIENT,
	         "8=O\1"
	         "9=0014\1"
	         "34=P\1") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("bind with octets", CLIENT,
	         "\0\0\0\x21\0\0\0\x09\0\0\0\0\0\0\0\1sh\1p\0secret\0\0\x34\0\0\0") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("number 0", SERVER, "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("cut", CLIENT, "\0\0\0\x22\0\0\0\x09\0\0\0\0\0\0\0\1" BIND_BODY) },
	{ CASE_TCP("2775"), "SMPP", SAMPLE("zeros", CLIENT, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("an optional field that is too long", SERVER,
	         "\0\0\0\x1a\x80\0\0\x09\0\0\0\0\0\0\0\1SMSC\0\2\x10\0\2\x34") },
	{ CASE_TCP("2775"), "SMPP",
	  SAMPLE("an address of another kind", CLIENT,
	         "\0\0\0\x1a\0\0\0\3\0\0\0\0\0\0\0\2"
	         "17\0\x09\1"
	         "4711\0") },
	{ CASE_TCP("210"), "Z3950",
	  SAMPLE("other fields", CLIENT,
	         "\xb4\x14\x83\2\0\xe0\x85\3\0\xc1\xa2\x84\2\4\0\x86\2\4\0\x9f\x6e\0") },
};

static void
a_log_on_tags_its_server(void **state)
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
		cmocka_unit_test(a_log_on_tags_its_server),
	};

	return cmocka_run_group_tests_name("business", tests, NULL, NULL);
}
