/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Classification of flows. Per packet of a flow that is not settled: the tag table (source, then destination), then the
 * modules that the dispatch names. The highest confidence wins.
 */
#include "probe/classify.h"

#include "lib/err.h"
#include "probe/dispatch.h"
#include "probe/labels.h"
#include "probe/modhost.h"
#include "probe/tag.h"
#include "probe/tag_ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TAGS_MAX     65536
#define REFUSED_BITS 128 /* modules that classify_state can remember a NM_NO of */
/* A packet may teach so many tags, and as many more as those before it left, up to TAGS_CREDIT: a tracker that names a
 * hundred peers now and then is believed, and a flood of such answers does not cost what it would like to. */
#define TAGS_EACH   4
#define TAGS_CREDIT 4096

struct classifier {
	struct modset *set;
	struct dispatch *dispatch;
	struct tag_table *tags;
	bool shares_tags;        /* they are the caller's */
	const struct ends *ends; /* which endpoints may have one: tag_ends() */
	struct labels *labels;
	uint32_t generation;
	uint64_t module_calls;
	uint64_t tags_left_out; /* for want of credit */
	unsigned tags_credit;   /* tags that may be learned */
	uint8_t budget[256];    /* dispatch_budget() of each transport */
	uint16_t
	    names[MODHOST_MODULES_MAX]; /* of each module of `set`: its name among the labels */
};

/* What a module is handed; the host's side of struct nm_call. */
struct call {
	struct nm_call api; /* first: the module hands its address back to us */
	struct classifier *c;
	unsigned module;
	uint32_t now_s;
};

/* --- life ------------------------------------------------------------------------------------------------------- */

int
classify_new(const struct classify_limits *limits, struct classifier **ret_classifier)
{
	struct classifier *c = calloc(1, sizeof(*c));
	size_t tags_max = limits && limits->tags_max ? limits->tags_max : TAGS_MAX;
	uint64_t seed = 0;
	int rc;

	if (!c)
		return -ENOMEM;
	/* Without random numbers collisions can be made, which cost time and nothing else. */
	(void)!getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
	c->tags_credit = TAGS_CREDIT;
	c->shares_tags = limits && limits->tags;
	if (c->shares_tags)
		c->tags = limits->tags;
	rc = c->shares_tags ? 0 : tag_new(tags_max, seed, &c->tags);
	if (rc == 0) {
		c->ends = tag_ends(c->tags);
		rc = labels_new(&c->labels);
	}
	if (rc == 0)
		rc = classify_load_static(c, NULL, 0);
	if (rc != 0) {
		classify_free(c);
		return rc;
	}
	*ret_classifier = c;
	return 0;
}

void
classify_free(struct classifier *c)
{
	if (!c)
		return;
	dispatch_free(c->dispatch);
	modhost_close(c->set);
	labels_free(c->labels);
	if (!c->shares_tags)
		tag_free(c->tags);
	free(c);
}

/* Puts what is ready in the place of the old one; both are taken over, the names copied. */
static void
replace(struct classifier *c, struct modset *set, struct dispatch *dispatch,
        const uint16_t names[MODHOST_MODULES_MAX])
{
	dispatch_free(c->dispatch);
	modhost_close(c->set);
	c->dispatch = dispatch;
	c->set = set;
	memcpy(c->names, names, sizeof(c->names));
	for (unsigned transport = 0; transport < sizeof(c->budget); transport++)
		c->budget[transport] = (uint8_t)dispatch_budget(dispatch, (uint8_t)transport);
	c->generation++;
}

/* Puts a set in the place of the old one. Takes the set over, on failure too. */
static int
install(struct classifier *c, struct modset *set)
{
	struct dispatch *dispatch = NULL;
	uint16_t names[MODHOST_MODULES_MAX] = { 0 };
	int rc = dispatch_new(set, &dispatch);

	for (size_t i = 0; rc == 0 && i < modset_count(set); i++)
		rc = labels_add(c->labels, modset_module(set, i), &names[i]);
	if (rc != 0) {
		dispatch_free(dispatch);
		modhost_close(set);
		return rc;
	}
	replace(c, set, dispatch, names);
	return 0;
}

