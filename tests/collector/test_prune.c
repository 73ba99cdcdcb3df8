/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files of the RRD tree are removed. */
#include "collector/prune.h"

#include "collector/rrdfile.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OLD   1600000020u
#define LIMIT 1650000000u
#define NEW   1700000040u

static char root[64];
static struct rrdfile_tree tree;
static struct prune *prune;
static bool allowed;

static bool
may_remove(void *ctx, const struct rrd_series *series)
{
	(void)ctx;
	(void)series;
	return allowed;
}

static int
setup(void **state)
{
	const struct prune_config config = { root, may_remove, NULL };
	char err[256];

	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/netmon-prune-XXXXXX");
	allowed = true;
	if (!mkdtemp(root) || rrdfile_open(root, true, &tree, err, sizeof(err)) < 0)
		return -1;
	prune = prune_new(&config);
	return prune ? 0 : -1;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	prune_free(prune);
	rrdfile_close(&tree);
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
full(const char *path, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s/%s", root, path);
}

static void
set_mtime(const char *path, uint32_t mtime)
{
	const struct timespec times[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };
	char name[160];

	full(path, name, sizeof(name));
	assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

/* A file whose last update and change are at these times. */
static void
make(const char *path, uint32_t minute, uint32_t mtime)
{
	struct rrd_series series;
	struct rrdfile_value value = { minute, 60, 60 };
	struct rrdfile_update u = { &series, &value, 1 };
	uint32_t last = 0;
	char err[256];
	bool is_file;

	assert_int_equal(rrdpath_parse(path, &series, &is_file), 0);
	assert_int_equal(rrdfile_put(&tree, &u, &last, err, sizeof(err)), 0);
	set_mtime(path, mtime);
}

static bool
is_there(const char *path)
{
	char name[160];

	full(path, name, sizeof(name));
	return access(name, F_OK) == 0;
}

static void
walk(void)
{
	prune_begin(prune, LIMIT, LIMIT);
	for (unsigned i = 0; prune_step(prune); i++)
		assert_true(i < 1000);
}

static void
what_is_old_goes_with_its_empty_folders_and_the_rest_stays(void **state)
{
	(void)state;
	make("hosts/10/0/0/1/7.rrd", OLD, OLD);
	make("hosts/10/0/0/1/all.rrd", OLD, OLD);
	make("hosts/10/0/0/2/7.rrd", OLD, OLD);
	make("hosts/10/0/0/2/all.rrd", NEW, NEW);
	make("hosts/2001/db8/0/0/0/0/0/1/all.rrd", OLD, OLD);
	make("groups/3/all.rrd", OLD, OLD);
	make("totals/7.rrd", OLD, OLD);
	make("totals/all.rrd", NEW, NEW);
	walk();
	assert_false(is_there("hosts/10/0/0/1"));
	assert_false(is_there("hosts/10/0/0/2/7.rrd"));
	assert_true(is_there("hosts/10/0/0/2/all.rrd"));
	assert_false(is_there("hosts/2001"));
	assert_false(is_there("groups/3"));
	assert_false(is_there("totals/7.rrd"));
	assert_true(is_there("totals/all.rrd"));
	assert_true(is_there("hosts"));
	assert_true(is_there("groups"));
	assert_int_equal(prune_removed(prune), 6);
}

static void
a_file_that_is_old_by_one_clock_only_stays(void **state)
{
	(void)state;
	make("totals/1.rrd", OLD, NEW);
	make("totals/2.rrd", NEW, OLD);
	make("totals/3.rrd", OLD, LIMIT);
	make("totals/4.rrd", LIMIT / 60 * 60, OLD);
	walk();
	for (unsigned i = 1; i <= 4; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "totals/%u.rrd", i);
		assert_true(is_there(path));
	}
}

static void
what_the_tree_does_not_have_or_what_does_not_parse_stays(void **state)
{
	static const char *const names[] = { "totals/7.rrd", "totals/notes", "totals/7.rrd.broken",
		                             "totals/07.rrd", "totals/.hidden" };
	char name[160], target[160];

	(void)state;
	make("totals/all.rrd", OLD, OLD);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		full(names[i], name, sizeof(name));
		FILE *file = fopen(name, "w");
		assert_non_null(file);
		(void)fclose(file);
		set_mtime(names[i], OLD);
	}
	/* a link is not followed, wherever it leads */
	make("groups/1/7.rrd", OLD, NEW);
	full("groups/2", name, sizeof(name));
	full("groups/1", target, sizeof(target));
	assert_int_equal(symlink(target, name), 0);
	walk();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(is_there(names[i]));
	assert_true(is_there("groups/2/7.rrd"));
	assert_false(is_there("totals/all.rrd"));
}

static void
a_series_that_the_caller_has_something_for_stays(void **state)
{
	(void)state;
	make("totals/7.rrd", OLD, OLD);
	allowed = false;
	walk();
	assert_true(is_there("totals/7.rrd"));
	assert_int_equal(prune_removed(prune), 0);
}

static void
a_tree_without_folders_or_walked_again_is_fine(void **state)
{
	(void)state;
	assert_false(prune_step(prune));
	walk();
	make("totals/7.rrd", OLD, OLD);
	prune_begin(prune, LIMIT, LIMIT);
	walk();
	assert_false(is_there("totals/7.rrd"));
}

static void
the_time_of_the_data_does_not_jump(void **state)
{
	static const struct {
		struct prune_clocks clocks;
		uint32_t want;
	} cases[] = {
		/* newest, wall, base, elapsed */
		{ { NEW, NEW + 5, NEW - 3600, 3600 }, NEW },
		{ { 0, NEW + 5, NEW - 3600, 3600 }, NEW - 3600 },        /* nothing came yet */
		{ { NEW, NEW - 86400, NEW - 3600, 0 }, NEW - 86400 },    /* the clock is behind */
		{ { NEW + 1000 * 86400u, NEW + 1000 * 86400u, NEW, 60 }, /* all clocks are ahead */
		  NEW + 60 + 86400 },
		{ { NEW, NEW + 5, 0, 0 }, NEW }, /* a new tree */
		{ { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX }, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(prune_data_time(&cases[i].clocks), cases[i].want);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(what_is_old_goes_with_its_empty_folders_and_the_rest_stays),
		WITH_TREE(a_file_that_is_old_by_one_clock_only_stays),
		WITH_TREE(what_the_tree_does_not_have_or_what_does_not_parse_stays),
		WITH_TREE(a_series_that_the_caller_has_something_for_stays),
		WITH_TREE(a_tree_without_folders_or_walked_again_is_fine),
		cmocka_unit_test(the_time_of_the_data_does_not_jump),
	};

	return cmocka_run_group_tests_name("prune", tests, NULL, NULL);
}
