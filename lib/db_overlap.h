/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The newest flows with the names of their links, from which a collector learns which link counts for which conversation.
 */
#ifndef NETMON_LIB_DB_OVERLAP_H
#define NETMON_LIB_DB_OVERLAP_H

#include "lib/db.h"
#include "lib/record.h"

#include <stddef.h>
#include <stdint.h>

struct db_overlap_flow {
	int64_t link_id; /* the store's */
	char probe[LINK_NAME_MAX];
	char link[LINK_NAME_MAX];
	struct record record; /* addresses, ports, protocol and times only */
};

/* Calls `each` for those of the `newest` rows that were stored last that are no duplicates, in the order in which they were
 * stored; a value other than 0 ends the walk and is returned. 0 or NM_ESTORE. */
int db_overlap_each(struct db *db, size_t newest,
                    int (*each)(void *ctx, const struct db_overlap_flow *flow), void *ctx);

#endif
