/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telecontrol and metering, and what only looks like it. */
#include "tests/support/module_cases.h"

#define SYNC_COMMAND "\252A\0\22\0\7eS\361\0\17\0\0\0\0\2\3"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("502"), "Modbus", SAMPLE("read registers", CLIENT, "\0\1\0\0\0\6\21\3\0k\0\3") },
	{ CASE_TCP("502"), "Modbus", SAMPLE("registers", SERVER, "\0\1\0\0\0\11\21\3\6\256AVRC@") },
	{ CASE_TCP("502"), "Modbus", SAMPLE("exception", SERVER, "\0\2\0\0\0\3\21\203\2") },
	{ CASE_TCP("502"), "Modbus",
	  SAMPLE("write registers", CLIENT, "\0\3\0\0\0\13\1\20\0\1\0\2\4\0\n\1\2") },
	{ CASE_TCP("20000"), "DNP3",
	  SAMPLE("reset of the link", CLIENT, "\5d\5\300\1\0\0\4\351!") },
	{ CASE_UDP("20000"), "DNP3",
	  SAMPLE("read", CLIENT, "\5d\13\304\n\0\1\0\254\321\300\303\1<\2\6^\205") },
	{ CASE_TCP("2404"), "IEC60870", SAMPLE("start", CLIENT, "h\4\7\0\0\0") },
	{ CASE_TCP("2404"), "IEC60870", SAMPLE("started", SERVER, "h\4\13\0\0\0") },
	{ CASE_TCP("4059"), "IEC62056", SAMPLE("frame", CLIENT, "~\240\7\3!\223\17\1~") },
	{ CASE_UDP("4059"), "IEC62056", SAMPLE("datagram", CLIENT, "~\240\7\3!\223\17\1~") },
	{ CASE_TCP("4059"), "IEC62056",
	  SAMPLE(
	      "wrapped association", CLIENT,
	      "\0\1\0\20\0\1\0\37`\35\241\11\6\7`\205t\5\10\1\1\276\20\4\16\1\0\0\0\6_\37\4\0\0\36\35\377\377") },
	{ CASE_TCP("1153"), "ANSI C1222",
	  SAMPLE(
	      "request", CLIENT,
	      "`&\242\11\6\7*\3\4\5\6\7\10\246\7\6\5*\3\4\5\6\250\3\2\1\5\276\13(\11\201\7\200\3 \0\5\0\0") },
	{ CASE_TCP("4712"), "IEEE C37118", SAMPLE("command", CLIENT, SYNC_COMMAND "\242") },
	{ CASE_UDP("4713"), "IEEE C37118",
	  SAMPLE(
	      "configuration", SERVER,
	      "\2521\0006\0\7eS\361\0\17\0\0\0\0\17B@\0\1STATION         \0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\36\256\\") },
	{ CASE_UDP("5094"), "HART-IP", SAMPLE("session", CLIENT, "\1\0\0\0\0\1\0\r\1\0\0N ") },
	{ CASE_TCP("10001"), "ATG", SAMPLE("inventory", CLIENT, "\1I20100\r\n") },
	{ CASE_TCP("10001"), "ATG",
	  SAMPLE("report", SERVER, "\1\r\nI20100\r\nNOV 21, 2026 09:30 AM\r\n") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("502"), "Modbus",
	  SAMPLE("function of a maker", CLIENT, "\0\1\0\0\0\5\1Z\0\2\0") },
	{ CASE_TCP("502"), "Modbus",
	  SAMPLE("large transaction", CLIENT, "\231\1\0\0\0\6\21\3\0k\0\3") },
	{ CASE_TCP("2404"), "IEC60870",
	  SAMPLE("interrogation", CLIENT, "h\16\0\0\0\0d\1\6\0\1\0\0\0\0\24") },
	{ CASE_TCP("2404"), "IEC60870",
	  SAMPLE("two", SERVER, "h\4\1\0\6\0h\16\0\0\0\0d\1\7\0\1\0\0\0\0\24") },
	{ CASE_UDP("4059"), "IEC62056",
	  SAMPLE("wrapped read", CLIENT, "\0\1\0\20\0\1\0\15\300\1\301\0\1\0\0*\0\0\377\2\0") },
	{ CASE_UDP("5094"), "HART-IP",
	  SAMPLE("command 0", CLIENT, "\1\0\3\0\0\2\0\r\2\200\0\0\202") },
	{ CASE_UDP("5094"), "HART-IP", SAMPLE("refusal", SERVER, "\1\17\3\1\0\2\0\11\3") },
	{ CASE_TCP("5094"), "HART-IP", SAMPLE("keep alive", SERVER, "\1\1\2\0\0\5\0\10") },
	{ CASE_TCP("10001"), "ATG", SAMPLE("refusal", SERVER, "9999FF1B\n") },
	{ CASE_TCP("10001"), "ATG", SAMPLE("answer without head", SERVER, "\nI20100\n08/19") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("502"), "Modbus",
	  SAMPLE("another protocol", CLIENT, "\0\1\0\1\0\6\21\3\0k\0\3") },
	{ CASE_TCP("502"), "Modbus", SAMPLE("not its length", CLIENT, "\0\1\0\0\0\7\21\3\0k\0\3") },
	{ CASE_TCP("9000"), "Modbus",
	  SAMPLE("reads too much", CLIENT, "\0\1\0\0\0\6\21\3\0k\377\377") },
	{ CASE_TCP("9000"), "Modbus",
	  SAMPLE("count that does not fit", SERVER, "\0\1\0\0\0\11\21\3\5\256AVRC@") },
	{ CASE_TCP("502"), "Modbus",
	  SAMPLE("something behind it", CLIENT, "\0\1\0\0\0\6\21\3\0k\0\3GET /") },
	{ CASE_TCP("445"), "Modbus",
	  SAMPLE("a session's keep alive", CLIENT, "\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("20000"), "IEC60870", SAMPLE("text", CLIENT, "hello world") },
	{ CASE_TCP("9000"), "DNP3", SAMPLE("wrong sum", CLIENT, "\5d\5\300\1\0\0\4\351\"") },
	{ CASE_TCP("2404"), "IEC60870", SAMPLE("two functions", CLIENT, "h\4\17\0\0\0") },
	{ CASE_TCP("2404"), "IEC60870",
	  SAMPLE("no cause", CLIENT, "h\16\0\0\0\0d\1\0\0\1\0\0\0\0\24") },
	{ CASE_TCP("4059"), "IEC62056",
	  SAMPLE("frame with a wrong sum", CLIENT, "~\240\7\3!\223\17\2~") },
	{ CASE_TCP("9000"), "IEC62056", SAMPLE("PPP", CLIENT, "~\377}#\300!}!}!} }4}\"}&~") },
	{ CASE_TCP("4059"), "IEC62056", SAMPLE("no APDU", CLIENT, "\0\1\0\20\0\1\0\3GET") },
	{ CASE_TCP("9000"), "IEC62056",
	  SAMPLE(
	      "association of another protocol", CLIENT,
	      "\0\1\0\20\0\1\0\37`\35\241\11\6\7`\205t\5\11\1\1\276\20\4\16\1\0\0\0\6_\37\4\0\0\36\35\377\377") },
	{ CASE_TCP("1153"), "ANSI C1222",
	  SAMPLE(
	      "nobody calls", CLIENT,
	      "`!\242\11\6\7*\3\4\5\6\7\10\246\7\6\5*\3\4\5\6\276\13(\11\201\7\200\3 \0\5\0\0") },
	{ CASE_TCP("9000"), "ANSI C1222",
	  SAMPLE("negotiation of a security layer", CLIENT,
	         "`\33\6\6+\6\1\5\5\2\240\21"
	         "0\17\240\r0\13\6\11*\206H\202\367\22\1\2\2") },
	{ CASE_TCP("4712"), "IEEE C37118", SAMPLE("wrong sum", CLIENT, SYNC_COMMAND "\243") },
	{ CASE_UDP("5094"), "HART-IP",
	  SAMPLE("not its length", CLIENT, "\1\0\3\0\0\2\0\16\2\200\0\0\202") },
	{ CASE_TCP("10001"), "ATG", SAMPLE("no number", CLIENT, "\1I2010x\r\n") },
	{ CASE_TCP("9000"), "ATG", SAMPLE("answer without head", SERVER, "\nI20100\n08/19") },
};

/* A conversation that began before the capture and says only what needs the usual port. */
static void
a_start_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[6]);
}

static void
a_message_in_two_segments_is_recognised_by_the_next_one(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, NM_TCP, USUAL("502"));

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\0\1\0\0\0\6\21\3"), "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, "\0k\0\3"), "Unknown");
	assert_string_equal(talk_say(&t, SERVER, "\0\1\0\0\0\11\21\3\6\256AVRC@"), "Modbus");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_start_tags_its_server),
		cmocka_unit_test(a_message_in_two_segments_is_recognised_by_the_next_one),
	};

	return cmocka_run_group_tests_name("scada", tests, NULL, NULL);
}
