/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The versions of the labels that probes gave, so that a jump in a graph can be told from an upgrade. A version is a number made
 * of the probe's modules, services and rules.
 */
#ifndef NETMON_LIB_DB_LABELS_H
#define NETMON_LIB_DB_LABELS_H

#include "lib/db.h"
#include "lib/record.h"

#include <stdint.h>

struct labels_version {
	char probe[LINK_NAME_MAX];
	uint32_t since_s; /* when the store heard of it, seconds UTC */
	uint32_t labels;
};

/* Versions of a probe that are kept, the newest ones: somebody may change them each second for years. */
#define DB_LABELS_KEPT 1000

/* Notes what version a probe, by the store's id, gives now; nothing is written while it stays the same. Older ones than the newest
 * DB_LABELS_KEPT go. In a transaction of its own. 0 or NM_ESTORE. */
int db_labels_put(struct db *db, int64_t probe, uint32_t labels, uint32_t now_s);
/* The same within the caller's write transaction. */
int db_labels_add(struct db *db, int64_t probe, uint32_t labels, uint32_t now_s);

/* Calls `each` for every version that a probe came to at `since_s` or later after it had another one, the newest first; with 0, for
 * first ones too. A value other than 0 ends the walk and is returned. */
int db_labels_each(struct db *db, uint32_t since_s,
                   int (*each)(void *ctx, const struct labels_version *version), void *ctx);

#endif
