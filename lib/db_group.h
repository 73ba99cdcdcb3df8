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

/* True for a name that a group may have: 1 to GROUP_NAME_MAX - 1 bytes of UTF-8 (RFC 3629) without control characters,
 * no blank at either end. */
bool db_group_name_valid(const char *name);
/* Creates a group if it is not there and adds a member to it, in one transaction of the caller's. 0; NM_EFORMAT: name not
 * valid; NM_EEXISTS: the member is in it already (nothing is written); NM_ELIMIT: GROUPS_MAX; NM_ESTORE. */
int db_group_add(struct db *db, const char *name, const struct addr_range *member);
/* NM_ELIMIT when the store has more than GROUP_RANGES_MAX ranges: ask it before the commit of what added some. */
int db_group_check_limit(struct db *db);
/* Removes one member, which must be written as it was added (the same first and last address); the group goes with its
 * last member. `member` NULL removes all. In a transaction of the caller's. NM_ENOTFOUND: no such group or member. */
int db_group_remove(struct db *db, const char *name, const struct addr_range *member);
/* For a file that replaces members: db_group_clear() takes the members of one group (NULL: of all groups) away and leaves the
 * group, so that one that gets members again keeps its id; db_group_sweep() then removes groups without members. In one
 * transaction of the caller's. 0 also when there was nothing to do. */
int db_group_clear(struct db *db, const char *name);
int db_group_sweep(struct db *db);
/* One group by id or by name. NM_ENOTFOUND. */
int db_group_get(struct db *db, uint32_t id, struct db_group *ret_group);
int db_group_find(struct db *db, const char *name, struct db_group *ret_group);
/* Calls `each` for every group, by name, then for every range of it in order; a value other than 0 ends the walk and is
 * returned. `range` is NULL on the group's own call. */
int db_group_each(struct db *db,
                  int (*each)(void *ctx, const struct db_group *group,
                              const struct addr_range *range),
                  void *ctx);

/* All ranges in memory, for many questions. About 60 octets a range. */
struct group_set;

/* Reads the whole set; the caller frees it with group_set_free(). 0, -ENOMEM, NM_ESTORE, NM_ELIMIT (more than
 * GROUP_RANGES_MAX), NM_EFORMAT (a key in the store that is none). */
int group_set_load(struct db *db, struct group_set **ret_set);
/* An empty set to which group_set_add() adds, O(n log n) each; for a collector without a store, and tests. */
int group_set_new(struct group_set **ret_set);
int group_set_add(struct group_set *set, uint32_t group, const struct addr_range *range);
/* The two halves of group_set_add(), for many ranges: append each, then index once before the first lookup. */
int group_set_append(struct group_set *set, uint32_t group, const struct addr_range *range);
void group_set_index(struct group_set *set);
void group_set_free(struct group_set *set);
/* The ids of the groups that hold `addr`, each once, at most `max`, into ret_groups; returns how many hold it (0: the
 * host is not internal). Ranges may overlap and nest: O(log ranges) without an answer, O(log ranges) more for each
 * answer. Any thread, once the last add is done. */
size_t group_set_lookup(const struct group_set *set, const struct addr *addr, uint32_t *ret_groups,
                        size_t max);
/* True when any group holds `addr`. */
bool group_set_holds(const struct group_set *set, const struct addr *addr);
/* A number that changes when the addresses of any group change; the same for the same members in any order. */
uint64_t group_set_fingerprint(const struct group_set *set);

#endif
