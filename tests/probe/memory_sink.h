/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For the probe's tests: a sink that keeps what it is given, and a classifier without modules.
 */
#ifndef NETMON_TESTS_PROBE_MEMORY_SINK_H
#define NETMON_TESTS_PROBE_MEMORY_SINK_H

#include "probe/sink.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct memory_sink {
	struct sink sink;
	size_t records;
	uint64_t packets;
	uint64_t octets;
	size_t deltas;
	uint64_t ledger[LEDGER_CAUSE_MAX]; /* packets */
	uint32_t first_minute;
	uint32_t last_minute;
	unsigned ticks;
};

static inline void
memory_record(struct sink *sink, const struct record *record)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->records++;
	m->packets += record->packets;
	m->octets += record->octets;
}

static inline void
memory_ledger(struct sink *sink, const struct ledger_delta *delta)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	if (m->deltas++ == 0)
		m->first_minute = delta->minute;
	m->last_minute = delta->minute;
	m->ledger[delta->cause] += delta->packets;
}

static inline void
memory_apps(struct sink *sink, const struct application *apps, size_t n, uint32_t labels)
{
	(void)sink;
	(void)apps;
	(void)labels;
	(void)n;
}

static inline void
memory_tick(struct sink *sink)
{
	((struct memory_sink *)sink)->ticks++;
}

static inline int
memory_finish(struct sink *sink)
{
	(void)sink;
	return 0;
}

static inline void
memory_free(struct sink *sink)
{
	(void)sink;
}

static const struct sink_ops memory_ops = {
	.record = memory_record,
	.ledger = memory_ledger,
	.apps = memory_apps,
	.tick = memory_tick,
	.finish = memory_finish,
	.free = memory_free,
};

/* All causes under which a packet that was seen can be but METERED. */
static inline uint64_t
memory_lost(const struct memory_sink *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LEDGER_CAUSE_MAX; i++)
		if (ledger_cause_kind(i) == LEDGER_KIND_LOST ||
		    ledger_cause_kind(i) == LEDGER_KIND_LEFT_OUT)
			sum += m->ledger[i];
	return sum;
}

#endif
