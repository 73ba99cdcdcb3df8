/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sender's way to the collector: the addresses of its name, one after the other. The sender's thread only.
 */
#ifndef NETMON_PROBE_EXPORT_DIAL_H
#define NETMON_PROBE_EXPORT_DIAL_H

#include "probe/export_send.h"

#include <stddef.h>
#include <stdint.h>

/* A connected, non-blocking socket that is the caller's, or -1 with one line in `why`. Addresses beyond loopback are passed
 * over where the sender has neither TLS nor leave to do without. Ends early when the queue stops. */
int export_dial(const struct export_sender *sender, char *why, size_t size);

/* Monotonic. */
int64_t export_now_ms(void);
/* Takes what woke a poll() for the queue's descriptor. */
void export_drain_wakeups(const struct export_queue *q);

#endif
