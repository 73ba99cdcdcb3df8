/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The event loop: one select() over descriptors with callbacks, periodic timers, and work that is left over. Life cycle:
 * loop_new(), loop_add() and the like, loop_run() until loop_stop() or a signal, loop_free(). One thread. Callbacks may add
 * and remove descriptors, their own included.
 */
#ifndef NETMON_COLLECTOR_LOOP_H
#define NETMON_COLLECTOR_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOP_READ  1u
#define LOOP_WRITE 2u

#define LOOP_TIMERS_MAX 8
#define LOOP_WORKS_MAX  4

struct loop;

/* NULL: out of memory. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Calls `ready` with LOOP_* flags whenever `fd` is ready for what is in `want`. The descriptor stays the caller's. 0, or
 * NM_ELIMIT for a descriptor that select() cannot hold (>= FD_SETSIZE). */
int loop_add(struct loop *loop, int fd, unsigned want, void (*ready)(void *ctx, unsigned flags),
             void *ctx);
/* Changes what a descriptor waits for; 0 is nothing. */
void loop_want(struct loop *loop, int fd, unsigned want);
/* Forgets a descriptor, before it is closed. */
void loop_remove(struct loop *loop, int fd);

/* Calls `fire` every `period_ms`. 0 or NM_ELIMIT. */
int loop_timer(struct loop *loop, unsigned period_ms, void (*fire)(void *ctx), void *ctx);

/* Calls `work` once each turn; it does a slice and returns whether more is left, in which case the loop comes round
 * again at once. 0 or NM_ELIMIT. */
int loop_work(struct loop *loop, bool (*work)(void *ctx), void *ctx);

/* Time of this turn, monotonic. */
int64_t loop_now_ms(const struct loop *loop);
/* Time of this turn, seconds UTC. */
uint32_t loop_wall_s(const struct loop *loop);

/* From now on SIGTERM and SIGINT end loop_run(), SIGPIPE is ignored. Once a program. */
void loop_catch_signals(void);

/* Runs until loop_stop() or a caught signal; after loop_stop() it may be run again. 0, or -errno when select() fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