int
classify_load(struct classifier *c, const char *list, const char *dir, char *err, size_t err_size)
{
	struct modset *set = NULL;
	int rc = modhost_open(list, dir, err, err_size, &set);

	if (rc != 0)
		return rc;
	rc = install(c, set);
	if (rc != 0 && err_size > 0)
		(void)snprintf(err, err_size, "%s: %s", list, nm_strerror(rc));
	return rc;
}

int
classify_load_static(struct classifier *c, const struct nm_module *const *modules, size_t n)
{
	struct modset *set = NULL;
	int rc = modhost_adopt(modules, n, &set);

	return rc == 0 ? install(c, set) : rc;
}

int
classify_follow(struct classifier *c, const struct classifier *leader)
{
	struct modset *set = NULL;
	struct dispatch *dispatch = NULL;
	int rc = modhost_copy(leader->set, &set);

	if (rc == 0)
		rc = dispatch_new(set, &dispatch);
	if (rc != 0) {
		modhost_close(set);
		return rc;
	}
	replace(c, set, dispatch, leader->names);
	return 0;
}

/* --- verdicts --------------------------------------------------------------------------------------------------- */

/* Which module of the set declares this application: 1 + index, 0 for none. */
static uint8_t
owner_of(const struct classifier *c, uint16_t app)
{
	for (size_t i = 0; app != APP_UNKNOWN && i < modset_count(c->set); i++) {
		const struct nm_module *m = modset_module(c->set, i);

		for (size_t j = 0; j < m->n_apps; j++)
			if (m->apps[j].id == app)
				return (uint8_t)(i + 1);
	}
	return 0;
}

static bool
declares(const struct classifier *c, unsigned module, uint16_t app)
{
	const struct nm_module *m = modset_module(c->set, module);

	for (size_t i = 0; i < m->n_apps; i++)
		if (m->apps[i].id == app)
			return true;
	return false;
}

/* The modules' indices mean something else since the state was last used: what refers to them is forgotten, the verdict
 * stands. */
static void
renew(const struct classifier *c, struct classify_state *st)
{
	memset(st->refused, 0, sizeof(st->refused));
	st->note = 0;
	st->note_owner = 0;
	if (st->owner)
		st->owner = owner_of(c, st->app);
	if (!st->owner)
		st->flags &= (uint8_t)~CLASSIFY_WATCHED;
	st->generation = (uint8_t)c->generation;
}

/* --- tags ------------------------------------------------------------------------------------------------------- */

static struct tag_key
tag_key(const struct addr *addr, uint16_t port, uint8_t transport)
{
	return (struct tag_key){ .addr = *addr, .port = port, .transport = transport };
}

/* tag_find() for the few endpoints that may have a tag. */
static inline bool
find_tag(struct classifier *c, const struct addr *addr, uint16_t port, uint8_t transport,
         uint32_t now_s, struct tag_fact *ret_fact)
{
	if (!ends_may_have(c->ends, addr, ends_port(port, transport)))
		return false;
	const struct tag_key key = tag_key(addr, port, transport);
	return tag_find(c->tags, &key, now_s, ret_fact);
}

static void
forget_wrong_tag(struct classifier *c, const struct tag_key *key, uint32_t now_s, uint16_t app)
{
	struct tag_fact fact;

	if (find_tag(c, &key->addr, key->port, key->transport, now_s, &fact) && fact.app != app)
		tag_forget(c->tags, key);
}

/* Looks the source, then the destination up; the better of the two counts. */
static void
look_up_tags(struct classifier *c, const struct packet *pkt, struct classify_state *st)
{
	uint32_t now_s = (uint32_t)(pkt->ts_ns / 1000000000U);
	struct tag_fact fact;

	st->flags |= CLASSIFY_TAGGED;
	for (unsigned i = 0; i < 2; i++) {
		if (!find_tag(c, i ? &pkt->daddr : &pkt->saddr, i ? pkt->dport : pkt->sport,
		              pkt->protocol, now_s, &fact) ||
		    fact.confidence <= st->confidence)
			continue;
		st->app = fact.app;
		st->tagged = fact.app;
		st->reason = fact.reason;
		st->confidence = fact.confidence;
		st->owner = 0;
	}
}

