/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's thread. */
#include "collector/writer.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/plant.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MIN_MS  20
#define PAUSE_MAX_MS  1000
#define ALONE_AFTER   3  /* failures of a transaction until each job is tried in one of its own */
#define WIDEN_JOBS    64 /* of other sources that are tried beside one that does not work */
#define GIVE_UP_AFTER 10 /* failures of a job where others worked */
#define AWAY_US       3000000
#define PATIENCE_MS   8000 /* at the end, for what waits */

/* The newest values of a measure, in microseconds. */
struct samples {
	uint32_t values[WRITER_SAMPLES];
	size_t n; /* ever */
};

struct jobs {
	struct job *head;
	struct job *tail;
};

struct writer {
	struct writer_config config;
	pthread_t thread;
	bool joined;
	int event; /* eventfd: something is done */

	/* the loop's thread */
	size_t out_jobs; /* put and not done */
	size_t out_octets;
	size_t out_records;

	/* the store's thread */
	struct jobs turn; /* of the transaction */
	size_t turn_records;
	unsigned failures; /* of this transaction so far */
	bool begun;        /* it came beyond its begin: the store is there */
	unsigned long pass;

	pthread_mutex_t lock;
	pthread_cond_t more;
	/* under the lock */
	struct source *ring; /* the last of a ring of sources with jobs; its next is the first */
	struct jobs done;
	bool stop;
	int64_t away_us; /* since when the store does not work; 0: it works */
	struct writer_stats stats;
	struct samples commits;
	struct samples acks;
};

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
jobs_append(struct jobs *jobs, struct job *job)
{
	job->next = NULL;
	if (jobs->tail)
		jobs->tail->next = job;
	else
		jobs->head = job;
	jobs->tail = job;
}

