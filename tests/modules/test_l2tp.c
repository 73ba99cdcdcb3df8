/* SPDX-License-Identifier: GPL-3.0-or-later */
/* L2TP. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define ENDS "10.0.0.1:1701 192.0.2.1:1701"
#define L2TP NM_UDP, ENDS, "L2TP"

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

static const struct sample look_alikes[] = {
	SAMPLE("another length", CLIENT,
	       "\xc8\x02\x00\x15\x00\x00\x00\x00\x00\x00\x00\x00\x80\x08\x00\x00\x00\x00\x00\x01"),
	SAMPLE("no message type", CLIENT,
	       "\xc8\x02\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x80\x08\x00\x00\x00\x07\x00\x01"),
	SAMPLE("version 1", CLIENT, "\xc8\x01\x00\x0c\x00\x01\x00\x00\x00\x01\x00\x02"),
	SAMPLE("control without a length", CLIENT,
	       "\x88\x02\x00\x0c\x00\x01\x00\x00\x00\x01\x00\x02"),
	SAMPLE("port 1701 alone", CLIENT, "hello world"),
};

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
	struct talk whole = talk_begin(h, NM_UDP, ENDS);
	struct talk bare = talk_begin(h, NM_UDP, ENDS);
	struct talk other = talk_begin(h, NM_UDP, ENDS);

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
		TESTS_OF_MESSAGES(SAMPLES(samples, L2TP)),
		TESTS_OF_PORT_MESSAGES(SAMPLES(port_samples, L2TP)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, L2TP)),
		CASE(a_data_message_is_told_by_the_ppp_that_it_carries),
		CASE(version_3_over_ip_is_named_by_its_number),
	};

	return cmocka_run_group_tests_name("l2tp", tests, NULL, NULL);
}