void
classify_record(struct classifier *c, struct record *record)
{
	struct tag_fact fact;

	if (record->protocol != NM_TCP && record->protocol != NM_UDP)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (find_tag(c, i ? &record->daddr : &record->saddr,
		             i ? record->dport : record->sport, record->protocol, record->expires,
		             &fact) &&
		    fact.confidence > record->confidence) {
			record->application = fact.app;
			record->reason = fact.reason;
			record->confidence = fact.confidence;
		}
}

/* struct nm_call's way to learn a tag. One for an application that is not the module's is refused silently: it is the
 * module's mistake, and the flow of packets is no place to complain. */
static void
learn_tag(struct nm_call *api, const struct nm_tag *tag)
{
	struct call *call = (struct call *)(void *)api;
	struct classifier *c = call->c;
	struct tag_key key = { .port = tag->port, .transport = tag->transport };
	struct tag_fact fact = {
		.app = tag->app,
		.reason = labels_reason(c->names[call->module], NM_EV_TAG),
		.ttl_s = tag->ttl_s,
		.confidence = tag->confidence > 100 ? 100 : tag->confidence,
	};

	if (tag->port == 0 || fact.confidence == 0 || !declares(c, call->module, tag->app))
		return;
	if (c->tags_credit == 0) {
		c->tags_left_out++;
		return;
	}
	c->tags_credit--;
	memcpy(key.addr.b, tag->addr, sizeof(key.addr.b));
	(void)tag_learn(c->tags, &key, &fact, call->now_s);
}

/* --- verdicts of modules ---------------------------------------------------------------------------------------- */

/* Does this module's word beat what there is? With more confidence, or with as much when it refines its own word or stands
 * before the other module in the list. */
static bool
beats(const struct classify_state *st, uint8_t owner, uint8_t confidence)
{
	if (confidence != st->confidence)
		return confidence > st->confidence;
	return confidence > 0 && st->owner != 0 && owner <= st->owner;
}

