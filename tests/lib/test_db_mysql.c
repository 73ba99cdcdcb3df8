/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A MariaDB server that dies and hangs. NETMON_TEST_STORE is its socket and NETMON_TEST_SERVER_PID its pid file; whoever runs
 * this starts it again when it ended (tests/e2e/test_mariadb_store.py). Skipped without.
 */
#include "lib/db_flow.h"
#include "lib/db_probe.h"
#include "lib/db_sql.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <mariadb/mysql.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define KILLS_DEFAULT 4
#define ROWS          700
#define BATCHES       3 /* a transaction */
#define TRIES_MAX     1200
#define TRY_MS        50

static struct record records[ROWS];
static int64_t probe, links[1];

static void
sleep_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

static int
setup(void **state)
{
	static const char names[1][LINK_NAME_MAX] = { "eth0" };
	static const struct db_probe_names p = { "p", names, 1 };

	if (!store_is_mysql())
		return 0;
	if (store_setup(state) < 0)
		return -1;
	return db_probe_put(((struct store *)*state)->db, &p, 1, &probe, links);
}

static int
teardown(void **state)
{
	return store_is_mysql() ? store_teardown(state) : 0;
}

/* The server's process, or 0 while there is none. */
static pid_t
server(void)
{
	const char *path = getenv("NETMON_TEST_SERVER_PID");
	char text[24] = "";
	FILE *f = path ? fopen(path, "re") : NULL;

	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	(void)fclose(f);
	return (pid_t)strtol(text, NULL, 10);
}

static int64_t
ask(struct db *db, const char *sql)
{
	struct db_stmt *q;
	int64_t n = -1;

	if (db_query(db, sql, &q) < 0)
		return -1;
	if (db_step(q) > 0)
		n = db_column_int(q, 0);
	db_done(q);
	return n;
}

static struct batch
make_batch(uint64_t sequence)
{
	for (size_t i = 0; i < ROWS; i++)
		records[i] = (struct record){ .saddr.b[15] = 1,
			                      .daddr.b[15] = 2,
			                      .packets = 1,
			                      .octets = (uint32_t)(sequence * ROWS + i),
			                      .started = 1,
			                      .expires = 2 };
	return (struct batch){ .epoch = 1,
		               .first = sequence,
		               .sequence = sequence,
		               .records = records,
		               .n_records = ROWS };
}

/* One transaction of batches behind `done`, as netmond does it: again, whole, until it is known to be stored. */
static int
put(struct db *db, uint64_t done)
{
	int rc = db_begin_write(db);

	for (uint64_t i = 1; i <= BATCHES && rc == NM_OK; i++) {
		struct batch b = make_batch(done + i);

		rc = db_batch_add(db, probe, links, 1, &b, 3);
		if (rc == NM_EEXISTS)
			rc = NM_OK;
	}
	if (rc == NM_OK)
		rc = db_commit(db);
	if (rc < 0)
		db_rollback(db);
	return rc;
}

/* Kills the server `n` times, each at another moment of somebody's work. */
static void
killer(int n)
{
	for (int i = 0; i < n; i++) {
		pid_t pid = server();

		sleep_ms(150 + 37 * i % 100);
		(void)kill(pid, SIGKILL);
		for (int waited = 0; (server() == pid || server() == 0) && waited < 2000; waited++)
			sleep_ms(10);
		sleep_ms(1000);
	}
}

static void
a_server_that_is_killed_loses_nothing_and_doubles_nothing(void **state)
{
	const char *kills = getenv("NETMON_TEST_KILLS");
	uint64_t done = 0;
	int tries = 0, status;

	if (!store_is_mysql() || server() == 0)
		skip();
	struct db *db = ((struct store *)*state)->db;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		killer(kills ? (int)strtol(kills, NULL, 10) : KILLS_DEFAULT);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		int rc = put(db, done);

		assert_true(rc == NM_OK || rc == NM_ESTORE);
		if (rc == NM_OK) {
			done += BATCHES;
			tries = 0;
			continue;
		}
		assert_true(++tries < TRIES_MAX);
		sleep_ms(TRY_MS);
	}
	while (put(db, done) != NM_OK) {
		assert_true(++tries < TRIES_MAX);
		sleep_ms(TRY_MS);
	}
	done += BATCHES;
	assert_int_equal(ask(db, "SELECT count(*) FROM flow"), (int64_t)done * ROWS);
	assert_int_equal(ask(db, "SELECT count(DISTINCT octets) FROM flow"), (int64_t)done * ROWS);
	assert_int_equal(ask(db, "SELECT sequence FROM watermark"), (int64_t)done);
}

