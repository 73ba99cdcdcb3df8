/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the pages read of the loss ledger: each link's counts over a window, and what they say of coverage. Windows end
 * where those of usage do (db_usage_end()). All functions: 0, or NM_ESTORE.
 */
#ifndef NETMON_LIB_DB_LEDGER_H
#define NETMON_LIB_DB_LEDGER_H

#include "lib/db_usage.h"
#include "lib/record.h"

#include <stdint.h>

struct link_ledger {
	char probe[LINK_NAME_MAX];
	char link[LINK_NAME_MAX];
	int64_t id;                         /* the store's, of the link */
	uint32_t last_seen_s;               /* when the probe's last batch came, seconds UTC */
	uint64_t packets[LEDGER_CAUSE_MAX]; /* by enum ledger_cause */
	uint64_t octets[LEDGER_CAUSE_MAX];
};

/* Packets that were seen, less those that are under a cause: 0 when the ledger closes. */
int64_t link_ledger_gap(const struct link_ledger *ledger);

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
int db_coverage(struct db *db, enum usage_period period, struct usage_coverage *ret_coverage);

#endif
