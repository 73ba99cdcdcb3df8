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
	/* ends of the windows in host_traffic_unknown, one for each period */
	AGGREGATE_UNKNOWN_CURR,
	AGGREGATE_UNKNOWN_1HR,
	AGGREGATE_UNKNOWN_6HR,
	AGGREGATE_UNKNOWN_24HR,
	AGGREGATE_REMOVED, /* end of the youngest flow that was removed, by db_retention.h */
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
	bool overflow; /* a probe's flow table was full: nobody's traffic (record_is_overflow()) */
	bool
	    malformed; /* addresses or counts are none (somebody else wrote it): only `id` is right */
};

/* Calls `each` for at most `limit` flows with an id above `after`, by id, without those that are duplicates: what two
 * links saw is in the totals once. A value other than 0 ends the walk and is returned. */
int db_aggregate_flows(struct db *db, int64_t after, size_t limit,
                       int (*each)(void *ctx, const struct aggregate_flow *flow), void *ctx);
/* The id before the first of the flows that ended at or after `since`; the highest id when there is none. */
int db_aggregate_flow_before(struct db *db, uint32_t since, int64_t *ret_id);

/* Whom usage belongs to: AGGREGATE_TOTAL, ip.id, or minus a group's id. */
#define AGGREGATE_TOTAL 0

struct aggregate_key {
	int64_t generation;
	uint32_t slot; /* first second of the minute or hour */
	int64_t subject;
	uint16_t application;
};

struct aggregate_usage {
	uint64_t in_octets;
	uint64_t out_octets;
	uint64_t transit_octets;
	uint64_t in_packets;
	uint64_t out_packets;
	uint64_t transit_packets;
};

/* Adds to the usage of one minute or hour. In the caller's transaction. */
int db_aggregate_add_minute(struct db *db, const struct aggregate_key *key,
                            const struct aggregate_usage *usage);
int db_aggregate_add_hour(struct db *db, const struct aggregate_key *key,
                          const struct aggregate_usage *usage);

/* More groups than these do not count for a host. */
#define AGGREGATE_GROUPS_PER_HOST 64

/* The id of an internal host, or NM_ENOTFOUND. */
int db_aggregate_find_host(struct db *db, const struct addr *addr, int64_t *ret_id);
/* Makes a host that is not there, as a member of `groups`. In the caller's transaction, like the next ones. */
int db_aggregate_new_host(struct db *db, const struct addr *addr, uint32_t seen,
                          const uint32_t *groups, size_t n_groups, int64_t *ret_id);
/* Widens the times at which it was seen. */
int db_aggregate_host_seen(struct db *db, int64_t id, uint32_t first, uint32_t last);
int db_aggregate_count_hosts(struct db *db, int64_t *ret_count);

/* Makes ip_group agree with `groups`, and forgets hosts that no group holds any more. In the caller's transaction. */
int db_aggregate_regroup(struct db *db, const struct group_set *groups);

/* Works the windows that end at `end` out, without a lock: they lie in this connection's temporary tables until
 * db_aggregate_publish(), in the caller's transaction, puts them in the place of what readers see.
 *
 * The windows of 5 min, 1 h and 6 h are exact to the minute. That of 24 h takes its oldest hour in proportion, since
 * minutes are kept for six hours only. host_traffic_unknown counts whole flows by their end, the 100 heaviest a host;
 * where a window has more than 30,000 unknown flows, it is read anew less often than each minute, in proportion. */
int db_aggregate_prepare(struct db *db, int64_t generation, uint32_t end);
int db_aggregate_publish(struct db *db, int64_t generation, uint32_t end);

/* Deletes one slot (a minute's or an hour's rows) that is older than kept, or of another generation. *ret_more is false
 * when nothing was left to delete. */
int db_aggregate_prune(struct db *db, int64_t generation, uint32_t end, bool *ret_more);

#endif
