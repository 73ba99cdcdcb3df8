/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens to conversations without a packet of theirs: expiry by a timer wheel, eviction, snapshots.
 *
 * Each slot of the wheel has two circles of entries through heads of their own, the second one for conversations that
 * were half-open when they were put there. So the quietest of them is found without a search.
 */
#include "probe/flow_index.h"
#include "probe/flow_table.h"

#define VISIT_BATCH 16 /* entries that are fetched together when a slot is run */
#define EVICT_STEPS 64 /* entries that are looked at to make room for one, at most */

static inline uint32_t
head_of(const struct flow_table *t, uint64_t slot, bool half_open)
{
	return t->table_max + (half_open ? SLOTS : 0) + (uint32_t)(slot % SLOTS);
}

void
flow_wheel_init(struct flow_table *t)
{
	for (uint32_t i = t->table_max; i < t->table_max + 2 * SLOTS; i++)
		t->flows[i].prev = t->flows[i].next = i;
	for (uint32_t i = t->table_max; t->snaps && i < t->table_max + FLOW_LINKS_MAX; i++)
		t->snaps[i] = (struct flow_neighbours){ .prev = i, .next = i };
}

void
flow_wheel_remove(struct flow_table *t, uint32_t i)
{
	const struct flow *f = &t->flows[i];

	t->flows[f->prev].next = f->next;
	t->flows[f->next].prev = f->prev;
}

void
flow_wheel_insert(struct flow_table *t, uint32_t i, uint32_t ticks)
{
	struct flow *f = &t->flows[i];
	bool half_open = !(f->flags & FLOW_PROVEN);
	uint64_t slot = ((t->now + ticks) >> SLOT_SHIFT) + 1;

	if (slot - t->wheel_at >= SLOTS)
		slot = t->wheel_at + SLOTS - 1;
	if (half_open && slot < t->half_at)
		t->half_at = slot;
	uint32_t head = head_of(t, slot, half_open);
	uint32_t tail = t->flows[head].prev;
	f->prev = tail;
	f->next = head;
	t->flows[tail].next = i;
	t->flows[head].prev = i;
}

/* --- expiry ------------------------------------------------------------------------------------------------------ */

static void
snapshot_unlist(struct flow_table *t, uint32_t i)
{
	const struct flow_neighbours *n = &t->snaps[i];

	t->snaps[n->prev].next = n->next;
	t->snaps[n->next].prev = n->prev;
	t->flows[i].listed = 0;
}

/* Cuts entry `i`, which is in no slot, takes it out of the index and gives it back. */
static void
end(struct flow_table *t, uint32_t i)
{
	struct flow *f = &t->flows[i];

	flow_cut(t, f);
	index_remove(t, index_hash(t, &f->key), i);
	if (f->listed)
		snapshot_unlist(t, i);
	if (f->six) {
		memcpy(&t->six[f->six - 1], &t->six_free, sizeof(t->six_free));
		t->six_free = f->six;
	}
	f->key.kind |= KEY_NONE;
	f->next = t->free;
	t->free = i + 1;
	t->stats.conversations--;
}

/* Ticks until something is due at an entry, if it gets no more packets. */
static uint32_t
due_in(const struct flow_table *t, const struct flow *f)
{
	uint32_t quiet = flow_quiet(t, f), idle = flow_idle_of(t, f);
	uint32_t due = quiet < idle ? idle - quiet : 0;

	if (flow_has_packets(f)) {
		uint32_t age = (uint32_t)t->now - f->created;
		uint32_t left = age < t->active ? t->active - age : 0;
		if (left < due)
			due = left;
	}
	return due;
}

/* Does what is due at entry `i`, which was taken out of its slot. */
static void
visit(struct flow_table *t, uint32_t i)
{
	struct flow *f = &t->flows[i];

	if (flow_quiet(t, f) >= flow_idle_of(t, f)) {
		end(t, i);
		return;
	}
	if ((uint32_t)t->now - f->created >= t->active)
		flow_cut(t, f);
	flow_wheel_insert(t, i, due_in(t, f));
}

/* Takes the first entries of a circle out, and fetches what it needs to end those that are over, or all of them. */
static inline unsigned
take_some(struct flow_table *t, uint32_t head, bool all, uint32_t *ret_entries)
{
	uint32_t i = t->flows[head].next;
	unsigned n = 0;

	for (; i != head && n < VISIT_BATCH; i = t->flows[i].next) {
		const struct flow *f = &t->flows[i];
		__builtin_prefetch(&t->flows[f->next], 1);
		if (all || flow_quiet(t, f) >= flow_idle_of(t, f)) {
			__builtin_prefetch(&t->index[index_hash(t, &f->key) & t->mask], 1);
			index_fetch_cold(t, i);
		}
		ret_entries[n++] = i;
	}
	t->flows[head].next = i;
	t->flows[i].prev = head;
	return n;
}

