/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loss ledger by link, and coverage. */
#include "lib/db_ledger.h"

#include "lib/db_aggregate.h"
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

int64_t
link_ledger_open(const struct link_ledger *l)
{
	return (int64_t)(l->packets[LEDGER_METERED] + l->packets[LEDGER_TABLE_OVERFLOW]) -
	       (int64_t)(l->packets[LEDGER_EXPORTED] + l->packets[LEDGER_EXPORT_DROPPED] +
	                 l->packets[LEDGER_CRASHED]);
}

static int64_t
missing(const uint64_t *counts)
{
	return (int64_t)counts[LEDGER_EXPORTED] -
	       (int64_t)(counts[LEDGER_STORED] + counts[LEDGER_SPOOL_DROPPED] +
	                 counts[LEDGER_SPOOL_DAMAGED]);
}

int64_t
link_ledger_missing(const struct link_ledger *ledger)
{
	return missing(ledger->packets);
}

int64_t
link_ledger_missing_octets(const struct link_ledger *ledger)
{
	return missing(ledger->octets);
}

/* --- sums ------------------------------------------------------------------------------------------------------------- */

/* A probe may claim what it likes, and sum() fails as a whole when 63 bits are too few: so both halves of the numbers are added
 * up apart. */
#define HIGH(value)   value " >> 20"
#define LOW(value)    value " & 1048575"
#define HALVES(value) "coalesce(sum(" HIGH(value) "), 0), coalesce(sum(" LOW(value) "), 0)"
/* What is more is a lie, and all causes of a link add up to less than 63 bits. */
#define SUM_MAX (UINT64_C(1) << 56)

/* The number whose halves begin at a column. */
static uint64_t
column_sum(struct db_stmt *q, int at)
{
	uint64_t high = (uint64_t)db_column_int(q, at), low = (uint64_t)db_column_int(q, at + 1);

	if (high >= SUM_MAX >> 20 || low >= SUM_MAX)
		return SUM_MAX;
	return (high << 20) + low < SUM_MAX ? (high << 20) + low : SUM_MAX;
}

/* --- by minute, and over a life --------------------------------------------------------------------------------------- */

/* Rows: link, probe, link's name, last seen, minute, cause, halves of packets and of octets; those that belong together come together. */
static int
walk(struct db_stmt *q, int (*each)(void *ctx, const struct link_ledger *ledger), void *ctx)
{
	struct link_ledger l = { 0 };
	int rc, stop = 0;

	while (stop == 0 && (rc = db_step(q)) > 0) {
		int64_t cause = db_column_int(q, 5);

		if (l.id != db_column_int(q, 0) || l.minute_s != (uint32_t)db_column_int(q, 4)) {
			stop = l.id ? each(ctx, &l) : 0;
			l = (struct link_ledger){ .id = db_column_int(q, 0),
				                  .last_seen_s = (uint32_t)db_column_int(q, 3),
				                  .minute_s = (uint32_t)db_column_int(q, 4) };
			db_column_copy(q, 1, l.probe, sizeof(l.probe));
			db_column_copy(q, 2, l.link, sizeof(l.link));
		}
		if (cause >= 0 && cause < LEDGER_CAUSE_MAX) {
			l.packets[cause] = column_sum(q, 6);
			l.octets[cause] = column_sum(q, 8);
		}
	}
	db_done(q);
	if (stop == 0 && rc == NM_OK && l.id)
		stop = each(ctx, &l);
	return stop != 0 ? stop : rc;
}

int
db_ledger_minutes(struct db *db, uint32_t from_s, uint32_t until_s,
                  int (*each)(void *ctx, const struct link_ledger *ledger), void *ctx)
{
	struct db_stmt *q;

	if (db_query(
		db,
		"SELECT l.id, p.name, l.name, p.last_seen, x.minute, x.cause, " HIGH("x.packets") ", " LOW("x.packets") ", " HIGH(
		    "x.octets") ", " LOW("x.octets") " FROM (SELECT link, minute, cause, packets, octets FROM ledger "
						     "WHERE minute >= ? AND minute < ? UNION ALL "
						     "SELECT link, expires - expires % 60, 0, sum(packets), sum(octets) FROM flow "
						     "WHERE expires >= ? AND expires < ? GROUP BY link, expires - expires % 60) x "
						     "JOIN link l ON l.id = x.link JOIN probe p ON p.id = l.probe "
						     "ORDER BY p.name, l.name, l.id, x.minute, x.cause",
		&q) < 0)
		return NM_ESTORE;
	for (int i = 0; i < 2; i++) {
		db_bind_int(q, 2 * i + 1, from_s);
		db_bind_int(q, 2 * i + 2, until_s);
	}
	return walk(q, each, ctx);
}

int
db_ledger_life(struct db *db, int (*each)(void *ctx, const struct link_ledger *ledger), void *ctx)
{
	struct db_stmt *q;

	if (db_query(
		db,
		"SELECT l.id, p.name, l.name, p.last_seen, (SELECT min(m.minute) FROM ledger m "
		"WHERE m.link = l.id), g.cause, " HALVES("g.packets") ", " HALVES(
		    "g.octets") " "
				"FROM ledger g "
				"JOIN link l ON l.id = g.link JOIN probe p ON p.id = l.probe "
				"GROUP BY l.id, p.name, l.name, p.last_seen, g.cause "
				"ORDER BY p.name, l.name, l.id, g.cause",
		&q) < 0)
		return NM_ESTORE;
	return walk(q, each, ctx);
}

int
db_ledger_whole_since(struct db *db, uint32_t *ret_minute_s)
{
	int64_t removed;
	int rc = db_aggregate_get(db, AGGREGATE_REMOVED, &removed);

	if (rc == NM_OK)
		*ret_minute_s = removed > 0 ? (uint32_t)(removed - removed % 60 + 60) : 0;
	return rc;
}

/* --- by link ---------------------------------------------------------------------------------------------------------- */

static const char ledger_sql[] =
    "SELECT l.id, p.name, l.name, p.last_seen, coalesce(g.cause, 0), " HALVES("g.packets") ", " HALVES(
	"g.octets") " FROM link l JOIN probe p ON p.id = l.probe "
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
		l->packets[cause] = column_sum(q, 5);
		l->octets[cause] = column_sum(q, 7);
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
	return cause == LEDGER_KERNEL_DROPPED || cause == LEDGER_IF_DROPPED || cause == LEDGER_GAP;
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

void
usage_coverage_add(struct usage_coverage *c, const struct link_ledger *l)
{
	uint64_t left_out = l->packets[LEDGER_SAMPLED_OUT], looked = looked_at(l);
	uint64_t metered = scaled(l->packets[LEDGER_METERED], looked, left_out);
	/* metered, but then the store never saw it: the probe's queue or its spool was full, its disk was damaged, it crashed.
	 * Records are scaled already */
	uint64_t dropped = l->packets[LEDGER_EXPORT_DROPPED] + l->packets[LEDGER_SPOOL_DROPPED] +
	                   l->packets[LEDGER_SPOOL_DAMAGED] + l->packets[LEDGER_CRASHED];

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
		return;
	uint64_t sampling = (looked + left_out + looked / 2) / looked;
	c->sampled_links++;
	if (sampling > c->sampling)
		c->sampling = sampling < UINT16_MAX ? (unsigned)sampling : UINT16_MAX;
}

static int
add_link(void *ctx, const struct link_ledger *l)
{
	usage_coverage_add(ctx, l);
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
