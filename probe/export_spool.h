/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of the exporter's queue that goes over a spool; called by probe/export_queue.c only, from the threads that its header
 * names. */
#ifndef NETMON_PROBE_EXPORT_SPOOL_H
#define NETMON_PROBE_EXPORT_SPOOL_H

#include "probe/export_queue.h"

/* Producer: appends an encoded batch for the writer. 0 or -ENOMEM. */
int export_spool_put(struct export_queue *q, const struct batch *batch, const uint8_t *frame,
                     size_t len);
/* Consumer: the next batch from the disk, behind those in memory, or NULL. */
struct export_item *export_spool_load(struct export_queue *q);
/* Consumer: what is acknowledged up to `sequence` need not be read again. */
void export_spool_skip(struct export_queue *q, uint64_t sequence);
/* Ends the writer, which writes what is left first. No harm without a spool. */
void export_spool_stop(struct export_queue *q);

/* Wakes the consumer. */
void export_queue_wake(const struct export_queue *q);

#endif
