/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the RRD tree, read back with librrd. */
#include "collector/rrdfile.h"

#include "lib/err.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <rrd.h>

#define MINUTE 1700000040u

static char root[64];
static struct rrdfile_tree tree;
static char file[128];
static uint32_t last_end;
static char err[256];
static const struct rrd_series series = { .scope = RRD_TOTALS, .app = 7 };

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/netmon-rrd-XXXXXX");
	last_end = 0;
	if (!mkdtemp(root))
		return -1;
	(void)snprintf(file, sizeof(file), "%s/totals/7.rrd", root);
	return rrdfile_open(root, true, &tree, err, sizeof(err));
}

static int
teardown(void **state)
{
	char folder[128];
	char aside[160];

	(void)state;
	rrdfile_close(&tree);
	(void)snprintf(folder, sizeof(folder), "%s/totals", root);
	(void)snprintf(aside, sizeof(aside), "%s.broken", file);
	(void)unlink(file);
	(void)unlink(aside);
	(void)rmdir(folder);
	return rmdir(root);
}

static int
put(uint32_t minute, uint64_t in, uint64_t out)
{
	struct rrdfile_value value = { minute, in, out };
	struct rrdfile_update u = { &series, &value, 1 };

	return rrdfile_put(&tree, &u, &last_end, err, sizeof(err));
}

/* Bits per second in a minute; NAN when the file does not know. */
static double
rate(uint32_t minute, unsigned source)
{
	time_t start = (time_t)minute, end = (time_t)minute + 60;
	unsigned long step = 60, n_sources;
	char **names;
	rrd_value_t *data;

	assert_int_equal(
	    rrd_fetch_r(file, "AVERAGE", &start, &end, &step, &n_sources, &names, &data), 0);
	assert_int_equal(step, 60);
	assert_int_equal(n_sources, 2);
	/* the first row ends a step behind `start` */
	size_t row = ((size_t)minute - (size_t)start) / 60;
	double value = data[row * 2 + source];
	for (size_t i = 0; i < n_sources; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
	rrd_freemem(data);
	return value;
}

static void
a_minute_is_stored_in_bits_per_second(void **state)
{
	(void)state;
	assert_int_equal(put(MINUTE, 7500, 15), 0);
	assert_float_equal(rate(MINUTE, 0), 1000, 0);
	assert_float_equal(rate(MINUTE, 1), 2, 0);
	assert_int_equal(last_end, MINUTE + 60);
}

static void
silent_minutes_between_two_are_zero(void **state)
{
	(void)state;
	assert_int_equal(put(MINUTE, 7500, 0), 0);
	assert_int_equal(put(MINUTE + 300, 15000, 0), 0);
	for (uint32_t m = 60; m < 300; m += 60)
		assert_float_equal(rate(MINUTE + m, 0), 0, 0);
	assert_float_equal(rate(MINUTE, 0), 1000, 0);
	assert_float_equal(rate(MINUTE + 300, 0), 2000, 0);
}

static void
a_gap_of_days_is_zero_too(void **state)
{
	uint32_t later = MINUTE + 86400 * 3 + 60;

	(void)state;
	assert_int_equal(put(MINUTE, 7500, 0), 0);
	assert_int_equal(put(later, 7500, 0), 0);
	assert_float_equal(rate(later - 60, 0), 0, 0);
	assert_float_equal(rate(later - 6 * 3600, 0), 0, 0);
	assert_float_equal(rate(later, 0), 1000, 0);
}

static void
a_gap_of_exactly_a_day_is_zero(void **state)
{
	(void)state;
	assert_int_equal(put(MINUTE, 7500, 0), 0);
	assert_int_equal(put(MINUTE + 86460, 7500, 0), 0);
	assert_float_equal(rate(MINUTE + 86400, 0), 0, 0);
	assert_float_equal(rate(MINUTE + 86460, 0), 1000, 0);
}

static void
what_was_before_a_files_life_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(put(MINUTE, 7500, 0), 0);
	assert_true(isnan(rate(MINUTE - 60, 0)));
}

