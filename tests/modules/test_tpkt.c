/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on ISO transport on TCP, and what only looks like it. */
#include "tests/support/module_cases.h"

#define REQUEST "\3\0\0\26\21\340\0\0\0\1\0\300\1\n\301\2\1\0\302\2\1\2"
#define CONFIRM "\3\0\0\26\21\320\0\1\0\2\0\300\1\n\301\2\1\0\302\2\1\2"
#define EMPTY   "\3\0\0\7\2\360\200"
#define S7      "\3\0\0\31\2\360\2002\1\0\0\0\1\0\10\0\0\360\0\0\1\0\1\1\340"

/* What says by itself what it is; on port 102 its beginnings are TPKT. */
static const struct module_case messages[] = {
	{ CASE_TCP("2102"), "S7Comm", SAMPLE("setup", CLIENT, S7) },
	{ CASE_TCP("2102"), "S7Comm",
	  SAMPLE("answer", SERVER,
	         "\3\0\0\33\2\360\2002\3\0\0\0\1\0\10\0\0\0\0\360\0\0\1\0\1\0\360") },
	{ CASE_TCP("2102"), "S7CommPlus",
	  SAMPLE("whole", CLIENT, "\3\0\0\25\2\360\200r\1\0\0061\0\0\0\0\1r\1\0\0") },
	{ CASE_TCP("2102"), "S7CommPlus",
	  SAMPLE("a part", CLIENT, "\3\0\0\21\2\360\200r\2\0\0061\0\0\0\0\1") },
	{ CASE_TCP("2102"), "ISO9506-1-MMS",
	  SAMPLE(
	      "connect", CLIENT,
	      "\3\0\0-\2\360\200\r\272\5\6\23\1\0\26\1\2\24\2\0\0023\2\0\0014\2\0\1\301\4\6\5+\312\"\2\3\6\5(\312\"\2\1") },
	{ CASE_TCP("2102"), "ISO9506-1-MMS",
	  SAMPLE(
	      "read", CLIENT,
	      "\3\0\0\37\2\360\200\1\0\1\0a\0220\20\2\1\3\240\13\240\11\2\1\1\246\4\241\2\32\0") },
};

/* What is too little for any other port than 102. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("102"), "TPKT", SAMPLE("connection request", CLIENT, REQUEST) },
	{ CASE_TCP("102"), "TPKT", SAMPLE("connection confirm", SERVER, CONFIRM) },
	{ CASE_TCP("102"), "TPKT", SAMPLE("nothing", CLIENT, EMPTY) },
	{ CASE_TCP("102"), "TPKT", SAMPLE("one octet", CLIENT, "\3\0\0\10\2\360\2002" S7) },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("102"), "S7Comm",
	  SAMPLE("lengths that do not fill it", CLIENT,
	         "\3\0\0\31\2\360\2002\1\0\0\0\1\0\11\0\0\360\0\0\1\0\1\1\340") },
	{ CASE_TCP("102"), "S7CommPlus",
	  SAMPLE("a length that does not", CLIENT, "\3\0\0\21\2\360\200r\2\0\0051\0\0\0\0\1") },
	{ CASE_TCP("102"), "ISO9506-1-MMS",
	  SAMPLE(
	      "association control", CLIENT,
	      "\3\0\0\37\2\360\200\1\0\1\0a\0220\20\2\1\1\240\13\240\11\2\1\1\246\4\241\2\32\0") },
	{ CASE_TCP("102"), "ISO9506-1-MMS",
	  SAMPLE("another connect", CLIENT, "\3\0\0\25\2\360\200\r\11\5\6\23\1\0\26\1\2\24\2\0") },
	{ CASE_TCP("102"), "TPKT", SAMPLE("Q.931", CLIENT, "\3\0\0\14\10\2\0\1\5\4\3\200") },
	{ CASE_TCP("102"), "TPKT", SAMPLE("octets", CLIENT, "\3\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("3389"), "TPKT",
	  SAMPLE("RDP", CLIENT, "\3\0\0\23\16\340\0\0\0\0\0\1\0\10\0\3\0\0\0") },
	{ CASE_TCP("3389"), "TPKT",
	  SAMPLE("connect of T.125", CLIENT, "\3\0\0\14\2\360\200\177e\202\1\224") },
};

/* What the handshake is for shows behind it. */
static void
the_first_data_improves_on_the_handshake(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, NM_TCP, USUAL("102"));

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, REQUEST), "TPKT");
	assert_string_equal(talk_say(&t, SERVER, CONFIRM), "TPKT");
	assert_string_equal(talk_say(&t, CLIENT, EMPTY S7), "S7Comm");
	harness_free(h);
}

static void
data_tags_its_server(void **state)
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
		cmocka_unit_test(the_first_data_improves_on_the_handshake),
		cmocka_unit_test(data_tags_its_server),
	};

	return cmocka_run_group_tests_name("tpkt", tests, NULL, NULL);
}
