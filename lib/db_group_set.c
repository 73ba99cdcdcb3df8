/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The groups in memory: an array sorted by first address that is an interval tree at the same time. The middle of any
 * stretch is the root of its tree; each root knows the highest last address in its stretch, so a stretch that ends
 * before the address is left out as a whole.
 */
#include "lib/db_group.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* A stretch is at most halved 18 times (2^18 > GROUP_RANGES_MAX), and each time one half waits here. */
#define DEPTH_MAX 32

struct member {
	struct addr_range range;
	struct addr reach; /* highest `range.last` of the stretch whose root this is */
	uint32_t group;
};

struct group_set {
	size_t n;
	size_t size;
	struct member *members;
};

_Static_assert(GROUP_RANGES_MAX < 1 << 18, "DEPTH_MAX allows for 2^18 ranges");

int
group_set_new(struct group_set **ret_set)
{
	*ret_set = calloc(1, sizeof(**ret_set));
	return *ret_set ? NM_OK : -ENOMEM;
}

void
group_set_free(struct group_set *set)
{
	if (!set)
		return;
	free(set->members);
	free(set);
}

int
group_set_append(struct group_set *set, uint32_t group, const struct addr_range *range)
{
	if (set->n == GROUP_RANGES_MAX)
		return NM_ELIMIT;
	if (set->n == set->size) {
		size_t size = set->size ? 2 * set->size : 64;
		struct member *more = reallocarray(set->members, size, sizeof(*more));

		if (!more)
			return -ENOMEM;
		set->members = more;
		set->size = size;
	}
	set->members[set->n++] = (struct member){ .range = *range, .group = group };
	return NM_OK;
}

static int
by_group(const void *va, const void *vb)
{
	const struct member *a = va, *b = vb;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return addr_compare(&a->range.first, &b->range.first);
}

static int
by_address(const void *va, const void *vb)
{
	const struct member *a = va, *b = vb;
	int order = addr_compare(&a->range.first, &b->range.first);

	return order ? order : by_group(va, vb);
}

/* True when `b`, which does not begin before `a`, overlaps it or begins right behind it. */
static bool
touches(const struct addr_range *a, const struct addr_range *b)
{
	struct addr next = a->last;

	for (size_t i = sizeof(next.b); i-- > 0;)
		if (++next.b[i] != 0)
			break;
	return addr_compare(&b->first, &a->last) <= 0 || addr_compare(&b->first, &next) == 0;
}

/* Makes one range of those of a group that touch, so that a group holds an address at most once. */
static void
merge(struct group_set *set)
{
	struct member *m = set->members;
	size_t kept = 0;

	qsort(m, set->n, sizeof(*m), by_group);
	for (size_t i = 1; i < set->n; i++) {
		if (m[i].group != m[kept].group || !touches(&m[kept].range, &m[i].range))
			m[++kept] = m[i];
		else if (addr_compare(&m[i].range.last, &m[kept].range.last) > 0)
			m[kept].range.last = m[i].range.last;
	}
	set->n = kept + 1;
}

/* A stretch [low, high) of the array, and what is still to do with it. */
struct stretch {
	size_t low;
	size_t high;
	bool halves_done;
};

static size_t
middle(const struct stretch *s)
{
	return s->low + (s->high - s->low) / 2;
}

static void
raise_reach(struct member *m, const struct stretch *s, size_t low, size_t high)
{
	if (low >= high)
		return;
	const struct addr *reach = &m[low + (high - low) / 2].reach;
	struct member *root = &m[middle(s)];
	if (addr_compare(reach, &root->reach) > 0)
		root->reach = *reach;
}

/* Sets every `reach`, from the leaves up. */
static void
set_reach(struct group_set *set)
{
	struct stretch stack[2 * DEPTH_MAX] = { { 0, set->n, false } };
	size_t depth = 1;

	while (depth > 0) {
		struct stretch *s = &stack[depth - 1];
		size_t mid = middle(s);

		if (s->low >= s->high) {
			depth--;
		} else if (s->halves_done) {
			set->members[mid].reach = set->members[mid].range.last;
			raise_reach(set->members, s, s->low, mid);
			raise_reach(set->members, s, mid + 1, s->high);
			depth--;
		} else {
			s->halves_done = true;
			stack[depth++] = (struct stretch){ s->low, mid, false };
			stack[depth++] = (struct stretch){ mid + 1, s->high, false };
		}
	}
}

void
group_set_index(struct group_set *set)
{
	if (set->n == 0)
		return;
	merge(set);
	qsort(set->members, set->n, sizeof(*set->members), by_address);
	set_reach(set);
}

int
group_set_add(struct group_set *set, uint32_t group, const struct addr_range *range)
{
	int rc = group_set_append(set, group, range);

	if (rc == NM_OK)
		group_set_index(set);
	return rc;
}

size_t
group_set_lookup(const struct group_set *set, const struct addr *addr, uint32_t *ret_groups,
                 size_t max)
{
	struct stretch stack[DEPTH_MAX] = { { 0, set->n, false } };
	size_t depth = 1, found = 0;

	while (depth > 0) {
		struct stretch s = stack[--depth];
		size_t mid = middle(&s);

		if (s.low >= s.high)
			continue;
		const struct member *m = &set->members[mid];
		if (addr_compare(&m->reach, addr) < 0)
			continue;
		/* what begins behind the address cannot hold it, nor can anything to the right of that */
		if (addr_compare(&m->range.first, addr) <= 0) {
			stack[depth++] = (struct stretch){ mid + 1, s.high, false };
			if (addr_compare(addr, &m->range.last) <= 0) {
				if (found < max)
					ret_groups[found] = m->group;
				found++;
			}
		}
		stack[depth++] = (struct stretch){ s.low, mid, false };
	}
	return found;
}

bool
group_set_holds(const struct group_set *set, const struct addr *addr)
{
	return group_set_lookup(set, addr, NULL, 0) > 0;
}

uint64_t
group_set_fingerprint(const struct group_set *set)
{
	uint64_t sum = 0;

	/* The hash of each range goes into the next one's seed; the array's order is a function of the members. */
	for (size_t i = 0; i < set->n; i++)
		sum = XXH64(&set->members[i].range, sizeof(set->members[i].range),
		            sum ^ set->members[i].group);
	return sum;
}
