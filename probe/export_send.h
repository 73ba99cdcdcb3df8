/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's sender: a thread that connects, says HELLO, sends what is queued and takes acknowledgements, again and
 * again until the queue says stop. Signals are blocked in it.
 */
#ifndef NETMON_PROBE_EXPORT_SEND_H
#define NETMON_PROBE_EXPORT_SEND_H

#include "lib/frame.h"
#include "lib/tls.h"
#include "probe/export_queue.h"

#include <pthread.h>
#include <stdint.h>

struct export_sender {
	struct export_queue *queue;
	const char *host;
	uint16_t port;
	struct tls *tls; /* the thread's own from export_sender_start() on; NULL: plain TCP */
	struct frame_hello hello; /* names; the thread fills the numbers */
	pthread_t thread;
};

/* Starts the thread; `sender` must live until export_sender_join(). 0 or -errno. */
int export_sender_start(struct export_sender *sender);
/* Ends the thread, after export_queue_stop(). */
void export_sender_join(struct export_sender *sender);

#endif
