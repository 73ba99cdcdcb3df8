/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walking over the entries of a spool. */
#include "probe/spool_scan.h"

#include "lib/checksum.h"
#include "lib/err.h"
#include "netmon/wire.h"

#include <stdlib.h>
#include <string.h>

#define BODY     (FRAME_HEADER_SIZE + 4) /* of a frame: what its CRC is of begins there */
#define BODY_MIN 40                      /* no frame is shorter behind that */
#define ROWS_MAX (2 * FRAME_LINKS_MAX * LEDGER_CAUSE_MAX)

struct spool_scan {
	uint64_t epoch;
	bool foreign;
	const uint8_t *bytes;
	size_t len;
	size_t offset;
	struct spool_state state;
	struct checkpoint cp; /* of the entry that is looked at */
	struct checkpoint before;
	struct batch batch; /* one that is looked into */
	struct record records[BATCH_RECORDS_MAX];
	struct ledger_delta ledger[BATCH_LEDGER_MAX];
	uint8_t frame[FRAME_HEADER_SIZE + 64 + ROWS_MAX * 24];
};

/* One place in a segment. */
struct place {
	struct spool_entry entry;
	bool has_head;
	const uint8_t *frame; /* NULL: damaged, or not there */
};

struct spool_scan *
spool_scan_new(uint64_t epoch, const struct spool_state *state)
{
	struct spool_scan *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->epoch = epoch;
	s->state = *state;
	return s;
}

void
spool_scan_free(struct spool_scan *s)
{
	free(s);
}

void
spool_scan_bytes(struct spool_scan *s, const uint8_t *bytes, size_t len, size_t offset)
{
	s->bytes = bytes;
	s->len = len;
	s->offset = offset;
}

size_t
spool_scan_offset(const struct spool_scan *s)
{
	return s->offset;
}

const struct spool_state *
spool_scan_state(const struct spool_scan *s)
{
	return &s->state;
}

bool
spool_scan_is_foreign(const struct spool_scan *s)
{
	return s->foreign;
}

/* --- frames ------------------------------------------------------------------------------------------------------------ */

/* Decodes a whole frame into s->batch. */
static bool
look_into(struct spool_scan *s, const uint8_t *frame)
{
	struct frame_header header;

	s->batch = (struct batch){ .records = s->records, .ledger = s->ledger };
	if (frame_decode_header(frame, &header) < 0)
		return false;
	frame += FRAME_HEADER_SIZE;
	switch (header.type) {
	case FRAME_BATCH:
		return frame_decode_batch(frame, header.length, &s->batch) == NM_OK;
	case FRAME_LOST:
		return frame_decode_lost(frame, header.length, &s->batch) == NM_OK;
	default:
		return false;
	}
}

/* Octets of the frame that begins at `bytes` if it is a whole one of this epoch with a CRC that is right, else 0. */
static size_t
frame_at(const struct spool_scan *s, const uint8_t *bytes, size_t left)
{
	struct frame_header header;
	struct wire w = wire_init(bytes, left);

	const uint8_t *head = wire_take(&w, FRAME_HEADER_SIZE);
	/* the CRC leaves the header out */
	if (!head || (head[0] != FRAME_BATCH && head[0] != FRAME_LOST) || head[1] || head[2] ||
	    head[3])
		return 0;
	uint32_t crc = wire_u32(&w);
	if (wire_u64(&w) != s->epoch || !wire_ok(&w) || frame_decode_header(head, &header) < 0 ||
	    header.length > left - FRAME_HEADER_SIZE || header.length < BODY_MIN + 4)
		return 0;
	return crc32c(bytes + BODY, header.length - 4) == crc ? FRAME_HEADER_SIZE + header.length
	                                                      : 0;
}

/* --- places ------------------------------------------------------------------------------------------------------------ */

/* An entry's head at `offset`, with its frame if that is good. */
static bool
entry_at(struct spool_scan *s, size_t offset, struct place *ret)
{
	const uint8_t *p = s->bytes + offset;
	size_t left = s->len - offset;

	if (left < SPOOL_FIXED || p[0] != (uint8_t)(SPOOL_ENTRY_MAGIC >> 24) ||
	    spool_head_decode(p, left, &ret->entry, &s->cp) < 0)
		return false;
	if (ret->entry.epoch != s->epoch) {
		s->foreign = true;
		return false;
	}
	size_t whole = ret->entry.head + ret->entry.frame;
	if (whole > left)
		return false; /* torn, or the end of the segment is gone: nothing can follow */
	ret->has_head = true;
	ret->frame = NULL;
	if (ret->entry.frame &&
	    frame_at(s, p + ret->entry.head, ret->entry.frame) == ret->entry.frame)
		ret->frame = p + ret->entry.head;
	if (ret->frame &&
	    ret->frame[0] != (ret->entry.kind == SPOOL_BATCH ? FRAME_BATCH : FRAME_LOST))
		ret->frame = NULL;
	return true;
}

