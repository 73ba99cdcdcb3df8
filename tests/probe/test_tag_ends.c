/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter in front of the tag table: nobody who may have a tag is ever turned away. */
#include "probe/tag_ends.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW UINT32_C(1700000000)

/* Address `n`, an IPv4 one when it is even. */
static struct addr
address(uint32_t n)
{
	struct addr a = { .b = { 0x20, 0x01, 0x0d, 0xb8 } };
	const uint8_t octets[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		                    (uint8_t)n };

	if (n % 2 == 0)
		return addr_from_v4(octets);
	memcpy(a.b + 12, octets, 4);
	return a;
}

static bool
may_have(const struct ends *e, uint32_t n)
{
	struct addr a = address(n);

	return ends_may_have(e, &a, n << 8 | 6);
}

static void
add(struct ends *e, uint32_t n, uint32_t now_s)
{
	struct addr a = address(n);

	ends_add(e, &a, n << 8 | 6, now_s);
}

/* How many of 100,000 others are let through. */
static unsigned
let_through(const struct ends *e)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < 100000; i++)
		n += may_have(e, 1000000 + i);
	return n;
}

static void
who_was_added_is_let_through_and_few_others_are(void **state)
{
	struct ends *e;

	(void)state;
	assert_int_equal(ends_new(65536, &e), NM_OK);
	assert_int_equal(let_through(e), 0);
	for (uint32_t n = 0; n < 65536; n++)
		add(e, n, NOW);
	for (uint32_t n = 0; n < 65536; n++)
		assert_true(may_have(e, n));
	assert_in_range(let_through(e), 1, 13000);
	ends_free(e);
}

static void
nobody_is_forgotten_within_the_span_however_many_come(void **state)
{
	struct ends *e;

	(void)state;
	assert_int_equal(ends_new(1024, &e), NM_OK);
	for (uint32_t round = 0; round < 100; round++) {
		uint32_t now_s = NOW + round * (ENDS_SPAN_S / 4);

		for (uint32_t n = 0; n < 1024; n++)
			add(e, round * 1024 + n, now_s);
		for (uint32_t back = 0; back < 4 && back <= round; back++)
			for (uint32_t n = 0; n < 1024; n++)
				assert_true(may_have(e, (round - back) * 1024 + n));
	}
	ends_free(e);
}

static void
after_two_spans_the_others_are_turned_away_again(void **state)
{
	struct ends *e;

	(void)state;
	assert_int_equal(ends_new(1024, &e), NM_OK);
	for (uint32_t round = 0; round < 50; round++)
		for (uint32_t n = 0; n < 1024; n++)
			add(e, round * 1024 + n, NOW + round * (ENDS_SPAN_S + 1));
	/* 8,192 places: of two rounds and a little */
	assert_in_range(let_through(e), 1, 30000);
	ends_free(e);
}

static void
a_clock_that_goes_back_and_forth_ends_no_generation_early(void **state)
{
	struct ends *e;

	(void)state;
	assert_int_equal(ends_new(1024, &e), NM_OK);
	for (uint32_t n = 0; n < 1000; n++)
		add(e, n, n % 2 ? NOW : NOW - 10 * ENDS_SPAN_S);
	for (uint32_t n = 0; n < 1000; n++)
		assert_true(may_have(e, n));
	ends_free(e);
}

static void
tables_of_any_size_have_a_filter(void **state)
{
	static const size_t sizes[] = { 1, 2, 100, 65536, 1000000, 4000000, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ends *e;

		assert_int_equal(ends_new(sizes[i], &e), NM_OK);
		for (uint32_t n = 0; n < 1000; n++)
			add(e, n, NOW);
		for (uint32_t n = 0; n < 1000; n++)
			assert_true(may_have(e, n));
		ends_free(e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_added_is_let_through_and_few_others_are),
		cmocka_unit_test(nobody_is_forgotten_within_the_span_however_many_come),
		cmocka_unit_test(after_two_spans_the_others_are_turned_away_again),
		cmocka_unit_test(a_clock_that_goes_back_and_forth_ends_no_generation_early),
		cmocka_unit_test(tables_of_any_size_have_a_filter),
	};

	return cmocka_run_group_tests_name("tag_ends", tests, NULL, NULL);
}
