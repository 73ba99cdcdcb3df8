/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's queue: encoded batches in order, from the capture thread (the producer) to the sender thread (the
 * consumer), each kept until it is acknowledged. Bounded by weight: records plus ledger rows plus one a batch.
 *
 * With a spool, the producer's batches wait for a thread of the queue, which writes what is there and makes it durable with one
 * sync; the consumer gets what is durable, read back from the disk. Then the bound is for what is not durable yet.
 *
 * Batches leave at the head only, by export_queue_ack(), called by the consumer only; so the consumer may read a batch
 * that it holds a pointer to without the lock.
 */
#ifndef NETMON_PROBE_EXPORT_QUEUE_H
#define NETMON_PROBE_EXPORT_QUEUE_H

#include "lib/frame.h"
#include "lib/log.h"
#include "probe/gap.h"
#include "probe/spool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct export_item {
	struct export_item *next;
	uint64_t first; /* the sequence, but for LOST */
	uint64_t sequence;
	uint32_t crc; /* what the next one has as its previous */
	size_t records;
	size_t weight;
	size_t len;      /* of `bytes` */
	uint8_t bytes[]; /* the frame */
};

struct export_queue {
	pthread_mutex_t lock;
	pthread_cond_t moved; /* signalled when batches were acknowledged */
	struct export_item *head;
	struct export_item *tail;
	atomic_size_t weight; /* of all batches in the queue */
	size_t weight_max;
	uint64_t epoch;
	uint64_t next;     /* sequence of the next new batch */
	uint32_t last_crc; /* of the batch before it */
	uint32_t base_crc; /* of the batch before the first that is held */
	size_t records;
	uint64_t acks; /* times that the head moved, or that something got durable: progress */
	/* with a spool */
	struct spool *spool;   /* NULL: in memory */
	struct checkpoint *cp; /* behind the newest batch; the producer's */
	unsigned sampling;
	const struct gap *gap;     /* NULL: no interfaces; the producer's */
	struct spool_out *pending; /* not durable yet, the oldest first */
	struct spool_out *pending_tail;
	size_t pending_records;
	uint64_t durable; /* sequence */
	uint64_t acked;   /* sequence */
	bool writer_stop;
	pthread_cond_t work; /* for the writer */
	pthread_t writer;
	struct log_limit trouble;
	uint8_t *apps; /* the newest APPS frame, and the LABELS frame behind it, or NULL */
	size_t apps_len;
	uint32_t labels;       /* what it says; 0: none yet */
	unsigned apps_version; /* raised with each new frame; 0: none yet */
	bool stop;
	int wake_fd; /* eventfd that the consumer polls */
};

/* Draws the epoch. 0 or -errno. */
int export_queue_init(struct export_queue *q, size_t weight_max);
/* Goes on where the spool stands and starts the thread that writes; before the first batch. `sampling` as in checkpoint_add().
 * The spool must outlive the queue. 0 or -errno. */
int export_queue_spool(struct export_queue *q, struct spool *spool, unsigned sampling);
/* Once the consumer has ended. */
void export_queue_fini(struct export_queue *q);

/* --- producer --- */
static inline bool
export_queue_is_full(struct export_queue *q)
{
	return atomic_load_explicit(&q->weight, memory_order_relaxed) >= q->weight_max;
}
/* Waits until the queue is not full. False after `stall_ms` without an acknowledgement. */
bool export_queue_wait_room(struct export_queue *q, unsigned stall_ms);
/* Numbers, encodes and appends a batch, by `scratch` of `size` octets. 0, -ENOMEM or an error of
 * frame_encode_batch(); the sequence is used up by success only. */
int export_queue_put(struct export_queue *q, struct batch *batch, uint8_t *scratch, size_t size);
/* Takes over `frame` (malloc), which has the version `labels` in it. */
void export_queue_set_apps(struct export_queue *q, uint8_t *frame, size_t len, uint32_t labels);
/* Waits until the queue is empty, or `stall_ms` went by without an acknowledgement; returns records left. */
size_t export_queue_drain(struct export_queue *q, unsigned stall_ms);
/* Waits until all is durable, or `stall_ms` went by without progress; returns records that are not. Without a spool: 0. */
size_t export_queue_flush(struct export_queue *q, unsigned stall_ms);
/* Tells the consumer to end. */
void export_queue_stop(struct export_queue *q);

/* --- consumer --- */
/* The batch behind `item`, or the first one when `item` is NULL; NULL when there is none. */
struct export_item *export_queue_next(struct export_queue *q, const struct export_item *item);
/* Fills the numbering: epoch, lowest sequence that is held (`next` when none is) and CRC of the one before, next one. */
void export_queue_bounds(struct export_queue *q, struct frame_hello *hello);
/* Frees every batch up to `sequence`. */
void export_queue_ack(struct export_queue *q, uint64_t sequence);
/* A copy of the APPS frame if its version is not *version, which is then brought up to date; else NULL. */
uint8_t *export_queue_apps(struct export_queue *q, unsigned *version, size_t *ret_len);
/* The version of the labels that was set last, 0 for none yet. */
uint32_t export_queue_labels(struct export_queue *q);
bool export_queue_stopped(struct export_queue *q);

#endif
