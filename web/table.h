/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of usage: the same rows over three windows (5 minutes, 1 hour, 6 hours) side by side, sorted by any column.
 *
 * Life cycle: table_load(), table_sort(), table_write() any number of times, table_free(). Caller's thread only.
 */
#ifndef NETMON_WEB_TABLE_H
#define NETMON_WEB_TABLE_H

#include "lib/db_usage.h"
#include "web/web.h"

#include <stddef.h>
#include <stdint.h>

#define TABLE_WINDOWS  3
#define TABLE_ROWS_MAX 10000 /* rows that "show all" shows; db_usage_each()'s own limit */
#define TABLE_ROWS_FEW 10

/* The windows' lengths in seconds. */
extern const enum usage_period table_windows[TABLE_WINDOWS];

struct table_row {
	struct usage_row key;        /* who; its counters are not used */
	uint64_t in[TABLE_WINDOWS];  /* octets */
	uint64_t out[TABLE_WINDOWS]; /* octets */
};

struct table {
	struct table_row *rows; /* owned */
	size_t n;
	size_t size;                     /* rows that fit into the block */
	uint64_t sum_in[TABLE_WINDOWS];  /* over all rows */
	uint64_t sum_out[TABLE_WINDOWS]; /* over all rows */
	/* of applications in total only: */
	uint64_t transit[TABLE_WINDOWS];  /* octets between hosts in no group */
	uint64_t overflow[TABLE_WINDOWS]; /* octets that found a probe's flow table full: no row */
};

/* Reads `query` over each window (its period, order and limit are ignored). 0, -ENOMEM or NM_ESTORE. On success and on
 * failure the caller owns *ret_table. */
int table_load(struct db *db, const struct usage_query *query, struct table *ret_table);
/* A row without traffic, unless there is one of the same key (db_usage.h's table `kind`). -ENOMEM. */
int table_add(struct table *t, enum usage_table kind, const struct usage_row *key);
/* By enum column and enum order; what is equal is ordered by name. COLUMN_SHARE is the traffic of the shortest window,
 * then of the longer ones. */
void table_sort(struct table *t, enum usage_table kind, unsigned column, unsigned order);
void table_free(struct table *t);

/* A line below a group's name. */
struct table_note {
	uint32_t group;
	char text[160];
};

/* How a table is printed. */
struct table_view {
	enum usage_table kind;
	unsigned show; /* enum show that shows all of its rows; its name is the element's id too */
	const char *heading;      /* plain text */
	const char *name_heading; /* of the first column */
	const char *empty;        /* plain text: what to do when there are no rows */
	/* the page's own group and application, which rows' links keep; -1 for none */
	int64_t group;
	int32_t app;
	uint64_t whole; /* octets in the shortest window of which a row has a share */
	const struct table_note *notes; /* ordered by group; NULL for none */
	size_t n_notes;
};

/* The sorted table as markup behind what is in `out`. */
void table_write(const struct web *web, const struct request *req, const struct table *t,
                 const struct table_view *view, struct buf *out);

#endif
