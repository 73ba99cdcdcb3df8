/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Databases and caches without SQL, and what only looks like their words. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("27017"), "MongoDB",
	  SAMPLE("message", CLIENT,
	         "%\0\0\0\1\0\0\0\0\0\0\0\335\7\0\0\0\0\0\0\0\20\0\0\0\20hello\0\1\0\0\0\0") },
	{ CASE_TCP("27017"), "MongoDB",
	  SAMPLE(
	      "query", CLIENT,
	      "7\0\0\0\1\0\0\0\0\0\0\0\324\7\0\0\0\0\0\0admin.$cmd\0\0\0\0\0\377\377\377\377\20\0\0\0\20hello\0\1\0\0\0\0") },
	{ CASE_TCP("6379"), "Redis",
	  SAMPLE("command", CLIENT, "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n") },
	{ CASE_TCP("11211"), "Memcached", SAMPLE("store", CLIENT, "set key 0 60 5\r\nhello\r\n") },
	{ CASE_TCP("11211"), "Memcached",
	  SAMPLE("value", SERVER, "VALUE key 0 5\r\nhello\r\nEND\r\n") },
	{ CASE_TCP("9042"), "Cassandra",
	  SAMPLE("start-up", CLIENT, "\4\0\0\0\1\0\0\0\26\0\1\0\13CQL_VERSION\0\0053.0.0") },
	{ CASE_TCP("9042"), "Cassandra",
	  SAMPLE("options", SERVER, "\204\0\0\0\6\0\0\0\30\0\1\0\13CQL_VERSION\0\1\0\0053.4.4") },
	{ CASE_TCP("7000"), "Cassandra",
	  SAMPLE("between nodes", CLIENT,
	         "\312\125\055\372\14\12\14\21\6\300\0\2\1\33\130\1\2\3\4") },
	{ CASE_TCP("7000"), "Cassandra",
	  SAMPLE("between nodes of old", CLIENT, "\312\125\055\372\0\0\13\10") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("27017"), "MongoDB",
	  SAMPLE("reply", SERVER,
	         "$\0\0\0\7\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("6379"), "Redis", SAMPLE("agreement", SERVER, "+PONG\r\n") },
	{ CASE_TCP("11211"), "Memcached", SAMPLE("fetch", CLIENT, "get key\r\n") },
	{ CASE_TCP("11211"), "Memcached",
	  SAMPLE("binary store", CLIENT,
	         "\200\1\0\3\10\0\0\0\0\0\0\20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0keyvalue") },
	{ CASE_UDP("11211"), "Memcached",
	  SAMPLE("statistics", CLIENT, "\0\1\0\0\0\1\0\0stats\r\n") },
	{ CASE_TCP("9042"), "Cassandra", SAMPLE("ready", SERVER, "\204\0\0\0\2\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("9000"), "Redis", SAMPLE("a list", CLIENT, "*2 things to do\r\n") },
	{ CASE_TCP("6379"), "Redis", SAMPLE("octets", CLIENT, "\1\2\3\4\5\6") },
	{ CASE_TCP("110"), "Redis", SAMPLE("mail", SERVER, "+OK ready\r\n") },
	{ CASE_TCP("9000"), "Memcached",
	  SAMPLE("set without numbers", CLIENT, "set key value now\r\n") },
	{ CASE_TCP("27017"), "MongoDB",
	  SAMPLE("message of no length", CLIENT,
	         "\0\0\0\0\1\0\0\0\0\0\0\0\335\7\0\0\0\0\0\0\0\20\0\0\0\20hello\0\1\0\0\0\0") },
	{ CASE_TCP("9000"), "MongoDB",
	  SAMPLE("document that is too long", CLIENT,
	         "%\0\0\0\1\0\0\0\0\0\0\0\335\7\0\0\0\0\0\0\0\17'\0\0\20hello\0\1\0\0\0\0") },
	{ CASE_TCP("9042"), "Cassandra",
	  SAMPLE("another length", CLIENT, "\204\0\0\0\2\0\0\0\11") },
	{ CASE_TCP("7000"), "Cassandra",
	  SAMPLE("a node with another address", CLIENT,
	         "\312\125\055\372\14\12\14\21\7\300\0\2\1\33\130\1\2\3\4") },
	{ CASE_UDP("11211"), "Memcached",
	  SAMPLE("a datagram behind the last", CLIENT, "\0\1\0\3\0\1\0\0stats\r\n") },
};

static void
a_command_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_command_tags_its_server),
	};

	return cmocka_run_group_tests_name("nosql", tests, NULL, NULL);
}
