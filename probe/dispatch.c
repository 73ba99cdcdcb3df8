/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dispatch: per transport the rules that a payload's first octet leaves, octets with the same ones sharing a list, and
 * the rules of each port. What a list holds are the rules themselves, one behind the other, so that a packet that no
 * module wants costs a few compares and no jump about.
 */
#include "probe/dispatch.h"

#include "lib/err.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TRANSPORTS 256
#define OCTETS     256
#define REACH_MAX  (UINT8_MAX + 8) /* octets behind the largest offset */
#define NO_PORT    0               /* empty slot: port 0 in a match means any */

/* A match as it is tested. Pattern and mask are compared as they lie in memory, so no byte order comes in. */
struct rule {
	uint64_t pattern;
	uint64_t mask;
	uint32_t need; /* octets of payload without which it cannot hold */
	uint16_t port;
	uint8_t offset;
	uint8_t len;
	uint8_t direction;
	uint8_t module;
	uint8_t budget; /* the module's */
};

/* A stretch of plan.lists. */
struct list {
	uint32_t first;
	uint32_t count;
};

struct port_slot {
	uint16_t port; /* NO_PORT: free */
	struct list list;
};

struct plan {
	struct rule *rules; /* all, in the order of the modules */
	size_t n_rules;
	struct rule *lists;
	uint32_t *numbers; /* while they are built: the places in `rules` of what they hold */
	size_t n_lists;    /* rules in them */
	struct list by_byte[OCTETS];
	uint64_t
	    some_ports; /* bit port_bit(port) of each port that is there: most others are told by it */
	struct port_slot *ports;
	size_t port_mask; /* slots - 1 */
	size_t reach;     /* octets of payload that are read at most */
	unsigned budget;
};

struct dispatch {
	struct plan *plans[TRANSPORTS];
};

static uint64_t
eight_octets(const uint8_t *bytes, size_t len)
{
	uint64_t value = 0;

	memcpy(&value, bytes, len < sizeof(value) ? len : sizeof(value));
	return value;
}

static struct rule
compile(const struct nm_match *m, uint8_t module, uint8_t budget)
{
	uint8_t mask[8] = { 0 };
	static const uint8_t none[8];
	uint32_t pattern_end = (uint32_t)m->offset + m->len;

	if (memcmp(m->mask, none, sizeof(none)) == 0)
		memset(mask, 0xff, m->len);
	else
		memcpy(mask, m->mask, m->len);
	struct rule r = {
		.mask = eight_octets(mask, sizeof(mask)),
		.need = m->min_len > pattern_end ? m->min_len : pattern_end,
		.port = m->port,
		.offset = m->offset,
		.len = m->len,
		.direction = m->direction,
		.module = module,
		.budget = budget,
	};
	r.pattern = eight_octets(m->pattern, sizeof(m->pattern)) & r.mask;
	return r;
}

/* Can a payload that begins with `octet` meet the rule? */
static bool
may_begin_with(const struct rule *r, unsigned octet)
{
	uint8_t pattern[8];
	uint8_t mask[8];

	if (r->offset != 0 || r->len == 0)
		return true;
	memcpy(pattern, &r->pattern, sizeof(pattern));
	memcpy(mask, &r->mask, sizeof(mask));
	return (octet & mask[0]) == pattern[0];
}

/* Fibonacci hashing: the usual ports are close together. */
static inline uint32_t
port_hash(uint16_t port)
{
	return (uint32_t)port * 2654435769U;
}

static inline uint64_t
port_bit(uint16_t port)
{
	return UINT64_C(1) << (port_hash(port) >> 26);
}

/* The slot of a port, or the free one where it belongs. There are twice as many slots as rules, so one is free. */
static struct port_slot *
port_slot(const struct plan *p, uint16_t port)
{
	size_t i = (size_t)(port_hash(port) >> 16) & p->port_mask;

	while (p->ports[i].port != NO_PORT && p->ports[i].port != port)
		i = (i + 1) & p->port_mask;
	return &p->ports[i];
}

/* --- building ---------------------------------------------------------------------------------------------------- */

/* Which rules without a port an octet leaves: `ret_numbers` has room for all. Returns how many. */
static size_t
rules_of_octet(const struct plan *p, unsigned octet, uint32_t *ret_numbers)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].port == NO_PORT && may_begin_with(&p->rules[i], octet))
			ret_numbers[n++] = (uint32_t)i;
	return n;
}

