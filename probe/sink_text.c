/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records as CSV and as JSON, a line each. */
#include "probe/sink_text.h"

#include "lib/err.h"
#include "lib/tunnel.h"
#include "probe/outbuf.h"
#include "probe/sink_batch.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct text_sink {
	struct sink sink;
	struct sink_text_config config;
	struct outbuf *out;
};

static const char *const format_names[] = {
	[SINK_CSV] = "csv",
	[SINK_JSON] = "json",
	[SINK_SQL] = "sql",
	[SINK_RECORDS] = "records",
};

int
sink_format_parse(const char *text, enum sink_format *ret_format)
{
	for (unsigned i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++)
		if (strcmp(text, format_names[i]) == 0) {
			*ret_format = (enum sink_format)i;
			return NM_OK;
		}
	return NM_ENOTFOUND;
}

static const char *
link_name(const struct text_sink *t, uint16_t link)
{
	return link < t->config.n_links ? t->config.links[link] : "";
}

/* A record of every packet holds 0 or 1, and is printed as 1. */
static inline unsigned
sampling_of(const struct record *r)
{
	return r->sampling ? r->sampling : 1;
}

static void
csv_tunnel(struct outbuf *o, uint32_t tunnel)
{
	char text[TUNNEL_TEXT_MAX];

	outbuf_text(o, tunnel_format(tunnel, text, sizeof(text)));
}

/* The service's name, and the host's: of most records there is none. */
static void
csv_names(const struct text_sink *t, const struct record *r)
{
	char host[HOSTS_NAME_MAX + 1];

	outbuf_char(t->out, ',');
	if (r->service)
		outbuf_csv(t->out, classify_app_name(t->config.classifier, r->service));
	outbuf_char(t->out, ',');
	if (classify_host(t->config.classifier, r->host, host, NULL))
		outbuf_text(t->out, host);
}

static void
csv_record(struct sink *sink, const struct record *r)
{
	struct text_sink *t = (struct text_sink *)sink;
	struct outbuf *o = t->out;
	const uint32_t numbers[] = { r->sport, r->dport, r->protocol, r->packets, r->octets };

	outbuf_addr(o, &r->saddr);
	outbuf_char(o, ',');
	outbuf_addr(o, &r->daddr);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		outbuf_char(o, ',');
		outbuf_u64(o, numbers[i]);
	}
	outbuf_char(o, ',');
	outbuf_csv(o, classify_app_name(t->config.classifier, r->application));
	outbuf_char(o, ',');
	outbuf_u64(o, r->confidence);
	outbuf_char(o, ',');
	outbuf_csv(o, classify_reason(t->config.classifier, r->reason));
	outbuf_char(o, ',');
	outbuf_time(o, r->started, r->start_frac);
	outbuf_char(o, ',');
	outbuf_time(o, r->expires, r->end_frac);
	outbuf_char(o, ',');
	outbuf_csv(o, link_name(t, r->link));
	outbuf_char(o, ',');
	outbuf_u64(o, r->vlan);
	outbuf_char(o, ',');
	if (r->tunnel)
		csv_tunnel(o, r->tunnel);
	outbuf_char(o, ',');
	outbuf_u64(o, sampling_of(r));
	csv_names(t, r);
	outbuf_char(o, '\n');
}

static int
json_piece(const char *bytes, size_t len, void *out)
{
	outbuf_put(out, bytes, len);
	return 0;
}

/* 13 digits hold seconds until 2286 and three decimals. */
#define JSON_FLAGS (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(13))

static double
json_time(uint32_t seconds, uint8_t frac)
{
	int ms = frac * 1000 / 256;

	return seconds + ms / 1000.0;
}

/* What the record says of the host: "dns" and the like, behind "host_source". */
static const char *const source_names[] = {
	[NM_NAME_NONE] = "",       [NM_NAME_FRONT] = "front",
	[NM_NAME_DNS] = "dns",     [NM_NAME_CERTIFICATE] = "certificate",
	[NM_NAME_OUTER] = "outer", [NM_NAME_CLIENT] = "client",
};

