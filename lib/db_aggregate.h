/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The write side of the aggregates, for netmon-aggregate only: reads new flows, keeps usage by minute and by hour, and
 * publishes the tables that db_usage.h reads.
 *
 * Usage belongs to a generation. Readers take the published one. When the groups' addresses change, what counts as in
 * and out changes too, so a new generation is built from the stored flows while readers go on with the old one.
 *
 * One program at a time (its lock file), one thread. Times: seconds UTC. 0, or a negative code of err.h.
 */
#ifndef NETMON_LIB_DB_AGGREGATE_H
#define NETMON_LIB_DB_AGGREGATE_H

#include "lib/addr.h"
#include "lib/db.h"
#include "lib/db_group.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long usage is kept, behind the windows' end. */
#define AGGREGATE_MINUTES_S 22200u /* 6 h and 10 min by minute */
#define AGGREGATE_HOURS_S   90000u /* 25 h by hour */

/* The program's memory from run to run, in aggregate_state; a number that was never written is 0. */
enum aggregate_number {
	AGGREGATE_END,        /* end of the published windows; a whole minute */
	AGGREGATE_GENERATION, /* the published generation */
	AGGREGATE_BUILDING, /* the generation that flows go into: the published one, or the next */
	AGGREGATE_FLOW,     /* highest flow.id that is in AGGREGATE_BUILDING */
	AGGREGATE_GROUPS,   /* group_set_fingerprint() that AGGREGATE_BUILDING was built by */
};
int db_aggregate_get(struct db *db, enum aggregate_number number, int64_t *ret_value);
int db_aggregate_set(struct db *db, enum aggregate_number number, int64_t value);

/* A flow as far as usage goes. */
struct aggregate_flow {
	int64_t id;
	struct addr saddr;
	struct addr daddr;
	uint16_t application;
	uint8_t start_frac; /* 1/256 s behind started */
	uint8_t end_frac;   /* 1/256 s behind expires */
	uint64_t packets;
	uint64_t octets;
	uint32_t started;
	uint32_t expires;
};

/* Calls `each` for at most `limit` flows with an id above `after`, by id; a value other than 0 ends the walk and is
 * returned. A flow whose addresses do not parse (somebody else wrote the row) is left out and counted. */
int db_aggregate_flows(struct db *db, int64_t after, size_t limit,
                       int (*each)(void *ctx, const struct aggregate_flow *flow), void *ctx,
                       uint64_t *ret_malformed);
/* The id before the first of the flows that ended at or after `since`; the highest id when there is none. */
int db_aggregate_flow_before(struct db *db, uint32_t since, int64_t *ret_id);

/* Whom usage belongs to: AGGREGATE_TOTAL, ip.id, or minus a group's id. */
#define AGGREGATE_TOTAL 0

struct aggregate_usage {
	uint64_t in_octets;
	uint64_t out_octets;
	uint64_t transit_octets;
	uint64_t in_packets;
	uint64_t out_packets;
	uint64_t transit_packets;
};

/* Adds to the usage of one minute or hour (its first second). In the caller's transaction. */
int db_aggregate_add_minute(struct db *db, int64_t generation, uint32_t minute, int64_t subject,
                            uint16_t application, const struct aggregate_usage *usage);
int db_aggregate_add_hour(struct db *db, int64_t generation, uint32_t hour, int64_t subject,
                          uint16_t application, const struct aggregate_usage *usage);

/* The id of an internal host, made when it is new, and then a member of `groups`; widens its first and last seen. */
int db_aggregate_host(struct db *db, const struct addr *addr, uint32_t first_seen,
                      uint32_t last_seen, const uint32_t *groups, size_t n_groups, int64_t *ret_id);
/* Its id, or NM_ENOTFOUND. */
int db_aggregate_find_host(struct db *db, const struct addr *addr, int64_t *ret_id);
int db_aggregate_count_hosts(struct db *db, int64_t *ret_count);

/* Makes ip_group agree with `groups`, and forgets hosts that no group holds any more. In the caller's transaction. */
int db_aggregate_regroup(struct db *db, const struct group_set *groups);

/* Works the windows that end at `end` out, without a lock: they lie in this connection's temporary tables until
 * db_aggregate_publish(), in the caller's transaction, puts them in the place of what readers see. */
int db_aggregate_prepare(struct db *db, int64_t generation, uint32_t end);
int db_aggregate_publish(struct db *db, int64_t generation, uint32_t end);

/* Deletes one slot (a minute's or an hour's rows) that is older than kept, or of another generation. *ret_more is false
 * when nothing was left to delete. */
int db_aggregate_prune(struct db *db, int64_t generation, uint32_t end, bool *ret_more);

#endif
