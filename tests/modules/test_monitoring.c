/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What machines are watched with, and what only looks like it. */
#include "tests/support/module_cases.h"

#define NOTHING_16  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define NOTHING_64  NOTHING_16 NOTHING_16 NOTHING_16 NOTHING_16
#define NOTHING_256 NOTHING_64 NOTHING_64 NOTHING_64 NOTHING_64
#define PING        "\x20\x18\310\201\0\x38\216\4\265"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("623"), "RMCP", SAMPLE("ping", CLIENT, "\6\0\377\6\0\0\x11\276\200\0\0\0") },
	{ CASE_UDP("623"), "RMCP",
	  SAMPLE("capabilities", CLIENT, "\6\0\377\7\0\0\0\0\0\0\0\0\0\x9" PING) },
	{ CASE_UDP("623"), "RMCP",
	  SAMPLE("session of version 2.0", CLIENT, "\6\0\377\7\6\20\0\0\0\0\0\0\0\0\4\0abcd") },
	{ CASE_TCP("4949"), "Munin", SAMPLE("greeting", SERVER, "# munin node at web1\n") },
	{ CASE_TCP("6556"), "Checkmk",
	  SAMPLE("greeting", SERVER, "<<<check_mk>>>\nVersion: 2.1\n") },
	{ CASE_UDP("25826"), "collectd",
	  SAMPLE("values", CLIENT, "\0\0\0\11web1\0\0\10\0\14\0\0\0\0\0\0\0\1\0\2\0\10cpu\0") },
	{ CASE_TCP("10051"), "Zabbix", SAMPLE("values", CLIENT, "ZBXD\1\2\0\0\0\0\0\0\0{}") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("623"), "RMCP", SAMPLE("acknowledgement", SERVER, "\6\0\1\206") },
	{ CASE_UDP("25826"), "collectd",
	  SAMPLE("signed values", CLIENT,
	         "\2\0\0\x28" NOTHING_16 NOTHING_16 "root\0\0\0\11web1\0") },
	{ CASE_TCP("5666"), "NRPE",
	  SAMPLE("question of version 2", CLIENT,
	         "\0\2\0\1\1\2\3\4\0\0_NRPE_CHECK" NOTHING_256 NOTHING_256 NOTHING_256 NOTHING_64
	             NOTHING_64 NOTHING_64 NOTHING_16 NOTHING_16 NOTHING_16 "\0\0\0\0\0\0\0") },
	{ CASE_TCP("5666"), "NRPE",
	  SAMPLE("question of version 4", CLIENT,
	         "\0\4\0\1\1\2\3\4\0\0\0\0\0\0\0\14_NRPE_CHECK\0") },
	{ CASE_TCP("2003"), "Graphite",
	  SAMPLE("line", CLIENT, "servers.web1.load 0.27 1700000000\n") },
	{ CASE_UDP("8125"), "statsd", SAMPLE("counter", CLIENT, "page.views:1|c\n") },
	{ CASE_UDP("8125"), "statsd", SAMPLE("set", CLIENT, "users:joe|s|#host:a") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("623"), "RMCP",
	  SAMPLE("other enterprise", CLIENT, "\6\0\377\6\0\0\x11\277\200\0\0\0") },
	{ CASE_UDP("623"), "RMCP",
	  SAMPLE("another length", CLIENT, "\6\0\377\7\0\0\0\0\0\0\0\0\0\x7" PING) },
	{ CASE_TCP("4949"), "Munin", SAMPLE("a comment", CLIENT, "# munin plug-in\n") },
	{ CASE_TCP("6556"), "Checkmk", SAMPLE("other section", CLIENT, "<<<checksum>>>\n") },
	{ CASE_TCP("10051"), "Zabbix", SAMPLE("no flag", CLIENT, "ZBXD\0\2\0\0\0\0\0\0\0{}") },
	{ CASE_UDP("25826"), "collectd",
	  SAMPLE("name of octets", CLIENT,
	         "\0\0\0\11we\1b\0\0\10\0\14\0\0\0\0\0\0\0\1\0\2\0\10cpu\0") },
	{ CASE_UDP("25826"), "collectd",
	  SAMPLE("no time", CLIENT, "\0\0\0\11web1\0\0\2\0\14\0\0\0\0\0\0\0\1\0\2\0\10cpu\0") },
	{ CASE_TCP("5666"), "NRPE",
	  SAMPLE("type 3", CLIENT, "\0\4\0\3\1\2\3\4\0\0\0\0\0\0\0\14_NRPE_CHECK\0") },
	{ CASE_TCP("2003"), "Graphite", SAMPLE("text", CLIENT, "This is a.sentence 12\n") },
	{ CASE_UDP("8125"), "statsd", SAMPLE("text", CLIENT, "see: this|that\n") },
	{ CASE_UDP("8125"), "statsd", SAMPLE("no kind", CLIENT, "page.views:1|") },
};

static void
a_greeting_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[3]);
	case_tags_its_server(&messages[4]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_greeting_tags_its_server),
	};

	return cmocka_run_group_tests_name("monitoring", tests, NULL, NULL);
}
