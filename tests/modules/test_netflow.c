/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NetFlow, IPFIX, sFlow, and what only begins with their versions. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("2055"), "NetFlow",
	  SAMPLE(
	      "version 5", CLIENT,
	      "\0\5\0\1\0\00009eS\361\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'()*+,-./") },
	{ CASE_UDP("2055"), "NetFlow",
	  SAMPLE("version 9", CLIENT,
	         "\0\11\0\1\0\00009eS\361\0\0\0\0\7\0\0\0\0\0\0\0\14\1\0\0\1\0\10\0\4") },
	{ CASE_UDP("4739"), "NetFlow",
	  SAMPLE("IPFIX", CLIENT,
	         "\0\n\0 eS\361\0\0\0\0\7\0\0\0\0\0\2\0\20\1\0\0\2\0\10\0\4\0\1\0\4") },
	{ CASE_UDP("6343"), "sFlow",
	  SAMPLE(
	      "version 5", CLIENT,
	      "\0\0\0\5\0\0\0\1\300\0\2\1\0\0\0\0\0\0\0\11\0\0\0M\0\0\0\1\0\0\0\2\0\0\0\10counters") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("6343"), "sFlow",
	  SAMPLE("version 4", CLIENT, "\0\0\0\4\0\0\0\1\300\0\2\1\0\0\0\11\0\0\0M\0\0\0\1") },
};

/* On a port of exporters a datagram may be a little longer than its records, elsewhere it may not. */
static void
what_is_padded_counts_on_the_usual_port(void **state)
{
	static const char version_7[] = "\0\7\0\1\0\0"
					"09eS\361\0\0\0\0\0\0\0\0\0\0\0\0\0";
	char datagram[24 + 52 + 52] = { 0 };
	const struct sample padded = { "padded", datagram, 24 + 52 + 4, CLIENT };
	const struct sample record = { "a record more", datagram, 24 + 52 + 52, CLIENT };
	struct harness *h = harness_new(all_modules);

	(void)state;
	memcpy(datagram, version_7, sizeof(version_7) - 1);
	assert_string_equal(harness_one(h, CASE_UDP("2055"), &padded), "NetFlow");
	assert_string_equal(harness_one(h, NM_UDP, ANYWHERE, &padded), "Unknown");
	assert_string_equal(harness_one(h, CASE_UDP("2055"), &record), "Unknown");
	harness_free(h);
}

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("2055"), "NetFlow",
	  SAMPLE(
	      "record behind the end", CLIENT,
	      "\0\5\0\1\0\00009eS\361\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'()*+,-.") },
	{ CASE_UDP("2055"), "NetFlow",
	  SAMPLE("set of no length", CLIENT,
	         "\0\11\0\1\0\00009eS\361\0\0\0\0\7\0\0\0\0\0\0\0\0\1\0\0\1\0\10\0\4") },
	{ CASE_UDP("2055"), "NetFlow",
	  SAMPLE("set 7", CLIENT,
	         "\0\11\0\1\0\00009eS\361\0\0\0\0\7\0\0\0\0\0\7\0\14\1\0\0\1\0\10\0\4") },
	{ CASE_UDP("4739"), "NetFlow",
	  SAMPLE("another length", CLIENT,
	         "\0\n\0 eS\361\0\0\0\0\7\0\0\0\0\0\2\0\20\1\0\0\2\0\10\0\4\0\1\0\4\0\0\0\0") },
	{ CASE_UDP("6343"), "sFlow",
	  SAMPLE(
	      "address of kind 3", CLIENT,
	      "\0\0\0\5\0\0\0\3\300\0\2\1\0\0\0\0\0\0\0\11\0\0\0M\0\0\0\1\0\0\0\2\0\0\0\10counters") },
	{ CASE_UDP("6343"), "sFlow",
	  SAMPLE(
	      "samples that do not close", CLIENT,
	      "\0\0\0\5\0\0\0\1\300\0\2\1\0\0\0\0\0\0\0\11\0\0\0M\0\0\0\1\0\0\0\2\0\0\0\10coun") },
	{ CASE_UDP("2055"), "NetFlow", SAMPLE("TFTP", CLIENT, "\0\1boot.img\0octet\0") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(what_is_padded_counts_on_the_usual_port),
	};

	return cmocka_run_group_tests_name("netflow", tests, NULL, NULL);
}
