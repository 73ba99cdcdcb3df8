/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates as people write and read them. */
#include "lib/rate.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
a_rate_is_read_with_its_si_prefix(void **state)
{
	static const struct {
		const char *text;
		uint64_t bps;
	} cases[] = {
		{ "0", 0 },
		{ "2500", 2500 },
		{ "500k", 500000 },
		{ "2M", 2000000 },
		{ "1.5G", 1500000000 },
		{ "1T", UINT64_C(1000000000000) },
		{ "0.001k", 1 },
		{ "1.500000k", 1500 },
		{ "2Mbit/s", 2000000 },
		{ "2Mbps", 2000000 },
		{ "7bit/s", 7 },
		{ "1000T", RATE_MAX },
		{ "1000000000000000", RATE_MAX },
	};
	uint64_t bps;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rate_parse(cases[i].text, &bps), NM_OK);
		assert_int_equal(bps, cases[i].bps);
	}
}

static void
text_that_is_no_rate_is_refused_and_changes_nothing(void **state)
{
	static const char *const cases[] = { "",
		                             "k",
		                             "-1",
		                             "+1",
		                             " 1",
		                             "1 ",
		                             "1 M",
		                             "1m",
		                             "1K",
		                             "1.",
		                             ".5M",
		                             "1.2.3M",
		                             "1e6",
		                             "0x10",
		                             "1MM",
		                             "2Mbytes",
		                             "0.5",
		                             "0.0005k",
		                             "1001T",
		                             "1000000000000001",
		                             "99999999999999999999999",
		                             "1.00000000000000000000001M" };
	uint64_t bps = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rate_parse(cases[i], &bps), NM_EFORMAT);
	assert_int_equal(bps, 7);
}

static void
a_rate_is_written_with_three_digits(void **state)
{
	static const struct {
		uint64_t bps;
		const char *text;
	} cases[] = {
		{ 0, "0 bit/s" },
		{ 999, "999 bit/s" },
		{ 1000, "1.00 kbit/s" },
		{ 999999, "999 kbit/s" },
		{ 1000000, "1.00 Mbit/s" },
		{ 12345678, "12.3 Mbit/s" },
		{ 1509999999, "1.50 Gbit/s" },
		{ RATE_MAX, "1000 Tbit/s" },
		{ UINT64_MAX, "18446744 Tbit/s" },
	};
	char text[RATE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(rate_format(cases[i].bps, text, sizeof(text)), cases[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_read_with_its_si_prefix),
		cmocka_unit_test(text_that_is_no_rate_is_refused_and_changes_nothing),
		cmocka_unit_test(a_rate_is_written_with_three_digits),
	};

	return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
