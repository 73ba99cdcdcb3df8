/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's queue over a spool: the thread that writes, and reading back. */
#include "probe/export_spool.h"

#include "lib/err.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_MIN_MS 50 /* after the disk said no; doubles each time */
#define RETRY_MAX_MS 1000
#define LOG_PERIOD_S 60

/* --- producer ---------------------------------------------------------------------------------------------------------- */

int
export_spool_put(struct export_queue *q, const struct batch *batch, const uint8_t *frame,
                 size_t len)
{
	struct spool_entry e = { .kind = SPOOL_BATCH,
		                 .frame = len,
		                 .epoch = q->epoch,
		                 .first = batch->sequence,
		                 .last = batch->sequence,
		                 .previous = batch->previous,
		                 .chain = frame_batch_crc(frame) };

	/* room for the head is not known before its sums are made, and they must not be made in vain */
	struct spool_out *out = malloc(sizeof(*out) + SPOOL_HEAD_MAX + len);
	if (!out)
		return -ENOMEM;
	checkpoint_add(q->cp, batch, q->sampling);
	gap_note(q->gap, q->cp);
	size_t head = spool_head_encode(&e, q->cp, out->bytes);
	memcpy(out->bytes + head, frame, len);
	struct spool_out *fit = realloc(out, sizeof(*out) + head + len);
	if (fit)
		out = fit;
	out->next = NULL;
	out->sequence = batch->sequence;
	out->chain = e.chain;
	out->records = batch->n_records;
	out->weight = batch->n_records + batch->n_ledger + 1;
	out->head = head;
	out->len = head + len;
	(void)pthread_mutex_lock(&q->lock);
	if (q->pending)
		q->pending_tail->next = out;
	else
		q->pending = out;
	q->pending_tail = out;
	q->pending_records += out->records;
	q->next++;
	q->last_crc = e.chain;
	(void)atomic_fetch_add(&q->weight, out->weight);
	(void)pthread_cond_signal(&q->work);
	(void)pthread_mutex_unlock(&q->lock);
	return NM_OK;
}

/* --- writer ------------------------------------------------------------------------------------------------------------ */

/* Takes what is durable out of the list. With the lock. */
static void
release(struct export_queue *q, uint64_t durable)
{
	while (q->pending && q->pending->sequence <= durable) {
		struct spool_out *out = q->pending;

		q->pending = out->next;
		q->pending_records -= out->records;
		q->records += out->records;
		(void)atomic_fetch_sub(&q->weight, out->weight);
		free(out);
		q->acks++;
	}
	if (q->durable < durable)
		q->durable = durable;
	(void)pthread_cond_broadcast(&q->moved);
}

/* Writes what is there now, as a whole, while the lock is free: the producer never waits for the disk. */
static int
write_pending(struct export_queue *q)
{
	uint64_t durable;
	struct spool_out *last = q->pending_tail;
	struct spool_out *list = q->pending;

	q->pending = q->pending_tail = NULL;
	(void)pthread_mutex_unlock(&q->lock);
	int rc = spool_write(q->spool, list, &durable);
	(void)pthread_mutex_lock(&q->lock);
	/* back in front of what came meanwhile */
	last->next = q->pending;
	if (!q->pending)
		q->pending_tail = last;
	q->pending = list;
	release(q, durable);
	if (rc < 0 && log_allowed(&q->trouble))
		log_warn("the spool takes no more: %s; trying again",
		         rc == NM_ELIMIT ? "it is as large as --spool-size allows"
		                         : nm_strerror(rc));
	return rc;
}

static void
rest(struct export_queue *q, unsigned wait_ms)
{
	struct timespec end;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += (long)wait_ms * 1000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	/* what comes meanwhile does not wake it up, an acknowledgement does: there may be room */
	uint64_t acked = q->acked;
	while (!q->writer_stop && q->acked == acked && rc == 0)
		rc = pthread_cond_timedwait(&q->work, &q->lock, &end);
}

