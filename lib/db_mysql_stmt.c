/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prepared statements of MariaDB and MySQL. A walk's rows are all fetched at its beginning, so that statements nest. */
#include "lib/db_mysql.h"
#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SQL_MAX       16384
#define ROWS_AT_ONCE  1024 /* of an array; 300 kB of flows */
#define TEXT_SIZE_MIN 64

/* One column of the row that is there. */
struct column {
	int64_t number;
	char *text; /* `size` octets; of a number, filled when it is asked for */
	unsigned long size;
	unsigned long len;
	my_bool is_null;
	my_bool error;
	bool is_number;
};

struct query {
	MYSQL_STMT *stmt; /* NULL: the connection that it was made on is gone */
	size_t n_params;
	MYSQL_BIND *params;
	int64_t *numbers;
	unsigned long *lengths;
	size_t n_columns; /* as many as there is room for */
	MYSQL_BIND *binds;
	struct column *columns;
	bool running; /* has been executed, and rows may follow */
};

static struct query *
query_of(const struct db_stmt *q)
{
	return q->handle;
}

/* --- prepare and finalize --------------------------------------------------------------------------------------------- */

static void
free_columns(struct query *query)
{
	for (size_t i = 0; i < query->n_columns; i++)
		free(query->columns[i].text);
	free(query->columns);
	free(query->binds);
	query->columns = NULL;
	query->binds = NULL;
	query->n_columns = 0;
}

void
mysql_finalize(struct db_stmt *q)
{
	struct query *query = query_of(q);

	if (query->stmt)
		(void)mysql_stmt_close(query->stmt);
	free_columns(query);
	free(query->params);
	free(query->numbers);
	free(query->lengths);
	free(query);
	q->handle = NULL;
}

void
mysql_forget(struct db *db)
{
	for (size_t i = 0; i < db->n_stmts; i++) {
		struct query *query = query_of(&db->stmts[i]);

		if (!query || !query->stmt)
			continue;
		/* the row that somebody may be reading stays until the statement ends */
		(void)mysql_stmt_close(query->stmt);
		query->stmt = NULL;
		query->running = false;
	}
}

static int
make_params(struct query *query)
{
	size_t n = mysql_stmt_param_count(query->stmt);

	if (query->params)
		return NM_OK; /* prepared anew: the text is the same */
	query->n_params = n;
	query->params = calloc(n + 1, sizeof(*query->params));
	query->numbers = calloc(n + 1, sizeof(*query->numbers));
	query->lengths = calloc(n + 1, sizeof(*query->lengths));
	if (!query->params || !query->numbers || !query->lengths)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		query->params[i].buffer_type = MYSQL_TYPE_NULL;
	return NM_OK;
}

