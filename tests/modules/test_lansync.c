/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What applications call into the local network, and what only looks like it. */
#include "tests/support/module_cases.h"

#define SIXTEEN "\221\352\03\f7\207\263\11\240\25\330\111\160\376\2\334"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("17500"), "Dropbox",
	  SAMPLE(
	      "call", CLIENT,
	      "{\"host_int\": 123, \"version\": [2, 0], \"displayname\": \"\", \"port\": 17500}") },
	{ CASE_UDP("57621"), "Spotify", SAMPLE("call", CLIENT, "SpotUdp0" SIXTEEN SIXTEEN) },
	{ CASE_TCP("4070"), "Spotify",
	  SAMPLE("hello", CLIENT, "\0\4\0\0\0\x12\x52\6\x50\0\x60\6\x70\1\xa0\1\1\0") },
	{ CASE_UDP("2190"), "TiVoConnect",
	  SAMPLE("call", CLIENT, "TiVoConnect=1\nmethod=broadcast\nplatform=pc\n") },
	{ CASE_TCP("2190"), "TiVoConnect",
	  SAMPLE("connection", CLIENT, "TiVoConnect=1\nmethod=connected\nplatform=pc\n") },
	{ CASE_UDP("21027"), "Syncthing",
	  SAMPLE("call", CLIENT, "\x2e\xa7\xd9\x0b\x0a\x20" SIXTEEN SIXTEEN) },
	{ CASE_TCP("22067"), "Syncthing",
	  SAMPLE("relay", CLIENT, "\x9e\x79\xbc\x40\0\0\0\2\0\0\0\4\0\0\0\0") },
	{ CASE_UDP("3838"), "Resilio",
	  SAMPLE("call", CLIENT, "BSYNC\0d1:m4:ping4:peer20:abcdefghijklmnopqrste") },
};

/* Keys in another order count on the port of Dropbox only. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("17500"), "Dropbox",
	  SAMPLE(
	      "another order", CLIENT,
	      "{\"version\": [2, 0], \"port\": 17500, \"host_int\": 123, \"displayname\": \"\"}") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("17500"), "Dropbox",
	  SAMPLE("other JSON", CLIENT,
	         "{\"version\": [2, 0], \"port\": 17500, \"name\": \"something\"}") },
	{ CASE_TCP("4070"), "Spotify",
	  SAMPLE("another length", CLIENT, "\0\4\0\0\0\x13\x52\6\x50\0\x60\6\x70\1\xa0\1\1\0") },
	{ CASE_UDP("2190"), "TiVoConnect",
	  SAMPLE("no method", CLIENT, "TiVoConnect=1\nplatform=pc\n") },
	{ CASE_UDP("21027"), "Syncthing",
	  SAMPLE("another length", CLIENT, "\x2e\xa7\xd9\x0b\x0a\x21" SIXTEEN SIXTEEN) },
	{ CASE_TCP("22067"), "Syncthing",
	  SAMPLE("another type", CLIENT, "\x9e\x79\xbc\x40\0\0\0\x09\0\0\0\4\0\0\0\0") },
	{ CASE_UDP("3838"), "Resilio", SAMPLE("text", CLIENT, "BSYNC is a name for it") },
};

static void
a_relay_is_tagged(void **state)
{
	(void)state;
	case_tags_its_server(&messages[6]);
}

static void
a_call_tags_nobody(void **state)
{
	struct harness *h = harness_new(all_modules);

	(void)state;
	assert_string_equal(harness_one(h, NM_UDP, USUAL("17500"), &messages[0].sample), "Dropbox");
	struct talk t = talk_begin(h, NM_UDP, "10.0.0.7:41000 192.0.2.1:17500");
	assert_string_equal(talk_say(&t, CLIENT, "\x99\x81\xf7"), "Unknown");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_relay_is_tagged),
		cmocka_unit_test(a_call_tags_nobody),
	};

	return cmocka_run_group_tests_name("lansync", tests, NULL, NULL);
}
