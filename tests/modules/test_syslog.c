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
	  SAMPLE("time without a version", CLIENT,
	         "<167>2016-05-24T09:50:52.926451+02:00 host slapd[1]: text\n") },
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

/* Text to the port may be syslog, and anything that knows better wins. */
static void
text_without_a_priority_is_a_hint_on_the_port(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, CASE_UDP("514"));
	struct talk other = talk_begin(h, NM_UDP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "su: failed on tty2"), "Syslog");
	assert_true(t.state.confidence < NM_CONF_SERVICE);
	assert_string_equal(talk_say(&other, CLIENT, "su: failed on tty2"), "Unknown");
	harness_free(h);
}

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("514"), "Syslog",
	  SAMPLE("priority 200", CLIENT, "<200>Oct 11 22:14:15 host x") },
	{ CASE_TCP("514"), "Syslog",
	  SAMPLE("a page", CLIENT, "<html><body>1 2003-10-11T</body></html>") },
	{ CASE_TCP("514"), "Syslog", SAMPLE("a date alone", CLIENT, "<16>2016-05-24 is a date") },
	{ CASE_UDP("514"), "Syslog", SAMPLE("octets alone", CLIENT, "abc\1\2\3\4\5\6\7") },
	{ CASE_UDP("514"), "Syslog", SAMPLE("octets", CLIENT, "<34>\1\2\3\4\5\6\7") },
	{ CASE_TCP("514"), "Syslog",
	  SAMPLE("remote shell", CLIENT, "1023\0root\0root\0cat /etc/motd\0") },
	{ CASE_UDP("9000"), "Syslog",
	  SAMPLE("a number in brackets", CLIENT, "<34>some text that is longer") },
};

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(text_without_a_priority_is_a_hint_on_the_port),
	};

	return cmocka_run_group_tests_name("syslog", tests, NULL, NULL);
}
