/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several processes that do the same work, because select() holds 1,024 descriptors and a process has one loop. The parent
 * starts them, the first one alone until it is ready, so that what is wrong with the options is said once; then it watches them,
 * starts those anew that die, and passes SIGTERM and SIGINT on. Workers know of each other only who has room.
 *
 * workers_run() in the parent; the other functions in a worker, or in a program that is its only one (`one` zero-initialised).
 */
#ifndef NETMON_COLLECTOR_WORKERS_H
#define NETMON_COLLECTOR_WORKERS_H

#include <stdbool.h>

#define WORKERS_MAX        64
#define WORKERS_RESTART_MS 500 /* until one that died is started again */

struct workers_shared;

struct worker {
	unsigned number; /* from 0 */
	unsigned n;      /* how many there are; 0: there is no parent */
	struct workers_shared *shared;
};

/* Runs `work` in `n` processes, WORKERS_MAX at most; its result is their exit status. Returns the parent's: 0 when all ended with
 * that after a signal, else 1. No threads yet. */
int workers_run(unsigned n, int (*work)(void *ctx, struct worker *me), void *ctx);

/* This worker serves; only then others are started. */
void worker_ready(struct worker *me);
/* How many more connections it takes. */
void worker_set_room(struct worker *me, unsigned room);
/* Whether another worker that runs takes connections. */
bool worker_others_have_room(const struct worker *me);

#endif
