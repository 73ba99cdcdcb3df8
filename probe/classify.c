/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Classification of packets. When a conversation begins: the admin's rules, the tag table (the server's end, then the client's),
 * and what DNS told the client. Then, until it is settled, the modules that the dispatch names. The highest confidence wins, a rule
 * beats them all.
 */
#include "probe/classify_inner.h"
#include "probe/modguard.h"

#include <string.h>

#define REFUSED_BITS     128 /* modules that classify_state can remember a NM_NO of */
#define UNKNOWN_PAYLOADS 4   /* what has fewer of them is no conversation that behaviour goes by */

/* What a module is handed; the host's side of struct nm_call. */
struct call {
	struct nm_call api; /* first: the module hands its address back to us */
	struct classifier *c;
	const struct packet *pkt;
	bool from_client;
	struct classify_state *st;
	unsigned module;
	uint32_t now_s;
};

/* --- explaining -------------------------------------------------------------------------------------------------- */

/* Does anybody explain? All that is for the explaining stands behind this. */
static inline bool
is_seen(const struct classifier *c)
{
	return __builtin_expect(c->see != NULL, 0);
}

static inline void
show_step(const struct classifier *c, enum classify_step step, const struct packet *pkt,
          bool from_client, const struct classify_state *st)
{
	if (is_seen(c))
		c->see(c->see_ctx,
		       &(struct classify_event){
			   .step = step, .pkt = pkt, .from_client = from_client, .state = st });
}

/* A step of a module's call; `event` has what is particular to it. */
static void
show_call(const struct call *call, enum classify_step step, struct classify_event event)
{
	const struct classifier *c = call->c;

	event.step = step;
	event.pkt = call->pkt;
	event.from_client = call->from_client;
	event.state = call->st;
	event.module = modset_module(c->set.modules, call->module)->name;
	c->see(c->see_ctx, &event);
}

/* --- verdicts --------------------------------------------------------------------------------------------------- */

/* Which module of the set declares this application: 1 + index, 0 for none. */
static uint8_t
owner_of(const struct classifier *c, uint16_t app)
{
	for (size_t i = 0; app != APP_UNKNOWN && i < modset_count(c->set.modules); i++) {
		const struct nm_module *m = modset_module(c->set.modules, i);

		for (size_t j = 0; j < m->n_apps; j++)
			if (m->apps[j].id == app)
				return (uint8_t)(i + 1);
	}
	return 0;
}

static bool
declares(const struct classifier *c, unsigned module, uint16_t app)
{
	const struct nm_module *m = modset_module(c->set.modules, module);

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
	memset(st->note, 0, sizeof(st->note));
	st->note_owner = 0;
	if (st->owner)
		st->owner = owner_of(c, st->app);
	if (!st->owner)
		st->flags &= (uint8_t)~CLASSIFY_WATCHED;
	st->generation = (uint8_t)c->generation;
}

/* --- services ---------------------------------------------------------------------------------------------------- */

static bool
is_carrier(const struct classifier *c, uint16_t app)
{
	return app == APP_UNKNOWN ||
	       (app <= NM_APP_ID_MAX && c->set.carriers[app / 8] >> app % 8 & 1);
}

/* Works the service out, after the host or the application changed. What DNS said of an address says nothing against an
 * application that names itself: many names lead to one address, and one name is good for many ports. */
static void
name_service(const struct classifier *c, struct classify_state *st)
{
	char name[HOSTS_NAME_MAX + 1];
	enum nm_name_source source;

	if (st->host == HOST_NONE || st->rule)
		return;
	st->service = APP_UNKNOWN;
	size_t len = hosts_name(c->hosts, st->host, name, &source);
	if (len == 0 || (source == NM_NAME_DNS && !is_carrier(c, st->app)))
		return;
	const struct service *service = services_find(c->set.services, name, len);
	if (service)
		st->service = service->app;
}

/* --- tags ------------------------------------------------------------------------------------------------------- */

