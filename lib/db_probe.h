/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probes in the store: who they are, how far each numbering (epoch) of theirs is stored, which numbering speaks for a link,
 * and what happened to them that somebody should look at.
 *
 * A link has one epoch that speaks for it. A probe that says hello with an epoch that the store never saw takes its links
 * over, and what spoke for them before is superseded: when that comes again, or goes on, it is fenced off, because two
 * probes that count the same packets must not both be stored. db_probe_accept() lifts the fence.
 *
 * Functions that say so write within the caller's write transaction; NM_ESTORE of those: roll all of it back. One thread for a handle.
 */
#ifndef NETMON_LIB_DB_PROBE_H
#define NETMON_LIB_DB_PROBE_H

#include "lib/db.h"
#include "lib/frame.h"

#include <stddef.h>
#include <stdint.h>

/* What a probe can make the store remember. */
#define DB_PROBES_MAX  10000
#define DB_LINKS_MAX   1024 /* of a probe, ever */
#define DB_EPOCHS_MAX  1000 /* of a probe that speak for no link; then the oldest are forgotten */
#define DB_EVENTS_HOUR 60   /* of one kind and probe in an hour */

/* What a probe calls itself and its links. */
struct db_probe_names {
	const char *probe;
	const char (*links)[LINK_NAME_MAX];
	size_t n_links;
};

/* The store's ids of a probe and its links, made when they are new; writes in a transaction of its own. ret_links gets
 * one id for each link. 0, NM_ELIMIT or NM_ESTORE. */
int db_probe_put(struct db *db, const struct db_probe_names *names, uint32_t now_s,
                 int64_t *ret_probe, int64_t *ret_links);

/* Calls `each` for the probes that were seen last, at most `max`; a value other than 0 ends the walk and is returned. Else 0 or
 * NM_ESTORE. */
int db_probe_each(struct db *db, size_t max,
                  int (*each)(void *ctx, const char *name, uint32_t seen_s), void *ctx);

/* How far an epoch is stored. */
struct db_watermark {
	uint64_t sequence; /* highest committed one, 0 for none */
	uint32_t crc;      /* of that batch; 0: not known, and any batch may follow */
};

/* Whether a batch goes on from there: 0; NM_EEXISTS: it is stored; NM_EORDER: it leaves a gap; NM_EFENCED: it follows another
 * batch than the one that is stored, or is another one of the same number. */
int db_watermark_check(const struct db_watermark *mark, const struct batch *batch);

/* 0 or NM_ESTORE. */
int db_watermark_get(struct db *db, int64_t probe, uint64_t epoch, struct db_watermark *ret_mark);

/* Within the caller's transaction. 0 or NM_ESTORE. */
int db_watermark_set(struct db *db, int64_t probe, uint64_t epoch, const struct db_watermark *mark,
                     uint32_t now_s);

/* Raises the watermark of an epoch without a batch: the store begins in the middle of a probe's numbering, because what
 * came before was acknowledged by another store. In a transaction of its own. NM_ESTORE. */
int db_watermark_start(struct db *db, int64_t probe, uint64_t epoch,
                       const struct db_watermark *mark, uint32_t now_s);

/* Where a probe stands after its hello. */
struct db_probe_place {
	int64_t probe;                  /* the store's id */
	int64_t links[FRAME_LINKS_MAX]; /* the store's ids */
	struct db_watermark committed;
	uint64_t missing_first; /* sequences that neither the store nor the probe has; 0: none */
	uint64_t missing_last;
	unsigned taken; /* links that another epoch spoke for until now */
	char why[160];  /* NM_EFENCED: in words */
};

/* Within the caller's transaction: makes rows for the probe and its links, lets the epoch speak for them, begins its
 * numbering where the probe does. 0; NM_EFENCED: the epoch was superseded, or its numbering contradicts what is stored: a
 * probe_event 'fenced' was written, at most one in ten minutes; NM_ELIMIT: a new name, and the store has as many as it may have;
 * NM_ESTORE. */
int db_probe_hello(struct db *db, const struct frame_hello *hello, uint32_t now_s,
                   struct db_probe_place *ret_place);

/* Whether an epoch (still) speaks for links: 0, NM_EFENCED, NM_ESTORE. */
int db_probe_speaks(struct db *db, uint64_t epoch, const int64_t *links, size_t n_links);

/* Notes, within the caller's transaction, that something happened: 'fenced', 'lost', 'gap', 'revoked', 'expired', 'expiring', 'accepted'. `quiet_s`:
 * nothing is written when the same came within so long before; nor, but for 'accepted', beyond DB_EVENTS_HOUR, which the last one
 * says. 0 or NM_ESTORE. */
struct db_probe_event {
	const char *probe;
	const char *event;
	const char *detail;
	uint32_t at_s; /* UTC */
	uint32_t quiet_s;
};
int db_probe_event_add(struct db *db, const struct db_probe_event *event);

/* Lifts the fences around a probe: whichever numbering says hello next speaks for its links, and a numbering may go on
 * after another batch than the one that is stored. Batches of numbers that are stored already stay as they are. In a transaction of
 * its own. 0, NM_ENOTFOUND, NM_ESTORE. */
int db_probe_accept(struct db *db, const char *probe, uint32_t now_s);

#endif
