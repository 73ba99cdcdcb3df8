/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flow table: chained hashing over an array of entries that are two cache lines each, and a timer wheel.
 *
 * A packet touches its bucket's head and the two lines of its entry; what only the begin and the end of records need is
 * kept apart. A packet does not move its entry in the wheel. When the slot of
 * an entry comes up, what is really due is worked out from its times, and it is put into a later slot if nothing is.
 */
#include "probe/flow.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TICKS_PER_S 256u     /* the resolution of a record's times */
#define TICK_NS     3906250u /* 1/256 s */
#define SLOT_SHIFT  6        /* a slot of the wheel is 64 ticks, a quarter of a second */
#define SLOTS       512u     /* 128 s; what is due later is looked at again by then */
#define JUMP_SLOTS  (1u << (31 - SLOT_SHIFT)) /* 97 days, longer than any time-out */
#define TABLE_LIMIT (1u << 28)
#define PROTO_TCP   6

const struct flow_limits flow_limits_default = {
	.active_s = FLOW_ACTIVE_S,
	.idle_s = FLOW_IDLE_S,
	.linger_s = FLOW_LINGER_S,
	.packets_max = FLOW_PACKETS_MAX,
	.octets_max = FLOW_OCTETS_MAX,
	.table_max = FLOW_TABLE_MAX,
};

_Static_assert(sizeof(struct flow_key) == 44, "key has padding");

/* One direction since the last cut. */
struct counter {
	uint32_t packets;
	uint32_t octets;
	uint32_t last; /* the last packet, ticks behind the record's begin */
};

#define FLOW_FIN0   0x01u /* FIN from the lower endpoint; shifted by one: from the higher */
#define FLOW_FINS   0x03u
#define FLOW_CLOSED 0x04u /* FIN both ways or RST */
#define FLOW_ESTABLISHED \
	0x08u /* TCP: something else than SYN was seen, so that another SYN begins anew */
#define FLOW_CLIENT1 0x10u /* the higher endpoint is the client */

/* Clock times are the low 32 bits of the table's clock in ticks: differences are right up to 194 days. */
struct flow {
	struct flow_key key;
	uint32_t hash;
	uint32_t next; /* 1 + index of the bucket's next entry, or of the next free one; 0: none */
	uint32_t created; /* clock when the record began */
	uint32_t last;    /* clock at the last packet */
	uint8_t flags;
	uint8_t spare[3];
	struct counter dir[2]; /* sent by the lower endpoint, by the higher one */
	struct classify_state state;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct flow) == 128, "an entry is two cache lines");

/* What only the begin and end of records and conversations need. */
struct cold {
	uint32_t
	    prev; /* neighbours in the slot of the wheel, a circle through the slot's own element */
	uint32_t next;
	uint32_t first[2]; /* the first packet of each direction, ticks behind the record's begin */
	uint64_t base;     /* packet time in ticks when the record began */
};

struct flow_table {
	struct flow *flows;
	uint32_t *heads; /* 1 + index; a power of two of them */
	uint32_t mask;
	uint32_t table_max;
	uint32_t used;     /* entries that were ever in use: the rest is untouched memory */
	uint32_t free;     /* 1 + index of the first entry that was given back */
	struct cold *cold; /* of each entry, then an element for each slot of the wheel */
	uint64_t wheel_at; /* slot that was run last */
	uint64_t now;      /* the clock, ticks */
	uint64_t offset;   /* clock minus packet time, modulo 2^64 */
	uint64_t seed;
	uint32_t active, idle, linger; /* ticks */
	uint32_t packets_max, octets_max;
	flow_cut_fn cut;
	void *ctx;
	struct flow_stats stats;
};

static bool
limits_ok(const struct flow_limits *l)
{
	return l->active_s >= 1 && l->active_s <= FLOW_TIMEOUT_MAX && l->idle_s >= 1 &&
	       l->idle_s <= FLOW_TIMEOUT_MAX && l->linger_s <= FLOW_TIMEOUT_MAX &&
	       l->packets_max >= 1 && l->packets_max <= FLOW_RECORD_LIMIT && l->octets_max >= 1 &&
	       l->table_max >= 1 && l->table_max <= TABLE_LIMIT;
}

/* Zeroed memory that costs nothing until it is touched. Huge pages, where they can be had, save most of the TLB misses
 * of a table that is walked at random. */
static void *
reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static size_t
flows_size(const struct flow_table *t)
{
	return (size_t)t->table_max * sizeof(*t->flows);
}

static size_t
heads_size(const struct flow_table *t)
{
	return ((size_t)t->mask + 1) * sizeof(*t->heads);
}

static size_t
cold_size(const struct flow_table *t)
{
	return ((size_t)t->table_max + SLOTS) * sizeof(*t->cold);
}