static int
make_statement(struct db *db, struct query *query, const char *sql)
{
	char text[SQL_MAX];
	struct mysql_link *link = mysql_link_of(db);
	const my_bool yes = 1;
	int rc = mysql_translate(sql, text, sizeof(text));

	if (rc < 0) {
		(void)snprintf(link->error, sizeof(link->error), "a statement is too long");
		return rc;
	}
	query->stmt = mysql_stmt_init(link->mysql);
	if (!query->stmt)
		return mysql_failed(db, NULL);
	(void)mysql_stmt_attr_set(query->stmt, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
	if (mysql_stmt_prepare(query->stmt, text, (unsigned long)strlen(text)) != 0) {
		MYSQL_STMT *stmt = query->stmt;

		query->stmt = NULL;
		rc = mysql_failed(db, stmt);
		(void)mysql_stmt_close(stmt);
		return rc;
	}
	return make_params(query);
}

int
mysql_prepare_query(struct db *db, struct db_stmt *q)
{
	struct query *query = query_of(q);
	bool is_new = !query;
	int rc = mysql_ready(db);

	if (rc < 0 || (query && query->stmt))
		return rc;
	if (is_new)
		query = calloc(1, sizeof(*query));
	if (!query)
		return -ENOMEM;
	q->handle = query;
	rc = make_statement(db, query, q->sql);
	if (rc < 0 && is_new)
		mysql_finalize(q);
	return rc;
}

/* --- parameters --------------------------------------------------------------------------------------------------------- */

int
mysql_bind_int(struct db_stmt *q, int at, int64_t value)
{
	struct query *query = query_of(q);

	if (at < 1 || (size_t)at > query->n_params)
		return NM_EFORMAT;
	query->numbers[at - 1] = value;
	query->params[at - 1] =
	    (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &query->numbers[at - 1] };
	return NM_OK;
}

int
mysql_bind_text(struct db_stmt *q, int at, const char *text, size_t len)
{
	struct query *query = query_of(q);

	if (at < 1 || (size_t)at > query->n_params)
		return NM_EFORMAT;
	query->lengths[at - 1] = (unsigned long)len;
	/* the library reads it only; its struct serves both ways */
	query->params[at - 1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
		                              .buffer = (void *)(uintptr_t)text,
		                              .buffer_length = (unsigned long)len,
		                              .length = &query->lengths[at - 1] };
	return NM_OK;
}

void
mysql_unbind(struct db_stmt *q)
{
	struct query *query = query_of(q);

	for (size_t i = 0; i < query->n_params; i++)
		query->params[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_NULL };
}

/* --- rows ----------------------------------------------------------------------------------------------------------------- */

static bool
is_integer(enum enum_field_types type)
{
	return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 ||
	       type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_LONGLONG;
}

static void
bind_column(struct query *query, size_t i)
{
	struct column *c = &query->columns[i];

	query->binds[i] = (MYSQL_BIND){
		.buffer_type = c->is_number ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING,
		.buffer = c->is_number ? (void *)&c->number : (void *)c->text,
		.buffer_length = c->is_number ? sizeof(c->number) : c->size,
		.length = &c->len,
		.is_null = &c->is_null,
		.error = &c->error,
	};
}

static int
make_columns(struct query *query, size_t n)
{
	if (query->n_columns == n)
		return NM_OK;
	free_columns(query);
	query->columns = calloc(n, sizeof(*query->columns));
	query->binds = calloc(n, sizeof(*query->binds));
	if (!query->columns || !query->binds)
		return -ENOMEM;
	query->n_columns = n;
	for (size_t i = 0; i < n; i++) {
		query->columns[i].text = calloc(1, TEXT_SIZE_MIN);
		query->columns[i].size = TEXT_SIZE_MIN;
		if (!query->columns[i].text)
			return -ENOMEM;
	}
	return NM_OK;
}

/* Room for the longest text of a column. */
static int
make_room(struct column *c, unsigned long longest)
{
	if (longest < c->size)
		return NM_OK;
	char *text = realloc(c->text, longest + 1);
	if (!text)
		return -ENOMEM;
	c->text = text;
	c->size = longest + 1;
	return NM_OK;
}

/* Room for one row of those that were fetched: numbers as numbers, all else as text, sums (which are DECIMAL) too. Texts have room
 * before they are read, because mysql_stmt_fetch_column() gives nothing in Connector/C of MariaDB 10.11.18. */
static int
bind_columns(struct query *query)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(query->stmt);

	if (!meta)
		return NM_OK;
	int rc = make_columns(query, mysql_num_fields(meta));
	for (size_t i = 0; i < query->n_columns && rc == NM_OK; i++) {
		const MYSQL_FIELD *field = mysql_fetch_field_direct(meta, (unsigned)i);

		query->columns[i].is_number = is_integer(field->type);
		rc = make_room(&query->columns[i], field->max_length);
		bind_column(query, i);
	}
	mysql_free_result(meta);
	if (rc < 0)
		return rc;
	return mysql_stmt_bind_result(query->stmt, query->binds) == 0 ? NM_OK : NM_ESTORE;
}

static int
execute(struct db *db, struct query *query)
{
	if (query->n_params > 0 && mysql_stmt_bind_param(query->stmt, query->params) != 0)
		return mysql_failed(db, query->stmt);
	if (mysql_stmt_execute(query->stmt) != 0)
		return mysql_failed(db, query->stmt);
	query->running = true;
	if (mysql_stmt_field_count(query->stmt) == 0)
		return NM_OK;
	if (mysql_stmt_store_result(query->stmt) != 0 || bind_columns(query) < 0)
		return mysql_failed(db, query->stmt);
	return NM_OK;
}

