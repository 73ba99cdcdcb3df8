/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Windows of one series, hosts and applications by name. */
#include "lib/db_aggregate.h"
#include "lib/db_sql.h"
#include "lib/db_usage.h"
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

#define SLOTS_MAX_S 21600u /* windows up to this length are summed by the minute */

int
db_usage_end(struct db *db, uint32_t *ret_end_s)
{
	int64_t end;
	int rc = db_aggregate_get(db, AGGREGATE_END, &end);

	if (rc == NM_OK)
		*ret_end_s = (uint32_t)end;
	return rc;
}

/* The subject of usage_minute that a host, a group or neither is. NM_ENOTFOUND: a host that was never seen, a group
 * that cannot be. */
static int
find_subject(struct db *db, const char *host, int64_t group, int64_t *ret_subject)
{
	struct db_stmt *q;

	*ret_subject = group > 0 ? -group : AGGREGATE_TOTAL;
	if (!host)
		return group == 0 ? NM_ENOTFOUND : NM_OK;
	int rc = db_query(db, "SELECT id FROM ip WHERE addr = ?", &q);
	if (rc < 0)
		return rc;
	db_bind_text(q, 1, host);
	rc = db_step(q);
	if (rc > 0)
		*ret_subject = db_column_int(q, 0);
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}

/*
 * One seek for each slot: the key begins with the slot, and a window's other subjects must not be walked over. The two
 * statements differ in table and step; the parameters are first slot, end, generation, subject, application twice.
 */
#define WINDOW(table, column, step)                                                       \
	"WITH RECURSIVE slot (at) AS (SELECT ? UNION ALL SELECT at + " step               \
	" FROM slot WHERE at + " step " < ?) "                                            \
	"SELECT coalesce(sum(u.in_octets), 0), coalesce(sum(u.out_octets), 0) FROM slot " \
	"CROSS JOIN " table " u WHERE u.generation = ? AND u." column " = slot.at "       \
	"AND u.subject = ? AND (? < 0 OR u.application = ?)"

struct window {
	uint32_t from;
	uint32_t end;
	int64_t generation;
	int64_t subject;
	int32_t app;
};

static int
sum_window(struct db *db, const struct window *w, uint64_t *ret_in, uint64_t *ret_out)
{
	bool minutes = w->end - w->from <= SLOTS_MAX_S;
	struct db_stmt *q;
	int rc = db_query(db,
	                  minutes ? WINDOW("usage_minute", "minute", "60")
	                          : WINDOW("usage_hour", "hour", "3600"),
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, minutes ? w->from : w->from - w->from % 3600);
	db_bind_int(q, 2, w->end);
	db_bind_int(q, 3, w->generation);
	db_bind_int(q, 4, w->subject);
	db_bind_int(q, 5, w->app);
	db_bind_int(q, 6, w->app);
	rc = db_step(q);
	if (rc > 0) {
		*ret_in = (uint64_t)db_column_int(q, 0);
		*ret_out = (uint64_t)db_column_int(q, 1);
	}
	db_done(q);
	return rc > 0 ? NM_OK : NM_ESTORE;
}

/* NOLINTBEGIN(readability-function-size): seven plain values read better than a struct at each call */
int
db_usage_window(struct db *db, const char *host, int64_t group, int32_t app, uint32_t window_s,
                uint64_t *ret_in_octets, uint64_t *ret_out_octets)
{
	struct window w = { .app = app };

	*ret_in_octets = *ret_out_octets = 0;
	if (host && group >= 0)
		return NM_EFORMAT;
	int rc = db_usage_end(db, &w.end);
	if (rc == NM_OK)
		rc = db_aggregate_get(db, AGGREGATE_GENERATION, &w.generation);
	if (rc == NM_OK)
		rc = find_subject(db, host, group, &w.subject);
	if (rc == NM_ENOTFOUND)
		return NM_OK; /* a host without traffic */
	if (rc < 0 || w.end < window_s || window_s < 60)
		return rc;
	w.from = w.end - window_s + window_s % 60;
	return sum_window(db, &w, ret_in_octets, ret_out_octets);
}
/* NOLINTEND(readability-function-size) */

static void
read_app(struct db_stmt *q, struct application *app)
{
	app->id = (uint16_t)db_column_int(q, 0);
	db_column_copy(q, 1, app->name, sizeof(app->name));
	db_column_copy(q, 2, app->category, sizeof(app->category));
	app->colour = (uint32_t)db_column_int(q, 3);
	app->colour_dark = (uint32_t)db_column_int(q, 4);
}

int
db_app_get(struct db *db, uint16_t id, struct application *ret_app)
{
	struct db_stmt *q;
	int rc = db_query(
	    db, "SELECT id, name, category, colour, colour_dark FROM application WHERE id = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, id);
	rc = db_step(q);
	if (rc > 0)
		read_app(q, ret_app);
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}

int
db_app_each(struct db *db, int (*each)(void *ctx, const struct application *app), void *ctx)
{
	struct application app;
	struct db_stmt *q;
	int rc = db_query(db,
	                  "SELECT id, name, category, colour, colour_dark FROM application "
	                  "ORDER BY lower(name), id",
	                  &q);

	if (rc < 0)
		return rc;
	while ((rc = db_step(q)) > 0) {
		read_app(q, &app);
		rc = each(ctx, &app);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

int
db_host_get(struct db *db, const char *addr, uint32_t *ret_first_seen, uint32_t *ret_last_seen)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT first_seen, last_seen FROM ip WHERE addr = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, addr);
	rc = db_step(q);
	if (rc > 0) {
		*ret_first_seen = (uint32_t)db_column_int(q, 0);
		*ret_last_seen = (uint32_t)db_column_int(q, 1);
	}
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}

int
db_host_search(struct db *db, const char *text, size_t limit,
               int (*each)(void *ctx, const char *addr), void *ctx)
{
	struct db_stmt *q;
	int rc = db_query(db,
	                  "SELECT addr FROM ip WHERE instr(addr, ?) > 0 "
	                  "ORDER BY instr(addr, ?) > 1, addr_key LIMIT ?",
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, text);
	db_bind_text(q, 2, text);
	db_bind_int(q, 3, (int64_t)limit);
	while ((rc = db_step(q)) > 0) {
		rc = each(ctx, db_column_text(q, 0));
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}