static void
a_server_that_hangs_is_an_error_in_time_and_is_used_again_later(void **state)
{
	struct store *s = *state;
	char spec[300], err[512];
	struct db *db;
	int rc;

	if (!store_is_mysql() || server() == 0)
		skip();
	(void)snprintf(spec, sizeof(spec), "%s&timeout=2", s->spec);
	assert_int_equal(db_open(spec, DB_WRITE, &db, err, sizeof(err)), NM_OK);
	assert_int_equal(put(db, 0), NM_OK);
	time_t began = time(NULL);
	assert_int_equal(kill(server(), SIGSTOP), 0);
	rc = put(db, BATCHES);
	time_t took = time(NULL) - began;
	assert_int_equal(kill(server(), SIGCONT), 0);
	assert_int_equal(rc, NM_ESTORE);
	assert_true(took <= 10);
	for (int tries = 0; (rc = put(db, BATCHES)) != NM_OK && tries < 100; tries++)
		sleep_ms(TRY_MS);
	assert_int_equal(rc, NM_OK);
	assert_int_equal(ask(db, "SELECT count(*) FROM flow"), 2 * BATCHES * ROWS);
	db_close(db);
}

static void
a_connection_that_was_ended_in_a_transaction_writes_nothing_more_of_it(void **state)
{
	if (!store_is_mysql())
		skip();
	struct db *db = ((struct store *)*state)->db;
	int64_t id = ask(db, "SELECT connection_id()");
	char sql[64];

	assert_int_equal(db_begin_write(db), NM_OK);
	assert_int_equal(db_run(db, "INSERT INTO host_group (name) VALUES ('a')"), NM_OK);
	(void)snprintf(sql, sizeof(sql), "KILL %lld", (long long)id);
	(void)db_run(db, sql);
	assert_int_equal(db_run(db, "INSERT INTO host_group (name) VALUES ('b')"), NM_ESTORE);
	assert_int_equal(db_commit(db), NM_ESTORE);
	db_rollback(db);
	assert_int_equal(ask(db, "SELECT count(*) FROM host_group"), 0);
	assert_int_equal(db_run(db, "INSERT INTO host_group (name) VALUES ('c')"), NM_OK);
}

/* --- others' locks ------------------------------------------------------------------------------------------------------ */

/* A connection that takes no part in netmon's order of locks. */
static MYSQL *
stranger(const struct store *s)
{
	MYSQL *mysql = mysql_init(NULL);

	assert_non_null(mysql_real_connect(mysql, NULL, "root", NULL, s->path, 0,
	                                   getenv("NETMON_TEST_STORE"), 0));
	return mysql;
}

static void
say(MYSQL *mysql, const char *sql)
{
	if (mysql_query(mysql, sql) != 0)
		fail_msg("%s: %s", sql, mysql_error(mysql));
}

static void
a_lock_that_somebody_holds_for_too_long_is_an_error_and_the_batch_goes_in_later(void **state)
{
	if (!store_is_mysql())
		skip();
	struct store *s = *state;
	MYSQL *other = stranger(s);
	assert_int_equal(db_run(s->db, "SET SESSION innodb_lock_wait_timeout = 1"), NM_OK);
	assert_int_equal(put(s->db, 0), NM_OK);
	say(other, "START TRANSACTION");
	say(other, "UPDATE watermark SET updated = 9");
	assert_int_equal(put(s->db, BATCHES), NM_ESTORE);
	assert_non_null(strstr(db_error(s->db), "Lock wait timeout"));
	assert_int_equal(ask(s->db, "SELECT count(*) FROM flow"), BATCHES * ROWS);
	say(other, "ROLLBACK");
	assert_int_equal(put(s->db, BATCHES), NM_OK);
	assert_int_equal(ask(s->db, "SELECT count(*) FROM flow"), 2 * BATCHES * ROWS);
	assert_int_equal(ask(s->db, "SELECT sequence FROM watermark"), 2 * BATCHES);
	mysql_close(other);
}

/* The stranger's half of a deadlock: it holds the probe and much else, so that the server gives up the other side, says so on
 * `fd`, and wants the group. */
