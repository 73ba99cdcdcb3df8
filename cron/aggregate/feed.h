/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From new flows to usage by minute and hour: reads the flows that came since the last run, in chunks of one transaction
 * each, and adds them up. A chunk's usage and the number of its last flow are committed together, so that a program that
 * is killed counts nothing twice and forgets nothing.
 */
#ifndef NETMON_CRON_AGGREGATE_FEED_H
#define NETMON_CRON_AGGREGATE_FEED_H

#include "lib/db.h"
#include "lib/db_group.h"

#include <stdbool.h>
#include <stdint.h>

/* Flows may be this much ahead of the clock (a probe's clock is wrong); what is beyond is not counted. */
#define FEED_AHEAD_S 3600u

struct feed_result {
	uint64_t flows;
	uint64_t malformed; /* rows that are no flows */
	uint64_t outside;   /* flows that lie wholly before what is kept, or wholly too far ahead */
	uint64_t refused;   /* internal addresses beyond the limit of hosts */
};

/* Adds all new flows to `generation`. `end`: where the windows will end, a whole minute. 0, -ENOMEM or NM_ESTORE (what was
 * committed stays). */
int feed_run(struct db *db, const struct group_set *groups, int64_t generation, uint32_t end,
             struct feed_result *ret_result);

#endif
