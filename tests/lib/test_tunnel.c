/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains of encapsulations and their names. */
#include "lib/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
a_chain_is_named_from_the_outside(void **state)
{
	char text[TUNNEL_TEXT_MAX];
	uint32_t chain = 0;

	(void)state;
	assert_string_equal(tunnel_format(chain, text, sizeof(text)), "");
	chain = tunnel_push(chain, TUNNEL_MPLS);
	assert_string_equal(tunnel_format(chain, text, sizeof(text)), "mpls");
	chain = tunnel_push(chain, TUNNEL_GRE);
	chain = tunnel_push(chain, TUNNEL_IP6_IN_IP4);
	assert_string_equal(tunnel_format(chain, text, sizeof(text)), "mpls/gre/6in4");
}

static void
the_fifth_encapsulation_is_not_named(void **state)
{
	char text[TUNNEL_TEXT_MAX];
	uint32_t chain = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		chain = tunnel_push(chain, i < 4 ? TUNNEL_CAPWAP : TUNNEL_GRE);
	assert_string_equal(tunnel_format(chain, text, sizeof(text)),
	                    "capwap/capwap/capwap/capwap");
}

static void
every_kind_has_a_name_and_an_unknown_one_a_question_mark(void **state)
{
	char text[TUNNEL_TEXT_MAX];

	(void)state;
	for (uint32_t kind = 1; kind < TUNNEL_KIND_MAX; kind++) {
		(void)tunnel_format(kind, text, sizeof(text));
		assert_true(strlen(text) > 1);
		/* four of the longest fit */
		assert_true(4 * (strlen(text) + 1) <= TUNNEL_TEXT_MAX);
	}
	assert_string_equal(tunnel_format(TUNNEL_KIND_MAX, text, sizeof(text)), "?");
	assert_string_equal(tunnel_format(0x01ff0000, text, sizeof(text)), "mpls/?");
}

static void
a_text_that_does_not_fit_is_cut(void **state)
{
	char text[8] = "xxxxxxx";

	(void)state;
	(void)tunnel_format(tunnel_push(TUNNEL_ERSPAN, TUNNEL_GENEVE), text, sizeof(text));
	assert_true(strlen(text) < sizeof(text));
	assert_int_equal(strncmp(text, "erspan", 6), 0);
	(void)tunnel_format(TUNNEL_MPLS, NULL, 0);
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_chain_is_named_from_the_outside),
		T(the_fifth_encapsulation_is_not_named),
		T(every_kind_has_a_name_and_an_unknown_one_a_question_mark),
		T(a_text_that_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
