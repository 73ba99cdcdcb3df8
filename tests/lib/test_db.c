/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a store, transactions, prepared statements. */
#include "lib/db.h"
#include "lib/db_sql.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t
count_of(struct db *db, const char *sql)
{
	struct db_stmt *q;
	int64_t n = -1;

	assert_int_equal(db_query(db, sql, &q), NM_OK);
	if (db_step(q) > 0)
		n = db_column_int(q, 0);
	db_done(q);
	return n;
}

static void
a_new_store_has_the_schema_and_the_application_unknown(void **state)
{
	struct store *s = *state;

	assert_int_equal(count_of(s->db, "SELECT version FROM schema_version"), DB_SCHEMA_VERSION);
	assert_int_equal(count_of(s->db, "SELECT count(*) FROM application WHERE name = 'Unknown'"),
	                 1);
}

static void
a_new_store_is_closed_to_other_users(void **state)
{
	struct store *s = *state;
	struct stat st;

	if (store_is_mysql())
		skip(); /* of files, or SQLite's own SQL */
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
}

static void
a_store_that_is_not_there_is_not_made_by_a_reader(void **state)
{
	struct store *s = *state;
	char spec[256], err[256] = "";
	struct db *db = NULL;

	if (store_is_mysql())
		skip(); /* of files, or SQLite's own SQL */
	(void)snprintf(spec, sizeof(spec), "%s.none", s->spec);
	assert_int_equal(db_open(spec, DB_READ, &db, err, sizeof(err)), NM_ENOTFOUND);
	assert_int_equal(db_open(spec, DB_WRITE, &db, err, sizeof(err)), NM_ENOTFOUND);
	assert_null(db);
	assert_non_null(strstr(err, "store init"));
	assert_int_not_equal(access(spec + sizeof("sqlite:") - 1, F_OK), 0);
}

static void
a_specification_that_is_not_sqlite_is_refused(void **state)
{
	static const char *const cases[] = { "", "sqlite:", "netmon.db", "mysql:netmon" };
	char err[256];
	struct db *db;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err[0] = '\0';
		assert_int_equal(db_open(cases[i], DB_CREATE, &db, err, sizeof(err)), NM_EFORMAT);
		assert_non_null(strstr(err, "sqlite:PATH"));
	}
}

static void
a_store_of_another_version_is_refused(void **state)
{
	struct store *s = *state;
	char err[256] = "";
	struct db *db;

	assert_int_equal(db_run(s->db, "UPDATE schema_version SET version = 99"), NM_OK);
	assert_int_equal(db_open(s->spec, DB_WRITE, &db, err, sizeof(err)), NM_EVERSION);
	assert_non_null(strstr(err, "version 99"));
}

