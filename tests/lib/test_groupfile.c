/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of groups. */
#include "lib/groupfile.h"

#include "lib/db_group.h"
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* What the reader called, as "name:member name:member ". */
struct seen {
	char text[1024];
	int stop_at; /* call that returns 7; 0: none */
	int calls;
};

static int
note(void *ctx, const char *name, const struct addr_range *member)
{
	struct seen *seen = ctx;
	char text[2 * ADDR_TEXT_MAX];
	size_t len = strlen(seen->text);

	(void)snprintf(seen->text + len, sizeof(seen->text) - len, "%s:%s ", name,
	               addr_range_format(member, text, sizeof(text)));
	return ++seen->calls == seen->stop_at ? 7 : 0;
}

/* Reads `size` bytes as a file; the path goes out of `err`, so that it begins with ":LINE:". */
static int
read_bytes(const char *bytes, size_t size, struct seen *seen, char *err, size_t err_size)
{
	char path[] = "/tmp/netmon-groups-XXXXXX", full[512] = "";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (int)size);
	(void)close(fd);
	int rc = groupfile_read(path, note, seen, full, sizeof(full));
	(void)unlink(path);
	bool begins = strncmp(full, path, strlen(path)) == 0;
	(void)snprintf(err, err_size, "%s", begins ? full + strlen(path) : full);
	return rc;
}

static int
read_text(const char *text, struct seen *seen, char *err, size_t err_size)
{
	return read_bytes(text, strlen(text), seen, err, err_size);
}

static void
members_come_in_the_order_of_the_file(void **state)
{
	struct seen seen = { .calls = 0 };
	char err[512];

	(void)state;
	assert_int_equal(read_text("# all\n\n a b = 10.0.0.0/8 ,192.0.2.1-192.0.2.3 # two\n"
	                           "\tc=2001:db8::/32\r\na b = ::1",
	                           &seen, err, sizeof(err)),
	                 NM_OK);
	assert_string_equal(seen.text, "a b:10.0.0.0/8 a b:192.0.2.1-192.0.2.3 c:2001:db8::/32 "
	                               "a b:::1 ");
}

static void
an_empty_file_has_no_groups(void **state)
{
	struct seen seen = { .calls = 0 };
	char err[512];

	(void)state;
	assert_int_equal(read_text("", &seen, err, sizeof(err)), NM_OK);
	assert_int_equal(read_text("\n  # nothing\n", &seen, err, sizeof(err)), NM_OK);
	assert_int_equal(seen.calls, 0);
}

static void
a_mistake_names_its_line_and_the_remedy(void **state)
{
	static const struct {
		const char *text;
		const char *line;
		const char *words;
	} cases[] = {
		{ "a = 10.0.0.1\nb\n", ":2:", "write NAME = MEMBER" },
		{ " = 10.0.0.1\n", ":1:", "no name" },
		{ "a =\n", ":1:", "has no member" },
		{ "a = # 10.0.0.1\n", ":1:", "has no member" },
		{ "\n\na = 10.0.0.1/8\n", ":3:", "\"10.0.0.1/8\"" },
		{ "a = 10.0.0.1 10.0.0.2\n", ":1:", "commas" },
		{ "a = 10.0.0.1,,10.0.0.2\n", ":1:", "\"\"" },
		{ "a = 10.0.0.1,\n", ":1:", "\"\"" },
		{ "a\x1b = 10.0.0.1\n", ":1:", "control character" },
		{ "\xff = 10.0.0.1\n", ":1:", "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = { .calls = 0 };
		char err[512];

		assert_int_equal(read_text(cases[i].text, &seen, err, sizeof(err)), NM_EFORMAT);
		assert_memory_equal(err, cases[i].line, 3);
		assert_non_null(strstr(err, cases[i].words));
	}
}

static void
a_name_may_be_as_long_as_the_store_takes_it_and_no_longer(void **state)
{
	struct seen seen = { .calls = 0 };
	char text[GROUP_NAME_MAX + 32], err[512];

	(void)state;
	memset(text, 'x', sizeof(text));
	(void)snprintf(text + GROUP_NAME_MAX - 1, 32, " = 10.0.0.1\n");
	assert_int_equal(read_text(text, &seen, err, sizeof(err)), NM_OK);
	memset(text, 'x', sizeof(text));
	(void)snprintf(text + GROUP_NAME_MAX, 32, " = 10.0.0.1\n");
	assert_int_equal(read_text(text, &seen, err, sizeof(err)), NM_EFORMAT);
	assert_non_null(strstr(err, "shorten"));
}

static void
a_line_that_is_too_long_is_refused(void **state)
{
	struct seen seen = { .calls = 0 };
	size_t size = 70000;
	char *text = calloc(1, size + 1), err[512];

	(void)state;
	assert_non_null(text);
	memset(text, ' ', size);
	assert_int_equal(read_text(text, &seen, err, sizeof(err)), NM_EFORMAT);
	assert_non_null(strstr(err, "several lines"));
	free(text);
}

static void
a_zero_byte_cannot_hide_the_rest_of_a_line(void **state)
{
	static const char bytes[] = "a = 10.0.0.1\0 /8\nb = 10.0.0.2\n";
	struct seen seen = { .calls = 0 };
	char err[512];

	(void)state;
	assert_int_equal(read_bytes(bytes, sizeof(bytes) - 1, &seen, err, sizeof(err)), NM_EFORMAT);
	assert_memory_equal(err, ":1:", 3);
}

static void
what_the_callers_function_says_ends_the_reading(void **state)
{
	struct seen seen = { .stop_at = 2 };
	char err[512];

	(void)state;
	assert_int_equal(
	    read_text("a = 10.0.0.1, 10.0.0.2, 10.0.0.3\nnonsense\n", &seen, err, sizeof(err)), 7);
	assert_int_equal(seen.calls, 2);
}

static void
a_file_that_is_not_there_is_told(void **state)
{
	struct seen seen = { .calls = 0 };
	char err[512];

	(void)state;
	assert_int_equal(groupfile_read("/nowhere/groups", note, &seen, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "/nowhere/groups: No such file or directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_the_order_of_the_file),
		cmocka_unit_test(an_empty_file_has_no_groups),
		cmocka_unit_test(a_mistake_names_its_line_and_the_remedy),
		cmocka_unit_test(a_name_may_be_as_long_as_the_store_takes_it_and_no_longer),
		cmocka_unit_test(a_line_that_is_too_long_is_refused),
		cmocka_unit_test(a_zero_byte_cannot_hide_the_rest_of_a_line),
		cmocka_unit_test(what_the_callers_function_says_ends_the_reading),
		cmocka_unit_test(a_file_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests_name("files of groups", tests, NULL, NULL);
}
