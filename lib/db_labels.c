/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The versions of the labels. */
#include "lib/db_labels.h"

#include "lib/db_sql.h"
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

/* 1 when the newest version of the probe is this one. */
static int
is_newest(struct db *db, int64_t probe, uint32_t labels)
{
	struct db_stmt *q;

	if (db_query(db,
	             "SELECT labels FROM label_version WHERE probe = ? ORDER BY since DESC LIMIT 1",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	int rc = db_step(q);
	int same = rc > 0 && db_column_int(q, 0) == labels;
	db_done(q);
	return rc < 0 ? rc : same;
}

static int
put(struct db *db, int64_t probe, uint32_t labels, uint32_t now_s)
{
	struct db_stmt *q;

	if (db_query(db,
	             "INSERT INTO label_version (probe, since, labels) VALUES (?, ?, ?) "
	             "ON CONFLICT (probe, since) DO UPDATE SET labels = excluded.labels",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	db_bind_int(q, 2, now_s);
	db_bind_int(q, 3, labels);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

static int
forget_oldest(struct db *db, int64_t probe)
{
	struct db_stmt *q;

	if (db_query(db,
	             "DELETE FROM label_version WHERE probe = ? AND since <= (SELECT since FROM "
	             "(SELECT since FROM label_version WHERE probe = ? ORDER BY since DESC "
	             "LIMIT 1 OFFSET ?) oldest)",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	db_bind_int(q, 2, probe);
	db_bind_int(q, 3, DB_LABELS_KEPT);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

int
db_labels_add(struct db *db, int64_t probe, uint32_t labels, uint32_t now_s)
{
	int rc = is_newest(db, probe, labels);

	if (rc != 0)
		return rc < 0 ? rc : NM_OK;
	rc = put(db, probe, labels, now_s);
	return rc < 0 ? rc : forget_oldest(db, probe);
}

int
db_labels_put(struct db *db, int64_t probe, uint32_t labels, uint32_t now_s)
{
	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	if (db_labels_add(db, probe, labels, now_s) == NM_OK && db_commit(db) == 0)
		return NM_OK;
	db_rollback(db);
	return NM_ESTORE;
}

int
db_labels_each(struct db *db, uint32_t since_s,
               int (*each)(void *ctx, const struct labels_version *version), void *ctx)
{
	struct labels_version v;
	struct db_stmt *q;
	int rc, stop = 0;

	if (db_query(
		db,
		"SELECT p.name, l.since, l.labels FROM label_version l JOIN probe p ON p.id = l.probe "
		"WHERE l.since >= ? AND (? = 0 OR EXISTS (SELECT 1 FROM label_version o "
		"WHERE o.probe = l.probe AND o.since < l.since)) ORDER BY l.since DESC, p.name",
		&q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, since_s);
	db_bind_int(q, 2, since_s);
	while (stop == 0 && (rc = db_step(q)) > 0) {
		memset(&v, 0, sizeof(v));
		(void)snprintf(v.probe, sizeof(v.probe), "%s", db_column_text(q, 0));
		v.since_s = (uint32_t)db_column_int(q, 1);
		v.labels = (uint32_t)db_column_int(q, 2);
		stop = each(ctx, &v);
	}
	db_done(q);
	return stop != 0 ? stop : rc;
}
