/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks over the entries of segments in memory, whatever became of their octets: each batch comes out as it went in, or within
 * a LOST frame that says what was in it. Life cycle: spool_scan_new(), then for each segment in order spool_scan_bytes() and
 * spool_scan_next() until it has no more, spool_scan_free(). One thread.
 *
 * What is lost is known from what is around it: an entry's head says what was in its frame, and the heads of neighbours,
 * by their sums, what was between them.
 */
#ifndef NETMON_PROBE_SPOOL_SCAN_H
#define NETMON_PROBE_SPOOL_SCAN_H

#include "probe/spool_format.h"

struct spool_found {
	uint64_t first; /* the sequence, but for LOST */
	uint64_t sequence;
	uint32_t chain;
	uint64_t records;
	bool damaged;         /* the scan made it up, because of damage */
	const uint8_t *frame; /* until the next call */
	size_t len;
};

struct spool_scan;

/* From `state` on, which is copied. NULL: out of memory. */
struct spool_scan *spool_scan_new(uint64_t epoch, const struct spool_state *state);
/* NULL is fine. */
void spool_scan_free(struct spool_scan *s);

/* The octets of the segment, of which the first `offset` were walked over already. They must outlive the walk. */
void spool_scan_bytes(struct spool_scan *s, const uint8_t *bytes, size_t len, size_t offset);
/* True with the next batch or what stands for lost ones; false at the end of what is there. */
bool spool_scan_next(struct spool_scan *s, struct spool_found *ret_found);
/* Octets from the beginning of the segment to the end of the last entry that was there. */
size_t spool_scan_offset(const struct spool_scan *s);
/* As it is behind what was given out. */
const struct spool_state *spool_scan_state(const struct spool_scan *s);
/* Whether an entry of another epoch was met: the segment is of another spool. */
bool spool_scan_is_foreign(const struct spool_scan *s);

#endif
