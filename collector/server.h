/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listening side: sockets, accepting within the limits, and the sweep that ends sessions which are silent. One
 * thread.
 */
#ifndef NETMON_COLLECTOR_SERVER_H
#define NETMON_COLLECTOR_SERVER_H

#include "collector/session.h"

#include <stdint.h>

#define SERVER_LISTENERS_MAX 8

struct server_config {
	const char *listen; /* name or address; "*" is every address */
	uint16_t port;      /* 0: a free one */
	unsigned hello_s;   /* a connection without HELLO is dropped after so long */
	unsigned idle_s; /* a probe that is silent is dropped after so long (it sends heartbeats) */
	unsigned probes_max;
};

struct server;

/* Listens; `shared` and its loop, writer and feed outlive the server. 0; -errno with one line in `err`. */
int server_new(const struct server_config *config, struct session_shared *shared,
               struct server **ret_server, char *err, size_t err_size);
/* After writer_stop(): acknowledges what is stored. */
void server_finish(struct server *server);
/* Ends every session. */
void server_free(struct server *server);
/* The port that it listens on. */
uint16_t server_port(const struct server *server);

#endif
