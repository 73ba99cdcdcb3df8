/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store in SQLite: open, schema check, transactions, prepared statements. */
#include "lib/db.h"

#include "lib/db_sql.h"
#include "lib/err.h"
#include "lib/paths.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 10000
#define BUSY_RETRY_MS   10
#define SCHEMA_FILE_MAX (1u << 20)
#define STORE_MODE      0660 /* it holds password hashes and the session key: nothing for others */

struct db_stmt {
	sqlite3_stmt *handle;
	const char *sql; /* key: the literal's address */
	bool in_use;     /* from db_query() to db_done() */
	bool bind_failed;
};

struct db {
	sqlite3 *handle;
	char failure[256]; /* words of the failure that the last rollback answered */
	size_t n_stmts;
	struct db_stmt stmts[DB_QUERIES_MAX];
};

/* Reads the whole of a file of schema/ into a new string; NULL with `err` filled on failure. */
static char *
read_schema(const char *name, char *err, size_t err_size)
{
	char path[PATHS_MAX];
	FILE *file = NULL;

	if (paths_find(PATHS_SCHEMA, name, path, sizeof(path)) == 0)
		file = fopen(path, "re");
	if (!file) {
		(void)snprintf(err, err_size, "schema %s cannot be read: reinstall netmon", path);
		return NULL;
	}
	char *text = calloc(1, SCHEMA_FILE_MAX);
	size_t len = text ? fread(text, 1, SCHEMA_FILE_MAX, file) : 0;
	(void)fclose(file);
	if (len > 0 && len < SCHEMA_FILE_MAX)
		return text;
	(void)snprintf(err, err_size, "schema %s is empty or too large: reinstall netmon", path);
	free(text);
	return NULL;
}

/* True for a database without a single table. */
static bool
is_empty(struct db *db)
{
	struct db_stmt *q;
	bool empty = false;

	if (db_query(db, "SELECT count(*) FROM sqlite_master", &q) < 0)
		return false;
	if (db_step(q) > 0)
		empty = db_column_int(q, 0) == 0;
	db_done(q);
	return empty;
}

/* Creates the tables, unless somebody else did between the caller's question and the lock. */
static int
create_schema(struct db *db, char *err, size_t err_size)
{
	int rc = NM_ESTORE;
	char *text = read_schema("sqlite.sql", err, err_size);

	if (!text)
		return NM_ESTORE;
	if (db_begin_write(db) < 0 ||
	    (is_empty(db) && sqlite3_exec(db->handle, text, NULL, NULL, NULL) != SQLITE_OK) ||
	    db_commit(db) < 0) {
		(void)snprintf(err, err_size, "cannot create the schema: %s", db_error(db));
		db_rollback(db);
		goto out;
	}
	rc = NM_OK;
out:
	free(text);
	return rc;
}

/* The store's schema version; 0 when it has none. */
static int64_t
schema_version(struct db *db)
{
	struct db_stmt *q;
	int64_t version = 0;

	if (db_query(db, "SELECT version FROM schema_version", &q) < 0)
		return 0;
	if (db_step(q) > 0)
		version = db_column_int(q, 0);
	db_done(q);
	return version;
}

/* One step of the upgrade, in the caller's transaction. */
static int
upgrade_to(struct db *db, int64_t version, char *err, size_t err_size)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "sqlite-to-%lld.sql", (long long)version);
	char *text = read_schema(name, err, err_size);
	if (!text)
		return NM_ESTORE;
	int rc = NM_OK;
	if (sqlite3_exec(db->handle, text, NULL, NULL, NULL) != SQLITE_OK) {
		(void)snprintf(err, err_size, "cannot upgrade the store to schema version %lld: %s",
		               (long long)version, db_error(db));
		rc = NM_ESTORE;
	}
	free(text);
	return rc;
}

/* Brings an older store up to this version. The version is asked for under the lock: another program may have done it. */
static int
upgrade(struct db *db, char *err, size_t err_size)
{
	if (db_begin_write(db) < 0) {
		(void)snprintf(err, err_size, "cannot upgrade the store: %s", db_error(db));
		return NM_ESTORE;
	}
	int rc = NM_OK;
	for (int64_t v = schema_version(db); v > 0 && v < DB_SCHEMA_VERSION && rc == NM_OK; v++)
		rc = upgrade_to(db, v + 1, err, err_size);
	if (rc == NM_OK && db_commit(db) < 0) {
		(void)snprintf(err, err_size, "cannot upgrade the store: %s", db_error(db));
		rc = NM_ESTORE;
	}
	if (rc < 0)
		db_rollback(db);
	return rc;
}

