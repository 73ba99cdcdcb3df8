/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ring of octets in which packets lie one after another, each a head and its payload, never around the end. Places count
 * octets since the begin and never go back; a place in memory is a place modulo the ring's size.
 */
#include "probe/worker_ring.h"

#include "lib/err.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGN 16u

/* A packet in the ring. Its payload follows. */
struct item {
	uint32_t size; /* octets from this item to the next */
	bool is_gap;   /* nothing here: the next item is at the ring's begin */
	alignas(ALIGN) struct meter_passed passed;
};

struct ring {
	uint8_t *bytes;
	size_t size;
	/* what both read, each on a line that one of them writes */
	alignas(64) _Atomic uint64_t end;   /* items before it may be taken */
	alignas(64) _Atomic uint64_t begin; /* octets before it may be overwritten */
	/* the pushing thread's */
	alignas(64) uint64_t push_at;
	uint64_t published;
	uint64_t begin_seen;
	/* the taking thread's */
	alignas(64) uint64_t take_at;
	uint64_t end_seen;
};

int
ring_new(size_t size, struct ring **ret_ring)
{
	struct ring *r = aligned_alloc(alignof(struct ring), sizeof(*r));

	if (!r)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	r->size = size;
	r->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->bytes == MAP_FAILED) {
		free(r);
		return -ENOMEM;
	}
	*ret_ring = r;
	return NM_OK;
}

void
ring_free(struct ring *r)
{
	if (!r)
		return;
	(void)munmap(r->bytes, r->size);
	free(r);
}

static struct item *
item_at(const struct ring *r, uint64_t place)
{
	/* items begin at multiples of their alignment */
	return (struct item *)(void *)(r->bytes + (place & (r->size - 1)));
}

static bool
has_room(struct ring *r, size_t need)
{
	if (r->push_at + need - r->begin_seen <= r->size)
		return true;
	r->begin_seen = atomic_load_explicit(&r->begin, memory_order_acquire);
	return r->push_at + need - r->begin_seen <= r->size;
}

bool
ring_push(struct ring *r, const struct packet *pkt, uint32_t frame_octets, bool is_fragment)
{
	uint32_t len = pkt->payload_len < RING_PAYLOAD_MAX ? pkt->payload_len : RING_PAYLOAD_MAX;
	size_t size = (sizeof(struct item) + len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	size_t to_end = r->size - (r->push_at & (r->size - 1));
	bool fits = size <= to_end; /* what is left is a multiple of ALIGN: room for a gap's head */

	if (!has_room(r, fits ? size : to_end + size))
		return false;
	if (!fits) {
		struct item *gap = item_at(r, r->push_at);
		gap->size = (uint32_t)to_end;
		gap->is_gap = true;
		r->push_at += to_end;
	}
	struct item *item = item_at(r, r->push_at);
	item->size = (uint32_t)size;
	item->is_gap = false;
	item->passed = (struct meter_passed){
		.pkt = *pkt,
		.frame_octets = frame_octets,
		.is_fragment = is_fragment,
	};
	item->passed.pkt.payload_len = len;
	if (len)
		memcpy(item + 1, pkt->payload, len);
	r->push_at += size;
	return true;
}

bool
ring_publish(struct ring *r)
{
	if (r->published == r->push_at)
		return false;
	r->published = r->push_at;
	atomic_store(&r->end, r->push_at);
	return true;
}

size_t
ring_take(struct ring *r, struct meter_passed *ret_packets, size_t max)
{
	size_t n = 0;

	if (r->take_at == r->end_seen)
		r->end_seen = atomic_load_explicit(&r->end, memory_order_acquire);
	while (n < max && r->take_at != r->end_seen) {
		const struct item *item = item_at(r, r->take_at);

		r->take_at += item->size;
		if (item->is_gap)
			continue;
		ret_packets[n] = item->passed;
		ret_packets[n].pkt.payload = (const uint8_t *)(item + 1);
		n++;
	}
	return n;
}

void
ring_release(struct ring *r)
{
	atomic_store_explicit(&r->begin, r->take_at, memory_order_release);
}

bool
ring_is_empty(const struct ring *r)
{
	return r->take_at == atomic_load(&r->end);
}
