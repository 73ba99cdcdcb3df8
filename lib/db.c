/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handles and statements of every store; what its client library does is db_client.h's. */
#include "lib/db.h"

#include "lib/db_client.h"
#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- open and close --------------------------------------------------------------------------------------------------- */

static const struct scheme {
	const char *prefix;
	const struct db_client *client;
} schemes[] = {
	{ "sqlite:", &db_sqlite },
	{ "mysql:", &db_mysql },
	{ "mariadb:", &db_mysql },
};

static const struct scheme *
find_scheme(const char *spec)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].prefix);

		if (strncmp(spec, schemes[i].prefix, len) == 0 && spec[len])
			return &schemes[i];
	}
	return NULL;
}

int
db_open(const char *spec, enum db_mode mode, struct db **ret_db, char *err, size_t err_size)
{
	const struct scheme *scheme = find_scheme(spec);

	if (!scheme) {
		(void)snprintf(err, err_size,
		               "store \"%s\" is not understood: write sqlite:PATH or "
		               "mysql://USER@HOST/DATABASE",
		               spec);
		return NM_EFORMAT;
	}
	struct db *db = calloc(1, sizeof(*db));
	if (!db) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	db->client = scheme->client;
	db->mode = mode;
	int rc = db->client->open(db, spec + strlen(scheme->prefix), err, err_size);
	if (rc == NM_OK)
		rc = db_schema_open(db, err, err_size);
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
		if (db->stmts[i].handle)
			db->client->finalize(&db->stmts[i]);
	db->client->close(db);
	free(db->rows);
	free(db);
}

enum db_kind
db_kind(const struct db *db)
{
	return db->client->kind;
}

const char *
db_error(const struct db *db)
{
	const char *words = db->client->error(db);

	/* a rollback went well since the failure: its words are those from before */
	return *words ? words : db->failure;
}

int
db_lock_job(struct db *db, const char *job)
{
	return db->client->lock(db, job);
}

/* --- transactions ----------------------------------------------------------------------------------------------------- */

int
db_begin_write(struct db *db)
{
	return db->client->begin(db, true);
}

int
db_begin_read(struct db *db)
{
	return db->client->begin(db, false);
}

int
db_commit(struct db *db)
{
	return db->client->commit(db);
}

void
db_rollback(struct db *db)
{
	(void)snprintf(db->failure, sizeof(db->failure), "%s", db_error(db));
	db->client->rollback(db);
}

int
db_end_write(struct db *db, int rc)
{
	if (rc == NM_OK)
		rc = db_commit(db);
	if (rc != NM_OK)
		db_rollback(db);
	return rc;
}

/* --- statements ------------------------------------------------------------------------------------------------------- */

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
	q->db = db;
	q->sql = sql;
	if (db->client->prepare(db, q) < 0)
		return NM_ESTORE;
	if (q == &db->stmts[db->n_stmts])
		db->n_stmts++;
	q->in_use = true;
	*ret_stmt = q;
	return NM_OK;
}

void
db_bind_int(struct db_stmt *q, int at, int64_t value)
{
	if (q->db->client->bind_int(q, at, value) < 0)
		q->failed = true;
}

void
db_bind_text(struct db_stmt *q, int at, const char *text)
{
	if (q->db->client->bind_text(q, at, text, strlen(text)) < 0)
		q->failed = true;
}

int
db_step(struct db_stmt *q)
{
	return q->failed ? NM_ESTORE : q->db->client->step(q);
}

int64_t
db_column_int(struct db_stmt *q, int at)
{
	return q->db->client->column_int(q, at);
}

const char *
db_column_text(struct db_stmt *q, int at)
{
	return q->db->client->column_text(q, at);
}

void
db_column_copy(struct db_stmt *q, int at, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "%s", db_column_text(q, at));
}

void
db_again(struct db_stmt *q)
{
	q->db->client->reset(q);
}

void
db_done(struct db_stmt *q)
{
	q->db->client->reset(q);
	q->db->client->unbind(q);
	q->failed = false;
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

/* --- rows in bulk ----------------------------------------------------------------------------------------------------- */

void *
db_rows_room(struct db *db, const struct db_rows *rows, size_t n)
{
	size_t size = n * rows->row_size;

	if (size <= db->rows_size)
		return db->rows;
	free(db->rows);
	db->rows = calloc(n, rows->row_size);
	db->rows_size = db->rows ? size : 0;
	return db->rows;
}

static int
bind_row(struct db_stmt *q, const struct db_rows *rows, size_t at, const void *row)
{
	int rc = NM_OK;

	for (size_t c = 0; c < rows->n_columns && rc == NM_OK; c++) {
		const struct db_column *column = &rows->columns[c];
		const char *value = (const char *)row + column->at;
		int place = (int)(at * rows->n_columns + c) + 1;

		if (column->type == DB_INT) {
			int64_t number;
			memcpy(&number, value, sizeof(number));
			rc = q->db->client->bind_int(q, place, number);
		} else {
			unsigned long len;
			memcpy(&len, (const char *)row + column->len_at, sizeof(len));
			rc = q->db->client->bind_text(q, place, value, len);
		}
	}
	return rc;
}

/* Rows `from` to `to`, as many at a time as the statement takes. */
static int
put_stretch(struct db *db, const struct db_rows *rows, size_t from, size_t to, size_t at_a_time,
            const void *ctx)
{
	char *room = db_rows_room(db, rows, DB_MANY);
	struct db_stmt *q;

	if (!room)
		return NM_ESTORE;
	int rc = db_query(db, at_a_time > 1 ? rows->many : rows->one, &q);
	if (rc < 0)
		return rc;
	while (from < to && rc >= 0) {
		for (size_t i = 0; i < at_a_time && rc >= 0; i++, from++) {
			char *row = room + i * rows->row_size;

			rows->fill(ctx, from, row);
			rc = bind_row(q, rows, i, row);
		}
		if (rc >= 0)
			rc = db_step(q);
		db_again(q);
	}
	db_done(q);
	return rc;
}

int
db_put_rows_by_many(struct db *db, const struct db_rows *rows, size_t n, const void *ctx)
{
	size_t even = n - n % DB_MANY;
	int rc = NM_OK;

	if (even > 0)
		rc = put_stretch(db, rows, 0, even, DB_MANY, ctx);
	if (rc >= 0 && even < n)
		rc = put_stretch(db, rows, even, n, 1, ctx);
	return rc;
}

int
db_put_rows(struct db *db, const struct db_rows *rows, size_t n, const void *ctx)
{
	return n == 0 ? NM_OK : db->client->put_rows(db, rows, n, ctx);
}

int64_t
db_last_id(struct db *db)
{
	return db->client->last_id(db);
}

int64_t
db_changes(struct db *db)
{
	return db->client->changes(db);
}

/* --- keys ------------------------------------------------------------------------------------------------------------- */

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
