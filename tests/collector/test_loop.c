/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event loop. */
#include "collector/loop.h"

#include "lib/err.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/select.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static int ends[2]; /* of a pipe */
static unsigned calls;

static int
setup(void **state)
{
	(void)state;
	calls = 0;
	loop = loop_new();
	return loop && pipe(ends) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	loop_free(loop);
	return 0;
}

static void
read_and_stop(void *ctx, unsigned flags)
{
	char c;

	assert_int_equal(flags, LOOP_READ);
	assert_int_equal(read(*(int *)ctx, &c, 1), 1);
	calls++;
	loop_stop(loop);
}

static void
a_descriptor_is_told_when_it_can_be_read(void **state)
{
	(void)state;
	assert_int_equal(loop_add(loop, ends[0], LOOP_READ, read_and_stop, &ends[0]), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(calls, 1);
}

static void
never(void *ctx, unsigned flags)
{
	(void)ctx;
	(void)flags;
	fail();
}

static void
a_descriptor_that_select_cannot_hold_is_refused(void **state)
{
	(void)state;
	assert_int_equal(loop_add(loop, FD_SETSIZE, LOOP_READ, never, NULL), NM_ELIMIT);
	assert_int_equal(loop_add(loop, -1, LOOP_READ, never, NULL), NM_ELIMIT);
}

static void
count_three(void *ctx)
{
	(void)ctx;
	if (++calls == 3)
		loop_stop(loop);
}

static void
a_timer_fires_again_and_again(void **state)
{
	(void)state;
	int64_t begun = loop_now_ms(loop);
	assert_int_equal(loop_timer(loop, 20, count_three, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(calls, 3);
	assert_true(loop_now_ms(loop) - begun >= 60);
}

static void
a_removed_or_unwanted_descriptor_is_not_called(void **state)
{
	(void)state;
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_add(loop, ends[0], LOOP_READ, never, NULL), 0);
	assert_int_equal(loop_timer(loop, 5, count_three, NULL), 0);
	loop_want(loop, ends[0], 0);
	assert_int_equal(loop_run(loop), 0);
	loop_remove(loop, ends[0]);
	assert_int_equal(calls, 3);
}

static bool
work_left(void *ctx)
{
	(void)ctx;
	if (++calls == 1000)
		loop_stop(loop);
	return true;
}

static void
work_that_is_left_over_goes_on_without_waiting(void **state)
{
	(void)state;
	int64_t begun = loop_now_ms(loop);
	assert_int_equal(loop_work(loop, work_left, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(calls, 1000);
	assert_true(loop_now_ms(loop) - begun < 900);
}

static void
raise_term(void *ctx)
{
	(void)ctx;
	(void)raise(SIGTERM);
}

static void
sigterm_ends_the_run(void **state)
{
	(void)state;
	loop_catch_signals();
	assert_int_equal(loop_timer(loop, 1, raise_term, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOOP(a_descriptor_is_told_when_it_can_be_read),
		WITH_LOOP(a_descriptor_that_select_cannot_hold_is_refused),
		WITH_LOOP(a_timer_fires_again_and_again),
		WITH_LOOP(a_removed_or_unwanted_descriptor_is_not_called),
		WITH_LOOP(work_that_is_left_over_goes_on_without_waiting),
		WITH_LOOP(sigterm_ends_the_run), /* last: the signal stays noted */
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
