/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loss ledger by link, and coverage. */
#include "lib/db_ledger.h"

#include "lib/db_sql.h"
#include "lib/err.h"

int64_t
link_ledger_gap(const struct link_ledger *ledger)
{
	int64_t gap = (int64_t)ledger->packets[LEDGER_SEEN];

	for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++) {
		enum ledger_kind kind = ledger_cause_kind(cause);
		if (kind == LEDGER_KIND_METERED || kind == LEDGER_KIND_LOST ||
		    kind == LEDGER_KIND_LEFT_OUT)
			gap -= (int64_t)ledger->packets[cause];
	}
	return gap;
}

/* --- by link ---------------------------------------------------------------------------------------------------------- */

static const char ledger_sql[] =
    "SELECT l.id, p.name, l.name, p.last_seen, coalesce(g.cause, 0), coalesce(sum(g.packets), 0), "
    "coalesce(sum(g.octets), 0) FROM link l JOIN probe p ON p.id = l.probe "
    "LEFT JOIN ledger g ON g.link = l.id AND g.minute >= ? AND g.minute < ? "
    "GROUP BY p.name, l.name, l.id, g.cause ORDER BY p.name, l.name, l.id";

/* Begins a link, or adds a cause to it. */
static void
take_row(struct db_stmt *q, struct link_ledger *l)
{
	int64_t cause = db_column_int(q, 4);

	if (l->id != db_column_int(q, 0)) {
		*l = (struct link_ledger){ .id = db_column_int(q, 0),
			                   .last_seen_s = (uint32_t)db_column_int(q, 3) };
		db_column_copy(q, 1, l->probe, sizeof(l->probe));
		db_column_copy(q, 2, l->link, sizeof(l->link));
	}
	if (cause > 0 && cause < LEDGER_CAUSE_MAX) {
		l->packets[cause] = (uint64_t)db_column_int(q, 5);
		l->octets[cause] = (uint64_t)db_column_int(q, 6);
	}
}

int
db_ledger_each(struct db *db, enum usage_period period,
               int (*each)(void *ctx, const struct link_ledger *ledger), void *ctx)
{
	struct link_ledger l = { 0 };
	struct db_stmt *q;
	uint32_t end;
	int rc = db_usage_end(db, &end), stop = 0;

	if (rc == NM_OK)
		rc = db_query(db, ledger_sql, &q);
	if (rc != NM_OK)
		return rc;
	db_bind_int(q, 1, (int64_t)end - period);
	db_bind_int(q, 2, end);
	while (stop == 0 && (rc = db_step(q)) > 0) {
		if (l.id && l.id != db_column_int(q, 0))
			stop = each(ctx, &l);
		take_row(q, &l);
	}
	db_done(q);
	if (stop == 0 && rc == NM_OK && l.id)
		stop = each(ctx, &l);
	return stop != 0 ? stop : rc;
}

/* --- coverage --------------------------------------------------------------------------------------------------------- */

/* True for what happened to a packet before it could be drawn for a sample or left out of it. */
static bool
is_before_sampling(unsigned cause)
{
	return cause == LEDGER_KERNEL_DROPPED || cause == LEDGER_IF_DROPPED;
}

/* Packets that were looked at: all but what was dropped before and what was left out. */
static uint64_t
looked_at(const struct link_ledger *l)
{
	uint64_t n = l->packets[LEDGER_METERED] + l->packets[LEDGER_NOT_IP];

	for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++)
		if (ledger_cause_kind(cause) == LEDGER_KIND_LOST && !is_before_sampling(cause))
			n += l->packets[cause];
	return n;
}

/* What packets that were looked at stand for. */
static uint64_t
scaled(uint64_t packets, uint64_t looked, uint64_t left_out)
{
	if (!left_out || !looked)
		return packets;
	return packets + (uint64_t)((double)packets * (double)left_out / (double)looked);
}

static int
add_link(void *ctx, const struct link_ledger *l)
{
	struct usage_coverage *c = ctx;
	uint64_t left_out = l->packets[LEDGER_SAMPLED_OUT], looked = looked_at(l);
	uint64_t metered = scaled(l->packets[LEDGER_METERED], looked, left_out);
	/* metered, but then the probe's export queue was full: the store never saw it. Records are scaled already */
	uint64_t dropped = l->packets[LEDGER_EXPORT_DROPPED];

	c->links += l->packets[LEDGER_SEEN] || metered;
	c->metered += metered > dropped ? metered - dropped : 0;
	c->overflow += scaled(l->packets[LEDGER_TABLE_OVERFLOW], looked, left_out);
	c->carried += metered;
	for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++)
		if (ledger_cause_kind(cause) == LEDGER_KIND_LOST)
			c->carried += is_before_sampling(cause)
			                  ? l->packets[cause]
			                  : scaled(l->packets[cause], looked, left_out);
	if (!left_out || !looked)
		return 0;
	uint64_t sampling = (looked + left_out + looked / 2) / looked;
	c->sampled_links++;
	if (sampling > c->sampling)
		c->sampling = sampling < UINT16_MAX ? (unsigned)sampling : UINT16_MAX;
	return 0;
}

int
db_coverage(struct db *db, enum usage_period period, struct usage_coverage *ret_coverage)
{
	struct usage_coverage coverage = { .sampling = 1 };
	int rc = db_ledger_each(db, period, add_link, &coverage);

	if (rc == NM_OK)
		*ret_coverage = coverage;
	return rc;
}
