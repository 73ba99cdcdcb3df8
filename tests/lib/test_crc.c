/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Check sums of 16 bits. */
#include <netmon/crc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t digits[9] = { '1', '2', '3', '4', '5', '6', '7', '8', '9' };

/* The catalogues' check values, of the nine digits. */
static void
the_sum_of_the_nine_digits_is_the_catalogues(void **state)
{
	(void)state;
	assert_int_equal(crc_ccitt(digits, sizeof(digits), 0), 0x31c3);
	assert_int_equal(crc_ccitt(digits, sizeof(digits), 0xffff), 0x29b1);
}

static void
the_sum_of_nothing_is_what_it_begins_with(void **state)
{
	(void)state;
	assert_int_equal(crc_ccitt(digits, 0, 0), 0);
	assert_int_equal(crc_ccitt(digits, 0, 0xffff), 0xffff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sum_of_the_nine_digits_is_the_catalogues),
		cmocka_unit_test(the_sum_of_nothing_is_what_it_begins_with),
	};

	return cmocka_run_group_tests_name("crc", tests, NULL, NULL);
}
