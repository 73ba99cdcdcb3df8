/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of RRD series: open addressing over a dense array. */
#include "collector/series.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define SIZE_MIN 64

_Static_assert(sizeof(struct rrd_series) == 4 + 4 + sizeof(struct addr) + 4,
               "padding would be hashed");

uint64_t
series_hash(const struct rrd_series *key)
{
	return XXH3_64bits(key, sizeof(*key));
}

/* The slot of a key: where it is, or where it goes. Never full: slots are twice the entries. */
static size_t
find_slot(const struct series_table *t, const struct rrd_series *key)
{
	size_t mask = 2 * t->size - 1;
	size_t at = series_hash(key) & mask;

	while (t->slots[at] != 0 &&
	       memcmp(&t->entries[t->slots[at] - 1].key, key, sizeof(*key)) != 0)
		at = (at + 1) & mask;
	return at;
}

static int
grow(struct series_table *t)
{
	size_t size = t->size ? 2 * t->size : SIZE_MIN;
	struct series_entry *entries = reallocarray(t->entries, size, sizeof(*entries));

	if (!entries)
		return -1;
	t->entries = entries;
	uint32_t *slots = calloc(2 * size, sizeof(*slots));
	if (!slots)
		return -1;
	free(t->slots);
	t->slots = slots;
	t->size = size;
	for (size_t i = 0; i < t->n; i++)
		slots[find_slot(t, &entries[i].key)] = (uint32_t)i + 1;
	return 0;
}

struct series_entry *
series_find(struct series_table *table, const struct rrd_series *key)
{
	if (table->size == 0)
		return NULL;
	uint32_t slot = table->slots[find_slot(table, key)];
	return slot != 0 ? &table->entries[slot - 1] : NULL;
}

struct series_entry *
series_get(struct series_table *table, const struct rrd_series *key)
{
	struct series_entry *e = series_find(table, key);

	if (e)
		return e;
	if ((!table->entries || table->n == table->size) && grow(table) < 0)
		return NULL;
	table->entries[table->n] = (struct series_entry){ .key = *key };
	size_t at = find_slot(table, key);
	table->slots[at] = (uint32_t)++table->n;
	return &table->entries[table->n - 1];
}

void
series_fini(struct series_table *table)
{
	free(table->entries);
	free(table->slots);
	memset(table, 0, sizeof(*table));
}
