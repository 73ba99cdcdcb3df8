/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines, measurement, time and vehicles, and what only looks like them. */
#include "tests/support/module_cases.h"

#define ZEROS_8  "\0\0\0\0\0\0\0\0"
#define ZEROS_16 ZEROS_8 ZEROS_8
/* Service discovery that offers an endpoint of 10.0.0.1, UDP port 30001. */
#define DISCOVERY                                                                          \
	"\377\377\201\0\0\0\0000\0\0\0\1\1\1\2\0\300\0\0\0\0\0\0\20\1\0\0\20\0224\0\1\1\0" \
	"\0\3\0\0\0\0\0\0\0\14\0\11\4\0\n\0\0\1\0\21u1"
#define CALL "\0224\0\1\0\0\0\14\0\1\0\2\1\1\0\0abcd"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("4840"), "OPC UA",
	  SAMPLE(
	      "hello", CLIENT,
	      "HELF2\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\22\0\0\0opc.tcp://plc:4840") },
	{ CASE_TCP("4840"), "OPC UA",
	  SAMPLE("acknowledgement", SERVER, "ACKF\34\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0" ZEROS_8) },
	{ CASE_TCP("4840"), "OPC UA",
	  SAMPLE(
	      "channel", CLIENT,
	      "OPNFS\0\0\0\0\0\0\0/\0\0\0http://opcfoundation.org/UA/SecurityPolicy#None\377\377\377\377\377\377\377\377\1\0\0\0\1\0\0\0\1\0\276\1") },
	{ CASE_TCP("4840"), "OPC UA",
	  SAMPLE("message", CLIENT, "MSGF\34\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\2\0\0\0\1\0\254\1") },
	{ CASE_TCP("4880"), "HiSLIP",
	  SAMPLE("initialise", CLIENT, "HS\0\0\1\0RS\0\0\0\0\0\0\0\7hislip0") },
	{ CASE_TCP("4880"), "HiSLIP",
	  SAMPLE("data", CLIENT, "HS\7\0\377\377\377\0\0\0\0\0\0\0\0\6*IDN?\n") },
	{ CASE_UDP("7400"), "RTPS",
	  SAMPLE("time", CLIENT,
	         "RTPS\2\1\1\1\0\1\2\3\4\5\6\7\10\11\n\13\11\1\10\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("7400"), "RTPS", SAMPLE("ping", CLIENT, "RTPS\2\1\1\1NDDSPING") },
	{ CASE_TCP("13400"), "DoIP",
	  SAMPLE("activation", CLIENT, "\2\375\0\5\0\0\0\7\16\200\0\0\0\0\0") },
	{ CASE_UDP("13400"), "DoIP", SAMPLE("who is there", CLIENT, "\2\375\0\1\0\0\0\0") },
	{ CASE_TCP("13400"), "DoIP",
	  SAMPLE("diagnosis", CLIENT, "\2\375\200\1\0\0\0\6\16\200\20\0\20\3") },
	{ CASE_UDP("11898"), "Controller Area Network",
	  SAMPLE("frame", CLIENT, "ISO11898\1\1j\22\361\11\10\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("30490"), "SOMEIP", SAMPLE("discovery", CLIENT, DISCOVERY) },
	{ CASE_TCP("30510"), "SOMEIP",
	  SAMPLE("magic cookie", CLIENT, "\377\377\0\0\0\0\0\10\336\255\276\357\1\1\1\0") },
	{ CASE_TCP("30510"), "SOMEIP",
	  SAMPLE("a server's", SERVER, "\377\377\200\0\0\0\0\10\336\255\276\357\1\1\2\0") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("319"), "PTPv2",
	  SAMPLE("sync", CLIENT, "\0\2\0,\0\0\0\0" ZEROS_16 ZEROS_16 "\0\0\0\0") },
	{ CASE_UDP("320"), "PTPv2",
	  SAMPLE("announce", CLIENT, "\13\2\0@\0\0\0\0" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_8) },
	{ CASE_UDP("30501"), "SOMEIP", SAMPLE("call", CLIENT, CALL) },
	{ CASE_TCP("30510"), "SOMEIP", SAMPLE("call on TCP", CLIENT, CALL) },
	{ CASE_UDP("17224"), "TRDP",
	  SAMPLE("process data", CLIENT,
	         "\0\0\0\1\1\0Pd\0\0\3\350" ZEROS_8 "\0\0\0\3" ZEROS_16 "abc\0") },
	{ CASE_TCP("17225"), "TRDP",
	  SAMPLE("message", CLIENT,
	         "\0\0\0\1\1\0Mr\0\0\3\350" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16
	             ZEROS_8) },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("4840"), "OPC UA",
	  SAMPLE(
	      "hello without a buffer", CLIENT,
	      "HELF2\0\0\0\0\0\0\0\1\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\22\0\0\0opc.tcp://plc:4840") },
	{ CASE_TCP("1863"), "OPC UA", SAMPLE("text", CLIENT, "MSGF 12 bob@example.org Bob 133") },
	{ CASE_TCP("4880"), "HiSLIP",
	  SAMPLE("not its length", CLIENT, "HS\0\0\1\0RS\0\0\0\0\0\0\0\11hislip0") },
	{ CASE_UDP("7400"), "RTPS", SAMPLE("text", CLIENT, "RTPS is what DDS speaks on the wire") },
	{ CASE_UDP("319"), "PTPv2",
	  SAMPLE("version 1", CLIENT, "\0\1\0,\0\0\0\0" ZEROS_16 ZEROS_16 "\0\0\0\0") },
	{ CASE_UDP("319"), "PTPv2",
	  SAMPLE("longer than it is", CLIENT, "\0\2\0-\0\0\0\0" ZEROS_16 ZEROS_16 "\0\0\0\0") },
	{ CASE_UDP("319"), "PTPv2",
	  SAMPLE("no such kind", CLIENT, "\4\2\0,\0\0\0\0" ZEROS_16 ZEROS_16 "\0\0\0\0") },
	{ CASE_UDP("17224"), "TRDP",
	  SAMPLE("data that are not there", CLIENT,
	         "\0\0\0\1\1\0Pd\0\0\3\350" ZEROS_8 "\0\0\0\5" ZEROS_16 "abc\0") },
	{ CASE_UDP("17224"), "TRDP",
	  SAMPLE("no such kind", CLIENT,
	         "\0\0\0\1\1\0Px\0\0\3\350" ZEROS_8 "\0\0\0\3" ZEROS_16 "abc\0") },
	{ CASE_TCP("13400"), "DoIP",
	  SAMPLE("no such kind", CLIENT, "\2\375\0\11\0\0\0\7\16\200\0\0\0\0\0") },
	{ CASE_UDP("13400"), "DoIP", SAMPLE("not its length", CLIENT, "\2\375\0\1\0\0\0\1") },
	{ CASE_UDP("11898"), "Controller Area Network",
	  SAMPLE("text", CLIENT, "ISO11898 is a standard") },
	{ CASE_TCP("30510"), "SOMEIP",
	  SAMPLE("another cookie", CLIENT, "\377\377\0\0\0\0\0\10\336\255\276\356\1\1\1\0") },
	{ CASE_UDP("30501"), "SOMEIP",
	  SAMPLE("protocol 2", CLIENT, "\0224\0\1\0\0\0\14\0\1\0\2\2\1\0\0abcd") },
	{ CASE_UDP("30501"), "SOMEIP",
	  SAMPLE("longer than it is", CLIENT, "\0224\0\1\0\0\0\15\0\1\0\2\1\1\0\0abcd") },
};

static void
what_a_server_offers_of_its_own_is_tagged(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk discovery = talk_begin(h, NM_UDP, USUAL("30490"));
	struct talk own = talk_begin(h, NM_UDP, "10.0.0.9:40000 10.0.0.1:30001");
	struct talk other = talk_begin(h, NM_UDP, "10.0.0.9:40000 10.0.0.2:30001");

	(void)state;
	(void)talk_say(&discovery, CLIENT, DISCOVERY);
	assert_string_equal(talk_say(&own, CLIENT, CALL), "SOMEIP");
	assert_string_equal(talk_say(&other, CLIENT, CALL), "Unknown");
	harness_free(h);
}

static void
what_a_server_offers_of_others_is_not(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk discovery = talk_begin(h, NM_UDP, "10.0.0.3:40000 192.0.2.1:30490");
	struct talk other = talk_begin(h, NM_UDP, "10.0.0.9:40000 10.0.0.1:30001");

	(void)state;
	assert_string_equal(talk_say(&discovery, CLIENT, DISCOVERY), "SOMEIP");
	assert_string_equal(talk_say(&other, CLIENT, CALL), "Unknown");
	harness_free(h);
}

static void
a_hello_tags_its_server(void **state)
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
		cmocka_unit_test(what_a_server_offers_of_its_own_is_tagged),
		cmocka_unit_test(what_a_server_offers_of_others_is_not),
		cmocka_unit_test(a_hello_tags_its_server),
	};

	return cmocka_run_group_tests_name("automation", tests, NULL, NULL);
}
