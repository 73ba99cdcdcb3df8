/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records as standard SQL text for a client at the other end of a pipe (mariadb, sqlite3, psql) whose database was made
 * from a file of schema/. No statement needs an answer. Order: sqltext_probe() once, sqltext_apps() and sqltext_labels() when they change,
 * sqltext_batch() any number of times; each is one transaction.
 *
 * The only text that comes from outside are names. They are printable ASCII by the export protocol; here quotes are
 * doubled, and what is not printable ASCII, and the backslash, which MySQL reads as an escape, becomes '_'.
 *
 * Errors show in the stream (ferror()); the caller flushes and checks before it believes that the text is out. One
 * thread per stream.
 */
#ifndef NETMON_LIB_SQLTEXT_H
#define NETMON_LIB_SQLTEXT_H

#include "lib/frame.h"

#include <stdio.h>

/* Rows of one INSERT. SQLite takes 500 SELECTs in a UNION by default; more would be no faster. */
#define SQLTEXT_ROWS_MAX 500

/* Who speaks. Nothing is copied. */
struct sqltext {
	FILE *out;
	const char *probe;        /* its name */
	const char *const *links; /* names by index, at least one */
	size_t n_links;
};

/* Makes the rows of the probe and of its links where they are missing. */
void sqltext_probe(const struct sqltext *sql, uint32_t now_s);

/* Makes rows of applications where their ids are missing; a row that is there keeps its name. */
void sqltext_apps(const struct sqltext *sql, const struct application *apps, size_t n);

/* Makes a row of the version of the labels where the probe's newest one is another. */
void sqltext_labels(const struct sqltext *sql, uint32_t labels, uint32_t now_s);

/* Flows, ledger and, when batch->sequence is not 0, the watermark. 0, or NM_EFORMAT (nothing was written) when a link is
 * outside n_links. */
int sqltext_batch(const struct sqltext *sql, const struct batch *batch, uint32_t now_s);

#endif
