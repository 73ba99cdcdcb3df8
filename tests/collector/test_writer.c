/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's thread: order, group commit, stores that fail, caps, and its end. */
#include "collector/writer.h"

#include "lib/err.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define STORED_MAX 512

/* A batch in the store. */
struct row {
	uint64_t epoch;
	uint64_t sequence;
};

/* A store in memory that does as it is told. What the store's thread writes is read after a result came, or after its end. */
struct store {
	struct intake intake; /* first */
	/* told by the test */
	atomic_int begins_fail; /* so many */
	atomic_int commits_fail;
	atomic_int commits_lie;     /* so many work and say that they did not */
	_Atomic uint64_t bad_epoch; /* no batch of it works; 0: none */
	_Atomic uint64_t fenced_epoch;
	atomic_int fatal;   /* what each batch comes to, 0: nothing */
	atomic_int slow_ms; /* how long a commit takes */
	atomic_bool gated;
	sem_t gate; /* begin() waits for it when gated */
	sem_t here; /* begin() is there */
	/* the thread's */
	size_t n;      /* committed and of this transaction */
	size_t before; /* committed */
	size_t commits;
	size_t largest; /* transaction, in batches */
	struct row rows[STORED_MAX];
	_Atomic size_t committed; /* = before */
};

static struct store store;
static struct loop *loop;
static struct writer *writer;
static size_t n_done;
static size_t n_gone;
static size_t stop_at; /* results after which the loop ends */
static struct {
	struct row row;
	int rc;
	bool owned;
} done[STORED_MAX];

/* --- the store --------------------------------------------------------------------------------------------------------- */

static bool
take_one(atomic_int *count)
{
	if (atomic_load(count) <= 0)
		return false;
	(void)atomic_fetch_sub(count, 1);
	return true;
}

static int
fake_begin(struct intake *intake)
{
	(void)intake;
	if (atomic_load(&store.gated)) {
		(void)sem_post(&store.here);
		while (sem_wait(&store.gate) < 0)
			;
	}
	return take_one(&store.begins_fail) ? NM_ESTORE : NM_OK;
}

static void
note_committed(void)
{
	size_t n = store.n - store.before;

	store.largest = n > store.largest ? n : store.largest;
	store.before = store.n;
	store.commits++;
	atomic_store(&store.committed, store.n);
}

static int
fake_commit(struct intake *intake)
{
	const struct timespec pause = { .tv_nsec = atomic_load(&store.slow_ms) * 1000000L };

	(void)intake;
	(void)nanosleep(&pause, NULL);
	if (take_one(&store.commits_fail))
		return NM_ESTORE;
	note_committed();
	return take_one(&store.commits_lie) ? NM_ESTORE : NM_OK;
}

static void
fake_rollback(struct intake *intake)
{
	(void)intake;
	store.n = store.before;
}

static int
fake_hello(struct intake *intake, struct intake_probe *probe, uint32_t now_s)
{
	(void)intake;
	(void)now_s;
	probe->place.probe = 1;
	return NM_OK;
}

static int
fake_apps(struct intake *intake, struct intake_probe *probe, const struct application *apps,
          size_t n)
{
	(void)intake;
	(void)probe;
	(void)apps;
	(void)n;
	return NM_OK;
}

static int
fake_labels(struct intake *intake, struct intake_probe *probe, uint32_t labels, uint32_t now_s)
{
	(void)intake;
	(void)probe;
	(void)labels;
	(void)now_s;
	return NM_OK;
}

static int
fake_batch(struct intake *intake, struct intake_probe *probe, const struct batch *b, uint32_t now_s)
{
	(void)intake;
	(void)probe;
	(void)now_s;
	if (atomic_load(&store.fatal))
		return atomic_load(&store.fatal);
	if (b->epoch == atomic_load(&store.bad_epoch))
		return NM_ESTORE;
	if (b->epoch == atomic_load(&store.fenced_epoch))
		return NM_EFENCED;
	for (size_t i = 0; i < store.n; i++)
		if (store.rows[i].epoch == b->epoch && store.rows[i].sequence == b->sequence)
			return NM_EEXISTS;
	assert_true(store.n < STORED_MAX);
	store.rows[store.n++] = (struct row){ b->epoch, b->sequence };
	return NM_OK;
}

static const struct intake_ops ops = { .begin = fake_begin,
	                               .commit = fake_commit,
	                               .rollback = fake_rollback,
	                               .hello = fake_hello,
	                               .apps = fake_apps,
	                               .labels = fake_labels,
	                               .batch = fake_batch };