static int
check_version(struct db *db, const char *path, char *err, size_t err_size)
{
	int64_t version = schema_version(db);

	if (version == DB_SCHEMA_VERSION)
		return NM_OK;
	if (version == 0)
		(void)snprintf(err, err_size, "%s is not a netmon store (%s): name another file",
		               path, db_error(db));
	else if (version < DB_SCHEMA_VERSION)
		(void)snprintf(err, err_size,
		               "%s has schema version %lld, this program needs %d: upgrade it with "
		               "netmon --store sqlite:%s store upgrade",
		               path, (long long)version, DB_SCHEMA_VERSION, path);
	else
		(void)snprintf(err, err_size,
		               "%s has schema version %lld, this program knows %d: install the "
		               "netmon that wrote it, or a later one",
		               path, (long long)version, DB_SCHEMA_VERSION);
	return NM_EVERSION;
}

/* WAL lets readers go on while a batch is written; NORMAL syncs at checkpoints, FULL at each commit, which the promise
 * "acknowledged means stored" needs. While another program turns a new store to WAL, SQLite says busy at once, whatever
 * the time-out is, so the wait is our own. */
static int
set_pragmas(struct db *db, enum db_mode mode)
{
	const char *pragmas = mode == DB_READ ? "PRAGMA query_only = 1; PRAGMA temp_store = MEMORY;"
	                                      : "PRAGMA journal_mode = WAL; PRAGMA synchronous = "
	                                        "FULL; PRAGMA temp_store = MEMORY;";

	for (int waited_ms = 0;; waited_ms += BUSY_RETRY_MS) {
		int rc = sqlite3_exec(db->handle, pragmas, NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			return NM_OK;
		if (rc != SQLITE_BUSY || waited_ms >= BUSY_TIMEOUT_MS)
			return NM_ESTORE;
		(void)sqlite3_sleep(BUSY_RETRY_MS);
	}
}

/* Checks that the file is there or may be made. A new one is made here, for the sake of its mode, which the files beside
 * it (-wal, -shm) inherit. */
static int
find_file(const char *path, enum db_mode mode, char *err, size_t err_size)
{
	if (access(path, F_OK) == 0)
		return NM_OK;
	if (mode != DB_CREATE) {
		(void)snprintf(err, err_size,
		               "no store at %s: make it with netmon --store sqlite:%s store init",
		               path, path);
		return NM_ENOTFOUND;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, STORE_MODE);
	if (fd < 0) {
		(void)snprintf(err, err_size, "cannot create %s: %s", path, nm_strerror(-errno));
		return NM_ESTORE;
	}
	(void)close(fd);
	return NM_OK;
}

static int
open_sqlite(struct db *db, const char *path, enum db_mode mode, char *err, size_t err_size)
{
	int rc = find_file(path, mode, err, err_size);

	if (rc < 0)
		return rc;
	/* a reader too opens for writing: it may have to create the WAL's index file; query_only stops the rest */
	if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		(void)snprintf(err, err_size, "cannot open %s: %s", path, db_error(db));
		return NM_ESTORE;
	}
	(void)sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
	if (set_pragmas(db, mode) < 0) {
		(void)snprintf(err, err_size, "cannot use %s: %s", path, db_error(db));
		return NM_ESTORE;
	}
	if (mode == DB_CREATE && is_empty(db)) {
		rc = create_schema(db, err, err_size);
		if (rc < 0)
			return rc;
	}
	int64_t version = schema_version(db);
	if (mode != DB_READ && version > 0 && version < DB_SCHEMA_VERSION) {
		rc = upgrade(db, err, err_size);
		if (rc < 0)
			return rc;
	}
	return check_version(db, path, err, err_size);
}

int
db_open(const char *spec, enum db_mode mode, struct db **ret_db, char *err, size_t err_size)
{
	static const char scheme[] = "sqlite:";

	if (strncmp(spec, scheme, sizeof(scheme) - 1) != 0 || !spec[sizeof(scheme) - 1]) {
		(void)snprintf(err, err_size, "store \"%s\" is not understood: write sqlite:PATH",
		               spec);
		return NM_EFORMAT;
	}
	struct db *db = calloc(1, sizeof(*db));
	if (!db) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	int rc = open_sqlite(db, spec + sizeof(scheme) - 1, mode, err, err_size);
	if (rc < 0) {
		db_close(db);
		return rc;
	}
	*ret_db = db;
	return NM_OK;
}

