/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of RRD series: octets in and out by series, and what is known of the series' file. Entries lie densely in the
 * order in which they were added, so that they can be walked by index. One thread.
 */
#ifndef NETMON_COLLECTOR_SERIES_H
#define NETMON_COLLECTOR_SERIES_H

#include "lib/rrdpath.h"

#include <stddef.h>
#include <stdint.h>

struct series_entry {
	struct rrd_series key;
	uint32_t
	    last_end; /* in a table of files: time of the file's last update, 0: not known. In a
	                    * minute: what became of the entry (minutes.h) */
	uint64_t in;  /* octets */
	uint64_t out;
};

struct series_table {
	struct series_entry *entries;
	uint32_t *slots; /* 1 + index of an entry, 0: free; a power of two of them */
	size_t n;
	size_t size; /* of entries; half of the slots */
};

/* A zeroed table is an empty one. */
void series_fini(struct series_table *table);

/* The entry of a series, made with zeros when it is new. NULL: out of memory. Valid until the next call. `key` has no
 * padding; fields that its scope does not use are 0. */
struct series_entry *series_get(struct series_table *table, const struct rrd_series *key);

/* The same for equal keys, evenly spread. */
uint64_t series_hash(const struct rrd_series *key);

/* The entry of a series that is there, or NULL. */
struct series_entry *series_find(struct series_table *table, const struct rrd_series *key);

#endif
