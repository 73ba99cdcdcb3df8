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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("ssdp", tests, NULL, NULL);
}