/* Rules that need less first. */
static void
sort_by_need(const struct plan *p, uint32_t *numbers, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint32_t number = numbers[i];
		size_t at = i;

		for (; at > 0 && p->rules[numbers[at - 1]].need > p->rules[number].need; at--)
			numbers[at] = numbers[at - 1];
		numbers[at] = number;
	}
}

/* Appends a list. 0 or -ENOMEM. */
static int
append(struct plan *p, const uint32_t *numbers, size_t n, struct list *ret_list)
{
	size_t total = p->n_lists + n;
	struct rule *rules = reallocarray(p->lists, total, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	p->lists = rules;
	uint32_t *all = reallocarray(p->numbers, total, sizeof(*all));
	if (!all)
		return -ENOMEM;
	p->numbers = all;
	for (size_t i = 0; i < n; i++) {
		rules[p->n_lists + i] = p->rules[numbers[i]];
		all[p->n_lists + i] = numbers[i];
	}
	*ret_list = (struct list){ (uint32_t)p->n_lists, (uint32_t)n };
	p->n_lists = total;
	return 0;
}

/* The list of an octet before this one that leaves the same rules; NULL when there is none. */
static const struct list *
same_list(const struct plan *p, unsigned octet, const uint32_t *numbers, size_t n)
{
	for (unsigned other = 0; other < octet; other++) {
		const struct list *list = &p->by_byte[other];

		if (list->count == n &&
		    memcmp(p->numbers + list->first, numbers, n * sizeof(*numbers)) == 0)
			return list;
	}
	return NULL;
}

/* The lists by octet. `numbers` has room for all rules. */
static int
build_octets(struct plan *p, uint32_t *numbers)
{
	for (unsigned octet = 0; octet < OCTETS; octet++) {
		size_t n = rules_of_octet(p, octet, numbers);

		sort_by_need(p, numbers, n);
		const struct list *same = n ? same_list(p, octet, numbers, n) : NULL;

		if (same)
			p->by_byte[octet] = *same;
		else if (n && append(p, numbers, n, &p->by_byte[octet]) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* The lists by port. */
static int
build_ports(struct plan *p, uint32_t *numbers)
{
	p->port_mask = 1;
	while (p->port_mask < p->n_rules * 2)
		p->port_mask = p->port_mask * 2 + 1;
	p->ports = calloc(p->port_mask + 1, sizeof(*p->ports));
	if (!p->ports)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rules; i++) {
		uint16_t port = p->rules[i].port;
		struct port_slot *slot = port_slot(p, port);
		size_t n = 0;

		if (port == NO_PORT || slot->port != NO_PORT)
			continue;
		for (size_t j = i; j < p->n_rules; j++)
			if (p->rules[j].port == port)
				numbers[n++] = (uint32_t)j;
		sort_by_need(p, numbers, n);
		if (append(p, numbers, n, &slot->list) != 0)
			return -ENOMEM;
		slot->port = port;
		p->some_ports |= port_bit(port);
	}
	return 0;
}

/* Builds the lists of a plan whose rules are in place. */
static int
build_lists(struct plan *p)
{
	uint32_t *numbers = calloc(p->n_rules, sizeof(*numbers));

	if (!numbers)
		return -ENOMEM;
	int rc = build_octets(p, numbers);
	if (rc == 0)
		rc = build_ports(p, numbers);
	free(numbers);
	free(p->numbers); /* what is asked is the rules */
	p->numbers = NULL;
	return rc;
}

/* The transport's plan, begun if need be; NULL when memory is out. */
static struct plan *
plan_of(struct dispatch *d, uint8_t transport)
{
	if (!d->plans[transport])
		d->plans[transport] = calloc(1, sizeof(struct plan));
	return d->plans[transport];
}

/* Adds a module's matches to the plans of their transports. */
static int
add_module(struct dispatch *d, const struct nm_module *module, uint8_t index)
{
	unsigned budget = module->max_packets ? module->max_packets : DISPATCH_BUDGET;

	if (budget >= UINT8_MAX)
		budget = UINT8_MAX - 1;
	for (size_t i = 0; i < module->n_matches; i++) {
		const struct nm_match *match = &module->matches[i];
		struct plan *p = plan_of(d, match->transport);

		if (!p)
			return -ENOMEM;
		struct rule *grown = reallocarray(p->rules, p->n_rules + 1, sizeof(*p->rules));
		if (!grown)
			return -ENOMEM;
		p->rules = grown;
		p->rules[p->n_rules++] = compile(match, index, (uint8_t)budget);
		if (p->reach < match->offset + sizeof(uint64_t))
			p->reach = match->offset + sizeof(uint64_t);
		if (p->budget < budget)
			p->budget = budget;
	}
	return 0;
}

int
dispatch_new(const struct modset *set, struct dispatch **ret_dispatch)
{
	struct dispatch *d = calloc(1, sizeof(*d));
	int rc = d ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < modset_count(set); i++)
		rc = add_module(d, modset_module(set, i), (uint8_t)i);
	for (unsigned t = 0; rc == 0 && t < TRANSPORTS; t++)
		if (d->plans[t])
			rc = build_lists(d->plans[t]);
	if (rc != 0) {
		dispatch_free(d);
		return rc;
	}
	*ret_dispatch = d;
	return 0;
}

void
dispatch_free(struct dispatch *d)
{
	if (!d)
		return;
	for (unsigned t = 0; t < TRANSPORTS; t++) {
		struct plan *p = d->plans[t];

		if (!p)
			continue;
		free(p->rules);
		free(p->lists);
		free(p->numbers);
		free(p->ports);
		free(p);
	}
	free(d);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

/* What a rule wants besides its pattern, which few packets meet. */
static inline bool
is_wanted(const struct rule *r, const struct nm_packet *pkt)
{
	return pkt->nth <= r->budget &&
	       (r->direction == NM_ANY_SIDE || r->direction == (uint8_t)pkt->direction);
}

/* `payload` can be read as far as any rule of the plan looks. */
static inline void
ask_list(const struct plan *p, struct list list, const uint8_t *payload,
         const struct nm_packet *pkt, struct dispatch_set *modules)
{
	const struct rule *end = p->lists + list.first + list.count;
	uint64_t octets;

	/* a list begins with the rules that need least */
	for (const struct rule *r = p->lists + list.first; r < end && r->need <= pkt->len; r++) {
		memcpy(&octets, payload + r->offset, sizeof(octets));
		if ((octets & r->mask) == r->pattern && is_wanted(r, pkt))
			modules->bits[r->module >> 6] |= UINT64_C(1) << (r->module & 63);
	}
}

/* The list of a port; empty for one that no match names. */
static inline struct list
port_list(const struct plan *p, uint16_t port)
{
	return p->some_ports & port_bit(port) ? port_slot(p, port)->list : (struct list){ 0, 0 };
}

void
dispatch_ask(const struct dispatch *d, const struct nm_packet *pkt, const uint64_t refused[2],
             struct dispatch_set *ret_modules)
{
	const struct plan *p = d->plans[pkt->transport];
	const uint8_t *payload = pkt->payload;
	uint8_t longer[REACH_MAX];

	*ret_modules = (struct dispatch_set){ { 0 } };
	if (!p)
		return;
	if (pkt->len < p->reach) {
		memset(longer, 0, p->reach);
		if (pkt->len)
			memcpy(longer, payload, pkt->len);
		payload = longer;
	}
	ask_list(p, p->by_byte[payload[0]], payload, pkt, ret_modules);
	ask_list(p, port_list(p, pkt->dport), payload, pkt, ret_modules);
	ask_list(p, port_list(p, pkt->sport), payload, pkt, ret_modules);
	ret_modules->bits[0] &= ~refused[0];
	ret_modules->bits[1] &= ~refused[1];
}

unsigned
dispatch_budget(const struct dispatch *d, uint8_t transport)
{
	return d->plans[transport] ? d->plans[transport]->budget : 0;
}

size_t
dispatch_cost(const struct dispatch *d, const struct nm_packet *pkt)
{
	const struct plan *p = d->plans[pkt->transport];

	if (!p)
		return 0;
	return p->by_byte[pkt->len ? pkt->payload[0] : 0].count + port_list(p, pkt->dport).count +
	       port_list(p, pkt->sport).count;
}
