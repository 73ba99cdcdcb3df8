/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a program's files are, told from a test program that lies in a build folder. */
#include "lib/paths.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
from_a_build_folder_the_tree_s_files_are_found(void **state)
{
	char path[PATHS_MAX];

	(void)state;
	assert_int_equal(paths_find(PATHS_SCHEMA, "sqlite.sql", path, sizeof(path)), NM_OK);
	assert_int_equal(access(path, R_OK), 0);
	assert_int_equal(paths_find(PATHS_CONFIG, "debian-packages", path, sizeof(path)), NM_OK);
	assert_int_equal(access(path, R_OK), 0);
	assert_int_equal(paths_find(PATHS_TEMPLATES, NULL, path, sizeof(path)), NM_OK);
	assert_string_equal(path + strlen(path) - 8, "web/tmpl");
}

static void
modules_are_in_the_build_folder_itself(void **state)
{
	char modules[PATHS_MAX], schema[PATHS_MAX], stamp[PATHS_MAX + 32];

	(void)state;
	assert_int_equal(paths_find(PATHS_MODULES, NULL, modules, sizeof(modules)), NM_OK);
	assert_int_equal(paths_find(PATHS_SCHEMA, NULL, schema, sizeof(schema)), NM_OK);
	char *end = strrchr(modules, '/');
	assert_non_null(end);
	assert_string_equal(end, "/modules");
	*end = '\0';
	(void)snprintf(stamp, sizeof(stamp), "%s/.netmon-build", modules);
	assert_int_equal(access(stamp, R_OK), 0);
}

static void
a_path_that_does_not_fit_is_refused_and_leaves_an_empty_string(void **state)
{
	char whole[PATHS_MAX], path[PATHS_MAX];

	(void)state;
	assert_int_equal(paths_find(PATHS_SCHEMA, "x", whole, sizeof(whole)), NM_OK);
	size_t len = strlen(whole);
	assert_int_equal(paths_find(PATHS_SCHEMA, "x", path, len + 1), NM_OK);
	assert_string_equal(path, whole);
	assert_int_equal(paths_find(PATHS_SCHEMA, "x", path, len), NM_ELIMIT);
	assert_string_equal(path, "");
	path[0] = 'k';
	assert_int_equal(paths_find(PATHS_SCHEMA, "x", path, 0), NM_ELIMIT);
	assert_int_equal(path[0], 'k');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_a_build_folder_the_tree_s_files_are_found),
		cmocka_unit_test(modules_are_in_the_build_folder_itself),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused_and_leaves_an_empty_string),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
