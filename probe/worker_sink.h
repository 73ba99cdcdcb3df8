/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One sink for several threads. Life cycle: sink_shared_new() around the real sink; sink_stage_new() for each thread that
 * makes records; the stages are freed before the shared sink.
 *
 * The shared sink may be called from any thread: it locks for each call. A stage belongs to one thread; it keeps records and
 * ledger counts back and hands over many of them under one lock: when it is full, and at its tick() and finish().
 */
#ifndef NETMON_PROBE_WORKER_SINK_H
#define NETMON_PROBE_WORKER_SINK_H

#include "probe/sink.h"

#define STAGE_RECORDS 256
#define STAGE_LEDGER  256

/* Takes `real` over on success: it is freed with the shared sink. 0 or -ENOMEM. */
int sink_shared_new(struct sink *real, struct sink **ret_shared);

/* `shared` is one of sink_shared_new(), and stays the caller's. 0 or -ENOMEM. */
int sink_stage_new(struct sink *shared, struct sink **ret_stage);

#endif