static int
reserve_all(struct flow_table *t)
{
	t->flows = reserve(flows_size(t));
	t->heads = reserve(heads_size(t));
	t->cold = reserve(cold_size(t));
	if (!t->flows || !t->heads || !t->cold)
		return -ENOMEM;
	for (uint32_t i = 0; i < SLOTS; i++)
		t->cold[t->table_max + i] =
		    (struct cold){ .prev = t->table_max + i, .next = t->table_max + i };
	return NM_OK;
}

int
flow_table_new(const struct flow_limits *limits, flow_cut_fn cut, void *ctx,
               struct flow_table **ret_table)
{
	if (!limits_ok(limits))
		return NM_ELIMIT;
	struct flow_table *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->table_max = limits->table_max;
	for (t->mask = 1; t->mask < t->table_max;)
		t->mask <<= 1;
	t->mask--;
	t->active = limits->active_s * TICKS_PER_S;
	t->idle = limits->idle_s * TICKS_PER_S;
	t->linger = limits->linger_s * TICKS_PER_S;
	t->packets_max = limits->packets_max;
	t->octets_max = limits->octets_max;
	t->cut = cut;
	t->ctx = ctx;
	int rc = reserve_all(t);
	if (rc == NM_OK && getrandom(&t->seed, sizeof(t->seed), 0) != sizeof(t->seed))
		rc = -EIO;
	if (rc < 0) {
		flow_table_free(t);
		return rc;
	}
	*ret_table = t;
	return NM_OK;
}

void
flow_table_free(struct flow_table *t)
{
	if (!t)
		return;
	if (t->flows)
		(void)munmap(t->flows, flows_size(t));
	if (t->heads)
		(void)munmap(t->heads, heads_size(t));
	if (t->cold)
		(void)munmap(t->cold, cold_size(t));
	free(t);
}

/* --- records ----------------------------------------------------------------------------------------------------- */

static bool
has_packets(const struct flow *f)
{
	return (f->dir[0].packets | f->dir[1].packets) != 0;
}

static void
cut_direction(struct flow_table *t, const struct flow *f, unsigned dir)
{
	const struct counter *c = &f->dir[dir];
	const struct cold *cold = &t->cold[f - t->flows];
	uint64_t start = cold->base + cold->first[dir], end = cold->base + c->last;
	struct record r = {
		.saddr = f->key.addr[dir],
		.daddr = f->key.addr[!dir],
		.sport = f->key.port[dir],
		.dport = f->key.port[!dir],
		.protocol = f->key.protocol,
		.start_frac = (uint8_t)(start % TICKS_PER_S),
		.end_frac = (uint8_t)(end % TICKS_PER_S),
		.confidence = f->state.confidence,
		.packets = (uint16_t)c->packets,
		.application = f->state.app,
		.octets = c->octets,
		.started = (uint32_t)(start / TICKS_PER_S),
		.expires = (uint32_t)(end / TICKS_PER_S),
		.vlan = f->key.vlan,
		.link = f->key.link,
		.reason = f->state.reason,
	};

	t->stats.records++;
	t->cut(t->ctx, &r);
}

/* Makes the records of a conversation; the client's comes first. */
static void
cut_flow(struct flow_table *t, struct flow *f)
{
	unsigned client = f->flags & FLOW_CLIENT1 ? 1 : 0;

	if (f->dir[client].packets)
		cut_direction(t, f, client);
	if (f->dir[!client].packets)
		cut_direction(t, f, !client);
	memset(f->dir, 0, sizeof(f->dir));
}

/* --- wheel ------------------------------------------------------------------------------------------------------- */

static void
wheel_remove(struct flow_table *t, uint32_t i)
{
	const struct cold *l = &t->cold[i];

	t->cold[l->prev].next = l->next;
	t->cold[l->next].prev = l->prev;
}

/* Puts entry `i` where it will be looked at once `ticks` more have passed. */
static void
wheel_insert(struct flow_table *t, uint32_t i, uint32_t ticks)
{
	uint64_t slot = ((t->now + ticks) >> SLOT_SHIFT) + 1;

	if (slot - t->wheel_at >= SLOTS)
		slot = t->wheel_at + SLOTS - 1;
	uint32_t head = t->table_max + (uint32_t)(slot % SLOTS);
	uint32_t tail = t->cold[head].prev;
	t->cold[i].prev = tail;
	t->cold[i].next = head;
	t->cold[tail].next = i;
	t->cold[head].prev = i;
}

/* Ticks without a packet after which a conversation is over. */
static uint32_t
idle_of(const struct flow_table *t, const struct flow *f)
{
	return f->flags & FLOW_CLOSED ? t->linger : t->idle;
}

