/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements of type, length and value. */
#include <netmon/tlv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct tlv_form small = { .before = 1, .length = 1 };
static const struct tlv_form whole = { .before = 2, .length = 2, .whole = true, .align = 4 };

#define COUNT(literal, form, open) \
	tlv_count(wire_init(literal, sizeof(literal) - 1), &(form), (open))

static void
elements_that_fill_the_bytes_are_counted(void **state)
{
	(void)state;
	assert_int_equal(COUNT("\1\2ab\2\0\3\1c", small, false), 3);
}

static void
nothing_has_no_elements(void **state)
{
	(void)state;
	assert_int_equal(COUNT("", small, false), 0);
	assert_int_equal(COUNT("", small, true), 0);
}

static void
an_element_that_reaches_behind_the_end_is_refused(void **state)
{
	(void)state;
	assert_int_equal(COUNT("\1\2ab\2\2c", small, false), 0);
	assert_int_equal(COUNT("\1\2ab\2", small, false), 0);
}

static void
an_open_end_may_cut_the_last_element(void **state)
{
	(void)state;
	assert_int_equal(COUNT("\1\2ab\2\2c", small, true), 2);
	assert_int_equal(COUNT("\1\2ab\2", small, true), 1);
}

static void
a_length_of_the_whole_is_not_less_than_the_head(void **state)
{
	(void)state;
	assert_int_equal(COUNT("\0\1\0\4\0\2\0\4", whole, false), 2);
	assert_int_equal(COUNT("\0\1\0\3", whole, false), 0);
	assert_int_equal(COUNT("\0\1\0\3", whole, true), 0);
}

static void
padding_belongs_to_the_element_and_may_miss_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(COUNT("\0\1\0\5a\0\0\0\0\2\0\6ab\0\0", whole, false), 2);
	assert_int_equal(COUNT("\0\1\0\5a\0\0\0\0\2\0\6ab", whole, false), 2);
	assert_int_equal(COUNT("\0\1\0\5a\0\0\0\0\2\0\7ab", whole, false), 0);
	assert_int_equal(COUNT("\0\1\0\5a\0\0\0\0\2\0\12ab", whole, false), 0);
}

static void
behind_the_highest_number_nothing_is_looked_at(void **state)
{
	uint8_t many[2 * TLV_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(tlv_count(wire_init(many, sizeof(many)), &small, false), TLV_MAX);
}

static void
a_length_of_four_octets_does_not_wrap(void **state)
{
	const struct tlv_form form = { .before = 1, .length = 4, .align = 4 };

	(void)state;
	assert_int_equal(COUNT("\1\377\377\377\377abc", form, false), 0);
	assert_int_equal(COUNT("\1\377\377\377\377abc", form, true), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_that_fill_the_bytes_are_counted),
		cmocka_unit_test(nothing_has_no_elements),
		cmocka_unit_test(an_element_that_reaches_behind_the_end_is_refused),
		cmocka_unit_test(an_open_end_may_cut_the_last_element),
		cmocka_unit_test(a_length_of_the_whole_is_not_less_than_the_head),
		cmocka_unit_test(padding_belongs_to_the_element_and_may_miss_at_the_end),
		cmocka_unit_test(behind_the_highest_number_nothing_is_looked_at),
		cmocka_unit_test(a_length_of_four_octets_does_not_wrap),
	};

	return cmocka_run_group_tests_name("tlv", tests, NULL, NULL);
}
