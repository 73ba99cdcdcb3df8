/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bounds-checked cursor: each read at its last valid place, at the first invalid one, and after an error. */
#include <netmon/wire.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09 };

static void
numbers_are_read_in_network_byte_order(void **state)
{
	struct wire w = wire_init(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(wire_u8(&w), 0x01);
	assert_int_equal(wire_u16(&w), 0x0203);
	assert_int_equal(wire_u32(&w), 0x04050607);
	assert_int_equal(wire_left(&w), 2);
	assert_true(wire_ok(&w));
	w = wire_init(bytes, sizeof(bytes));
	assert_true(wire_u64(&w) == UINT64_C(0x0102030405060708));
}

static void
numbers_are_read_with_the_low_octet_first_too(void **state)
{
	struct wire w = wire_init(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(wire_le16(&w), 0x0201);
	assert_int_equal(wire_le24(&w), 0x050403);
	assert_int_equal(wire_le32(&w), 0x09080706);
	assert_true(wire_ok(&w));
	w = wire_init(bytes, sizeof(bytes));
	assert_true(wire_le64(&w) == UINT64_C(0x0807060504030201));
}

static void
a_number_with_the_low_octet_first_that_is_cut_is_none(void **state)
{
	struct wire w = wire_init(bytes, 1);

	(void)state;
	assert_int_equal(wire_le16(&w), 0);
	assert_false(wire_ok(&w));
	w = wire_init(bytes, 2);
	assert_int_equal(wire_le24(&w), 0);
	assert_false(wire_ok(&w));
	w = wire_init(bytes, 3);
	assert_int_equal(wire_le32(&w), 0);
	assert_false(wire_ok(&w));
	w = wire_init(bytes, 7);
	assert_true(wire_le64(&w) == 0);
	assert_false(wire_ok(&w));
}

/* Reads one number of `width` octets. */
static uint64_t
read_number(struct wire *w, size_t width)
{
	switch (width) {
	case 1:
		return wire_u8(w);
	case 2:
		return wire_u16(w);
	case 4:
		return wire_u32(w);
	default:
		return wire_u64(w);
	}
}

static void
a_number_that_ends_with_the_last_octet_is_read_and_one_behind_it_is_not(void **state)
{
	static const size_t widths[] = { 1, 2, 4, 8 };

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		/* on the heap, so that a read outside is seen by the sanitizer */
		uint8_t *copy = malloc(widths[i]);
		assert_non_null(copy);
		memcpy(copy, bytes, widths[i]);
		struct wire whole = wire_init(copy, widths[i]);
		struct wire cut = wire_init(copy, widths[i] - 1);

		assert_true(read_number(&whole, widths[i]) != 0);
		assert_true(wire_ok(&whole));
		assert_int_equal(wire_left(&whole), 0);
		assert_true(read_number(&cut, widths[i]) == 0);
		assert_false(wire_ok(&cut));
		free(copy);
	}
}

static void
after_an_error_every_read_gives_nothing(void **state)
{
	struct wire w = wire_init(bytes, 3);
	uint8_t kept = 0xee;

	(void)state;
	assert_int_equal(wire_u32(&w), 0);
	assert_false(wire_ok(&w));
	assert_int_equal(wire_u8(&w), 0);
	assert_int_equal(wire_u16(&w), 0);
	assert_true(wire_u64(&w) == 0);
	assert_null(wire_take(&w, 0));
	wire_copy(&w, &kept, 1);
	assert_int_equal(kept, 0xee);
	assert_int_equal(wire_left(&w), 0);
	assert_false(wire_ok(&w));
}

static void
octets_are_taken_up_to_the_last_one(void **state)
{
	struct wire w = wire_init(bytes, sizeof(bytes));

	(void)state;
	assert_ptr_equal(wire_take(&w, sizeof(bytes)), bytes);
	assert_ptr_equal(wire_take(&w, 0), bytes + sizeof(bytes));
	assert_true(wire_ok(&w));
	assert_null(wire_take(&w, 1));
	w = wire_init(bytes, sizeof(bytes));
	assert_null(wire_take(&w, SIZE_MAX));
	assert_false(wire_ok(&w));
}

static void
a_skip_past_the_end_is_an_error(void **state)
{
	struct wire w = wire_init(bytes, sizeof(bytes));

	(void)state;
	wire_skip(&w, sizeof(bytes) - 1);
	assert_int_equal(wire_u8(&w), 0x09);
	wire_skip(&w, 0);
	assert_true(wire_ok(&w));
	wire_skip(&w, 1);
	assert_false(wire_ok(&w));
}

static void
a_limit_cuts_and_never_lengthens(void **state)
{
	struct wire w = wire_init(bytes, sizeof(bytes));

	(void)state;
	wire_limit(&w, sizeof(bytes) + 1);
	assert_int_equal(wire_left(&w), sizeof(bytes));
	wire_limit(&w, 2);
	assert_int_equal(wire_u16(&w), 0x0102);
	assert_int_equal(wire_u8(&w), 0);
	assert_false(wire_ok(&w));
	wire_limit(&w, 9);
	assert_false(wire_ok(&w));
}

static void
nothing_can_be_read_of_nothing(void **state)
{
	struct wire w = wire_init(NULL, 0);

	(void)state;
	assert_int_equal(wire_left(&w), 0);
	assert_true(wire_ok(&w));
	assert_int_equal(wire_u8(&w), 0);
	assert_false(wire_ok(&w));

	/* C knows no NULL + 0: a sanitizer would end this */
	struct wire none = wire_init(NULL, 0);
	wire_skip(&none, 0);
	assert_true(wire_ok(&none));
	assert_non_null(wire_take(&none, 0));
	wire_skip(&none, 1);
	assert_false(wire_ok(&none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_in_network_byte_order),
		cmocka_unit_test(numbers_are_read_with_the_low_octet_first_too),
		cmocka_unit_test(a_number_with_the_low_octet_first_that_is_cut_is_none),
		cmocka_unit_test(
		    a_number_that_ends_with_the_last_octet_is_read_and_one_behind_it_is_not),
		cmocka_unit_test(after_an_error_every_read_gives_nothing),
		cmocka_unit_test(octets_are_taken_up_to_the_last_one),
		cmocka_unit_test(a_skip_past_the_end_is_an_error),
		cmocka_unit_test(a_limit_cuts_and_never_lengthens),
		cmocka_unit_test(nothing_can_be_read_of_nothing),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
