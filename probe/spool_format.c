/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spool's files as octets. */
#include "probe/spool_format.h"

#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/wireout.h"
#include "netmon/wire.h"

#include <stdio.h>
#include <string.h>

#define CRC_AT   4 /* of an entry's head and of meta */
#define CRC_FROM 8 /* what it is of begins there */

/* --- checkpoint -------------------------------------------------------------------------------------------------------- */

/* How a row changes what is in no record yet: +1, -1 or 0. */
static int
opens(unsigned cause)
{
	switch (cause) {
	case LEDGER_METERED:
	case LEDGER_TABLE_OVERFLOW:
		return 1;
	case LEDGER_EXPORTED:
	case LEDGER_EXPORT_DROPPED:
	case LEDGER_CRASHED:
		return -1;
	default:
		return 0;
	}
}

/* What is declared in the place of batches is in no batch. */
static bool
is_summed(const struct ledger_delta *d)
{
	return d->link < FRAME_LINKS_MAX && d->cause < LEDGER_CAUSE_MAX &&
	       d->cause != LEDGER_SPOOL_DROPPED && d->cause != LEDGER_SPOOL_DAMAGED;
}

void
checkpoint_add(struct checkpoint *cp, const struct batch *batch, unsigned sampling)
{
	cp->records += batch->n_records + batch->lost;
	for (const struct ledger_delta *d = batch->ledger; d < batch->ledger + batch->n_ledger;
	     d++) {
		if (!is_summed(d))
			continue;
		struct spool_sum *sum = &cp->sums[d->link][d->cause];
		struct spool_link *link = &cp->links[d->link];
		int64_t factor = opens(d->cause) > 0 ? (int64_t)sampling : opens(d->cause);

		sum->packets += d->packets;
		sum->octets += d->octets;
		link->open_packets += factor * (int64_t)d->packets;
		link->open_octets += factor * (int64_t)d->octets;
		if (d->link >= cp->n_links)
			cp->n_links = d->link + 1;
		if (d->minute > cp->minute)
			cp->minute = d->minute;
	}
}

void
checkpoint_subtract(struct checkpoint *cp, const struct batch *batch)
{
	cp->records -= batch->n_records + batch->lost;
	for (const struct ledger_delta *d = batch->ledger; d < batch->ledger + batch->n_ledger;
	     d++) {
		if (!is_summed(d))
			continue;
		cp->sums[d->link][d->cause].packets -= d->packets;
		cp->sums[d->link][d->cause].octets -= d->octets;
	}
}

size_t
checkpoint_rows(const struct checkpoint *before, const struct checkpoint *after,
                enum ledger_cause cause, struct ledger_delta *ret_rows, size_t max,
                uint64_t *ret_records)
{
	/* when what is lost began; a run that has just begun has no minute before */
	uint32_t minute = before->minute ? before->minute : after->minute;
	size_t n = 0;

	*ret_records = after->records - before->records;
	for (uint16_t link = 0; link < FRAME_LINKS_MAX; link++)
		for (unsigned c = 0; c < LEDGER_CAUSE_MAX; c++) {
			const struct spool_sum *a = &after->sums[link][c];
			const struct spool_sum *b = &before->sums[link][c];
			struct ledger_delta row = { minute, link, (uint16_t)c,
				                    a->packets - b->packets,
				                    a->octets - b->octets };

			if ((row.packets | row.octets) == 0 || n + 2 > max)
				continue;
			ret_rows[n++] = row;
			row.cause = (uint16_t)cause;
			if (c == LEDGER_EXPORTED)
				ret_rows[n++] = row;
		}
	return n;
}

static void
put_link(struct wireout *w, const struct spool_link *l)
{
	wireout_u8(w, l->live);
	wireout_u64(w, (uint64_t)l->open_packets);
	wireout_u64(w, (uint64_t)l->open_octets);
	wireout_u64(w, l->boot);
	wireout_u64(w, l->passed_packets);
	wireout_u64(w, l->passed_octets);
	wireout_u64(w, l->before_packets);
	wireout_u64(w, l->before_octets);
	wireout_u64(w, (uint64_t)l->ahead_packets);
	wireout_u64(w, (uint64_t)l->ahead_octets);
}

