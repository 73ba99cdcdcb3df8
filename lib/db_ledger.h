/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the pages and `netmon ledger` read of the loss ledger: each link's counts over a window or by minute, what they say of
 * coverage, and whether they close:
 *   - for every link and minute SEEN = METERED + what was lost + what was left out (link_ledger_gap());
 *   - over the whole life of a link METERED and TABLE_OVERFLOW are EXPORTED, EXPORT_DROPPED or CRASHED, or in flows that still
 *     go on (link_ledger_open()); with sampling records are scaled up, and this is an estimate;
 *   - for every link and minute EXPORTED = stored + SPOOL_DROPPED + SPOOL_DAMAGED (link_ledger_missing()), as far as flows
 *     were not removed by age.
 * Windows end where those of usage do (db_usage_end()). All functions: 0, or NM_ESTORE.
 */
#ifndef NETMON_LIB_DB_LEDGER_H
#define NETMON_LIB_DB_LEDGER_H

#include "lib/db_usage.h"
#include "lib/record.h"

#include <stdint.h>

/* In the place of a cause: what is in the store's flows. Filled by db_ledger_minutes() only. */
#define LEDGER_STORED 0

struct link_ledger {
	char probe[LINK_NAME_MAX];
	char link[LINK_NAME_MAX];
	int64_t id;                         /* the store's, of the link */
	uint32_t minute_s;                  /* db_ledger_minutes(): seconds UTC */
	uint32_t last_seen_s;               /* when the probe's last batch came, seconds UTC */
	uint64_t packets[LEDGER_CAUSE_MAX]; /* by enum ledger_cause */
	uint64_t octets[LEDGER_CAUSE_MAX];
};

/* Packets that were seen, less those that are under a cause: 0 when the ledger closes. */
int64_t link_ledger_gap(const struct link_ledger *ledger);

/* Packets that are metered and in no record yet; below 0: records count more than was metered. */
int64_t link_ledger_open(const struct link_ledger *ledger);
/* Packets of records that were exported, less what is stored and what the spool lost. 0 when it closes. */
int64_t link_ledger_missing(const struct link_ledger *ledger);
/* The same in octets. */
int64_t link_ledger_missing_octets(const struct link_ledger *ledger);

/* Calls `each` for every link and minute from `from_s` to before `until_s` that has a row of the ledger or a flow that ended in
 * it, by the names of probe and link, then by minute; a value other than 0 ends the walk and is returned. */
int db_ledger_minutes(struct db *db, uint32_t from_s, uint32_t until_s,
                      int (*each)(void *ctx, const struct link_ledger *ledger), void *ctx);
/* Calls `each` for every link with the sums over its whole life, as far as the ledger goes back; minute_s is the first one. */
int db_ledger_life(struct db *db, int (*each)(void *ctx, const struct link_ledger *ledger),
                   void *ctx);
/* The first minute from which on all flows that were stored are still there; 0: from the beginning. */
int db_ledger_whole_since(struct db *db, uint32_t *ret_minute_s);

/* Calls `each` for every link, by the names of probe and link, also for those that counted nothing; a value other than 0
 * ends the walk and is returned. */
int db_ledger_each(struct db *db, enum usage_period period,
                   int (*each)(void *ctx, const struct link_ledger *ledger), void *ctx);

/* Coverage over a window, of all links together. Packets that were left out on purpose count neither as carried nor as
 * lost: those that are not IP are left away, and on a link that is sampled each packet that was looked at stands for its
 * like. */
struct usage_coverage {
	uint64_t
	    carried; /* IP packets that the links carried: in flows, or lost by name. 0: nothing known */
	uint64_t metered; /* those of them that are in flows in the store */
	uint64_t
	    overflow; /* those that found a flow table full: in the totals, but nobody's; not in `metered` */
	unsigned links;         /* that counted anything */
	unsigned sampled_links; /* those that looked at some packets only */
	unsigned sampling;      /* one in so many, the most of any link; 1: at every packet */
};
/* Adds one link's to a sum that began as 0 with a sampling of 1. */
void usage_coverage_add(struct usage_coverage *coverage, const struct link_ledger *ledger);
int db_coverage(struct db *db, enum usage_period period, struct usage_coverage *ret_coverage);

#endif
