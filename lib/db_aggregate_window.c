/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From usage by minute and hour to the tables that pages read. */
#include "lib/db_aggregate.h"

#include "lib/db_sql.h"
#include "lib/db_usage.h"
#include "lib/err.h"

#define HOUR   3600u
#define MINUTE 60u
/* Unknown traffic is read from the flows anew; with more flows than this a minute of age, the old table stays. */
#define UNKNOWN_FLOWS_A_MINUTE 30000

static const uint32_t periods[] = { USAGE_CURR, USAGE_1HR, USAGE_6HR, USAGE_24HR };

#define N_PERIODS (sizeof(periods) / sizeof(periods[0]))

static const char *const temporary_tables[] = {
	"CREATE TEMPORARY TABLE IF NOT EXISTS win (period BIGINT NOT NULL, "
	"subject BIGINT NOT NULL, application BIGINT NOT NULL, in_octets BIGINT NOT NULL, "
	"out_octets BIGINT NOT NULL, transit_octets BIGINT NOT NULL, in_packets BIGINT NOT "
	"NULL, "
	"out_packets BIGINT NOT NULL, transit_packets BIGINT NOT NULL)",
	"CREATE TEMPORARY TABLE IF NOT EXISTS win_unknown (period BIGINT NOT NULL, "
	"addr VARCHAR(45) NOT NULL, protocol BIGINT NOT NULL, port BIGINT NOT NULL, "
	"peer VARCHAR(45) NOT NULL, peer_port BIGINT NOT NULL, in_octets BIGINT NOT NULL, "
	"out_octets BIGINT NOT NULL, in_packets BIGINT NOT NULL, out_packets BIGINT NOT NULL)",
	"CREATE TEMPORARY TABLE IF NOT EXISTS win_unknown_period (period BIGINT NOT NULL)",
	"DELETE FROM win",
	"DELETE FROM win_unknown",
	"DELETE FROM win_unknown_period",
};

/* The pieces that a window is put together from; an empty piece has begin == end. */
struct pieces {
	uint32_t old_begin; /* minutes at its beginning */
	uint32_t old_end;
	uint32_t hours_begin; /* whole hours */
	uint32_t hours_end;
	uint32_t new_begin; /* minutes at its end */
	uint32_t new_end;
	uint32_t
	    part_hour; /* an hour that is in the window in part, of which no minutes are kept */
	uint32_t part; /* minutes of it that are */
};

static struct pieces
cut(uint32_t period, uint32_t end)
{
	uint32_t begin = end - period;
	struct pieces p = { .old_begin = begin, .old_end = end };

	if (period <= HOUR)
		return p;
	p.hours_begin = (begin + HOUR - 1) / HOUR * HOUR;
	p.hours_end = p.new_begin = end / HOUR * HOUR;
	p.new_end = end;
	p.old_end = p.hours_begin;
	if (period > AGGREGATE_MINUTES_S) {
		p.part_hour = begin / HOUR * HOUR;
		p.part = (p.hours_begin - begin) / MINUTE;
		p.old_end = p.old_begin;
	}
	return p;
}

#define SIX "in_octets, out_octets, transit_octets, in_packets, out_packets, transit_packets"
#define SUMS                                                                      \
	"sum(in_octets), sum(out_octets), sum(transit_octets), sum(in_packets), " \
	"sum(out_packets), sum(transit_packets)"
#define MINUTES                                                                            \
	"SELECT subject, application, " SIX " FROM usage_minute WHERE generation = ? AND " \
	"minute >= ? AND minute < ?"
#define HOURS                                                                            \
	"SELECT subject, application, " SIX " FROM usage_hour WHERE generation = ? AND " \
	"hour >= ? AND hour < ?"
#define PART                                                                               \
	"SELECT subject, application, in_octets * x.part / 60, out_octets * x.part / 60, " \
	"transit_octets * x.part / 60, in_packets * x.part / 60, "                         \
	"out_packets * x.part / 60, transit_packets * x.part / 60 FROM usage_hour "        \
	"CROSS JOIN (SELECT ? AS part) x WHERE generation = ? AND hour = ? AND x.part > 0"

