/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where frames come from: capture files one after another, or live interfaces together. Frames go to the meter in
 * batches; between batches the caller's hook runs, so that a frame costs no clock read and no system call.
 *
 * Life cycle, files: capture_file() for each, or capture_open() for all and capture_opened() for each. Live:
 * capture_live_open(), capture_live_run(), capture_live_close(). The interfaces are open, with the filter set, when
 * capture_live_open() returns: privileges can be dropped then. One thread, but that capture_live_run() runs once for each
 * worker, each in a thread of its own.
 */
#ifndef NETMON_PROBE_CAPTURE_H
#define NETMON_PROBE_CAPTURE_H

#include "probe/meter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fanout;

struct capture_config {
	const char *filter; /* BPF, or NULL for everything */
	unsigned snaplen;   /* octets of a packet, live only */
	unsigned buffer_mb; /* kernel's ring of each interface, live only; workers share it out */
	const struct fanout *fanout; /* how workers share each interface; NULL: there is one */
	struct meter *meter;         /* live: may be set until capture_live_run() */
	/* Called after every batch, live at least five times a second. False ends the capture. */
	bool (*between)(void *ctx);
	/* Live: asked before a sleep, which `wake_fd` ends when it can be read. NULL: always. */
	bool (*may_sleep)(void *ctx);
	int wake_fd; /* only with `may_sleep` */
	void *ctx;
};

/* Meters all of a capture file (pcap or pcapng), "-" for standard input. 0 at its end or when `between` said so. A
 * negative code after one log line with the file's name: it cannot be read, is of a link type that is not supported, or
 * (NM_EFORMAT) broke off; all frames before that are metered. */
int capture_file(const char *path, uint16_t link, const struct capture_config *config);

/* The same in two steps, so that files are open before privileges go and are read after. capture_open() gives a descriptor
 * or -errno; capture_opened() makes a log line of an error, and leaves the descriptor to the caller to close. */
int capture_open(const char *path);
int capture_opened(int fd, const char *path, uint16_t link, const struct capture_config *config);

struct capture_live;

/* Opens `n` interfaces, for each worker if there are several; the link's index is the position. `config` and the names
 * must outlive the capture. On success *ret_live is the caller's. A negative code after one log line. */
int capture_live_open(const char *const *interfaces, size_t n, const struct capture_config *config,
                      struct capture_live **ret_live);

/* Captures a worker's packets (0: the first or only one) until `between` returns false, then what the kernel has of them:
 * 0. `config` has the worker's meter and hooks. An interface that fails is left out and tried again each second, with a
 * log line, without privileges; one that only a restart takes up is a log line too. A negative code after a log line when
 * waiting itself fails, or when no interface is left. */
int capture_live_run(struct capture_live *live, unsigned worker,
                     const struct capture_config *config);

/* NULL is fine. */
void capture_live_close(struct capture_live *live);

#endif
