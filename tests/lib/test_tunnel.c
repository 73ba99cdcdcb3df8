/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encapsulations: the chain in a number, and its names. */
#include "lib/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static const char *
format(uint32_t chain)
{
	static char text[TUNNEL_TEXT_MAX];

	return tunnel_format(chain, text, sizeof(text));
}

static void
no_tunnel_has_no_name(void **state)
{
	(void)state;
	assert_string_equal(format(0), "");
}

static void
every_kind_has_a_name_of_its_own(void **state)
{
	char names[TUNNEL_KIND_MAX][TUNNEL_TEXT_MAX];

	(void)state;
	for (unsigned kind = 1; kind < TUNNEL_KIND_MAX; kind++) {
		(void)tunnel_format(kind, names[kind], sizeof(names[kind]));
		assert_string_not_equal(names[kind], "");
		assert_null(strchr(names[kind], '?'));
		assert_null(strpbrk(names[kind], "/,'\"\\ "));
		for (unsigned other = 1; other < kind; other++)
			assert_string_not_equal(names[kind], names[other]);
	}
}

static void
the_outermost_is_named_first(void **state)
{
	uint32_t chain = tunnel_push(0, TUNNEL_MPLS);

	(void)state;
	assert_int_equal(chain, TUNNEL_MPLS);
	assert_string_equal(format(chain), "mpls");
	chain = tunnel_push(tunnel_push(chain, TUNNEL_PSEUDOWIRE), TUNNEL_GRE);
	assert_int_equal(chain, 0x010204);
	assert_string_equal(format(chain), "mpls/pw/gre");
}

static void
the_fifth_and_further_ones_are_not_named(void **state)
{
	uint32_t chain = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		chain = tunnel_push(chain, TUNNEL_CAPWAP);
	assert_string_equal(format(chain), "capwap/capwap/capwap/capwap");
	assert_int_equal(tunnel_push(chain, TUNNEL_GRE), chain);
}

static void
a_kind_of_a_later_version_is_a_question_mark(void **state)
{
	(void)state;
	assert_string_equal(format(TUNNEL_KIND_MAX), "?");
	assert_string_equal(format(0x04ff), "gre/?");
	assert_string_equal(format(UINT32_MAX), "?/?/?/?");
}

static void
the_longest_chain_fits_and_a_short_buffer_is_not_overrun(void **state)
{
	char text[TUNNEL_TEXT_MAX + 1];

	(void)state;
	for (unsigned kind = 1; kind < TUNNEL_KIND_MAX; kind++)
		assert_true(strlen(format(kind * 0x01010101u)) < TUNNEL_TEXT_MAX - 1);
	for (size_t size = 0; size <= 12; size++) {
		memset(text, 'x', sizeof(text));
		(void)tunnel_format(0x010204, text, size);
		assert_int_equal(text[size], 'x');
		if (size)
			assert_true(memchr(text, '\0', size) != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_tunnel_has_no_name),
		cmocka_unit_test(every_kind_has_a_name_of_its_own),
		cmocka_unit_test(the_outermost_is_named_first),
		cmocka_unit_test(the_fifth_and_further_ones_are_not_named),
		cmocka_unit_test(a_kind_of_a_later_version_is_a_question_mark),
		cmocka_unit_test(the_longest_chain_fits_and_a_short_buffer_is_not_overrun),
	};

	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
