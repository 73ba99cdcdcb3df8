/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One run of netmon-aggregate over an open store. The caller holds the lock. Safe to repeat: a second run without new
 * flows writes the same tables.
 */
#ifndef NETMON_CRON_AGGREGATE_RUN_H
#define NETMON_CRON_AGGREGATE_RUN_H

#include "cron/aggregate/feed.h"
#include "lib/db.h"

#include <stdbool.h>
#include <stdint.h>

/* A flow is exported up to 60 s after its first packet (the probe's active time-out), then it is in a batch and on its
 * way. What ended less than this ago may be incomplete, so the windows end at the last whole minute before it. */
#define RUN_DELAY_S 90u
/* The earliest time that can be aggregated; before it, windows would begin before 1970. */
#define RUN_NOW_MIN 1000000u

struct run_result {
	uint32_t end; /* of the windows */
	bool rebuilt; /* the groups had changed: usage was worked out again from the stored flows */
	uint64_t pruned; /* minutes and hours of usage that were deleted */
	struct feed_result feed;
};

/* 0, or a negative code of err.h. */
int run_once(struct db *db, uint32_t now, struct run_result *ret_result);

#endif