static void
run_circle(struct flow_table *t, uint32_t head)
{
	uint32_t entries[VISIT_BATCH];
	unsigned n;

	while ((n = take_some(t, head, false, entries)) > 0)
		for (unsigned k = 0; k < n; k++)
			visit(t, entries[k]);
}

void
flow_wheel_run(struct flow_table *t)
{
	uint64_t target = t->now >> SLOT_SHIFT;

	/* after a long jump, each slot once */
	if (target - t->wheel_at > SLOTS)
		t->wheel_at = target - SLOTS;
	while (t->wheel_at < target) {
		t->wheel_at++;
		run_circle(t, head_of(t, t->wheel_at, false));
		run_circle(t, head_of(t, t->wheel_at, true));
	}
	if (t->half_at <= t->wheel_at)
		t->half_at = t->wheel_at + 1;
	if (t->overflows)
		flow_overflow_expire(t);
}

void
flow_flush(struct flow_table *t)
{
	uint32_t entries[VISIT_BATCH];
	unsigned n;

	for (uint32_t k = 0; k < 2 * SLOTS; k++) {
		uint32_t head = head_of(t, t->wheel_at + 1 + k / 2, k % 2);
		while ((n = take_some(t, head, true, entries)) > 0)
			for (unsigned j = 0; j < n; j++)
				end(t, entries[j]);
	}
	for (uint16_t link = 0; link < t->n_links; link++)
		flow_overflow_cut(t, link);
}

/* --- eviction ---------------------------------------------------------------------------------------------------- */

/* True when an entry in the slot at `half_at` belongs there: half-open, and without a packet since it was put there. What
 * is due behind the wheel's horizon is taken as it stands. */
static bool
is_quietest(const struct flow_table *t, const struct flow *f)
{
	uint64_t slot = ((t->now + due_in(t, f)) >> SLOT_SHIFT) + 1;

	return !(f->flags & FLOW_PROVEN) && (slot <= t->half_at || slot - t->wheel_at >= SLOTS);
}

/* The half-open conversation that is quiet for longest: 1 + number, 0 if none is found. What is found on the way and does
 * not belong there is put where it does. */
static uint32_t
find_quietest(struct flow_table *t)
{
	for (unsigned step = 0; step < EVICT_STEPS;) {
		uint32_t head = head_of(t, t->half_at, true);
		uint32_t i = t->flows[head].next;
		if (i != head) {
			if (is_quietest(t, &t->flows[i]))
				return i + 1;
			flow_wheel_remove(t, i);
			flow_wheel_insert(t, i, due_in(t, &t->flows[i]));
			step++;
		} else if (t->half_at - t->wheel_at < SLOTS - 1) {
			t->half_at++;
		} else {
			return 0;
		}
	}
	return 0;
}

/* Ends a half-open conversation that was quiet for at least `quiet` ticks. */
static bool
evict(struct flow_table *t, uint32_t quiet)
{
	uint32_t entry = find_quietest(t);

	if (!entry || flow_quiet(t, &t->flows[entry - 1]) < quiet)
		return false;
	flow_wheel_remove(t, entry - 1);
	end(t, entry - 1);
	t->stats.evicted++;
	return true;
}

void
flow_make_room(struct flow_table *t)
{
	/* two for one, so that a flood of them does not keep the table this full */
	if (evict(t, t->half_open))
		(void)evict(t, t->half_open);
	if (t->stats.conversations == t->table_max)
		(void)evict(t, 0);
}

/* --- snapshots --------------------------------------------------------------------------------------------------- */

void
flow_snapshot_list(struct flow_table *t, uint32_t i)
{
	uint32_t head = t->table_max + flow_link_of(&t->flows[i]);
	uint32_t tail = t->snaps[head].prev;

	t->snaps[i] = (struct flow_neighbours){ .prev = tail, .next = head };
	t->snaps[tail].next = i;
	t->snaps[head].prev = i;
	t->flows[i].listed = 1;
}

void
flow_snapshot_turn(struct flow_table *t, uint16_t link, uint64_t ts_ns)
{
	uint32_t head = t->table_max + link;
	uint32_t i;

	while ((i = t->snaps[head].next) != head) {
		snapshot_unlist(t, i);
		__builtin_prefetch(&t->flows[t->snaps[head].next], 1);
		flow_cut(t, &t->flows[i]);
	}
	flow_overflow_cut(t, link);
	t->links[link].snap_begin_ns = ts_ns - ts_ns % t->snap_ns;
}
