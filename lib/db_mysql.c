/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store in MariaDB or MySQL: connection, transactions, schema.
 *
 * The server may die at any moment. What was under way then fails with NM_ESTORE, the transaction counts as rolled back, and
 * the next db_begin_*() connects anew. Whether a commit whose answer was lost has happened is for the caller to ask: a batch
 * is found stored by its watermark.
 *
 * Isolation. Handles that write are READ COMMITTED: with more, an INSERT ... SELECT would lock what it reads against
 * netmond's inserts. Handles that only read are REPEATABLE READ, so that a page shows one state. As in SQLite there is one
 * writer at a time: a write transaction begins by locking the row of schema_version.
 */
#include "lib/db_mysql.h"

#include "lib/err.h"
#include "lib/log.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONNECT_TIMEOUT_S 5
#define SCHEMA_TIMEOUT_S  3600 /* an index over all flows may have to be built */
#define LOCK_WAIT_S       60   /* for another program that creates or upgrades */
#define IDLE_PING_S       5    /* unused for longer, a connection is tried before it is relied on */

/* How long an answer may take, by what the handle is for. netmond's statements are all short, and its probes wait; lock waits of
 * 10 s (below) must be shorter. Pages have their reader's patience; cron jobs read a day's flows in one statement. */
static const unsigned timeouts_s[] = { [DB_READ] = 60, [DB_WRITE] = 600, [DB_CREATE] = 12 };

/* PIPES_AS_CONCAT: || is no OR. NO_UNSIGNED_SUBTRACTION: differences may be negative. NO_BACKSLASH_ESCAPES: text is text. */
static const char session_sql[] =
    "SET SESSION autocommit = 1, innodb_lock_wait_timeout = 10, sql_mode = 'STRICT_ALL_TABLES,"
    "PIPES_AS_CONCAT,ANSI_QUOTES,NO_UNSIGNED_SUBTRACTION,NO_ENGINE_SUBSTITUTION,"
    "NO_BACKSLASH_ESCAPES'";
static const char isolation_read_sql[] =
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
static const char isolation_write_sql[] =
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";
/* MariaDB only: a client that is gone without a word must not hold the writers' lock for hours. */
static const char idle_sql[] = "SET SESSION idle_write_transaction_timeout = 120";

struct mysql_link *
mysql_link_of(const struct db *db)
{
	return db->link;
}

static time_t
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* --- failures --------------------------------------------------------------------------------------------------------- */

static bool
is_lost(unsigned code)
{
	switch (code) {
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
	case CR_SERVER_LOST_EXTENDED:
	case CR_COMMANDS_OUT_OF_SYNC: /* answers were missed: nothing that comes now can be trusted */
	case CR_MALFORMED_PACKET:
	case ER_CONNECTION_KILLED:
	case ER_SERVER_SHUTDOWN:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
	case ER_NORMAL_SHUTDOWN:
		return true;
	default:
		return false;
	}
}

static void
disconnect(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);

	mysql_forget(db);
	if (link->mysql)
		mysql_close(link->mysql);
	link->mysql = NULL;
}

int
mysql_failed(struct db *db, MYSQL_STMT *stmt)
{
	struct mysql_link *link = mysql_link_of(db);
	unsigned code = stmt ? mysql_stmt_errno(stmt) : mysql_errno(link->mysql);
	const char *words = stmt ? mysql_stmt_error(stmt) : mysql_error(link->mysql);

	(void)snprintf(link->error, sizeof(link->error), "%s", *words ? words : "no answer");
	if (code == ER_DUP_ENTRY || code == ER_DUP_ENTRY_WITH_KEY_NAME)
		return NM_EEXISTS;
	/* a deadlock has the whole transaction rolled back, and what came next would be committed at once */
	if (link->in_transaction && (code == ER_LOCK_DEADLOCK || is_lost(code)))
		link->doomed = true;
	if (is_lost(code))
		disconnect(db);
	return NM_ESTORE;
}

static int
run(struct db *db, const char *sql)
{
	struct mysql_link *link = mysql_link_of(db);

	if (!link->mysql)
		return NM_ESTORE;
	if (mysql_real_query(link->mysql, sql, (unsigned long)strlen(sql)) != 0)
		return mysql_failed(db, NULL);
	MYSQL_RES *rows = mysql_store_result(link->mysql);
	if (!rows && mysql_errno(link->mysql) != 0)
		return mysql_failed(db, NULL);
	mysql_free_result(rows);
	link->used = now_s();
	return NM_OK;
}