static void
cross(const struct store *s, int fd)
{
	MYSQL *other = stranger(s);

	say(other, "START TRANSACTION");
	say(other, "UPDATE setting SET value = concat(value, 'x')");
	say(other, "UPDATE probe SET last_seen = 9");
	assert_int_equal(write(fd, "", 1), 1);
	sleep_ms(300);
	say(other, "UPDATE host_group SET name = 'theirs'");
	say(other, "COMMIT");
	mysql_close(other);
	_exit(0);
}

static void
of_a_transaction_that_a_deadlock_ended_nothing_is_committed_and_it_works_again(void **state)
{
	char sql[96], held;
	int status, fds[2];

	if (!store_is_mysql())
		skip();
	struct store *s = *state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('a')"), NM_OK);
	MYSQL *other = stranger(s);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(sql, sizeof(sql), "INSERT INTO setting VALUES ('%d', '')", i);
		say(other, sql);
	}
	mysql_close(other);
	assert_int_equal(db_begin_write(s->db), NM_OK);
	assert_int_equal(db_run(s->db, "UPDATE host_group SET name = 'ours'"), NM_OK);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		cross(s, fds[1]);
	assert_int_equal(read(fds[0], &held, 1), 1);
	assert_int_equal(db_run(s->db, "UPDATE probe SET last_seen = 8"), NM_ESTORE);
	assert_non_null(strstr(db_error(s->db), "Deadlock"));
	assert_int_equal(db_run(s->db, "INSERT INTO host_group (name) VALUES ('b')"), NM_ESTORE);
	assert_int_equal(db_commit(s->db), NM_ESTORE);
	db_rollback(s->db);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
	assert_int_equal(ask(s->db, "SELECT count(*) FROM host_group WHERE name = 'theirs'"), 1);
	assert_int_equal(ask(s->db, "SELECT count(*) FROM host_group"), 1);
	assert_int_equal(put(s->db, 0), NM_OK);
}

static void
a_schema_that_was_made_in_part_is_completed(void **state)
{
	struct store *s = *state;
	char err[512] = "";
	struct db *db;

	if (!store_is_mysql())
		skip();
	assert_int_equal(db_run(s->db, "DELETE FROM schema_version"), NM_OK);
	assert_int_equal(db_run(s->db, "DROP TABLE alert_delivery"), NM_OK);
	assert_int_equal(db_open(s->spec, DB_WRITE, &db, err, sizeof(err)), NM_EVERSION);
	assert_int_equal(db_open(s->spec, DB_CREATE, &db, err, sizeof(err)), NM_OK);
	assert_int_equal(ask(db, "SELECT count(*) FROM alert_delivery"), 0);
	assert_int_equal(ask(db, "SELECT version FROM schema_version"), DB_SCHEMA_VERSION);
	db_close(db);
}

static void
a_job_runs_once_at_a_time(void **state)
{
	struct store *s = *state;
	char err[512] = "";
	struct db *db;

	if (!store_is_mysql())
		skip();
	assert_int_equal(db_open(s->spec, DB_WRITE, &db, err, sizeof(err)), NM_OK);
	assert_int_equal(db_lock_job(db, "aggregate"), NM_OK);
	assert_int_equal(db_lock_job(s->db, "aggregate"), NM_EEXISTS);
	assert_int_equal(db_lock_job(s->db, "alert"), NM_OK);
	db_close(db);
	int rc = NM_EEXISTS;
	for (int tries = 0; rc == NM_EEXISTS && tries < 100; tries++) {
		rc = db_lock_job(s->db, "aggregate");
		sleep_ms(20);
	}
	assert_int_equal(rc, NM_OK);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_server_that_is_killed_loses_nothing_and_doubles_nothing),
		TEST(a_server_that_hangs_is_an_error_in_time_and_is_used_again_later),
		TEST(a_connection_that_was_ended_in_a_transaction_writes_nothing_more_of_it),
		TEST(
		    a_lock_that_somebody_holds_for_too_long_is_an_error_and_the_batch_goes_in_later),
		TEST(
		    of_a_transaction_that_a_deadlock_ended_nothing_is_committed_and_it_works_again),
		TEST(a_schema_that_was_made_in_part_is_completed),
		TEST(a_job_runs_once_at_a_time),
	};

	return cmocka_run_group_tests_name("db_mysql", tests, NULL, NULL);
}
