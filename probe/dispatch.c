/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dispatch: per transport one array of rules, and lists of rule numbers by port (an open-addressed table) and by the
 * payload's first octet (an index of 257 offsets into one array).
 */
#include "probe/dispatch.h"

#include "lib/err.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TRANSPORTS 256
#define NO_PORT    0 /* empty slot: port 0 in a match means any */

/* A match as it is tested. Pattern and mask are compared as they lie in memory, so no byte order comes in. */
struct rule {
	uint64_t pattern;
	uint64_t mask;
	uint16_t port;
	uint16_t min_len;
	uint8_t offset;
	uint8_t len;
	uint8_t direction;
	uint8_t module;
};

/* One list of rule numbers: a stretch of plan.lists. */
struct list {
	uint32_t first;
	uint32_t count;
};

struct port_slot {
	uint16_t port; /* NO_PORT: free */
	struct list list;
};

struct plan {
	struct rule *rules;
	size_t n_rules;
	uint16_t *lists; /* rule numbers */
	struct list by_byte[256];
	struct port_slot *ports;
	size_t port_mask; /* slots - 1 */
	unsigned budget;
};

struct dispatch {
	struct plan *plans[TRANSPORTS];
	uint8_t budget[MODHOST_MODULES_MAX];
};

static uint64_t
eight_octets(const uint8_t *bytes, size_t len)
{
	uint64_t value = 0;

	memcpy(&value, bytes, len < sizeof(value) ? len : sizeof(value));
	return value;
}

static struct rule
compile(const struct nm_match *m, uint8_t module)
{
	uint8_t mask[8] = { 0 };
	static const uint8_t none[8];

	if (memcmp(m->mask, none, sizeof(none)) == 0)
		memset(mask, 0xff, m->len);
	else
		memcpy(mask, m->mask, m->len);
	struct rule r = {
		.mask = eight_octets(mask, sizeof(mask)),
		.port = m->port,
		.min_len = m->min_len,
		.offset = m->offset,
		.len = m->len,
		.direction = m->direction,
		.module = module,
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

/* The slot of a port, or the free one where it belongs. There are twice as many slots as rules, so one is free. */
static struct port_slot *
port_slot(const struct plan *p, uint16_t port)
{
	/* Fibonacci hashing: the usual ports are close together. */
	size_t i = (size_t)(((uint32_t)port * 2654435769U) >> 16) & p->port_mask;

	while (p->ports[i].port != NO_PORT && p->ports[i].port != port)
		i = (i + 1) & p->port_mask;
	return &p->ports[i];
}

/* Appends the numbers of the rules that `belongs` says to the lists' array (or only counts them: `out` NULL). */
static size_t
list_by_byte(const struct plan *p, unsigned octet, uint16_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->rules[i].port != NO_PORT || !may_begin_with(&p->rules[i], octet))
			continue;
		if (out)
			out[n] = (uint16_t)i;
		n++;
	}
	return n;
}

static size_t
list_by_port(const struct plan *p, uint16_t port, uint16_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].port == port)
			out[n++] = (uint16_t)i;
	return n;
}

/* Builds the lists of a plan whose rules are in place. Each rule with a port is on one list, each without on up to 256. */
static int
build_lists(struct plan *p)
{
	size_t total = p->n_rules;
	size_t at = 0;

	for (unsigned octet = 0; octet < 256; octet++)
		total += list_by_byte(p, octet, NULL);
	p->port_mask = 1;
	while (p->port_mask < p->n_rules * 2)
		p->port_mask = p->port_mask * 2 + 1;
	p->lists = calloc(total, sizeof(*p->lists));
	p->ports = calloc(p->port_mask + 1, sizeof(*p->ports));
	if (!p->lists || !p->ports)
		return -ENOMEM;
	for (unsigned octet = 0; octet < 256; octet++) {
		size_t n = list_by_byte(p, octet, p->lists + at);

		p->by_byte[octet] = (struct list){ (uint32_t)at, (uint32_t)n };
		at += n;
	}
	for (size_t i = 0; i < p->n_rules; i++) {
		struct port_slot *slot = port_slot(p, p->rules[i].port);

		if (p->rules[i].port == NO_PORT || slot->port != NO_PORT)
			continue;
		size_t n = list_by_port(p, p->rules[i].port, p->lists + at);
		*slot = (struct port_slot){ p->rules[i].port, { (uint32_t)at, (uint32_t)n } };
		at += n;
	}
	return 0;
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

	d->budget[index] = (uint8_t)(budget < UINT8_MAX ? budget : UINT8_MAX - 1);
	for (size_t i = 0; i < module->n_matches; i++) {
		const struct nm_match *match = &module->matches[i];
		struct plan *p = plan_of(d, match->transport);

		if (!p)
			return -ENOMEM;
		struct rule *grown = reallocarray(p->rules, p->n_rules + 1, sizeof(*p->rules));
		if (!grown)
			return -ENOMEM;
		p->rules = grown;
		p->rules[p->n_rules++] = compile(match, index);
		if (p->budget < d->budget[index])
			p->budget = d->budget[index];
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
		free(p->ports);
		free(p);
	}
	free(d);
}

static bool
rule_holds(const struct rule *r, const struct nm_packet *pkt)
{
	if (pkt->len < r->min_len || pkt->len < (uint32_t)r->offset + r->len)
		return false;
	if (r->direction != NM_ANY_SIDE && r->direction != (uint8_t)pkt->direction)
		return false;
	if (r->len == 0)
		return true;
	return (eight_octets(pkt->payload + r->offset, pkt->len - r->offset) & r->mask) ==
	       r->pattern;
}

/* Which modules are out of the question or already on the answer, one bit each. */
struct seen {
	uint64_t bits[4];
};

static unsigned
ask_list(const struct dispatch *d, const struct plan *p, struct list list,
         const struct nm_packet *pkt, struct seen *seen, uint8_t *out)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < list.count; i++) {
		const struct rule *r = &p->rules[p->lists[list.first + i]];
		uint64_t bit = UINT64_C(1) << (r->module & 63);

		if ((seen->bits[r->module >> 6] & bit) || !rule_holds(r, pkt))
			continue;
		seen->bits[r->module >> 6] |= bit;
		if (pkt->nth <= d->budget[r->module])
			out[n++] = r->module;
	}
	return n;
}

/* The list of a port; empty for one that no match names. */
static struct list
port_list(const struct plan *p, uint16_t port)
{
	return port == NO_PORT ? (struct list){ 0, 0 } : port_slot(p, port)->list;
}

unsigned
dispatch_ask(const struct dispatch *d, const struct nm_packet *pkt, const uint64_t refused[2],
             uint8_t *ret_modules)
{
	const struct plan *p = d->plans[pkt->transport];
	struct seen seen = { { refused[0], refused[1], 0, 0 } };

	if (!p)
		return 0;
	struct list list = p->by_byte[pkt->len ? pkt->payload[0] : 0];
	unsigned n = ask_list(d, p, list, pkt, &seen, ret_modules);
	n += ask_list(d, p, port_list(p, pkt->dport), pkt, &seen, ret_modules + n);
	if (pkt->sport != pkt->dport)
		n += ask_list(d, p, port_list(p, pkt->sport), pkt, &seen, ret_modules + n);
	return n;
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
