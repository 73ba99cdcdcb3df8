/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event loop. */
#include "collector/loop.h"

#include "lib/err.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>

struct watch {
	void (*ready)(void *ctx, unsigned flags); /* NULL: not watched */
	void *ctx;
};

struct timer {
	unsigned period_ms;
	int64_t due_ms;
	void (*fire)(void *ctx);
	void *ctx;
};

struct work {
	bool (*work)(void *ctx);
	void *ctx;
};

struct loop {
	struct watch watches[FD_SETSIZE]; /* by descriptor */
	fd_set want_read;
	fd_set want_write;
	int top; /* highest descriptor that is watched, or -1 */
	size_t n_timers;
	struct timer timers[LOOP_TIMERS_MAX];
	size_t n_works;
	struct work works[LOOP_WORKS_MAX];
	int64_t now_ms;
	uint32_t wall_s;
	bool stop;
};

static volatile sig_atomic_t stop_signal;

static void
on_signal(int number)
{
	stop_signal = number;
}

void
loop_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	/* blocked except while select() waits, so that none comes between the question and the wait */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static void
update_now(struct loop *loop)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	loop->now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	loop->wall_s = (uint32_t)t.tv_sec;
}

struct loop *
loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->top = -1;
	update_now(loop);
	return loop;
}

void
loop_free(struct loop *loop)
{
	free(loop);
}

int
loop_add(struct loop *loop, int fd, unsigned want, void (*ready)(void *ctx, unsigned flags),
         void *ctx)
{
	if (fd < 0 || fd >= FD_SETSIZE)
		return NM_ELIMIT;
	loop->watches[fd] = (struct watch){ ready, ctx };
	if (fd > loop->top)
		loop->top = fd;
	loop_want(loop, fd, want);
	return NM_OK;
}

void
loop_want(struct loop *loop, int fd, unsigned want)
{
	FD_CLR(fd, &loop->want_read);
	FD_CLR(fd, &loop->want_write);
	if (want & LOOP_READ)
		FD_SET(fd, &loop->want_read);
	if (want & LOOP_WRITE)
		FD_SET(fd, &loop->want_write);
}

void
loop_remove(struct loop *loop, int fd)
{
	loop_want(loop, fd, 0);
	loop->watches[fd] = (struct watch){ NULL, NULL };
	while (loop->top >= 0 && !loop->watches[loop->top].ready)
		loop->top--;
}

int
loop_timer(struct loop *loop, unsigned period_ms, void (*fire)(void *ctx), void *ctx)
{
	if (loop->n_timers == LOOP_TIMERS_MAX)
		return NM_ELIMIT;
	loop->timers[loop->n_timers++] =
	    (struct timer){ period_ms, loop->now_ms + period_ms, fire, ctx };
	return NM_OK;
}

int
loop_work(struct loop *loop, bool (*work)(void *ctx), void *ctx)
{
	if (loop->n_works == LOOP_WORKS_MAX)
		return NM_ELIMIT;
	loop->works[loop->n_works++] = (struct work){ work, ctx };
	return NM_OK;
}

int64_t
loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

uint32_t
loop_wall_s(const struct loop *loop)
{
	return loop->wall_s;
}

void
loop_stop(struct loop *loop)
{
	loop->stop = true;
}

/* How long select() may wait. */
static struct timespec
until_next_timer(const struct loop *loop, bool more_work)
{
	int64_t wait_ms = 1000;

	for (size_t i = 0; i < loop->n_timers; i++)
		if (loop->timers[i].due_ms - loop->now_ms < wait_ms)
			wait_ms = loop->timers[i].due_ms - loop->now_ms;
	if (more_work || wait_ms < 0)
		wait_ms = 0;
	return (struct timespec){ .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000 };
}

static void
fire_timers(struct loop *loop)
{
	for (size_t i = 0; i < loop->n_timers; i++) {
		struct timer *t = &loop->timers[i];

		if (loop->now_ms < t->due_ms)
			continue;
		t->due_ms = loop->now_ms + t->period_ms;
		t->fire(t->ctx);
	}
}

/* `n` of them are ready; few are, of many. */
static void
call_ready(struct loop *loop, int n, const fd_set *readable, const fd_set *writable)
{
	for (int fd = 0; fd <= loop->top && n > 0; fd++) {
		if (fd % NFDBITS == 0 && !readable->fds_bits[fd / NFDBITS] &&
		    !writable->fds_bits[fd / NFDBITS]) {
			fd += NFDBITS - 1;
			continue;
		}
		unsigned flags = (FD_ISSET(fd, readable) ? LOOP_READ : 0) |
		                 (FD_ISSET(fd, writable) ? LOOP_WRITE : 0);

		n -= !!(flags & LOOP_READ) + !!(flags & LOOP_WRITE);
		/* a callback before this one may have removed it */
		if (flags && loop->watches[fd].ready)
			loop->watches[fd].ready(loop->watches[fd].ctx, flags);
	}
}

static bool
do_works(struct loop *loop)
{
	bool more = false;

	for (size_t i = 0; i < loop->n_works; i++)
		more |= loop->works[i].work(loop->works[i].ctx);
	return more;
}

int
loop_run(struct loop *loop)
{
	sigset_t none;
	bool more = true; /* nobody has asked for work yet */

	(void)sigemptyset(&none);
	while (!loop->stop && !stop_signal) {
		fd_set readable = loop->want_read;
		fd_set writable = loop->want_write;
		struct timespec wait = until_next_timer(loop, more);

		int n = pselect(loop->top + 1, &readable, &writable, NULL, &wait, &none);
		if (n < 0 && errno != EINTR)
			return -errno;
		update_now(loop);
		if (n > 0)
			call_ready(loop, n, &readable, &writable);
		fire_timers(loop);
		more = do_works(loop);
	}
	loop->stop = false;
	return NM_OK;
}
