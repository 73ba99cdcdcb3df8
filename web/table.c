/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of usage: rows of three windows merged and sorted. table_write.c prints it. */
#include "web/table.h"

#include "lib/err.h"
#include "web/query.h"

#include <stdlib.h>
#include <string.h>

const enum usage_period table_windows[TABLE_WINDOWS] = { USAGE_CURR, USAGE_1HR, USAGE_6HR };

/* db_usage_each()'s context: rows of one window are appended, merge() puts those of one key together. */
struct loading {
	struct table *table;
	size_t window;
};

static struct table_row *
append(struct table *t)
{
	if (t->n == t->size) {
		size_t size = t->size ? t->size * 2 : 64;
		struct table_row *rows = reallocarray(t->rows, size, sizeof(*rows));

		if (!rows)
			return NULL;
		t->rows = rows;
		t->size = size;
	}
	memset(&t->rows[t->n], 0, sizeof(t->rows[t->n]));
	return &t->rows[t->n++];
}

static int
take_row(void *ctx, const struct usage_row *row)
{
	struct loading *loading = ctx;
	struct table *t = loading->table;

	if (row->app.id == APP_OVERFLOW) {
		t->overflow[loading->window] += row->transit_octets;
		return 0;
	}
	struct table_row *r = append(t);
	if (!r)
		return -ENOMEM;
	r->key = *row;
	r->in[loading->window] = row->in_octets;
	r->out[loading->window] = row->out_octets;
	t->sum_in[loading->window] += row->in_octets;
	t->sum_out[loading->window] += row->out_octets;
	t->transit[loading->window] += row->transit_octets;
	return 0;
}

static int
compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Order of identity, one function a kind. */
static int
compare_app(const struct usage_row *a, const struct usage_row *b)
{
	return (a->app.id > b->app.id) - (a->app.id < b->app.id);
}

static int
compare_host(const struct usage_row *a, const struct usage_row *b)
{
	return strcmp(a->addr, b->addr);
}

static int
compare_group(const struct usage_row *a, const struct usage_row *b)
{
	return (a->group > b->group) - (a->group < b->group);
}

static int
compare_peer(const struct usage_row *a, const struct usage_row *b)
{
	int by_peer = strcmp(a->peer, b->peer);

	if (by_peer)
		return by_peer;
	return compare_u64((uint64_t)a->protocol << 32 | (uint64_t)a->port << 16 | a->peer_port,
	                   (uint64_t)b->protocol << 32 | (uint64_t)b->port << 16 | b->peer_port);
}

static int (*const compare_key[])(const struct usage_row *, const struct usage_row *) = {
	[USAGE_APPS] = compare_app,
	[USAGE_HOSTS] = compare_host,
	[USAGE_GROUPS] = compare_group,
	[USAGE_UNKNOWN] = compare_peer,
};

static int
compare_rows_by_key(const void *a, const void *b, void *kind)
{
	const struct table_row *left = a, *right = b;

	return compare_key[*(const enum usage_table *)kind](&left->key, &right->key);
}

/* Adds up the rows of one key, which are of different windows. */
static void
merge(struct table *t, enum usage_table kind)
{
	size_t n = 0;

	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows_by_key, &kind);
	for (size_t i = 0; i < t->n; i++) {
		if (n && compare_key[kind](&t->rows[n - 1].key, &t->rows[i].key) == 0) {
			for (size_t w = 0; w < TABLE_WINDOWS; w++) {
				t->rows[n - 1].in[w] += t->rows[i].in[w];
				t->rows[n - 1].out[w] += t->rows[i].out[w];
			}
		} else {
			t->rows[n++] = t->rows[i];
		}
	}
	t->n = n;
}

int
table_load(struct db *db, const struct usage_query *query, struct table *ret_table)
{
	struct usage_query q = *query;
	struct loading loading = { .table = ret_table };

	memset(ret_table, 0, sizeof(*ret_table));
	q.sort = USAGE_BY_TOTAL;
	q.ascending = false;
	q.limit = TABLE_ROWS_MAX;
	for (size_t w = 0; w < TABLE_WINDOWS; w++) {
		q.period = table_windows[w];
		loading.window = w;
		int rc = db_usage_each(db, &q, take_row, &loading);
		if (rc != NM_OK)
			return rc;
	}
	merge(ret_table, q.table);
	return NM_OK;
}

int
table_add(struct table *t, enum usage_table kind, const struct usage_row *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (compare_key[kind](&t->rows[i].key, key) == 0)
			return NM_OK;
	struct table_row *r = append(t);
	if (!r)
		return -ENOMEM;
	r->key = *key;
	return NM_OK;
}

struct sorting {
	enum usage_table kind;
	unsigned column;
	unsigned order;
};

/* Addresses in numeric order, not that of their text. */
static int
compare_addresses(const char *a, const char *b)
{
	struct addr left = { .b = { 0 } }, right = { .b = { 0 } };

	(void)addr_parse(a, &left);
	(void)addr_parse(b, &right);
	return addr_compare(&left, &right);
}

static int
compare_names(enum usage_table kind, const struct usage_row *a, const struct usage_row *b)
{
	switch (kind) {
	case USAGE_APPS:
		return strcasecmp(a->app.name, b->app.name);
	case USAGE_GROUPS:
		return strcasecmp(a->group_name, b->group_name);
	case USAGE_HOSTS:
		return compare_addresses(a->addr, b->addr);
	case USAGE_UNKNOWN:
		break;
	}
	int by_peer = compare_addresses(a->peer, b->peer);
	return by_peer ? by_peer : compare_peer(a, b);
}

static int
compare_shares(const struct table_row *a, const struct table_row *b)
{
	for (size_t w = 0; w < TABLE_WINDOWS; w++) {
		int c = compare_u64(a->in[w] + a->out[w], b->in[w] + b->out[w]);
		if (c)
			return c;
	}
	return 0;
}

static int
compare_column(unsigned column, const struct table_row *a, const struct table_row *b)
{
	if (column < COLUMN_IN_5M)
		return compare_shares(a, b);
	size_t w = (column - COLUMN_IN_5M) / 2;
	return (column - COLUMN_IN_5M) % 2 ? compare_u64(a->out[w], b->out[w])
	                                   : compare_u64(a->in[w], b->in[w]);
}

static int
compare_rows(const void *a, const void *b, void *ctx)
{
	const struct sorting *s = ctx;
	const struct table_row *left = a, *right = b;
	int sign = s->order == ORDER_ASC ? 1 : -1;

	if (s->column == COLUMN_NAME)
		return sign * compare_names(s->kind, &left->key, &right->key);
	int c = compare_column(s->column, left, right);
	return c ? sign * c : compare_names(s->kind, &left->key, &right->key);
}

void
table_sort(struct table *t, enum usage_table kind, unsigned column, unsigned order)
{
	struct sorting s = { .kind = kind, .column = column, .order = order };

	if (t->n)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, &s);
}

void
table_free(struct table *t)
{
	free(t->rows);
	*t = (struct table){ 0 };
}
