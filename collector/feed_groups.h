/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The groups that decide what is in and out: from the store, or from a file for a collector without one. One thread.
 */
#ifndef NETMON_COLLECTOR_FEED_GROUPS_H
#define NETMON_COLLECTOR_FEED_GROUPS_H

#include "lib/db.h"
#include "lib/db_group.h"

#include <stddef.h>

/* Reads the groups of `db`, or else of `file`, or else none. Groups of a file are numbered from 1 in the order in which
 * their names first occur. 0 with *ret_set the caller's, or a negative code with one line in `err`. */
int feed_groups_load(struct db *db, const char *file, struct group_set **ret_set, char *err,
                     size_t err_size);

#endif
