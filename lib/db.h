/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store. One handle is one connection; it belongs to one thread. Life cycle: db_open(), then the typed functions of
 * db_flow.h, db_group.h, db_usage.h, db_ledger.h, db_user.h and db_alert.h, then db_close(). SQL lives in lib/db*.c and
 * nowhere else.
 */
#ifndef NETMON_LIB_DB_H
#define NETMON_LIB_DB_H

#include <stddef.h>

struct db;

enum db_mode {
	DB_READ,   /* must exist; refuses every write */
	DB_WRITE,  /* must exist; upgraded when its schema is an older one */
	DB_CREATE, /* the same, and created with the schema when it is not there */
};

/* The schema version that this code reads and writes. */
#define DB_SCHEMA_VERSION 4

/*
 * Opens `spec` ("sqlite:PATH", "mysql://USER@HOST/DATABASE?...": netmon.conf(5)) and checks the schema's version. A store of an older version is upgraded
 * (schema/sqlite-to-N.sql, all steps in one transaction; schema/mysql-to-N.sql, where a step that was cut off is taken up
 * again), unless it is opened for reading only. On success *ret_db is the caller's, to be closed with
 * db_close(). On failure a negative code of err.h (NM_EFORMAT: no such kind of store; NM_ENOTFOUND: no store there;
 * NM_EVERSION: of a later version, or of an older one and DB_READ; NM_ESTORE) and one line that names the cause and the remedy in `err`.
 */
int db_open(const char *spec, enum db_mode mode, struct db **ret_db, char *err, size_t err_size);
/* Ends what is open, without a commit. NULL is fine. */
void db_close(struct db *db);

/*
 * Takes the lock of `job` ("aggregate"), so that it runs once at a time: held until db_close(). SQLite: a file PATH.aggregate.lock;
 * MariaDB: one of the server's, so that other machines see it. NM_EEXISTS: another run has it; or NM_ESTORE, or what
 * lock_take() says.
 */
int db_lock_job(struct db *db, const char *job);

/* The client library's words for the last failure on this handle. Valid until the next call. */
const char *db_error(const struct db *db);

/*
 * One transaction at a time. A write transaction takes the write lock at its beginning (waits up to 10 s for it), so there is one
 * writer. A read transaction sees one state of the store from its first query to its end; in MariaDB so only on a handle
 * of DB_READ, on others each query sees what is committed. 0 or NM_ESTORE.
 *
 * A server that is lost fails what is under way with NM_ESTORE; db_begin_*() connects anew, and the caller repeats its
 * transaction as a whole. Whether a commit that failed so has happened is not known: ask (a watermark, a row) before it
 * is done again.
 */
int db_begin_write(struct db *db);
int db_begin_read(struct db *db);
int db_commit(struct db *db);
void db_rollback(struct db *db);
/* The end of a write transaction whose statements gave `rc`: commits when that is 0, else (or when the commit fails) rolls back.
 * `rc`, or what the commit gave. */
int db_end_write(struct db *db, int rc);

#endif
