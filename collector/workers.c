/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several processes that do the same work. */
#include "collector/workers.h"

#include "lib/log.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 50

/* In memory that all processes have. */
struct workers_shared {
	atomic_bool ready[WORKERS_MAX];
	atomic_uint room[WORKERS_MAX];
};

/* One worker, as the parent knows it. */
struct child {
	pid_t pid;      /* 0: it does not run */
	int64_t due_ms; /* when it may be started, monotonic */
};

struct parent {
	unsigned n;
	int (*work)(void *ctx, struct worker *me);
	void *ctx;
	struct workers_shared *shared;
	struct child children[WORKERS_MAX];
	sigset_t blocked; /* in a worker from its start, until its loop takes them */
	bool begun; /* the first one was ready once: what fails later does not lie in the options */
	bool stopping;
	bool failed;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- a worker ---------------------------------------------------------------------------------------------------------- */

void
worker_ready(struct worker *me)
{
	if (me->shared)
		atomic_store(&me->shared->ready[me->number], true);
}

void
worker_set_room(struct worker *me, unsigned room)
{
	if (me->shared)
		atomic_store(&me->shared->room[me->number], room);
}

bool
worker_others_have_room(const struct worker *me)
{
	for (unsigned i = 0; i < me->n; i++)
		if (i != me->number && atomic_load(&me->shared->room[i]) > 0)
			return true;
	return false;
}

/* --- the parent -------------------------------------------------------------------------------------------------------- */

static void
start(struct parent *p, unsigned number)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0) {
		log_error("cannot start worker %u: %s", number, strerror(errno));
		p->children[number].due_ms = now_ms() + WORKERS_RESTART_MS;
		return;
	}
	if (pid > 0) {
		p->children[number].pid = pid;
		return;
	}
	/* nobody would end a worker, or start another in its place, when the parent is gone */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	(void)sigprocmask(SIG_SETMASK, &p->blocked, NULL);
	struct worker me = { number, p->n, p->shared };
	exit(p->work(p->ctx, &me));
}

/* Starts those whose time has come. The first one goes ahead. */
static void
start_due(struct parent *p)
{
	int64_t now = now_ms();

	for (unsigned i = 0; i < p->n; i++) {
		struct child *c = &p->children[i];

		if (c->pid == 0 && now >= c->due_ms)
			start(p, i);
		if (i == 0 && !atomic_load(&p->shared->ready[0]))
			return;
		p->begun = true;
	}
}

static void
note_end(struct parent *p, unsigned number, int status)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool was_ready = atomic_exchange(&p->shared->ready[number], false);

	atomic_store(&p->shared->room[number], 0);
	p->children[number] = (struct child){ 0, now_ms() + WORKERS_RESTART_MS };
	if (p->stopping) {
		p->failed |= !clean;
		return;
	}
	if (number == 0 && !p->begun && !was_ready && !clean && WIFEXITED(status)) {
		/* it has said why */
		p->failed = p->stopping = true;
		return;
	}
	if (WIFSIGNALED(status))
		log_error("worker %u was ended by signal %d and is started again", number,
		          WTERMSIG(status));
	else
		log_error("worker %u ended with status %d and is started again", number,
		          WEXITSTATUS(status));
}

static unsigned
reap_all(struct parent *p)
{
	unsigned running = 0;
	int status;

	for (unsigned i = 0; i < p->n; i++) {
		pid_t pid = p->children[i].pid;

		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
			note_end(p, i, status);
		running += p->children[i].pid > 0;
	}
	return running;
}

static void
stop_all(struct parent *p)
{
	p->stopping = true;
	for (unsigned i = 0; i < p->n; i++)
		if (p->children[i].pid > 0)
			(void)kill(p->children[i].pid, SIGTERM);
}

int
workers_run(unsigned n, int (*work)(void *ctx, struct worker *me), void *ctx)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000 };
	struct parent p = { .n = n, .work = work, .ctx = ctx };
	sigset_t set;

	p.shared = mmap(NULL, sizeof(*p.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                -1, 0);
	if (n > WORKERS_MAX || p.shared == MAP_FAILED) {
		log_error("cannot start %u workers: %s", n, strerror(errno));
		return 1;
	}
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	p.blocked = set;
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	unsigned running = 0;
	do {
		if (!p.stopping)
			start_due(&p);
		int number = sigtimedwait(&set, NULL, &tick);
		if (number == SIGTERM || number == SIGINT)
			stop_all(&p);
		running = reap_all(&p);
	} while (running > 0 || !p.stopping);
	(void)munmap(p.shared, sizeof(*p.shared));
	return p.failed ? 1 : 0;
}
