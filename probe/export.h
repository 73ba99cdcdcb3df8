/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter: a sink that makes batches and a thread that sends them to the collector, keeps each until it is
 * acknowledged, and connects again by itself. The capture thread only fills a batch and, when it is full or old, hands
 * it over: no system call and one lock per batch.
 */
#ifndef NETMON_PROBE_EXPORT_H
#define NETMON_PROBE_EXPORT_H

#include "probe/sink.h"

#include <stdint.h>

struct export_config {
	const char *host; /* name or address; not copied */
	uint16_t port;
	const char *probe;        /* this probe's name; not copied */
	const char *const *links; /* names by index; not copied */
	size_t n_links;
	uint32_t labels; /* classify_labels() */
	size_t
	    queue_records_max; /* records in memory, unacknowledged ones included; 0: 1,000,000 */
	bool
	    wait_when_full; /* true for files: the capture thread waits; false for live links: records are dropped
	                          and counted under LEDGER_EXPORT_DROPPED */
	unsigned batch_age_ms; /* a batch goes out after so long even if it is not full; 0: 1,000 */
	unsigned finish_s;     /* finish() gives up after so many seconds without progress; 0: 30 */
};

int export_new(const struct export_config *config, struct sink **ret_sink);

#endif
