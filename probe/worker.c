/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers: their threads, how they pass packets on, and how they end.
 *
 * The end takes two rounds. When all have read their sockets empty, there are whole packets and fragments in the rings; a
 * fragment whose ports are found may go on to a third worker. When all have done that, what is left belongs to who takes
 * it. Flows are cut when all tags are learned.
 */
#include "probe/worker.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/modguard.h"
#include "probe/worker_ring.h"
#include "probe/worker_sink.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define RINGS_SIZE    (64u << 20) /* octets of all rings together, but at least RING_SIZE_MIN each */
#define RING_SIZE_MAX (16u << 20)
#define TAKE_BATCHES  64  /* from one ring before the next one's turn */
#define SLEEP_MS      200 /* longest sleep: signals are looked at so often */
#define PUBLISH_EACH  64  /* packets of the reader of files */
#define WAIT_NS       50000
#define ROUNDS        2

struct worker {
	struct workers *all;
	unsigned number;
	pthread_t thread;
	bool started;
	struct classifier *classifier;
	struct sink *stage;
	struct meter *meter;
	struct capture_config capture; /* live */
	int wake_fd;
	_Atomic bool sleeps; /* or is about to: a byte to wake_fd ends it */
	time_t second;       /* of the last hand-over to the sink */
	uint64_t passed;
	int rc;
};

struct workers {
	struct workers_config config;
	unsigned n;
	struct meter *reader; /* files, several workers */
	unsigned reader_unpublished;
	struct ring **rings; /* from * n + to; the reader is number n */
	struct capture_live *live;
	_Atomic bool stop;
	_Atomic bool pause;
	_Atomic unsigned done[ROUNDS]; /* workers that are through a round of the end */
	pthread_mutex_t lock;          /* of the following two */
	pthread_cond_t changed;
	unsigned running;
	unsigned paused;
	struct worker worker[];
};

/* --- passing on -------------------------------------------------------------------------------------------------- */

static struct ring *
ring_between(const struct workers *w, unsigned from, unsigned to)
{
	return w->rings[from * w->n + to];
}

