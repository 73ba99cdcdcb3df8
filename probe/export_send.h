/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exporter's sender: a thread that connects, says HELLO, sends what is queued and takes acknowledgements, again and
 * again until the queue says stop. Signals are blocked in it.
 *
 * What HELLO_ACK says is stored is the truth: batches up to there leave the queue. It also carries the CRC of the last one;
 * where that is not the queue's own, or the store has more than this probe ever made, the numbering was copied or put back
 * to an older state: nothing is sent then, an error says what to do, and the collector is asked again each minute.
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
	bool insecure;   /* plain TCP beyond loopback, too */
	struct frame_hello hello; /* names; the thread fills the numbers */
	pthread_t thread;
};

/* Starts the thread; `sender` must live until export_sender_join(). 0 or -errno. */
int export_sender_start(struct export_sender *sender);
/* Ends the thread, after export_queue_stop(). */
void export_sender_join(struct export_sender *sender);

#endif
