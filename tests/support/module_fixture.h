/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The harness `h` that each test of a classifier module begins anew, with all modules and without tags: for the one program
 * that includes this. CASE() names a test in main()'s list.
 */
#ifndef NETMON_TESTS_MODULE_FIXTURE_H
#define NETMON_TESTS_MODULE_FIXTURE_H

#include "tests/support/all_modules.h"
#include "tests/support/module_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct harness *h;

static inline int
set_up(void **state)
{
	(void)state;
	h = harness_new(all_modules);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	harness_free(h);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
