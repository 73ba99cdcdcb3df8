/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames as a stranger sends them. The first octet picks the decoder; for batches the checksum is made right, so that the
 * fuzzer gets behind it. What decodes is encoded again and must decode to the same.
 */
#include <stdint.h>
#include <stdlib.h>

/* for its checksum */
#include "lib/frame_batch.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[FRAME_MAX + FRAME_HEADER_SIZE];
static struct record records[2][BATCH_RECORDS_MAX];
static struct ledger_delta ledger[2][BATCH_LEDGER_MAX];
static struct application apps[2][FRAME_APPS_MAX];

static void
expect(bool what)
{
	if (!what)
		abort();
}

static void
fuzz_batch(const uint8_t *bytes, size_t len)
{
	struct batch a = { .records = records[0], .ledger = ledger[0] };
	struct batch b = { .records = records[1], .ledger = ledger[1] };
	size_t out;

	(void)frame_decode_batch(bytes, len, &a);
	if (len < 4)
		return;
	uint8_t *copy = malloc(len);
	expect(copy != NULL);
	memcpy(copy, bytes, len);
	struct wireout w = wireout_init(copy, 4);
	wireout_u32(&w, crc32c(copy + 4, len - 4));
	int rc = frame_decode_batch(copy, len, &a);
	free(copy);
	if (rc < 0)
		return;
	expect(frame_encode_batch(&a, again, sizeof(again), &out) == 0);
	expect(frame_decode_batch(again + FRAME_HEADER_SIZE, out - FRAME_HEADER_SIZE, &b) == 0);
	expect(a.n_records == b.n_records && a.n_ledger == b.n_ledger && a.octets == b.octets);
	expect(memcmp(a.records, b.records, a.n_records * sizeof(*a.records)) == 0);
}

static void
fuzz_lost(const uint8_t *bytes, size_t len)
{
	struct batch a = { .records = records[0], .ledger = ledger[0] };
	struct batch b = { .records = records[1], .ledger = ledger[1] };
	size_t out;

	(void)frame_decode_lost(bytes, len, &a);
	if (len < 4)
		return;
	uint8_t *copy = malloc(len);
	expect(copy != NULL);
	memcpy(copy, bytes, len);
	struct wireout w = wireout_init(copy, 4);
	wireout_u32(&w, crc32c(copy + 4, len - 4));
	int rc = frame_decode_lost(copy, len, &a);
	free(copy);
	if (rc < 0)
		return;
	expect(a.n_records == 0 && a.first <= a.sequence);
	expect(frame_encode_lost(&a, again, sizeof(again), &out) == 0);
	expect(frame_decode_lost(again + FRAME_HEADER_SIZE, out - FRAME_HEADER_SIZE, &b) == 0);
	expect(a.first == b.first && a.sequence == b.sequence && a.lost == b.lost);
	expect(a.previous == b.previous && a.crc == b.crc && a.n_ledger == b.n_ledger);
}

static void
fuzz_hello(const uint8_t *bytes, size_t len)
{
	struct frame_hello a, b;
	size_t out;

	if (frame_decode_hello(bytes, len, &a) < 0)
		return;
	expect(frame_encode_hello(&a, again, sizeof(again), &out) == 0);
	expect(out == len + FRAME_HEADER_SIZE);
	expect(frame_decode_hello(again + FRAME_HEADER_SIZE, len, &b) == 0);
	expect(strcmp(a.probe, b.probe) == 0 && a.n_links == b.n_links && a.next == b.next);
}

static void
fuzz_apps(const uint8_t *bytes, size_t len)
{
	size_t n = 0, out;

	if (frame_decode_apps(bytes, len, apps[0], FRAME_APPS_MAX, &n) < 0)
		return;
	expect(frame_encode_apps(apps[0], n, again, sizeof(again), &out) == 0);
	expect(out == len + FRAME_HEADER_SIZE &&
	       memcmp(again + FRAME_HEADER_SIZE, bytes, len) == 0);
}

static void
fuzz_answers(const uint8_t *bytes, size_t len)
{
	struct frame_hello_ack hello_ack;
	struct frame_ack ack;
	struct frame_header header;
	uint32_t labels;
	size_t out;

	if (frame_decode_hello_ack(bytes, len, &hello_ack) == 0) {
		expect(frame_encode_hello_ack(&hello_ack, again, sizeof(again), &out) == 0);
		expect(out == len + FRAME_HEADER_SIZE &&
		       memcmp(again + FRAME_HEADER_SIZE, bytes, len) == 0);
	}
	(void)frame_decode_labels(bytes, len, &labels);
	(void)frame_decode_ack(bytes, len, &ack);
	if (len >= FRAME_HEADER_SIZE)
		(void)frame_decode_header(bytes, &header);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const uint8_t *bytes,
	                               size_t len) = { fuzz_batch, fuzz_hello, fuzz_apps,
		                                       fuzz_answers, fuzz_lost };

	if (size > 0 && size <= FRAME_MAX)
		targets[data[0] % (sizeof(targets) / sizeof(targets[0]))](data + 1, size - 1);
	return 0;
}
