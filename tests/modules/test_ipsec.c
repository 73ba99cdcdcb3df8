/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IPsec. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define ENDS  "10.0.0.1:500 192.0.2.1:500"
#define IPSEC NM_UDP, ENDS, "IPSec"

#define NATT "10.0.0.1:4500 192.0.2.1:4500"

static const struct sample samples[] = {
	SAMPLE(
	    "IKE_SA_INIT", CLIENT,
	    "\x11\x22\x33\x44\x55\x66\x77\x88\x00\x00\x00\x00\x00\x00\x00\x00\x21\x20\x22\x08\x00\x00\x00\x00\x00\x00\x00\x1c"),
	SAMPLE(
	    "main mode", SERVER,
	    "\x11\x22\x33\x44\x55\x66\x77\x88\x11\x22\x33\x44\x55\x66\x77\x88\x08\x10\x02\x01\x00\x00\x00\x00\x00\x00\x00\x1c"),
};

static const struct sample look_alikes[] = {
	SAMPLE(
	    "version 3", CLIENT,
	    "\x11\x22\x33\x44\x55\x66\x77\x88\x00\x00\x00\x00\x00\x00\x00\x00\x21\x30\x22\x08\x00\x00\x00\x00\x00\x00\x00\x1c"),
	SAMPLE(
	    "exchange 99", CLIENT,
	    "\x11\x22\x33\x44\x55\x66\x77\x88\x00\x00\x00\x00\x00\x00\x00\x00\x21\x20\x63\x08\x00\x00\x00\x00\x00\x00\x00\x1c"),
	SAMPLE(
	    "length 4", CLIENT,
	    "\x11\x22\x33\x44\x55\x66\x77\x88\x00\x00\x00\x00\x00\x00\x00\x00\x21\x20\x22\x08\x00\x00\x00\x00\x00\x00\x00\x04"),
	SAMPLE("port 500 alone", CLIENT, "hello world, this is no IKE message"),
};

static void
nat_traversal_is_recognised(void **state)
{
	static const struct sample ike = SAMPLE(
	    "IKE behind its marker", CLIENT,
	    "\x00\x00\x00\x00"
	    "\x11\x22\x33\x44\x55\x66\x77\x88\x00\x00\x00\x00\x00\x00\x00\x00\x21\x20\x22\x08\x00\x00\x00\x00\x00\x00\x00\x1c");
	static const struct sample alive = SAMPLE("keep-alive", CLIENT, "\xff");

	(void)state;
	harness_cut(h, NM_UDP, NATT, &ike, "IPSec");
	harness_cut(h, NM_UDP, NATT, &alive, "IPSec");
}

#define BODY "\x9d\x51\x0e\xa2\x77\x13\xc8\x40\x3c\x91\xf6\x2b\x84\x1f\x6a\xd7"

static void
esp_in_udp_is_told_by_numbers_that_count(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, NATT);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\xc1\x02\x03\x04\x00\x10\x00\x07" BODY),
	                    "Unknown");
	assert_string_equal(talk_say(&t, SERVER, "\xa1\x02\x03\x04\x00\x20\x00\x01" BODY),
	                    "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, "\xc1\x02\x03\x04\x00\x10\x00\x08" BODY), "IPSec");
	assert_true(t.state.confidence >= NM_CONF_SIGNATURE);
	t = talk_begin(h, NM_UDP, NATT);
	assert_string_equal(talk_say(&t, CLIENT, "\xc1\x02\x03\x04\x00\x00\x00\x07" BODY), "IPSec");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
}

static void
random_payload_on_port_4500_is_unknown(void **state)
{
	struct talk t = talk_begin(h, NM_UDP, NATT);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\xc1\x02\x03\x04\x5a\x10\x00\x07" BODY),
	                    "Unknown");
	assert_string_equal(
	    talk_say(&t, SERVER, "\xc1\x02\x03\x04\x00\x00\x00\x07hello hello hello hello"),
	    "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, "\x37\x66\x90\xbc\x12\x9a\xc0\x08" BODY),
	                    "Unknown");
	assert_string_equal(talk_say(&t, CLIENT, "\x41\x80\x01\x54\x77\x1a\x12\x01" BODY),
	                    "Unknown");
}

static void
esp_and_ah_are_named_by_their_number(void **state)
{
	struct talk esp = talk_begin(h, 50, "10.0.0.1:0 192.0.2.1:0");
	struct talk ah = talk_begin(h, 51, "10.0.0.1:0 192.0.2.1:0");

	(void)state;
	assert_string_equal(talk_say(&esp, CLIENT, "\xc1\x02\x03\x04\x00\x00\x00\x07" BODY),
	                    "IPSec");
	assert_string_equal(talk_say(&ah, CLIENT, "\x06\x04\x00\x00\xc1\x02\x03\x04"), "IPSec");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(each_message_is_recognised_cut_anywhere_and_in_the_middle,
		           SAMPLES(samples, IPSEC)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, IPSEC)),
		CASE(nat_traversal_is_recognised),
		CASE(esp_in_udp_is_told_by_numbers_that_count),
		CASE(random_payload_on_port_4500_is_unknown),
		CASE(esp_and_ah_are_named_by_their_number),
	};

	return cmocka_run_group_tests_name("ipsec", tests, NULL, NULL);
}