static void
sample(struct samples *s, int64_t us)
{
	s->values[s->n++ % WRITER_SAMPLES] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* --- the ring of sources, under the lock ------------------------------------------------------------------------------ */

static void
ring_append(struct writer *w, struct source *s)
{
	if (w->ring) {
		s->next = w->ring->next;
		w->ring->next = s;
	} else {
		s->next = s;
	}
	w->ring = s;
}

static struct source *
ring_take(struct writer *w)
{
	struct source *first = w->ring->next;

	if (first == w->ring)
		w->ring = NULL;
	else
		w->ring->next = first->next;
	return first;
}

/* The next job of the source whose turn it is; NULL: none waits. */
static struct job *
take_job(struct writer *w)
{
	if (!w->ring)
		return NULL;
	struct source *s = ring_take(w);
	struct job *job = s->head;
	s->head = job->next;
	if (s->head)
		ring_append(w, s);
	else
		s->tail = NULL;
	return job;
}

/* --- the store's thread ------------------------------------------------------------------------------------------------ */

static int
run_job(struct writer *w, struct job *job)
{
	struct intake *in = w->config.intake;
	struct intake_probe *probe = &job->source->probe;
	uint32_t now_s = (uint32_t)time(NULL);

	switch (job->kind) {
	case JOB_HELLO:
		return in->ops->hello(in, probe, now_s);
	case JOB_APPS:
		return in->ops->apps(in, probe, job->apps, job->n_apps);
	case JOB_LABELS:
		return in->ops->labels(in, probe, job->labels, now_s);
	case JOB_EVENT:
		job->event.at_s = now_s;
		return in->ops->event(in, &job->event);
	case JOB_BATCH:
		break;
	}
	int rc = in->ops->batch(in, probe, &job->batch, now_s);
	/* a commit that failed had worked, after all: it is this very batch that is there */
	return rc == NM_EEXISTS && job->ambiguous ? NM_OK : rc;
}

static bool
ends_the_transaction(int rc)
{
	return rc == NM_ESTORE || intake_is_fatal(rc);
}

/* The next job that the transaction may take: one from before, when it is tried again, then new ones. */
static struct job *
more_for_turn(struct writer *w, const struct job *last, int64_t begun_us)
{
	struct job *job = last ? last->next : w->turn.head;

	if (job)
		return job;
	if (w->turn_records >= WRITER_TURN_RECORDS ||
	    (last && now_us() - begun_us > WRITER_TURN_MS * 1000))
		return NULL;
	(void)pthread_mutex_lock(&w->lock);
	job = take_job(w);
	(void)pthread_mutex_unlock(&w->lock);
	if (job) {
		jobs_append(&w->turn, job);
		w->turn_records += job_records(job);
	}
	return job;
}

/* All jobs in one transaction. 0, or what was wrong with it; it is rolled back then. */
static int
try_together(struct writer *w)
{
	struct intake *in = w->config.intake;
	int64_t begun_us = now_us();
	struct job *job = NULL;

	bool open = PLANTED("ack-before-commit") && w->stats.commits % 2;
	int rc = open ? NM_OK : in->ops->begin(in);
	w->begun = rc == NM_OK;
	if (rc < 0)
		return rc;
	while (rc == NM_OK && (job = more_for_turn(w, job, begun_us)) != NULL) {
		job->rc = run_job(w, job);
		if (ends_the_transaction(job->rc))
			rc = job->rc;
	}
	if (rc == NM_OK && (open || !PLANTED("ack-before-commit"))) {
		rc = in->ops->commit(in);
		for (job = w->turn.head; job && rc < 0; job = job->next)
			job->ambiguous |= job->rc == NM_OK;
	}
	if (rc < 0)
		in->ops->rollback(in);
	return rc;
}

static int
try_alone(struct writer *w, struct job *job)
{
	struct intake *in = w->config.intake;

	int rc = in->ops->begin(in);
	w->begun = rc == NM_OK;
	if (rc < 0)
		return rc;
	job->rc = run_job(w, job);
	if (ends_the_transaction(job->rc)) {
		rc = job->rc;
	} else {
		rc = in->ops->commit(in);
		job->ambiguous |= rc < 0 && job->rc == NM_OK;
	}
	if (rc < 0)
		in->ops->rollback(in);
	return rc;
}

/* Takes back the results of a transaction, for the loop. */
static void
deliver(struct writer *w, struct jobs *jobs)
{
	uint64_t one = 1;
	int64_t now = now_us();

	if (!jobs->head)
		return;
	(void)pthread_mutex_lock(&w->lock);
	for (struct job *j = jobs->head, *next; j; j = next) {
		next = j->next;
		w->stats.jobs++;
		if (j->kind == JOB_BATCH && j->rc == NM_OK) {
			w->stats.batches++;
			w->stats.rows += j->batch.n_records;
		}
		sample(&w->acks, now - j->put_us);
		jobs_append(&w->done, j);
	}
	(void)pthread_mutex_unlock(&w->lock);
	*jobs = (struct jobs){ NULL, NULL };
	(void)!write(w->event, &one, sizeof(one));
}

/* A transaction worked. */
static void
note_commit(struct writer *w, int64_t begun_us)
{
	int64_t now = now_us();

	(void)pthread_mutex_lock(&w->lock);
	w->stats.commits++;
	w->stats.commit_last = (double)(now - begun_us) / 1000;
	sample(&w->commits, now - begun_us);
	w->away_us = 0;
	(void)pthread_mutex_unlock(&w->lock);
}

/* More jobs for the turn: the one that does not work may be the only one in it, and the others wait behind it. */
static void
widen_turn(struct writer *w)
{
	struct job *job;

	(void)pthread_mutex_lock(&w->lock);
	for (int n = 0; n < WIDEN_JOBS && (job = take_job(w)) != NULL; n++)
		jobs_append(&w->turn, job);
	(void)pthread_mutex_unlock(&w->lock);
}

static bool
is_stopping(struct writer *w)
{
	(void)pthread_mutex_lock(&w->lock);
	bool stop = w->stop;
	(void)pthread_mutex_unlock(&w->lock);
	return stop;
}

/* Each job in a transaction of its own, because together they do not work: one of them may be the reason. Those that
 * work are done; the others stay, and behind one that does not work all of its source. A transaction that does not even begin
 * ends it: that may have taken seconds, and no job is the reason. True: some worked. */
static bool
pick_those_that_work(struct writer *w, struct jobs *ret_worked)
{
	struct jobs all = w->turn;

	w->turn = (struct jobs){ NULL, NULL };
	w->pass++;
	for (struct job *j = all.head, *next; j; j = next) {
		next = j->next;
		if (!w->begun || is_stopping(w) || j->source->stuck == w->pass ||
		    try_alone(w, j) < 0) {
			j->source->stuck = w->pass;
			jobs_append(&w->turn, j);
		} else {
			jobs_append(ret_worked, j);
		}
	}
	return ret_worked->head != NULL;
}

/* Jobs that do not work where others do are given back in the end. */
static void
give_up(struct writer *w, struct jobs *ret_worked)
{
	struct jobs all = w->turn;

	w->turn = (struct jobs){ NULL, NULL };
	w->turn_records = 0;
	for (struct job *j = all.head, *next; j; j = next) {
		next = j->next;
		j->failures++;
		if (j->failures < GIVE_UP_AFTER) {
			jobs_append(&w->turn, j);
			w->turn_records += job_records(j);
		} else {
			j->rc = NM_ESTORE;
			jobs_append(ret_worked, j);
		}
	}
}

/* The store is there and the transaction does not work: what is the matter with its jobs? */
static void
sort_out(struct writer *w, int64_t begun_us, struct jobs *ret_finished)
{
	if (w->turn.head == w->turn.tail)
		widen_turn(w);
	if (w->turn.head == w->turn.tail || !pick_those_that_work(w, ret_finished))
		return;
	give_up(w, ret_finished);
	note_commit(w, begun_us);
}

/* Gives everything back, because the program ends: the probes keep it. */
static void
abandon(struct writer *w, int rc, struct jobs *ret_jobs)
{
	struct job *job;

	*ret_jobs = w->turn;
	w->turn = (struct jobs){ NULL, NULL };
	w->turn_records = 0;
	(void)pthread_mutex_lock(&w->lock);
	while ((job = take_job(w)) != NULL)
		jobs_append(ret_jobs, job);
	(void)pthread_mutex_unlock(&w->lock);
	for (job = ret_jobs->head; job; job = job->next)
		job->rc = rc;
}

static void
wait_a_little(struct writer *w)
{
	unsigned pause_ms = PAUSE_MIN_MS << (w->failures < 6 ? w->failures : 6);

	if (pause_ms > PAUSE_MAX_MS)
		pause_ms = PAUSE_MAX_MS;
	int64_t at = now_us() + (int64_t)pause_ms * 1000;
	const struct timespec until = { .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000 };
	(void)pthread_mutex_lock(&w->lock);
	while (!w->stop && now_us() < at)
		(void)pthread_cond_timedwait(&w->more, &w->lock, &until);
	(void)pthread_mutex_unlock(&w->lock);
}

/* The transaction did not work: it is tried again after a pause. */
static void
after_failure(struct writer *w, int rc)
{
	struct jobs finished = { NULL, NULL };
	int64_t begun_us = now_us();

	(void)pthread_mutex_lock(&w->lock);
	w->stats.failures++;
	if (!w->away_us)
		w->away_us = begun_us;
	bool stop = w->stop;
	(void)pthread_mutex_unlock(&w->lock);
	if (stop || intake_is_fatal(rc))
		abandon(w, rc, &finished);
	else if (++w->failures >= ALONE_AFTER && w->begun)
		sort_out(w, begun_us, &finished);
	deliver(w, &finished);
	if (w->turn.head || !stop)
		wait_a_little(w);
}

/* Waits for something to do. False: there is nothing, and will be nothing. */
static bool
wait_for_jobs(struct writer *w)
{
	if (w->turn.head)
		return true;
	(void)pthread_mutex_lock(&w->lock);
	while (!w->ring && !w->stop)
		(void)pthread_cond_wait(&w->more, &w->lock);
	bool some = w->ring != NULL;
	(void)pthread_mutex_unlock(&w->lock);
	return some;
}

static void *
run(void *arg)
{
	struct writer *w = arg;
	struct jobs left = { NULL, NULL };

	while (wait_for_jobs(w) && !atomic_load(&w->config.intake->hurry)) {
		int64_t begun_us = now_us();
		int rc = try_together(w);

		if (rc < 0) {
			after_failure(w, rc);
			continue;
		}
		w->failures = 0;
		w->turn_records = 0;
		note_commit(w, begun_us);
		deliver(w, &w->turn);
	}
	abandon(w, NM_ESTORE, &left);
	deliver(w, &left);
	return NULL;
}

/* --- the loop's thread ------------------------------------------------------------------------------------------------- */

bool
writer_has_room(const struct writer *w, const struct source *s)
{
	if (s->outstanding == 0)
		return w->out_octets < WRITER_OCTETS_MAX && w->out_jobs < WRITER_JOBS_MAX;
	return s->outstanding < WRITER_SOURCE_JOBS && s->octets < WRITER_SOURCE_OCTETS &&
	       w->out_octets < WRITER_OCTETS && w->out_jobs < WRITER_JOBS_MAX;
}

void
writer_put(struct writer *w, struct job *job)
{
	struct source *s = job->source;

	s->outstanding++;
	s->octets += job->octets;
	w->out_jobs++;
	w->out_octets += job->octets;
	w->out_records += job_records(job);
	job->put_us = now_us();
	job->next = NULL;
	(void)pthread_mutex_lock(&w->lock);
	if (s->tail) {
		s->tail->next = job;
	} else {
		s->head = job;
		ring_append(w, s);
	}
	s->tail = job;
	(void)pthread_cond_signal(&w->more);
	(void)pthread_mutex_unlock(&w->lock);
}

/* The source goes with its last job, when its session has ended. */
static void
let_go(struct writer *w, struct source *s)
{
	if (s->owner || s->outstanding > 0)
		return;
	w->config.gone(w->config.ctx, s);
	free(s);
}

void
writer_release(struct writer *w, struct source *source)
{
	source->owner = NULL;
	let_go(w, source);
}

static void
finish(struct writer *w, struct job *job)
{
	struct source *s = job->source;

	w->out_jobs--;
	w->out_octets -= job->octets;
	w->out_records -= job_records(job);
	w->config.done(w->config.ctx, job);
	/* only now: the session may end in there, and its source is still needed here */
	s->outstanding--;
	s->octets -= job->octets;
	free(job);
	let_go(w, s);
}

static void
collect(struct writer *w)
{
	(void)pthread_mutex_lock(&w->lock);
	struct job *job = w->done.head;
	w->done = (struct jobs){ NULL, NULL };
	(void)pthread_mutex_unlock(&w->lock);
	for (struct job *next; job; job = next) {
		next = job->next;
		finish(w, job);
	}
}

static void
on_event(void *ctx, unsigned flags)
{
	struct writer *w = ctx;
	uint64_t count;

	(void)flags;
	(void)!read(w->event, &count, sizeof(count));
	collect(w);
}

bool
writer_is_away(struct writer *w)
{
	(void)pthread_mutex_lock(&w->lock);
	bool away = w->away_us && now_us() - w->away_us > AWAY_US;
	(void)pthread_mutex_unlock(&w->lock);
	return away;
}

static int
init_locks(struct writer *w)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->more, &attr);
	(void)pthread_condattr_destroy(&attr);
	w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return w->event < 0 ? -errno : loop_add(w->config.loop, w->event, LOOP_READ, on_event, w);
}