static void
accept_verdict(struct classifier *c, const struct packet *pkt, struct classify_state *st,
               const struct call *call, const struct nm_verdict *v)
{
	uint8_t confidence = v->confidence > 100 ? 100 : v->confidence;
	uint8_t owner = (uint8_t)(call->module + 1);

	if (!beats(st, owner, confidence) || !declares(c, call->module, v->app))
		return;
	if (st->tagged != APP_UNKNOWN && st->tagged != v->app && confidence >= NM_CONF_SIGNATURE) {
		struct tag_key source = tag_key(&pkt->saddr, pkt->sport, pkt->protocol);
		struct tag_key destination = tag_key(&pkt->daddr, pkt->dport, pkt->protocol);

		forget_wrong_tag(c, &source, call->now_s, v->app);
		forget_wrong_tag(c, &destination, call->now_s, v->app);
		st->tagged = APP_UNKNOWN;
	}
	st->app = v->app;
	st->confidence = confidence;
	st->owner = owner;
	st->reason = labels_reason(c->names[call->module], v->evidence);
	st->flags &= (uint8_t)~CLASSIFY_WATCHED;
	if (v->flags & NM_WATCH)
		st->flags |= CLASSIFY_WATCHED;
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

static struct nm_packet
view_of(const struct packet *pkt, bool from_client, const struct classify_state *st)
{
	return (struct nm_packet){
		.payload = pkt->payload,
		.len = pkt->payload_len,
		.wire_len = pkt->payload_wire_len,
		.saddr = pkt->saddr.b,
		.daddr = pkt->daddr.b,
		.sport = pkt->sport,
		.dport = pkt->dport,
		.transport = pkt->protocol,
		.tcp_flags = pkt->tcp_flags,
		.tagged = st->tagged,
		.direction = from_client ? NM_FROM_CLIENT : NM_FROM_SERVER,
		.nth = st->payloads,
		.ts_ns = pkt->ts_ns,
	};
}

/* One call. Says what the module said. */
static enum nm_result
ask(struct classifier *c, const struct packet *pkt, const struct nm_packet *view,
    struct classify_state *st, unsigned module)
{
	bool may_note = st->note_owner == 0 || st->note_owner == module + 1;
	struct call call = {
		.api = { .tag = learn_tag, .note = may_note ? &st->note : NULL },
		.c = c,
		.module = module,
		.now_s = (uint32_t)(pkt->ts_ns / 1000000000U),
	};
	struct nm_verdict verdict = { 0 };

	c->module_calls++;
	enum nm_result said = modset_module(c->set, module)
	                          ->classify(modset_ctx(c->set, module), view, &call.api, &verdict);
	if (said == NM_MATCH)
		accept_verdict(c, pkt, st, &call, &verdict);
	if (may_note) {
		if (said == NM_NO)
			st->note = 0;
		st->note_owner = st->note ? (uint8_t)(module + 1) : 0;
	}
	return said;
}

/* A settled flow whose owner wants to see more of it. */
static void
show_owner(struct classifier *c, const struct packet *pkt, bool from_client,
           struct classify_state *st)
{
	struct nm_packet view = view_of(pkt, from_client, st);

	if (ask(c, pkt, &view, st, st->owner - 1U) == NM_NO)
		st->flags &= (uint8_t)~CLASSIFY_WATCHED;
}

/* Asks the modules that want the packet, in the order of the list. */
static void
ask_modules(struct classifier *c, const struct packet *pkt, bool from_client,
            struct classify_state *st)
{
	struct nm_packet view = view_of(pkt, from_client, st);
	struct dispatch_set modules;

	dispatch_ask(c->dispatch, &view, st->refused, &modules);
	for (unsigned word = 0; word < DISPATCH_WORDS; word++)
		for (uint64_t bits = modules.bits[word]; bits; bits &= bits - 1) {
			unsigned module = word * 64 + (unsigned)__builtin_ctzll(bits);

			if (ask(c, pkt, &view, st, module) == NM_NO && module < REFUSED_BITS)
				st->refused[word] |= bits & -bits;
		}
}

/* The tags of a flow without a verdict are looked at when it begins, and then with its first packet with payload and the
 * second, 4th, 8th ... 128th: its endpoint may have become known meanwhile. */
static bool
tags_are_due(const struct classify_state *st, bool payload)
{
	if (!(st->flags & CLASSIFY_TAGGED))
		return true;
	return payload && (st->payloads & (st->payloads - 1)) == 0;
}

void
classify_packet_slow(struct classifier *c, const struct packet *pkt, bool from_client,
                     struct classify_state *st)
{
	bool has_ports = pkt->protocol == NM_TCP || pkt->protocol == NM_UDP;
	bool payload = pkt->payload_len > 0 || !has_ports;
	unsigned budget = c->budget[pkt->protocol];

	/* an acknowledgement tells nothing that its flow's first packet did not */
	if (!payload && (st->flags & CLASSIFY_TAGGED) && st->generation == (uint8_t)c->generation)
		return;
	if (st->generation != (uint8_t)c->generation)
		renew(c, st);
	if (payload && st->payloads < UINT8_MAX)
		st->payloads++;
	if (payload && c->tags_credit < TAGS_CREDIT)
		c->tags_credit += TAGS_EACH;
	if (st->flags & CLASSIFY_SETTLED) {
		if (payload && (st->flags & CLASSIFY_WATCHED))
			show_owner(c, pkt, from_client, st);
		return;
	}
	if (has_ports && tags_are_due(st, payload))
		look_up_tags(c, pkt, st);
	if (payload && st->payloads <= budget)
		ask_modules(c, pkt, from_client, st);
	if (st->confidence >= NM_CONF_SIGNATURE ||
	    (st->payloads >= budget &&
	     (st->app != APP_UNKNOWN || !has_ports || st->payloads == UINT8_MAX)))
		st->flags |= CLASSIFY_SETTLED;
}

/* --- words ------------------------------------------------------------------------------------------------------ */

size_t
classify_apps(const struct classifier *c, const struct application **ret_apps)
{
	return labels_apps(c->labels, ret_apps);
}

const char *
classify_app_name(const struct classifier *c, uint16_t app)
{
	return labels_app_name(c->labels, app);
}

const char *
classify_reason(const struct classifier *c, uint16_t reason)
{
	return labels_reason_text(c->labels, reason);
}

uint32_t
classify_labels(const struct classifier *c)
{
	return c->generation;
}

void
classify_get_stats(const struct classifier *c, struct classify_stats *ret_stats)
{
	*ret_stats = (struct classify_stats){
		.tags = tag_count(c->tags),
		.tags_refused = tag_refused(c->tags) + c->tags_left_out,
		.module_calls = c->module_calls,
		.modules = (unsigned)modset_count(c->set),
	};
}