/* Makes the store as version 1 was. */
static void
make_version_1(struct db *db)
{
	static const char *const steps[] = {
		"ALTER TABLE flow DROP COLUMN tunnel",
		"ALTER TABLE flow DROP COLUMN sampling",
		"DELETE FROM application WHERE id = 65535",
		"INSERT INTO flow (link, vlan, saddr, daddr, sport, dport, protocol, packets, "
		"octets, application, fraction, started, expires) VALUES (1, 0, '10.0.0.1', "
		"'10.0.0.2', 1, 2, 6, 3, 4, 0, 0, 5, 6)",
		"DROP TABLE label_version",
		"DROP TABLE probe_event",
		"ALTER TABLE flow DROP COLUMN duplicate",
		"ALTER TABLE link DROP COLUMN epoch",
		"ALTER TABLE watermark DROP COLUMN crc",
		"UPDATE schema_version SET version = 1",
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		assert_int_equal(db_run(db, steps[i]), NM_OK);
}

static void
an_older_store_is_upgraded_when_it_is_opened_for_writing(void **state)
{
	struct store *s = *state;
	char err[256] = "";
	struct db *db;

	make_version_1(s->db);
	assert_int_equal(db_open(s->spec, DB_WRITE, &db, err, sizeof(err)), NM_OK);
	assert_int_equal(count_of(db, "SELECT version FROM schema_version"), DB_SCHEMA_VERSION);
	assert_int_equal(count_of(db, "SELECT count(*) FROM flow WHERE tunnel = '' AND "
	                              "sampling = 1 AND octets = 4"),
	                 1);
	assert_int_equal(count_of(db, "SELECT count(*) FROM application WHERE id = 65535"), 1);
	db_close(db);
}

static void
a_reader_of_an_older_store_is_told_how_to_upgrade_it(void **state)
{
	struct store *s = *state;
	char err[512] = "";
	struct db *db;

	make_version_1(s->db);
	assert_int_equal(db_open(s->spec, DB_READ, &db, err, sizeof(err)), NM_EVERSION);
	assert_non_null(strstr(err, "version 1"));
	assert_non_null(strstr(err, "store upgrade"));
	assert_int_equal(count_of(s->db, "SELECT version FROM schema_version"), 1);
}

static void
an_upgrade_that_fails_leaves_the_store_as_it_was(void **state)
{
	struct store *s = *state;
	char err[512] = "";
	struct db *db;

	if (store_is_mysql())
		skip(); /* of files, or SQLite's own SQL */
	/* the last column is there already: the step fails in its middle */
	make_version_1(s->db);
	assert_int_equal(db_run(s->db, "ALTER TABLE flow ADD COLUMN sampling INTEGER"), NM_OK);
	assert_int_equal(db_open(s->spec, DB_WRITE, &db, err, sizeof(err)), NM_ESTORE);
	assert_non_null(strstr(err, "cannot upgrade"));
	assert_int_equal(count_of(s->db, "SELECT version FROM schema_version"), 1);
	assert_int_equal(count_of(s->db, "SELECT count(*) FROM pragma_table_info('flow') "
	                                 "WHERE name = 'tunnel'"),
	                 0);
}

static void
a_file_that_is_no_store_is_refused_and_left_alone(void **state)
{
	struct store *s = *state;
	char path[128], spec[160], err[256] = "", text[32] = "";
	struct db *db;

	(void)snprintf(path, sizeof(path), "%s/notes.txt", s->folder);
	(void)snprintf(spec, sizeof(spec), "sqlite:%s", path);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs("shopping list", f);
	(void)fclose(f);
	assert_true(db_open(spec, DB_CREATE, &db, err, sizeof(err)) < 0);
	assert_true(*err != '\0');
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	assert_string_equal(text, "shopping list");
	(void)unlink(path);
}

static void
a_reader_cannot_write(void **state)
{
	struct store *s = *state;
	char err[256];
	struct db *db;

	assert_int_equal(db_open(s->spec, DB_READ, &db, err, sizeof(err)), NM_OK);
	assert_int_equal(db_run(db, "DELETE FROM application"), NM_ESTORE);
	assert_int_equal(count_of(db, "SELECT count(*) FROM application WHERE id = 0"), 1);
	db_close(db);
}

static void
a_reader_sees_one_state_from_its_first_query_to_its_end(void **state)
{
	struct store *s = *state;
	char err[256];
	struct db *db;

	assert_int_equal(db_open(s->spec, DB_READ, &db, err, sizeof(err)), NM_OK);
	assert_int_equal(db_begin_read(db), NM_OK);
	assert_int_equal(count_of(db, "SELECT count(*) FROM host_group"), 0);
	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('x')"), NM_OK);
	assert_int_equal(count_of(db, "SELECT count(*) FROM host_group"), 0);
	assert_int_equal(db_commit(db), NM_OK);
	assert_int_equal(count_of(db, "SELECT count(*) FROM host_group"), 1);
	db_close(db);
}

static void
what_is_rolled_back_is_gone(void **state)
{
	struct store *s = *state;

	assert_int_equal(db_begin_write(s->db), NM_OK);
	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('x')"), NM_OK);
	db_rollback(s->db);
	db_rollback(s->db); /* without a transaction: nothing happens */
	assert_int_equal(count_of(s->db, "SELECT count(*) FROM host_group"), 0);
}

static void
a_statement_that_is_in_use_can_be_used_again_inside(void **state)
{
	static const char sql[] = "SELECT id FROM host_group ORDER BY id";
	struct store *s = *state;
	struct db_stmt *outer, *inner;
	int rows = 0;

	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('a'), ('b')"), NM_OK);
	assert_int_equal(db_query(s->db, sql, &outer), NM_OK);
	while (db_step(outer) > 0) {
		assert_int_equal(db_query(s->db, sql, &inner), NM_OK);
		assert_ptr_not_equal(outer, inner);
		while (db_step(inner) > 0)
			rows++;
		db_done(inner);
	}
	db_done(outer);
	assert_int_equal(rows, 4);
}

static void
statements_that_are_never_ended_are_refused_at_the_limit(void **state)
{
	static const char sql[] = "SELECT 1";
	struct store *s = *state;
	struct db_stmt *q;
	int rc = NM_OK;

	for (int i = 0; i < DB_QUERIES_MAX + 1 && rc == NM_OK; i++)
		rc = db_query(s->db, sql, &q);
	assert_int_equal(rc, NM_ELIMIT);
}

static void
a_parameter_that_does_not_exist_fails_the_statement(void **state)
{
	struct store *s = *state;
	struct db_stmt *q;

	assert_int_equal(db_query(s->db, "SELECT ?", &q), NM_OK);
	db_bind_int(q, 2, 7);
	assert_int_equal(db_step(q), NM_ESTORE);
	db_done(q);
	assert_int_equal(db_query(s->db, "INSERT INTO host_group (name) VALUES (?)", &q), NM_OK);
	db_bind_text(q, 1, "x");
	assert_int_equal(db_finish(q), NM_OK);
}

static void
a_row_that_breaks_uniqueness_is_told_apart(void **state)
{
	struct store *s = *state;

	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('x')"), NM_OK);
	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('x')"), NM_EEXISTS);
}

static void
an_id_that_something_outside_remembers_never_comes_back(void **state)
{
	struct store *s = *state;

	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('old')"), NM_OK);
	int64_t old = db_last_id(s->db);
	assert_int_equal(db_run(s->db, "DELETE FROM host_group"), NM_OK);
	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('new')"), NM_OK);
	assert_true(db_last_id(s->db) > old);
}

static void
a_key_keeps_the_order_of_addresses(void **state)
{
	static const char *const in_order[] = { "::", "9.0.0.0", "10.0.0.2", "192.0.2.1",
		                                "2001:db8::1" };
	char key[DB_KEY_SIZE], last[DB_KEY_SIZE] = "";
	struct addr a, back;

	(void)state;
	for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++) {
		assert_int_equal(addr_parse(in_order[i], &a), NM_OK);
		db_key_format(&a, key);
		assert_true(strcmp(last, key) < 0);
		assert_int_equal(db_key_parse(key, &back), NM_OK);
		assert_int_equal(addr_compare(&a, &back), 0);
		(void)snprintf(last, sizeof(last), "%s", key);
	}
	assert_int_equal(db_key_parse("00", &back), NM_EFORMAT);
	assert_int_equal(db_key_parse("0000000000000000000000000000000G", &back), NM_EFORMAT);
}

