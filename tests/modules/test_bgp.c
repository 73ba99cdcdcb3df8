/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BGP. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define BGP CASE_TCP("179"), "BGP"

static const struct sample samples[] = {
	SAMPLE("OPEN", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x00\x1d\x01\x04\xfd\xe8\x00\xb4\x0a\x00\x00\x01\x00"),
	SAMPLE("KEEPALIVE", SERVER,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x00\x13\x04"),
	SAMPLE("UPDATE that goes on in the next packet", SERVER,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x08\x00\x02\x00\x00\x00\x07"),
	SAMPLE("NOTIFICATION", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x00\x15\x03\x06\x02"),
};

static const struct sample look_alikes[] = {
	SAMPLE("length of the KEEPALIVE", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x00\x14\x04\x00"),
	SAMPLE("type 9", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x00\x1d\x09\x04"),
	SAMPLE("type 0", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x00\x1d\x00\x04"),
	SAMPLE("marker of fifteen octets", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\x00\x1d\x01\x04\x00\x00"),
	SAMPLE("only ones", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\xff\xff\xff\xff\xff"),
	SAMPLE("port 179 alone", CLIENT, "hello, this is no BGP"),
};

static void
a_session_is_recognised_at_a_later_message(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x18\x0a\x01\x02\x03\x04\x18\x0a"), "Unknown");
	assert_string_equal(talk_send(&t, CLIENT, samples[1].bytes, samples[1].len), "BGP");
}

static void
a_session_that_is_joined_is_known_by_its_port_and_address(void **state)
{
	struct talk later = talk_begin(h, NM_TCP, "192.0.2.9:40001 192.0.2.1:179");

	(void)state;
	(void)harness_one(h, NM_TCP, USUAL("179"), &samples[0]);
	assert_string_equal(talk_say(&later, CLIENT, "\x18\x0a\x01"), "BGP");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, BGP)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, BGP)),
		CASE(a_session_that_is_joined_is_known_by_its_port_and_address),
		CASE(a_session_is_recognised_at_a_later_message),
	};

	return cmocka_run_group_tests_name("bgp", tests, NULL, NULL);
}
