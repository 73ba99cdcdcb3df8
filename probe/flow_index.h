/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding a conversation in the flow table: key, hash and index. Inline, for the table's own files only.
 *
 * The hash is multilinear: a sum of the key's 32-bit words, each times a random 64-bit number that is drawn at start.
 * For any two keys that somebody chose without knowing these numbers the sums are equal with a probability below 2^-32
 * (Lemire and Kaser, "Strongly universal string hashing is fast", 2014). What follows spreads the sum over all bits and
 * hides its linearity.
 */
#ifndef NETMON_PROBE_FLOW_INDEX_H
#define NETMON_PROBE_FLOW_INDEX_H

#include "probe/flow_table.h"

#include <string.h>

_Static_assert(sizeof(struct flow_key) == 16, "key has padding");

/* Fetches an entry's cold part, which may lie on two lines. */
static inline void
index_fetch_cold(const struct flow_table *t, uint32_t i)
{
	const char *cold = (const char *)&t->cold[i];

	__builtin_prefetch(cold, 1);
	__builtin_prefetch(cold + sizeof(t->cold[i]) - 1, 1);
}

static inline uint32_t
index_hash(const struct flow_table *t, const struct flow_key *key)
{
	const uint64_t *salt = t->salt;
	uint64_t h = salt[0] + key->addr[0] * salt[1] + key->addr[1] * salt[2] +
	             key->ports * salt[3] + key->kind * salt[4];

	h = (h ^ h >> 32) * (salt[5] | 1);
	return (uint32_t)(h >> 32);
}

/* 32 bits of an IPv6 address, for the key. The whole addresses are compared besides. */
static inline uint32_t
index_fold(const struct flow_table *t, const struct addr *a)
{
	const uint64_t *salt = t->salt + 6;
	uint32_t w[4];

	memcpy(w, a->b, sizeof(w));
	return (uint32_t)((salt[0] + w[0] * salt[1] + w[1] * salt[2] + w[2] * salt[3] +
	                   w[3] * salt[4]) >>
	                  32);
}

static inline bool
index_same_key(const struct flow_table *t, const struct flow *f, const struct flow_place *place)
{
	if (memcmp(&f->key, &place->key, sizeof(f->key)) != 0)
		return false;
	return !f->six || memcmp(t->six[f->six - 1].addr, place->addr, sizeof(place->addr)) == 0;
}

/* 1 + number of the entry, 0 if there is none. What was found ahead is right if its key still is, since an entry that is
 * given back has KEY_NONE; what was not found may have been made since. */
static inline uint32_t
index_find(const struct flow_table *t, const struct flow_place *place)
{
	uint32_t at = place->hash & t->mask;

	if (place->entry && index_same_key(t, &t->flows[place->entry - 1], place))
		return place->entry;
	for (; t->index[at].entry; at = (at + 1) & t->mask)
		if (t->index[at].hash == place->hash &&
		    index_same_key(t, &t->flows[t->index[at].entry - 1], place))
			return t->index[at].entry;
	return 0;
}

/* There is a free place. */
static inline void
index_insert(struct flow_table *t, uint32_t hash, uint32_t i)
{
	uint32_t at = hash & t->mask;

	while (t->index[at].entry)
		at = (at + 1) & t->mask;
	t->index[at] = (struct flow_slot){ .hash = hash, .entry = i + 1 };
}

/* Takes entry `i` out. Those behind it move up, so that no search ends at the hole before it finds them. */
static inline void
index_remove(struct flow_table *t, uint32_t hash, uint32_t i)
{
	uint32_t hole = hash & t->mask;

	while (t->index[hole].entry != i + 1)
		hole = (hole + 1) & t->mask;
	for (uint32_t at = (hole + 1) & t->mask; t->index[at].entry; at = (at + 1) & t->mask) {
		uint32_t home = t->index[at].hash & t->mask;
		if (((at - home) & t->mask) < ((at - hole) & t->mask))
			continue;
		t->index[hole] = t->index[at];
		hole = at;
	}
	t->index[hole].entry = 0;
}

#endif
