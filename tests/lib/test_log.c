/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log lines, their levels and limits, and bytes that nobody vouches for. */
#include "lib/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_MAX 4096

/* What `say` writes to standard error, in a process of its own; its exit status goes to *ret_status. */
static void
capture(void (*say)(void), char *ret_output, int *ret_status)
{
	int fds[2], status = 0;
	size_t len = 0;
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		say();
		_exit(0);
	}
	(void)close(fds[1]);
	while (len < OUTPUT_MAX - 1 &&
	       (n = read(fds[0], ret_output + len, OUTPUT_MAX - 1 - len)) > 0)
		len += (size_t)n;
	ret_output[len] = '\0';
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
say_at_every_level(void)
{
	log_init("prog", LOG_LEVEL_WARN);
	log_error("e %d", 1);
	log_warn("w %s", "x");
	log_info("i");
	log_set_level(LOG_LEVEL_DEBUG);
	log_info("i");
	log_debug("d");
}

static void
a_line_is_the_program_s_name_and_the_text_at_the_level_that_is_set(void **state)
{
	char output[OUTPUT_MAX];
	int status;

	(void)state;
	capture(say_at_every_level, output, &status);
	assert_string_equal(output, "prog: e 1\nprog: w x\nprog: i\nprog: d\n");
	assert_int_equal(status, 0);
}

static void
say_much(void)
{
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_init("prog", LOG_LEVEL_INFO);
	log_info("%s", text);
}

static void
a_long_line_is_cut_and_still_ends(void **state)
{
	char output[OUTPUT_MAX];
	int status;

	(void)state;
	capture(say_much, output, &status);
	assert_in_range(strlen(output), 500, 1024);
	assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
}

static void
say_fatal(void)
{
	log_init("prog", LOG_LEVEL_ERROR);
	log_fatal(3, "no %s", "way");
}

static void
a_fatal_error_is_a_line_and_the_status(void **state)
{
	char output[OUTPUT_MAX];
	int status;

	(void)state;
	capture(say_fatal, output, &status);
	assert_string_equal(output, "prog: no way\n");
	assert_int_equal(status, 3);
}

static void
say_with_errno(void)
{
	log_init("prog", LOG_LEVEL_INFO);
	(void)close(STDERR_FILENO);
	errno = ENOENT;
	log_info("nobody hears");
	if (errno != ENOENT)
		_exit(9);
}

static void
a_line_that_cannot_be_written_leaves_errno_alone(void **state)
{
	char output[OUTPUT_MAX];
	int status;

	(void)state;
	capture(say_with_errno, output, &status);
	assert_int_equal(status, 0);
}

static void
bytes_of_strangers_are_printed_without_escapes_and_line_ends(void **state)
{
	static const char bytes[] = "a\n\x1b[2J\\\x7f\xff\0z";
	char text[64];

	(void)state;
	assert_string_equal(log_safe(text, sizeof(text), bytes, sizeof(bytes) - 1),
	                    "a\\x0a\\x1b[2J\\x5c\\x7f\\xff\\x00z");
}

static void
text_that_does_not_fit_is_cut_before_the_first_whole_piece_too_many(void **state)
{
	char text[8];

	(void)state;
	assert_string_equal(log_safe(text, sizeof(text), "1234567", 7), "1234567");
	assert_string_equal(log_safe(text, sizeof(text), "12345678", 8), "1234567");
	assert_string_equal(log_safe(text, sizeof(text), "123\n", 4), "123\\x0a");
	assert_string_equal(log_safe(text, sizeof(text), "1234\n", 5), "1234");
	assert_string_equal(log_safe(text, 1, "1", 1), "");
	text[0] = 'k';
	(void)log_safe(text, 0, "1", 1);
	assert_int_equal(text[0], 'k');
}

static void
a_limit_lets_a_burst_through_and_counts_the_rest(void **state)
{
	struct log_limit limit = { .burst = 3, .period_s = 3600 };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(log_allowed(&limit));
	for (int i = 0; i < 5; i++)
		assert_false(log_allowed(&limit));
	assert_int_equal(limit.suppressed, 5);
	limit.window_start_s -= 3600;
	assert_true(log_allowed(&limit));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_line_is_the_program_s_name_and_the_text_at_the_level_that_is_set),
		cmocka_unit_test(a_long_line_is_cut_and_still_ends),
		cmocka_unit_test(a_fatal_error_is_a_line_and_the_status),
		cmocka_unit_test(a_line_that_cannot_be_written_leaves_errno_alone),
		cmocka_unit_test(bytes_of_strangers_are_printed_without_escapes_and_line_ends),
		cmocka_unit_test(
		    text_that_does_not_fit_is_cut_before_the_first_whole_piece_too_many),
		cmocka_unit_test(a_limit_lets_a_burst_through_and_counts_the_rest),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
