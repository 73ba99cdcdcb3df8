/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SSH. */
#include "tests/support/module_fixture.h"

#define SSHD  "10.0.0.1:40000 192.0.2.1:22"
#define OTHER "10.0.0.1:40000 192.0.2.1:443"

static const struct sample samples[] = {
	SAMPLE("server", SERVER, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
	SAMPLE("client", CLIENT, "SSH-2.0-PuTTY_Release_0.78\r\n"),
	SAMPLE("compatible server", SERVER, "SSH-1.99-OpenSSH_3.9p1\n"),
	SAMPLE("key exchange", CLIENT,
	       "\0\0\1\x14\6\x14"
	       "0123456789abcdef"
	       "\0\0\0\x1d"
	       "curve25519-sha256,ecdh-sha2-n"),
};
static const struct sample with_lines =
    SAMPLE("lines before", SERVER, "Welcome\r\nto this host\r\nSSH-2.0-x_1\r\n");

static void
each_first_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		(void)tear_down(state);
		(void)set_up(state);
		harness_cut(h, NM_TCP, SSHD, &samples[i], "SSH");
		harness_cut(h, NM_TCP, OTHER, &samples[i], "SSH");
	}
}

static void
lines_before_the_identification_are_allowed_on_port_22(void **state)
{
	(void)state;
	harness_cut(h, NM_TCP, SSHD, &with_lines, "SSH");
}

static void
what_only_looks_like_ssh_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE("another version", SERVER, "SSH-9.0-x\r\n"),
		SAMPLE("no version", SERVER, "SSH-Server\r\n"),
		SAMPLE("port 22 alone", SERVER, "hello there, world\r\n"),
		SAMPLE("key exchange without names", CLIENT,
		       "\0\0\1\x14\6\x14"
		       "0123456789abcdef"
		       "\0\0\0\x08"
		       "\1\2\3\4\5\6\7\x08\0\0"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, SSHD, &others[i]), "Unknown") != 0)
			fail_msg("%s", others[i].name);
}

static void
a_session_that_goes_on_after_a_long_silence_is_known_by_its_server(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.77:22");
	struct talk later = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.77:22");
	struct talk other = talk_begin(h, NM_TCP, "10.0.0.1:41000 192.0.2.78:22");

	(void)state;
	(void)talk_say(&t, CLIENT, "SSH-2.0-client\r\n");
	(void)talk_say(&t, SERVER, "SSH-2.0-x_1\r\n");
	h->now_ns += UINT64_C(600) * 1000000000U;
	assert_string_equal(talk_say(&later, CLIENT, "\x81\x9a\xf0"), "SSH");
	assert_true(later.state.confidence < NM_CONF_TAG);
	assert_string_equal(talk_say(&other, CLIENT, "\x81\x9a\xf0"), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_session_that_goes_on_after_a_long_silence_is_known_by_its_server),
		CASE(each_first_message_is_recognised_on_any_port_and_cut_anywhere),
		CASE(lines_before_the_identification_are_allowed_on_port_22),
		CASE(what_only_looks_like_ssh_is_not),
	};

	return cmocka_run_group_tests_name("ssh", tests, NULL, NULL);
}
