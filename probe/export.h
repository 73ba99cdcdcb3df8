/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter: a sink that makes batches and a thread that sends them to the collector, keeps each until it is
 * acknowledged, and connects again by itself, with back-off. The capture thread fills a batch and, when it is full or
 * old, encodes it and hands it over: one lock a batch, and it never waits for the network (unless told to).
 *
 * Ledger: the exporter itself counts the packets of every record that it took (LEDGER_EXPORTED) or refused
 * (LEDGER_EXPORT_DROPPED); the counts go out with the next batch.
 */
#ifndef NETMON_PROBE_EXPORT_H
#define NETMON_PROBE_EXPORT_H

#include "lib/tls.h"
#include "probe/sink.h"

#include <stdint.h>

struct export_config {
	const char *host; /* name or address; not copied */
	uint16_t port;
	struct tls *tls; /* NULL: plain TCP; outlives the exporter, whose thread has it to itself */
	bool insecure;   /* plain TCP also to addresses beyond loopback */
	const char *probe;        /* this probe's name; not copied */
	const char *const *links; /* names by index; not copied */
	size_t n_links;
	uint32_t labels; /* classify_labels(), until apps() says another one */
	/* records and ledger rows in memory, unacknowledged ones included, about 36 octets each; 0: 1,000,000 */
	size_t queue_records_max;
	/* true for files: the capture thread waits while the queue is full, at most finish_s without progress; false
	 * for live links: records are dropped and counted */
	bool wait_when_full;
	unsigned batch_age_ms; /* a batch goes out after so long even if it is not full; 0: 1,000 */
	size_t batch_records; /* records in a full batch; 0: BATCH_RECORDS_MAX, which is the most */
	unsigned finish_s;    /* finish() gives up after so many seconds without progress; 0: 30 */
};

/* Starts the thread. 0 with *ret_sink the caller's, to be freed by its free(); NM_EFORMAT when a name cannot go on the
 * wire or there are no links or too many; -errno. */
int export_new(const struct export_config *config, struct sink **ret_sink);

#endif
