/* SPDX-License-Identifier: GPL-3.0-or-later */
/* STUN with and without its cookie, TURN, and what only has its ports. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE("request", CLIENT,
	         "\0\1\0\10!\22\244B\267\347\247\1\2744\326\206\372\207\337\256\200\"\0\4test") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE("empty request", CLIENT,
	         "\0\1\0\0!\22\244B\267\347\247\1\2744\326\206\372\207\337\256") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE(
	      "answer", SERVER,
	      "\1\1\0\14!\22\244B\267\347\247\1\2744\326\206\372\207\337\256\0 \0\10\0\1\241G\341\22\246C") },
	{ CASE_TCP("3478"), "STUN",
	  SAMPLE(
	      "allocation on TCP", CLIENT,
	      "\0\3\0\10!\22\244B\267\347\247\1\2744\326\206\372\207\337\256\0\31\0\4\21\0\0\0") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE(
	      "request of old", CLIENT,
	      "\0\1\0\10\241\262\303\324\267\347\247\1\2744\326\206\372\207\337\256\0\3\0\4\0\0\0\0") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE(
	      "answer of old", SERVER,
	      "\1\1\0\14\241\262\303\324\267\347\247\1\2744\326\206\372\207\337\256\0\1\0\10\0\1\241G\12\0\0\1") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE(
	      "answer of old with more", SERVER,
	      "\1\1\0\30\241\262\303\324\267\347\247\1\2744\326\206\372\207\337\256\0\1\0\10\0\1\241G\12\0\0\1"
	      "\0\4\0\10\0\1\241G\12\0\0\1") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE(
	      "a name in a request of old", CLIENT,
	      "\0\1\0\10\241\262\303\324\267\347\247\1\2744\326\206\372\207\337\256\0\6\0\4test") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE("Microsoft's form, not padded", SERVER,
	         "\1\23\0\15!\22\244B\267\347\247\1\2744\326\206\372\207\337\256\0\17\0\4r\306K\306"
	         "\0\10\0\1x") },
	{ CASE_UDP("3478"), "STUN", SAMPLE("channel", CLIENT, "@\1\0\10\200`\0224\0\0\0\1") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE("longer than its datagram", CLIENT,
	         "\0\1\0\10!\22\244B\267\347\247\1\2744\326\206\372\207\337\256\200\"\0\4tes") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE("length that is no words", CLIENT,
	         "\0\1\0\3!\22\244B\267\347\247\1\2744\326\206\372\207\337\256abc") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE(
	      "old form with a hole", CLIENT,
	      "\0\1\0\10\241\262\303\324\267\347\247\1\2744\326\206\372\207\337\256\0\3\0\11\0\0\0\0") },
	{ CASE_UDP("9123"), "STUN",
	  SAMPLE(
	      "a wish of old that nobody has", CLIENT,
	      "\0\1\0\10\241\262\303\324\267\347\247\1\2744\326\206\372\207\337\256\0\3\0\4\1\0\0\0") },
	{ CASE_UDP("9123"), "STUN",
	  SAMPLE(
	      "an address of old of no family", SERVER,
	      "\1\1\0\14\241\262\303\324\267\347\247\1\2744\326\206\372\207\337\256\0\1\0\10\0\7\241G\12\0\0\1") },
	{ CASE_UDP("3478"), "STUN",
	  SAMPLE("top bits", CLIENT,
	         "\200\1\0\10!\22\244B\267\347\247\1\2744\326\206\372\207\337\256\200\"\0\4test") },
	{ CASE_UDP("3478"), "STUN", SAMPLE("text", CLIENT, "hello world, this is nothing") },
};

/* As WebRTC does: the way is looked for, then keys are agreed on. */
static void
a_flow_that_goes_on_in_dtls_is_dtls(void **state)
{
	static const char dtls[] = "\24\376\375\0\0\0\0\0\0\0\1\0\1\1";
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, NM_UDP, USUAL("50000"));

	(void)state;
	assert_string_equal(talk_send(&t, CLIENT, messages[0].sample.bytes, messages[0].sample.len),
	                    "STUN");
	assert_string_equal(talk_say(&t, CLIENT, dtls), "DTLS");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_flow_that_goes_on_in_dtls_is_dtls),
	};

	return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