static void
get_link(struct wire *w, struct spool_link *l)
{
	l->live = wire_u8(w) != 0;
	l->open_packets = (int64_t)wire_u64(w);
	l->open_octets = (int64_t)wire_u64(w);
	l->boot = wire_u64(w);
	l->passed_packets = wire_u64(w);
	l->passed_octets = wire_u64(w);
	l->before_packets = wire_u64(w);
	l->before_octets = wire_u64(w);
	l->ahead_packets = (int64_t)wire_u64(w);
	l->ahead_octets = (int64_t)wire_u64(w);
}

static void
put_checkpoint(struct wireout *w, const struct checkpoint *cp)
{
	uint16_t n_rows = 0;

	wireout_u64(w, cp->records);
	wireout_u32(w, cp->minute);
	wireout_u16(w, cp->n_links);
	size_t at = w->len;
	wireout_u16(w, 0);
	for (uint16_t i = 0; i < cp->n_links; i++)
		put_link(w, &cp->links[i]);
	for (uint16_t link = 0; link < cp->n_links; link++)
		for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++) {
			const struct spool_sum *sum = &cp->sums[link][cause];

			if ((sum->packets | sum->octets) == 0)
				continue;
			wireout_u16(w, link);
			wireout_u16(w, (uint16_t)cause);
			wireout_u64(w, sum->packets);
			wireout_u64(w, sum->octets);
			n_rows++;
		}
	if (wireout_ok(w))
		(void)wireout_at16(w->bytes + at, n_rows);
}

static void
get_checkpoint(struct wire *w, struct checkpoint *cp)
{
	memset(cp, 0, sizeof(*cp));
	cp->records = wire_u64(w);
	cp->minute = wire_u32(w);
	cp->n_links = wire_u16(w);
	uint16_t n_rows = wire_u16(w);
	if (cp->n_links > FRAME_LINKS_MAX) {
		w->failed = true;
		return;
	}
	for (uint16_t i = 0; i < cp->n_links; i++)
		get_link(w, &cp->links[i]);
	for (uint16_t i = 0; i < n_rows && wire_ok(w); i++) {
		uint16_t link = wire_u16(w);
		uint16_t cause = wire_u16(w);
		struct spool_sum sum = { .packets = wire_u64(w) };

		sum.octets = wire_u64(w);
		if (link < FRAME_LINKS_MAX && cause < LEDGER_CAUSE_MAX)
			cp->sums[link][cause] = sum;
		else
			w->failed = true;
	}
}

/* --- entries ----------------------------------------------------------------------------------------------------------- */

size_t
spool_head_encode(const struct spool_entry *entry, const struct checkpoint *cp, uint8_t *out)
{
	struct wireout w = wireout_init(out, SPOOL_HEAD_MAX);

	wireout_u32(&w, SPOOL_ENTRY_MAGIC);
	wireout_u32(&w, 0);
	wireout_u16(&w, (uint16_t)entry->kind);
	wireout_u16(&w, 0);
	wireout_u32(&w, 0);
	wireout_u32(&w, (uint32_t)entry->frame);
	wireout_u64(&w, entry->epoch);
	wireout_u64(&w, entry->first);
	wireout_u64(&w, entry->last);
	wireout_u32(&w, entry->previous);
	wireout_u32(&w, entry->chain);
	put_checkpoint(&w, cp);
	wireout_patch_u32(&w, 12, (uint32_t)w.len);
	wireout_patch_u32(&w, CRC_AT, crc32c(out + CRC_FROM, w.len - CRC_FROM));
	return w.len;
}

static bool
is_possible(const struct spool_entry *e)
{
	if (e->frame > FRAME_MAX + FRAME_HEADER_SIZE || e->last >= INT64_MAX)
		return false;
	switch (e->kind) {
	case SPOOL_BATCH:
		return e->first == e->last && e->first > 0;
	case SPOOL_LOST:
		return e->first <= e->last && e->first > 0;
	case SPOOL_START:
		return e->first == e->last + 1 && e->frame == 0;
	default:
		return false;
	}
}

int
spool_head_decode(const uint8_t *bytes, size_t len, struct spool_entry *ret_entry,
                  struct checkpoint *ret_cp)
{
	struct wire w = wire_init(bytes, len);
	struct spool_entry e;