/* The ends of a conversation that tags may speak of, the server's first. A tag tells what is spoken with who goes there: nothing
 * of conversations that its endpoint begins itself, with a port that it happens to have. Who began is known of TCP whose
 * beginning was seen; of all others it is a guess, so the other end may speak where the first has nothing to say. */
struct tag_ends {
	const struct addr *addr[2];
	uint16_t port[2];
	unsigned n;
	uint8_t transport;
	uint32_t now_s;
};

static struct tag_ends
ends_of(const struct packet *pkt, bool from_client, const struct classify_state *st)
{
	return (struct tag_ends){
		.addr = { from_client ? &pkt->daddr : &pkt->saddr,
		          from_client ? &pkt->saddr : &pkt->daddr },
		.port = { from_client ? pkt->dport : pkt->sport,
		          from_client ? pkt->sport : pkt->dport },
		.n = st->flags & CLASSIFY_OPENED ? 1 : 2,
		.transport = pkt->protocol,
		.now_s = (uint32_t)(pkt->ts_ns / 1000000000U),
	};
}

static struct tag_key
key_of(const struct tag_ends *e, unsigned end)
{
	return (struct tag_key){ .addr = *e->addr[end],
		                 .port = e->port[end],
		                 .transport = e->transport };
}

/* tag_find() for the few endpoints that may have a tag. */
static inline bool
find_at(struct classifier *c, const struct tag_ends *e, unsigned end, struct tag_fact *ret_fact)
{
	if (!ends_may_have(c->ends, e->addr[end], ends_port(e->port[end], e->transport)))
		return false;
	const struct tag_key key = key_of(e, end);
	return tag_find(c->tags, &key, e->now_s, ret_fact);
}

/* What the tags say of a conversation. */
static inline bool
find_tag(struct classifier *c, const struct tag_ends *e, struct tag_fact *ret_fact)
{
	return find_at(c, e, 0, ret_fact) || (e->n > 1 && find_at(c, e, 1, ret_fact));
}

/* A signature contradicts the tags that are not of its application. */
static void
forget_wrong_tags(struct classifier *c, const struct tag_ends *e, uint16_t app)
{
	struct tag_fact fact;

	for (unsigned i = 0; i < e->n; i++)
		if (find_at(c, e, i, &fact) && fact.app != app) {
			const struct tag_key key = key_of(e, i);
			tag_forget(c->tags, &key);
		}
}

static void
look_up_tags(struct classifier *c, const struct packet *pkt, bool from_client,
             struct classify_state *st)
{
	const struct tag_ends ends = ends_of(pkt, from_client, st);
	struct tag_fact fact;

	if (!find_tag(c, &ends, &fact) || fact.confidence <= st->confidence)
		return;
	st->app = fact.app;
	st->tagged = fact.app;
	st->reason = fact.reason;
	st->confidence = fact.confidence;
	st->owner = 0;
	name_service(c, st);
}

void
classify_record(struct classifier *c, struct record *record)
{
	bool from_server = record->roles & RECORD_FROM_SERVER;
	const struct tag_ends ends = {
		.addr = { from_server ? &record->saddr : &record->daddr,
		          from_server ? &record->daddr : &record->saddr },
		.port = { from_server ? record->sport : record->dport,
		          from_server ? record->dport : record->sport },
		.n = record->roles & RECORD_OPENED ? 1 : 2,
		.transport = record->protocol,
		.now_s = record->expires,
	};
	struct tag_fact fact;

	if ((record->protocol != NM_TCP && record->protocol != NM_UDP) ||
	    !find_tag(c, &ends, &fact) || fact.confidence <= record->confidence)
		return;
	record->application = fact.app;
	record->reason = fact.reason;
	record->confidence = fact.confidence;
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
		.reason = labels_reason(c->set.names[call->module], NM_EV_TAG),
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
	if (is_seen(c))
		show_call(call, CLASSIFY_TAUGHT, (struct classify_event){ .tag = tag });
}

/* --- names of hosts ---------------------------------------------------------------------------------------------- */

