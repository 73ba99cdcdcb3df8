/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that removes what is old. */
#include "collector/retention.h"

#include "collector/turn.h"
#include "lib/err.h"
#include "lib/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROWS_MIN 50
#define ROWS     1000 /* of the first step */
#define IDLE_MS  10000
#define CAPPED_MS \
	100 /* with a cap: how often the size is looked at; it grows by megabytes in that time */
#define SLOW_MS   1000 /* where asking for the size costs more, or nothing can be done */
#define LATER_MS  5000 /* until the size shows what was removed */
#define FAILED_MS 5000
#define BREATH_MS 1 /* between two steps, for others to take the lock */
#define OTHERS_MS 60000

struct retention {
	struct db *db;     /* the thread's */
	struct turn *turn; /* to write, not owned */
	struct db_keep keep;
	size_t rows;       /* of a step, so that it takes RETENTION_STEP_MS */
	uint64_t owed;     /* db_kept.owed */
	int64_t others_ms; /* when the ledger and the like are looked at again */
	struct log_limit failures;
	struct log_limit unread;
	struct log_limit full;
	struct log_limit blocked;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	bool stop;
	uint32_t hold_s;
	struct retention_stats stats;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False when the thread is to end. */
static bool
pause_for(struct retention *r, int64_t ms)
{
	struct timespec until;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&r->lock);
	while (!r->stop && rc == 0)
		rc = pthread_cond_timedwait(&r->wake, &r->lock, &until);
	bool go_on = !r->stop;
	(void)pthread_mutex_unlock(&r->lock);
	return go_on;
}

static void
note(struct retention *r, int rc, const struct db_kept *kept)
{
	(void)pthread_mutex_lock(&r->lock);
	r->stats.errors += rc < 0;
	if (rc == NM_OK) {
		r->stats.by_age += kept->by_age;
		r->stats.by_size += kept->by_size;
		r->stats.others += kept->others;
		r->stats.waits += kept->unread || kept->full;
		r->stats.blocked += kept->blocked;
		r->stats.octets = kept->octets;
		r->stats.file = kept->file;
	}
	(void)pthread_mutex_unlock(&r->lock);
	if (rc < 0 && log_allowed(&r->failures))
		log_error("store: cannot remove old rows: %s",
		          rc == NM_ESTORE ? db_error(r->db) : nm_strerror(rc));
	if (rc == NM_OK && kept->unread && log_allowed(&r->unread))
		log_warn("store: it is above max_store, and its flows are not in totals or graphs "
		         "yet: does netmon-aggregate run?");
	if (rc == NM_OK && kept->full && log_allowed(&r->full))
		log_warn("store: it is above max_store and has no flows that could be removed; "
		         "raise it");
	if (rc == NM_OK && kept->blocked && log_allowed(&r->blocked))
		log_warn("store: its journal cannot be emptied while another program reads");
}

/* How long to wait, in ms, after a step that took so long. */
static int64_t
pause_after(const struct db_keep *keep, const struct db_kept *kept, int64_t took)
{
	/* by age there is time: as long for others as for itself */
	if (kept->more)
		return kept->by_age > 0 ? took + BREATH_MS : BREATH_MS;
	if (keep->octets == 0)
		return IDLE_MS;
	if (kept->later && kept->by_size > 0)
		return LATER_MS;
	return kept->later || kept->unread || kept->full ? SLOW_MS : CAPPED_MS;
}

/* So many rows that a step takes as long as it may. */
static void
fit_rows(struct retention *r, const struct db_kept *kept, int64_t took)
{
	int64_t may = kept->by_size > 0 ? RETENTION_HURRY_MS : RETENTION_STEP_MS;

	if (took > may && r->rows > ROWS_MIN)
		r->rows -= r->rows / 4;
	else if (took < may / 2 && kept->more && r->rows < DB_RETENTION_ROWS_MAX)
		r->rows += r->rows / 4;
}

/* A step; *ret_ms is how long to wait before the next one. */
static void
step(struct retention *r, int64_t *ret_ms)
{
	struct db_keep keep = r->keep;
	struct db_kept kept = { 0 };
	bool others = now_ms() >= r->others_ms;

	if (!others)
		keep.ledger_s = 0;
	keep.owed = r->owed;
	(void)pthread_mutex_lock(&r->lock);
	keep.hold_s = r->hold_s;
	(void)pthread_mutex_unlock(&r->lock);
	/* from here on, so that what it waits for is not counted as its own */
	turn_take(r->turn);
	int64_t begun = now_ms();
	int rc = db_retention_step(r->db, &keep, (uint32_t)time(NULL), r->rows, &kept);
	int64_t took = now_ms() - begun;
	turn_give(r->turn);
	note(r, rc, &kept);
	r->owed = kept.owed;
	if (others && rc == NM_OK && !kept.more)
		r->others_ms = begun + OTHERS_MS;
	fit_rows(r, &kept, took);
	*ret_ms = rc < 0 ? FAILED_MS : pause_after(&keep, &kept, took);
}

static void *
run(void *ctx)
{
	struct retention *r = ctx;
	int64_t ms = 0;

	while (pause_for(r, ms))
		step(r, &ms);
	return NULL;
}

static int
start(struct retention *r)
{
	pthread_condattr_t monotonic;

	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->wake, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return -pthread_create(&r->thread, NULL, run, r);
}

int
retention_new(const char *store, const struct db_keep *keep, struct turn *turn,
              struct retention **ret_retention, char *err, size_t err_size)
{
	struct retention *r = calloc(1, sizeof(*r));

	(void)snprintf(err, err_size, "out of memory");
	if (!r)
		return -ENOMEM;
	r->keep = *keep;
	r->turn = turn;
	r->rows = ROWS;
	r->hold_s = keep->hold_s;
	r->failures = r->unread = r->full = r->blocked =
	    (struct log_limit){ .burst = 1, .period_s = 60 };
	int rc = db_open(store, DB_WRITE, &r->db, err, err_size);
	if (rc == NM_OK && (rc = db_retention_limit(r->db, keep->octets)) < 0)
		(void)snprintf(err, err_size, "store: %s", db_error(r->db));
	if (rc == NM_OK && (rc = start(r)) < 0)
		(void)snprintf(err, err_size, "cannot start a thread: %s", nm_strerror(rc));
	if (rc < 0) {
		db_close(r->db);
		free(r);
		return rc;
	}
	*ret_retention = r;
	return NM_OK;
}

void
retention_free(struct retention *r)
{
	if (!r)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->stop = true;
	(void)pthread_cond_signal(&r->wake);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL);
	(void)pthread_cond_destroy(&r->wake);
	(void)pthread_mutex_destroy(&r->lock);
	db_close(r->db);
	free(r);
}

void
retention_get_stats(struct retention *r, struct retention_stats *ret_stats)
{
	(void)pthread_mutex_lock(&r->lock);
	*ret_stats = r->stats;
	(void)pthread_mutex_unlock(&r->lock);
}

void
retention_hold(struct retention *r, uint32_t before_s)
{
	(void)pthread_mutex_lock(&r->lock);
	r->hold_s = before_s > 0 ? before_s : 1;
	(void)pthread_mutex_unlock(&r->lock);
}
