/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the spool's files hold, as octets. Plain functions on memory; any thread.
 *
 * A spool is a folder: `lock`, `meta`, `meta.start`, and segments. A segment, named FIRST.seg by the first sequence in it (16 hex
 * digits; where its first entry says another one, that counts), is a row of entries. Byte order: network. Strings: u8 length, then that many octets.
 *
 * Entry
 *   POS 1  u32  magic            SPOOL_ENTRY_MAGIC: also the version
 *   POS 2  u32  crc              CRC32C of the rest of the head
 *   POS 3  u16  kind             enum spool_kind
 *   POS 4  u16  reserved         0
 *   POS 5  u32  head             octets of the head, from the magic to the end of the checkpoint
 *   POS 6  u32  frame            octets behind the head
 *   POS 7  u64  epoch
 *   POS 8  u64  first            sequences that it stands for: first to last, one but for LOST
 *   POS 9  u64  last
 *   POS 10 u32  previous         as the frame has it
 *   POS 11 u32  chain            what the next batch has as its previous
 *   POS 12 checkpoint            as it is behind this entry
 *   POS 13 frame                 BATCH or LOST (lib/frame.h), which has a CRC of its own; none in START
 * So a flipped bit in the head leaves a frame that can be found by its epoch and CRC, and one in the frame leaves a head that
 * says what was in it.
 *
 * Checkpoint                     sums over the epoch
 *   POS 1  u64  records
 *   POS 2  u32  minute           of the newest row of the ledger
 *   POS 3  u16  links            how many follow
 *   POS 4  u16  rows             how many follow those
 *   POS 5  links times: struct spool_link in its order, `live` as u8
 *   POS 6  rows times: u16 link, u16 cause, u64 packets, u64 octets
 *
 * Meta: the following twice, so that one damage spares one of them
 *   POS 1  u32  magic            SPOOL_META_MAGIC
 *   POS 2  u32  crc              CRC32C of all behind it
 *   POS 3  u32  version          SPOOL_VERSION
 *   POS 4  u32  length           of all
 *   POS 5  u64  epoch
 *   POS 6  u64  running          bit N: link N is captured live, and its end was not seen
 *   POS 7  u8   clean            1: the last run came to an orderly end
 *   POS 8  str  probe
 *   POS 9  u16  links, then str for each
 *   POS 10 u64  sequence         all up to here is acknowledged and may be gone
 *   POS 11 u32  chain
 *   POS 12 checkpoint            as it was behind that one
 *   POS 13 u64  sequence         of the newest batch when this was written: no less is there
 *   POS 14 u32  chain
 *   POS 15 checkpoint
 * The file meta.start is a copy of meta from the start of the run, for when that is damaged: an older one tells as much, because
 * the collector says what it has.
 */
#ifndef NETMON_PROBE_SPOOL_FORMAT_H
#define NETMON_PROBE_SPOOL_FORMAT_H

#include "lib/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_VERSION     1
#define SPOOL_ENTRY_MAGIC 0x4e4d5331u /* "NMS1" */
#define SPOOL_META_MAGIC  0x4e4d534du /* "NMSM" */
#define SPOOL_FIXED       52          /* octets of the head in front of the checkpoint */
#define SPOOL_HEAD_MAX \
	(SPOOL_FIXED + 16 + FRAME_LINKS_MAX * 73 + FRAME_LINKS_MAX * LEDGER_CAUSE_MAX * 20)
#define SPOOL_META_MAX (2 * (80 + (FRAME_LINKS_MAX + 1) * (LINK_NAME_MAX + 1) + 2 * SPOOL_HEAD_MAX))

enum spool_kind {
	SPOOL_BATCH = 1,
	SPOOL_LOST = 2,  /* in the place of batches that the spool's limit drove out */
	SPOOL_START = 3, /* first in a segment: what was before it; `first` to `last` is empty */
};

/* What is known of a link when a batch is made. */
struct spool_link {
	bool live; /* the following is of an interface's counters; else 0 */
	/* in rows of the ledger (scaled up by the sampling), and in no record that was exported, dropped or declared: below 0,
	 * records were ahead of the rows */
	int64_t open_packets;
	int64_t open_octets;
	uint64_t boot;           /* which start of the machine the counters are of */
	uint64_t passed_packets; /* by the interface, in and out */
	uint64_t passed_octets;
	uint64_t before_packets; /* the same some seconds earlier: all of it is in the ledger */
	uint64_t before_octets;
	int64_t ahead_packets; /* passed since the run began, less what its rows count */
	int64_t ahead_octets;
};

struct spool_sum {
	uint64_t packets;
	uint64_t octets;
};

/* Sums over all batches of the epoch up to one of them. Large: not for stacks of threads. */
struct checkpoint {
	uint64_t records;
	uint32_t minute;
	uint16_t n_links;
	struct spool_link links[FRAME_LINKS_MAX];
	struct spool_sum sums[FRAME_LINKS_MAX][LEDGER_CAUSE_MAX];
};

/* Where the chain of batches stands. */
struct spool_state {
	bool known; /* false: in the middle, until an entry tells */
	uint64_t sequence;
	uint32_t chain;
	struct checkpoint cp;
};

struct spool_entry {
	enum spool_kind kind;
	size_t head;  /* octets */
	size_t frame; /* octets */
	uint64_t epoch;
	uint64_t first;
	uint64_t last;
	uint32_t previous;
	uint32_t chain;
};

struct spool_meta {
	uint64_t epoch;
	uint64_t running;
	bool clean;
	char probe[FRAME_NAME_MAX + 1];
	uint16_t n_links;
	char links[FRAME_LINKS_MAX][LINK_NAME_MAX];
	uint64_t sequence;
	uint32_t chain;
	struct checkpoint cp;
	struct spool_state tail; /* known */
};

/* Adds what a batch counts, or, behind LOST, what stands for it; `sampling` scales what rows say up to what records say. */
void checkpoint_add(struct checkpoint *cp, const struct batch *batch, unsigned sampling);
/* Takes the sums of a batch off again. What links say stays. */
void checkpoint_subtract(struct checkpoint *cp, const struct batch *batch);
/* Rows of the ledger for what `after` has more than `before`: all causes, and the packets of records under `cause` as well.
 * At most `max` rows; their number. *ret_records gets the records. */
size_t checkpoint_rows(const struct checkpoint *before, const struct checkpoint *after,
                       enum ledger_cause cause, struct ledger_delta *ret_rows, size_t max,
                       uint64_t *ret_records);

/* Writes the head of `entry` (its `head` is ignored) to `out`; octets written. `out` has room for SPOOL_HEAD_MAX. */
size_t spool_head_encode(const struct spool_entry *entry, const struct checkpoint *cp,
                         uint8_t *out);
/* Reads a head and checks it. 0, or NM_EFORMAT, also when `len` ends before it does. `ret_cp` may be NULL. */
int spool_head_decode(const uint8_t *bytes, size_t len, struct spool_entry *ret_entry,
                      struct checkpoint *ret_cp);

/* Octets written to `out`, which has room for SPOOL_META_MAX. */
size_t spool_meta_encode(const struct spool_meta *meta, uint8_t *out);
/* 0, NM_EFORMAT, or NM_EVERSION. */
int spool_meta_decode(const uint8_t *bytes, size_t len, struct spool_meta *ret_meta);

#endif