static void
wake(struct worker *to)
{
	const uint64_t one = 1;

	/* it can only fail because the descriptor is readable already */
	if (atomic_load(&to->sleeps) && write(to->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static void
publish(struct workers *w, unsigned from)
{
	for (unsigned to = 0; to < w->n; to++) {
		struct ring *r = ring_between(w, from, to);

		if (r && ring_publish(r))
			wake(&w->worker[to]);
	}
}

/* A meter_pass_fn of live workers. */
static bool
pass_live(void *ctx, const struct packet *pkt, uint32_t frame_octets, bool is_fragment)
{
	struct worker *me = ctx;
	unsigned owner = fanout_owner(me->all->config.fanout, pkt, is_fragment);

	if (owner == me->number)
		return false;
	if (ring_push(ring_between(me->all, me->number, owner), pkt, frame_octets, is_fragment))
		me->passed++;
	else
		meter_lost(me->meter, pkt->link, pkt->ts_ns, LEDGER_WORKER_FULL, 1, frame_octets);
	return true;
}

static void
wait_a_little(void)
{
	const struct timespec wait = { .tv_nsec = WAIT_NS };

	(void)nanosleep(&wait, NULL);
}

/* A meter_pass_fn of the reader of files, who owns no flow but finds the fragments' ports. */
static bool
pass_read(void *ctx, const struct packet *pkt, uint32_t frame_octets, bool is_fragment)
{
	struct workers *w = ctx;

	if (is_fragment)
		return false;
	unsigned owner = fanout_owner(w->config.fanout, pkt, false);
	while (!ring_push(ring_between(w, w->n, owner), pkt, frame_octets, false)) {
		publish(w, w->n);
		wait_a_little();
	}
	if (++w->reader_unpublished >= PUBLISH_EACH)
		workers_flush(w);
	return true;
}

void
workers_flush(struct workers *w)
{
	if (!w->reader)
		return;
	w->reader_unpublished = 0;
	publish(w, w->n);
}

/* Meters what others passed on to this worker. Returns how many packets. */
static size_t
take_from_others(struct worker *me)
{
	struct workers *w = me->all;
	struct meter_passed packets[METER_BATCH];
	unsigned sources = w->config.reads_files ? w->n + 1 : w->n;
	size_t total = 0;

	for (unsigned from = 0; from < sources; from++) {
		struct ring *r = ring_between(w, from, me->number);
		size_t n = METER_BATCH;
		for (unsigned i = 0; r && i < TAKE_BATCHES && n == METER_BATCH; i++) {
			n = ring_take(r, packets, METER_BATCH);
			meter_passed(me->meter, packets, n);
			ring_release(r);
			total += n;
		}
	}
	return total;
}

static bool
rings_are_empty(const struct worker *me)
{
	const struct workers *w = me->all;
	unsigned sources = w->config.reads_files ? w->n + 1 : w->n;

	for (unsigned from = 0; from < sources; from++) {
		const struct ring *r = ring_between(w, from, me->number);
		if (r && !ring_is_empty(r))
			return false;
	}
	return true;
}

/* --- a worker's thread ------------------------------------------------------------------------------------------- */

/* Waits here while the main thread looks at, or changes, what is ours. */
static void
follow_pause(struct workers *w)
{
	if (!atomic_load(&w->pause))
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->paused++;
	(void)pthread_cond_broadcast(&w->changed);
	while (atomic_load(&w->pause))
		(void)pthread_cond_wait(&w->changed, &w->lock);
	w->paused--;
	(void)pthread_mutex_unlock(&w->lock);
}

/* Between batches of frames. */
static bool
between(void *ctx)
{
	struct worker *me = ctx;
	struct timespec now;
	uint64_t count;

	if (atomic_load_explicit(&me->sleeps, memory_order_relaxed)) {
		atomic_store(&me->sleeps, false);
		while (read(me->wake_fd, &count, sizeof(count)) > 0)
			;
	}
	(void)take_from_others(me);
	publish(me->all, me->number);
	follow_pause(me->all);
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec != me->second) {
		me->second = now.tv_sec;
		me->stage->ops->tick(me->stage);
	}
	return !atomic_load(&me->all->stop);
}

/* Who looks at `sleeps` before its last packets were seen here writes to wake_fd; who looks later sees it set. */
static bool
may_sleep(void *ctx)
{
	struct worker *me = ctx;

	atomic_store(&me->sleeps, true);
	return rings_are_empty(me) && !atomic_load(&me->all->stop) && !atomic_load(&me->all->pause);
}

/* The reader of files ends the loop with `stop`, once everything is in the rings. */
static int
take_until_stop(struct worker *me)
{
	struct pollfd wake_up = { .fd = me->wake_fd, .events = POLLIN };

	while (between(me))
		if (may_sleep(me))
			(void)poll(&wake_up, 1, SLEEP_MS);
	return NM_OK;
}

/* Takes what is passed on until all have come to the end of a round, then the rest. */
static void
end_round(struct worker *me, unsigned round)
{
	struct workers *w = me->all;

	publish(w, me->number);
	if (w->config.reads_files) /* the reader is at its end, so what is here is all */
		while (take_from_others(me) > 0)
			;
	(void)atomic_fetch_add(&w->done[round], 1);
	while (atomic_load(&w->done[round]) < w->n || !rings_are_empty(me)) {
		if (take_from_others(me) == 0)
			wait_a_little();
		publish(w, me->number);
		/* others may be in a pause, in which nobody gets to the end */
		follow_pause(w);
	}
}

static void *
run_worker(void *arg)
{
	struct worker *me = arg;
	struct workers *w = me->all;

	(void)modguard_enter_thread();
	me->rc = w->config.reads_files ? take_until_stop(me)
	                               : capture_live_run(w->live, me->number, &me->capture);
	/* one that failed takes the others with it */
	atomic_store(&w->stop, true);
	for (unsigned round = 0; round < ROUNDS; round++)
		end_round(me, round);
	meter_finish(me->meter);
	(void)me->stage->ops->finish(me->stage);
	(void)pthread_mutex_lock(&w->lock);
	w->running--;
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
	modguard_leave_thread();
	return NULL;
}

/* --- the main thread --------------------------------------------------------------------------------------------- */

static void
stop(struct workers *w)
{
	atomic_store(&w->stop, true);
	for (unsigned i = 0; i < w->n; i++)
		wake(&w->worker[i]);
}

static void
join(struct workers *w)
{
	for (unsigned i = 0; i < w->n; i++) {
		if (w->worker[i].started)
			(void)pthread_join(w->worker[i].thread, NULL);
		w->worker[i].started = false;
	}
}

/* Signals are for the main thread. */
int
workers_start(struct workers *w)
{
	sigset_t all, old;
	int rc = 0;

	if (w->n == 1)
		return NM_OK;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	w->running = w->n;
	for (unsigned i = 0; rc == 0 && i < w->n; i++) {
		rc = pthread_create(&w->worker[i].thread, NULL, run_worker, &w->worker[i]);
		w->worker[i].started = rc == 0;
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return NM_OK;
	log_error("worker: %s", nm_strerror(-rc));
	/* those that run must not wait for those that do not */
	for (unsigned i = 0; i < w->n; i++)
		for (unsigned round = 0; !w->worker[i].started && round < ROUNDS; round++)
			(void)atomic_fetch_add(&w->done[round], 1);
	stop(w);
	join(w);
	return -rc;
}

int
workers_run(struct workers *w, struct capture_live *live, const struct capture_config *capture)
{
	int rc;

	for (unsigned i = 0; i < w->n; i++) {
		struct worker *worker = &w->worker[i];
		worker->capture = *capture;
		worker->capture.meter = worker->meter;
		worker->capture.between = between;
		worker->capture.may_sleep = may_sleep;
		worker->capture.wake_fd = worker->wake_fd;
		worker->capture.ctx = worker;
	}
	if (w->n == 1) {
		struct capture_config single = *capture;
		single.meter = w->worker[0].meter;
		return capture_live_run(live, 0, &single);
	}
	w->live = live;
	rc = workers_start(w);
	if (rc < 0)
		return rc;
	while (capture->between(capture->ctx) && !atomic_load(&w->stop))
		(void)poll(NULL, 0, SLEEP_MS);
	stop(w);
	join(w);
	for (unsigned i = 0; rc == NM_OK && i < w->n; i++)
		rc = w->worker[i].rc;
	return rc;
}

struct meter *
workers_meter(struct workers *w)
{
	return w->reader ? w->reader : w->worker[0].meter;
}

void
workers_finish(struct workers *w)
{
	if (w->n == 1) {
		meter_finish(w->worker[0].meter);
		return;
	}
	workers_flush(w);
	stop(w);
	join(w);
	if (w->reader)
		meter_finish(w->reader);
}

void
workers_pause(struct workers *w)
{
	if (w->n == 1)
		return;
	atomic_store(&w->pause, true);
	for (unsigned i = 0; i < w->n; i++)
		wake(&w->worker[i]);
	(void)pthread_mutex_lock(&w->lock);
	while (w->paused < w->running)
		(void)pthread_cond_wait(&w->changed, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
}

void
workers_resume(struct workers *w)
{
	(void)pthread_mutex_lock(&w->lock);
	atomic_store(&w->pause, false);
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
}

void
workers_follow(struct workers *w)
{
	for (unsigned i = 1; i < w->n; i++) {
		int rc = classify_follow(w->worker[i].classifier, w->config.classifier);
		if (rc < 0)
			log_error("worker %u: the old modules stay: %s", i + 1, nm_strerror(rc));
	}
}

/* --- sums -------------------------------------------------------------------------------------------------------- */

static void
add_counts(const struct meter *m, uint16_t link, struct meter_count *counts)
{
	struct meter_count own[LEDGER_CAUSE_MAX];

	if (!m)
		return;
	meter_get_counts(m, link, own);
	for (unsigned i = 0; i < LEDGER_CAUSE_MAX; i++) {
		counts[i].packets += own[i].packets;
		counts[i].octets += own[i].octets;
	}
}

void
workers_get_counts(const struct workers *w, uint16_t link, struct meter_count *ret_counts)
{
	memset(ret_counts, 0, LEDGER_CAUSE_MAX * sizeof(*ret_counts));
	add_counts(w->reader, link, ret_counts);
	for (unsigned i = 0; i < w->n; i++)
		add_counts(w->worker[i].meter, link, ret_counts);
}

void
workers_get_stats(const struct workers *w, struct flow_stats *ret_stats)
{
	*ret_stats = (struct flow_stats){ 0 };
	for (unsigned i = 0; i < w->n; i++) {
		struct flow_stats own;

		meter_get_stats(w->worker[i].meter, &own);
		ret_stats->conversations += own.conversations;
		ret_stats->records += own.records;
		ret_stats->refused += own.refused;
		ret_stats->evicted += own.evicted;
	}
}

uint64_t
workers_passed(const struct workers *w)
{
	uint64_t passed = 0;

	for (unsigned i = 0; i < w->n; i++)
		passed += w->worker[i].passed;
	return passed;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

/* Each worker's share of a limit that is for all. */
static size_t
share(size_t whole, unsigned n)
{
	return (whole + n - 1) / n;
}

static int
make_meter(struct workers *w, struct worker *worker)
{
	struct meter_config config = w->config.meter;
	struct sink *sink = w->n > 1 ? worker->stage : w->config.sink;

	config.flow.table_max = (uint32_t)share(config.flow.table_max, w->n);
	config.fragments_max = share(config.fragments_max, w->n);
	config.late_tags = w->n > 1;
	if (w->n > 1 && !w->config.reads_files) {
		config.pass = pass_live;
		config.pass_ctx = worker;
	}
	return meter_new(&config, worker->classifier, sink, &worker->meter);
}

static int
make_worker(struct workers *w, unsigned number)
{
	struct worker *worker = &w->worker[number];
	int rc = NM_OK;

	worker->all = w;
	worker->number = number;
	worker->classifier = w->config.classifier;
	if (w->n > 1) {
		worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		rc = worker->wake_fd < 0 ? -errno : sink_stage_new(w->config.sink, &worker->stage);
	}
	if (rc == NM_OK && number > 0) {
		worker->classifier = NULL;
		rc = classify_new(&w->config.classify, &worker->classifier);
		if (rc == NM_OK)
			rc = classify_follow(worker->classifier, w->config.classifier);
	}
	return rc == NM_OK ? make_meter(w, worker) : rc;
}

/* The meter of the reader of files keeps no flow. */
static int
make_reader(struct workers *w)
{
	struct meter_config config = w->config.meter;

	config.flow.table_max = 1;
	config.pass = pass_read;
	config.pass_ctx = w;
	return meter_new(&config, w->config.classifier, w->config.sink, &w->reader);
}

static int
make_rings(struct workers *w)
{
	unsigned sources = w->config.reads_files ? w->n + 1 : w->n;
	unsigned pairs = w->config.reads_files ? w->n : w->n * (w->n - 1);
	size_t size = RING_SIZE_MAX;
	int rc = NM_OK;

	w->rings = calloc((size_t)sources * w->n,
	                  sizeof(struct ring *)); /* NOLINT(bugprone-sizeof-expression): pointers */
	if (!w->rings)
		return -ENOMEM;
	while (size > RING_SIZE_MIN && size * pairs > RINGS_SIZE)
		size /= 2;
	for (unsigned from = w->config.reads_files ? w->n : 0; from < sources; from++)
		for (unsigned to = 0; rc == NM_OK && to < w->n; to++)
			if (from != to)
				rc = ring_new(size, &w->rings[from * w->n + to]);
	return rc;
}

int
workers_new(const struct workers_config *config, struct workers **ret_workers)
{
	unsigned n = config->fanout->workers;
	struct workers *w = calloc(1, sizeof(*w) + n * sizeof(w->worker[0]));
	int rc = NM_OK;

	if (!w)
		return -ENOMEM;
	w->config = *config;
	w->n = n;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->changed, NULL);
	for (unsigned i = 0; i < n; i++)
		w->worker[i].wake_fd = -1;
	for (unsigned i = 0; rc == NM_OK && i < n; i++)
		rc = make_worker(w, i);
	if (rc == NM_OK && n > 1)
		rc = make_rings(w);
	if (rc == NM_OK && n > 1 && config->reads_files)
		rc = make_reader(w);
	if (rc < 0) {
		workers_free(w);
		return rc;
	}
	*ret_workers = w;
	return NM_OK;
}

static void
free_worker(const struct workers *w, struct worker *worker)
{
	meter_free(worker->meter);
	if (worker->classifier != w->config.classifier)
		classify_free(worker->classifier);
	if (worker->stage)
		worker->stage->ops->free(worker->stage);
	if (worker->wake_fd >= 0)
		(void)close(worker->wake_fd);
}

void
workers_free(struct workers *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < w->n; i++)
		free_worker(w, &w->worker[i]);
	meter_free(w->reader);
	for (size_t i = 0; w->rings && i < (size_t)(w->n + w->config.reads_files) * w->n; i++)
		ring_free(w->rings[i]);
	free(w->rings);
	(void)pthread_cond_destroy(&w->changed);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}
