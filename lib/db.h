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
 * Opens `spec` ("sqlite:PATH") and checks the schema's version. A store of an older version is upgraded, all steps in
 * one transaction (schema/sqlite-to-N.sql), unless it is opened for reading only. On success *ret_db is the caller's, to be closed with
 * db_close(). On failure a negative code of err.h (NM_EFORMAT: no such kind of store; NM_ENOTFOUND: no store there;
 * NM_EVERSION: of a later version, or of an older one and DB_READ; NM_ESTORE) and one line that names the cause and the remedy in `err`.
 */
int db_open(const char *spec, enum db_mode mode, struct db **ret_db, char *err, size_t err_size);
/* Ends what is open, without a commit. NULL is fine. */
void db_close(struct db *db);

/* The client library's words for the last failure on this handle. Valid until the next call. */
const char *db_error(const struct db *db);

/* One transaction at a time. A write transaction takes the write lock at its beginning (waits up to 10 s for it). A
 * read transaction sees one state of the store from its first query to its end. 0 or NM_ESTORE. */
int db_begin_write(struct db *db);
int db_begin_read(struct db *db);
int db_commit(struct db *db);
void db_rollback(struct db *db);

#endif
