/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of a spool as a bad disk or somebody else left them. The first octet picks: a segment that is walked over from its
 * beginning, or from anywhere, one whose first head has its checksum made right, so that the fuzzer gets behind it, or meta.
 * What comes out must be in order, whole, and end; what decodes must decode again from what it is written as.
 */
#include "lib/checksum.h"
#include "lib/err.h"
#include "probe/spool_scan.h"

#include <stdlib.h>
#include <string.h>

#define KINDS    4
#define EPOCH_AT 20 /* in an entry */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct record records[BATCH_RECORDS_MAX];
static struct ledger_delta ledger[BATCH_LEDGER_MAX];

static void
expect(bool what)
{
	if (!what)
		abort();
}

static void
check_found(const struct spool_found *f, uint64_t epoch, uint64_t before)
{
	struct batch b = { .records = records, .ledger = ledger };
	const uint8_t *body = f->frame + FRAME_HEADER_SIZE;
	size_t len = f->len - FRAME_HEADER_SIZE;

	expect(f->len > FRAME_HEADER_SIZE);
	expect(f->first <= f->sequence && f->first > before);
	expect(!f->damaged || f->frame[0] == FRAME_LOST);
	if (f->frame[0] == FRAME_LOST && frame_decode_lost(body, len, &b) == NM_OK && f->damaged)
		expect(b.epoch == epoch && b.first == f->first && b.sequence == f->sequence);
}

static void
fuzz_segment(const uint8_t *bytes, size_t len, bool known)
{
	static struct spool_state state;
	struct spool_found found;
	uint64_t epoch = 0, before = 0;

	for (size_t i = EPOCH_AT; i < EPOCH_AT + 8 && i < len; i++)
		epoch = epoch << 8 | bytes[i];
	state.known = known;
	struct spool_scan *scan = spool_scan_new(epoch, &state);
	expect(scan != NULL);
	spool_scan_bytes(scan, bytes, len, 0);
	while (spool_scan_next(scan, &found)) {
		check_found(&found, epoch, before);
		before = found.sequence;
		expect(spool_scan_offset(scan) <= len);
	}
	expect(spool_scan_state(scan)->sequence >= before);
	spool_scan_free(scan);
}

static void
put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The first `head` octets become a head that nobody doubts. */
static void
fuzz_signed(const uint8_t *bytes, size_t len)
{
	static struct checkpoint cp, again;
	static uint8_t out[SPOOL_HEAD_MAX];
	struct spool_entry e, e2;

	if (len < SPOOL_FIXED + 2)
		return;
	size_t head = (size_t)bytes[0] << 8 | bytes[1];
	bytes += 2;
	len -= 2;
	if (head < SPOOL_FIXED || head > len)
		head = len < SPOOL_HEAD_MAX ? len : SPOOL_HEAD_MAX;
	uint8_t *copy = malloc(len);
	expect(copy != NULL);
	memcpy(copy, bytes, len);
	put32(copy, SPOOL_ENTRY_MAGIC);
	put32(copy + 12, (uint32_t)head);
	put32(copy + 4, crc32c(copy + 8, head - 8));
	if (spool_head_decode(copy, len, &e, &cp) == NM_OK) {
		expect(e.head == head);
		size_t n = spool_head_encode(&e, &cp, out);
		expect(spool_head_decode(out, n, &e2, &again) == NM_OK);
		expect(e2.first == e.first && e2.last == e.last && again.records == cp.records);
	}
	fuzz_segment(copy, len, true);
	fuzz_segment(copy, len, false);
	free(copy);
}

static void
fuzz_meta(const uint8_t *bytes, size_t len)
{
	static struct spool_meta meta, again;
	static uint8_t out[SPOOL_META_MAX];

	if (spool_meta_decode(bytes, len, &meta) < 0)
		return;
	expect(meta.n_links <= FRAME_LINKS_MAX);
	expect(spool_meta_decode(out, spool_meta_encode(&meta, out), &again) == NM_OK);
	expect(again.epoch == meta.epoch && again.tail.sequence == meta.tail.sequence);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % KINDS) {
	case 0:
	case 1:
		fuzz_segment(data + 1, size - 1, data[0] % KINDS == 0);
		break;
	case 2:
		fuzz_signed(data + 1, size - 1);
		break;
	default:
		fuzz_meta(data + 1, size - 1);
		break;
	}
	return 0;
}
