/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SSDP, and other HTTP in datagrams. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("1900"), "SSDP",
	  SAMPLE(
	      "search", CLIENT,
	      "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n") },
	{ CASE_UDP("1900"), "SSDP",
	  SAMPLE("notice", CLIENT,
	         "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\n\r\n") },
	{ CASE_UDP("1900"), "SSDP",
	  SAMPLE("answer", SERVER,
	         "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: upnp:rootdevice\r\n\r\n") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("1900"), "SSDP",
	  SAMPLE("short answer", SERVER, "HTTP/1.1 200 OK\r\nEXT:\r\n\r\n") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("9000"), "SSDP",
	  SAMPLE("event of SIP", CLIENT, "NOTIFY sip:joe@example.org SIP/2.0\r\n") },
	{ CASE_UDP("9000"), "SSDP",
	  SAMPLE("plain HTTP", SERVER, "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n") },
	{ CASE_UDP("1900"), "SSDP",
	  SAMPLE("another answer", SERVER, "HTTP/1.1 404 Not Found\r\n\r\n") },
	{ CASE_TCP("1900"), "SSDP", SAMPLE("on TCP", CLIENT, "GET /desc.xml HTTP/1.1\r\n\r\n") },
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

	return cmocka_run_group_tests_name("ssdp", tests, NULL, NULL);
}