/* The number that a statement of one row answers; NULL counts as 0. */
static int
ask(struct db *db, const char *sql, int64_t *ret)
{
	struct mysql_link *link = mysql_link_of(db);

	if (!link->mysql)
		return NM_ESTORE;
	if (mysql_real_query(link->mysql, sql, (unsigned long)strlen(sql)) != 0)
		return mysql_failed(db, NULL);
	MYSQL_RES *rows = mysql_store_result(link->mysql);
	if (!rows)
		return mysql_failed(db, NULL);
	MYSQL_ROW row = mysql_fetch_row(rows);
	*ret = row && row[0] ? strtoll(row[0], NULL, 10) : 0;
	mysql_free_result(rows);
	link->used = now_s();
	return NM_OK;
}

/* --- connection --------------------------------------------------------------------------------------------------------- */

static int
read_password(struct mysql_link *link, char *err, size_t err_size)
{
	const char *path = link->spec.password_file;
	struct stat st;

	if (!*path)
		return NM_OK;
	FILE *file = fopen(path, "re");
	if (!file || fstat(fileno(file), &st) < 0) {
		(void)snprintf(err, err_size, "cannot read the store's password from %s: %s", path,
		               nm_strerror(-errno));
		if (file)
			(void)fclose(file);
		return NM_ESTORE;
	}
	int rc = NM_ESTORE;
	if (st.st_mode & S_IROTH)
		(void)snprintf(err, err_size, "%s can be read by everybody: chmod o= %s", path,
		               path);
	else if (!fgets(link->password, sizeof(link->password), file))
		(void)snprintf(err, err_size, "%s has no password in its first line", path);
	else
		rc = NM_OK;
	(void)fclose(file);
	link->password[strcspn(link->password, "\r\n")] = '\0';
	return rc;
}

static void
set_options(MYSQL *mysql, const struct mysql_link *link, enum db_mode mode, bool tls)
{
	const struct mysql_spec *spec = &link->spec;
	unsigned connect_s = CONNECT_TIMEOUT_S, off = 0;
	unsigned answer_s = spec->timeout_s ? spec->timeout_s : timeouts_s[mode];
	my_bool on = tls, verify = *spec->tls_ca != '\0';

	if (link->patient)
		answer_s = SCHEMA_TIMEOUT_S;
	(void)mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	(void)mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &answer_s);
	(void)mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
	(void)mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	/* a server must not ask for our files */
	(void)mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
	if (*spec->defaults_file) {
		(void)mysql_options(mysql, MYSQL_READ_DEFAULT_FILE, spec->defaults_file);
		(void)mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, "netmon");
	}
	if (tls) {
		(void)mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
		if (verify)
			(void)mysql_options(mysql, MYSQL_OPT_SSL_CA, spec->tls_ca);
		(void)mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	}
}

/* NULL for an empty text: the library's default, or the defaults file's. */
static const char *
or_null(const char *text)
{
	return *text ? text : NULL;
}

/* True when there is to be no connection without TLS. */
static bool
needs_tls(const struct mysql_spec *spec)
{
	return spec->tls == MYSQL_TLS_REQUIRED || (*spec->tls_ca && spec->tls != MYSQL_TLS_OFF);
}

static int
try_connect(struct db *db, bool tls)
{
	struct mysql_link *link = mysql_link_of(db);
	const struct mysql_spec *spec = &link->spec;

	link->mysql = mysql_init(NULL);
	if (!link->mysql) {
		(void)snprintf(link->error, sizeof(link->error), "out of memory");
		return NM_ESTORE;
	}
	set_options(link->mysql, link, db->mode, tls);
	/* matched rows count as touched, as they do in SQLite */
	if (mysql_real_connect(link->mysql, or_null(spec->host), or_null(spec->user),
	                       or_null(link->password), spec->database, spec->port,
	                       or_null(spec->socket), CLIENT_FOUND_ROWS)) {
		if (!needs_tls(spec) || mysql_get_ssl_cipher(link->mysql))
			return NM_OK;
		/* the library goes on without, unless it has a certificate to verify */
		(void)snprintf(link->error, sizeof(link->error), "the server has no TLS");
		disconnect(db);
		return NM_ESTORE;
	}
	bool no_tls = tls && mysql_errno(link->mysql) == CR_SSL_CONNECTION_ERROR;
	(void)snprintf(link->error, sizeof(link->error), "%s", mysql_error(link->mysql));
	disconnect(db);
	return no_tls ? NM_EVERSION : NM_ESTORE;
}

/* MariaDB takes arrays of rows; MySQL does not. */
static bool
takes_arrays(MYSQL *mysql)
{
	unsigned long capabilities = 0;

	if (mariadb_get_infov(mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES,
	                      &capabilities) != 0)
		return false;
	return capabilities & (unsigned long)(MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32);
}

