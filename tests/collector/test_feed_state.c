/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The RRD tree's watermark, over kills and a machine that goes down. */
#include "collector/feed_state.h"

#include "lib/err.h"
#include "lib/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WRITTEN 1700000040u

static char root[64];
static char file[128];
static char err[256];
static struct feed_state now;

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/netmon-rrd-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	(void)snprintf(file, sizeof(file), "%s/.netmond", root);
	return 0;
}

static int
teardown(void **state)
{
	char lock[128];

	(void)state;
	feed_state_close(root, &now);
	(void)snprintf(lock, sizeof(lock), "%s/.netmond.lock", root);
	(void)unlink(file);
	(void)unlink(lock);
	return rmdir(root);
}

static void
open_state(void)
{
	assert_int_equal(feed_state_open(root, &now, err, sizeof(err)), 0);
}

/* As a kill does: the lock goes, nothing is noted. */
static void
killed(void)
{
	(void)close(now.lock_fd);
	now.lock_fd = -1;
}

static void
write_file(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
assert_state(uint32_t written, bool lost, bool same_boot)
{
	assert_int_equal(now.written, written);
	assert_int_equal(now.lost, lost);
	assert_int_equal(now.same_boot, same_boot);
}

static void
a_new_tree_has_nothing_and_lost_nothing(void **state)
{
	(void)state;
	open_state();
	assert_state(0, false, true);
}

static void
the_watermark_holds_over_an_end_and_over_a_kill(void **state)
{
	(void)state;
	open_state();
	now.written = WRITTEN;
	assert_int_equal(feed_state_save(root, &now), 0);
	killed();
	open_state();
	assert_state(WRITTEN, false, true);
	feed_state_close(root, &now);
	open_state();
	assert_state(WRITTEN, false, true);
}

static void
another_start_of_the_machine_without_an_end_before_it_lost_something(void **state)
{
	(void)state;
	write_file("written 1700000040\nboot of-another-time\n");
	open_state();
	assert_state(WRITTEN, true, false);
}

static void
what_is_lost_stays_so_until_it_is_found_again(void **state)
{
	(void)state;
	write_file("written 1700000040\nboot of-another-time\n");
	open_state();
	assert_int_equal(feed_state_save(root, &now), 0);
	killed();
	open_state();
	assert_state(WRITTEN, true, true);
	feed_state_close(root, &now);
	open_state();
	assert_state(WRITTEN, true, true);
	now.lost = false;
	feed_state_close(root, &now);
	open_state();
	assert_state(WRITTEN, false, true);
}

static void
a_file_of_the_time_before_boots_were_noted_is_read(void **state)
{
	(void)state;
	write_file("written 1700000077\n");
	open_state();
	assert_state(WRITTEN, false, true);
}

static void
a_file_that_does_not_parse_is_not_believed(void **state)
{
	static const char *const texts[] = { "", "written\n", "written 17x\n",
		                             "written 99999999999\n", "written 1700000040\nwrit" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(texts[i]);
		open_state();
		assert_state(0, true, false);
		feed_state_close(root, &now);
	}
}

static void
a_tree_has_one_collector(void **state)
{
	struct feed_state other;

	(void)state;
	open_state();
	assert_int_equal(feed_state_open(root, &other, err, sizeof(err)), NM_EEXISTS);
	assert_non_null(strstr(err, "another netmond"));
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_new_tree_has_nothing_and_lost_nothing),
		WITH_TREE(the_watermark_holds_over_an_end_and_over_a_kill),
		WITH_TREE(another_start_of_the_machine_without_an_end_before_it_lost_something),
		WITH_TREE(what_is_lost_stays_so_until_it_is_found_again),
		WITH_TREE(a_file_of_the_time_before_boots_were_noted_is_read),
		WITH_TREE(a_file_that_does_not_parse_is_not_believed),
		WITH_TREE(a_tree_has_one_collector),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("feed_state", tests, NULL, NULL);
}
