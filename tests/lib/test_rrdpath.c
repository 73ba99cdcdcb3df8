/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names in the RRD tree. */
#include "lib/rrdpath.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct rrd_series
host_series(const char *host, int app)
{
	struct rrd_series series = { .scope = RRD_HOST, .app = app };

	assert_int_equal(addr_parse(host, &series.host), NM_OK);
	return series;
}

static void
each_series_has_its_file(void **state)
{
	const struct {
		struct rrd_series series;
		const char *path;
	} cases[] = {
		{ { .scope = RRD_TOTALS, .app = RRD_APP_ALL }, "/r/totals/all.rrd" },
		{ { .scope = RRD_TOTALS, .app = RRD_TRANSIT }, "/r/totals/transit.rrd" },
		{ { .scope = RRD_TOTALS, .app = 0 }, "/r/totals/0.rrd" },
		{ { .scope = RRD_TOTALS, .app = 65535 }, "/r/totals/65535.rrd" },
		{ { .scope = RRD_GROUP, .group = UINT32_MAX, .app = RRD_APP_ALL },
		  "/r/groups/4294967295/all.rrd" },
		{ { .scope = RRD_GROUP, .group = 7, .app = 12 }, "/r/groups/7/12.rrd" },
		{ host_series("192.0.2.255", RRD_APP_ALL), "/r/hosts/192/0/2/255/all.rrd" },
		{ host_series("2001:DB8::1", 5), "/r/hosts/2001/db8/0/0/0/0/0/1/5.rrd" },
		{ host_series("::", 5), "/r/hosts/0/0/0/0/0/0/0/0/5.rrd" },
	};
	char path[RRD_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rrdpath_file("/r", &cases[i].series, path, sizeof(path)), NM_OK);
		assert_string_equal(path, cases[i].path);
	}
}

static void
a_folder_is_its_files_one_without_the_name(void **state)
{
	struct rrd_series series = host_series("10.0.0.1", 3);
	char path[RRD_PATH_MAX];

	(void)state;
	assert_int_equal(rrdpath_folder("/r", &series, path, sizeof(path)), NM_OK);
	assert_string_equal(path, "/r/hosts/10/0/0/1");
}

static void
a_name_that_does_not_fit_is_refused(void **state)
{
	struct rrd_series series = { .scope = RRD_TOTALS, .app = RRD_APP_ALL };
	char path[32], root[RRD_PATH_MAX + 1], long_path[2 * RRD_PATH_MAX];

	(void)state;
	assert_int_equal(rrdpath_file("/r", &series, path, sizeof("/r/totals/all.rrd")), NM_OK);
	assert_int_equal(rrdpath_file("/r", &series, path, sizeof("/r/totals/all.rrd") - 1),
	                 NM_ELIMIT);
	assert_int_equal(rrdpath_folder("/r", &series, path, sizeof("/r/totals")), NM_OK);
	assert_int_equal(rrdpath_folder("/r", &series, path, sizeof("/r/totals") - 1), NM_ELIMIT);
	memset(root, 'x', RRD_PATH_MAX);
	root[RRD_PATH_MAX] = '\0';
	assert_int_equal(rrdpath_file(root, &series, long_path, sizeof(long_path)), NM_ELIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_series_has_its_file),
		cmocka_unit_test(a_folder_is_its_files_one_without_the_name),
		cmocka_unit_test(a_name_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests_name("rrdpath", tests, NULL, NULL);
}
