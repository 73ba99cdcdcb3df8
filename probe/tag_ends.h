/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which endpoints may have a tag: a filter that each tag table keeps in front of it. The table adds to it, whoever looks
 * tags up asks it first (tag_ends()). Life cycle: ends_new(), ends_add() for each tag before it is learned and when it was
 * used, ends_may_have() before each look-up, ends_free(). Any number of threads may share one in between.
 *
 * Nearly all endpoints have no tag. The tag table needs a line of memory of its own to say so; this needs two bits, which
 * all together stay in the second cache. It forgets nobody who was added in the last ENDS_SPAN_S seconds of packet time,
 * the longest that a tag can live, and may take some others for them.
 */
#ifndef NETMON_PROBE_TAG_ENDS_H
#define NETMON_PROBE_TAG_ENDS_H

#include "lib/addr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDS_SPAN_S 65536u /* more than any tag's ttl_s */

struct ends {
	_Atomic uint64_t *words;  /* two bits a place: added in the even, in the odd generation */
	unsigned shift;           /* of a 64-bit hash, to a place */
	uint32_t enough;          /* added to a generation, so that ending it wins something */
	_Atomic uint32_t odd;     /* the generation that is added to, 0 or 1 */
	_Atomic uint32_t added;   /* to it so far */
	_Atomic uint32_t begin_s; /* when it began, seconds of packet time */
};

/* For a table of `tags_max` tags: two octets for each. 0 or -ENOMEM; *ret_ends is the caller's. */
int ends_new(size_t tags_max, struct ends **ret_ends);
/* NULL is fine. */
void ends_free(struct ends *e);

/* The form that the functions below take a port in. */
static inline uint32_t
ends_port(uint16_t port, uint8_t transport)
{
	return (uint32_t)port << 8 | transport;
}

/* `port_transport` is ends_port(), also below. */
void ends_add(struct ends *e, const struct addr *addr, uint32_t port_transport, uint32_t now_s);

/* The place of an endpoint. Who chooses endpoints that fall together gains a look-up that finds nothing. */
static inline uint64_t
ends_place(const struct ends *e, const struct addr *addr, uint32_t port_transport)
{
	uint64_t half[2];

	memcpy(half, addr->b, sizeof(half));
	/* odd constants without a pattern; each multiplication carries what is below up */
	uint64_t hash = (half[0] + port_transport) * UINT64_C(0x9e3779b97f4a7c15) ^ half[1];
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (hash ^ hash >> 29) * UINT64_C(0xa0761d6478bd642f) >> e->shift;
}

static inline bool
ends_may_have(const struct ends *e, const struct addr *addr, uint32_t port_transport)
{
	uint64_t place = ends_place(e, addr, port_transport);

	uint64_t word = atomic_load_explicit(&e->words[place >> 5], memory_order_relaxed);

	return word >> 2 * (place & 31) & 3;
}

#endif