/* --- the loop's side --------------------------------------------------------------------------------------------------- */

/* The promise itself: what is said to be stored is there. */
static bool
is_committed(struct row row)
{
	size_t n = atomic_load(&store.committed);

	for (size_t i = 0; i < n; i++)
		if (store.rows[i].epoch == row.epoch && store.rows[i].sequence == row.sequence)
			return true;
	return false;
}

static void
on_done(void *ctx, const struct job *job)
{
	struct row row = { job->batch.epoch, job->batch.sequence };

	(void)ctx;
	assert_true(n_done < STORED_MAX);
	if (job->kind == JOB_BATCH && job->rc == NM_OK)
		assert_true(is_committed(row));
	done[n_done].row = row;
	done[n_done].rc = job->rc;
	done[n_done].owned = job->source->owner != NULL;
	if (++n_done >= stop_at)
		loop_stop(loop);
}

static void
on_gone(void *ctx, const struct source *source)
{
	(void)ctx;
	assert_null(source->owner);
	n_gone++;
}

static int
begin(unsigned patience_ms)
{
	char err[128];

	memset(&store, 0, sizeof(store));
	store.intake.ops = &ops;
	(void)sem_init(&store.gate, 0, 0);
	(void)sem_init(&store.here, 0, 0);
	n_done = n_gone = 0;
	stop_at = STORED_MAX;
	loop = loop_new();
	const struct writer_config config = { &store.intake, loop, on_done,
		                              on_gone,       NULL, patience_ms };
	return loop ? writer_new(&config, &writer, err, sizeof(err)) : -1;
}

static int
setup(void **state)
{
	(void)state;
	return begin(0);
}

static int
setup_impatient(void **state)
{
	(void)state;
	return begin(100);
}

static int
teardown(void **state)
{
	(void)state;
	writer_stop(writer);
	writer_free(writer);
	loop_free(loop);
	return 0;
}

static struct source *
make_source(void)
{
	const struct frame_hello hello = { .probe = "p" };
	struct source *s = source_new(&hello, &store);

	assert_non_null(s);
	return s;
}

static void
put(struct source *s, uint64_t epoch, uint64_t sequence)
{
	const struct batch b = { .epoch = epoch, .first = sequence, .sequence = sequence };
	struct job *job = job_batch(s, &b);

	assert_non_null(job);
	writer_put(writer, job);
}

/* Runs the loop until so many results have come. */
static void
await(size_t n)
{
	stop_at = n;
	if (n_done < n)
		assert_int_equal(loop_run(loop), 0);
	assert_true(n_done >= n);
}

/* The store's thread stands before a transaction and takes nothing more until let_go(). */
static void
hold(struct source *s)
{
	atomic_store(&store.gated, true);
	put(s, 999, 1);
	while (sem_wait(&store.here) < 0)
		;
}

static void
let_go(void)
{
	atomic_store(&store.gated, false);
	(void)sem_post(&store.gate);
}

static void
end_source(struct source *s)
{
	writer_release(writer, s);
}

/* --- tests ------------------------------------------------------------------------------------------------------------- */

static void
batches_of_a_source_are_stored_in_their_order(void **state)
{
	struct source *s = make_source();

	(void)state;
	for (uint64_t i = 1; i <= 20; i++)
		put(s, 1, i);
	await(20);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(store.rows[i].sequence, i + 1);
		assert_int_equal(done[i].row.sequence, i + 1);
		assert_int_equal(done[i].rc, NM_OK);
	}
	end_source(s);
	assert_int_equal(n_gone, 1);
}

static void
what_waits_goes_into_one_transaction(void **state)
{
	struct source *held = make_source(), *s = make_source();

	(void)state;
	hold(held);
	for (uint64_t i = 1; i <= 30; i++)
		put(s, 1, i);
	let_go();
	await(31);
	assert_int_equal(store.largest, 31);
	assert_int_equal(store.commits, 1);
	end_source(s);
	end_source(held);
}

static void
sources_take_turns(void **state)
{
	struct source *greedy = make_source(), *modest = make_source();

	(void)state;
	hold(greedy);
	for (uint64_t i = 1; i <= 20; i++)
		put(greedy, 1, i);
	put(modest, 2, 1);
	let_go();
	await(22);
	/* 999 began the transaction, then one of each */
	assert_true(store.rows[1].epoch == 2 || store.rows[2].epoch == 2);
	end_source(greedy);
	end_source(modest);
}

