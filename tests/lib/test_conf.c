/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration files through libconfuse: all or nothing, and the place of the first mistake. */
#include "lib/conf.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/netmon-conf-XXXXXX";
static char path[64];
static char err[512];

static int
setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/x.conf", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

/* Loads `text` by a table of a number and a list. */
static int
load(const char *text, cfg_t **ret_conf)
{
	static char dflt[] = "{}";
	cfg_opt_t opts[] = { CFG_INT("port", 5000, CFGF_NONE),
		             CFG_STR_LIST("link", dflt, CFGF_NONE), CFG_END() };
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return conf_load(path, opts, ret_conf, err, sizeof(err));
}

static void
what_is_set_and_what_is_not_can_be_read(void **state)
{
	cfg_t *conf = NULL;

	(void)state;
	assert_int_equal(load("link = {\"a\", \"b\"}\n", &conf), NM_OK);
	assert_int_equal(cfg_getint(conf, "port"), 5000);
	assert_int_equal(cfg_size(conf, "link"), 2);
	assert_string_equal(cfg_getnstr(conf, "link", 1), "b");
	(void)cfg_free(conf);
}

static void
an_empty_file_is_one_without_settings(void **state)
{
	cfg_t *conf = NULL;

	(void)state;
	assert_int_equal(load("", &conf), NM_OK);
	assert_int_equal(cfg_size(conf, "link"), 0);
	(void)cfg_free(conf);
}

static void
a_mistake_gives_its_line_and_nothing_else(void **state)
{
	cfg_t *conf = NULL;
	char place[96];

	(void)state;
	assert_int_equal(load("port = 1\nprot = 2\n", &conf), NM_EFORMAT);
	(void)snprintf(place, sizeof(place), "%s:2: ", path);
	assert_memory_equal(err, place, strlen(place));
	assert_null(conf);
	assert_int_equal(load("port = many\n", &conf), NM_EFORMAT);
	assert_null(conf);
}

static void
a_mistake_is_forgotten_when_the_next_file_is_read(void **state)
{
	cfg_t *conf = NULL;

	(void)state;
	assert_int_equal(load("x = 1\n", &conf), NM_EFORMAT);
	assert_int_equal(load("port = 7\n", &conf), NM_OK);
	assert_int_equal(cfg_getint(conf, "port"), 7);
	(void)cfg_free(conf);
	assert_int_equal(load("\ny = 1\n", &conf), NM_EFORMAT);
	assert_non_null(strstr(err, "'y'"));
}

static void
a_file_that_is_not_there_is_named_with_the_cause(void **state)
{
	cfg_opt_t opts[] = { CFG_END() };
	cfg_t *conf = NULL;

	(void)state;
	assert_int_equal(conf_load("/nonexistent/x", opts, &conf, err, sizeof(err)), -ENOENT);
	assert_memory_equal(err, "/nonexistent/x: No such file", 28);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_and_what_is_not_can_be_read),
		cmocka_unit_test(an_empty_file_is_one_without_settings),
		cmocka_unit_test(a_mistake_gives_its_line_and_nothing_else),
		cmocka_unit_test(a_mistake_is_forgotten_when_the_next_file_is_read),
		cmocka_unit_test(a_file_that_is_not_there_is_named_with_the_cause),
	};

	return cmocka_run_group_tests_name("conf", tests, setup, teardown);
}