/* Takes entry `i`, which is in no slot, out of its bucket and gives it back. */
static void
forget(struct flow_table *t, uint32_t i)
{
	struct flow *f = &t->flows[i];
	uint32_t *at = &t->heads[f->hash & t->mask];

	while (*at != i + 1)
		at = &t->flows[*at - 1].next;
	*at = f->next;
	f->next = t->free;
	t->free = i + 1;
	t->stats.conversations--;
}

/* Does what is due at entry `i`, which was taken out of its slot. */
static void
wheel_visit(struct flow_table *t, uint32_t i)
{
	struct flow *f = &t->flows[i];
	uint32_t quiet = (uint32_t)t->now - f->last;
	uint32_t age = (uint32_t)t->now - f->created;
	uint32_t idle = idle_of(t, f);

	if (quiet >= idle) {
		cut_flow(t, f);
		forget(t, i);
		return;
	}
	uint32_t due = idle - quiet;
	if (has_packets(f)) {
		if (age >= t->active)
			cut_flow(t, f);
		else if (t->active - age < due)
			due = t->active - age;
	}
	wheel_insert(t, i, due);
}

static void
wheel_run_slot(struct flow_table *t, uint64_t slot)
{
	uint32_t head = t->table_max + (uint32_t)(slot % SLOTS);
	uint32_t i;

	while ((i = t->cold[head].next) != head) {
		uint32_t after = t->cold[i].next;
		if (after != head)
			__builtin_prefetch(&t->flows[after], 1);
		wheel_remove(t, i);
		wheel_visit(t, i);
	}
}

/* Runs the slots that the clock has passed; after a long jump each of them once. */
static void
wheel_run(struct flow_table *t)
{
	uint64_t target = t->now >> SLOT_SHIFT;

	/* the entries' 32-bit times cannot tell so long a silence from a short one */
	if (target - t->wheel_at > JUMP_SLOTS)
		flow_flush(t);
	if (target - t->wheel_at > SLOTS)
		t->wheel_at = target - SLOTS;
	while (t->wheel_at < target)
		wheel_run_slot(t, ++t->wheel_at);
}

/* Sets the clock by a packet's time, in ticks. */
static inline void
clock_set(struct flow_table *t, uint64_t tick)
{
	int64_t step = (int64_t)(tick + t->offset - t->now);

	if (step > 0) {
		t->now += (uint64_t)step;
		if (t->now >> SLOT_SHIFT != t->wheel_at)
			wheel_run(t);
	} else if (step < -(int64_t)(FLOW_STEP_S * TICKS_PER_S)) {
		t->offset = t->now - tick;
	}
}

/* --- packets ----------------------------------------------------------------------------------------------------- */

/* True when the packet's source is the higher endpoint. Any total order does, so addresses are compared as the machine
 * loads them. */
static inline bool
source_is_higher(const struct packet *pkt)
{
	uint64_t s[2], d[2];

	memcpy(s, pkt->saddr.b, sizeof(s));
	memcpy(d, pkt->daddr.b, sizeof(d));
	if (s[1] != d[1])
		return s[1] > d[1];
	if (s[0] != d[0])
		return s[0] > d[0];
	return pkt->sport > pkt->dport;
}

static inline unsigned
key_of(const struct packet *pkt, struct flow_key *ret_key)
{
	unsigned dir = source_is_higher(pkt);

	ret_key->addr[dir] = pkt->saddr;
	ret_key->addr[!dir] = pkt->daddr;
	ret_key->port[dir] = pkt->sport;
	ret_key->port[!dir] = pkt->dport;
	ret_key->vlan = pkt->vlan;
	ret_key->link = pkt->link;
	ret_key->protocol = pkt->protocol;
	memset(ret_key->zero, 0, sizeof(ret_key->zero));
	return dir;
}

static inline struct flow *
lookup(const struct flow_table *t, const struct flow_key *key, uint32_t hash)
{
	uint32_t i = t->heads[hash & t->mask];

	while (i) {
		struct flow *f = &t->flows[i - 1];
		if (f->hash == hash && memcmp(&f->key, key, sizeof(*key)) == 0)
			return f;
		i = f->next;
	}
	return NULL;
}

