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

/* What became of an entry of a closed minute: series_entry.last_end. */
enum minute_mark {
	MINUTE_WAITS = 0,
	MINUTE_WRITTEN = 1, /* it is in its file, or counted as failed */
	MINUTE_SENT = 2,    /* somebody else was asked to write it, and has not answered yet */
};

struct minute {
	uint32_t minute; /* its beginning, seconds UTC */
	size_t written;  /* entries that are MINUTE_WRITTEN */
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
/* Notes what became of an entry of that minute. */
void minutes_mark(struct minute *minute, struct series_entry *entry, enum minute_mark mark);
/* The minute of that time, or NULL. */
struct minute *minutes_find(struct minutes *m, uint32_t minute);

/* When a closed minute's entry is due, with `n` minutes of a series written together: each series has its own turn among `n`
 * minutes, which all of them share evenly, and the first of its turns that is closed, from this minute on, takes all that
 * is closed of the series along. So it waits for n - 1 further minutes to close at most. */
bool minutes_is_due(const struct minutes *m, uint32_t minute, const struct rrd_series *key,
                    unsigned n);

/* Forgets the oldest minute. */
void minutes_drop(struct minutes *m);

#endif
