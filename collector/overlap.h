/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Duplicate sight: links that see the same packets (two taps on one path, both sides of a router). Each link's rows say what
 * it carried; in totals a flow counts once. So, of the records of links that overlap, those that another link counts for
 * are marked as duplicates before they are stored.
 *
 * Each conversation (both directions, without VLAN and tunnel) has a place in a table, and each direction of it a few spans of
 * packet time, each with the link that owns it. A record belongs to the span that it begins in: it counts when its own link
 * is the owner, and is a duplicate else. A span reaches from the owner's first record to OVERLAP_SLACK_S behind its last, or
 * to the beginning of the next span. A record that begins in none begins one for its link. So a link that falls silent, when
 * traffic is routed around it, is followed by the next one; and what a probe that was cut off delivers later is judged by
 * the spans of that time. Whose a time is never changes: a packet that is in the records of every link is counted once at
 * least, whatever the order in which the links deliver and wherever they cut their records; it is counted twice only where
 * ownership changes in the middle of a record, at most that record's length.
 *
 * The same record judged twice is judged the same, so a batch that the store did not take and that comes again does no harm.
 * A batch that the store refuses for good must not be judged: ask db_watermark_check() first.
 *
 * The table has a fixed size and forgets the conversations that ended first when it is full; what is forgotten may count twice.
 * Ownership is in the memory of one process: netmond refuses overlap together with several workers. Life cycle:
 * overlap_new(), overlap_warm() with a store, overlap_mark() for each batch, overlap_free(). One thread.
 */
#ifndef NETMON_COLLECTOR_OVERLAP_H
#define NETMON_COLLECTOR_OVERLAP_H

#include "lib/db.h"
#include "lib/frame.h"
#include "lib/opttable.h"

#include <stddef.h>
#include <stdint.h>

/* How long after its last record a link still owns its conversation. A record comes up to 60 s (netmonc's active time-out) after
 * its beginning, and the next one of the same conversation begins up to another time-out's share later; the rest is for
 * batches under way. */
#define OVERLAP_SLACK_S 75
/* A span begins so much before its owner's first record, where nobody owned that: probes' clocks differ. */
#define OVERLAP_SKEW_S        2
#define OVERLAP_SPANS         4       /* of one direction of a conversation */
#define OVERLAP_CONVERSATIONS 524288u /* default of overlap_new(): 144 octets each, when used */
#define OVERLAP_LINKS_MAX     1024    /* in all sets */
#define OVERLAP_WARM_FLOWS    500000  /* newest rows that a start looks at */

struct overlap;

/* `sets`: each "PROBE/LINK, PROBE/LINK, ..." with two links or more, no link in two. `conversations`: room in the table, 0:
 * OVERLAP_CONVERSATIONS. 0 with *ret_overlap NULL when there are no sets; or a negative code with one line in `err`. */
int overlap_new(const struct opt_list *sets, size_t conversations, struct overlap **ret_overlap,
                char *err, size_t err_size);
/* NULL is fine. */
void overlap_free(struct overlap *overlap);

/* Takes up what the newest flows in the store say, so that a start changes no ownership. 0 or NM_ESTORE. */
int overlap_warm(struct overlap *overlap, struct db *db);

/* Sets RECORD_DUPLICATE in the records of a batch that another link counts for, and adds their sums to its ledger, as
 * LEDGER_DUPLICATE by the minute of their end; the ledger has room for BATCH_LEDGER_MAX rows. `hello` names the probe and
 * its links. NULL: does nothing. */
void overlap_mark(struct overlap *overlap, const struct frame_hello *hello, struct batch *batch);

struct overlap_stats {
	uint64_t counted;    /* records of links that overlap, and count */
	uint64_t duplicates; /* and that do not */
	uint64_t forgotten;  /* conversations that were forgotten while they may have gone on */
	uint64_t lost_rows;  /* ledger rows that a batch had no room for */
};
/* NULL: all 0. */
void overlap_get_stats(const struct overlap *overlap, struct overlap_stats *ret_stats);

#endif
