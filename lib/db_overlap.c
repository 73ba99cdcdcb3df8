/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The newest flows with the names of their links. */
#include "lib/db_overlap.h"

#include "lib/db_sql.h"
#include "lib/err.h"

#include <string.h>

/* False when the row, which somebody else wrote, has addresses that are none. */
static bool
read_row(struct db_stmt *q, struct db_overlap_flow *f)
{
	struct record *r = &f->record;
	unsigned fraction = (unsigned)db_column_int(q, 8);

	memset(f, 0, sizeof(*f));
	f->link_id = db_column_int(q, 0);
	db_column_copy(q, 1, f->probe, sizeof(f->probe));
	db_column_copy(q, 2, f->link, sizeof(f->link));
	r->sport = (uint16_t)db_column_int(q, 5);
	r->dport = (uint16_t)db_column_int(q, 6);
	r->protocol = (uint8_t)db_column_int(q, 7);
	r->start_frac = (uint8_t)(fraction >> 8);
	r->end_frac = (uint8_t)fraction;
	r->started = (uint32_t)db_column_int(q, 9);
	r->expires = (uint32_t)db_column_int(q, 10);
	return addr_parse(db_column_text(q, 3), &r->saddr) == NM_OK &&
	       addr_parse(db_column_text(q, 4), &r->daddr) == NM_OK;
}

int
db_overlap_each(struct db *db, size_t newest,
                int (*each)(void *ctx, const struct db_overlap_flow *flow), void *ctx)
{
	struct db_overlap_flow flow;
	struct db_stmt *q;
	int rc, stop = 0;

	rc = db_query(db,
	              "SELECT l.id, p.name, l.name, f.saddr, f.daddr, f.sport, f.dport, "
	              "f.protocol, f.fraction, f.started, f.expires FROM flow f "
	              "JOIN link l ON l.id = f.link JOIN probe p ON p.id = l.probe "
	              "WHERE f.id > (SELECT coalesce(max(id), 0) FROM flow) - ? "
	              "AND f.duplicate = 0 ORDER BY f.id",
	              &q);
	if (rc < 0)
		return rc;
	db_bind_int(q, 1, (int64_t)newest);
	while (stop == 0 && (rc = db_step(q)) > 0)
		if (read_row(q, &flow))
			stop = each(ctx, &flow);
	db_done(q);
	return stop != 0 ? stop : rc;
}
