/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telnet. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define TELNET CASE_TCP("23"), "Telnet"

static const struct sample samples[] = {
	SAMPLE("three options", SERVER, "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23"),
	SAMPLE("options and text", SERVER, "\xff\xfb\x01\xff\xfb\x03\r\nlogin: "),
	SAMPLE("terminal type", CLIENT, "\xff\xfa\x18\x00xterm\xff\xf0\xff\xfc\x01"),
	SAMPLE("one option", CLIENT, "\xff\xfd\x03"),
};

static const struct sample look_alikes[] = {
	SAMPLE("BGP", CLIENT,
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x13\x04"),
	SAMPLE("no option", CLIENT, "\xff\xfd\x77\xff\xfd\x78"),
	SAMPLE("no command", CLIENT, "\xff\xf8\x01\xff\xf9\x01"),
	SAMPLE("the second is none", CLIENT, "\xff\xfd\x18\xff\x10\x18"),
	SAMPLE("MPEG audio", CLIENT, "\xff\xfb\x90\x44\x00\x0f"),
	SAMPLE("port 23 alone", CLIENT, "hello world"),
};

static void
one_option_on_another_port_is_weak(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	(void)talk_say(&t, CLIENT, "\xff\xfd\x03");
	assert_int_equal(t.state.confidence, NM_CONF_WEAK);
	t = talk_begin(h, NM_TCP, ANYWHERE);
	assert_string_equal(talk_say(&t, CLIENT, "\xff\xfd\x03\x9a\x01"), "Unknown");
}

/* RFC 855: an octet 255 comes twice. Somebody may send nothing else. */
static void
a_subnegotiation_of_octets_255_is_not_read_for_ever(void **state)
{
	static const char end[] = "\xff\xf0\xff\xfc\x01";
	char bytes[3 + 400 + sizeof(end)] = "\xff\xfa\x18";
	struct talk t = talk_begin(h, NM_TCP, ANYWHERE);

	(void)state;
	memset(bytes + 3, 0xff, 400);
	memcpy(bytes + 3 + 20, end, sizeof(end));
	(void)talk_send(&t, CLIENT, bytes, 3 + 20 + sizeof(end) - 1);
	assert_int_equal(t.state.confidence, NM_CONF_SIGNATURE);
	memset(bytes + 3, 0xff, 400);
	memcpy(bytes + 3 + 400, end, sizeof(end));
	t = talk_begin(h, NM_TCP, ANYWHERE);
	(void)talk_send(&t, CLIENT, bytes, 3 + 400 + sizeof(end) - 1);
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
}

static void
a_session_that_goes_on_later_is_known_by_its_server(void **state)
{
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.9:40001 192.0.2.1:23");

	(void)state;
	(void)harness_one(h, NM_TCP, USUAL("23"), &samples[0]);
	assert_string_equal(talk_say(&later, CLIENT, "ls\r\n"), "Telnet");
	assert_true(later.state.confidence < NM_CONF_TAG);
}

static void
a_prompt_counts_on_its_port_only(void **state)
{
	static const struct sample prompt = SAMPLE("prompt", SERVER, "\r\nrouter login: ");
	static const struct sample text =
	    SAMPLE("text", SERVER, "login: is what it says, and goes on\r\n");

	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, USUAL("23"), &prompt), "Telnet");
	assert_string_equal(harness_one(h, NM_TCP, ANYWHERE, &prompt), "Unknown");
	assert_string_equal(harness_one(h, NM_TCP, USUAL("23"), &text), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, TELNET)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, TELNET)),
		CASE(a_prompt_counts_on_its_port_only),
		CASE(one_option_on_another_port_is_weak),
		CASE(a_subnegotiation_of_octets_255_is_not_read_for_ever),
		CASE(a_session_that_goes_on_later_is_known_by_its_server),
	};

	return cmocka_run_group_tests_name("telnet", tests, NULL, NULL);
}
