/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of groups. */
#include "lib/groupfile.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char seen[4096];
static char err[256];

static int
collect(void *ctx, const char *name, const struct addr_range *member)
{
	char text[2 * ADDR_TEXT_MAX];
	size_t len = strlen(seen);

	(void)ctx;
	(void)snprintf(seen + len, sizeof(seen) - len, "%s=%s;", name,
	               addr_range_format(member, text, sizeof(text)));
	return 0;
}

static int
read_text(const char *text)
{
	char path[] = "/tmp/netmon-groups-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	seen[0] = err[0] = '\0';
	int rc = groupfile_read(path, collect, NULL, err, sizeof(err));
	(void)unlink(path);
	return rc;
}

static void
members_come_in_the_order_of_the_file(void **state)
{
	(void)state;
	assert_int_equal(read_text("# all of us\n\n  Servers = 10.0.0.0/24 ,10.1.0.5-10.1.0.9\n"
	                           "Caf\xc3\xa9 two=2001:db8::/32 # guests\nServers = 192.0.2.1"),
	                 0);
	assert_string_equal(seen, "Servers=10.0.0.0/24;Servers=10.1.0.5-10.1.0.9;"
	                          "Caf\xc3\xa9 two=2001:db8::/32;Servers=192.0.2.1;");
}

static void
a_mistake_is_told_with_its_line(void **state)
{
	static const char *const bad[][2] = {
		{ "a = 10.0.0.1\nb 10.0.0.2\n", ":2: " },
		{ "= 10.0.0.1\n", ":1: no name" },
		{ "a =\n", ":1: group \"a\" has no member" },
		{ "a = 10.0.0.1/8\n", ":1: \"10.0.0.1/8\" is no address" },
		{ "a = 10.0.0.1,,10.0.0.2, \n", "is no address" },
		{ "a\tb = 10.0.0.1\n", "control character" },
		{ "x1234567890123456789012345678901234567890123456789012345678901234567890 = ::\n",
		  "too long" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_text(bad[i][0]), NM_EFORMAT);
		if (!strstr(err, bad[i][1]))
			fail_msg("\"%s\" does not say \"%s\"", err, bad[i][1]);
	}
}

static void
a_file_that_is_not_there_is_told_by_its_name(void **state)
{
	(void)state;
	assert_int_equal(groupfile_read("/nonexistent/groups", collect, NULL, err, sizeof(err)),
	                 -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/groups"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_the_order_of_the_file),
		cmocka_unit_test(a_mistake_is_told_with_its_line),
		cmocka_unit_test(a_file_that_is_not_there_is_told_by_its_name),
	};

	return cmocka_run_group_tests_name("groupfile", tests, NULL, NULL);
}