/* Takes the lock of the job that runs, which the connection before had; another run may have it now. */
static int
take_job(struct db *db, const char *job)
{
	struct mysql_link *link = mysql_link_of(db);
	char sql[128];
	int64_t got = 0;

	/* a job's name is a word of ours; locks are the server's, not the database's */
	(void)snprintf(sql, sizeof(sql),
	               "SELECT get_lock(substr(concat('netmon.%s.', database()), 1, 64), 0)", job);
	int rc = ask(db, sql, &got);
	if (rc < 0 || got == 1)
		return rc;
	(void)snprintf(link->error, sizeof(link->error), "another %s runs", job);
	return NM_EEXISTS;
}

static int
set_session(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);
	int rc = run(db, session_sql);

	if (rc == NM_OK)
		rc = run(db, db->mode == DB_READ ? isolation_read_sql : isolation_write_sql);
	if (rc == NM_OK && mariadb_connection(link->mysql))
		rc = run(db, idle_sql);
	if (rc == NM_OK && *link->job)
		rc = take_job(db, link->job);
	return rc;
}

static int
connect_now(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);
	enum mysql_tls tls = link->spec.tls;
	bool wanted =
	    needs_tls(&link->spec) || (tls == MYSQL_TLS_TRY && mysql_spec_is_remote(&link->spec));
	int rc = try_connect(db, wanted);

	if (rc == NM_EVERSION && !needs_tls(&link->spec))
		rc = try_connect(db, false);
	if (rc == NM_OK) {
		link->arrays = takes_arrays(link->mysql);
		rc = set_session(db);
		if (rc < 0)
			disconnect(db);
	}
	return rc < 0 ? NM_ESTORE : NM_OK;
}

int
mysql_ready(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);

	if (link->in_transaction)
		return link->mysql && !link->doomed ? NM_OK : NM_ESTORE;
	if (link->mysql && now_s() - link->used > IDLE_PING_S) {
		if (mysql_ping(link->mysql) != 0)
			disconnect(db);
		link->used = now_s();
	}
	return link->mysql ? NM_OK : connect_now(db);
}

/* A server that answers commits before they are on disk breaks the promise that netmond makes. */
static void
check_durability(struct db *db)
{
	int64_t flush = 1;

	if (ask(db, "SELECT @@innodb_flush_log_at_trx_commit", &flush) == NM_OK && flush != 1)
		log_warn("store: the server has innodb_flush_log_at_trx_commit = %lld: what is "
		         "acknowledged may be lost when its machine fails; set it to 1",
		         (long long)flush);
}

static int
client_open(struct db *db, const char *where, char *err, size_t err_size)
{
	struct mysql_link *link = calloc(1, sizeof(*link));

	if (!link) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	db->link = link;
	(void)snprintf(db->name, sizeof(db->name), "mysql:%s", where);
	int rc = mysql_spec_parse(where, &link->spec, err, err_size);
	if (rc == NM_OK)
		rc = read_password(link, err, err_size);
	if (rc < 0)
		return rc;
	rc = connect_now(db);
	if (rc < 0)
		(void)snprintf(err, err_size, "cannot use %s: %s", db->name, link->error);
	else if (db->mode == DB_CREATE)
		check_durability(db);
	return rc;
}

static void
client_close(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);

	if (!link)
		return;
	disconnect(db);
	sodium_memzero(link->password, sizeof(link->password));
	free(link);
}

static const char *
client_error(const struct db *db)
{
	return mysql_link_of(db)->error;
}

static int
client_lock(struct db *db, const char *job)
{
	struct mysql_link *link = mysql_link_of(db);
	int rc = mysql_ready(db);

	if (rc == NM_OK)
		rc = take_job(db, job);
	if (rc == NM_OK)
		(void)snprintf(link->job, sizeof(link->job), "%s", job);
	return rc;
}

/* --- transactions ------------------------------------------------------------------------------------------------------- */

static int
start(struct db *db, bool write)
{
	struct mysql_link *link = mysql_link_of(db);
	int64_t version;
	int rc = mysql_ready(db);

	if (rc < 0)
		return rc;
	if (db->mode == DB_READ)
		rc = run(db, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
	else
		rc = run(db, "START TRANSACTION");
	link->in_transaction = rc == NM_OK;
	if (rc == NM_OK && write)
		rc = ask(db, "SELECT version FROM schema_version FOR UPDATE", &version);
	return rc;
}

static void
client_rollback(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);
	bool was = link->in_transaction;
	char words[sizeof(link->error)];

	memcpy(words, link->error, sizeof(words));
	link->in_transaction = link->doomed = false;
	if (was && link->mysql && run(db, "ROLLBACK") < 0)
		disconnect(db);
	memcpy(link->error, words, sizeof(words));
}

