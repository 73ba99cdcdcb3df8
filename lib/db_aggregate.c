/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The aggregator's memory, its reading of flows, and usage by minute and hour. */
#include "lib/db_aggregate.h"

#include "lib/db_sql.h"
#include "lib/err.h"

static const char *const number_names[] = {
	[AGGREGATE_END] = "window_end",    [AGGREGATE_GENERATION] = "generation",
	[AGGREGATE_BUILDING] = "building", [AGGREGATE_FLOW] = "flow",
	[AGGREGATE_GROUPS] = "groups",
};

int
db_aggregate_get(struct db *db, enum aggregate_number number, int64_t *ret_value)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT value FROM aggregate_state WHERE name = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, number_names[number]);
	rc = db_step(q);
	*ret_value = rc > 0 ? db_column_int(q, 0) : 0;
	db_done(q);
	return rc < 0 ? rc : NM_OK;
}

int
db_aggregate_set(struct db *db, enum aggregate_number number, int64_t value)
{
	struct db_stmt *q;
	int rc = db_query(db,
	                  "INSERT INTO aggregate_state (name, value) VALUES (?, ?) "
	                  "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, number_names[number]);
	db_bind_int(q, 2, value);
	return db_finish(q);
}
