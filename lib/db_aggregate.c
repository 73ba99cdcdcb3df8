/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The aggregator's memory, its reading of flows, and usage by minute and hour. */
#include "lib/db_aggregate.h"

#include "lib/db_sql.h"
#include "lib/err.h"
#include "lib/record.h"

static const char *const number_names[] = {
	[AGGREGATE_END] = "window_end",
	[AGGREGATE_GENERATION] = "generation",
	[AGGREGATE_BUILDING] = "building",
	[AGGREGATE_FLOW] = "flow",
	[AGGREGATE_GROUPS] = "groups",
	[AGGREGATE_UNKNOWN_CURR] = "unknown_curr",
	[AGGREGATE_UNKNOWN_1HR] = "unknown_1hr",
	[AGGREGATE_UNKNOWN_6HR] = "unknown_6hr",
	[AGGREGATE_UNKNOWN_24HR] = "unknown_24hr",
	[AGGREGATE_REMOVED] = "removed",
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

/* One flow of a row; false when it is not one. */
static bool
read_flow(struct db_stmt *q, struct aggregate_flow *flow)
{
	int64_t packets = db_column_int(q, 4), octets = db_column_int(q, 5);
	int64_t fraction = db_column_int(q, 6);

	*flow = (struct aggregate_flow){
		.id = db_column_int(q, 0),
		.application = (uint16_t)db_column_int(q, 3),
		.packets = (uint64_t)packets,
		.octets = (uint64_t)octets,
		.start_frac = (uint8_t)(fraction >> 8),
		.end_frac = (uint8_t)fraction,
		.started = (uint32_t)db_column_int(q, 7),
		.expires = (uint32_t)db_column_int(q, 8),
	};
	if (packets < 0 || octets < 0 || packets > UINT32_MAX || octets > UINT32_MAX ||
	    addr_parse(db_column_text(q, 1), &flow->saddr) < 0 ||
	    addr_parse(db_column_text(q, 2), &flow->daddr) < 0)
		return false;
	int64_t protocol = db_column_int(q, 9);
	flow->overflow = protocol == RECORD_OVERFLOW_PROTOCOL &&
	                 record_is_overflow((unsigned)protocol, &flow->saddr, &flow->daddr);
	return true;
}

int
db_aggregate_flows(struct db *db, int64_t after, size_t limit,
                   int (*each)(void *ctx, const struct aggregate_flow *flow), void *ctx)
{
	struct aggregate_flow flow;
	struct db_stmt *q;
	int rc = db_query(db,
	                  "SELECT id, saddr, daddr, application, packets, octets, fraction, "
	                  "started, expires, protocol FROM flow WHERE id > ? AND duplicate = 0 "
	                  "ORDER BY id LIMIT ?",
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, after);
	db_bind_int(q, 2, (int64_t)limit);
	while ((rc = db_step(q)) > 0) {
		bool good = read_flow(q, &flow);

		flow.malformed = !good;
		rc = each(ctx, &flow);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

int
db_aggregate_flow_before(struct db *db, uint32_t since, int64_t *ret_id)
{
	struct db_stmt *q;
	int rc = db_query(db,
	                  "SELECT coalesce(min(id) - 1, (SELECT coalesce(max(id), 0) FROM flow)) "
	                  "FROM flow WHERE expires >= ?",
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, since);
	rc = db_step(q);
	if (rc > 0)
		*ret_id = db_column_int(q, 0);
	db_done(q);
	return rc > 0 ? NM_OK : NM_ESTORE;
}

#define ADD(table, slot)                                                                 \
	"INSERT INTO " table " (generation, " slot ", subject, application, in_octets, " \
	"out_octets, transit_octets, in_packets, out_packets, transit_packets) "         \
	"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "                                         \
	"ON CONFLICT (generation, " slot ", subject, application) DO UPDATE SET "        \
	"in_octets = in_octets + excluded.in_octets, "                                   \
	"out_octets = out_octets + excluded.out_octets, "                                \
	"transit_octets = transit_octets + excluded.transit_octets, "                    \
	"in_packets = in_packets + excluded.in_packets, "                                \
	"out_packets = out_packets + excluded.out_packets, "                             \
	"transit_packets = transit_packets + excluded.transit_packets"

static int
add(struct db *db, const char *sql, const struct aggregate_key *key,
    const struct aggregate_usage *usage)
{
	struct db_stmt *q;
	int rc = db_query(db, sql, &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, key->generation);
	db_bind_int(q, 2, key->slot);
	db_bind_int(q, 3, key->subject);
	db_bind_int(q, 4, key->application);
	db_bind_int(q, 5, (int64_t)usage->in_octets);
	db_bind_int(q, 6, (int64_t)usage->out_octets);
	db_bind_int(q, 7, (int64_t)usage->transit_octets);
	db_bind_int(q, 8, (int64_t)usage->in_packets);
	db_bind_int(q, 9, (int64_t)usage->out_packets);
	db_bind_int(q, 10, (int64_t)usage->transit_packets);
	return db_finish(q);
}

int
db_aggregate_add_minute(struct db *db, const struct aggregate_key *key,
                        const struct aggregate_usage *usage)
{
	return add(db, ADD("usage_minute", "minute"), key, usage);
}

int
db_aggregate_add_hour(struct db *db, const struct aggregate_key *key,
                      const struct aggregate_usage *usage)
{
	return add(db, ADD("usage_hour", "hour"), key, usage);
}
