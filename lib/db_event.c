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
db_event_untold(struct db *db, const struct db_event_untold *untold,
                int (*each)(void *ctx, const struct probe_event *event), void *ctx)
{
	struct db_stmt *q;

	/* the log's row has the newest event that it tells of in the place of a rate */
	if (db_query(db,
	             "SELECT e.id, e.at, e.probe, e.event, e.detail FROM probe_event e "
	             "LEFT JOIN (SELECT name, max(rate_bps) AS told, max(at) AS told_at "
	             "FROM alert_log WHERE event = 'probe' AND at >= ? GROUP BY name) l "
	             "ON l.name = e.probe WHERE e.at >= ? AND e.event <> 'accepted' "
	             "AND e.id > coalesce(l.told, 0) AND coalesce(l.told_at, 0) <= ? "
	             "ORDER BY e.probe, e.id LIMIT ?",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, untold->since_s);
	db_bind_int(q, 2, untold->since_s);
	db_bind_int(q, 3, untold->quiet_s);
	db_bind_int(q, 4, (int64_t)untold->limit);
	return walk(q, each, ctx);
}
