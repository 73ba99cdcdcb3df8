/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PPTP. */
#include "tests/support/module_cases.h"
#include "tests/support/module_fixture.h"

#define PPTP CASE_TCP("1723"), "PPTP"

static const struct sample samples[] = {
	SAMPLE("Start-Control-Connection-Request", CLIENT,
	       "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x01\x00\x00\x01\x00"),
	SAMPLE("Echo-Reply", SERVER,
	       "\x00\x14\x00\x01\x1a\x2b\x3c\x4d\x00\x06\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00"),
};

static const struct sample look_alikes[] = {
	SAMPLE("another cookie", CLIENT,
	       "\x00\x9c\x00\x01\x1a\x2b\x3c\x4e\x00\x01\x00\x00\x01\x00"),
	SAMPLE("type 0", CLIENT, "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x00\x00\x00\x01\x00"),
	SAMPLE("type 99", CLIENT, "\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x63\x00\x00\x01\x00"),
	SAMPLE("length 4", CLIENT, "\x00\x04\x00\x01\x1a\x2b\x3c\x4d\x00\x01\x00\x00\x01\x00"),
	SAMPLE("port 1723 alone", CLIENT, "hello world"),
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(SAMPLES(samples, PPTP)),
		TESTS_OF_LOOK_ALIKES(SAMPLES(look_alikes, PPTP)),
	};

	return cmocka_run_group_tests_name("pptp", tests, NULL, NULL);
}
