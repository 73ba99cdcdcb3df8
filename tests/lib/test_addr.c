/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses, ranges and prefixes as text. */
#include "lib/addr.h"

#include "lib/err.h"

#include <arpa/inet.h>
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
		{ "255.99.100.0", "255.99.100.0" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* one word is not left out */
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, /* the first of two */
		{ "::192.0.2.1", "::192.0.2.1" },
		{ "fe80::abcd:ef00:10:1", "fe80::abcd:ef00:10:1" },
		{ "abcd:ef01:2345:6789:abcd:ef01:2345:6789",
		  "abcd:ef01:2345:6789:abcd:ef01:2345:6789" },
	};
	char text[ADDR_TEXT_MAX];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(addr_parse(cases[i][0], &a), NM_OK);
		assert_string_equal(addr_format(&a, text, sizeof(text)), cases[i][1]);
	}
}

/* Every mixture of words that are 0, short and long, against the C library. */
static void
addresses_are_printed_as_the_system_prints_them(void **state)
{
	static const uint16_t words[] = { 0, 0xffff, 0x1, 0xa0 };
	char text[ADDR_TEXT_MAX];
	char expected[ADDR_TEXT_MAX];

	(void)state;
	for (unsigned n = 0; n < 1u << 16; n++) {
		struct addr a;

		for (unsigned i = 0; i < 8; i++) {
			a.b[2 * i] = (uint8_t)(words[n >> 2 * i & 3] >> 8);
			a.b[2 * i + 1] = (uint8_t)words[n >> 2 * i & 3];
		}
		if (addr_is_v4(&a))
			assert_non_null(inet_ntop(AF_INET, a.b + 12, expected, sizeof(expected)));
		else
			assert_non_null(inet_ntop(AF_INET6, a.b, expected, sizeof(expected)));
		assert_string_equal(addr_format(&a, text, sizeof(text)), expected);
	}
}

static void
a_buffer_that_is_too_small_gets_no_half_address(void **state)
{
	char text[8] = "xxxxxxx";
	struct addr a;

	(void)state;
	assert_int_equal(addr_parse("10.0.0.1", &a), NM_OK);
	assert_string_equal(addr_format(&a, text, sizeof(text)), "");
	assert_int_equal(addr_parse("1.2.3.4", &a), NM_OK);
	assert_string_equal(addr_format(&a, text, sizeof(text)), "1.2.3.4");
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
		cmocka_unit_test(addresses_are_printed_as_the_system_prints_them),
		cmocka_unit_test(a_buffer_that_is_too_small_gets_no_half_address),
		cmocka_unit_test(text_that_is_no_address_is_refused_and_changes_nothing),
		cmocka_unit_test(a_range_is_printed_in_its_shortest_form),
		cmocka_unit_test(a_range_that_is_backwards_mixed_or_has_host_bits_is_refused),
		cmocka_unit_test(a_range_holds_its_ends_and_nothing_outside),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
