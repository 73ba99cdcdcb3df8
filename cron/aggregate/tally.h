/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Usage summed up in memory before it goes into the store: a hash table from (hour or minute, subject, application) to
 * counters. One thread. Life cycle: tally_new(), tally_add() often, tally_each() and tally_clear() for each
 * transaction, tally_free().
 */
#ifndef NETMON_CRON_AGGREGATE_TALLY_H
#define NETMON_CRON_AGGREGATE_TALLY_H

#include "lib/db_aggregate.h"

#include <stddef.h>

struct tally;

struct tally_entry {
	struct aggregate_key key; /* generation is not used */
	bool is_hour;             /* the slot is an hour of which no minutes are kept */
	struct aggregate_usage usage;
};

/* -ENOMEM */
int tally_new(struct tally **ret_tally);
void tally_free(struct tally *tally);

/* The counters of a key, zero when it is new; valid until the next tally_add(). NULL: out of memory. */
struct aggregate_usage *tally_add(struct tally *tally, bool is_hour, uint32_t slot, int64_t subject,
                                  uint16_t application);
size_t tally_count(const struct tally *tally);

/* Calls `each` in the order of the store's keys, which is several times faster to write; a value other than 0 ends the
 * walk and is returned. Nothing may be added afterwards until tally_clear(). */
int tally_each(struct tally *tally, int (*each)(void *ctx, const struct tally_entry *entry),
               void *ctx);
void tally_clear(struct tally *tally);

#endif
