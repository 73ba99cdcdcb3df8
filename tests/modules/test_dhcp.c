/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DHCP, BOOTP and DHCPv6, and what only has their ports. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("67"), "DHCP",
	  SAMPLE(
	      "discover", CLIENT,
	      "\1\1\6\09\3\363&\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0c\202Sc5\1\1\377") },
	{ CASE_UDP("67"), "DHCP",
	  SAMPLE(
	      "offer", SERVER,
	      "\2\1\6\09\3\363&\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0c\202Sc5\1\2\377") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("547"), "DHCPv6",
	  SAMPLE("solicit", CLIENT,
	         "\1\241\262\303\0\1\0\16\0\1\0\1\349\317\210\10\0'\376\217\225\0\10\0\2\0\0") },
	{ CASE_UDP("547"), "DHCPv6",
	  SAMPLE(
	      "relayed", CLIENT,
	      "\14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\11\0\34\1\241\262\303\0\1\0\16\0\1\0\1\349\317\210\10\0'\376\217\225\0\10\0\2\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("67"), "DHCP",
	  SAMPLE(
	      "other cookie", CLIENT,
	      "\1\1\6\09\3\363&\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0c\202Sd\377") },
	{ CASE_UDP("67"), "DHCP",
	  SAMPLE(
	      "operation 3", CLIENT,
	      "\3\1\6\09\3\363&\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0c\202Sc5\1\1\377") },
	{ CASE_UDP("67"), "DHCP",
	  SAMPLE("text", CLIENT,
	         "hello world, this is nothing at all, just a text that is a bit longer") },
	{ CASE_UDP("547"), "DHCPv6",
	  SAMPLE("option too long", CLIENT, "\1\241\262\303\0\1\377\0\252") },
	{ CASE_UDP("547"), "DHCPv6",
	  SAMPLE("type 200", CLIENT,
	         "\310\241\262\303\0\1\0\16\0\1\0\1\349\317\210\10\0'\376\217\225\0\10\0\2\0\0") },
	{ CASE_UDP("547"), "DHCPv6", SAMPLE("text", CLIENT, "hello world") },
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

	return cmocka_run_group_tests_name("dhcp", tests, NULL, NULL);
}
