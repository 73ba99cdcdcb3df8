/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon.conf: which file is read, what it may hold, and what is said of a mistake. */
#include "lib/settings.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ERR_SIZE 512

struct fixture {
	char path[64];
	char err[ERR_SIZE];
	struct settings settings;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char *path = f ? f->path : NULL;

	if (!f)
		return -1;
	(void)snprintf(path, sizeof(f->path), "/tmp/netmon-settings-XXXXXX");
	int fd = mkstemp(path);
	if (fd < 0)
		return -1;
	(void)close(fd);
	(void)unsetenv("NETMON_CONFIG");
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->path);
	free(f);
	return 0;
}

static void
write_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
load(struct fixture *f, const char *text)
{
	write_file(f, text);
	return settings_load(f->path, &f->settings, f->err, sizeof(f->err));
}

static void
what_a_file_does_not_say_has_its_default(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "# nothing\n"), NM_OK);
	assert_string_equal(f->settings.file, f->path);
	assert_string_equal(f->settings.store, "sqlite:/var/lib/netmon/netmon.db");
	assert_string_equal(f->settings.rrd, "/var/lib/netmon/rrd");
	assert_string_equal(f->settings.control, "/run/netmon/netmond.sock");
	assert_string_equal(f->settings.smtp_tls, "starttls");
	assert_string_equal(f->settings.sms_method, "GET");
	assert_string_equal(f->settings.smtp_server, "");
}

static void
a_value_is_taken_as_it_stands(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "store = \"sqlite:/x y\"  # mine\n"
	                         "sms_body = \"{\\\"to\\\": \\\"{to}\\\"}\"\n"
	                         "base_url = 'https://n.example.org/#top'\n"),
	                 NM_OK);
	assert_string_equal(f->settings.store, "sqlite:/x y");
	assert_string_equal(f->settings.sms_body, "{\"to\": \"{to}\"}");
	assert_string_equal(f->settings.base_url, "https://n.example.org/#top");
}

static void
a_mistake_is_told_in_one_line_with_its_place(void **state)
{
	static const char *const cases[] = { "no_such_key = \"x\"\n", "\n\nstore \"x\"\n",
		                             "store = \"x\"\nrrd = {\n", "store = \"x\nrrd\n" };
	struct fixture *f = *state;
	size_t len = strlen(f->path);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(load(f, cases[i]), NM_EFORMAT);
		assert_memory_equal(f->err, f->path, len);
		assert_true(f->err[len] == ':' && f->err[len + 1] >= '1' && f->err[len + 1] <= '9');
		assert_null(strchr(f->err, '\n'));
	}
}

static void
a_value_may_be_as_long_as_its_field_and_no_longer(void **state)
{
	struct fixture *f = *state;
	char text[64];

	/* smtp_tls holds 15 characters and the NUL */
	(void)snprintf(text, sizeof(text), "smtp_tls = \"%s\"\n", "123456789012345");
	assert_int_equal(load(f, text), NM_OK);
	assert_string_equal(f->settings.smtp_tls, "123456789012345");
	(void)snprintf(text, sizeof(text), "smtp_tls = \"%s\"\n", "1234567890123456");
	assert_int_equal(load(f, text), NM_EFORMAT);
	assert_non_null(strstr(f->err, "smtp_tls is longer than 15"));
}

static void
a_file_that_was_named_has_to_be_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(settings_load("/nonexistent/n.conf", &f->settings, f->err, ERR_SIZE),
	                 -ENOENT);
	assert_non_null(strstr(f->err, "/nonexistent/n.conf"));
	assert_int_equal(setenv("NETMON_CONFIG", "/nonexistent/e.conf", 1), 0);
	assert_int_equal(settings_load(NULL, &f->settings, f->err, ERR_SIZE), -ENOENT);
	assert_non_null(strstr(f->err, "/nonexistent/e.conf"));
}

static void
a_folder_is_no_settings_file(void **state)
{
	struct fixture *f = *state;

	assert_true(settings_load("/tmp", &f->settings, f->err, ERR_SIZE) < 0);
}

static void
the_command_line_wins_over_the_environment(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(setenv("NETMON_CONFIG", "/nonexistent/e.conf", 1), 0);
	assert_int_equal(load(f, "rrd = \"/mine\"\n"), NM_OK);
	assert_string_equal(f->settings.rrd, "/mine");
	assert_int_equal(setenv("NETMON_CONFIG", f->path, 1), 0);
	assert_int_equal(settings_load(NULL, &f->settings, f->err, ERR_SIZE), NM_OK);
	assert_string_equal(f->settings.file, f->path);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(what_a_file_does_not_say_has_its_default),
		FILE_TEST(a_value_is_taken_as_it_stands),
		FILE_TEST(a_mistake_is_told_in_one_line_with_its_place),
		FILE_TEST(a_value_may_be_as_long_as_its_field_and_no_longer),
		FILE_TEST(a_file_that_was_named_has_to_be_there),
		FILE_TEST(a_folder_is_no_settings_file),
		FILE_TEST(the_command_line_wins_over_the_environment),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
