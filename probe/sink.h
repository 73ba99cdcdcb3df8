/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where records go: text or frames on standard output, or the exporter. The capture thread calls; a sink that needs
 * another thread keeps it to itself.
 */
#ifndef NETMON_PROBE_SINK_H
#define NETMON_PROBE_SINK_H

#include "lib/record.h"

#include <stdbool.h>
#include <stddef.h>

struct sink;

struct sink_ops {
	/* One record; copied. Never fails: a sink counts and declares what it has to drop. */
	void (*record)(struct sink *sink, const struct record *record);
	/* Ledger counts; copied. */
	void (*ledger)(struct sink *sink, const struct ledger_delta *delta);
	/* Applications and the version of the labels changed (once after start, then after each reload); copied. */
	void (*apps)(struct sink *sink, const struct application *apps, size_t n, uint32_t labels);
	/* About once a second of wall time: hand over what has waited long enough. */
	void (*tick)(struct sink *sink);
	/* No more records. Waits until they are out, as long as the sink's own limit says. 0, or a negative code when
	 * records could not be delivered (a log line says how many). */
	int (*finish)(struct sink *sink);
	void (*free)(struct sink *sink);
};

/* First member of every sink. */
struct sink {
	const struct sink_ops *ops;
};

#endif
