/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for error codes. */
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
every_code_of_ours_has_words_of_its_own(void **state)
{
	static const int codes[] = { NM_OK,        NM_EFORMAT, NM_EVERSION, NM_ELIMIT,
		                     NM_ENOTFOUND, NM_EEXISTS, NM_ESTORE,   NM_EORDER };
	const size_t n = sizeof(codes) / sizeof(codes[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_string_not_equal(nm_strerror(codes[i]), "unknown error");
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(nm_strerror(codes[i]), nm_strerror(codes[j]));
	}
}

static void
a_negated_errno_has_the_system_s_words(void **state)
{
	(void)state;
	assert_string_equal(nm_strerror(-ENOENT), "No such file or directory");
	assert_string_equal(nm_strerror(-ENOMEM), "Cannot allocate memory");
}

static void
a_code_of_nobody_has_words_too(void **state)
{
	(void)state;
	assert_string_equal(nm_strerror(-100000), "unknown error");
	assert_string_equal(nm_strerror(100000), "unknown error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_of_ours_has_words_of_its_own),
		cmocka_unit_test(a_negated_errno_has_the_system_s_words),
		cmocka_unit_test(a_code_of_nobody_has_words_too),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