	uint32_t magic = wire_u32(&w);
	uint32_t crc = wire_u32(&w);
	e.kind = (enum spool_kind)wire_u16(&w);
	wire_skip(&w, 2);
	e.head = wire_u32(&w);
	e.frame = wire_u32(&w);
	e.epoch = wire_u64(&w);
	e.first = wire_u64(&w);
	e.last = wire_u64(&w);
	e.previous = wire_u32(&w);
	e.chain = wire_u32(&w);
	if (!wire_ok(&w) || magic != SPOOL_ENTRY_MAGIC || e.head < SPOOL_FIXED ||
	    e.head > SPOOL_HEAD_MAX || e.head > len ||
	    crc32c(bytes + CRC_FROM, e.head - CRC_FROM) != crc || !is_possible(&e))
		return NM_EFORMAT;
	wire_limit(&w, e.head - SPOOL_FIXED);
	if (ret_cp)
		get_checkpoint(&w, ret_cp);
	if (!wire_ok(&w) || (ret_cp && wire_left(&w) != 0))
		return NM_EFORMAT;
	*ret_entry = e;
	return NM_OK;
}

/* --- meta -------------------------------------------------------------------------------------------------------------- */

static void
put_text(struct wireout *w, const char *text)
{
	size_t len = strlen(text);

	wireout_u8(w, (uint8_t)len);
	wireout_bytes(w, text, len);
}

/* Printable ASCII, as names are on the wire. */
static void
get_text(struct wire *w, char *ret, size_t size)
{
	uint8_t len = wire_u8(w);
	const uint8_t *text = wire_take(w, len);

	if (!text || len >= size || len == 0) {
		w->failed = true;
		return;
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			w->failed = true;
	memcpy(ret, text, len);
	ret[len] = '\0';
}

size_t
spool_meta_encode(const struct spool_meta *meta, uint8_t *out)
{
	struct wireout w = wireout_init(out, SPOOL_META_MAX / 2);

	wireout_u32(&w, SPOOL_META_MAGIC);
	wireout_u32(&w, 0);
	wireout_u32(&w, SPOOL_VERSION);
	wireout_u32(&w, 0);
	wireout_u64(&w, meta->epoch);
	wireout_u64(&w, meta->running);
	wireout_u8(&w, meta->clean);
	put_text(&w, meta->probe);
	wireout_u16(&w, meta->n_links);
	for (uint16_t i = 0; i < meta->n_links; i++)
		put_text(&w, meta->links[i]);
	wireout_u64(&w, meta->sequence);
	wireout_u32(&w, meta->chain);
	put_checkpoint(&w, &meta->cp);
	wireout_u64(&w, meta->tail.sequence);
	wireout_u32(&w, meta->tail.chain);
	put_checkpoint(&w, &meta->tail.cp);
	wireout_patch_u32(&w, 12, (uint32_t)w.len);
	wireout_patch_u32(&w, CRC_AT, crc32c(out + CRC_FROM, w.len - CRC_FROM));
	memcpy(out + w.len, out, w.len);
	return 2 * w.len;
}

static int
decode_copy(const uint8_t *bytes, size_t len, struct spool_meta *ret)
{
	struct wire w = wire_init(bytes, len);

	memset(ret, 0, sizeof(*ret));
	uint32_t magic = wire_u32(&w);
	uint32_t crc = wire_u32(&w);
	uint32_t version = wire_u32(&w);
	uint32_t length = wire_u32(&w);
	if (!wire_ok(&w) || magic != SPOOL_META_MAGIC || length != len ||
	    crc32c(bytes + CRC_FROM, len - CRC_FROM) != crc)
		return NM_EFORMAT;
	if (version != SPOOL_VERSION)
		return NM_EVERSION;
	ret->epoch = wire_u64(&w);
	ret->running = wire_u64(&w);
	ret->clean = wire_u8(&w) != 0;
	get_text(&w, ret->probe, sizeof(ret->probe));
	ret->n_links = wire_u16(&w);
	if (ret->n_links > FRAME_LINKS_MAX)
		return NM_EFORMAT;
	for (uint16_t i = 0; i < ret->n_links; i++)
		get_text(&w, ret->links[i], sizeof(ret->links[i]));
	ret->sequence = wire_u64(&w);
	ret->chain = wire_u32(&w);
	get_checkpoint(&w, &ret->cp);
	ret->tail.known = true;
	ret->tail.sequence = wire_u64(&w);
	ret->tail.chain = wire_u32(&w);
	get_checkpoint(&w, &ret->tail.cp);
	return wire_ok(&w) && wire_left(&w) == 0 ? NM_OK : NM_EFORMAT;
}

int
spool_meta_decode(const uint8_t *bytes, size_t len, struct spool_meta *ret_meta)
{
	size_t half = len / 2;
	int rc = decode_copy(bytes, half, ret_meta);

	return rc == NM_EFORMAT ? decode_copy(bytes + half, half, ret_meta) : rc;
}
