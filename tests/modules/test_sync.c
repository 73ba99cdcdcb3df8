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
	{ CASE_TCP("9418"), "Git",
	  SAMPLE("fetch, length sent before", CLIENT,
	         "git-upload-pack /project.git\0host=example.org\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("873"), "rsync", SAMPLE("other word", SERVER, "@RSYNCX: 31.0\n") },
	{ CASE_TCP("9418"), "Git",
	  SAMPLE("other command", CLIENT, "0033git-something /project.git\0") },
	{ CASE_TCP("9418"), "Git",
	  SAMPLE("a line of a script", CLIENT, "git-upload-pack /project.git\n") },
	{ CASE_TCP("9418"), "Git",
	  SAMPLE("a string", CLIENT, "git-upload-pack /project.git\0hosts") },
	{ CASE_TCP("9418"), "Git", SAMPLE("digits", CLIENT, "0123456789012345678") },
};

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
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_greeting_tags_its_server),
	};

	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
