/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A set-associative table: a hash picks a set of FRAGMENT_WAYS entries, a cache line each. */
#include "probe/fragment.h"

#include "lib/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TTL_NS (FRAGMENT_TTL_S * UINT64_C(1000000000))

/* What fragments of one datagram have in common. Hashed and compared as bytes: no padding that is not named. */
struct key {
	struct addr saddr;
	struct addr daddr;
	uint32_t id;
	uint16_t vlan;
	uint16_t link;
	uint8_t protocol;
	uint8_t zero[3];
};
_Static_assert(sizeof(struct key) == 44, "key has padding");

struct entry {
	struct key key;
	uint16_t sport;
	uint16_t dport;
	uint64_t first_ns; /* packet time of the first fragment */
	bool used;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct entry) == 64, "an entry is a cache line");

struct fragment_table {
	struct entry *entries;
	void *memory; /* where they are in; zeroed pages that cost nothing until they are touched */
	size_t sets;
	size_t ways; /* fewer than FRAGMENT_WAYS when the whole table is */
	uint64_t seed;
	struct fragment_stats stats;
};

int
fragment_table_new(size_t max, struct fragment_table **ret_table)
{
	struct fragment_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->ways = max < FRAGMENT_WAYS ? max : FRAGMENT_WAYS;
	t->sets = max / t->ways;
	int rc = NM_OK;
	if (getrandom(&t->seed, sizeof(t->seed), 0) != (ssize_t)sizeof(t->seed))
		rc = -errno;
	if (rc == NM_OK && !(t->memory = calloc(t->sets * t->ways + 1, sizeof(*t->entries))))
		rc = -ENOMEM;
	if (rc < 0) {
		fragment_table_free(t);
		return rc;
	}
	size_t past = (uintptr_t)t->memory % sizeof(*t->entries);
	t->entries = (struct entry *)(void *)((uint8_t *)t->memory +
	                                      (past ? sizeof(*t->entries) - past : 0));
	*ret_table = t;
	return NM_OK;
}

void
fragment_table_free(struct fragment_table *t)
{
	if (!t)
		return;
	free(t->memory);
	free(t);
}

/* Whether packets of a protocol have ports: those that decode_transport.c takes them from. */
static bool
has_ports(uint8_t protocol)
{
	switch (protocol) {
	case 6:   /* TCP */
	case 17:  /* UDP */
	case 33:  /* DCCP */
	case 132: /* SCTP */
	case 136: /* UDP-Lite */
		return true;
	default:
		return false;
	}
}

static struct entry *
find_set(const struct fragment_table *t, const struct packet *pkt, struct key *ret_key)
{
	*ret_key = (struct key){
		.saddr = pkt->saddr,
		.daddr = pkt->daddr,
		.id = pkt->fragment_id,
		.vlan = pkt->vlan,
		.link = pkt->link,
		.protocol = pkt->protocol,
	};
	uint64_t hash = XXH3_64bits_withSeed(ret_key, sizeof(*ret_key), t->seed);
	return &t->entries[(hash >> 32) * t->sets / (UINT64_C(1) << 32) * t->ways];
}

/* A time stamp that is behind the first fragment's is as far from it as one that is ahead. */
static bool
is_alive(const struct entry *e, uint64_t ts_ns)
{
	uint64_t age = ts_ns > e->first_ns ? ts_ns - e->first_ns : e->first_ns - ts_ns;

	return e->used && age <= TTL_NS;
}

static struct entry *
find(const struct fragment_table *t, struct entry *set, const struct key *key)
{
	for (size_t i = 0; i < t->ways; i++)
		if (set[i].used && memcmp(&set[i].key, key, sizeof(*key)) == 0)
			return &set[i];
	return NULL;
}

/* The place for a new entry: a free one, or else the oldest. */
static struct entry *
make_room(struct fragment_table *t, struct entry *set, uint64_t ts_ns)
{
	struct entry *oldest = set;

	for (size_t i = 0; i < t->ways; i++) {
		if (!is_alive(&set[i], ts_ns))
			return &set[i];
		if (set[i].first_ns < oldest->first_ns)
			oldest = &set[i];
	}
	t->stats.replaced++;
	return oldest;
}

/* An identification that was used before, however long ago, has one entry: time may step back. */
static void
remember(struct fragment_table *t, struct entry *set, const struct key *key,
         const struct packet *pkt)
{
	struct entry *e = find(t, set, key);

	if (!e)
		e = make_room(t, set, pkt->ts_ns);
	e->key = *key;
	e->sport = pkt->sport;
	e->dport = pkt->dport;
	e->first_ns = pkt->ts_ns;
	e->used = true;
	t->stats.firsts++;
}

enum fragment_found
fragment_resolve(struct fragment_table *t, struct packet *pkt)
{
	struct key key;

	if (pkt->fragment == FRAGMENT_NONE || !has_ports(pkt->protocol))
		return FRAGMENT_KNOWN;
	struct entry *set = find_set(t, pkt, &key);
	if (pkt->fragment == FRAGMENT_FIRST) {
		if (pkt->sport | pkt->dport)
			remember(t, set, &key, pkt);
		return FRAGMENT_KNOWN;
	}
	const struct entry *e = find(t, set, &key);
	if (!e || !is_alive(e, pkt->ts_ns)) {
		t->stats.orphans++;
		return FRAGMENT_ORPHAN;
	}
	pkt->sport = e->sport;
	pkt->dport = e->dport;
	t->stats.resolved++;
	return FRAGMENT_KNOWN;
}

void
fragment_get_stats(const struct fragment_table *t, struct fragment_stats *ret_stats)
{
	*ret_stats = t->stats;
}
