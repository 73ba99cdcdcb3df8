/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets on their way from one worker to another: a bounded ring without locks. Life cycle: ring_new(); then one thread
 * puts packets in with ring_push() and shows them with ring_publish(), and one other thread takes them out with ring_take()
 * and ring_release(); ring_free() when both are done.
 */
#ifndef NETMON_PROBE_WORKER_RING_H
#define NETMON_PROBE_WORKER_RING_H

#include "probe/meter.h"

#include <stdbool.h>
#include <stddef.h>

/* Octets of payload that travel with a packet: what a live capture takes unless --snaplen says otherwise. */
#define RING_PAYLOAD_MAX 2048

/* A ring must have room for a few packets of any length. */
#define RING_SIZE_MIN 65536u

struct ring;

/* `size` octets, a power of two and RING_SIZE_MIN at least; taken from the kernel when first used. 0 or -ENOMEM. */
int ring_new(size_t size, struct ring **ret_ring);
void ring_free(struct ring *r);

/* Copies a packet with its payload into the ring. False when it is full. */
bool ring_push(struct ring *r, const struct packet *pkt, uint32_t frame_octets, bool is_fragment);

/* Lets the other side see what was pushed. True if there was something. Sequentially consistent. */
bool ring_publish(struct ring *r);

/* Takes the next packets, at most `max`; their payload stays in the ring until ring_release(). Returns how many. */
size_t ring_take(struct ring *r, struct meter_passed *ret_packets, size_t max);
void ring_release(struct ring *r);

/* Whether nothing is to be taken. For the taking thread. Sequentially consistent. */
bool ring_is_empty(const struct ring *r);

#endif
