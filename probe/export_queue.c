/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's queue of encoded batches. */
#include "probe/export_queue.h"

#include "lib/err.h"
#include "probe/export_spool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

int
export_queue_init(struct export_queue *q, size_t weight_max)
{
	pthread_condattr_t attr;

	memset(q, 0, sizeof(*q));
	q->weight_max = weight_max;
	q->next = 1;
	if (getrandom(&q->epoch, sizeof(q->epoch), 0) != (ssize_t)sizeof(q->epoch))
		return -EIO;
	q->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->wake_fd < 0)
		return -errno;
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->moved, &attr);
	(void)pthread_condattr_destroy(&attr);
	return NM_OK;
}

void
export_queue_fini(struct export_queue *q)
{
	export_spool_stop(q);
	while (q->head) {
		struct export_item *item = q->head;
		q->head = item->next;
		free(item);
	}
	free(q->apps);
	q->apps = NULL;
	(void)close(q->wake_fd);
	(void)pthread_cond_destroy(&q->moved);
	(void)pthread_mutex_destroy(&q->lock);
}

void
export_queue_wake(const struct export_queue *q)
{
	uint64_t one = 1;

	/* fails only when 2^64 - 2 wake-ups are pending, and then the consumer is awake */
	if (write(q->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static struct timespec
from_now(unsigned ms)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* Waits, with the lock held, until `done` or until no acknowledgement came for `stall_ms`. */
static bool
wait_while_moving(struct export_queue *q, unsigned stall_ms, bool (*done)(struct export_queue *q))
{
	struct timespec deadline = from_now(stall_ms);
	uint64_t acks = q->acks;

	while (!done(q)) {
		if (pthread_cond_timedwait(&q->moved, &q->lock, &deadline) == ETIMEDOUT)
			return done(q);
		if (q->acks != acks) {
			acks = q->acks;
			deadline = from_now(stall_ms);
		}
	}
	return true;
}

static bool
has_room(struct export_queue *q)
{
	return !export_queue_is_full(q);
}

/* With a spool the weight is that of what is not durable. */
static bool
is_durable(struct export_queue *q)
{
	return !q->spool || atomic_load(&q->weight) == 0;
}

static bool
is_empty(struct export_queue *q)
{
	return q->spool ? is_durable(q) && q->acked >= q->durable : q->head == NULL;
}

bool
export_queue_wait_room(struct export_queue *q, unsigned stall_ms)
{
	(void)pthread_mutex_lock(&q->lock);
	bool room = wait_while_moving(q, stall_ms, has_room);
	(void)pthread_mutex_unlock(&q->lock);
	return room;
}

size_t
export_queue_drain(struct export_queue *q, unsigned stall_ms)
{
	(void)pthread_mutex_lock(&q->lock);
	(void)wait_while_moving(q, stall_ms, is_empty);
	size_t left = q->records + q->pending_records;
	(void)pthread_mutex_unlock(&q->lock);
	return left;
}

size_t
export_queue_flush(struct export_queue *q, unsigned stall_ms)
{
	(void)pthread_mutex_lock(&q->lock);
	(void)wait_while_moving(q, stall_ms, is_durable);
	size_t left = q->pending_records;
	(void)pthread_mutex_unlock(&q->lock);
	return left;
}

int
export_queue_put(struct export_queue *q, struct batch *batch, uint8_t *scratch, size_t size)
{
	size_t len;

	/* only the producer changes `next`, so it may read it without the lock */
	batch->epoch = q->epoch;
	batch->first = batch->sequence = q->next;
	batch->previous = q->last_crc;
	int rc = frame_encode_batch(batch, scratch, size, &len);
	if (rc < 0)
		return rc;
	if (q->spool)
		return export_spool_put(q, batch, scratch, len);
	struct export_item *item = malloc(sizeof(*item) + len);
	if (!item)
		return -ENOMEM;
	*item = (struct export_item){ .first = batch->sequence,
		                      .sequence = batch->sequence,
		                      .crc = frame_batch_crc(scratch),
		                      .records = batch->n_records,
		                      .weight = batch->n_records + batch->n_ledger + 1,
		                      .len = len };
	memcpy(item->bytes, scratch, len);
	(void)pthread_mutex_lock(&q->lock);
	if (q->tail)
		q->tail->next = item;
	else
		q->head = item;
	q->tail = item;
	q->next++;
	q->last_crc = item->crc;
	q->records += item->records;
	(void)atomic_fetch_add(&q->weight, item->weight);
	(void)pthread_mutex_unlock(&q->lock);
	export_queue_wake(q);
	return NM_OK;
}

void
export_queue_set_apps(struct export_queue *q, uint8_t *frame, size_t len, uint32_t labels)
{
	(void)pthread_mutex_lock(&q->lock);
	free(q->apps);
	q->apps = frame;
	q->apps_len = len;
	q->labels = labels;
	q->apps_version++;
	(void)pthread_mutex_unlock(&q->lock);
	export_queue_wake(q);
}

void
export_queue_stop(struct export_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->stop = true;
	(void)pthread_mutex_unlock(&q->lock);
	export_queue_wake(q);
}

struct export_item *
export_queue_next(struct export_queue *q, const struct export_item *item)
{
	(void)pthread_mutex_lock(&q->lock);
	struct export_item *next = item ? item->next : q->head;
	(void)pthread_mutex_unlock(&q->lock);
	return next || !q->spool ? next : export_spool_load(q);
}

void
export_queue_bounds(struct export_queue *q, struct frame_hello *hello)
{
	(void)pthread_mutex_lock(&q->lock);
	hello->epoch = q->epoch;
	hello->first = q->spool ? q->acked + 1 : q->head ? q->head->first : q->next;
	hello->base = q->base_crc;
	/* what is not durable may yet get another number */
	hello->next = q->spool ? q->durable + 1 : q->next;
	(void)pthread_mutex_unlock(&q->lock);
}

void
export_queue_ack(struct export_queue *q, uint64_t sequence)
{
	if (q->spool)
		export_spool_skip(q, sequence);
	(void)pthread_mutex_lock(&q->lock);
	while (q->head && q->head->sequence <= sequence) {
		struct export_item *item = q->head;
		q->head = item->next;
		q->base_crc = item->crc;
		q->records -= item->records;
		if (!q->spool)
			(void)atomic_fetch_sub(&q->weight, item->weight);
		free(item);
		q->acks++;
	}
	if (!q->head)
		q->tail = NULL;
	if (q->spool)
		(void)pthread_cond_signal(&q->work);
	(void)pthread_cond_broadcast(&q->moved);
	(void)pthread_mutex_unlock(&q->lock);
}

uint8_t *
export_queue_apps(struct export_queue *q, unsigned *version, size_t *ret_len)
{
	uint8_t *copy = NULL;

	(void)pthread_mutex_lock(&q->lock);
	if (q->apps && q->apps_version != *version) {
		copy = malloc(q->apps_len);
		if (copy) {
			memcpy(copy, q->apps, q->apps_len);
			*ret_len = q->apps_len;
			*version = q->apps_version;
		}
	}
	(void)pthread_mutex_unlock(&q->lock);
	return copy;
}

uint32_t
export_queue_labels(struct export_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	uint32_t labels = q->labels;
	(void)pthread_mutex_unlock(&q->lock);
	return labels;
}

bool
export_queue_stopped(struct export_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	bool stop = q->stop;
	(void)pthread_mutex_unlock(&q->lock);
	return stop;
}