/* In a child process: 0 when the store opens. */
static int
open_in_child(const char *spec)
{
	char err[256];
	struct db *db;

	if (db_open(spec, DB_CREATE, &db, err, sizeof(err)) < 0) {
		(void)fprintf(stderr, "# %s\n", err);
		return 1;
	}
	db_close(db);
	return 0;
}

static void
several_programs_may_create_the_store_at_once(void **state)
{
	enum { CHILDREN = 6 };
	struct store *s = *state;
	char path[128], spec[160];
	int status;

	(void)snprintf(path, sizeof(path), "%s/race.db", s->folder);
	(void)snprintf(spec, sizeof(spec), "sqlite:%s", path);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(open_in_child(spec));
	}
	for (int i = 0; i < CHILDREN; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	(void)unlink(path);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_has_the_schema_and_the_application_unknown),
		TEST(a_new_store_is_closed_to_other_users),
		TEST(a_store_that_is_not_there_is_not_made_by_a_reader),
		TEST(a_specification_that_is_not_sqlite_is_refused),
		TEST(a_store_of_another_version_is_refused),
		TEST(an_older_store_is_upgraded_when_it_is_opened_for_writing),
		TEST(a_reader_of_an_older_store_is_told_how_to_upgrade_it),
		TEST(an_upgrade_that_fails_leaves_the_store_as_it_was),
		TEST(a_file_that_is_no_store_is_refused_and_left_alone),
		TEST(a_reader_cannot_write),
		TEST(a_reader_sees_one_state_from_its_first_query_to_its_end),
		TEST(what_is_rolled_back_is_gone),
		TEST(a_statement_that_is_in_use_can_be_used_again_inside),
		TEST(statements_that_are_never_ended_are_refused_at_the_limit),
		TEST(a_parameter_that_does_not_exist_fails_the_statement),
		TEST(a_row_that_breaks_uniqueness_is_told_apart),
		TEST(an_id_that_something_outside_remembers_never_comes_back),
		TEST(a_key_keeps_the_order_of_addresses),
		TEST(several_programs_may_create_the_store_at_once),
	};

	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
