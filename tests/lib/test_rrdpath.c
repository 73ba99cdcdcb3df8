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

static void
a_path_below_the_root_gives_its_series_back(void **state)
{
	static const char *const files[] = { "totals/all.rrd",
		                             "totals/transit.rrd",
		                             "totals/65535.rrd",
		                             "groups/4294967295/7.rrd",
		                             "hosts/192/0/2/255/all.rrd",
		                             "hosts/2001/db8/0/0/0/0/0/1/5.rrd" };
	static const char *const folders[] = { "totals", "groups/0", "hosts/10/0/0/1",
		                               "hosts/0/0/0/0/0/0/0/0" };
	struct rrd_series series;
	char path[RRD_PATH_MAX];
	bool is_file;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(rrdpath_parse(files[i], &series, &is_file), NM_OK);
		assert_true(is_file);
		assert_int_equal(rrdpath_file("", &series, path, sizeof(path)), NM_OK);
		assert_string_equal(path + 1, files[i]);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		assert_int_equal(rrdpath_parse(folders[i], &series, &is_file), NM_OK);
		assert_false(is_file);
		assert_int_equal(series.app, RRD_APP_ALL);
		assert_int_equal(rrdpath_folder("", &series, path, sizeof(path)), NM_OK);
		assert_string_equal(path + 1, folders[i]);
	}
}

static void
a_path_that_the_tree_does_not_have_is_refused(void **state)
{
	static const char *const paths[] = {
		"",
		"/",
		"/totals",
		"totals/",
		"totals//all.rrd",
		"totals/all",
		"totals/all.rrd.broken",
		"totals/all.rrdx",
		"totals/.rrd",
		"totals/-1.rrd",
		"totals/-2.rrd",
		"totals/-5.rrd",
		"totals/65536.rrd",
		"totals/07.rrd",
		"totals/ 7.rrd",
		"totals/1e3.rrd",
		"totals/../x.rrd",
		"groups",
		"groups/-1",
		"groups/4294967296",
		"groups/1/2/3.rrd",
		"hosts",
		"hosts/10/0/0",
		"hosts/10/0/0/256",
		"hosts/10/0/0/01",
		"hosts/10/0/0/1/2/3.rrd",
		"hosts/2001/DB8/0/0/0/0/0/1",
		"hosts/0/0/0/0/0/ffff/a00/1",
		"hosts/1/2/3/4/5/6/7/8/9",
		"hosts/1/2/3/4/5/6/7/8/9.rrd/x",
		"hosts/../../../etc/all.rrd",
		"../totals/all.rrd",
		"totals/00000000000000000000000000000007.rrd",
	};
	struct rrd_series series;
	bool is_file;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (rrdpath_parse(paths[i], &series, &is_file) != NM_EFORMAT)
			fail_msg("\"%s\" is taken", paths[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_series_has_its_file),
		cmocka_unit_test(a_folder_is_its_files_one_without_the_name),
		cmocka_unit_test(a_name_that_does_not_fit_is_refused),
		cmocka_unit_test(a_path_below_the_root_gives_its_series_back),
		cmocka_unit_test(a_path_that_the_tree_does_not_have_is_refused),
	};

	return cmocka_run_group_tests_name("rrdpath", tests, NULL, NULL);
}
