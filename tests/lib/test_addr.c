/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses, ranges and prefixes as text. */
#include "lib/addr.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
an_address_is_printed_in_its_canonical_form(void **state)
{
	static const char *const cases[][2] = {
		{ "10.0.0.1", "10.0.0.1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::", "::" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
	};
	char text[ADDR_TEXT_MAX];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(addr_parse(cases[i][0], &a), NM_OK);
		assert_string_equal(addr_format(&a, text, sizeof(text)), cases[i][1]);
	}
}

static void
text_that_is_no_address_is_refused_and_changes_nothing(void **state)
{
	static const char *const cases[] = { "",          "10.0.0",         "10.0.0.256",
		                             "10.0.0.1 ", "2001:db8::1::2", "host",
		                             "10.0.0.1/8" };
	struct addr a = { .b = { 7 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(addr_parse(cases[i], &a), NM_EFORMAT);
	assert_int_equal(a.b[0], 7);
}

static void
a_range_is_printed_in_its_shortest_form(void **state)
{
	static const char *const cases[][2] = {
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "10.0.0.0-10.255.255.255", "10.0.0.0/8" },
		{ "10.0.0.5-10.0.0.9", "10.0.0.5-10.0.0.9" },
		{ "192.0.2.7/32", "192.0.2.7" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8::1-2001:db8::ff", "2001:db8::1-2001:db8::ff" },
		{ "::/0", "::/0" },
	};
	char text[2 * ADDR_TEXT_MAX];
	struct addr_range r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(addr_range_parse(cases[i][0], &r), NM_OK);
		assert_string_equal(addr_range_format(&r, text, sizeof(text)), cases[i][1]);
	}
}

static void
a_range_that_is_backwards_mixed_or_has_host_bits_is_refused(void **state)
{
	static const char *const cases[] = { "10.0.0.9-10.0.0.5",
		                             "10.0.0.1-2001:db8::1",
		                             "10.0.0.1/8",
		                             "10.0.0.0/33",
		                             "10.0.0.0/",
		                             "10.0.0.0/-1",
		                             "2001:db8::/129",
		                             "-",
		                             "/8" };
	struct addr_range r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(addr_range_parse(cases[i], &r), NM_EFORMAT);
}

static void
a_range_holds_its_ends_and_nothing_outside(void **state)
{
	struct addr_range r;
	struct addr a;

	(void)state;
	assert_int_equal(addr_range_parse("10.1.0.0/16", &r), NM_OK);
	assert_int_equal(addr_parse("10.1.0.0", &a), NM_OK);
	assert_true(addr_range_holds(&r, &a));
	assert_int_equal(addr_parse("10.1.255.255", &a), NM_OK);
	assert_true(addr_range_holds(&r, &a));
	assert_int_equal(addr_parse("10.2.0.0", &a), NM_OK);
	assert_false(addr_range_holds(&r, &a));
	assert_int_equal(addr_parse("::10.1.0.1", &a), NM_OK);
	assert_false(addr_range_holds(&r, &a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_printed_in_its_canonical_form),
		cmocka_unit_test(text_that_is_no_address_is_refused_and_changes_nothing),
		cmocka_unit_test(a_range_is_printed_in_its_shortest_form),
		cmocka_unit_test(a_range_that_is_backwards_mixed_or_has_host_bits_is_refused),
		cmocka_unit_test(a_range_holds_its_ends_and_nothing_outside),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