static void
a_store_that_fails_is_tried_again_until_it_works(void **state)
{
	struct source *a = make_source(), *b = make_source();
	struct writer_stats stats;

	(void)state;
	atomic_store(&store.begins_fail, 2);
	atomic_store(&store.commits_fail, 1);
	for (uint64_t i = 1; i <= 5; i++) {
		put(a, 1, i);
		put(b, 2, i);
	}
	await(10);
	assert_int_equal(store.n, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(done[i].rc, NM_OK);
	writer_get_stats(writer, &stats);
	assert_true(stats.failures >= 3);
	assert_int_equal(stats.batches, 10);
	assert_int_equal(stats.queue_jobs, 0);
	assert_int_equal(stats.queue_octets, 0);
	end_source(a);
	end_source(b);
}

static void
a_commit_that_worked_and_was_not_heard_of_counts_once(void **state)
{
	struct source *s = make_source();

	(void)state;
	atomic_store(&store.commits_lie, 1);
	for (uint64_t i = 1; i <= 3; i++)
		put(s, 1, i);
	await(3);
	assert_int_equal(store.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(done[i].rc, NM_OK);
	/* but what really came a second time says so */
	put(s, 1, 3);
	await(4);
	assert_int_equal(done[3].rc, NM_EEXISTS);
	end_source(s);
}

static void
also_when_the_batches_were_tried_one_by_one(void **state)
{
	struct source *bad = make_source(), *good = make_source();

	(void)state;
	atomic_store(&store.bad_epoch, 7);
	atomic_store(&store.commits_lie, 1);
	put(bad, 7, 1);
	put(good, 1, 1);
	await(1);
	assert_int_equal(done[0].row.epoch, 1);
	assert_int_equal(done[0].rc, NM_OK);
	atomic_store(&store.bad_epoch, 0);
	await(2);
	assert_int_equal(store.n, 2);
	end_source(bad);
	end_source(good);
}

static void
a_batch_that_does_not_work_holds_up_only_its_own_source(void **state)
{
	struct source *bad = make_source(), *good = make_source();

	(void)state;
	atomic_store(&store.bad_epoch, 7);
	put(bad, 7, 1);
	put(bad, 8, 2);
	for (uint64_t i = 1; i <= 3; i++)
		put(good, 1, i);
	await(3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(done[i].row.epoch, 1);
	/* nor does what is behind it overtake it */
	atomic_store(&store.bad_epoch, 0);
	await(5);
	assert_int_equal(done[3].row.epoch, 7);
	assert_int_equal(done[4].row.epoch, 8);
	end_source(bad);
	end_source(good);
}

static void
a_refused_batch_leaves_the_others_in_the_transaction(void **state)
{
	struct source *held = make_source(), *s = make_source();

	(void)state;
	atomic_store(&store.fenced_epoch, 5);
	hold(held);
	put(s, 5, 1);
	put(s, 6, 1);
	let_go();
	await(3);
	assert_int_equal(store.commits, 1);
	assert_int_equal(done[1].rc, NM_EFENCED);
	assert_int_equal(done[2].rc, NM_OK);
	end_source(s);
	end_source(held);
}

static void
an_output_that_is_gone_gives_everything_back(void **state)
{
	struct source *s = make_source();

	(void)state;
	atomic_store(&store.fatal, -EPIPE);
	put(s, 1, 1);
	put(s, 1, 2);
	await(2);
	assert_int_equal(done[0].rc, -EPIPE);
	assert_int_equal(store.n, 0);
	end_source(s);
}

static void
a_source_may_have_so_many_jobs_on_the_way(void **state)
{
	struct source *held = make_source(), *s = make_source(), *other = make_source();

	(void)state;
	hold(held);
	for (uint64_t i = 1; i <= WRITER_SOURCE_JOBS; i++) {
		assert_true(writer_has_room(writer, s));
		put(s, 1, i);
	}
	assert_false(writer_has_room(writer, s));
	assert_true(writer_has_room(writer, other));
	let_go();
	await(1 + WRITER_SOURCE_JOBS);
	assert_true(writer_has_room(writer, s));
	end_source(s);
	end_source(other);
	end_source(held);
}

/* As many octets as its records take: none of them is looked at. */
static void
put_large(struct source *s, uint64_t epoch)
{
	static struct record records[BATCH_RECORDS_MAX];
	const struct batch b = { .epoch = epoch,
		                 .first = 1,
		                 .sequence = 1,
		                 .n_records = BATCH_RECORDS_MAX,
		                 .records = records };
	struct job *job = job_batch(s, &b);

	assert_non_null(job);
	writer_put(writer, job);
}

static void
beyond_the_cap_each_source_has_one_job_on_the_way(void **state)
{
	size_t each = sizeof(struct job) + BATCH_RECORDS_MAX * sizeof(struct record);
	size_t n = WRITER_OCTETS / each + 1;
	struct source **list = calloc(n, sizeof(struct source *));
	struct source *held = make_source(), *late = make_source();

	(void)state;
	assert_non_null(list);
	hold(held);
	for (size_t i = 0; i < n; i++) {
		list[i] = make_source();
		assert_true(writer_has_room(writer, list[i]));
		put_large(list[i], 10 + i);
	}
	assert_false(writer_has_room(writer, list[0]));
	assert_true(writer_has_room(writer, late));
	let_go();
	await(1 + n);
	assert_true(writer_has_room(writer, list[0]));
	for (size_t i = 0; i < n; i++)
		end_source(list[i]);
	end_source(late);
	end_source(held);
	free(list);
}

static void
the_end_stores_what_waits(void **state)
{
	struct source *held = make_source(), *s = make_source();

	(void)state;
	hold(held);
	for (uint64_t i = 1; i <= 10; i++)
		put(s, 1, i);
	let_go();
	writer_stop(writer);
	assert_int_equal(store.before, 11);
	assert_int_equal(n_done, 11);
	for (size_t i = 0; i < n_done; i++)
		assert_int_equal(done[i].rc, NM_OK);
	end_source(s);
	end_source(held);
}

static void
the_end_gives_back_what_would_take_too_long(void **state)
{
	struct source *list[60], *held = make_source();
	size_t stored = 0;

	(void)state;
	hold(held);
	atomic_store(&store.slow_ms, 150); /* more than the writer's patience */
	for (size_t i = 0; i < 60; i++) {
		list[i] = make_source();
		put_large(list[i], 10 + i);
	}
	let_go();
	writer_stop(writer);
	assert_int_equal(n_done, 61);
	for (size_t i = 0; i < n_done; i++)
		stored += done[i].rc == NM_OK;
	assert_int_equal(stored, store.before);
	assert_in_range(stored, 1, 60);
	for (size_t i = 0; i < 60; i++)
		end_source(list[i]);
	end_source(held);
}

static void
the_end_gives_back_what_a_broken_store_does_not_take(void **state)
{
	struct source *held = make_source(), *s = make_source();

	(void)state;
	atomic_store(&store.begins_fail, 1000000);
	hold(held);
	for (uint64_t i = 1; i <= 10; i++)
		put(s, 1, i);
	let_go();
	writer_stop(writer);
	assert_int_equal(store.before, 0);
	assert_int_equal(n_done, 11);
	for (size_t i = 0; i < n_done; i++)
		assert_int_equal(done[i].rc, NM_ESTORE);
	end_source(s);
	end_source(held);
}

static void
a_session_that_ended_leaves_its_batches_to_be_stored(void **state)
{
	struct source *s = make_source();

	(void)state;
	hold(s);
	put(s, 1, 1);
	writer_release(writer, s);
	assert_int_equal(n_gone, 0);
	let_go();
	await(2);
	assert_int_equal(store.n, 2);
	assert_false(done[1].owned);
	writer_stop(writer);
	assert_int_equal(n_gone, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(batches_of_a_source_are_stored_in_their_order),
		T(what_waits_goes_into_one_transaction),
		T(sources_take_turns),
		T(a_store_that_fails_is_tried_again_until_it_works),
		T(a_commit_that_worked_and_was_not_heard_of_counts_once),
		T(also_when_the_batches_were_tried_one_by_one),
		T(a_batch_that_does_not_work_holds_up_only_its_own_source),
		T(a_refused_batch_leaves_the_others_in_the_transaction),
		T(an_output_that_is_gone_gives_everything_back),
		T(a_source_may_have_so_many_jobs_on_the_way),
		T(beyond_the_cap_each_source_has_one_job_on_the_way),
		T(the_end_stores_what_waits),
		cmocka_unit_test_setup_teardown(the_end_gives_back_what_would_take_too_long,
		                                setup_impatient, teardown),
		T(the_end_gives_back_what_a_broken_store_does_not_take),
		T(a_session_that_ended_leaves_its_batches_to_be_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
