/* SPDX-License-Identifier: GPL-3.0-or-later */
/* L2TP. */
#include "tests/support/module_fixture.h"

#define USUAL "10.0.0.1:1701 192.0.2.1:1701"
#define OTHER "10.0.0.1:40000 192.0.2.1:9000"

static const struct sample samples[] = {
	SAMPLE("SCCRQ", CLIENT,
	       "\xc8\x02\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x80\x08\x00\x00\x00\x00\x00\x01"),
	SAMPLE("acknowledgement", SERVER, "\xc8\x02\x00\x0c\x00\x01\x00\x00\x00\x01\x00\x02"),
	SAMPLE("SCCRQ of version 3", CLIENT,
	       "\xc8\x03\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x80\x08\x00\x00\x00\x00\x00\x01"),
};

static const struct sample port_samples[] = {
	SAMPLE("data with a length", CLIENT, "\x40\x02\x00\x0a\x00\x01\x00\x01\xff\x03"),
};

static void
each_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		harness_cut(h, NM_UDP, USUAL, &samples[i], "L2TP");
		assert_string_equal(harness_one(h, NM_UDP, OTHER, &samples[i]), "L2TP");
	}
}

static void
what_is_not_sure_counts_on_the_usual_port_only(void **state)
{
	for (size_t i = 0; i < sizeof(port_samples) / sizeof(port_samples[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		assert_string_not_equal(harness_one(h, NM_UDP, OTHER, &port_samples[i]), "L2TP");
		harness_cut(h, NM_UDP, USUAL, &port_samples[i], "L2TP");
	}
}

static void
what_only_looks_like_it_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE(
		    "another length", CLIENT,
		    "\xc8\x02\x00\x15\x00\x00\x00\x00\x00\x00\x00\x00\x80\x08\x00\x00\x00\x00\x00\x01"),
		SAMPLE(
		    "no message type", CLIENT,
		    "\xc8\x02\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x80\x08\x00\x00\x00\x07\x00\x01"),
		SAMPLE("version 1", CLIENT, "\xc8\x01\x00\x0c\x00\x01\x00\x00\x00\x01\x00\x02"),
		SAMPLE("control without a length", CLIENT,
		       "\x88\x02\x00\x0c\x00\x01\x00\x00\x00\x01\x00\x02"),
		SAMPLE("port 1701 alone", CLIENT, "hello world"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_UDP, USUAL, &others[i]), "L2TP") == 0)
			fail_msg("%s", others[i].name);
}

static void
version_3_over_ip_is_named_by_its_number(void **state)
{
	struct talk t = talk_begin(h, 115, "10.0.0.1:0 192.0.2.1:0");

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x00\x00\x00\x01\x00\x00"), "L2TP");
}

static void
a_data_message_is_told_by_the_ppp_that_it_carries(void **state)
{
	struct talk whole = talk_begin(h, NM_UDP, USUAL);
	struct talk bare = talk_begin(h, NM_UDP, USUAL);
	struct talk other = talk_begin(h, NM_UDP, USUAL);

	(void)state;
	assert_string_equal(talk_say(&whole, CLIENT, "\x00\x02\x00\x01\x00\x01\xff\x03\xc0\x21"),
	                    "L2TP");
	assert_true(whole.state.confidence >= NM_CONF_SIGNATURE);
	assert_string_equal(talk_say(&bare, CLIENT, "\x00\x02\x00\x01\x00\x01\xc0\x21\x01\x01"),
	                    "L2TP");
	assert_true(bare.state.confidence < NM_CONF_SIGNATURE);
	assert_string_equal(talk_say(&other, CLIENT, "\x00\x02\x00\x01\x00\x01\x33\x44\x55"),
	                    "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_message_is_recognised_on_any_port_and_cut_anywhere),
		CASE(what_is_not_sure_counts_on_the_usual_port_only),
		CASE(what_only_looks_like_it_is_not),
		CASE(a_data_message_is_told_by_the_ppp_that_it_carries),
		CASE(version_3_over_ip_is_named_by_its_number),
	};

	return cmocka_run_group_tests_name("l2tp", tests, NULL, NULL);
}
