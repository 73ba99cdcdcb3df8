/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making room in a spool by giving up what is oldest in it. A whole segment is replaced by one with a single LOST entry, which says
 * what was in it, and which grows when the segment behind it goes too.
 */
#include "lib/err.h"
#include "lib/log.h"
#include "probe/spool_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DROP_TEMP "drop.new"
/* What is given up. */
struct drop {
	uint64_t first;
	uint64_t records;
	uint32_t previous;
	struct checkpoint before;
	struct batch batch; /* one that is looked into */
	struct spool_state end;
	size_t n_rows;
	struct ledger_delta rows[SPOOL_DROP_ROWS_MAX];
	struct record records_of[BATCH_RECORDS_MAX];
	struct ledger_delta ledger_of[BATCH_LEDGER_MAX];
	uint8_t out[SPOOL_DROP_MAX];
};

/* --- rows -------------------------------------------------------------------------------------------------------------- */

static struct ledger_delta *
find_row(struct drop *d, const struct ledger_delta *like)
{
	for (size_t i = d->n_rows; i > 0; i--) {
		struct ledger_delta *row = &d->rows[i - 1];
		if (row->minute == like->minute && row->link == like->link &&
		    row->cause == like->cause)
			return row;
	}
	return NULL;
}

static void
put_row(struct drop *d, const struct ledger_delta *add)
{
	struct ledger_delta *row = find_row(d, add);

	if (row) {
		row->packets += add->packets;
		row->octets += add->octets;
	} else if (d->n_rows < SPOOL_DROP_ROWS_MAX) {
		d->rows[d->n_rows++] = *add;
	}
}

/* Brings all rows to multiples of a longer time, so that they are less; each minute that is left closes as it did. */
static void
make_coarse(struct drop *d, uint32_t step_s)
{
	size_t n = d->n_rows;

	d->n_rows = 0;
	for (size_t i = 0; i < n; i++) {
		struct ledger_delta row = d->rows[i];
		row.minute -= row.minute % step_s;
		put_row(d, &row);
	}
}

static void
add_row(struct drop *d, const struct ledger_delta *add)
{
	static const uint32_t steps_s[] = { 3600, 86400, 86400 * 31, UINT32_MAX };

	for (size_t i = 0;
	     i < sizeof(steps_s) / sizeof(steps_s[0]) && d->n_rows == SPOOL_DROP_ROWS_MAX; i++)
		make_coarse(d, steps_s[i]);
	put_row(d, add);
}

/* The rows of a batch, which say of its records that they went; what stands for lost ones says so already. */
static void
add_batch(struct drop *d, bool whole)
{
	d->records += d->batch.n_records + d->batch.lost;
	for (size_t i = 0; i < d->batch.n_ledger; i++) {
		struct ledger_delta row = d->batch.ledger[i];

		add_row(d, &row);
		row.cause = LEDGER_SPOOL_DROPPED;
		if (whole && d->batch.ledger[i].cause == LEDGER_EXPORTED)
			add_row(d, &row);
	}
}

/* --- segments ---------------------------------------------------------------------------------------------------------- */

static bool
look_into(struct drop *d, const struct spool_found *found)
{
	const uint8_t *body = found->frame + FRAME_HEADER_SIZE;
	size_t len = found->len - FRAME_HEADER_SIZE;

	d->batch = (struct batch){ .records = d->records_of, .ledger = d->ledger_of };
	return (found->frame[0] == FRAME_BATCH ? frame_decode_batch(body, len, &d->batch)
	                                       : frame_decode_lost(body, len, &d->batch)) == NM_OK;
}

/* Adds all that is in a segment. */
static int
add_segment(struct spool *s, struct drop *d, const struct segment *seg)
{
	struct spool_found found;
	char name[SPOOL_NAME_MAX];
	uint8_t *bytes = NULL;
	size_t len = 0;

	spool_segment_name(seg->name, name);
	int rc = spool_read_file(s, name, SPOOL_SEGMENT_READ_MAX, &bytes, &len);
	if (rc < 0)
		return rc;
	struct spool_scan *scan = spool_scan_new(s->meta.epoch, &d->end);
	if (scan)
		spool_scan_bytes(scan, bytes, len, 0);
	while (scan && spool_scan_next(scan, &found)) {
		if (!look_into(d, &found))
			continue;
		if (d->first == 0) {
			d->first = found.first;
			d->previous = d->batch.previous;
			d->before = spool_scan_state(scan)->cp;
			checkpoint_subtract(&d->before, &d->batch);
		}
		add_batch(d, found.frame[0] == FRAME_BATCH);
	}
	if (scan)
		d->end = *spool_scan_state(scan);
	rc = scan ? NM_OK : -ENOMEM;
	spool_scan_free(scan);
	free(bytes);
	return rc;
}

