/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BGP. */
#include "tests/support/module_fixture.h"

#define USUAL "10.0.0.1:40000 192.0.2.1:179"
#define OTHER "10.0.0.1:40000 192.0.2.1:9000"

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

static void
each_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		harness_cut(h, NM_TCP, USUAL, &samples[i], "BGP");
		assert_string_equal(harness_one(h, NM_TCP, OTHER, &samples[i]), "BGP");
	}
}

static void
what_only_looks_like_it_is_not(void **state)
{
	static const struct sample others[] = {
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

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, USUAL, &others[i]), "BGP") == 0)
			fail_msg("%s", others[i].name);
}

static void
a_session_is_recognised_at_a_later_message(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\x18\x0a\x01\x02\x03\x04\x18\x0a"), "Unknown");
	assert_string_equal(talk_send(&t, CLIENT, samples[1].bytes, samples[1].len), "BGP");
}

static void
a_session_that_is_joined_is_known_by_its_port_and_address(void **state)
{
	struct talk later = talk_begin(h, NM_TCP, "192.0.2.9:40001 192.0.2.1:179");

	(void)state;
	(void)harness_one(h, NM_TCP, USUAL, &samples[0]);
	assert_string_equal(talk_say(&later, CLIENT, "\x18\x0a\x01"), "BGP");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_message_is_recognised_on_any_port_and_cut_anywhere),
		CASE(what_only_looks_like_it_is_not),
		CASE(a_session_that_is_joined_is_known_by_its_port_and_address),
		CASE(a_session_is_recognised_at_a_later_message),
	};

	return cmocka_run_group_tests_name("bgp", tests, NULL, NULL);
}