static int
client_begin(struct db *db, bool write)
{
	struct mysql_link *link = mysql_link_of(db);
	time_t began = now_s();

	if (link->in_transaction) {
		(void)snprintf(link->error, sizeof(link->error), "a transaction is open already");
		return NM_ESTORE;
	}
	int rc = start(db, write);
	if (rc == NM_OK)
		return rc;
	client_rollback(db);
	/* a server that was started anew has hung up on us: that is found here first, and at once */
	if (link->mysql || now_s() - began > 1)
		return rc;
	rc = start(db, write);
	if (rc < 0)
		client_rollback(db);
	return rc;
}

static int
client_commit(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);

	if (!link->in_transaction || link->doomed || !link->mysql)
		return NM_ESTORE;
	int rc = run(db, "COMMIT");
	if (rc == NM_OK)
		link->in_transaction = false;
	return rc < 0 ? NM_ESTORE : NM_OK;
}

static int64_t
client_last_id(struct db *db)
{
	const struct mysql_link *link = mysql_link_of(db);

	return link->mysql ? (int64_t)mysql_insert_id(link->mysql) : 0;
}

static int64_t
client_changes(struct db *db)
{
	const struct mysql_link *link = mysql_link_of(db);

	return link->mysql ? (int64_t)mysql_affected_rows(link->mysql) : 0;
}

/* --- schema ------------------------------------------------------------------------------------------------------------- */

/* On a connection of its own kind, which waits for long answers. */
static int
client_schema_begin(struct db *db)
{
	struct mysql_link *link = mysql_link_of(db);
	char sql[128];
	int64_t got = 0;

	disconnect(db);
	link->patient = true;
	(void)snprintf(sql, sizeof(sql),
	               "SELECT get_lock(substr(concat('netmon.schema.', database()), 1, 64), %d)",
	               LOCK_WAIT_S);
	int rc = connect_now(db);
	if (rc == NM_OK)
		rc = ask(db, sql, &got);
	if (rc == NM_OK && got != 1) {
		(void)snprintf(link->error, sizeof(link->error), "another program is at it");
		rc = NM_ESTORE;
	}
	return rc;
}

/* There is nothing to undo: each statement of a schema is committed as it is run. What was done before a failure is passed over
 * when the next program tries, because the version is written last. */
static int
client_schema_end(struct db *db, int rc)
{
	struct mysql_link *link = mysql_link_of(db);

	disconnect(db); /* gives the lock back */
	link->patient = false;
	if (rc < 0)
		return rc;
	return connect_now(db);
}

static int
client_is_empty(struct db *db, bool *ret_empty)
{
	int64_t tables, ours, rows = 0;
	int rc = ask(
	    db, "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()",
	    &tables);

	if (rc == NM_OK)
		rc = ask(db,
		         "SELECT count(*) FROM information_schema.tables WHERE table_schema = "
		         "database() AND table_name = 'schema_version'",
		         &ours);
	if (rc == NM_OK && ours > 0)
		rc = ask(db, "SELECT count(*) FROM schema_version", &rows);
	if (rc == NM_OK)
		*ret_empty = tables == 0 || (ours > 0 && rows == 0);
	return rc;
}

/* What a statement of a schema says when it was run before. */
static bool
is_done_already(unsigned code)
{
	return code == ER_TABLE_EXISTS_ERROR || code == ER_DUP_FIELDNAME ||
	       code == ER_DUP_KEYNAME || code == ER_CANT_DROP_FIELD_OR_KEY || code == ER_DUP_ENTRY;
}

static int
client_script(struct db *db, const char *text)
{
	struct mysql_link *link = mysql_link_of(db);
	size_t skip, len;

	while ((len = mysql_statement_length(text, &skip)) > 0) {
		text += skip;
		if (!link->mysql)
			return NM_ESTORE;
		if (mysql_real_query(link->mysql, text, (unsigned long)len) != 0 &&
		    !is_done_already(mysql_errno(link->mysql)))
			return mysql_failed(db, NULL);
		mysql_free_result(mysql_store_result(link->mysql));
		text += len;
	}
	return NM_OK;
}

const struct db_client db_mysql = {
	.kind = DB_MYSQL,
	.files = "mysql",
	.open = client_open,
	.close = client_close,
	.error = client_error,
	.lock = client_lock,
	.begin = client_begin,
	.commit = client_commit,
	.rollback = client_rollback,
	.prepare = mysql_prepare_query,
	.finalize = mysql_finalize,
	.bind_int = mysql_bind_int,
	.bind_text = mysql_bind_text,
	.step = mysql_step,
	.column_int = mysql_column_int,
	.column_text = mysql_column_text,
	.reset = mysql_reset,
	.unbind = mysql_unbind,
	.last_id = client_last_id,
	.changes = client_changes,
	.put_rows = mysql_put_rows,
	.schema_begin = client_schema_begin,
	.schema_end = client_schema_end,
	.is_empty = client_is_empty,
	.script = client_script,
};
