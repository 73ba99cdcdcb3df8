/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Minutes that are being added up: for each minute a table of series. Minutes close in time order, from the oldest; what
 * comes for a closed minute is late. Bounded in minutes and in entries over all of them; what does not fit is counted.
 * One thread.
 */
#ifndef NETMON_COLLECTOR_MINUTES_H
#define NETMON_COLLECTOR_MINUTES_H

#include "collector/series.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MINUTES_OPEN_MAX 4096 /* nearly three days of data without an end in sight */

struct minute {
	uint32_t minute; /* its beginning, seconds UTC */
	struct series_table table;
};

struct minutes {
	struct minute *list[MINUTES_OPEN_MAX]; /* by time, oldest first */
	size_t n;
	size_t entries; /* over all minutes */
	size_t entries_max;
	uint32_t floor; /* what is older than this is closed; a whole minute */
	/* octets that are in no minute's sum; each counted once */
	uint64_t late_octets;
	uint64_t refused_octets;
};

void minutes_init(struct minutes *m, size_t entries_max);
void minutes_fini(struct minutes *m);

/* The table of a minute, made when it is new. NULL, with `octets` counted, when it is closed, or when there is no room. */
struct minute *minutes_open(struct minutes *m, uint32_t minute, uint64_t octets);
/* Adds to a series of that minute. False, with the octets counted as refused, when there is no room. */
bool minutes_add(struct minutes *m, struct minute *minute, const struct rrd_series *key,
                 uint64_t in_octets, uint64_t out_octets);

/* Closes what is older than `floor`: nothing is added to it any more. */
void minutes_close(struct minutes *m, uint32_t floor);
/* The minute at `i`, from the oldest, if it is closed, else NULL. */
struct minute *minutes_closed(struct minutes *m, size_t i);
/* Forgets the oldest minute. */
void minutes_drop(struct minutes *m);

#endif