/* struct nm_call's way to name the host. */
static void
learn_host(struct nm_call *api, const uint8_t *name, uint32_t len, enum nm_name_source source)
{
	struct call *call = (struct call *)(void *)api;
	struct classifier *c = call->c;

	if (source == NM_NAME_NONE || source == NM_NAME_DNS || source > NM_NAME_CLIENT ||
	    (call->st->host && hosts_source(c->hosts, call->st->host) >= source))
		return;
	uint32_t host = hosts_learn(c->hosts, name, len, source);
	if (host == HOST_NONE)
		return;
	call->st->host = host;
	name_service(c, call->st);
	if (is_seen(c))
		show_call(call, CLASSIFY_NAMED, (struct classify_event){ 0 });
}

/* struct nm_call's way to keep what DNS says. It takes credit as a tag does. */
static void
learn_answer(struct nm_call *api, const struct nm_answer *answer)
{
	struct call *call = (struct call *)(void *)api;
	struct classifier *c = call->c;
	struct addr client, server;

	if (c->tags_credit == 0) {
		c->tags_left_out++;
		return;
	}
	c->tags_credit--;
	memcpy(client.b, answer->client, sizeof(client.b));
	memcpy(server.b, answer->addr, sizeof(server.b));
	uint32_t host = hosts_learn(c->hosts, answer->name, answer->name_len, NM_NAME_DNS);
	hosts_resolved(c->hosts, &client, &server, host, answer->ttl_s, call->now_s);
	if (is_seen(c))
		show_call(call, CLASSIFY_ANSWERED, (struct classify_event){ .answer = answer });
}

/* What DNS told the one end of the other. Who the client is may be a guess. */
static void
look_up_host(struct classifier *c, const struct packet *pkt, bool from_client,
             struct classify_state *st)
{
	const struct addr *client = from_client ? &pkt->saddr : &pkt->daddr;
	const struct addr *server = from_client ? &pkt->daddr : &pkt->saddr;
	uint32_t now_s = (uint32_t)(pkt->ts_ns / 1000000000U);

