/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a store's client library has to offer, for lib/db.c, lib/db_schema.c and lib/db_*.c of the clients alone. db.c owns
 * handles and statements; a client (db_sqlite.c, db_mysql.c) fills in what is its own: db->link and stmt->handle.
 */
#ifndef NETMON_LIB_DB_CLIENT_H
#define NETMON_LIB_DB_CLIENT_H

#include "lib/db_sql.h"

#include <stdbool.h>

struct db_stmt {
	struct db *db;
	const char *sql; /* key: the literal's address; NULL: a free place */
	void *handle;    /* the client's; NULL: to be prepared */
	bool in_use;     /* from db_query() to db_done() */
	bool failed;     /* a parameter could not be bound */
};

struct db {
	const struct db_client *client;
	void *link; /* the client's */
	enum db_mode mode;
	char name[DB_NAME_MAX]; /* the specification without what is secret, for messages */
	char failure[256];      /* words of the failure that the last rollback answered */
	void *rows;             /* room for rows of db_put_rows() */
	size_t rows_size;
	size_t n_stmts;
	struct db_stmt stmts[DB_QUERIES_MAX];
};

/* Functions return 0 or a negative code of err.h unless they say more. */
struct db_client {
	enum db_kind kind;
	const char *files; /* first part of the names of its files in schema/ */

	/* Connects; the schema is db_schema.c's business. */
	int (*open)(struct db *db, const char *where, char *err, size_t err_size);
	void (*close)(
	    struct db *db); /* also what open() left half done; statements are finalized before */
	const char *(*error)(const struct db *db);
	int (*lock)(struct db *db, const char *job); /* db_lock_job() */
	int (*begin)(struct db *db, bool write);
	int (*commit)(struct db *db);
	void (*rollback)(struct db *db); /* without a transaction: nothing */

	int (*prepare)(struct db *db, struct db_stmt *q); /* unless q->handle is fit to be used */
	void (*finalize)(struct db_stmt *q);
	int (*bind_int)(struct db_stmt *q, int at, int64_t value);
	int (*bind_text)(struct db_stmt *q, int at, const char *text, size_t len);
	int (*step)(struct db_stmt *q); /* 1: a row */
	int64_t (*column_int)(struct db_stmt *q, int at);
	const char *(*column_text)(struct db_stmt *q, int at);
	void (*reset)(struct db_stmt *q); /* ends the run; parameters keep their values */
	void (*unbind)(struct db_stmt *q);
	int64_t (*last_id)(struct db *db);
	int64_t (*changes)(struct db *db);
	/* db_put_rows(), n > 0 */
	int (*put_rows)(struct db *db, const struct db_rows *rows, size_t n, const void *ctx);

	/* Creation and upgrade: between the two, no other program does either. end() with a failure undoes what can be undone. */
	int (*schema_begin)(struct db *db);
	int (*schema_end)(struct db *db, int rc);
	int (*is_empty)(struct db *db, bool *ret_empty); /* without tables, or created in part */
	int (*script)(struct db *db, const char *text);  /* all statements of a file of schema/ */
};

extern const struct db_client db_sqlite;
extern const struct db_client db_mysql;

/* Room for so many rows, the handle's own; NULL when there is none. */
void *db_rows_room(struct db *db, const struct db_rows *rows, size_t n);

/* Puts rows by statements of DB_MANY and of one, for clients without anything better. */
int db_put_rows_by_many(struct db *db, const struct db_rows *rows, size_t n, const void *ctx);

/* Creates the schema, upgrades it or checks it, as db->mode says. */
int db_schema_open(struct db *db, char *err, size_t err_size);

#endif
