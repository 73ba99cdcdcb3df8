/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a verdict comes from, step by step, for people: netmonc --explain. A sink that also watches the classifier; it prints a
 * paragraph for each conversation when the capture is over. Life cycle: that of a sink. One thread: one worker.
 */
#ifndef NETMON_PROBE_EXPLAIN_H
#define NETMON_PROBE_EXPLAIN_H

#include "probe/classify.h"
#include "probe/sink.h"

#include <stddef.h>
#include <stdio.h>

/* Conversations of one capture that are explained; the others are counted. */
#define EXPLAIN_MAX 1000

/* Prints to `out`, which stays the caller's. The classifier outlives the sink. 0 or -ENOMEM. */
int explain_new(struct classifier *classifier, FILE *out, struct sink **ret_sink);

#endif
