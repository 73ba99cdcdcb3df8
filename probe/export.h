/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter: a sink that makes batches and a thread that sends them to the collector, keeps each until it is
 * acknowledged, and connects again by itself, with back-off. The capture thread fills a batch and, when it is full or
 * old, encodes it and hands it over: one lock a batch, and it never waits for the network (unless told to).
 *
 * With a spool, batches go to disk before they are sent, and finish() leaves there what the collector does not take soon.
 * After a crash of the run before, what its durable ledger had metered and none of its durable records has is declared
 * (LEDGER_CRASHED) at the start, and so is what passed the interfaces since (LEDGER_GAP).
 *
 * Ledger: the exporter itself counts the packets of every record that it took (LEDGER_EXPORTED) or refused
 * (LEDGER_EXPORT_DROPPED); the counts go out with the next batch.
 */
#ifndef NETMON_PROBE_EXPORT_H
#define NETMON_PROBE_EXPORT_H

#include "lib/tls.h"
#include "probe/sink.h"

#include <stdbool.h>
#include <stdint.h>

struct gap;
struct spool;

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
	struct spool *
	    spool; /* keeps batches until they are acknowledged; NULL: memory does. Outlives the exporter */
	unsigned sampling; /* of the records; with a spool */
	struct gap *gap;   /* with a spool: of the interfaces, one for each link; NULL: files */
};

/* Starts the thread. 0 with *ret_sink the caller's, to be freed by its free(); NM_EFORMAT when a name cannot go on the
 * wire or there are no links or too many; -errno. */
int export_new(const struct export_config *config, struct sink **ret_sink);

/* Whether finish() left nothing but on disk. */
bool export_is_kept(const struct sink *sink);

#endif
