/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which endpoints may have a tag. */
#include "probe/tag_ends.h"

#include "lib/err.h"

#include <stdlib.h>

#define PLACES_PER_TAG  8 /* so that a full table lets an eighth of the others through */
#define PLACES_PER_WORD 32
#define PLACES_BITS_MIN 5
#define PLACES_BITS_MAX \
	26 /* 16 MB: more do not stay in any cache, and most look-ups may go to the table then */
#define EACH_PLACE UINT64_C(0x5555555555555555)

static size_t
places_of(const struct ends *e)
{
	return (size_t)1 << (64 - e->shift);
}

int
ends_new(size_t tags_max, struct ends **ret_ends)
{
	struct ends *e = calloc(1, sizeof(*e));
	unsigned bits = PLACES_BITS_MIN;

	if (!e)
		return -ENOMEM;
	while (bits < PLACES_BITS_MAX && ((size_t)1 << bits) / PLACES_PER_TAG < tags_max)
		bits++;
	e->shift = 64 - bits;
	e->enough = (UINT32_C(1) << bits) / PLACES_PER_TAG;
	e->words = calloc(places_of(e) / PLACES_PER_WORD, sizeof(*e->words));
	if (!e->words) {
		free(e);
		return -ENOMEM;
	}
	*ret_ends = e;
	return 0;
}

void
ends_free(struct ends *e)
{
	if (!e)
		return;
	free(e->words);
	free(e);
}

/* Ends the generation when it is old and large. The other one, which nobody alive is in that is not in this one, is
 * emptied first and begun then: what another thread adds meanwhile goes to the old one, where it is seen for long enough.
 * Two threads that do this at once do the same. */
static void
turn_if_due(struct ends *e, uint32_t now_s)
{
	uint32_t age_s = now_s - atomic_load_explicit(&e->begin_s, memory_order_relaxed);
	uint32_t other = atomic_load_explicit(&e->odd, memory_order_relaxed) ^ 1;

	/* time may go back too, which ends tags as well */
	if (atomic_load_explicit(&e->added, memory_order_relaxed) < e->enough ||
	    age_s <= ENDS_SPAN_S || -age_s <= ENDS_SPAN_S)
		return;
	for (size_t i = 0; i < places_of(e) / PLACES_PER_WORD; i++)
		(void)atomic_fetch_and_explicit(&e->words[i], ~(EACH_PLACE << other),
		                                memory_order_relaxed);
	atomic_store_explicit(&e->odd, other, memory_order_release);
	atomic_store_explicit(&e->begin_s, now_s, memory_order_relaxed);
	atomic_store_explicit(&e->added, 0, memory_order_relaxed);
}

void
ends_add(struct ends *e, const struct addr *addr, uint32_t port_transport, uint32_t now_s)
{
	uint64_t place = ends_place(e, addr, port_transport);
	_Atomic uint64_t *word = &e->words[place >> 5];

	turn_if_due(e, now_s);
	uint32_t odd = atomic_load_explicit(&e->odd, memory_order_acquire);
	uint64_t bit = UINT64_C(1) << (2 * (place & 31) + odd);
	/* written only when it changes, because other processors' copies of the line are lost by it */
	if (atomic_load_explicit(word, memory_order_relaxed) & bit)
		return;
	(void)atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&e->added, 1, memory_order_relaxed);
}
