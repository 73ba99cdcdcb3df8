/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened to probes that somebody should look at. */
#include "lib/db_event.h"

#include "lib/db_sql.h"
#include "lib/err.h"

#include <string.h>

static int
walk(struct db_stmt *q, int (*each)(void *ctx, const struct probe_event *event), void *ctx)
{
	struct probe_event e;
	int rc, stop = 0;

	while (stop == 0 && (rc = db_step(q)) > 0) {
		memset(&e, 0, sizeof(e));
		e.id = db_column_int(q, 0);
		e.at_s = (uint32_t)db_column_int(q, 1);
		db_column_copy(q, 2, e.probe, sizeof(e.probe));
		db_column_copy(q, 3, e.event, sizeof(e.event));
		db_column_copy(q, 4, e.detail, sizeof(e.detail));
		stop = each(ctx, &e);
	}
	db_done(q);
	return stop != 0 ? stop : rc;
}

int
db_event_newest(struct db *db, size_t limit,
                int (*each)(void *ctx, const struct probe_event *event), void *ctx)
{
	struct db_stmt *q;

	if (db_query(db,
	             "SELECT id, at, probe, event, detail FROM probe_event "
	             "ORDER BY id DESC LIMIT ?",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, (int64_t)limit);
	return walk(q, each, ctx);
}

int
db_event_after(struct db *db, int64_t after, size_t limit,
               int (*each)(void *ctx, const struct probe_event *event), void *ctx)
{
	struct db_stmt *q;

	if (db_query(db,
	             "SELECT id, at, probe, event, detail FROM probe_event "
	             "WHERE id > ? AND event <> 'accepted' ORDER BY probe, id LIMIT ?",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, after);
	db_bind_int(q, 2, (int64_t)limit);
	return walk(q, each, ctx);
}