/* A frame whose head is damaged. */
static bool
bare_frame_at(struct spool_scan *s, size_t offset, struct place *ret)
{
	const uint8_t *p = s->bytes + offset;
	size_t len = frame_at(s, p, s->len - offset);

	if (len == 0 || !look_into(s, p))
		return false;
	*ret = (struct place){
		.frame = p,
		.entry = { .kind = p[0] == FRAME_BATCH ? SPOOL_BATCH : SPOOL_LOST,
		           .frame = len,
		           .first = s->batch.first,
		           .last = s->batch.sequence,
		           .previous = s->batch.previous,
		           .chain = s->batch.crc },
	};
	return true;
}

/* The next place from the offset on, passing over what is neither a head nor a frame. */
static bool
find_place(struct spool_scan *s, size_t *ret_offset, struct place *ret)
{
	for (size_t at = s->offset; at + BODY + BODY_MIN <= s->len; at++) {
		if (entry_at(s, at, ret) || bare_frame_at(s, at, ret)) {
			*ret_offset = at;
			return true;
		}
	}
	return false;
}

/* --- what comes out ---------------------------------------------------------------------------------------------------- */

/* Brings the state behind an entry. */
static void
go_on(struct spool_scan *s, uint64_t sequence, uint32_t chain, const struct checkpoint *cp)
{
	s->state.known = true;
	s->state.sequence = sequence;
	s->state.chain = chain;
	if (cp)
		s->state.cp = *cp;
}

/* Gives out what stands for all behind the state up to `last`, behind which sums are `after`. */
static bool
give_lost(struct spool_scan *s, uint64_t last, uint32_t chain, const struct checkpoint *after,
          struct spool_found *ret)
{
	struct batch lost = { .epoch = s->epoch,
		              .first = s->state.sequence + 1,
		              .sequence = last,
		              .previous = s->state.chain,
		              .crc = chain,
		              .ledger = s->ledger };
	size_t len = 0;

	lost.n_ledger = checkpoint_rows(&s->state.cp, after, LEDGER_SPOOL_DAMAGED, s->ledger,
	                                ROWS_MAX, &lost.lost);
	/* fits: the frame has room for all rows, and numbers were checked where they were read */
	if (frame_encode_lost(&lost, s->frame, sizeof(s->frame), &len) < 0)
		return false;
	*ret = (struct spool_found){ .first = lost.first,
		                     .sequence = last,
		                     .chain = chain,
		                     .records = lost.lost,
		                     .damaged = true,
		                     .frame = s->frame,
		                     .len = len };
	go_on(s, last, chain, after);
	return true;
}

/* A batch that is there whole, and next. */
static void
give_whole(struct spool_scan *s, const struct place *p, struct spool_found *ret)
{
	const struct spool_entry *e = &p->entry;

	if (p->has_head) {
		*ret = (struct spool_found){ .records = s->cp.records - s->state.cp.records };
		go_on(s, e->last, e->chain, &s->cp);
	} else {
		*ret = (struct spool_found){ .records = s->batch.n_records + s->batch.lost };
		checkpoint_add(&s->state.cp, &s->batch, 1);
		go_on(s, e->last, e->chain, NULL);
	}
	ret->first = e->first;
	ret->sequence = e->last;
	ret->chain = e->chain;
	ret->frame = p->frame;
	ret->len = e->frame;
}

/* Takes the state from an entry in the middle. False: it tells only what is behind it. */
static bool
begin_at(struct spool_scan *s, const struct place *p)
{
	const struct spool_entry *e = &p->entry;

	if (p->frame && p->has_head && look_into(s, p->frame)) {
		s->before = s->cp;
		checkpoint_subtract(&s->before, &s->batch);
		go_on(s, e->first - 1, e->previous, &s->before);
		return true;
	}
	if (p->has_head)
		go_on(s, e->last, e->chain, &s->cp);
	return false;
}

/* One place. True with something to give; *ret_stay when the place has more to tell. */
static bool
take_place(struct spool_scan *s, const struct place *p, struct spool_found *ret, bool *ret_stay)
{
	const struct spool_entry *e = &p->entry;

	if (!s->state.known && !begin_at(s, p))
		return false;
	if (e->last <= s->state.sequence)
		return false;
	bool next = e->first == s->state.sequence + 1;
	if (p->frame && next) {
		give_whole(s, p, ret);
		return true;
	}
	if (!p->has_head)
		return false; /* what comes behind tells how much went */
	if (e->kind == SPOOL_START || !p->frame || !look_into(s, p->frame))
		return give_lost(s, e->last, e->chain, &s->cp, ret);
	if (e->first <= s->state.sequence)
		return false;
	*ret_stay = true;
	s->before = s->cp;
	checkpoint_subtract(&s->before, &s->batch);
	return give_lost(s, e->first - 1, e->previous, &s->before, ret);
}

bool
spool_scan_next(struct spool_scan *s, struct spool_found *ret_found)
{
	struct place p = { 0 };
	size_t at;

	while (find_place(s, &at, &p)) {
		bool stay = false;
		bool found = take_place(s, &p, ret_found, &stay);

		s->offset = stay ? at : at + (p.has_head ? p.entry.head : 0) + p.entry.frame;
		if (found)
			return true;
		p = (struct place){ 0 };
	}
	return false;
}