static int
prepare_window(struct db *db, int64_t generation, uint32_t period, uint32_t end)
{
	struct pieces p = cut(period, end);
	struct db_stmt *q;
	int rc = db_query(db,
	                  "INSERT INTO win SELECT ?, subject, application, " SUMS " FROM (" MINUTES
	                  " UNION ALL " MINUTES " UNION ALL " HOURS " UNION ALL " PART ") y "
	                  "GROUP BY subject, application HAVING sum(in_octets + out_octets + "
	                  "transit_octets + in_packets + out_packets + transit_packets) > 0",
	                  &q);

	if (rc < 0)
		return rc;
	const int64_t values[] = { period,      generation, p.old_begin, p.old_end,     generation,
		                   p.new_begin, p.new_end,  generation,  p.hours_begin, p.hours_end,
		                   p.part,      generation, p.part_hour };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		db_bind_int(q, (int)i + 1, values[i]);
	return db_finish(q);
}

/* Unknown flows of some time. MySQL has no index of some rows only: there a column stands for it (schema/mysql.sql). */
#define UNKNOWN_SPAN       "f.application = 0 AND f.expires > ? AND f.expires <= ?"
#define UNKNOWN_SPAN_MYSQL "f.unknown_at > ? AND f.unknown_at <= ?"

static const char *const unknown_count_sql[] = {
	[DB_SQLITE] = "SELECT count(*) FROM flow f WHERE " UNKNOWN_SPAN,
	[DB_MYSQL] = "SELECT count(*) FROM flow f WHERE " UNKNOWN_SPAN_MYSQL,
};

/* How often the tables of unknown traffic are read anew depends on what that costs: *ret_due. */
static int
unknown_due(struct db *db, uint32_t period, uint32_t end, int64_t last, bool *ret_due)
{
	struct db_stmt *q;
	int rc = db_query(db, unknown_count_sql[db_kind(db)], &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, (int64_t)end - period);
	db_bind_int(q, 2, end);
	rc = db_step(q);
	if (rc > 0) {
		int64_t minutes = ((int64_t)end - last) / MINUTE;
		*ret_due = last > end || db_column_int(q, 0) <= UNKNOWN_FLOWS_A_MINUTE * minutes;
	}
	db_done(q);
	return rc > 0 ? NM_OK : NM_ESTORE;
}

/* What one direction adds to unknown traffic; whole flows, by when they ended. */
#define UNKNOWN(span, host, port, peer, peer_port, counts)                                  \
	"SELECT f." host " AS addr, f.protocol, f." port " AS port, f." peer                \
	" AS peer, f." peer_port " AS peer_port, " counts                                   \
	" FROM flow f JOIN ip i ON i.addr = f." host " WHERE " span " AND f.duplicate = 0 " \
	"AND (f.protocol <> 255 OR f.saddr <> f.daddr)" /* an overflow record is nobody's */
#define IN_COUNTS  "octets AS in_octets, 0 AS out_octets, packets AS in_packets, 0 AS out_packets"
#define OUT_COUNTS "0 AS in_octets, octets AS out_octets, 0 AS in_packets, packets AS out_packets"
#define IN(span)   UNKNOWN(span, "daddr", "dport", "saddr", "sport", IN_COUNTS)
#define OUT(span)  UNKNOWN(span, "saddr", "sport", "daddr", "dport", OUT_COUNTS)

#define HEAVIEST_UNKNOWN(span)                                                                     \
	"INSERT INTO win_unknown SELECT ?, addr, protocol, port, peer, peer_port, in_octets, "     \
	"out_octets, in_packets, out_packets FROM (SELECT addr, protocol, port, peer, peer_port, " \
	"sum(in_octets) AS in_octets, sum(out_octets) AS out_octets, "                             \
	"sum(in_packets) AS in_packets, sum(out_packets) AS out_packets, "                         \
	"row_number() OVER (PARTITION BY addr ORDER BY sum(in_octets) + sum(out_octets) DESC, "    \
	"peer, peer_port, port, protocol) AS place FROM (" IN(span) " UNION ALL " OUT(             \
	    span) ") y GROUP BY addr, protocol, port, peer, peer_port) z WHERE place <= 100"

