/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Removes files of the RRD tree that nothing was written to for a long time, and folders that are empty then: hosts, groups
 * and applications that are not seen any more. The tree is walked in small steps, one folder open for each level.
 *
 * A clock that is wrong must not empty the tree, so a file goes only when both are old: its time of change by the machine's
 * clock, and the last update that it says of itself by the time of the data, which the caller gives. Files that are not the
 * tree's, or do not parse, stay.
 *
 * Life cycle: prune_new(), prune_begin() for each walk, prune_step() until it says that it is done, prune_free(). One thread.
 */
#ifndef NETMON_COLLECTOR_PRUNE_H
#define NETMON_COLLECTOR_PRUNE_H

#include "lib/rrdpath.h"

#include <stdbool.h>
#include <stdint.h>

struct prune;

struct prune_config {
	const char *root; /* not copied */
	/* Whether a series' file may go; the caller forgets what it knows of it. False when it has something for it. */
	bool (*may_remove)(void *ctx, const struct rrd_series *series);
	void *ctx;
};

/* NULL: out of memory. */
struct prune *prune_new(const struct prune_config *config);
/* NULL is fine. */
void prune_free(struct prune *prune);

/* What is known of the time. All in seconds; UTC but for the last. */
struct prune_clocks {
	uint32_t newest_s;  /* latest end of a record, 0: none came yet */
	uint32_t wall_s;    /* the machine's clock */
	uint32_t base_s;    /* data time that was reached before the program began, 0: a new tree */
	uint32_t elapsed_s; /* since the program began, by a clock that does not jump */
};

/* The time of the data, as far as it can be believed: it does not run faster than time does, but for a day. So when all clocks
 * jump ahead, no more goes than what was old before, or gets old while the program runs. */
uint32_t prune_data_time(const struct prune_clocks *clocks);

/* Begins a walk: files whose last update is before `data_s` and that were changed before `wall_s` go. One that goes on ends. */
void prune_begin(struct prune *prune, uint32_t data_s, uint32_t wall_s);

/* Walks on over some hundred entries. True when more are left. */
bool prune_step(struct prune *prune);

/* Files that were removed so far. */
uint64_t prune_removed(const struct prune *prune);

#endif
