/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Groups of hosts: kept in the store, and as a set in memory that answers which groups hold an address.
 */
#ifndef NETMON_LIB_DB_GROUP_H
#define NETMON_LIB_DB_GROUP_H

#include "lib/addr.h"
#include "lib/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROUP_NAME_MAX   64    /* bytes with the NUL; printable UTF-8 without control characters */
#define GROUPS_MAX       10000 /* groups in the store */
#define GROUP_RANGES_MAX 200000

struct db_group {
	uint32_t id;
	char name[GROUP_NAME_MAX];
};

/* Creates a group if it is not there and adds a member to it, in one transaction of the caller's. `member` as
 * addr_range_parse() takes it. 0; NM_EFORMAT: name or member not understood; NM_EEXISTS: the member is in it already;
 * NM_ELIMIT; NM_ESTORE. */
int db_group_add(struct db *db, const char *name, const struct addr_range *member);
/* Removes one member; the group goes with its last member. `member` NULL removes all. NM_ENOTFOUND. */
int db_group_remove(struct db *db, const char *name, const struct addr_range *member);
/* One group by id or by name. NM_ENOTFOUND. */
int db_group_get(struct db *db, uint32_t id, struct db_group *ret_group);
int db_group_find(struct db *db, const char *name, struct db_group *ret_group);
/* Calls `each` for every group, by name, then for every range of it in order; a value other than 0 ends the walk and is
 * returned. `range` is NULL on the group's own call. */
int db_group_each(struct db *db,
                  int (*each)(void *ctx, const struct db_group *group,
                              const struct addr_range *range),
                  void *ctx);

/* All ranges in memory, for many questions. */
struct group_set;

/* Reads the whole set; the caller frees it with group_set_free(). */
int group_set_load(struct db *db, struct group_set **ret_set);
/* An empty set to which group_set_add() adds; for a collector without a store, and tests. */
int group_set_new(struct group_set **ret_set);
int group_set_add(struct group_set *set, uint32_t group, const struct addr_range *range);
void group_set_free(struct group_set *set);
/* The ids of the groups that hold `addr`, each once, at most `max`, into ret_groups; returns how many hold it (0: the
 * host is not internal). O(log ranges + answers). Any thread, once the last add is done. */
size_t group_set_lookup(const struct group_set *set, const struct addr *addr, uint32_t *ret_groups,
                        size_t max);

#endif
