/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines: what is taken, what ends the program, and with which status. */
#include "lib/opts.h"

#include "lib/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_MAX 4096

static const struct poptOption table[] = {
	{ "number", 'n', POPT_ARG_STRING, NULL, 1, "a number", "N" },
	{ "switch", 's', POPT_ARG_NONE, NULL, 2, "a switch", NULL },
	OPTS_COMMON,
	POPT_TABLEEND
};

static int
print_option(void *ctx, int val, const char *arg)
{
	(void)ctx;
	printf("%d=%s ", val, arg ? arg : "-");
	return 0;
}

static void
parse_and_print(const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	log_init("prog", LOG_LEVEL_INFO);
	poptContext con = opts_parse("prog", table, "[WORD...]", argc, argv, print_option, NULL);
	const char **words = poptGetArgs(con);
	for (size_t i = 0; words && words[i]; i++)
		printf("[%s]", words[i]);
	(void)poptFreeContext(con);
}

/* Runs `run` in a process of its own; both its outputs go to ret_output. Returns the exit status. */
static int
in_process(void (*run)(const char *const *argv), const char *const *argv, char *ret_output)
{
	int fds[2], status = 0;
	size_t len = 0;
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	(void)fflush(stdout);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)dup2(fds[1], STDERR_FILENO);
		run(argv);
		(void)fflush(stdout);
		_exit(0);
	}
	(void)close(fds[1]);
	while (len < OUTPUT_MAX - 1 &&
	       (n = read(fds[0], ret_output + len, OUTPUT_MAX - 1 - len)) > 0)
		len += (size_t)n;
	ret_output[len] = '\0';
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
options_end_at_the_first_word(void **state)
{
	static const char *const argv[] = {
		"prog", "-n", "7", "--switch", "word", "-s", "--x", NULL
	};
	char output[OUTPUT_MAX];

	(void)state;
	assert_int_equal(in_process(parse_and_print, argv, output), 0);
	assert_string_equal(output, "1=7 2=- [word][-s][--x]");
}

static void
help_and_version_end_the_program_with_0(void **state)
{
	static const char *const help[] = { "prog", "--help", NULL };
	static const char *const version[] = { "prog", "--version", NULL };
	char output[OUTPUT_MAX];

	(void)state;
	assert_int_equal(in_process(parse_and_print, help, output), 0);
	assert_memory_equal(output, "usage: prog [OPTION...] [WORD...]\n", 34);
	assert_non_null(strstr(output, "  -n, --number=N "));
	assert_non_null(strstr(output, "  -s, --switch "));
	assert_int_equal(in_process(parse_and_print, version, output), 0);
	assert_memory_equal(output, "prog ", 5);
}

static void
an_option_that_is_none_is_one_line_and_status_2(void **state)
{
	static const char *const cases[][3] = { { "prog", "--nonsense", NULL },
		                                { "prog", "-n", NULL },
		                                { "prog", "--switch=x", NULL },
		                                { "prog", "-\n", NULL } };
	char output[OUTPUT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(in_process(parse_and_print, cases[i], output), 2);
		assert_memory_equal(output, "prog: ", 6);
		assert_non_null(strstr(output, "; try --help\n"));
		assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
	}
}

static void
read_number(const char *const *argv)
{
	log_init("prog", LOG_LEVEL_INFO);
	printf("%lu", opts_number("-n", argv[0], 3, 70000));
}

static void
a_number_is_decimal_and_within_its_limits(void **state)
{
	static const char *const good[][2] = { { "3", NULL }, { "70000", NULL }, { "007", NULL } };
	static const char *const bad[][2] = { { "2", NULL },
		                              { "70001", NULL },
		                              { "", NULL },
		                              { "-3", NULL },
		                              { "+3", NULL },
		                              { " 3", NULL },
		                              { "3 ", NULL },
		                              { "3x", NULL },
		                              { "0x10", NULL },
		                              { "1e3", NULL },
		                              { "99999999999999999999999", NULL },
		                              { "3\n", NULL } };
	char output[OUTPUT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(in_process(read_number, good[i], output), 0);
	assert_string_equal(output, "7");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(in_process(read_number, bad[i], output), 2);
		assert_non_null(strstr(output, "-n must be a number from 3 to 70000"));
		assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
	}
}

static void
read_duration(const char *const *argv)
{
	log_init("prog", LOG_LEVEL_INFO);
	printf("%lu", opts_duration_ms("--time", argv[0], 100, 60000));
}

static void
a_duration_is_a_number_with_its_unit_and_within_its_limits(void **state)
{
	static const char *const good[][3] = { { "100ms", NULL, "100" },
		                               { "60000ms", NULL, "60000" },
		                               { "1s", NULL, "1000" },
		                               { "60s", NULL, "60000" },
		                               { "0250ms", NULL, "250" } };
	static const char *const bad[][2] = {
		{ "99ms", NULL },
		{ "60001ms", NULL },
		{ "61s", NULL },
		{ "0s", NULL },
		{ "", NULL },
		{ "s", NULL },
		{ "ms", NULL },
		{ "500", NULL },
		{ "500 ms", NULL },
		{ " 500ms", NULL },
		{ "-500ms", NULL },
		{ "+500ms", NULL },
		{ "0.5s", NULL },
		{ "1m", NULL },
		{ "1S", NULL },
		{ "1ss", NULL },
		{ "0x1s", NULL },
		{ "18446744073709551s", NULL },
		{ "9999999999999999999999ms", NULL },
	};
	char output[OUTPUT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(in_process(read_duration, good[i], output), 0);
		assert_string_equal(output, good[i][2]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(in_process(read_duration, bad[i], output), 2);
		assert_non_null(strstr(output, "--time must be a time from 100ms to 60s"));
		assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
	}
}

static void
read_flag(const char *const *argv)
{
	log_init("prog", LOG_LEVEL_INFO);
	printf("%d", opts_flag("--switch", argv[0]));
}

static void
a_flag_is_true_or_false_in_plain_words(void **state)
{
	static const char *const good[][3] = { { "true", NULL, "1" }, { "yes", NULL, "1" },
		                               { "on", NULL, "1" },   { "false", NULL, "0" },
		                               { "no", NULL, "0" },   { "off", NULL, "0" } };
	static const char *const bad[][2] = {
		{ "", NULL }, { "1", NULL }, { "TRUE", NULL }, { "truely", NULL }, { " true", NULL }
	};
	char output[OUTPUT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(in_process(read_flag, good[i], output), 0);
		assert_string_equal(output, good[i][2]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(in_process(read_flag, bad[i], output), 2);
		assert_non_null(strstr(output, "--switch must be true or false"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_end_at_the_first_word),
		cmocka_unit_test(help_and_version_end_the_program_with_0),
		cmocka_unit_test(an_option_that_is_none_is_one_line_and_status_2),
		cmocka_unit_test(a_number_is_decimal_and_within_its_limits),
		cmocka_unit_test(a_duration_is_a_number_with_its_unit_and_within_its_limits),
		cmocka_unit_test(a_flag_is_true_or_false_in_plain_words),
	};

	return cmocka_run_group_tests_name("opts", tests, NULL, NULL);
}