static void *
writer_main(void *arg)
{
	struct export_queue *q = arg;
	uint64_t trimmed = 0;
	unsigned retry_ms = RETRY_MIN_MS;
	int rc = NM_OK;

	(void)pthread_mutex_lock(&q->lock);
	for (;;) {
		while (!q->pending && q->acked == trimmed && !q->writer_stop)
			(void)pthread_cond_wait(&q->work, &q->lock);
		if (q->acked != trimmed) {
			trimmed = q->acked;
			(void)pthread_mutex_unlock(&q->lock);
			spool_acked(q->spool, trimmed);
			spool_trim(q->spool);
			(void)pthread_mutex_lock(&q->lock);
		}
		rc = q->pending ? write_pending(q) : NM_OK;
		export_queue_wake(q);
		if (q->writer_stop && (!q->pending || rc < 0))
			break;
		if (rc == NM_OK) {
			retry_ms = RETRY_MIN_MS;
			continue;
		}
		rest(q, retry_ms);
		retry_ms = 2 * retry_ms < RETRY_MAX_MS ? 2 * retry_ms : RETRY_MAX_MS;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return NULL;
}

int
export_queue_spool(struct export_queue *q, struct spool *spool, unsigned sampling)
{
	const struct spool_state *tail = spool_tail(spool);
	const struct spool_meta *meta = spool_meta(spool);
	pthread_condattr_t attr;
	sigset_t all, old;

	q->cp = malloc(sizeof(*q->cp));
	if (!q->cp)
		return -ENOMEM;
	*q->cp = tail->cp;
	q->sampling = sampling ? sampling : 1;
	q->epoch = meta->epoch;
	q->next = tail->sequence + 1;
	q->last_crc = tail->chain;
	q->base_crc = meta->chain;
	q->durable = tail->sequence;
	q->acked = meta->sequence;
	q->records = (size_t)(tail->cp.records - meta->cp.records);
	q->trouble = (struct log_limit){ .burst = 1, .period_s = LOG_PERIOD_S };
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&q->work, &attr);
	(void)pthread_condattr_destroy(&attr);
	q->spool = spool;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&q->writer, NULL, writer_main, q);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		q->spool = NULL;
	return -rc;
}

void
export_spool_stop(struct export_queue *q)
{
	if (q->spool) {
		(void)pthread_mutex_lock(&q->lock);
		q->writer_stop = true;
		(void)pthread_cond_signal(&q->work);
		(void)pthread_mutex_unlock(&q->lock);
		(void)pthread_join(q->writer, NULL);
		(void)pthread_cond_destroy(&q->work);
	}
	while (q->pending) {
		struct spool_out *out = q->pending;
		q->pending = out->next;
		free(out);
	}
	free(q->cp);
	q->cp = NULL;
}

/* --- consumer ---------------------------------------------------------------------------------------------------------- */

struct export_item *
export_spool_load(struct export_queue *q)
{
	struct spool_found found;

	do {
		if (!spool_read(q->spool, &found))
			return NULL;
		if (found.sequence <= q->acked)
			q->base_crc = found.chain;
	} while (found.sequence <= q->acked);
	struct export_item *item;
	/* the reader is past it, and nothing gives it again: so wait for memory */
	while (!(item = malloc(sizeof(*item) + found.len)))
		(void)nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	*item = (struct export_item){ .first = found.first,
		                      .sequence = found.sequence,
		                      .crc = found.chain,
		                      .records = (size_t)found.records,
		                      .len = found.len };
	memcpy(item->bytes, found.frame, found.len);
	(void)pthread_mutex_lock(&q->lock);
	if (q->tail)
		q->tail->next = item;
	else
		q->head = item;
	q->tail = item;
	(void)pthread_mutex_unlock(&q->lock);
	return item;
}

void
export_spool_skip(struct export_queue *q, uint64_t sequence)
{
	(void)pthread_mutex_lock(&q->lock);
	uint64_t reached = q->tail ? q->tail->sequence : q->acked;
	(void)pthread_mutex_unlock(&q->lock);
	/* the collector has more than it said before: read on, to know the CRC of the last one */
	while (reached < sequence) {
		const struct export_item *item = export_spool_load(q);
		if (!item)
			break;
		reached = item->sequence;
	}
	(void)pthread_mutex_lock(&q->lock);
	if (sequence > q->acked)
		q->acked = sequence;
	(void)pthread_mutex_unlock(&q->lock);
}
