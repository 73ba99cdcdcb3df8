/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PPTP. */
#include "tests/support/module_fixture.h"

#define USUAL "10.0.0.1:40000 192.0.2.1:1723"
#define OTHER "10.0.0.1:40000 192.0.2.1:9000"

static const struct sample samples[] = {
	SAMPLE("Start-Control-Connection-Request", CLIENT,
	       "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x01\x00\x00\x01\x00"),
	SAMPLE("Echo-Reply", SERVER,
	       "\x00\x14\x00\x01\x1a\x2b\x3c\x4d\x00\x06\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00"),
};

static void
each_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		harness_cut(h, NM_TCP, USUAL, &samples[i], "PPTP");
		assert_string_equal(harness_one(h, NM_TCP, OTHER, &samples[i]), "PPTP");
	}
}

static void
what_only_looks_like_it_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE("another cookie", CLIENT,
		       "\x00\x9c\x00\x01\x1a\x2b\x3c\x4e\x00\x01\x00\x00\x01\x00"),
		SAMPLE("type 0", CLIENT,
		       "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x00\x00\x00\x01\x00"),
		SAMPLE("type 99", CLIENT,
		       "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x63\x00\x00\x01\x00"),
		SAMPLE("length 4", CLIENT,
		       "\x00\x04\x00\x01\x1a\x2b\x3c\x4d\x00\x01\x00\x00\x01\x00"),
		SAMPLE("port 1723 alone", CLIENT, "hello world"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, USUAL, &others[i]), "PPTP") == 0)
			fail_msg("%s", others[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_message_is_recognised_on_any_port_and_cut_anywhere),
		CASE(what_only_looks_like_it_is_not),
	};

	return cmocka_run_group_tests_name("pptp", tests, NULL, NULL);
}
