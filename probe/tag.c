/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tag table: buckets of eight slots. A slot's 16-bit mark is kept apart from the slot, so that a look-up of an
 * endpoint that is not there (by far the usual case) reads one cache line. There are four slots for each tag that is
 * allowed, so a bucket overflows practically never before the cap is reached.
 */
#include "probe/tag.h"

#include "lib/err.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define WAYS            8
#define SLOTS_PER_TAG   4
#define SWEEP_BUCKETS   1  /* looked at by each tag_learn() */
#define SWEEP_WHEN_FULL 64 /* looked at before a tag is refused */
#define MARK_FREE       0

struct slot {
	struct tag_key key;
	uint32_t used_s; /* packet time of the last use */
	struct tag_fact fact;
};

struct bucket {
	uint16_t mark[WAYS]; /* MARK_FREE, or some bits of the hash */
	struct slot slot[WAYS];
};

struct tag_table {
	struct bucket *buckets;
	size_t mask; /* buckets - 1 */
	size_t sweep_at;
	size_t count;
	size_t max;
	uint64_t seed;
	uint64_t refused;
};

int
tag_new(size_t max, uint64_t seed, struct tag_table **ret_table)
{
	struct tag_table *t = calloc(1, sizeof(*t));
	size_t buckets = 1;

	if (!t)
		return -ENOMEM;
	while (buckets < SIZE_MAX / sizeof(struct bucket) / 4 &&
	       buckets * WAYS / SLOTS_PER_TAG < max)
		buckets *= 2;
	t->buckets = calloc(buckets, sizeof(*t->buckets));
	if (!t->buckets) {
		free(t);
		return -ENOMEM;
	}
	t->mask = buckets - 1;
	t->max = max;
	t->seed = seed;
	*ret_table = t;
	return 0;
}

void
tag_free(struct tag_table *t)
{
	if (!t)
		return;
	free(t->buckets);
	free(t);
}

/* The bucket of a key, and its mark there. */
static struct bucket *
home(const struct tag_table *t, const struct tag_key *key, uint16_t *ret_mark)
{
	uint64_t hash = XXH3_64bits_withSeed(key, sizeof(*key), t->seed);
	uint16_t mark = (uint16_t)(hash >> 48);

	*ret_mark = mark == MARK_FREE ? 1 : mark;
	return &t->buckets[hash & t->mask];
}

/* The slot of a key in its bucket, or WAYS. */
static unsigned
find_slot(const struct bucket *b, uint16_t mark, const struct tag_key *key)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (b->mark[i] == mark && memcmp(&b->slot[i].key, key, sizeof(*key)) == 0)
			return i;
	return WAYS;
}

/* Packet time may have gone back further than the tag lives, which ends it too. */
static bool
is_over(const struct slot *slot, uint32_t now_s)
{
	uint32_t age_s = now_s - slot->used_s;
	uint32_t lead_s = slot->used_s - now_s;

	return age_s > slot->fact.ttl_s && lead_s > slot->fact.ttl_s;
}

static void
release(struct tag_table *t, struct bucket *b, unsigned i)
{
	b->mark[i] = MARK_FREE;
	t->count--;
}

/* Frees what is over in the next `n` buckets of the round. */
static void
sweep(struct tag_table *t, size_t n, uint32_t now_s)
{
	while (n-- > 0) {
		struct bucket *b = &t->buckets[t->sweep_at];

		t->sweep_at = (t->sweep_at + 1) & t->mask;
		for (unsigned i = 0; i < WAYS; i++)
			if (b->mark[i] != MARK_FREE && is_over(&b->slot[i], now_s))
				release(t, b, i);
	}
}

/* A free slot of the bucket, made free if need be; WAYS when all live. */
static unsigned
find_room(struct tag_table *t, struct bucket *b, uint32_t now_s)
{
	for (unsigned i = 0; i < WAYS; i++) {
		if (b->mark[i] != MARK_FREE && is_over(&b->slot[i], now_s))
			release(t, b, i);
		if (b->mark[i] == MARK_FREE)
			return i;
	}
	return WAYS;
}

/* A slot of less confidence than this, made free; WAYS when there is none. */
static unsigned
take_room(struct tag_table *t, struct bucket *b, uint8_t confidence)
{
	unsigned weakest = WAYS;

	for (unsigned i = 0; i < WAYS; i++)
		if (b->mark[i] != MARK_FREE && b->slot[i].fact.confidence < confidence) {
			weakest = i;
			confidence = b->slot[i].fact.confidence;
		}
	if (weakest < WAYS) {
		release(t, b, weakest);
		t->refused++;
	}
	return weakest;
}

int
tag_learn(struct tag_table *t, const struct tag_key *key, const struct tag_fact *fact,
          uint32_t now_s)
{
	uint16_t mark;
	struct bucket *b = home(t, key, &mark);
	unsigned i = find_slot(b, mark, key);

	sweep(t, SWEEP_BUCKETS, now_s);
	if (i < WAYS && b->mark[i] != MARK_FREE) {
		struct slot *old = &b->slot[i];

		if (fact->confidence >= old->fact.confidence || is_over(old, now_s))
			old->fact = *fact;
		old->used_s = now_s;
		return 0;
	}
	if (t->count >= t->max)
		sweep(t, SWEEP_WHEN_FULL, now_s);
	i = t->count < t->max ? find_room(t, b, now_s) : WAYS;
	if (i == WAYS)
		i = take_room(t, b, fact->confidence);
	if (i == WAYS) {
		t->refused++;
		return NM_ELIMIT;
	}
	b->mark[i] = mark;
	b->slot[i] = (struct slot){ .key = *key, .used_s = now_s, .fact = *fact };
	t->count++;
	return 0;
}

bool
tag_find(struct tag_table *t, const struct tag_key *key, uint32_t now_s, struct tag_fact *ret_fact)
{
	uint16_t mark;

	if (t->count == 0)
		return false;
	struct bucket *b = home(t, key, &mark);
	unsigned i = find_slot(b, mark, key);
	if (i == WAYS)
		return false;
	if (is_over(&b->slot[i], now_s)) {
		release(t, b, i);
		return false;
	}
	b->slot[i].used_s = now_s;
	*ret_fact = b->slot[i].fact;
	return true;
}

void
tag_forget(struct tag_table *t, const struct tag_key *key)
{
	uint16_t mark;
	struct bucket *b = home(t, key, &mark);
	unsigned i = find_slot(b, mark, key);

	if (i < WAYS)
		release(t, b, i);
}

size_t
tag_count(const struct tag_table *t)
{
	return t->count;
}

uint64_t
tag_refused(const struct tag_table *t)
{
	return t->refused;
}