static void
a_minute_that_the_file_has_is_not_written_twice(void **state)
{
	(void)state;
	assert_int_equal(put(MINUTE, 7500, 0), 0);
	assert_int_equal(put(MINUTE, 75, 0), NM_EEXISTS);
	last_end = 0; /* after a restart the file is asked */
	assert_int_equal(put(MINUTE, 75, 0), NM_EEXISTS);
	assert_int_equal(put(MINUTE - 60, 75, 0), NM_EEXISTS);
	assert_float_equal(rate(MINUTE, 0), 1000, 0);
	assert_int_equal(put(MINUTE + 60, 75, 0), 0);
}

static void
several_minutes_go_together_with_silence_between_them(void **state)
{
	const struct rrdfile_value values[] = { { MINUTE, 75, 0 },
		                                { MINUTE + 60, 750, 0 },
		                                { MINUTE + 300, 7500, 0 } };
	struct rrdfile_update u = { &series, values, 3 };

	(void)state;
	assert_int_equal(rrdfile_put(&tree, &u, &last_end, err, sizeof(err)), 0);
	assert_int_equal(last_end, MINUTE + 360);
	assert_float_equal(rate(MINUTE, 0), 10, 0);
	assert_float_equal(rate(MINUTE + 60, 0), 100, 0);
	assert_float_equal(rate(MINUTE + 120, 0), 0, 0);
	assert_float_equal(rate(MINUTE + 240, 0), 0, 0);
	assert_float_equal(rate(MINUTE + 300, 0), 1000, 0);
	assert_int_equal(rrdfile_put(&tree, &u, &last_end, err, sizeof(err)), NM_EEXISTS);
}

static void
of_several_minutes_those_that_the_file_has_are_left_out(void **state)
{
	const struct rrdfile_value values[] = { { MINUTE, 75, 0 },
		                                { MINUTE + 60, 750, 0 },
		                                { MINUTE + 120, 7500, 0 } };
	struct rrdfile_update u = { &series, values, 3 };

	(void)state;
	assert_int_equal(put(MINUTE, 1500, 0), 0);
	assert_int_equal(put(MINUTE + 60, 1500, 0), 0);
	last_end = 0;
	assert_int_equal(rrdfile_put(&tree, &u, &last_end, err, sizeof(err)), 0);
	assert_float_equal(rate(MINUTE + 60, 0), 200, 0);
	assert_float_equal(rate(MINUTE + 120, 0), 1000, 0);
}

static void
the_file_has_average_min_and_max_at_each_level(void **state)
{
	static const char *const want[] = { "rra[14].cf",   "rra[14].pdp_per_row", "rra[0].rows",
		                            "ds[in].index", "ds[out].index",       "step" };
	size_t found = 0;

	(void)state;
	assert_int_equal(put(MINUTE, 1, 1), 0);
	rrd_info_t *info = rrd_info_r(file);
	assert_non_null(info);
	for (const rrd_info_t *i = info; i; i = i->next) {
		for (size_t w = 0; w < sizeof(want) / sizeof(want[0]); w++)
			found += strcmp(i->key, want[w]) == 0;
		assert_int_not_equal(strcmp(i->key, "rra[15].cf"), 0);
	}
	assert_int_equal(found, 6);
	rrd_info_free(info);
}

/* Leaves the first `len` octets of the file, or makes one of other octets. */
static void
damage(off_t len)
{
	char folder[128];

	if (len > 0) {
		assert_int_equal(truncate(file, len), 0);
		return;
	}
	(void)snprintf(folder, sizeof(folder), "%s/totals", root);
	(void)mkdir(folder, 0755);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	(void)fputs("this is no RRD", f);
	(void)fclose(f);
}

