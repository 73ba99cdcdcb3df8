/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store in a file: SQLite. */
#include "lib/db_client.h"
#include "lib/err.h"
#include "lib/lock.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 10000
#define BUSY_RETRY_MS   10
#define STORE_MODE      0660 /* it holds password hashes and the session key: nothing for others */

/* --- open and close --------------------------------------------------------------------------------------------------- */

#define WRITER_PRAGMAS \
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"

/* WAL lets readers go on while a batch is written; NORMAL syncs at checkpoints, FULL at each commit, which the promise
 * "acknowledged means stored" needs. While another program turns a new store to WAL, SQLite says busy at once, whatever
 * the time-out is, so the wait is our own. The collector's cache (KiB) holds the pages of the index that flows of the last
 * minute go to: with the default 2 MB, its inserts go on at two thirds of the speed. A WAL that is checkpointed more
 * rarely than each 1,000 pages, and larger pages, were measured and are no faster. */
static int
set_pragmas(sqlite3 *link, enum db_mode mode)
{
	static const char *const by_mode[] = {
		[DB_READ] = "PRAGMA query_only = 1; PRAGMA temp_store = MEMORY;",
		[DB_WRITE] = WRITER_PRAGMAS,
		[DB_CREATE] = WRITER_PRAGMAS "PRAGMA cache_size = -131072;",
	};

	for (int waited_ms = 0;; waited_ms += BUSY_RETRY_MS) {
		int rc = sqlite3_exec(link, by_mode[mode], NULL, NULL, NULL);
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
sqlite_open(struct db *db, const char *path, char *err, size_t err_size)
{
	sqlite3 *link = NULL;
	int rc = find_file(path, db->mode, err, err_size);

	if (rc < 0)
		return rc;
	(void)snprintf(db->name, sizeof(db->name), "sqlite:%s", path);
	/* a reader too opens for writing: it may have to create the WAL's index file; query_only stops the rest */
	rc = sqlite3_open_v2(path, &link, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	db->link = link; /* also after a failure, whose words it has */
	if (rc != SQLITE_OK) {
		(void)snprintf(err, err_size, "cannot open %s: %s", path, sqlite3_errmsg(link));
		return NM_ESTORE;
	}
	(void)sqlite3_busy_timeout(link, BUSY_TIMEOUT_MS);
	if (set_pragmas(link, db->mode) < 0) {
		(void)snprintf(err, err_size, "cannot use %s: %s", path, sqlite3_errmsg(link));
		return NM_ESTORE;
	}
	return NM_OK;
}

static void
sqlite_close(struct db *db)
{
	(void)sqlite3_close(db->link);
}

static const char *
sqlite_error(const struct db *db)
{
	return sqlite3_errcode(db->link) == SQLITE_OK ? "" : sqlite3_errmsg(db->link);
}

/* A file beside the store. */
static int
sqlite_lock(struct db *db, const char *job)
{
	return lock_take(db->name, job);
}

/* --- transactions ----------------------------------------------------------------------------------------------------- */

static int
sqlite_begin(struct db *db, bool write)
{
	return db_run(db, write ? "BEGIN IMMEDIATE" : "BEGIN");
}

static int
sqlite_commit(struct db *db)
{
	return db_run(db, "COMMIT");
}

static void
sqlite_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->link))
		(void)sqlite3_exec(db->link, "ROLLBACK", NULL, NULL, NULL);
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

static int
sqlite_prepare(struct db *db, struct db_stmt *q)
{
	sqlite3_stmt *handle;

	if (q->handle)
		return NM_OK;
	if (sqlite3_prepare_v3(db->link, q->sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) !=
	    SQLITE_OK)
		return NM_ESTORE;
	q->handle = handle;
	return NM_OK;
}

static void
sqlite_finalize(struct db_stmt *q)
{
	(void)sqlite3_finalize(q->handle);
	q->handle = NULL;
}

static int
sqlite_bind_int(struct db_stmt *q, int at, int64_t value)
{
	return sqlite3_bind_int64(q->handle, at, value) == SQLITE_OK ? NM_OK : NM_ESTORE;
}

static int
sqlite_bind_text(struct db_stmt *q, int at, const char *text, size_t len)
{
	int rc = sqlite3_bind_text64(q->handle, at, text, len, SQLITE_STATIC, SQLITE_UTF8);

	return rc == SQLITE_OK ? NM_OK : NM_ESTORE;
}

static int
sqlite_step(struct db_stmt *q)
{
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

static int64_t
sqlite_column_int(struct db_stmt *q, int at)
{
	return sqlite3_column_int64(q->handle, at);
}

static const char *
sqlite_column_text(struct db_stmt *q, int at)
{
	const unsigned char *text = sqlite3_column_text(q->handle, at);

	return text ? (const char *)text : "";
}

static void
sqlite_reset(struct db_stmt *q)
{
	(void)sqlite3_reset(q->handle);
}

static void
sqlite_unbind(struct db_stmt *q)
{
	(void)sqlite3_clear_bindings(q->handle);
}

static int64_t
sqlite_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->link);
}

static int64_t
sqlite_changes(struct db *db)
{
	return sqlite3_changes64(db->link);
}

/* --- schema ----------------------------------------------------------------------------------------------------------- */

static int
sqlite_schema_begin(struct db *db)
{
	return db_begin_write(db);
}

/* All steps of an upgrade are one transaction: a failure leaves the store as it was. */
static int
sqlite_schema_end(struct db *db, int rc)
{
	return db_end_write(db, rc);
}

static int
sqlite_is_empty(struct db *db, bool *ret_empty)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT count(*) FROM sqlite_master", &q);

	if (rc < 0)
		return rc;
	rc = db_step(q);
	if (rc > 0)
		*ret_empty = db_column_int(q, 0) == 0;
	db_done(q);
	return rc > 0 ? NM_OK : NM_ESTORE;
}

static int
sqlite_script(struct db *db, const char *text)
{
	return sqlite3_exec(db->link, text, NULL, NULL, NULL) == SQLITE_OK ? NM_OK : NM_ESTORE;
}

const struct db_client db_sqlite = {
	.kind = DB_SQLITE,
	.files = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.error = sqlite_error,
	.lock = sqlite_lock,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.prepare = sqlite_prepare,
	.finalize = sqlite_finalize,
	.bind_int = sqlite_bind_int,
	.bind_text = sqlite_bind_text,
	.step = sqlite_step,
	.column_int = sqlite_column_int,
	.column_text = sqlite_column_text,
	.reset = sqlite_reset,
	.unbind = sqlite_unbind,
	.last_id = sqlite_last_id,
	.changes = sqlite_changes,
	.put_rows = db_put_rows_by_many,
	.schema_begin = sqlite_schema_begin,
	.schema_end = sqlite_schema_end,
	.is_empty = sqlite_is_empty,
	.script = sqlite_script,
};
