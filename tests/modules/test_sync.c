/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rsync and git, and what only begins like them. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("873"), "rsync", SAMPLE("greeting", SERVER, "@RSYNCD: 31.0\n") },
	{ CASE_TCP("9418"), "Git",
	  SAMPLE("fetch", CLIENT, "0033git-upload-pack /project.git\0host=example.org\0") },
	{ CASE_TCP("9418"), "Git",
	  SAMPLE("push", CLIENT, "0034git-receive-pack /project.git\0host=example.org\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("873"), "rsync", SAMPLE("other word", SERVER, "@RSYNCX: 31.0\n") },
	{ CASE_TCP("9418"), "Git",
	  SAMPLE("other command", CLIENT, "0033git-something /project.git\0") },
	{ CASE_TCP("9418"), "Git", SAMPLE("digits", CLIENT, "0123456789012345678") },
};

static void
each_message_is_recognised_cut_anywhere_and_in_the_middle(void **state)
{
	(void)state;
	cases_are_recognised(messages, COUNT(messages));
}

static void
each_message_is_recognised_on_any_port(void **state)
{
	(void)state;
	cases_are_recognised_anywhere(messages, COUNT(messages));
}

static void
what_only_looks_like_it_is_not(void **state)
{
	(void)state;
	cases_are_something_else(look_alikes, COUNT(look_alikes));
}

static void
a_greeting_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_is_recognised_cut_anywhere_and_in_the_middle),
		cmocka_unit_test(each_message_is_recognised_on_any_port),
		cmocka_unit_test(what_only_looks_like_it_is_not),
		cmocka_unit_test(a_greeting_tags_its_server),
	};

	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