void
db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->n_stmts; i++)
		(void)sqlite3_finalize(db->stmts[i].handle);
	(void)sqlite3_close(db->handle);
	free(db);
}

const char *
db_error(const struct db *db)
{
	/* a rollback went well since the failure: its words are those from before */
	return sqlite3_errcode(db->handle) == SQLITE_OK && db->failure[0]
	           ? db->failure
	           : sqlite3_errmsg(db->handle);
}

int
db_begin_write(struct db *db)
{
	return db_run(db, "BEGIN IMMEDIATE");
}

int
db_begin_read(struct db *db)
{
	return db_run(db, "BEGIN");
}

int
db_commit(struct db *db)
{
	return db_run(db, "COMMIT");
}

void
db_rollback(struct db *db)
{
	(void)snprintf(db->failure, sizeof(db->failure), "%s", sqlite3_errmsg(db->handle));
	if (!sqlite3_get_autocommit(db->handle))
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* A free statement for `sql`, or a free place, or NULL when every place is taken. */
static struct db_stmt *
find_stmt(struct db *db, const char *sql)
{
	for (size_t i = 0; i < db->n_stmts; i++)
		if (db->stmts[i].sql == sql && !db->stmts[i].in_use)
			return &db->stmts[i];
	return db->n_stmts < DB_QUERIES_MAX ? &db->stmts[db->n_stmts] : NULL;
}

int
db_query(struct db *db, const char *sql, struct db_stmt **ret_stmt)
{
	struct db_stmt *q = find_stmt(db, sql);

	if (!q)
		return NM_ELIMIT;
	if (!q->handle) {
		if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->handle,
		                       NULL) != SQLITE_OK)
			return NM_ESTORE;
		q->sql = sql;
		db->n_stmts++;
	}
	q->in_use = true;
	*ret_stmt = q;
	return NM_OK;
}

void
db_bind_int(struct db_stmt *q, int at, int64_t value)
{
	if (sqlite3_bind_int64(q->handle, at, value) != SQLITE_OK)
		q->bind_failed = true;
}

void
db_bind_text(struct db_stmt *q, int at, const char *text)
{
	if (sqlite3_bind_text(q->handle, at, text, -1, SQLITE_STATIC) != SQLITE_OK)
		q->bind_failed = true;
}

int
db_step(struct db_stmt *q)
{
	if (q->bind_failed)
		return NM_ESTORE;
	switch (sqlite3_step(q->handle)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	case SQLITE_CONSTRAINT:
		return NM_EEXISTS;
	default:
		return NM_ESTORE;
	}
}

int64_t
db_column_int(struct db_stmt *q, int at)
{
	return sqlite3_column_int64(q->handle, at);
}

const char *
db_column_text(struct db_stmt *q, int at)
{
	const unsigned char *text = sqlite3_column_text(q->handle, at);

	return text ? (const char *)text : "";
}

void
db_column_copy(struct db_stmt *q, int at, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "%s", db_column_text(q, at));
}

void
db_again(struct db_stmt *q)
{
	(void)sqlite3_reset(q->handle);
}

void
db_done(struct db_stmt *q)
{
	(void)sqlite3_reset(q->handle);
	(void)sqlite3_clear_bindings(q->handle);
	q->bind_failed = false;
	q->in_use = false;
}

int
db_finish(struct db_stmt *q)
{
	int rc;

	while ((rc = db_step(q)) > 0)
		;
	db_done(q);
	return rc;
}

int
db_run(struct db *db, const char *sql)
{
	struct db_stmt *q;
	int rc = db_query(db, sql, &q);

	return rc < 0 ? rc : db_finish(q);
}

const char *
db_key_format(const struct addr *a, char key[DB_KEY_SIZE])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(a->b); i++) {
		key[2 * i] = hex[a->b[i] >> 4];
		key[2 * i + 1] = hex[a->b[i] & 15];
	}
	key[DB_KEY_SIZE - 1] = '\0';
	return key;
}

/* The value of a lower case hex digit, or -1. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
db_key_parse(const char *key, struct addr *ret_addr)
{
	if (strlen(key) != DB_KEY_SIZE - 1)
		return NM_EFORMAT;
	for (size_t i = 0; i < sizeof(ret_addr->b); i++) {
		int high = hex_value(key[2 * i]), low = hex_value(key[2 * i + 1]);

		if (high < 0 || low < 0)
			return NM_EFORMAT;
		ret_addr->b[i] = (uint8_t)(high << 4 | low);
	}
	return NM_OK;
}

int64_t
db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int64_t
db_changes(struct db *db)
{
	return sqlite3_changes64(db->handle);
}
