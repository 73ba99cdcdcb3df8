/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Syslog in both its forms, and other texts with angle brackets. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("514"), "Syslog",
	  SAMPLE("old form", CLIENT, "<34>Oct 11 22:14:15 mymachine su: 'su root' failed") },
	{ CASE_UDP("514"), "Syslog",
	  SAMPLE("new form", CLIENT, "<165>1 2003-10-11T22:14:15.003Z host app - ID47 - text") },
	{ CASE_UDP("514"), "Syslog",
	  SAMPLE("new form without time", CLIENT, "<165>1 - host app - - - text") },
	{ CASE_TCP("514"), "Syslog",
	  SAMPLE("with a length before it", CLIENT,
	         "41 <165>1 2003-10-11T22:14:15.003Z host a - - - x") },
	{ CASE_TCP("601"), "Syslog",
	  SAMPLE("on TCP", CLIENT, "<34>Oct  1 22:14:15 mymachine su: failed\n") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("514"), "Syslog",
	  SAMPLE("any text", CLIENT, "<189>29: *Mar  1 00:02:11: %SYS-5-CONFIG_I: Configured") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("514"), "Syslog",
	  SAMPLE("priority 200", CLIENT, "<200>Oct 11 22:14:15 host x") },
	{ CASE_TCP("514"), "Syslog",
	  SAMPLE("a page", CLIENT, "<html><body>1 2003-10-11T</body></html>") },
	{ CASE_UDP("514"), "Syslog", SAMPLE("octets", CLIENT, "<34>\1\2\3\4\5\6\7") },
	{ CASE_TCP("514"), "Syslog",
	  SAMPLE("remote shell", CLIENT, "1023\0root\0root\0cat /etc/motd\0") },
	{ CASE_UDP("9000"), "Syslog",
	  SAMPLE("a number in brackets", CLIENT, "<34>some text that is longer") },
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
what_needs_its_port_is_recognised_there(void **state)
{
	(void)state;
	cases_are_recognised(port_messages, COUNT(port_messages));
}

static void
what_needs_its_port_is_unknown_elsewhere(void **state)
{
	(void)state;
	cases_are_unknown_anywhere(port_messages, COUNT(port_messages));
}

static void
what_only_looks_like_it_is_not(void **state)
{
	(void)state;
	cases_are_something_else(look_alikes, COUNT(look_alikes));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_is_recognised_cut_anywhere_and_in_the_middle),
		cmocka_unit_test(each_message_is_recognised_on_any_port),
		cmocka_unit_test(what_needs_its_port_is_recognised_there),
		cmocka_unit_test(what_needs_its_port_is_unknown_elsewhere),
		cmocka_unit_test(what_only_looks_like_it_is_not),
	};

	return cmocka_run_group_tests_name("syslog", tests, NULL, NULL);
}