/* The octets of the segment that stands for it. */
static size_t
encode(const struct spool *s, struct drop *d)
{
	const struct batch lost = { .epoch = s->meta.epoch,
		                    .first = d->first,
		                    .sequence = d->end.sequence,
		                    .previous = d->previous,
		                    .crc = d->end.chain,
		                    .lost = d->records,
		                    .n_ledger = d->n_rows,
		                    .ledger = d->rows };
	struct spool_entry e = { .kind = SPOOL_START,
		                 .epoch = s->meta.epoch,
		                 .first = d->first,
		                 .last = d->first - 1,
		                 .previous = d->previous,
		                 .chain = d->previous };
	/* the frame first, behind room for both heads: its length is in one of them */
	uint8_t *frame = d->out + 2 * SPOOL_HEAD_MAX;

	if (frame_encode_lost(&lost, frame, sizeof(d->out) - 2 * SPOOL_HEAD_MAX, &e.frame) < 0)
		return 0;
	size_t len = e.frame;
	e.frame = 0;
	size_t at = spool_head_encode(&e, &d->before, d->out);
	e.kind = SPOOL_LOST;
	e.last = d->end.sequence;
	e.chain = d->end.chain;
	e.frame = len;
	at += spool_head_encode(&e, &d->end.cp, d->out + at);
	memmove(d->out + at, frame, len);
	return at + len;
}

static int
replace(const struct spool *s, const struct segment *seg, const uint8_t *bytes, size_t len)
{
	char name[SPOOL_NAME_MAX];
	int fd = openat(s->folder, DROP_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	                0600);

	if (fd < 0)
		return -errno;
	int rc = spool_write_at(fd, bytes, len, 0);
	if (rc == NM_OK && fdatasync(fd) < 0)
		rc = -errno;
	(void)close(fd);
	spool_segment_name(seg->name, name);
	if (rc == NM_OK && renameat(s->folder, DROP_TEMP, s->folder, name) < 0)
		rc = -errno;
	if (rc == NM_OK && fsync(s->folder) < 0)
		rc = -errno;
	return rc;
}

/* --- choice ------------------------------------------------------------------------------------------------------------ */

/* The oldest segment that neither the reader has begun nor any run can have sent, and the one before it if that is given up
 * already. With the lock. */
static struct segment *
choose(struct spool *s, struct segment **ret_before)
{
	struct segment *begin = s->reading ? s->reading : s->head, *before = NULL;

	if (!begin || !begin->next)
		return NULL;
	uint64_t unsent = spool_unsent(s);
	for (struct segment *seg = begin->next; seg != s->tail; seg = seg->next) {
		if (seg->first < unsent)
			continue;
		if (!seg->lost) {
			*ret_before = before && before->next == seg ? before : NULL;
			return seg;
		}
		before = seg;
	}
	return NULL;
}

static void
set_aside(struct spool *s, struct segment *seg, struct segment *before, bool aside)
{
	(void)pthread_mutex_lock(&s->lock);
	seg->aside = aside;
	if (before)
		before->aside = aside;
	(void)pthread_mutex_unlock(&s->lock);
}

/* The list, and what all segments hold, once the file is replaced. */
static void
take_over(struct spool *s, struct segment *seg, struct segment *before, size_t len)
{
	struct segment *target = before ? before : seg;

	(void)pthread_mutex_lock(&s->lock);
	s->total -= seg->durable;
	if (before) {
		s->total -= before->durable + SPOOL_BLOCK;
		before->next = seg->next;
	}
	s->total += len;
	target->size = target->durable = len;
	target->lost = true;
	(void)pthread_mutex_unlock(&s->lock);
	if (before)
		spool_remove_segment(s, seg);
}

static int
drop_segment(struct spool *s, struct drop *d, struct segment *seg, struct segment *before)
{
	int rc = before ? add_segment(s, d, before) : NM_OK;

	uint64_t already = d->records;
	if (rc == NM_OK)
		rc = add_segment(s, d, seg);
	size_t len = rc == NM_OK && d->first > 0 ? encode(s, d) : 0;
	if (len == 0)
		return rc < 0 ? rc : NM_EFORMAT;
	rc = replace(s, before ? before : seg, d->out, len);
	if (rc < 0)
		return rc;
	if (log_allowed(&s->drop_log))
		log_warn("spool %s: is full: %" PRIu64
		         " of the oldest records are dropped, and declared",
		         s->config.folder, d->records - already);
	take_over(s, seg, before, len);
	return NM_OK;
}

int
spool_drop_oldest(struct spool *s)
{
	struct segment *before = NULL;

	(void)pthread_mutex_lock(&s->lock);
	struct segment *seg = choose(s, &before);
	if (seg)
		seg->aside = true;
	if (before)
		before->aside = true;
	(void)pthread_mutex_unlock(&s->lock);
	if (!seg)
		return NM_ELIMIT;
	struct drop *d = calloc(1, sizeof(*d));
	int rc = d ? drop_segment(s, d, seg, before) : -ENOMEM;
	free(d);
	if (rc < 0)
		set_aside(s, seg, before, false);
	else
		set_aside(s, before ? before : seg, NULL, false);
	return rc;
}
