/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's thread: takes jobs (job.h) from a bounded queue, puts many of them into one transaction, and gives each back
 * with its result after the commit; so nothing is acknowledged before it is stored, and one slow commit serves all probes.
 *
 * Sources take turns, one job each, so that one which sends much delays the others by its share only. A transaction takes
 * what is there, up to WRITER_TURN_RECORDS or WRITER_TURN_MS, and commits at once when nothing waits. When the store does not work
 * (locked, disk full, server away) all of it is rolled back and tried again, with pauses of up to a second; jobs wait meanwhile. A
 * job that does not work where others do is given back with NM_ESTORE after a while.
 *
 * Life cycle: writer_new(), writer_put() and, through the loop, config.done for each job; writer_stop(), writer_free(). All of
 * them in the loop's thread.
 */
#ifndef NETMON_COLLECTOR_WRITER_H
#define NETMON_COLLECTOR_WRITER_H

#include "collector/intake.h"
#include "collector/job.h"
#include "collector/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WRITER_TURN_RECORDS  65536u
#define WRITER_TURN_MS       100
#define WRITER_SOURCE_JOBS   32u        /* on the way from one source; more than a probe's window */
#define WRITER_SOURCE_OCTETS (8u << 20) /* of them */
#define WRITER_OCTETS        (64u << 20) /* of all; beyond, a source may have one job on the way */
#define WRITER_OCTETS_MAX    (256u << 20)
#define WRITER_JOBS_MAX      8192u

struct writer;

struct writer_config {
	struct intake *intake; /* the thread's own from writer_new() to writer_stop() */
	struct loop *loop;
	/* Takes note of what came of a job; the writer frees it, and its source after the last one of a session that ended. */
	void (*done)(void *ctx, const struct job *job);
	/* The last job of a source whose session has ended is done. */
	void (*gone)(void *ctx, const struct source *source);
	void *ctx;
	unsigned patience_ms; /* of writer_stop() for what waits; 0: 8 s */
};

/* Starts the thread. 0, or a negative code with one line in `err`. */
int writer_new(const struct writer_config *config, struct writer **ret_writer, char *err,
               size_t err_size);

/* Whether a source may put one more job. */
bool writer_has_room(const struct writer *writer, const struct source *source);
/* Takes over `job`. */
void writer_put(struct writer *writer, struct job *job);
/* A session ended; its jobs are done, and what comes of them is told to config.done with no owner. Frees the source then. */
void writer_release(struct writer *writer, struct source *source);
/* The store has not worked for some seconds. */
bool writer_is_away(struct writer *writer);

/* Finishes what is queued, as long as the store works and patience lasts, and ends the thread; what is left is given back with
 * NM_ESTORE. All jobs are done after it. A transaction that has begun is waited for, and that it waits for a lock, 10 s at most. */
void writer_stop(struct writer *writer);
/* After writer_stop(); NULL is fine. */
void writer_free(struct writer *writer);

/* What it did since it began; times in ms. */
struct writer_stats {
	uint64_t commits;
	uint64_t failures; /* transactions that were rolled back */
	uint64_t jobs;
	uint64_t batches;   /* stored */
	uint64_t rows;      /* records of them */
	double commit_last; /* a transaction from its begin to the end of its commit */
	double commit_mean; /* of the last WRITER_SAMPLES */
	double commit_p50;  /* of them */
	double commit_p99;  /* of them */
	double ack_p99;    /* from a job's arrival to its result, of the last WRITER_SAMPLES jobs */
	size_t queue_jobs; /* on the way */
	size_t queue_octets; /* of memory that they take */
	size_t queue_records;
	double away_s; /* how long the store has not worked; 0: it works */
};
#define WRITER_SAMPLES 1024
void writer_get_stats(struct writer *writer, struct writer_stats *ret_stats);

#endif