static int
json_names(const struct text_sink *t, const struct record *r, json_t *line)
{
	char host[HOSTS_NAME_MAX + 1];
	enum nm_name_source source;

	(void)classify_host(t->config.classifier, r->host, host, &source);
	const char *service = r->service ? classify_app_name(t->config.classifier, r->service) : "";
	return json_object_set_new(line, "service", json_string(service)) |
	       json_object_set_new(line, "host", json_string(host)) |
	       json_object_set_new(line, "host_source", json_string(source_names[source]));
}

static void
json_record(struct sink *sink, const struct record *r)
{
	struct text_sink *t = (struct text_sink *)sink;
	char saddr[ADDR_TEXT_MAX], daddr[ADDR_TEXT_MAX], tunnel[TUNNEL_TEXT_MAX];

	json_t *line = json_pack(
	    "{s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:s, s:i, s:s, s:f, s:f, s:s, s:i, s:s, s:i}",
	    "saddr", addr_format(&r->saddr, saddr, sizeof(saddr)), "daddr",
	    addr_format(&r->daddr, daddr, sizeof(daddr)), "sport", (int)r->sport, "dport",
	    (int)r->dport, "protocol", (int)r->protocol, "packets", (int)r->packets, "octets",
	    (json_int_t)r->octets, "application",
	    classify_app_name(t->config.classifier, r->application), "confidence",
	    (int)r->confidence, "reason", classify_reason(t->config.classifier, r->reason),
	    "started", json_time(r->started, r->start_frac), "expires",
	    json_time(r->expires, r->end_frac), "link", link_name(t, r->link), "vlan", (int)r->vlan,
	    "tunnel", tunnel_format(r->tunnel, tunnel, sizeof(tunnel)), "sampling",
	    (int)sampling_of(r));
	/* NULL only without memory: the line is left out, and the next one may do */
	if (!line || json_names(t, r, line) != 0) {
		json_decref(line);
		return;
	}
	(void)json_dump_callback(line, json_piece, t->out, JSON_FLAGS);
	outbuf_char(t->out, '\n');
	json_decref(line);
}

static void
text_ledger(struct sink *sink, const struct ledger_delta *delta)
{
	(void)sink;
	(void)delta;
}

static void
text_apps(struct sink *sink, const struct application *apps, size_t n, uint32_t labels)
{
	(void)sink;
	(void)apps;
	(void)n;
	(void)labels;
}

static void
text_tick(struct sink *sink)
{
	outbuf_flush(((struct text_sink *)sink)->out);
}

static int
text_finish(struct sink *sink)
{
	text_tick(sink);
	return NM_OK;
}

static void
text_free(struct sink *sink)
{
	struct text_sink *t = (struct text_sink *)sink;

	outbuf_free(t->out);
	free(t);
}

static const struct sink_ops csv_ops = {
	.record = csv_record,
	.ledger = text_ledger,
	.apps = text_apps,
	.tick = text_tick,
	.finish = text_finish,
	.free = text_free,
};

static const struct sink_ops json_ops = {
	.record = json_record,
	.ledger = text_ledger,
	.apps = text_apps,
	.tick = text_tick,
	.finish = text_finish,
	.free = text_free,
};

int
sink_text_new(enum sink_format format, const struct sink_text_config *config,
              struct sink **ret_sink)
{
	if (format == SINK_SQL || format == SINK_RECORDS)
		return sink_batch_new(format, config, ret_sink);
	struct text_sink *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->sink.ops = format == SINK_CSV ? &csv_ops : &json_ops;
	t->config = *config;
	t->out = outbuf_new(config->fd, "standard output");
	if (!t->out) {
		free(t);
		return -ENOMEM;
	}
	if (format == SINK_CSV)
		outbuf_text(t->out, SINK_CSV_HEADER "\n");
	*ret_sink = &t->sink;
	return NM_OK;
}
