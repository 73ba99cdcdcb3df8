/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flows into the store: applications, and batches with their watermark (lib/db_probe.h).
 */
#ifndef NETMON_LIB_DB_FLOW_H
#define NETMON_LIB_DB_FLOW_H

#include "lib/db.h"
#include "lib/db_probe.h"
#include "lib/frame.h"

#include <stddef.h>
#include <stdint.h>

/* Adds or renames applications, in a transaction of its own. An id that the store has under another name keeps the name
 * it has, unless no flow of it is stored; *ret_conflicts counts those. 0 or NM_ESTORE. */
int db_app_put(struct db *db, const struct application *apps, size_t n, size_t *ret_conflicts);
/* The same within the caller's write transaction. */
int db_app_add(struct db *db, const struct application *apps, size_t n, size_t *ret_conflicts);

/*
 * Stores a batch, or what stands in the place of lost ones: flows, ledger and watermark in ONE transaction. 0 when it is
 * committed now; NM_EEXISTS when its sequence is at or below the watermark (nothing is written); NM_EORDER when it leaves a
 * gap; NM_EFENCED when it follows another batch than the one that is stored; NM_EFORMAT when a record's or ledger row's link
 * is outside n_links; NM_ESTORE, after a rollback.
 */
int db_batch_put(struct db *db, int64_t probe, const int64_t *links, size_t n_links,
                 const struct batch *batch, uint32_t now_s);

/* The same within the caller's write transaction, so that many batches share one commit. NM_ESTORE: the caller has to roll
 * back all of it; after another error nothing of this batch is written, and the transaction goes on. */
int db_batch_add(struct db *db, int64_t probe, const int64_t *links, size_t n_links,
                 const struct batch *batch, uint32_t now_s);

/* Calls `each` for every flow that ended at `since_s` or later and is no duplicate, in the order of its end; a value other
 * than 0 ends the walk and is returned. Only addresses, protocol, application, octets, packets and times of the record are
 * filled. */
int db_flow_each(struct db *db, uint32_t since_s, int (*each)(void *ctx, const struct record *r),
                 void *ctx);

/* What flows of one end, an address and port, counted for, by application and protocol. */
struct db_endpoint_use {
	char application[APP_NAME_MAX];
	uint8_t protocol;
	uint64_t flows;
	uint64_t packets;
	uint64_t octets;
	uint32_t last_s; /* end of the last one, seconds UTC */
};

/* Calls `each` for each application and protocol of the flows that ended at `since_s` or later and had this end, the most octets
 * first; a value other than 0 ends the walk and is returned. Duplicates do not count. Reads all flows since then. */
int db_flow_endpoint(struct db *db, const struct addr *addr, uint16_t port, uint32_t since_s,
                     int (*each)(void *ctx, const struct db_endpoint_use *use), void *ctx);

#endif
