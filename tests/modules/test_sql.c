/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQL databases, and what only has their ports. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("3306"), "MySQL",
	  SAMPLE("greeting", SERVER,
	         "\37\0\0\0\n8.0.36\0\11\0\0\0abcdefgh\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("5432"), "PostgreSQL",
	  SAMPLE("start-up", CLIENT, "\0\0\0 \0\3\0\0user\0joe\0database\0shop\0\0") },
	{ CASE_TCP("5432"), "PostgreSQL",
	  SAMPLE("request for TLS", CLIENT, "\0\0\0\10\4\322\26/") },
	{ CASE_TCP("5432"), "PostgreSQL",
	  SAMPLE("demand for a password", SERVER, "R\0\0\0\14\0\0\0\5salt") },
	{ CASE_TCP("5432"), "PostgreSQL",
	  SAMPLE("agreement", SERVER, "R\0\0\0\10\0\0\0\0Z\0\0\0\5I") },
	{ CASE_TCP("1433"), "MSSQL",
	  SAMPLE(
	      "pre-login", CLIENT,
	      "\22\1\0/\0\0\0\0\0\0\32\0\6\1\0 \0\1\2\0!\0\1\3\0\"\0\4\4\0&\0\1\377\17\0\7\320\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("1433"), "MSSQL",
	  SAMPLE(
	      "login", CLIENT,
	      "\20\1\0l\0\0\1\0d\0\0\0\4\0\0t\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("1433"), "MSSQL",
	  SAMPLE("login of old", CLIENT,
	         "\2\0\2\0\0\0\0\0"
	         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\0"
	         "joe\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\3"
	         "secret\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\6"
	         "17\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\2") },
	{ CASE_TCP("1521"), "Oracle",
	  SAMPLE(
	      "connect", CLIENT,
	      "\0g\0\0\1\0\0\0\1<\1,\0\0\10\0\377\377\177\10\0\0\0\1\0-\0:\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=x)))") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("3306"), "MySQL", SAMPLE("query", CLIENT, "\11\0\0\0\3select 1") },
	{ CASE_TCP("3306"), "MySQL", SAMPLE("agreement", SERVER, "\7\0\0\1\0\0\0\2\0\0\0") },
	{ CASE_TCP("5432"), "PostgreSQL", SAMPLE("query", CLIENT, "Q\0\0\0\rselect 1\0") },
	{ CASE_TCP("1433"), "MSSQL",
	  SAMPLE("batch", CLIENT, "\1\1\0\30\0\0\1\0s\0e\0l\0e\0c\0t\0 \0001\0") },
	{ CASE_TCP("1521"), "Oracle",
	  SAMPLE("accept", SERVER,
	         "\0 \0\0\2\0\0\0\1<\10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("3306"), "MySQL",
	  SAMPLE("greeting without a version", SERVER,
	         "\37\0\0\0\nabc.36\0\11\0\0\0abcdefgh\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("3306"), "MySQL", SAMPLE("text", CLIENT, "hello world\r\n") },
	{ CASE_TCP("5432"), "PostgreSQL",
	  SAMPLE("start-up without a user", CLIENT, "\0\0\0\17\0\3\0\0a\0b\0\0\0\0") },
	{ CASE_TCP("5432"), "PostgreSQL", SAMPLE("text", CLIENT, "Hello world\r\n") },
	{ CASE_TCP("1433"), "MSSQL", SAMPLE("text", CLIENT, "hello world\r\n") },
	{ CASE_TCP("1433"), "MSSQL",
	  SAMPLE("longer than the segment", CLIENT, "\1\1\0\30\0\0\1\0s\0e\0l\0e\0c\0t\0 \0001") },
	{ CASE_TCP("4100"), "MSSQL",
	  SAMPLE("login of old with a name longer than its length", CLIENT,
	         "\2\0\2\0\0\0\0\0"
	         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\0"
	         "joe\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\2"
	         "secret\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\6"
	         "17\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	         "\2") },
	{ CASE_TCP("1521"), "Oracle",
	  SAMPLE(
	      "version 9", CLIENT,
	      "\0g\0\0\1\0\0\0\0\11\1,\0\0\10\0\377\377\177\10\0\0\0\1\0-\0:\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=x)))") },
	{ CASE_TCP("1521"), "Oracle", SAMPLE("text", CLIENT, "hello world\r\n") },
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
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_greeting_tags_its_server),
	};

	return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
