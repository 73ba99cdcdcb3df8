/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the loop's thread gives the store's thread to do: jobs, each with what it needs in one piece of memory, and the
 * sources that they come from. A source is one session's numbering; it outlives the session until its last job is done.
 *
 * Life cycle: source_new() after HELLO, job_hello(), then the others in the order of their frames, each given to
 * writer_put(); source_release() when the session ends. Loop's thread, but where a field says otherwise.
 */
#ifndef NETMON_COLLECTOR_JOB_H
#define NETMON_COLLECTOR_JOB_H

#include "collector/intake.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job;

struct source {
	struct intake_probe
	    probe;   /* the store's thread's while a job is on its way, but for its hello */
	void *owner; /* the session; NULL: it has ended */
	unsigned outstanding; /* jobs that were put and are not done */
	size_t octets;        /* of them */
	bool clean;           /* the session ended at a frame's edge, by the probe's wish */
	/* under the writer's lock */
	struct job *head;
	struct job *tail;
	struct source *next; /* in the ring of those with jobs */
	/* the store's thread */
	unsigned long stuck; /* pass in which a job of it did not work */
};

enum job_kind { JOB_HELLO, JOB_APPS, JOB_LABELS, JOB_EVENT, JOB_BATCH };

struct job {
	struct job *next;
	struct source *source;
	enum job_kind kind;
	size_t octets;  /* of this memory */
	int64_t put_us; /* monotonic, when it was put */
	int rc;         /* of the intake; valid when it is done */
	bool ambiguous; /* it was in a commit that failed, and may have worked */
	unsigned failures;
	size_t n_apps;
	const struct application *apps;
	uint32_t labels;
	struct db_probe_event event; /* its words lie behind the job, but for that of its kind */
	struct batch batch;          /* records and ledger lie behind the job */
};

/* NULL: out of memory. */
struct source *source_new(const struct frame_hello *hello, void *owner);

/* Everything is copied. NULL: out of memory. */
struct job *job_hello(struct source *source);
struct job *job_apps(struct source *source, const struct application *apps, size_t n);
struct job *job_labels(struct source *source, uint32_t labels);
/* Something happened to a probe; event->event is not copied, at_s is filled in later. */
struct job *job_event(struct source *source, const struct db_probe_event *event);
struct job *job_batch(struct source *source, const struct batch *batch);

/* Records of a batch, 0 of other kinds. Any thread. */
static inline size_t
job_records(const struct job *job)
{
	return job->kind == JOB_BATCH ? job->batch.n_records : 0;
}

#endif
