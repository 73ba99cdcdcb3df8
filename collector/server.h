/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listening side: accepting within the limits, and the sweep that ends sessions which are silent. One
 * thread.
 */
#ifndef NETMON_COLLECTOR_SERVER_H
#define NETMON_COLLECTOR_SERVER_H

#include "collector/listeners.h"
#include "collector/session.h"
#include "collector/workers.h"

#include <stdint.h>

struct server_config {
	const struct listeners *listeners; /* outlive the server */
	struct worker *worker;             /* which one of several this process is */
	unsigned hello_s;                  /* a connection without HELLO is dropped after so long */
	unsigned idle_s; /* a probe that is silent is dropped after so long (it sends heartbeats) */
	unsigned probes_max;
};

struct server;

/* Accepts; `shared` and its loop, writer and feed outlive the server. 0; -errno with one line in `err`. */
int server_new(const struct server_config *config, struct session_shared *shared,
               struct server **ret_server, char *err, size_t err_size);
/* After writer_stop(): acknowledges what is stored. */
void server_finish(struct server *server);
/* Ends every session. */
void server_free(struct server *server);

#endif
