/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ICMP, which has no ports and needs no payload. */
#include "tests/support/all_modules.h"
#include "tests/support/module_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ENDS4 "10.0.0.1:0 192.0.2.1:0"
#define ENDS6 "[2001:db8::1]:0 [2001:db8::2]:0"

static void
both_versions_are_recognised_by_their_number(void **state)
{
	static const struct sample echo = SAMPLE("echo", CLIENT, "\x08\0\xf7\xff\0\0\0\0");
	struct harness *h = harness_new(all_modules);
	struct talk bare = talk_begin(h, NM_ICMP, ENDS4);

	(void)state;
	assert_string_equal(harness_one(h, NM_ICMP, ENDS4, &echo), "ICMP");
	assert_string_equal(harness_one(h, 58, ENDS6, &echo), "ICMP");
	assert_string_equal(talk_send(&bare, CLIENT, NULL, 0), "ICMP");
	assert_string_equal(harness_one(h, NM_UDP, ENDS4, &echo), "Unknown");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions_are_recognised_by_their_number),
	};

	return cmocka_run_group_tests_name("icmp", tests, NULL, NULL);
}
