/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTMP, and what begins with 3 too. */
#include "tests/support/module_cases.h"

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("1935"), "RTMP",
	  SAMPLE(
	      "too short", CLIENT,
	      "\3\0\0\4\322\0\0\0\0\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337") },
	{ CASE_TCP("1935"), "RTMP",
	  SAMPLE("remote desktop", CLIENT,
	         "\3\0\0+&\340\0\0\0\0\0Cookie: mstshash=admin\r\n\1\0\10\0\3\0\0\0") },
	{ CASE_TCP("9000"), "RTMP", SAMPLE("text", CLIENT, "\3 is how this begins") },
};

/* The message is longer than what a table of text would show. */
static void
the_rest_of_the_handshake_makes_it_sure_on_any_port(void **state)
{
	static uint8_t first[1537] = { 3, 0, 0, 4, 210 };
	struct harness *h = harness_new(all_modules);
	struct talk any = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk usual = talk_begin(h, NM_TCP, "10.0.0.1:40001 192.0.2.1:1935");
	struct talk part = talk_begin(h, NM_TCP, "10.0.0.1:40002 192.0.2.3:9125");

	(void)state;
	for (size_t i = 9; i < sizeof(first); i++)
		first[i] = (uint8_t)(i * 7 + 13);
	assert_string_equal(talk_send(&any, CLIENT, first, sizeof(first)), "RTMP");
	assert_string_equal(talk_send(&usual, CLIENT, first, sizeof(first)), "RTMP");
	assert_string_equal(talk_send(&part, CLIENT, first, 1448), "RTMP");
	harness_free(h);
}

/* Players say which one they are, in digits that are random for the rest: one side alone could be anything. */
static void
two_handshakes_with_versions_make_it_sure_on_any_port(void **state)
{
	static uint8_t first[1448] = { 3, 0, 0, 4, 210, 9, 0, 124, 2 };
	static uint8_t answer[1448] = { 3, 0, 0, 8, 11, 13, 14, 10, 13 };
	static uint8_t other[1448] = { 4, 0, 0, 8, 11, 13, 14, 10, 13 };
	struct harness *h = harness_new(all_modules);
	struct talk both = talk_begin(h, NM_TCP, ANYWHERE);
	struct talk one = talk_begin(h, NM_TCP, "10.0.0.1:40002 192.0.2.3:9125");

	(void)state;
	assert_string_equal(talk_send(&both, CLIENT, first, sizeof(first)), "Unknown");
	assert_string_equal(talk_send(&both, CLIENT, "\x99\x81\xf7", 3), "Unknown");
	assert_string_equal(talk_send(&both, SERVER, answer, sizeof(answer)), "RTMP");
	assert_string_equal(talk_send(&one, CLIENT, first, sizeof(first)), "Unknown");
	assert_string_equal(talk_send(&one, SERVER, other, sizeof(other)), "Unknown");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(two_handshakes_with_versions_make_it_sure_on_any_port),
		cmocka_unit_test(the_rest_of_the_handshake_makes_it_sure_on_any_port),
	};

	return cmocka_run_group_tests_name("rtmp", tests, NULL, NULL);
}
