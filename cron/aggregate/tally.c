/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Usage summed up in memory: entries in an array, and an open-addressed index into it. */
#include "cron/aggregate/tally.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define SIZE_FIRST 1024u /* places in the index; a power of two */

struct tally {
	size_t n;
	size_t places; /* power of two, more than twice `n` */
	struct tally_entry *entries;
	uint32_t *index; /* entry's number + 1; 0: free */
};

/* No padding, so that its bytes can be hashed. */
struct packed {
	int64_t subject;
	uint32_t slot;
	uint16_t application;
	uint16_t is_hour;
};

_Static_assert(sizeof(struct packed) == 16, "struct packed has no padding");

static size_t
place_of(const struct tally *t, const struct tally_entry *e)
{
	struct packed p = { e->key.subject, e->key.slot, e->key.application, e->is_hour };

	return (size_t)XXH64(&p, sizeof(p), 0) & (t->places - 1);
}

static bool
same(const struct tally_entry *a, const struct tally_entry *b)
{
	return a->key.subject == b->key.subject && a->key.slot == b->key.slot &&
	       a->key.application == b->key.application && a->is_hour == b->is_hour;
}

static int
resize(struct tally *t, size_t places)
{
	uint32_t *index = calloc(places, sizeof(*index));
	struct tally_entry *entries =
	    index ? reallocarray(t->entries, places / 2, sizeof(*entries)) : NULL;

	if (!entries) {
		free(index);
		return -ENOMEM;
	}
	free(t->index);
	t->index = index;
	t->entries = entries;
	t->places = places;
	for (size_t i = 0; i < t->n; i++) {
		size_t at = place_of(t, &entries[i]);

		while (index[at])
			at = (at + 1) & (places - 1);
		index[at] = (uint32_t)i + 1;
	}
	return NM_OK;
}

int
tally_new(struct tally **ret_tally)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (!t || resize(t, SIZE_FIRST) < 0) {
		free(t);
		return -ENOMEM;
	}
	*ret_tally = t;
	return NM_OK;
}

void
tally_free(struct tally *tally)
{
	if (!tally)
		return;
	free(tally->entries);
	free(tally->index);
	free(tally);
}

struct aggregate_usage *
tally_add(struct tally *t, bool is_hour, uint32_t slot, int64_t subject, uint16_t application)
{
	struct tally_entry e = { .is_hour = is_hour };

	e.key =
	    (struct aggregate_key){ .slot = slot, .subject = subject, .application = application };
	size_t at = place_of(t, &e);
	for (; t->index[at]; at = (at + 1) & (t->places - 1))
		if (same(&t->entries[t->index[at] - 1], &e))
			return &t->entries[t->index[at] - 1].usage;
	if (t->n == t->places / 2) {
		if (t->places > UINT32_MAX / 2 || resize(t, 2 * t->places) < 0)
			return NULL;
		for (at = place_of(t, &e); t->index[at]; at = (at + 1) & (t->places - 1))
			;
	}
	t->entries[t->n] = e;
	t->index[at] = (uint32_t)++t->n;
	return &t->entries[t->n - 1].usage;
}

size_t
tally_count(const struct tally *tally)
{
	return tally->n;
}

/* -1, 0, 1; only the order within one table matters. */
static int
in_store_order(const void *va, const void *vb)
{
	const struct tally_entry *a = va, *b = vb;

	if (a->is_hour != b->is_hour)
		return a->is_hour ? 1 : -1;
	if (a->key.slot != b->key.slot)
		return a->key.slot < b->key.slot ? -1 : 1;
	if (a->key.subject != b->key.subject)
		return a->key.subject < b->key.subject ? -1 : 1;
	return (int)a->key.application - (int)b->key.application;
}

int
tally_each(struct tally *tally, int (*each)(void *ctx, const struct tally_entry *entry), void *ctx)
{
	int rc = 0;

	qsort(tally->entries, tally->n, sizeof(*tally->entries), in_store_order);
	for (size_t i = 0; i < tally->n && rc == 0; i++)
		rc = each(ctx, &tally->entries[i]);
	return rc;
}

void
tally_clear(struct tally *tally)
{
	tally->n = 0;
	memset(tally->index, 0, tally->places * sizeof(*tally->index));
}
