/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module to copy does what its comments say. */
#include "tests/support/all_modules.h"
#include "tests/support/module_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ENDS "10.0.0.1:40000 192.0.2.1:7777"

static void
the_imaginary_protocol_is_recognised_cut_anywhere(void **state)
{
	static const struct nm_module *const modules[] = { &netmon_module_skeleton, NULL };
	static const struct sample whole = SAMPLE("message", CLIENT, "SKEL\1\0\3abc");
	static const struct sample longer = SAMPLE("length too small", CLIENT, "SKEL\1\0\2abc");
	struct harness *h = harness_new(modules);

	(void)state;
	harness_cut(h, NM_TCP, ENDS, &whole, "Skeleton");
	assert_string_equal(harness_one(h, NM_TCP, ENDS, &longer), "Unknown");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_imaginary_protocol_is_recognised_cut_anywhere),
	};

	return cmocka_run_group_tests_name("skeleton", tests, NULL, NULL);
}
