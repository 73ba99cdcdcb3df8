/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flow table's records: those of conversations, and those of what found no place. */
#include "probe/flow_index.h"
#include "probe/flow_table.h"

static void
put(struct flow_table *t, struct record *r, uint64_t start, uint64_t end)
{
	r->started = (uint32_t)(start / TICKS_PER_S);
	r->start_frac = (uint8_t)(start % TICKS_PER_S);
	r->expires = (uint32_t)(end / TICKS_PER_S);
	r->end_frac = (uint8_t)(end % TICKS_PER_S);
	r->sampling = (uint16_t)t->scale;
	t->stats.records++;
	t->cut(t->ctx, r);
}

static inline struct addr
address(const struct flow_table *t, const struct flow *f, unsigned end)
{
	uint8_t octets[4];

	if (f->six)
		return t->six[f->six - 1].addr[end];
	memcpy(octets, &f->key.addr[end], sizeof(octets));
	return addr_from_v4(octets);
}

static void
cut_direction(struct flow_table *t, const struct flow *f, unsigned dir)
{
	const struct flow_cold *cold = &t->cold[f - t->flows];
	unsigned first = f->flags & FLOW_FIRST1 ? 1 : 0;
	uint64_t base = flow_base(f);
	struct record r = {
		.saddr = address(t, f, dir),
		.daddr = address(t, f, !dir),
		.sport = flow_port_of(f, dir),
		.dport = flow_port_of(f, !dir),
		.protocol = (uint8_t)(f->key.kind >> KEY_PROTOCOL_SHIFT),
		.packets = f->packets[dir],
		.octets = f->octets[dir],
		.vlan = f->key.kind & KEY_VLAN,
		.link = flow_link_of(f),
		.tunnel = cold->tunnel,
	};

	classify_fill(&cold->state, dir == (f->flags & FLOW_CLIENT1 ? 1u : 0u), &r);
	put(t, &r, base + (dir == first ? 0 : f->other), base + (f->last[dir] - f->created));
}

void
flow_cut(struct flow_table *t, struct flow *f)
{
	unsigned client = f->flags & FLOW_CLIENT1 ? 1 : 0;

	if (f->packets[client])
		cut_direction(t, f, client);
	if (f->packets[!client])
		cut_direction(t, f, !client);
	f->packets[0] = f->packets[1] = 0;
	f->octets[0] = f->octets[1] = 0;
}

/* --- overflow ---------------------------------------------------------------------------------------------------- */

static void
overflow_cut(struct flow_table *t, uint16_t link, unsigned six)
{
	static const uint8_t unspecified[4];
	struct flow_overflow *o = &t->links[link].overflow[six];
	struct record r = {
		.protocol = RECORD_OVERFLOW_PROTOCOL,
		.packets = (uint16_t)o->packets,
		.application = APP_UNKNOWN,
		.octets = o->octets,
		.link = link,
	};

	if (!o->packets)
		return;
	if (!six)
		r.saddr = r.daddr = addr_from_v4(unspecified);
	put(t, &r, o->base, o->base + (o->last - o->created));
	o->packets = 0;
	o->octets = 0;
	t->overflows--;
}

/* True when the packet cannot be in the record: no room, too old, or the link's time stepped. */
static bool
overflow_is_over(const struct flow_table *t, const struct flow_overflow *o,
                 const struct packet *pkt)
{
	const struct flow_link *l = &t->links[pkt->link];
	uint64_t created = t->now - (uint32_t)((uint32_t)t->now - o->created);
	uint64_t late = created - o->base - l->offset;

	return o->packets + t->scale > FLOW_RECORD_LIMIT ||
	       o->octets + (uint64_t)pkt->octets * t->scale > UINT32_MAX ||
	       (uint32_t)l->at - o->created >= t->active || late > STEP_TICKS;
}

void
flow_overflow_count(struct flow_table *t, const struct packet *pkt, uint64_t tick)
{
	unsigned six = !addr_is_v4(&pkt->saddr) || !addr_is_v4(&pkt->daddr);
	struct flow_overflow *o = &t->links[pkt->link].overflow[six];
	uint32_t at = (uint32_t)t->links[pkt->link].at;

	if (o->packets && overflow_is_over(t, o, pkt))
		overflow_cut(t, pkt->link, six);
	if (!o->packets) {
		o->base = tick;
		o->created = at;
		t->overflows++;
	}
	o->last = at;
	o->packets += t->scale;
	o->octets += pkt->octets * t->scale;
	t->stats.refused++;
}

void
flow_overflow_cut(struct flow_table *t, uint16_t link)
{
	overflow_cut(t, link, 0);
	overflow_cut(t, link, 1);
}

void
flow_overflow_expire(struct flow_table *t)
{
	for (uint16_t link = 0; link < t->n_links; link++)
		for (unsigned six = 0; six < 2; six++) {
			const struct flow_overflow *o = &t->links[link].overflow[six];
			if (o->packets && (uint32_t)t->now - o->created >= t->active)
				overflow_cut(t, link, six);
		}
}
