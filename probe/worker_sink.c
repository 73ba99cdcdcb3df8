/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One sink for several threads. */
#include "probe/worker_sink.h"

#include "lib/err.h"

#include <pthread.h>
#include <stdlib.h>

struct shared {
	struct sink sink; /* first */
	struct sink *real;
	pthread_mutex_t lock; /* around every call of `real` */
};

struct stage {
	struct sink sink; /* first */
	struct shared *shared;
	size_t n_records;
	size_t n_ledger;
	struct record records[STAGE_RECORDS];
	struct ledger_delta ledger[STAGE_LEDGER];
};

/* --- shared ------------------------------------------------------------------------------------------------------ */

static struct shared *
shared_of(struct sink *sink)
{
	return (struct shared *)(void *)sink;
}

static void
shared_record(struct sink *sink, const struct record *record)
{
	struct shared *s = shared_of(sink);

	(void)pthread_mutex_lock(&s->lock);
	s->real->ops->record(s->real, record);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
shared_ledger(struct sink *sink, const struct ledger_delta *delta)
{
	struct shared *s = shared_of(sink);

	(void)pthread_mutex_lock(&s->lock);
	s->real->ops->ledger(s->real, delta);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
shared_apps(struct sink *sink, const struct application *apps, size_t n, uint32_t labels)
{
	struct shared *s = shared_of(sink);

	(void)pthread_mutex_lock(&s->lock);
	s->real->ops->apps(s->real, apps, n, labels);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
shared_tick(struct sink *sink)
{
	struct shared *s = shared_of(sink);

	(void)pthread_mutex_lock(&s->lock);
	s->real->ops->tick(s->real);
	(void)pthread_mutex_unlock(&s->lock);
}

static int
shared_finish(struct sink *sink)
{
	struct shared *s = shared_of(sink);

	(void)pthread_mutex_lock(&s->lock);
	int rc = s->real->ops->finish(s->real);
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

static void
shared_free(struct sink *sink)
{
	struct shared *s = shared_of(sink);

	s->real->ops->free(s->real);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct sink_ops shared_ops = {
	.record = shared_record,
	.ledger = shared_ledger,
	.apps = shared_apps,
	.tick = shared_tick,
	.finish = shared_finish,
	.free = shared_free,
};

int
sink_shared_new(struct sink *real, struct sink **ret_shared)
{
	struct shared *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->sink.ops = &shared_ops;
	s->real = real;
	(void)pthread_mutex_init(&s->lock, NULL);
	*ret_shared = &s->sink;
	return NM_OK;
}

/* --- stage ------------------------------------------------------------------------------------------------------- */

static struct stage *
stage_of(struct sink *sink)
{
	return (struct stage *)(void *)sink;
}

static void
hand_over(struct stage *s)
{
	struct sink *real = s->shared->real;

	if (s->n_records == 0 && s->n_ledger == 0)
		return;
	(void)pthread_mutex_lock(&s->shared->lock);
	for (size_t i = 0; i < s->n_records; i++)
		real->ops->record(real, &s->records[i]);
	for (size_t i = 0; i < s->n_ledger; i++)
		real->ops->ledger(real, &s->ledger[i]);
	(void)pthread_mutex_unlock(&s->shared->lock);
	s->n_records = 0;
	s->n_ledger = 0;
}

static void
stage_record(struct sink *sink, const struct record *record)
{
	struct stage *s = stage_of(sink);

	s->records[s->n_records++] = *record;
	if (s->n_records == STAGE_RECORDS)
		hand_over(s);
}

static void
stage_ledger(struct sink *sink, const struct ledger_delta *delta)
{
	struct stage *s = stage_of(sink);

	s->ledger[s->n_ledger++] = *delta;
	if (s->n_ledger == STAGE_LEDGER)
		hand_over(s);
}

static void
stage_apps(struct sink *sink, const struct application *apps, size_t n, uint32_t labels)
{
	struct stage *s = stage_of(sink);

	shared_apps(&s->shared->sink, apps, n, labels);
}

static void
stage_tick(struct sink *sink)
{
	hand_over(stage_of(sink));
}

static int
stage_finish(struct sink *sink)
{
	hand_over(stage_of(sink));
	return NM_OK;
}

static void
stage_free(struct sink *sink)
{
	free(stage_of(sink));
}

static const struct sink_ops stage_ops = {
	.record = stage_record,
	.ledger = stage_ledger,
	.apps = stage_apps,
	.tick = stage_tick,
	.finish = stage_finish,
	.free = stage_free,
};

int
sink_stage_new(struct sink *shared, struct sink **ret_stage)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->sink.ops = &stage_ops;
	s->shared = shared_of(shared);
	*ret_stage = &s->sink;
	return NM_OK;
}
