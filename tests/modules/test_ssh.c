/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SSH. */
#include "tests/support/all_modules.h"
#include "tests/support/module_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static struct harness *h;

static int
set_up(void **state)
{
	(void)state;
	h = harness_new(all_modules);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	harness_free(h);
	return 0;
}

static void
each_first_message_is_recognised_on_any_port_and_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_first_message_is_recognised_on_any_port_and_cut_anywhere),
		cmocka_unit_test(lines_before_the_identification_are_allowed_on_port_22),
		cmocka_unit_test(what_only_looks_like_ssh_is_not),
	};

	return cmocka_run_group_tests_name("ssh", tests, set_up, tear_down);
}
