/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a verdict comes from, step by step. */
#include "probe/explain.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/tunnel.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_SHOWN 24 /* of a payload */
#define NOTES_MAX \
	65536 /* octets of a paragraph; what a watched conversation goes on to say is left out */

/* Both ends in a fixed order, so that it is the same for both directions. Compared as bytes. */
struct tuple {
	struct addr addr[2];
	uint16_t port[2];
	uint16_t protocol;
};

/* One conversation and what was noted of it. A later one between the same ends goes on in its paragraph. */
struct talk {
	struct tuple tuple; /* first: what tsearch() compares */
	char *text;
	size_t text_size;
	FILE *notes;                 /* into `text` */
	struct classify_state shown; /* what the last look-up noted */
	bool looked_up;
	struct record first; /* the client's, if it sent one */
	struct record best;  /* the newest of the surest ones */
	uint64_t packets, octets, records;
};

struct explain {
	struct sink sink; /* first */
	struct classifier *classifier;
	FILE *out;
	void *tree;
	struct talk *talks[EXPLAIN_MAX]; /* in the order of their first packets */
	size_t n_talks;
	uint64_t left_out; /* records of conversations beyond those */
};

static const char *const evidence_names[] = {
	[NM_EV_NONE] = "no reason given",     [NM_EV_PORT] = "by the port",
	[NM_EV_BEHAVIOUR] = "by behaviour",   [NM_EV_TAG] = "by a tag",
	[NM_EV_SIGNATURE] = "by a signature",
};

static const char *const source_names[] = {
	[NM_NAME_NONE] = "",
	[NM_NAME_FRONT] = "a provider's, in front of the site that the client hides",
	[NM_NAME_DNS] = "DNS told the client before",
	[NM_NAME_CERTIFICATE] = "the server's certificate says so",
	[NM_NAME_OUTER] = "the client shows it, and may hide the real one",
	[NM_NAME_CLIENT] = "the client asked for it",
};

/* --- conversations ------------------------------------------------------------------------------------------------ */

static struct tuple
tuple_of(const struct addr *saddr, uint16_t sport, const struct addr *daddr, uint16_t dport,
         uint8_t protocol)
{
	struct tuple t;
	int order = addr_compare(saddr, daddr);
	unsigned first = order > 0 || (order == 0 && sport > dport) ? 1 : 0;

	memset(&t, 0, sizeof(t));
	t.addr[first] = *saddr;
	t.addr[!first] = *daddr;
	t.port[first] = sport;
	t.port[!first] = dport;
	t.protocol = protocol;
	return t;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tuple));
}

