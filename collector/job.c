/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs for the store's thread. */
#include "collector/job.h"

#include <stdlib.h>
#include <string.h>

struct source *
source_new(const struct frame_hello *hello, void *owner)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->probe.hello = *hello;
	s->owner = owner;
	return s;
}

/* With room for `more` octets behind it. */
static struct job *
job_new(struct source *source, enum job_kind kind, size_t more)
{
	size_t octets = sizeof(struct job) + more;
	struct job *job = malloc(octets);

	if (!job)
		return NULL;
	memset(job, 0, sizeof(*job));
	job->source = source;
	job->kind = kind;
	job->octets = octets;
	return job;
}

struct job *
job_hello(struct source *source)
{
	return job_new(source, JOB_HELLO, 0);
}

struct job *
job_apps(struct source *source, const struct application *apps, size_t n)
{
	struct job *job = job_new(source, JOB_APPS, n * sizeof(*apps));

	if (!job)
		return NULL;
	struct application *copy = (struct application *)(void *)(job + 1);
	memcpy(copy, apps, n * sizeof(*apps));
	job->apps = copy;
	job->n_apps = n;
	return job;
}

struct job *
job_labels(struct source *source, uint32_t labels)
{
	struct job *job = job_new(source, JOB_LABELS, 0);

	if (job)
		job->labels = labels;
	return job;
}

struct job *
job_event(struct source *source, const struct db_probe_event *event)
{
	size_t probe = strlen(event->probe) + 1, detail = strlen(event->detail) + 1;
	struct job *job = job_new(source, JOB_EVENT, probe + detail);

	if (!job)
		return NULL;
	char *words = (char *)(job + 1);
	memcpy(words, event->probe, probe);
	memcpy(words + probe, event->detail, detail);
	job->event = *event;
	job->event.probe = words;
	job->event.detail = words + probe;
	return job;
}

struct job *
job_batch(struct source *source, const struct batch *batch)
{
	size_t records = batch->n_records * sizeof(*batch->records);
	size_t ledger = batch->n_ledger * sizeof(*batch->ledger);
	struct job *job = job_new(source, JOB_BATCH, ledger + records);

	if (!job)
		return NULL;
	job->batch = *batch;
	/* the ledger first, whose numbers want the wider alignment */
	job->batch.ledger = (struct ledger_delta *)(void *)(job + 1);
	job->batch.records = (struct record *)(void *)(job->batch.ledger + batch->n_ledger);
	if (ledger)
		memcpy(job->batch.ledger, batch->ledger, ledger);
	if (records)
		memcpy(job->batch.records, batch->records, records);
	return job;
}
