/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listening sockets on every address of a name. They are opened once, before there are workers (workers.h), which then all accept
 * from them. Life cycle: listeners_open(), server_new() in each process, listeners_close().
 */
#ifndef NETMON_COLLECTOR_LISTENERS_H
#define NETMON_COLLECTOR_LISTENERS_H

#include <stddef.h>
#include <stdint.h>

#define LISTENERS_MAX 8

struct listeners {
	size_t n;
	int fds[LISTENERS_MAX]; /* non-blocking */
	uint16_t port;
};

/* Listens; `name` "*" is every address, `port` 0 a free one. 0; -errno with one line in `err`. */
int listeners_open(const char *name, uint16_t port, struct listeners *ret_listeners, char *err,
                   size_t err_size);
void listeners_close(struct listeners *listeners);

#endif
