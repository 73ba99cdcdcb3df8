/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flows into the store: applications, probes, batches with their watermark.
 */
#ifndef NETMON_LIB_DB_FLOW_H
#define NETMON_LIB_DB_FLOW_H

#include "lib/db.h"
#include "lib/frame.h"

#include <stddef.h>
#include <stdint.h>

/* Adds or renames applications. An id that the store has under another name keeps the name it has, unless no flow of
 * it is stored; *ret_conflicts counts those. */
int db_app_put(struct db *db, const struct application *apps, size_t n, size_t *ret_conflicts);

/* The store's ids of a probe and its links, made when they are new; writes in a transaction of its own. ret_links gets
 * one id for each of n_links names. */
int db_probe_put(struct db *db, const char *probe, const char (*links)[LINK_NAME_MAX],
                 size_t n_links, uint32_t now_s, int64_t *ret_probe, int64_t *ret_links);

/* Highest committed sequence of an epoch, 0 for none. */
int db_watermark_get(struct db *db, int64_t probe, uint64_t epoch, uint64_t *ret_sequence);

/*
 * Stores a batch: flows, ledger and watermark in ONE transaction. 0 when it is committed now; NM_EEXISTS when its
 * sequence is at or below the watermark (nothing is written); NM_EORDER when it leaves a gap; NM_EFORMAT when a record's
 * or ledger row's link is outside n_links; NM_ESTORE, after a rollback.
 */
int db_batch_put(struct db *db, int64_t probe, const int64_t *links, size_t n_links,
                 const struct batch *batch, uint32_t now_s);

#endif