	st->host = hosts_find(c->hosts, client, server, now_s);
	if (st->host == HOST_NONE && !(pkt->tcp_flags & TCP_SYN))
		st->host = hosts_find(c->hosts, server, client, now_s);
	name_service(c, st);
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

/* Says whether the verdict stands now. */
static bool
accept_verdict(struct classifier *c, const struct call *call, const struct nm_verdict *v)
{
	const struct packet *pkt = call->pkt;
	struct classify_state *st = call->st;
	uint8_t confidence = v->confidence > 100 ? 100 : v->confidence;
	uint8_t owner = (uint8_t)(call->module + 1);

	if (!beats(st, owner, confidence) || !declares(c, call->module, v->app))
		return false;
	if (confidence >= NM_CONF_SIGNATURE) {
		const struct tag_ends ends = ends_of(pkt, call->from_client, st);

		forget_wrong_tags(c, &ends, v->app);
		if (st->tagged != v->app)
			st->tagged = APP_UNKNOWN;
	}
	bool renamed = st->app != v->app;
	st->app = v->app;
	st->confidence = confidence;
	st->owner = owner;
	st->reason = labels_reason(c->set.names[call->module], v->evidence);
	st->flags &= (uint8_t)~CLASSIFY_WATCHED;
	if (v->flags & NM_WATCH)
		st->flags |= CLASSIFY_WATCHED;
	if (st->note_owner != owner) {
		memset(st->note, 0, sizeof(st->note));
		st->note_owner = 0;
	}
	if (renamed)
		name_service(c, st);
	return true;
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

static struct nm_packet
view_of(const struct packet *pkt, bool from_client, const struct classify_state *st)
{
	return (struct nm_packet){
		.payload = pkt->payload,
		.len = pkt->payload_len < VIEW_MAX ? pkt->payload_len : VIEW_MAX,
		.wire_len = pkt->payload_wire_len,
		.saddr = pkt->saddr.b,
		.daddr = pkt->daddr.b,
		.sport = pkt->sport,
		.dport = pkt->dport,
		.transport = pkt->protocol,
		.tcp_flags = pkt->tcp_flags,
		.tcp_seq = pkt->tcp_seq,
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
	uint64_t note;

	memcpy(&note, st->note, sizeof(note));
	struct call call = {
		.api = { .tag = learn_tag,
		         .host = learn_host,
		         .resolved = learn_answer,
		         .note = may_note ? &note : NULL },
		.c = c,
		.pkt = pkt,
		.from_client = view->direction == NM_FROM_CLIENT,
		.st = st,
		.module = module,
		.now_s = (uint32_t)(pkt->ts_ns / 1000000000U),
	};
	struct nm_verdict verdict = { 0 };

	c->module_calls++;
	modguard_ask(modset_name(c->set.modules, module), pkt->link);
	enum nm_result said =
	    modset_module(c->set.modules, module)
		->classify(modset_ctx(c->set.modules, module), view, &call.api, &verdict);
	modguard_asked();
	bool accepted = said == NM_MATCH && accept_verdict(c, &call, &verdict);
	if (may_note) {
		if (said == NM_NO)
			note = 0;
		memcpy(st->note, &note, sizeof(note));
		st->note_owner = note ? (uint8_t)(module + 1) : 0;
	}
	if (is_seen(c))
		show_call(&call, CLASSIFY_SAID,
		          (struct classify_event){
			      .said = said, .verdict = &verdict, .accepted = accepted });
	return said;
}

/* A settled flow whose owner wants to see more of it. */
static void
show_owner(struct classifier *c, const struct packet *pkt, bool from_client,
           struct classify_state *st)
{
	struct nm_packet view = view_of(pkt, from_client, st);

	show_step(c, CLASSIFY_PACKET, pkt, from_client, st);
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
	uint64_t refused[REFUSED_BITS / 64];

	show_step(c, CLASSIFY_PACKET, pkt, from_client, st);
	memcpy(refused, st->refused, sizeof(refused));
	dispatch_ask(c->set.dispatch, &view, refused, &modules);
	for (unsigned word = 0; word < DISPATCH_WORDS; word++)
		for (uint64_t bits = modules.bits[word]; bits; bits &= bits - 1) {
			unsigned module = word * 64 + (unsigned)__builtin_ctzll(bits);

			if (ask(c, pkt, &view, st, module) == NM_NO && module < REFUSED_BITS)
				st->refused[module / 32] |= UINT32_C(1) << module % 32;
		}
}

/* The admin's rules: they are asked once, whatever else is found out. */
static void
look_up_rule(const struct classifier *c, const struct packet *pkt, struct classify_state *st)
{
	const struct rule *rule = rules_find(c->set.rules, pkt);

	if (!rule)
		return;
	st->rule = rule->reason;
	st->service = rule->app;
}

/* The tags of a flow without a verdict, and what DNS said of its ends, are looked at when it begins, and then with its first
 * packet with payload and the second, 4th, 8th ... 128th: they may have become known meanwhile. */
static bool
tags_are_due(const struct classify_state *st, bool payload)
{
	if (!(st->flags & CLASSIFY_BEGUN))
		return true;
	return payload && (st->payloads & (st->payloads - 1)) == 0;
}

static void
look_up(struct classifier *c, const struct packet *pkt, bool from_client, bool has_ports,
        struct classify_state *st)
{
	if (!(st->flags & CLASSIFY_BEGUN)) {
		look_up_rule(c, pkt, st);
		/* the flow table knows by the same packet who the client is */
		if (pkt->protocol == NM_TCP && pkt->tcp_flags & TCP_SYN)
			st->flags |= CLASSIFY_OPENED;
	}
	st->flags |= CLASSIFY_BEGUN;
	if (has_ports)
		look_up_tags(c, pkt, from_client, st);
	/* who goes somewhere by a name was told it before */
	if (has_ports && st->host == HOST_NONE && st->payloads <= 1)
		look_up_host(c, pkt, from_client, st);
	show_step(c, CLASSIFY_LOOKED_UP, pkt, from_client, st);
}

/* --- behaviour ---------------------------------------------------------------------------------------------------- */

static enum behaviour_kind
kind_of(const struct classifier *c, const struct classify_state *st)
{
	if (st->app != APP_UNKNOWN && st->app == c->set.bittorrent)
		return BEHAVIOUR_BITTORRENT;
	if (st->app != APP_UNKNOWN && st->app <= NM_APP_ID_MAX &&
	    c->set.peers[st->app / 8] >> st->app % 8 & 1)
		return BEHAVIOUR_PEERS;
	/* peers have no names */
	if (st->app != APP_UNKNOWN || st->rule || st->host != HOST_NONE)
		return BEHAVIOUR_OTHER;
	return BEHAVIOUR_UNKNOWN;
}

/* Tells of a conversation once it is settled, and of one that nobody knows once both ends spoke and there was enough to see for most
 * modules. */
static void
note_behaviour(struct classifier *c, const struct packet *pkt, bool from_client,
               struct classify_state *st)
{
	bool unknown = st->app == APP_UNKNOWN && st->payloads >= UNKNOWN_PAYLOADS &&
	               !(st->flags & CLASSIFY_NOTED) && classify_is_answered(st);

	if (!unknown && !(st->flags & CLASSIFY_SETTLED))
		return;
	st->flags |= CLASSIFY_NOTED;
	behaviour_seen(c->behaviour, pkt, from_client, kind_of(c, st));
}

void
classify_guess(const struct classifier *c, struct record *record)
{
	if (!c->behaviour || record->application != APP_UNKNOWN || record->host != HOST_NONE ||
	    !(record->roles & RECORD_ANSWERED))
		return;
	enum behaviour_kind kind = behaviour_guess(c->behaviour, record);
	if (kind == BEHAVIOUR_UNKNOWN)
		return;
	record->application = kind == BEHAVIOUR_BITTORRENT ? c->set.bittorrent : APP_P2P;
	record->confidence = NM_CONF_BEHAVIOUR;
	record->reason = c->set.peers_reason;
}

/* --- packets ------------------------------------------------------------------------------------------------------ */

/* Has everybody said what there is to say of the conversation? */
static bool
is_decided(const struct classify_state *st, unsigned budget, bool has_ports)
{
	return st->confidence >= NM_CONF_SIGNATURE ||
	       (st->payloads >= budget &&
	        (st->app != APP_UNKNOWN || !has_ports || st->payloads == UINT8_MAX));
}

void
classify_packet_slow(struct classifier *c, const struct packet *pkt, bool from_client,
                     struct classify_state *st)
{
	bool has_ports = pkt->protocol == NM_TCP || pkt->protocol == NM_UDP;
	bool payload = pkt->payload_len > 0 || !has_ports;
	unsigned budget = c->set.budget[pkt->protocol];

	/* an acknowledgement tells nothing that its flow's first packet did not */
	if (!payload && (st->flags & CLASSIFY_BEGUN) && st->generation == (uint8_t)c->generation)
		return;
	if (st->generation != (uint8_t)c->generation)
		renew(c, st);
	if (payload && st->payloads < UINT8_MAX)
		st->payloads++;
	if (payload)
		st->flags |= from_client ? CLASSIFY_ASKED : CLASSIFY_TOLD;
	if (payload && c->tags_credit < TAGS_CREDIT)
		c->tags_credit += TAGS_EACH;
	if (st->flags & CLASSIFY_SETTLED) {
		if (payload && (st->flags & CLASSIFY_WATCHED))
			show_owner(c, pkt, from_client, st);
		return;
	}
	if (tags_are_due(st, payload))
		look_up(c, pkt, from_client, has_ports, st);
	if (payload && st->payloads <= budget)
		ask_modules(c, pkt, from_client, st);
	if (is_decided(st, budget, has_ports)) {
		st->flags |= CLASSIFY_SETTLED;
		show_step(c, CLASSIFY_DECIDED, pkt, from_client, st);
	}
	if (payload && has_ports && c->behaviour)
		note_behaviour(c, pkt, from_client, st);
}