/* A conversation begins with this packet. */
static void
begin(struct flow *f, const struct packet *pkt, unsigned dir)
{
	unsigned client = dir;

	if ((pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		client = !dir;
	f->flags = client ? FLOW_CLIENT1 : 0;
	memset(&f->state, 0, sizeof(f->state));
}

static struct flow *
insert(struct flow_table *t, const struct flow_key *key, uint32_t hash)
{
	uint32_t i;

	if (t->free) {
		i = t->free - 1;
		t->free = t->flows[i].next;
	} else if (t->used < t->table_max) {
		i = t->used++;
	} else {
		t->stats.refused++;
		return NULL;
	}
	struct flow *f = &t->flows[i];
	uint32_t *head = &t->heads[hash & t->mask];
	f->key = *key;
	f->hash = hash;
	f->next = *head;
	memset(f->dir, 0, sizeof(f->dir));
	*head = i + 1;
	t->stats.conversations++;
	wheel_insert(t, i, t->idle < t->active ? t->idle : t->active);
	return f;
}

/* A SYN that is no repetition: the ports are used again. */
static bool
reuses_ports(const struct flow *f, const struct packet *pkt)
{
	return (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	       (f->flags & (FLOW_CLOSED | FLOW_ESTABLISHED));
}

/* Cuts what is over before this packet, also when the wheel has not got there yet: records must not depend on when a
 * slot is run. */
static inline void
cut_before(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir)
{
	const struct counter *c = &f->dir[dir];
	uint32_t now = (uint32_t)t->now;

	if (now - f->last >= idle_of(t, f) || reuses_ports(f, pkt)) {
		cut_flow(t, f);
		begin(f, pkt, dir);
	} else if (c->packets >= t->packets_max || now - f->created >= t->active ||
	           (uint64_t)c->octets + pkt->octets > t->octets_max) {
		cut_flow(t, f);
	}
}

static void
follow_tcp(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir)
{
	bool was_closed = (f->flags & FLOW_CLOSED) != 0;

	if (!(pkt->tcp_flags & TCP_SYN))
		f->flags |= FLOW_ESTABLISHED;
	if (pkt->tcp_flags & TCP_FIN)
		f->flags |= (uint8_t)(FLOW_FIN0 << dir);
	if ((f->flags & FLOW_FINS) == FLOW_FINS || pkt->tcp_flags & TCP_RST)
		f->flags |= FLOW_CLOSED;
	if (!was_closed && f->flags & FLOW_CLOSED) {
		uint32_t i = (uint32_t)(f - t->flows);
		wheel_remove(t, i);
		wheel_insert(t, i, t->linger);
	}
}

static inline void
count(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir, uint64_t tick)
{
	struct counter *c = &f->dir[dir];
	uint32_t now = (uint32_t)t->now;

	if (!has_packets(f)) {
		f->created = now;
		t->cold[f - t->flows].base = tick;
	}
	f->last = now;
	c->last = now - f->created;
	if (c->packets == 0)
		t->cold[f - t->flows].first[dir] = c->last;
	c->packets++;
	c->octets += pkt->octets;
	if (pkt->protocol == PROTO_TCP)
		follow_tcp(t, f, pkt, dir);
}

void
flow_place(const struct flow_table *t, const struct packet *pkt, struct flow_place *ret_place)
{
	ret_place->dir = key_of(pkt, &ret_place->key);
	ret_place->hash =
	    (uint32_t)XXH3_64bits_withSeed(&ret_place->key, sizeof(ret_place->key), t->seed);
	__builtin_prefetch(&t->heads[ret_place->hash & t->mask], 1);
}

void
flow_fetch(const struct flow_table *t, const struct flow_place *place)
{
	uint32_t i = t->heads[place->hash & t->mask];

	if (!i)
		return;
	__builtin_prefetch(&t->flows[i - 1].key, 1);
	__builtin_prefetch(&t->flows[i - 1].dir, 1);
}

bool
flow_add(struct flow_table *t, const struct packet *pkt, const struct flow_place *place,
         struct flow_hit *ret_hit)
{
	uint64_t tick = pkt->ts_ns / TICK_NS;
	unsigned dir = place->dir;

	clock_set(t, tick);
	struct flow *f = lookup(t, &place->key, place->hash);
	if (f) {
		cut_before(t, f, pkt, dir);
	} else {
		f = insert(t, &place->key, place->hash);
		if (!f)
			return false;
		begin(f, pkt, dir);
	}
	count(t, f, pkt, dir, tick);
	ret_hit->state = &f->state;
	ret_hit->from_client = dir == (f->flags & FLOW_CLIENT1 ? 1u : 0u);
	return true;
}

void
flow_advance(struct flow_table *t, uint64_t ts_ns)
{
	int64_t step = (int64_t)(ts_ns / TICK_NS + t->offset - t->now);

	if (step > 0)
		clock_set(t, ts_ns / TICK_NS);
}

void
flow_flush(struct flow_table *t)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint32_t head = t->table_max + (uint32_t)((t->wheel_at + 1 + slot) % SLOTS);
		uint32_t i;

		while ((i = t->cold[head].next) != head) {
			wheel_remove(t, i);
			cut_flow(t, &t->flows[i]);
			forget(t, i);
		}
	}
}

void
flow_get_stats(const struct flow_table *t, struct flow_stats *ret_stats)
{
	*ret_stats = t->stats;
}
