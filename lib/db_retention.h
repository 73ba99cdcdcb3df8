/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Removing what is old, in small steps: flows by age (those that ended first) and by the store's size (those that came first),
 * then what goes with them. Each step is a write transaction of its own that holds the lock for some milliseconds, so that who
 * writes flows does not wait long. The newest flow always stays, because new ids follow it.
 *
 * Age counts from the newest flow's end, or from the clock when that is behind it: a clock that jumps removes nothing.
 * Any thread with a handle of its own.
 */
#ifndef NETMON_LIB_DB_RETENTION_H
#define NETMON_LIB_DB_RETENTION_H

#include "lib/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_RETENTION_ROWS_MAX 100000u /* of a step */

/* What stays; 0: all of it. */
struct db_keep {
	uint32_t flows_s;  /* flows that ended so long ago, seconds */
	uint32_t ledger_s; /* ledger, events, versions of labels, unused numberings, seconds */
	uint64_t octets;   /* size of the store with its journal */
	uint32_t
	    hold_s;    /* flows that ended then or later, seconds UTC, are needed still; 0: none */
	uint64_t owed; /* db_kept.owed of the step before */
};

/* What a step did. */
struct db_kept {
	size_t by_age;   /* flows that were removed */
	size_t by_size;  /* flows that were removed */
	size_t others;   /* other rows */
	uint64_t octets; /* in use before it; 0: not asked for, because there is no cap */
	uint64_t file;   /* what the store takes on the disk, with its journal; 0: not asked for */
	uint64_t
	    owed; /* flows to remove before the size is asked for again, where it tells only later */
	bool
	    unread; /* over the size, and what is left is needed still: not in totals or graphs yet */
	bool full;    /* over the size, and no flow is left to remove */
	bool blocked; /* the journal is long, and somebody who reads keeps it from being emptied */
	bool later;   /* what was removed shows in the size only after a while */
	bool more;    /* there is more to remove */
};

/* Lets SQLite's file not grow beyond a size, for writes by this handle, and keeps its journal short: a part of `octets` is left to
 * that. A file that is larger already stays as it is. 0: nothing is done. Other stores: nothing. 0 or NM_ESTORE. */
int db_retention_limit(struct db *db, uint64_t octets);

/* One step of at most `rows` flows, up to DB_RETENTION_ROWS_MAX. Flows that netmon-aggregate has not read stay, once it ever ran.
 * 0 or NM_ESTORE. */
int db_retention_step(struct db *db, const struct db_keep *keep, uint32_t now_s, size_t rows,
                      struct db_kept *ret_kept);

#endif
