/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flow table: its life, and what is done for each packet. flow_table.h tells how it is laid out.
 *
 * A packet of a settled conversation touches one line of the index and one of its entry, and moves nothing in the wheel:
 * when the slot of an entry comes up, what is really due is worked out from its times, and it is put into a later slot if
 * nothing is.
 */
#include "probe/flow.h"

#include "lib/err.h"
#include "probe/flow_index.h"
#include "probe/flow_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define TABLE_LIMIT (1u << 28)
#define NO_TICK     ((uint64_t)0 - TICK_NS) /* no time stamp is within the tick that begins there */
#define INDEX_MIN   (1u << 14)              /* places that the index begins with: 128 kB */

const struct flow_limits flow_limits_default = {
	.active_s = FLOW_ACTIVE_S,
	.idle_s = FLOW_IDLE_S,
	.linger_s = FLOW_LINGER_S,
	.packets_max = FLOW_PACKETS_MAX,
	.octets_max = FLOW_OCTETS_MAX,
	.table_max = FLOW_TABLE_MAX,
	.sampling = 1,
};

/* --- life -------------------------------------------------------------------------------------------------------- */

static bool
limits_ok(const struct flow_limits *l)
{
	return l->active_s >= 1 && l->active_s <= FLOW_TIMEOUT_MAX && l->idle_s >= 1 &&
	       l->idle_s <= FLOW_TIMEOUT_MAX && l->linger_s <= FLOW_TIMEOUT_MAX &&
	       l->packets_max >= 1 && l->packets_max <= FLOW_RECORD_LIMIT && l->octets_max >= 1 &&
	       l->table_max >= 1 && l->table_max <= TABLE_LIMIT &&
	       (l->snapshot_ms == 0 || (l->snapshot_ms >= FLOW_SNAPSHOT_MIN_MS &&
	                                l->snapshot_ms <= FLOW_SNAPSHOT_MAX_MS)) &&
	       l->sampling <= FLOW_SAMPLING_MAX;
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

/* The arrays of a table, and how long they are. */
struct part {
	void *at;
	size_t size;
};
#define PARTS_MAX 6

static void
parts_of(const struct flow_table *t, struct part *ret_parts)
{
	size_t n = t->table_max;

	ret_parts[0] = (struct part){ t->flows, (n + 2 * SLOTS) * sizeof(*t->flows) };
	ret_parts[1] = (struct part){ t->index, ((size_t)t->mask_max + 1) * sizeof(*t->index) };
	ret_parts[2] = (struct part){ t->cold, n * sizeof(*t->cold) };
	ret_parts[3] = (struct part){ t->six, n * sizeof(*t->six) };
	ret_parts[4] = (struct part){ t->snaps, (n + FLOW_LINKS_MAX) * sizeof(*t->snaps) };
	ret_parts[5] = (struct part){ t->spare_index, ret_parts[1].size };
}

static int
reserve_all(struct flow_table *t)
{
	struct part p[PARTS_MAX];

	parts_of(t, p);
	t->flows = reserve(p[0].size);
	t->index = reserve(p[1].size);
	t->cold = reserve(p[2].size);
	t->six = reserve(p[3].size);
	t->spare_index = reserve(p[5].size);
	if (t->snap_ns)
		t->snaps = reserve(p[4].size);
	if (!t->flows || !t->index || !t->cold || !t->six || !t->spare_index ||
	    (t->snap_ns && !t->snaps))
		return -ENOMEM;
	flow_wheel_init(t);
	return NM_OK;
}

static void
set_mask(struct flow_table *t, uint32_t mask)
{
	t->mask = mask;
	t->grow_at = mask < t->mask_max ? mask / 2 : UINT32_MAX;
}

static void
set_limits(struct flow_table *t, const struct flow_limits *l)
{
	t->table_max = l->table_max;
	t->nearly_full = l->table_max - l->table_max / 8;
	for (t->mask_max = 1; t->mask_max < l->table_max + l->table_max / 2 + 1;)
		t->mask_max <<= 1;
	t->mask_max--;
	set_mask(t, t->mask_max < INDEX_MIN ? t->mask_max : INDEX_MIN - 1);
	t->active = l->active_s * TICKS_PER_S;
	t->idle[0] = l->idle_s * TICKS_PER_S;
	t->idle[1] = l->linger_s * TICKS_PER_S;
	t->half_open = FLOW_HALF_OPEN_S * TICKS_PER_S;
	t->leap = (uint64_t)t->active + t->idle[0] + FLOW_LEAP_S * TICKS_PER_S;
	t->packets_max = l->packets_max;
	t->octets_max = l->octets_max;
	t->scale = l->sampling ? l->sampling : 1;
	t->snap_ns = l->snapshot_ms * UINT64_C(1000000);
	for (unsigned i = 0; i < FLOW_LINKS_MAX; i++)
		t->links[i].tick_begin_ns = NO_TICK;
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
	set_limits(t, limits);
	t->cut = cut;
	t->ctx = ctx;
	int rc = reserve_all(t);
	if (rc == NM_OK && getrandom(t->salt, sizeof(t->salt), 0) != sizeof(t->salt))
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
	struct part p[PARTS_MAX];

	if (!t)
		return;
	parts_of(t, p);
	for (unsigned i = 0; i < PARTS_MAX; i++)
		if (p[i].at)
			(void)munmap(p[i].at, p[i].size);
	free(t);
}

/* --- clock ------------------------------------------------------------------------------------------------------- */

/* Deals with a link's first packet, and with one that is too far from the clock to be what it seems: the link's time steps,
 * from now on its packet time means what the clock says. Returns how far the clock is to go. */
static int64_t
clock_odd(struct flow_table *t, uint16_t link, uint64_t tick, int64_t step)
{
	struct flow_link *l = &t->links[link];
	bool is_first = t->n_links == 0;

	if (link >= t->n_links)
		t->n_links = link + 1;
	if (is_first) {
		/* links whose times agree are the rule, so the first packet of all sets every link's */
		for (unsigned i = 0; i < FLOW_LINKS_MAX; i++)
			t->links[i].offset = t->now - tick;
		return 0;
	}
	if (step <= (int64_t)t->leap && step >= -(int64_t)STEP_TICKS)
		return step;
	l->offset = t->now - tick;
	l->stepped = true;
	return 0;
}

/* Sets the clock by a packet's time; the link's `at` is the packet's time on it, `tick` its own time. */
static void
clock_set(struct flow_table *t, uint16_t link, uint64_t ts_ns)
{
	struct flow_link *l = &t->links[link];
	uint64_t tick = ts_ns / TICK_NS;
	int64_t step = (int64_t)(tick + l->offset - t->now);

	l->tick = tick;
	l->tick_begin_ns = tick * TICK_NS;
	if (link >= t->n_links || step > (int64_t)t->leap || step < -(int64_t)STEP_TICKS)
		step = clock_odd(t, link, tick, step);
	if (step > 0) {
		t->now += (uint64_t)step;
		t->clock_link = link;
		if (t->now >> SLOT_SHIFT != t->wheel_at)
			flow_wheel_run(t);
	}
	if ((int64_t)(tick + l->offset - l->at) > 0)
		l->at = tick + l->offset;
}

/* --- places ------------------------------------------------------------------------------------------------------ */

/* True when both addresses are IPv4: one test for the common case. */
static inline bool
is_v4(const struct packet *pkt)
{
	static const uint8_t mapped[4] = { 0, 0, 0xff, 0xff };
	uint64_t s, d;
	uint32_t s_middle, d_middle, v4_middle;

	memcpy(&s, pkt->saddr.b, sizeof(s));
	memcpy(&d, pkt->daddr.b, sizeof(d));
	memcpy(&s_middle, pkt->saddr.b + 8, sizeof(s_middle));
	memcpy(&d_middle, pkt->daddr.b + 8, sizeof(d_middle));
	memcpy(&v4_middle, mapped, sizeof(v4_middle));
	return (s | d | (s_middle ^ v4_middle) | (d_middle ^ v4_middle)) == 0;
}

/* The endpoints, lower one first; `dir` is 1 when that is the destination. */
static inline void
key_set(struct flow_key *key, const struct packet *pkt, uint32_t source, uint32_t destination,
        unsigned dir)
{
	uint32_t ports = (uint32_t)pkt->dport << 16 | pkt->sport;

	key->addr[0] = dir ? destination : source;
	key->addr[1] = dir ? source : destination;
	key->ports = dir ? ports << 16 | ports >> 16 : ports;
}

/* Any total order of endpoints does, so addresses are compared as the machine loads them. */
static inline unsigned
place_v4(const struct packet *pkt, struct flow_key *ret_key)
{
	uint32_t s, d;

	memcpy(&s, pkt->saddr.b + 12, sizeof(s));
	memcpy(&d, pkt->daddr.b + 12, sizeof(d));
	unsigned dir = s != d ? s > d : pkt->sport > pkt->dport;
	key_set(ret_key, pkt, s, d, dir);
	return dir;
}

static unsigned
place_v6(const struct flow_table *t, const struct packet *pkt, struct flow_place *ret_place)
{
	int order = memcmp(&pkt->saddr, &pkt->daddr, sizeof(pkt->saddr));
	unsigned dir = order != 0 ? order > 0 : pkt->sport > pkt->dport;

	ret_place->addr[dir] = pkt->saddr;
	ret_place->addr[!dir] = pkt->daddr;
	key_set(&ret_place->key, pkt, index_fold(t, &pkt->saddr), index_fold(t, &pkt->daddr), dir);
	return dir;
}

void
flow_place(const struct flow_table *t, const struct packet *pkt, struct flow_place *ret_place)
{
	struct flow_key key;
	uint32_t kind = pkt->vlan | (uint32_t)pkt->link << KEY_LINK_SHIFT |
	                (uint32_t)pkt->protocol << KEY_PROTOCOL_SHIFT;

	if (is_v4(pkt)) {
		ret_place->dir = place_v4(pkt, &key);
	} else {
		ret_place->dir = place_v6(t, pkt, ret_place);
		key = ret_place->key;
		kind |= KEY_SIX;
	}
	key.kind = kind;
	ret_place->key = key;
	ret_place->hash = index_hash(t, &key);
	__builtin_prefetch(&t->index[ret_place->hash & t->mask], 1);
}

void
flow_fetch(const struct flow_table *t, struct flow_place *place)
{
	uint32_t at = place->hash & t->mask;

	while (t->index[at].entry && t->index[at].hash != place->hash)
		at = (at + 1) & t->mask;
	place->entry = t->index[at].entry;
	if (place->entry)
		__builtin_prefetch(&t->flows[place->entry - 1], 1);
}

void
flow_touch(const struct flow_table *t, const struct flow_place *place)
{
	if (!place->entry)
		return;
	const struct flow *f = &t->flows[place->entry - 1];
	if (!f->settled)
		index_fetch_cold(t, place->entry - 1);
	if (f->six)
		__builtin_prefetch(&t->six[f->six - 1]);
}

/* --- conversations ----------------------------------------------------------------------------------------------- */

/* A conversation begins with this packet. */
static void
begin(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir)
{
	struct flow_cold *cold = &t->cold[f - t->flows];
	unsigned client = dir;

	if ((pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		client = !dir;
	f->flags = (uint8_t)((client ? FLOW_CLIENT1 : 0) | (dir ? FLOW_SENDER1 : 0));
	f->settled = 0;
	f->last[0] = f->last[1] = (uint32_t)t->links[pkt->link].at;
	*cold = (struct flow_cold){ .tunnel = pkt->tunnel };
}

/* Gives IPv6 addresses a place. There are as many as entries: one is free. */
static uint32_t
take_six(struct flow_table *t, const struct flow_place *place)
{
	uint32_t six = t->six_free;

	if (six)
		memcpy(&t->six_free, &t->six[six - 1], sizeof(t->six_free));
	else
		six = ++t->six_used;
	memcpy(t->six[six - 1].addr, place->addr, sizeof(place->addr));
	return six;
}

/* Doubles the index: one that is no larger than it has to be stays in the caches. The few times that this happens in the
 * life of a table are the only ones that a packet waits for the kernel: 10 ms for a million conversations. */
static void
grow_index(struct flow_table *t)
{
	struct flow_slot *old = t->index;
	uint32_t places = t->mask + 1;

	t->index = t->spare_index;
	set_mask(t, t->mask * 2 + 1);
	for (uint32_t at = 0; at < places; at++)
		if (old[at].entry)
			index_insert(t, old[at].hash, old[at].entry - 1);
	/* gives the memory back; what is reserved is zero again */
	(void)madvise(old, places * sizeof(*old), MADV_DONTNEED);
	t->spare_index = old;
}

/* Takes an entry that is free, and fetches the one that will be taken after it: they were given back long ago. */
static bool
take_entry(struct flow_table *t, uint32_t *ret_i)
{
	if (t->free) {
		*ret_i = t->free - 1;
		t->free = t->flows[*ret_i].next;
		if (t->free) {
			__builtin_prefetch(&t->flows[t->free - 1], 1);
			index_fetch_cold(t, t->free - 1);
		}
		return true;
	}
	if (t->used == t->table_max)
		return false;
	*ret_i = t->used++;
	return true;
}

/* Out of line, so that packets of conversations that are there do not pay for it. */
__attribute__((noinline)) static struct flow *
insert(struct flow_table *t, const struct packet *pkt, const struct flow_place *place)
{
	uint32_t i;

	if (t->stats.conversations >= t->nearly_full)
		flow_make_room(t);
	if (!take_entry(t, &i))
		return NULL;
	struct flow *f = &t->flows[i];
	f->key = place->key;
	f->six = place->key.kind & KEY_SIX ? take_six(t, place) : 0;
	f->packets[0] = f->packets[1] = 0;
	f->octets[0] = f->octets[1] = 0;
	begin(t, f, pkt, place->dir);
	if (t->stats.conversations >= t->grow_at)
		grow_index(t);
	index_insert(t, place->hash, i);
	flow_wheel_insert(t, i, t->idle[0] < t->active ? t->idle[0] : t->active);
	t->stats.conversations++;
	return f;
}

/* A SYN that is no repetition: the ports are used again. */
static inline bool
reuses_ports(const struct flow *f, const struct packet *pkt)
{
	return (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	       (f->flags & (FLOW_CLOSED | FLOW_ESTABLISHED));
}

/* True when the link's time stepped since the record began: clock and packet time were further apart then. */
static inline bool
has_stepped(const struct flow_table *t, const struct flow *f)
{
	const struct flow_link *l = &t->links[flow_link_of(f)];
	uint64_t created = t->now - (uint32_t)((uint32_t)t->now - f->created);

	return ((created - flow_base(f) - l->offset) & BASE_MASK) > STEP_TICKS;
}

/* True when the packet comes so long after the last one, by its own time, that it begins a conversation. */
static bool
is_over_by_packet_time(const struct flow_table *t, const struct flow *f, uint64_t tick)
{
	uint64_t last = flow_base(f) + (uint32_t)(t->now - flow_quiet(t, f) - f->created);

	return tick > last && tick - last >= flow_idle_of(t, f);
}

static inline bool
is_full(const struct flow_table *t, const struct flow *f, uint64_t octets, unsigned dir)
{
	return f->packets[dir] + t->scale > t->packets_max ||
	       f->octets[dir] + octets > t->octets_max;
}

/* Sees that a conversation is not half-open; not for its first packet. */
static inline void
prove(struct flow *f, const struct packet *pkt, unsigned dir)
{
	unsigned sender = f->flags & FLOW_SENDER1 ? 1 : 0;

	if (dir != sender || (pkt->protocol == PROTO_TCP && !(pkt->tcp_flags & TCP_SYN)))
		f->flags |= FLOW_PROVEN;
}

/* True when nothing came from either side for so long that the conversation is over. */
static inline bool
is_idle(const struct flow_table *t, const struct flow *f, uint32_t at, unsigned dir)
{
	uint32_t idle = flow_idle_of(t, f);

	return at - f->last[dir] >= idle && at - f->last[!dir] >= idle;
}

/* Cuts what is over before this packet, also when the wheel has not got there yet: records must not depend on when a
 * slot is run. */
static inline void
go_on(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir)
{
	const struct flow_link *l = &t->links[pkt->link];
	uint32_t at = (uint32_t)l->at;
	bool stepped = l->stepped && has_stepped(t, f);

	if (is_idle(t, f, at, dir) || reuses_ports(f, pkt) ||
	    (stepped && is_over_by_packet_time(t, f, l->tick))) {
		flow_cut(t, f);
		begin(t, f, pkt, dir);
		return;
	}
	if (at - f->created >= t->active || is_full(t, f, (uint64_t)pkt->octets * t->scale, dir) ||
	    stepped)
		flow_cut(t, f);
	if (!(f->flags & FLOW_PROVEN))
		prove(f, pkt, dir);
}

static inline void
follow_tcp(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir)
{
	bool was_closed = (f->flags & FLOW_CLOSED) != 0;

	if (!(pkt->tcp_flags & TCP_SYN))
		f->flags |= FLOW_ESTABLISHED;
	if (!(pkt->tcp_flags & (TCP_FIN | TCP_RST)))
		return;
	if (pkt->tcp_flags & TCP_FIN)
		f->flags |= (uint8_t)(FLOW_FIN0 << dir);
	if ((f->flags & FLOW_FINS) == FLOW_FINS || pkt->tcp_flags & TCP_RST)
		f->flags |= FLOW_CLOSED;
	if (!was_closed && f->flags & FLOW_CLOSED) {
		uint32_t i = (uint32_t)(f - t->flows);
		flow_wheel_remove(t, i);
		flow_wheel_insert(t, i, t->idle[1]);
	}
}

static inline void
count(struct flow_table *t, struct flow *f, const struct packet *pkt, unsigned dir, uint64_t tick)
{
	uint32_t at = (uint32_t)t->links[pkt->link].at;

	if (!flow_has_packets(f)) {
		f->created = at;
		f->base_s = (uint32_t)(tick / TICKS_PER_S);
		f->base_frac = (uint8_t)(tick % TICKS_PER_S);
		f->flags = (uint8_t)((f->flags & ~FLOW_FIRST1) | (dir ? FLOW_FIRST1 : 0));
	} else if (f->packets[dir] == 0) {
		f->other = at - f->created;
	}
	f->last[dir] = at;
	f->packets[dir] = (uint16_t)(f->packets[dir] + t->scale);
	f->octets[dir] += pkt->octets * t->scale;
	if (pkt->protocol == PROTO_TCP)
		follow_tcp(t, f, pkt, dir);
}

/* Begins the next snapshot interval when the packet is in it. What is a little late counts in the one that runs, at its
 * begin. Returns the packet's time in ticks. */
static uint64_t
snapshot(struct flow_table *t, const struct packet *pkt)
{
	const struct flow_link *l = &t->links[pkt->link];

	if (pkt->ts_ns - l->snap_begin_ns < t->snap_ns)
		return l->tick;
	if (pkt->ts_ns < l->snap_begin_ns &&
	    l->snap_begin_ns - pkt->ts_ns <= (uint64_t)STEP_TICKS * TICK_NS)
		return l->snap_begin_ns / TICK_NS;
	flow_snapshot_turn(t, pkt->link, pkt->ts_ns);
	return l->tick;
}

bool
flow_add(struct flow_table *t, const struct packet *pkt, const struct flow_place *place,
         struct flow_hit *ret_hit)
{
	const struct flow_link *l = &t->links[pkt->link];
	unsigned dir = place->dir;
	struct flow *f;

	if (pkt->ts_ns - l->tick_begin_ns >= TICK_NS)
		clock_set(t, pkt->link, pkt->ts_ns);
	uint64_t tick = t->snap_ns ? snapshot(t, pkt) : l->tick;
	uint32_t entry = index_find(t, place);
	if (entry) {
		f = &t->flows[entry - 1];
		go_on(t, f, pkt, dir);
	} else {
		f = insert(t, pkt, place);
		if (!f) {
			flow_overflow_count(t, pkt, tick);
			return false;
		}
	}
	uint32_t i = (uint32_t)(f - t->flows);
	count(t, f, pkt, dir, tick);
	if (t->snap_ns && !f->listed)
		flow_snapshot_list(t, i);
	ret_hit->state = f->settled ? NULL : &t->cold[i].state;
	ret_hit->settled = &f->settled;
	ret_hit->from_client = dir == (f->flags & FLOW_CLIENT1 ? 1u : 0u);
	return true;
}

/* --- without a packet -------------------------------------------------------------------------------------------- */

void
flow_advance(struct flow_table *t, uint64_t ts_ns)
{
	uint64_t tick = ts_ns / TICK_NS;
	uint16_t link = t->clock_link;

	if (t->n_links == 0 || (int64_t)(tick + t->links[link].offset - t->now) <= 0)
		return;
	clock_set(t, link, ts_ns);
	for (uint16_t i = 0; t->snap_ns && i < t->n_links; i++)
		if (ts_ns >= t->links[i].snap_begin_ns + t->snap_ns)
			flow_snapshot_turn(t, i, ts_ns);
}

void
flow_get_stats(const struct flow_table *t, struct flow_stats *ret_stats)
{
	*ret_stats = t->stats;
}