/* The paragraph of a conversation, made if it is new. NULL when there is no room for more of them. */
static struct talk *
talk_of(struct explain *e, const struct tuple *tuple)
{
	struct talk **found = tfind(tuple, &e->tree, compare);

	if (found)
		return *found;
	if (e->n_talks == EXPLAIN_MAX)
		return NULL;
	struct talk *talk = calloc(1, sizeof(*talk));
	if (talk)
		talk->notes = open_memstream(&talk->text, &talk->text_size);
	if (!talk || !talk->notes)
		log_fatal(1, "out of memory");
	talk->tuple = *tuple;
	if (!tsearch(talk, &e->tree, compare))
		log_fatal(1, "out of memory");
	e->talks[e->n_talks++] = talk;
	return talk;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void
print_end(FILE *out, const struct addr *addr, uint16_t port, uint8_t protocol)
{
	char text[ADDR_TEXT_MAX];
	bool has_port = protocol == NM_TCP || protocol == NM_UDP || port;

	(void)addr_format(addr, text, sizeof(text));
	if (!has_port)
		(void)fprintf(out, "%s", text);
	else if (addr_is_v4(addr))
		(void)fprintf(out, "%s:%u", text, port);
	else
		(void)fprintf(out, "[%s]:%u", text, port);
}

static void
print_protocol(FILE *out, uint8_t protocol)
{
	static const struct {
		uint8_t protocol;
		const char *name;
	} names[] = { { NM_TCP, "tcp" }, { NM_UDP, "udp" }, { NM_ICMP, "icmp" }, { 58, "icmpv6" },
		      { 132, "sctp" },   { 47, "gre" },     { 50, "esp" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].protocol == protocol) {
			(void)fprintf(out, "%s", names[i].name);
			return;
		}
	(void)fprintf(out, "ip protocol %u", protocol);
}

/* The first bytes, as text where they are text. */
static void
print_bytes(FILE *out, const uint8_t *bytes, size_t len)
{
	char safe[BYTES_SHOWN * 4 + 1];
	size_t shown = len < BYTES_SHOWN ? len : BYTES_SHOWN;

	(void)log_safe(safe, sizeof(safe), (const char *)bytes, shown);
	(void)fprintf(out, "\"%s\"%s", safe, shown < len ? "..." : "");
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static void
note_host(struct explain *e, FILE *out, const struct classify_state *st)
{
	char name[HOSTS_NAME_MAX + 1];
	enum nm_name_source source;

	if (!classify_host(e->classifier, st->host, name, &source))
		return;
	(void)fprintf(out, "  host      %s: %s\n", name, source_names[source]);
	if (st->service && !st->rule)
		(void)fprintf(out, "  service   %s\n",
		              classify_app_name(e->classifier, st->service));
}

/* Its reason is "FILE:LINE rule". */
static const char *
where_of_rule(const struct classifier *c, const struct classify_state *st, char where[64])
{
	(void)snprintf(where, 64, "%s", classify_reason(c, st->rule));
	where[strcspn(where, " ")] = '\0';
	return where;
}

/* What rules, tags and DNS said: at first all of it, later what is new. */
static void
note_look_up(struct explain *e, struct talk *t, const struct classify_state *st)
{
	const struct classifier *c = e->classifier;
	char where[64];

	if (!t->looked_up && st->rule)
		(void)fprintf(t->notes, "  rule      %s calls it %s\n", where_of_rule(c, st, where),
		              classify_app_name(c, st->service));
	if (!t->looked_up && !st->rule)
		(void)fprintf(t->notes, "  rule      none meets it\n");
	if (st->tagged && st->tagged != t->shown.tagged)
		(void)fprintf(t->notes, "  tag       one end is known for %s, confidence %u (%s)\n",
		              classify_app_name(c, st->tagged), st->confidence,
		              classify_reason(c, st->reason));
	else if (!t->looked_up && !st->tagged)
		(void)fprintf(t->notes, "  tag       neither end has one\n");
	if (st->host && st->host != t->shown.host)
		note_host(e, t->notes, st);
	t->looked_up = true;
	t->shown = *st;
}

static void
note_said(struct explain *e, FILE *out, const struct classify_event *event)
{
	const struct nm_verdict *v = event->verdict;

	(void)fprintf(out, "    %-14s ", event->module);
	if (event->said == NM_NO)
		(void)fprintf(out, "not mine\n");
	else if (event->said == NM_MORE)
		(void)fprintf(out, "cannot tell yet\n");
	else
		(void)fprintf(out, "%s, confidence %u, %s%s%s\n",
		              classify_app_name(e->classifier, v->app), v->confidence,
		              v->evidence <= NM_EV_SIGNATURE ? evidence_names[v->evidence] : "?",
		              event->accepted ? "" : ": does not beat what there is",
		              v->flags & NM_WATCH ? "; wants to see all of it" : "");
}

static void
note_tag(struct explain *e, FILE *out, const struct classify_event *event)
{
	const struct nm_tag *tag = event->tag;
	struct addr addr;

	memcpy(addr.b, tag->addr, sizeof(addr.b));
	(void)fprintf(out, "    %-14s learned: ", event->module);
	print_protocol(out, tag->transport);
	(void)fprintf(out, " ");
	print_end(out, &addr, tag->port, tag->transport);
	(void)fprintf(out, " is %s, confidence %u, for %u s\n",
	              classify_app_name(e->classifier, tag->app), tag->confidence, tag->ttl_s);
}

static void
note_answer(FILE *out, const struct classify_event *event)
{
	char safe[HOSTS_NAME_MAX * 4 + 1];
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	memcpy(addr.b, event->answer->addr, sizeof(addr.b));
	(void)log_safe(safe, sizeof(safe), (const char *)event->answer->name,
	               event->answer->name_len);
	(void)fprintf(out, "    %-14s the client is told that %s is at %s\n", event->module, safe,
	              addr_format(&addr, text, sizeof(text)));
}

static void
note_packet(FILE *out, const struct classify_event *event)
{
	unsigned nth = event->state->payloads;

	(void)fprintf(out, "  packet %u%s %s, %" PRIu32 " octets ", nth,
	              nth == UINT8_MAX ? "+" : "", event->from_client ? "client" : "server",
	              event->pkt->payload_wire_len);
	print_bytes(out, event->pkt->payload, event->pkt->payload_len);
	(void)fprintf(out, "\n");
}

static void
see(void *ctx, const struct classify_event *event)
{
	struct explain *e = ctx;
	const struct packet *pkt = event->pkt;
	const struct tuple tuple =
	    tuple_of(&pkt->saddr, pkt->sport, &pkt->daddr, pkt->dport, pkt->protocol);
	struct talk *t = talk_of(e, &tuple);

	if (!t || ftell(t->notes) > NOTES_MAX)
		return;
	switch (event->step) {
	case CLASSIFY_LOOKED_UP:
		note_look_up(e, t, event->state);
		break;
	case CLASSIFY_PACKET:
		note_packet(t->notes, event);
		break;
	case CLASSIFY_SAID:
		note_said(e, t->notes, event);
		break;
	case CLASSIFY_TAUGHT:
		note_tag(e, t->notes, event);
		break;
	case CLASSIFY_ANSWERED:
		note_answer(t->notes, event);
		break;
	case CLASSIFY_NAMED:
		note_host(e, t->notes, event->state);
		break;
	case CLASSIFY_DECIDED:
		(void)fprintf(t->notes, "  decided   by packet %u\n", event->state->payloads);
		break;
	}
}

/* --- sink --------------------------------------------------------------------------------------------------------- */

static struct explain *
explain_of(struct sink *sink)
{
	return (struct explain *)(void *)sink;
}

static void
explain_record(struct sink *sink, const struct record *r)
{
	struct explain *e = explain_of(sink);
	const struct tuple tuple = tuple_of(&r->saddr, r->sport, &r->daddr, r->dport, r->protocol);
	struct talk *t = talk_of(e, &tuple);

	if (!t) {
		e->left_out++;
		return;
	}
	if (t->records == 0)
		t->first = *r;
	if (t->records == 0 || r->confidence >= t->best.confidence)
		t->best = *r;
	t->packets += r->packets;
	t->octets += r->octets;
	t->records++;
}

/* "1  tcp 10.0.0.1:4000 > 10.0.0.2:80 (vlan 5, tunnel gre)": as the first record has it, which the client sent. */
static void
print_heading(FILE *out, size_t number, const struct talk *t)
{
	const struct record *r = &t->first;
	char tunnel[TUNNEL_TEXT_MAX];

	(void)fprintf(out, "%zu  ", number);
	print_protocol(out, r->protocol);
	(void)fprintf(out, " ");
	print_end(out, &r->saddr, r->sport, r->protocol);
	(void)fprintf(out, " - ");
	print_end(out, &r->daddr, r->dport, r->protocol);
	if (r->vlan)
		(void)fprintf(out, ", VLAN %u", r->vlan);
	if (r->tunnel)
		(void)fprintf(out, ", in %s", tunnel_format(r->tunnel, tunnel, sizeof(tunnel)));
	(void)fprintf(out, "\n");
}

static void
print_verdict(const struct explain *e, const struct talk *t)
{
	const struct record *r = &t->best;
	const char *reason = classify_reason(e->classifier, r->reason);
	char host[HOSTS_NAME_MAX + 1];

	(void)fprintf(e->out, "  verdict   %s", classify_app_name(e->classifier, r->application));
	if (r->application)
		(void)fprintf(e->out, ", confidence %u (%s)", r->confidence, reason);
	if (r->service)
		(void)fprintf(e->out, ", service %s", classify_app_name(e->classifier, r->service));
	if (classify_host(e->classifier, r->host, host, NULL))
		(void)fprintf(e->out, ", host %s", host);
	(void)fprintf(e->out,
	              ": %" PRIu64 " packets, %" PRIu64 " octets in %" PRIu64 " records\n\n",
	              t->packets, t->octets, t->records);
}

static int
explain_finish(struct sink *sink)
{
	struct explain *e = explain_of(sink);

	for (size_t i = 0; i < e->n_talks; i++) {
		struct talk *t = e->talks[i];

		(void)fflush(t->notes);
		if (t->records == 0)
			continue;
		print_heading(e->out, i + 1, t);
		(void)fputs(t->text, e->out);
		print_verdict(e, t);
	}
	if (e->left_out)
		(void)fprintf(e->out,
		              "%" PRIu64 " records of more than %d conversations are not "
		              "explained: narrow it down with a filter\n",
		              e->left_out, EXPLAIN_MAX);
	if (e->n_talks == 0)
		(void)fprintf(e->out, "no flow was found\n");
	return fflush(e->out) == 0 ? NM_OK : -errno;
}

static void
explain_ledger(struct sink *sink, const struct ledger_delta *delta)
{
	(void)sink;
	(void)delta;
}

static void
explain_apps(struct sink *sink, const struct application *apps, size_t n, uint32_t labels)
{
	(void)sink;
	(void)apps;
	(void)n;
	(void)labels;
}

static void
explain_tick(struct sink *sink)
{
	(void)sink;
}

static void
explain_free(struct sink *sink)
{
	struct explain *e = explain_of(sink);

	classify_trace(e->classifier, NULL, NULL);
	for (size_t i = 0; i < e->n_talks; i++) {
		(void)tdelete(e->talks[i], &e->tree, compare);
		(void)fclose(e->talks[i]->notes);
		free(e->talks[i]->text);
		free(e->talks[i]);
	}
	free(e);
}

int
explain_new(struct classifier *classifier, FILE *out, struct sink **ret_sink)
{
	static const struct sink_ops ops = {
		.record = explain_record,
		.ledger = explain_ledger,
		.apps = explain_apps,
		.tick = explain_tick,
		.finish = explain_finish,
		.free = explain_free,
	};
	struct explain *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->sink.ops = &ops;
	e->classifier = classifier;
	e->out = out;
	classify_trace(classifier, see, e);
	*ret_sink = &e->sink;
	return NM_OK;
}
