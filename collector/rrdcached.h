/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection to an rrdcached (rrdcached(1), PROTOCOL), which writes the files of the RRD tree in netmond's stead. Values go in
 * batches: "BATCH", a line "UPDATE FILE TIME:IN:OUT" for each value, ".", and the next batch only when the answer to this one
 * is there, which names the lines that were refused. A line has one value, because rrdcached stops at the first that it has
 * already, and after a lost connection nobody knows which those are. Bounded: one batch. A connection that is lost, or
 * silent for RRDCACHED_PATIENCE_S with a batch on the way, is made again after 1, 2, 4 ... 60 s.
 *
 * Life cycle: rrdcached_new(), rrdcached_attach(), rrdcached_tick() each second; while rrdcached_is_ready(): rrdcached_put()
 * and rrdcached_send(); rrdcached_free(). One thread; nothing waits but rrdcached_wait().
 */
#ifndef NETMON_COLLECTOR_RRDCACHED_H
#define NETMON_COLLECTOR_RRDCACHED_H

#include "collector/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RRDCACHED_PORT       "42217"
#define RRDCACHED_LINES_MAX  8000u
#define RRDCACHED_PATIENCE_S 30

struct rrdcached;

struct rrdcached_config {
	const char *address; /* unix:/PATH, /PATH, HOST, HOST:PORT, [HOST]:PORT; not copied */
	/* A line of the batch, from 0, was refused, in rrdcached's words. */
	void (*refused)(void *ctx, size_t line, const char *why);
	/* The batch is taken, but for those lines; or not: nobody knows what became of it. */
	void (*done)(void *ctx, bool taken);
	void *ctx;
};

/* Does not connect yet. 0, or a negative code with one line in `err`: the address does not parse, the host is not known. */
int rrdcached_new(const struct rrdcached_config *config, struct rrdcached **ret_cached, char *err,
                  size_t err_size);
/* Without waiting for an answer; NULL is fine. */
void rrdcached_free(struct rrdcached *cached);

/* From now on the loop does the work. */
void rrdcached_attach(struct rrdcached *cached, struct loop *loop);
/* Connects when it is time to, and gives a silent connection up. */
void rrdcached_tick(struct rrdcached *cached);
/* The same, and does what can be done within `timeout_ms`, without a loop. */
void rrdcached_wait(struct rrdcached *cached, int timeout_ms);

bool rrdcached_is_connected(const struct rrdcached *cached);
/* Connected, and no batch is on its way. */
bool rrdcached_is_ready(const struct rrdcached *cached);
/* Lines that this batch still has room for. */
size_t rrdcached_room(const struct rrdcached *cached);
/* Adds a value to the batch: `path` is absolute and has no control characters. Only while it is ready and has room. */
void rrdcached_put(struct rrdcached *cached, const char *path, uint32_t end_s, const double bps[2]);
/* Sends what was put; without anything, nothing happens. */
void rrdcached_send(struct rrdcached *cached);

/* Path of its Unix socket, or NULL. */
const char *rrdcached_socket(const struct rrdcached *cached);

#endif
