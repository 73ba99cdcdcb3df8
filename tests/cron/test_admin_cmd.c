/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dispatch of netmon's sub-commands. */
#include "cron/admin/cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What the verb below was called with: "words|options". */
static char called[1024];

static int
note(struct cmd_context *ctx, int argc, const char *const *argv)
{
	size_t len = 0;

	called[0] = '\0';
	for (int i = 0; i < argc; i++)
		len += (size_t)snprintf(called + len, sizeof(called) - len, "%s ", argv[i]);
	len += (size_t)snprintf(called + len, sizeof(called) - len, "|");
	for (size_t i = 0; i < ctx->n_given; i++)
		len += (size_t)snprintf(called + len, sizeof(called) - len, "%s=%s ",
		                        ctx->given[i].option->name, ctx->given[i].value);
	return argv[argc] ? 9 : 0;
}

static const struct cmd_option options[] = {
	{ "all", NULL, "everything" },
	{ "to", "NAME", "whom" },
	{ NULL, NULL, NULL },
};
static const struct cmd_verb verbs[] = {
	{ "few", "A [B]", "one or two", 1, 2, CMD_NO_STORE, options, note },
	{ "many", "A...", "some", 1, -1, CMD_NO_STORE, NULL, note },
	{ "read", "", "opens the store", 0, 0, CMD_READ, NULL, note },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};
static const struct cmd command = { "thing", "things", verbs };

/* Runs in a child, since usage errors exit; the exit status. */
static int
status_of(const char *const *words)
{
	struct cmd_context ctx = { .store = "sqlite:/nowhere/netmon.db" };
	int argc = 0, status;

	while (words[argc])
		argc++;
	(void)fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		_exit(cmd_run(&command, &ctx, argc, words));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
assert_called(const char *const *words, const char *want)
{
	struct cmd_context ctx = { .store = "" };
	int argc = 0;

	while (words[argc])
		argc++;
	assert_int_equal(cmd_run(&command, &ctx, argc, words), 0);
	assert_string_equal(called, want);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
options_may_stand_anywhere_behind_the_verb(void **state)
{
	(void)state;
	assert_called(WORDS("few", "a", "b"), "a b |");
	assert_called(WORDS("few", "--all", "a"), "a |all= ");
	assert_called(WORDS("few", "a", "--to", "x", "b", "--all"), "a b |to=x all= ");
	assert_called(WORDS("few", "--to=x=y", "--to=", "a"), "a |to=x=y to= ");
}

static void
words_behind_two_dashes_are_words(void **state)
{
	(void)state;
	assert_called(WORDS("few", "--all", "--", "--to", "--"), "--to -- |all= ");
	assert_called(WORDS("many", "-", "-x"), "- -x |");
}

static void
the_last_value_of_an_option_counts(void **state)
{
	struct cmd_context ctx = { .n_given = 2,
		                   .given = { { &options[1], "x" }, { &options[1], "y" } } };

	(void)state;
	assert_string_equal(cmd_value(&ctx, "to"), "y");
	assert_null(cmd_value(&ctx, "all"));
}

static void
usage_errors_end_with_2(void **state)
{
	(void)state;
	assert_int_equal(status_of((const char *const[]){ NULL }), 2);
	assert_int_equal(status_of(WORDS("other")), 2);
	assert_int_equal(status_of(WORDS("few")), 2);
	assert_int_equal(status_of(WORDS("few", "a", "b", "c")), 2);
	assert_int_equal(status_of(WORDS("few", "a", "--none")), 2);
	assert_int_equal(status_of(WORDS("few", "a", "--al")), 2);
	assert_int_equal(status_of(WORDS("few", "a", "--all=1")), 2);
	assert_int_equal(status_of(WORDS("few", "a", "--to")), 2);
	assert_int_equal(status_of(WORDS("many", "a", "--all")), 2);
}

static void
more_options_than_there_is_room_for_are_refused(void **state)
{
	const char *words[CMD_GIVEN_MAX + 4] = { "few", "a" };

	(void)state;
	for (size_t i = 0; i < CMD_GIVEN_MAX; i++)
		words[2 + i] = "--all";
	assert_int_equal(status_of(words), 0);
	words[2 + CMD_GIVEN_MAX] = "--all";
	assert_int_equal(status_of(words), 2);
}

static void
a_store_that_cannot_be_opened_ends_with_1(void **state)
{
	(void)state;
	assert_int_equal(status_of(WORDS("read")), 1);
}

/* Prints a table into a pipe and returns what came out. */
static void
print_table(char *ret, size_t size)
{
	struct cmd_table table;
	int ends[2], saved = dup(STDOUT_FILENO);

	assert_int_equal(pipe(ends), 0);
	(void)fflush(stdout);
	assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
	cmd_table_begin(&table, (const char *const[]){ "NAME", "N" }, 2);
	cmd_table_row(&table, (const char *const[]){ "Z\xc3\xbcrich", "1" });
	cmd_table_row(&table, (const char *const[]){ "a\x1b[2J", "22" });
	cmd_table_end(&table);
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	(void)close(saved);
	(void)close(ends[1]);
	ssize_t n = read(ends[0], ret, size - 1);
	(void)close(ends[0]);
	ret[n > 0 ? n : 0] = '\0';
}

static void
a_table_aligns_characters_and_lets_no_control_through(void **state)
{
	char out[256];

	(void)state;
	print_table(out, sizeof(out));
	assert_string_equal(out, "NAME    N\nZ\xc3\xbcrich  1\na?[2J   22\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_anywhere_behind_the_verb),
		cmocka_unit_test(words_behind_two_dashes_are_words),
		cmocka_unit_test(the_last_value_of_an_option_counts),
		cmocka_unit_test(usage_errors_end_with_2),
		cmocka_unit_test(more_options_than_there_is_room_for_are_refused),
		cmocka_unit_test(a_store_that_cannot_be_opened_ends_with_1),
		cmocka_unit_test(a_table_aligns_characters_and_lets_no_control_through),
	};

	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