static const char *const unknown_sql[] = {
	[DB_SQLITE] = HEAVIEST_UNKNOWN(UNKNOWN_SPAN),
	[DB_MYSQL] = HEAVIEST_UNKNOWN(UNKNOWN_SPAN_MYSQL),
};

static int
prepare_unknown(struct db *db, uint32_t period, uint32_t end)
{
	struct db_stmt *q;
	int rc = db_query(db, unknown_sql[db_kind(db)], &q);

	if (rc < 0)
		return rc;
	const int64_t from = (int64_t)end - period;
	const int64_t values[] = { period, from, end, from, end };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		db_bind_int(q, (int)i + 1, values[i]);
	rc = db_finish(q);
	if (rc == NM_OK)
		rc = db_query(db, "INSERT INTO win_unknown_period VALUES (?)", &q);
	if (rc != NM_OK)
		return rc;
	db_bind_int(q, 1, period);
	return db_finish(q);
}

static enum aggregate_number
unknown_number(size_t i)
{
	return (enum aggregate_number)(AGGREGATE_UNKNOWN_CURR + i);
}

/* Unknown traffic of one period, if it is due. Another generation is always due: other hosts are internal. */
static int
prepare_unknown_if_due(struct db *db, size_t i, int64_t generation, uint32_t end)
{
	int64_t last, published;
	bool due = true;
	int rc = db_aggregate_get(db, unknown_number(i), &last);

	if (rc == NM_OK)
		rc = db_aggregate_get(db, AGGREGATE_GENERATION, &published);
	if (rc == NM_OK && published == generation)
		rc = unknown_due(db, periods[i], end, last, &due);
	if (rc == NM_OK && due)
		rc = prepare_unknown(db, periods[i], end);
	return rc;
}

int
db_aggregate_prepare(struct db *db, int64_t generation, uint32_t end)
{
	int rc = NM_OK;

	for (size_t i = 0; i < sizeof(temporary_tables) / sizeof(temporary_tables[0]); i++)
		if (rc == NM_OK)
			rc = db_run(db, temporary_tables[i]);
	for (size_t i = 0; i < N_PERIODS && rc == NM_OK; i++)
		rc = prepare_window(db, generation, periods[i], end);
	for (size_t i = 0; i < N_PERIODS && rc == NM_OK; i++)
		rc = prepare_unknown_if_due(db, i, generation, end);
	return rc;
}

#define TOTALS(table, period)                                                                 \
	"DELETE FROM " table, "INSERT INTO " table " (application, " SIX                      \
			      ") SELECT application, " SIX " FROM win WHERE subject = 0 AND " \
			      "period = " period
#define FOUR     "in_octets, out_octets, in_packets, out_packets"
#define FOUR_SUM "sum(in_octets), sum(out_octets), sum(in_packets), sum(out_packets)"

/* Deletes and fills again every table of one window; readers see it when the transaction is committed, whole. */
static const char *const publication[] = {
	TOTALS("app_usage_curr", "300"),
	TOTALS("app_usage_1hr", "3600"),
	TOTALS("app_usage_6hr", "21600"),
	TOTALS("app_usage_24hr", "86400"),
	"DELETE FROM host_app_totals",
	"INSERT INTO host_app_totals (period, addr, application, " FOUR ") "
	"SELECT w.period, i.addr, w.application, " FOUR " FROM win w JOIN ip i ON i.id = w.subject "
	"WHERE w.subject > 0 ORDER BY 1, 2, 3",
	"DELETE FROM host_totals",
	"INSERT INTO host_totals (period, addr, " FOUR ") "
	"SELECT period, addr, " FOUR_SUM " FROM host_app_totals GROUP BY period, addr",
	"DELETE FROM group_app_totals",
	"INSERT INTO group_app_totals (period, group_id, application, " FOUR ") "
	"SELECT period, -subject, application, " FOUR
	" FROM win WHERE subject < 0 ORDER BY 1, 2, 3",
	"DELETE FROM group_totals",
	"INSERT INTO group_totals (period, group_id, " FOUR ") "
	"SELECT period, group_id, " FOUR_SUM " FROM group_app_totals GROUP BY period, group_id",
	"DELETE FROM host_traffic_unknown WHERE period IN (SELECT period FROM win_unknown_period)",
	"INSERT INTO host_traffic_unknown (period, addr, protocol, port, peer, peer_port, " FOUR
	") "
	"SELECT period, addr, protocol, port, peer, peer_port, " FOUR " FROM win_unknown "
	"ORDER BY 1, 2, 3, 4, 5, 6",
};