static void
a_file_that_is_no_rrd_is_put_aside_and_begun_anew(void **state)
{
	char aside[160];

	(void)state;
	damage(0);
	assert_int_equal(put(MINUTE, 7500, 1), 0);
	assert_float_equal(rate(MINUTE, 0), 1000, 0);
	assert_int_equal(tree.broken, 1);
	(void)snprintf(aside, sizeof(aside), "%s.broken", file);
	assert_int_equal(access(aside, F_OK), 0);
}

static void
a_file_that_was_cut_while_the_program_runs_is_put_aside_in_the_same_minute(void **state)
{
	(void)state;
	assert_int_equal(put(MINUTE, 7500, 0), 0);
	damage(75000); /* the head is whole, rows are missing */
	assert_int_equal(put(MINUTE + 60, 15000, 0), 0);
	assert_float_equal(rate(MINUTE + 60, 0), 2000, 0);
	assert_int_equal(tree.broken, 1);
	assert_int_equal(last_end, MINUTE + 120);
}

static void
a_file_that_was_removed_while_the_program_runs_is_made_again_in_the_same_minute(void **state)
{
	(void)state;
	assert_int_equal(put(MINUTE, 7500, 0), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(put(MINUTE + 60, 15000, 0), 0);
	assert_float_equal(rate(MINUTE + 60, 0), 2000, 0);
	assert_int_equal(tree.broken, 0);
}

static void
a_file_that_does_not_parse_is_left_while_the_caller_says_so(void **state)
{
	(void)state;
	tree.leave_broken = true;
	assert_int_equal(rrdfile_check(&tree, &series), -ENOENT);
	damage(0);
	assert_int_equal(rrdfile_check(&tree, &series), NM_EFORMAT);
	assert_int_equal(put(MINUTE, 7500, 1), NM_EFORMAT);
	assert_int_equal(put(MINUTE, 7500, 1), NM_EFORMAT);
	assert_non_null(strstr(err, "7.rrd"));
	assert_int_equal(tree.broken, 0);
	tree.leave_broken = false;
	assert_int_equal(put(MINUTE, 7500, 1), 0);
	assert_int_equal(rrdfile_check(&tree, &series), 0);
}

static void
what_is_left_of_files_that_were_being_made_is_removed(void **state)
{
	char left[128];

	(void)state;
	(void)snprintf(left, sizeof(left), "%s/.netmond.newAb12Cd", root);
	FILE *f = fopen(left, "w");
	assert_non_null(f);
	(void)fclose(f);
	rrdfile_close(&tree);
	assert_int_equal(rrdfile_open(root, true, &tree, err, sizeof(err)), 0);
	assert_int_not_equal(access(left, F_OK), 0);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_minute_is_stored_in_bits_per_second),
		WITH_TREE(silent_minutes_between_two_are_zero),
		WITH_TREE(a_gap_of_days_is_zero_too),
		WITH_TREE(a_gap_of_exactly_a_day_is_zero),
		WITH_TREE(what_was_before_a_files_life_is_unknown),
		WITH_TREE(a_minute_that_the_file_has_is_not_written_twice),
		WITH_TREE(several_minutes_go_together_with_silence_between_them),
		WITH_TREE(of_several_minutes_those_that_the_file_has_are_left_out),
		WITH_TREE(the_file_has_average_min_and_max_at_each_level),
		WITH_TREE(a_file_that_is_no_rrd_is_put_aside_and_begun_anew),
		WITH_TREE(
		    a_file_that_was_cut_while_the_program_runs_is_put_aside_in_the_same_minute),
		WITH_TREE(
		    a_file_that_was_removed_while_the_program_runs_is_made_again_in_the_same_minute),
		WITH_TREE(a_file_that_does_not_parse_is_left_while_the_caller_says_so),
		WITH_TREE(what_is_left_of_files_that_were_being_made_is_removed),
	};

	return cmocka_run_group_tests_name("rrdfile", tests, NULL, NULL);
}