static int
fetch(struct db *db, struct query *query)
{
	if (mysql_stmt_field_count(query->stmt) == 0)
		return 0;
	int rc = mysql_stmt_fetch(query->stmt);
	if (rc == MYSQL_NO_DATA)
		return 0;
	if (rc != 0)
		return mysql_failed(db, query->stmt);
	for (size_t i = 0; i < query->n_columns; i++) {
		struct column *c = &query->columns[i];

		if (!c->is_number)
			c->text[c->is_null || c->len >= c->size ? 0 : c->len] = '\0';
	}
	return 1;
}

int
mysql_step(struct db_stmt *q)
{
	struct mysql_link *link = mysql_link_of(q->db);
	struct query *query = query_of(q);

	if (!query->stmt || link->doomed)
		return NM_ESTORE; /* the connection was lost since, and with it what was under way */
	int rc = query->running ? NM_OK : execute(q->db, query);
	return rc < 0 ? rc : fetch(q->db, query);
}

void
mysql_reset(struct db_stmt *q)
{
	struct query *query = query_of(q);

	if (query->stmt && query->running)
		(void)mysql_stmt_free_result(query->stmt);
	query->running = false;
}

static struct column *
column_at(struct db_stmt *q, int at)
{
	struct query *query = query_of(q);

	return at >= 0 && (size_t)at < query->n_columns ? &query->columns[at] : NULL;
}

int64_t
mysql_column_int(struct db_stmt *q, int at)
{
	const struct column *c = column_at(q, at);

	if (!c || c->is_null)
		return 0;
	return c->is_number ? c->number : strtoll(c->text, NULL, 10);
}

const char *
mysql_column_text(struct db_stmt *q, int at)
{
	struct column *c = column_at(q, at);

	if (!c || c->is_null)
		return "";
	if (c->is_number)
		(void)snprintf(c->text, c->size, "%lld", (long long)c->number);
	return c->text;
}

/* --- rows in bulk --------------------------------------------------------------------------------------------------------- */

/* The columns of an array of rows, by their first row; the library adds row_size for each further one. */
static void
bind_rows(struct query *query, const struct db_rows *rows, char *first)
{
	for (size_t c = 0; c < rows->n_columns; c++) {
		const struct db_column *column = &rows->columns[c];
		bool is_number = column->type == DB_INT;

		query->params[c] = (MYSQL_BIND){
			.buffer_type = is_number ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING,
			.buffer = first + column->at,
		};
		if (!is_number)
			query->params[c].length = (unsigned long *)(void *)(first + column->len_at);
	}
}

static int
put_array(struct db_stmt *q, const struct db_rows *rows, char *room, unsigned n)
{
	struct query *query = query_of(q);
	size_t row_size = rows->row_size;

	bind_rows(query, rows, room);
	if (mysql_stmt_attr_set(query->stmt, STMT_ATTR_ARRAY_SIZE, &n) != 0 ||
	    mysql_stmt_attr_set(query->stmt, STMT_ATTR_ROW_SIZE, &row_size) != 0 ||
	    mysql_stmt_bind_param(query->stmt, query->params) != 0 ||
	    mysql_stmt_execute(query->stmt) != 0)
		return mysql_failed(q->db, query->stmt);
	return NM_OK;
}

int
mysql_put_rows(struct db *db, const struct db_rows *rows, size_t n, const void *ctx)
{
	size_t block = n < ROWS_AT_ONCE ? n : ROWS_AT_ONCE;
	char *room = db_rows_room(db, rows, block);
	struct db_stmt *q;

	if (!mysql_link_of(db)->arrays)
		return db_put_rows_by_many(db, rows, n, ctx);
	if (!room)
		return NM_ESTORE;
	int rc = db_query(db, rows->one, &q);
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < n && rc == NM_OK; at += block) {
		size_t here = n - at < block ? n - at : block;

		for (size_t i = 0; i < here; i++)
			rows->fill(ctx, at + i, room + i * rows->row_size);
		rc = put_array(q, rows, room, (unsigned)here);
	}
	db_done(q);
	return rc;
}
