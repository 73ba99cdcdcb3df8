/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What passed a link while no probe counted, bounded by the interface's own counters (LEDGER_GAP). Life cycle: gap_open() before
 * the capture and the sandbox, gap_begin() when the spool is open, gap_look() each second, gap_note() for each batch,
 * gap_close(). One thread at a time.
 *
 * The counters are of the interface: a filter makes the bound wider, never narrower.
 */
#ifndef NETMON_PROBE_GAP_H
#define NETMON_PROBE_GAP_H

#include "probe/spool_format.h"

struct gap;

/* An interface without counters ("any") is no error, and never has a gap. 0 or -ENOMEM. */
int gap_open(const char *const *interfaces, size_t n, struct gap **ret_gap);
/* NULL is fine, everywhere. */
void gap_close(struct gap *g);

/* Interface i is the batches' link links[i]; the rows of `cp` are of runs before, and so are `behind[link]` packets that are
 * still to be declared for them. */
void gap_begin(struct gap *g, const uint16_t *links, const struct checkpoint *cp,
               const struct spool_sum *behind);
/* Bit N for link N that has counters. */
uint64_t gap_links(const struct gap *g);

/* At most so much passed link `link` between the newest rows of a run that ended in a crash, as `cp` has them, and the beginning
 * of this one, but for what is `behind`: of the same packets, and declared by itself. False, after a log line, when nothing can be
 * said. */
bool gap_bound(const struct gap *g, uint16_t link, const struct checkpoint *cp,
               const struct spool_sum *behind, struct spool_sum *ret_bound);

/* Reads the counters. */
void gap_look(struct gap *g);
/* Puts them into the checkpoint of a batch, whose rows are in it already. */
void gap_note(const struct gap *g, struct checkpoint *cp);

#endif