int
writer_new(const struct writer_config *config, struct writer **ret_writer, char *err,
           size_t err_size)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	w->config = *config;
	int rc = init_locks(w);
	if (rc == NM_OK)
		rc = -pthread_create(&w->thread, NULL, run, w);
	if (rc < 0) {
		(void)snprintf(err, err_size, "cannot start the store's thread: %s",
		               nm_strerror(rc));
		w->joined = true;
		writer_free(w);
		return rc;
	}
	*ret_writer = w;
	return NM_OK;
}

void
writer_stop(struct writer *w)
{
	struct timespec until;

	if (w->joined)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_signal(&w->more);
	(void)pthread_mutex_unlock(&w->lock);
	unsigned ms = w->config.patience_ms ? w->config.patience_ms : PATIENCE_MS;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	if (pthread_timedjoin_np(w->thread, NULL, &until) != 0) {
		atomic_store(&w->config.intake->hurry, true);
		(void)pthread_join(w->thread, NULL);
	}
	w->joined = true;
	collect(w);
}

void
writer_free(struct writer *w)
{
	if (!w)
		return;
	if (w->event >= 0) {
		loop_remove(w->config.loop, w->event);
		(void)close(w->event);
	}
	(void)pthread_cond_destroy(&w->more);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

/* --- measures ---------------------------------------------------------------------------------------------------------- */

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Milliseconds: the mean, the median and the 99th percentile. */
static double
samples_p99(const struct samples *s, double *ret_mean, double *ret_p50)
{
	size_t n = s->n < WRITER_SAMPLES ? s->n : WRITER_SAMPLES;
	uint32_t sorted[WRITER_SAMPLES];
	double sum = 0;

	*ret_mean = *ret_p50 = 0;
	if (n == 0)
		return 0;
	memcpy(sorted, s->values, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), by_value);
	for (size_t i = 0; i < n; i++)
		sum += sorted[i];
	uint32_t p99 = sorted[(n - 1) * 99 / 100];

	*ret_mean = sum / (double)n / 1000;
	*ret_p50 = (double)sorted[(n - 1) / 2] / 1000;
	return (double)p99 / 1000;
}

void
writer_get_stats(struct writer *w, struct writer_stats *ret_stats)
{
	double mean, p50;

	(void)pthread_mutex_lock(&w->lock);
	*ret_stats = w->stats;
	struct samples commits = w->commits, acks = w->acks;
	int64_t away_us = w->away_us;
	(void)pthread_mutex_unlock(&w->lock);
	ret_stats->ack_p99 = samples_p99(&acks, &mean, &p50);
	ret_stats->commit_p99 = samples_p99(&commits, &mean, &p50);
	ret_stats->commit_mean = mean;
	ret_stats->commit_p50 = p50;
	ret_stats->queue_jobs = w->out_jobs;
	ret_stats->queue_octets = w->out_octets;
	ret_stats->queue_records = w->out_records;
	ret_stats->away_s = away_us ? (double)(now_us() - away_us) / 1e6 : 0;
}
