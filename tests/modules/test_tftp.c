/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TFTP requests, the transfers behind them, and what only has their codes. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("69"), "TFTP", SAMPLE("read", CLIENT, "\0\1boot.img\0octet\0") },
	{ CASE_UDP("69"), "TFTP",
	  SAMPLE("write with options", CLIENT, "\0\2a/b.txt\0NETASCII\0blksize\0001428\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("69"), "TFTP", SAMPLE("data", CLIENT, "\0\3\0\1some data") },
	{ CASE_UDP("69"), "TFTP", SAMPLE("no name", CLIENT, "\0\1\0octet\0xx") },
	{ CASE_UDP("69"), "TFTP", SAMPLE("mode that is none", CLIENT, "\0\1boot.img\0octets\0") },
	{ CASE_UDP("69"), "TFTP",
	  SAMPLE("STUN", CLIENT,
	         "\0\1\0\10!\22\244B\267\347\247\1\2744\326\206\372\207\337\256\200\"\0\4test") },
};

/* The server answers from a port that nobody announced. */
static void
the_transfer_is_known_by_the_client_s_port(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk request = talk_begin(h, NM_UDP, "10.0.0.1:40000 192.0.2.1:69");
	struct talk transfer = talk_begin(h, NM_UDP, "192.0.2.1:51515 10.0.0.1:40000");

	(void)state;
	(void)talk_say(&request, CLIENT, "\0\1boot.img\0octet\0");
	assert_string_equal(talk_say(&transfer, CLIENT, "\0\3\0\1data"), "TFTP");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(the_transfer_is_known_by_the_client_s_port),
	};

	return cmocka_run_group_tests_name("tftp", tests, NULL, NULL);
}
