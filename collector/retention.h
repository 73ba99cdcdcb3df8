/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Removes from the store what is old or too much (lib/db_retention.h), in a thread of its own with a connection of its own, in
 * steps of about RETENTION_STEP_MS between which whoever writes has its turn. Life cycle: retention_new(), retention_free(). The
 * functions are for one thread.
 */
#ifndef NETMON_COLLECTOR_RETENTION_H
#define NETMON_COLLECTOR_RETENTION_H

#include "lib/db_retention.h"

#define RETENTION_STEP_MS  20
#define RETENTION_HURRY_MS 100 /* when the store is above its size */

struct retention;
struct turn;

/* Opens `store` once more and starts the thread, which takes its `turn` for each step; the turn outlives it. 0, or a negative code
 * with one line in `err`. */
int retention_new(const char *store, const struct db_keep *keep, struct turn *turn,
                  struct retention **ret_retention, char *err, size_t err_size);
/* Ends the thread after the step that it is in. NULL is fine. */
void retention_free(struct retention *retention);

/* Flows that ended at `before_s`, seconds UTC, or later are not in the graphs yet and stay. Before the
 * first call db_keep.hold_s counts. */
void retention_hold(struct retention *retention, uint32_t before_s);

struct retention_stats {
	uint64_t by_age;  /* flows that were removed since the start */
	uint64_t by_size; /* flows that were removed since the start */
	uint64_t others;  /* other rows */
	uint64_t errors;  /* steps that failed */
	uint64_t
	    waits; /* steps in which the store was above its size, and nothing could be removed */
	uint64_t blocked; /* steps in which the journal could not be emptied */
	uint64_t octets;  /* what the store has in use; 0: not known, because there is no cap */
	uint64_t file;    /* what it takes on the disk; 0: not known */
};
void retention_get_stats(struct retention *retention, struct retention_stats *ret_stats);

#endif
