/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prepared statements, for lib/db*.c only: the seam at which another SQL client plugs in. One prepared statement per
 * query: db_query() keeps it, keyed by the address of its text, so the text is a string literal in one place.
 *
 *   struct db_stmt *q;
 *   if (db_query(db, "SELECT name FROM application WHERE id = ?", &q) < 0)
 *           return NM_ESTORE;
 *   db_bind_int(q, 1, id);
 *   while ((rc = db_step(q)) > 0)
 *           use(db_column_text(q, 0));
 *   db_done(q);        // always, also after an error
 */
#ifndef NETMON_LIB_DB_SQL_H
#define NETMON_LIB_DB_SQL_H

#include "lib/addr.h"
#include "lib/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_QUERIES_MAX 128
#define DB_NAME_MAX    4112

/* Where one text cannot serve both. */
enum db_kind { DB_SQLITE, DB_MYSQL };
enum db_kind db_kind(const struct db *db);

struct db_stmt;

/* The ready statement of `sql`, with no parameters bound. The handle owns it. A statement that is in use (a callback of
 * its own walk asks for it again) is prepared a second time, so walks nest. 0 or NM_ESTORE / NM_ELIMIT (more than
 * DB_QUERIES_MAX: a db_done() is missing somewhere). */
int db_query(struct db *db, const char *sql, struct db_stmt **ret_stmt);

/* Parameters count from 1. Text is not copied and must live until db_done(). An error is kept and shows at the next
 * db_step(). To run a statement again with other parameters: db_again(), bind, db_step(). */
void db_bind_int(struct db_stmt *q, int at, int64_t value);
void db_bind_text(struct db_stmt *q, int at, const char *text);

/* 1: a row is there; 0: done; NM_ESTORE, or NM_EEXISTS when a uniqueness constraint refused the row. */
int db_step(struct db_stmt *q);

/* Columns count from 0. Text is never NULL and lives until the next db_step() or db_done(). */
int64_t db_column_int(struct db_stmt *q, int at);
const char *db_column_text(struct db_stmt *q, int at);
/* As text, copied and cut to `size`. */
void db_column_copy(struct db_stmt *q, int at, char *ret_text, size_t size);

/* Ends the use of a statement. */
void db_done(struct db_stmt *q);
/* Ends a run and keeps the statement in use for the next one; parameters keep their values until bound anew. */
void db_again(struct db_stmt *q);

/* Binds nothing, runs to the end, throws rows away. 0 or an error of db_step(). */
int db_run(struct db *db, const char *sql);
/* db_step() to the end and db_done(), for statements without rows. */
int db_finish(struct db_stmt *q);

/* An address as the columns *_key hold it: 32 lower case hex digits, so that text order is numeric order. */
#define DB_KEY_SIZE 33
const char *db_key_format(const struct addr *a, char key[DB_KEY_SIZE]);
/* 0 or NM_EFORMAT. */
int db_key_parse(const char *key, struct addr *ret_addr);

/*
 * Rows in bulk. A row is a struct; columns say where its values are, in the order of the statement's parameters. `one` puts a
 * single row and `many` the number DB_MANY of them, with the same text around the values; clients that can send rows as
 * an array use `one` for all.
 *
 *   static const struct db_rows rows = { .one = PUT "(?, ?)", .many = PUT DB_ROWS("(?, ?)"), ... };
 */
enum db_type { DB_INT, DB_TEXT };
struct db_column {
	enum db_type type;
	size_t at;     /* offset of an int64_t, or of a char array */
	size_t len_at; /* DB_TEXT: offset of its length, an unsigned long */
};
struct db_rows {
	const char *one;
	const char *many;
	const struct db_column *columns;
	size_t n_columns;
	size_t row_size;
	/* Fills row `i` of what `ctx` is. */
	void (*fill)(const void *ctx, size_t i, void *ret_row);
};
#define DB_MANY      32
#define DB_ROWS_4(v) v ", " v ", " v ", " v
#define DB_ROWS(v)                                                                              \
	DB_ROWS_4(v)                                                                            \
	", " DB_ROWS_4(v) ", " DB_ROWS_4(v) ", " DB_ROWS_4(v) ", " DB_ROWS_4(v) ", " DB_ROWS_4( \
	    v) ", " DB_ROWS_4(v) ", " DB_ROWS_4(v)
/* Puts rows 0..n-1. 0 or an error of db_step(), after which the transaction is to be rolled back. */
int db_put_rows(struct db *db, const struct db_rows *rows, size_t n, const void *ctx);

int64_t db_last_id(struct db *db);
/* Rows that the last INSERT, UPDATE or DELETE touched. */
int64_t db_changes(struct db *db);

#endif
