/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers: threads that share the packets, each with a flow table, a classifier and, live, sockets of its own. A flow
 * belongs to one of them (probe/fanout.h); who decodes a packet of another's flow passes a copy on through a bounded
 * ring. Where the ring is full a live packet is lost, and counted as LEDGER_WORKER_FULL; a reader of files waits.
 *
 * Life cycle: workers_new(), then live workers_run(), or for files workers_start(), frames to workers_meter() from the main
 * thread and workers_flush() from time to time; workers_finish(), workers_free(). A single worker is the main thread
 * itself. With more of them, the main thread reads and decodes files, and the workers do the rest.
 *
 * While they run, the main thread reads nothing of theirs but between workers_pause() and workers_resume().
 */
#ifndef NETMON_PROBE_WORKER_H
#define NETMON_PROBE_WORKER_H

#include "probe/capture.h"
#include "probe/fanout.h"

#include <stdbool.h>

struct workers;

struct workers_config {
	const struct fanout *fanout; /* says how many; outlives them */
	struct meter_config meter;   /* table_max and fragments_max are those of all together */
	struct classify_limits
	    classify;                  /* with the tag table that all share, if there are several */
	struct classifier *classifier; /* the first worker's, loaded, and the caller's */
	struct sink *sink; /* the caller's; one of sink_shared_new() if there are several */
	bool reads_files;
};

/* 0, -ENOMEM, another -errno, or what meter_new() and classify_follow() say. */
int workers_new(const struct workers_config *config, struct workers **ret_workers);
/* NULL is fine. Not while they run. */
void workers_free(struct workers *w);

/* Live: captures until capture->between(capture->ctx), which is called in this thread five times a second and after signals,
 * says false, or until a worker fails. 0, or what the worker that failed said. */
int workers_run(struct workers *w, struct capture_live *live, const struct capture_config *capture);

/* Files: starts the threads. 0 or -errno. */
int workers_start(struct workers *w);
/* Files: where the main thread puts frames. */
struct meter *workers_meter(struct workers *w);
/* Files: gives the workers what the main thread has for them, before it waits for more. */
void workers_flush(struct workers *w);

/* Waits until all that was read is metered, cuts all flows and hands everything to the sink, which is not finished. */
void workers_finish(struct workers *w);

/* Stops all workers between two batches, and lets them go on. The main thread sees in between all that they did, and they
 * see afterwards what it did. No harm when none runs. */
void workers_pause(struct workers *w);
void workers_resume(struct workers *w);

/* Paused, after the first worker's classifier was loaded anew. A worker that cannot follow keeps its modules, after a log
 * line. */
void workers_follow(struct workers *w);

/* Sums over all, as meter_get_counts() and meter_get_stats() give them; paused or finished. */
void workers_get_counts(const struct workers *w, uint16_t link, struct meter_count *ret_counts);
void workers_get_stats(const struct workers *w, struct flow_stats *ret_stats);

/* Packets that were passed on between workers; paused or finished. */
uint64_t workers_passed(const struct workers *w);

#endif
