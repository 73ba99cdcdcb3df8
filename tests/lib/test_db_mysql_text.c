/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MariaDB without a server: how a connection is written, the dialect, scripts. */
#include "lib/db_mysql.h"
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
a_connection_is_read_from_its_text(void **state)
{
	struct mysql_spec s;
	char err[256];

	(void)state;
	assert_int_equal(mysql_spec_parse("//me@db.example.net:3307/netmon?password_file=/etc/p&"
	                                  "tls=required&tls_ca=/ca.pem&timeout=5",
	                                  &s, err, sizeof(err)),
	                 NM_OK);
	assert_string_equal(s.user, "me");
	assert_string_equal(s.host, "db.example.net");
	assert_int_equal(s.port, 3307);
	assert_string_equal(s.database, "netmon");
	assert_string_equal(s.password_file, "/etc/p");
	assert_string_equal(s.tls_ca, "/ca.pem");
	assert_int_equal(s.tls, MYSQL_TLS_REQUIRED);
	assert_int_equal(s.timeout_s, 5);
	assert_true(mysql_spec_is_remote(&s));
	assert_int_equal(mysql_spec_parse("///netmon?socket=/run/s", &s, err, sizeof(err)), NM_OK);
	assert_string_equal(s.user, "");
	assert_string_equal(s.host, "");
	assert_string_equal(s.socket, "/run/s");
	assert_false(mysql_spec_is_remote(&s));
	assert_int_equal(mysql_spec_parse("//[2001:db8::1]:3307/n", &s, err, sizeof(err)), NM_OK);
	assert_string_equal(s.host, "2001:db8::1");
	assert_int_equal(s.port, 3307);
	assert_int_equal(mysql_spec_parse("//[::1]/n", &s, err, sizeof(err)), NM_OK);
	assert_false(mysql_spec_is_remote(&s));
}

static void
what_is_no_connection_is_refused_and_so_is_a_password_in_it(void **state)
{
	static const char *const cases[] = {
		"netmon",          "//",
		"//me@h",          "//me@h/",
		"//me:secret@h/n", "//h:0/n",
		"//h:65536/n",     "//h:x/n",
		"//@h/n",          "//h/n?port=1",
		"//h/n?timeout",   "//h/n?tls=x",
		"//h/n?=/etc",     "//h/n?password=secret",
	};
	struct mysql_spec s;
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err[0] = '\0';
		assert_int_equal(mysql_spec_parse(cases[i], &s, err, sizeof(err)), NM_EFORMAT);
		assert_non_null(strstr(err, "mysql://"));
		assert_null(strstr(err, "secret"));
	}
}

static void
our_statements_are_translated_and_quoted_text_is_not(void **state)
{
	static const char *const cases[][2] = {
		{ "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
		  "INSERT INTO t (a, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE b = VALUES(b)" },
		{ "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a, b) DO NOTHING",
		  "INSERT INTO t (a, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE a = a" },
		{ "SELECT x * 3 / 60 FROM t", "SELECT x * 3  DIV  60 FROM t" },
		{ "SELECT 'a/b', \"excluded.x\", 'it''s /' FROM t",
		  "SELECT 'a/b', \"excluded.x\", 'it''s /' FROM t" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(mysql_translate(cases[i][0], text, sizeof(text)), NM_OK);
		assert_string_equal(text, cases[i][1]);
	}
	assert_int_equal(mysql_translate("SELECT 1", text, 9), NM_OK);
	assert_int_equal(mysql_translate("SELECT 1", text, 8), NM_ELIMIT);
}

static void
a_script_falls_apart_at_semicolons_outside_of_texts_and_comments(void **state)
{
	static const char *const parts[] = { "CREATE TABLE a (b INT, -- one; two\nc INT);",
		                             "INSERT INTO a VALUES ('x;''y', \"z;\");",
		                             "SELECT /* ; */ 1;", "SELECT 2" };
	const char *p = "-- begin; end\n\nCREATE TABLE a (b INT, -- one; two\nc INT);\n"
			"# another;\nINSERT INTO a VALUES ('x;''y', \"z;\");\n/* ; */\n"
			"SELECT /* ; */ 1; SELECT 2";
	size_t skip;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t len = mysql_statement_length(p, &skip);

		assert_int_equal(len, strlen(parts[i]));
		assert_memory_equal(p + skip, parts[i], len);
		p += skip + len;
	}
	assert_int_equal(mysql_statement_length(p, &skip), 0);
	assert_int_equal(mysql_statement_length(" -- nothing\n", &skip), 0);
	assert_int_equal(mysql_statement_length("SELECT 'never closed;", &skip), 21);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_read_from_its_text),
		cmocka_unit_test(what_is_no_connection_is_refused_and_so_is_a_password_in_it),
		cmocka_unit_test(our_statements_are_translated_and_quoted_text_is_not),
		cmocka_unit_test(a_script_falls_apart_at_semicolons_outside_of_texts_and_comments),
	};

	return cmocka_run_group_tests_name("db_mysql_text", tests, NULL, NULL);
}