/* Notes when each period's unknown traffic was read. */
static int
note_unknown(struct db *db, uint32_t end)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT period FROM win_unknown_period", &q);

	if (rc < 0)
		return rc;
	while ((rc = db_step(q)) > 0) {
		for (size_t i = 0; i < N_PERIODS && rc >= 0; i++)
			if (db_column_int(q, 0) == (int64_t)periods[i])
				rc = db_aggregate_set(db, unknown_number(i), end);
		if (rc < 0)
			break;
	}
	db_done(q);
	return rc;
}

int
db_aggregate_publish(struct db *db, int64_t generation, uint32_t end)
{
	int rc = NM_OK;

	for (size_t i = 0; i < sizeof(publication) / sizeof(publication[0]) && rc == NM_OK; i++)
		rc = db_run(db, publication[i]);
	if (rc == NM_OK)
		rc = note_unknown(db, end);
	if (rc == NM_OK)
		rc = db_aggregate_set(db, AGGREGATE_GENERATION, generation);
	if (rc == NM_OK)
		rc = db_aggregate_set(db, AGGREGATE_END, end);
	return rc;
}

/* The oldest slot of a table: 1, 0 when it is empty, or an error. */
static int
oldest_slot(struct db *db, const char *sql, struct aggregate_key *ret_key)
{
	struct db_stmt *q;
	int rc = db_query(db, sql, &q);

	if (rc < 0)
		return rc;
	rc = db_step(q);
	if (rc > 0) {
		ret_key->generation = db_column_int(q, 0);
		ret_key->slot = (uint32_t)db_column_int(q, 1);
	}
	db_done(q);
	return rc;
}

/* Deletes the oldest slot of a table if it is before `keep` or of another generation than `key`'s: 1 when it did. */
static int
prune_table(struct db *db, const char *find, const char *delete, int64_t generation, uint32_t keep)
{
	struct aggregate_key old;
	struct db_stmt *q;
	int rc = oldest_slot(db, find, &old);

	if (rc <= 0 || (old.generation == generation && old.slot >= keep))
		return rc < 0 ? rc : 0;
	rc = db_query(db, delete, &q);
	if (rc < 0)
		return rc;
	db_bind_int(q, 1, old.generation);
	db_bind_int(q, 2, old.slot);
	rc = db_finish(q);
	return rc < 0 ? rc : 1;
}

int
db_aggregate_prune(struct db *db, int64_t generation, uint32_t end, bool *ret_more)
{
	int rc = prune_table(db,
	                     "SELECT generation, minute FROM usage_minute "
	                     "ORDER BY generation, minute LIMIT 1",
	                     "DELETE FROM usage_minute WHERE generation = ? AND minute = ?",
	                     generation, end - AGGREGATE_MINUTES_S);

	if (rc == 0)
		rc = prune_table(db,
		                 "SELECT generation, hour FROM usage_hour "
		                 "ORDER BY generation, hour LIMIT 1",
		                 "DELETE FROM usage_hour WHERE generation = ? AND hour = ?",
		                 generation, end - AGGREGATE_HOURS_S);
	*ret_more = rc > 0;
	return rc < 0 ? rc : NM_OK;
}
