/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of modules that failed. */
#include "probe/modbad.h"

#include "lib/err.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char good[] = "http 5f0c1a2b3c4d5e6f 1763715600 crashed (SIGSEGV)\n";
#define DIGEST UINT64_C(0x5f0c1a2b3c4d5e6f)

static struct modbad *
list_of(const char *text)
{
	struct modbad *list;

	assert_int_equal(modbad_parse(text, strlen(text), &list), NM_OK);
	return list;
}

static void
a_row_is_found_by_name_and_file(void **state)
{
	struct modbad *list = list_of(good);
	const struct modbad_row *row = modbad_find(list, "http", DIGEST);

	(void)state;
	assert_non_null(row);
	assert_int_equal(row->when_s, 1763715600);
	assert_string_equal(row->deed, "crashed (SIGSEGV)");
	assert_null(modbad_find(list, "http", DIGEST + 1));
	assert_null(modbad_find(list, "dns", DIGEST));
	assert_null(modbad_find(NULL, "http", DIGEST));
	modbad_free(list);
}

static void
a_row_is_written_as_it_is_read(void **state)
{
	const struct modbad_row row = { "http", DIGEST, 1763715600, "crashed (SIGSEGV)" };
	struct modbad_row longest = { .digest = UINT64_MAX, .when_s = UINT64_MAX };
	char line[MODBAD_LINE_MAX];

	(void)state;
	assert_int_equal(modbad_line(&row, line), strlen(good));
	assert_memory_equal(line, good, strlen(good));
	memset(longest.name, 'x', sizeof(longest.name) - 1);
	memset(longest.deed, 'x', sizeof(longest.deed) - 1);
	assert_true(modbad_line(&longest, line) <= sizeof(line));
}

static void
small_numbers_are_written_too(void **state)
{
	const struct modbad_row row = { "a", 1, 0, "x" };
	char line[MODBAD_LINE_MAX];

	(void)state;
	size_t len = modbad_line(&row, line);
	assert_int_equal(len, strlen("a 0000000000000001 0 x\n"));
	assert_memory_equal(line, "a 0000000000000001 0 x\n", len);
}

static void
the_last_failure_is_told(void **state)
{
	struct modbad *list = list_of("http 5f0c1a2b3c4d5e6f 1 looped\n"
	                              "http 5f0c1a2b3c4d5e6f 2 crashed (SIGBUS)\n");

	(void)state;
	assert_int_equal(modbad_find(list, "http", DIGEST)->when_s, 2);
	modbad_free(list);
}

static void
lines_that_are_no_rows_do_not_count(void **state)
{
	static const char *const lines[] = {
		"",
		"\n\n\n",
		"http",
		"http ",
		"http 5f0c1a2b3c4d5e6f",
		"http 5f0c1a2b3c4d5e6f 1",
		"http 5f0c1a2b3c4d5e6f 1 ",
		"http 5f0c1a2b3c4d5e6f x looped",
		"http 5f0c1a2b3c4d5e6f 123456789012345678901 looped",
		"http 5f0c1a2b3c4d5e6 1 looped",
		"http 5f0c1a2b3c4d5e6ff 1 looped",
		"http 5F0C1A2B3C4D5E6F 1 looped",
		"HTTP 5f0c1a2b3c4d5e6f 1 looped",
		"../http 5f0c1a2b3c4d5e6f 1 looped",
		"http 5f0c1a2b3c4d5e6f 1 \033[31mloops",
		"http 5f0c1a2b3c4d5e6f 1 did what nobody has a word for, at length",
		"a-name-that-is-longer-than-names-are 5f0c1a2b3c4d5e6f 1 looped",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct modbad *list = list_of(lines[i]);

		assert_null(modbad_find(list, "http", DIGEST));
		modbad_free(list);
	}
	/* what stands around them does */
	struct modbad *list = list_of("x\nhttp 5f0c1a2b3c4d5e6f 1 looped\nhttp 5f0c1a2b");
	assert_non_null(modbad_find(list, "http", DIGEST));
	modbad_free(list);
}

static void
of_many_rows_the_newest_stay(void **state)
{
	size_t size = (MODBAD_ROWS_MAX + 10) * sizeof(good);
	char *text = malloc(size);
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < MODBAD_ROWS_MAX + 10; i++)
		len += (size_t)snprintf(text + len, size - len, "http %016x 1 looped\n", i);
	struct modbad *list = list_of(text);
	assert_null(modbad_find(list, "http", 9));
	assert_non_null(modbad_find(list, "http", 10));
	assert_non_null(modbad_find(list, "http", MODBAD_ROWS_MAX + 9));
	modbad_free(list);
	free(text);
}

static void
the_file_is_read_by_its_end(void **state)
{
	char name[] = "/tmp/netmon-bad-XXXXXX";
	struct modbad *list;

	(void)state;
	assert_non_null(mkdtemp(name));
	int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder >= 0);
	assert_int_equal(modbad_read(folder, &list), NM_OK);
	assert_null(modbad_find(list, "http", DIGEST));
	modbad_free(list);
	int fd = openat(folder, MODBAD_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 10L * MODBAD_SIZE_MAX), 0);
	assert_int_equal(pwrite(fd, "\n", 1, 10L * MODBAD_SIZE_MAX), 1);
	assert_int_equal(pwrite(fd, good, strlen(good), 10L * MODBAD_SIZE_MAX + 1), strlen(good));
	(void)close(fd);
	assert_int_equal(modbad_read(folder, &list), NM_OK);
	assert_non_null(modbad_find(list, "http", DIGEST));
	modbad_free(list);
	(void)unlinkat(folder, MODBAD_NAME, 0);
	assert_int_equal(mkfifoat(folder, MODBAD_NAME, 0600), 0);
	assert_int_equal(modbad_read(folder, &list), -EINVAL);
	(void)unlinkat(folder, MODBAD_NAME, 0);
	(void)close(folder);
	(void)rmdir(name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_found_by_name_and_file),
		cmocka_unit_test(a_row_is_written_as_it_is_read),
		cmocka_unit_test(small_numbers_are_written_too),
		cmocka_unit_test(the_last_failure_is_told),
		cmocka_unit_test(lines_that_are_no_rows_do_not_count),
		cmocka_unit_test(of_many_rows_the_newest_stay),
		cmocka_unit_test(the_file_is_read_by_its_end),
	};

	return cmocka_run_group_tests_name("modbad", tests, NULL, NULL);
}
