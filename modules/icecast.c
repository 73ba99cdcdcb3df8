/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Icecast and Shoutcast: streams of audio that begin like HTTP. TCP, any port, usually 8000.
 *
 * Evidence: the status line "ICY 200 OK"; a source that connects (SOURCE, or a PUT with ice- headers); an HTTP answer with
 * icy- headers. A listener's GET settles the flow as HTTP before the answer is seen, so a GET with "Icy-MetaData" is called
 * Icecast, and the flow watched until the answer confirms it or gives it back to HTTP. A server that answered, or that a source
 * went to, is tagged: later listeners without that header are told by it. Cost: asked for GET, PUT, SOURCE, HTTP answers and ICY; searches the headers
 * of one packet.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_HTTP    1 /* as in http */
#define APP_ICECAST 64

#define WATCHED_MAX  32 /* packets with payload without an answer: it is not in this capture */
#define CONF_REQUEST (NM_CONF_SIGNATURE + 5) /* more than HTTP, less than the answer */

static const struct nm_app apps[] = {
	{ APP_ICECAST, "Icecast", "Streaming", 0xe7298a, 0xf57fb8 },
	{ APP_HTTP, "HTTP", "Web", 0x56b4e9, 0x7cc7f2 },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 8, "ICY "),     NM_MATCH_TEXT(NM_TCP, 12, "SOURCE "),
	NM_MATCH_TEXT(NM_TCP, 16, "GET /"),   NM_MATCH_TEXT(NM_TCP, 16, "PUT /"),
	NM_MATCH_TEXT(NM_TCP, 12, "HTTP/1."),
};

/* What headers say, in lower case; the line break before them keeps bodies and paths out. */
static bool
has_header(struct wire w, const char *name)
{
	return text_seek(&w, name);
}

/* "SOURCE /mount ICE/1.0", "SOURCE /mount HTTP/1.0", "SOURCE password /mount" */
static uint8_t
rate_source(struct wire w)
{
	struct wire rest = w;
	bool ended;
	struct wire line = text_line(&rest, &ended);
	struct wire mount = line;

	if (!ended || !text_all_print(&line))
		return 0;
	wire_skip(&mount, 6);
	if (has_header(mount, " ice/1.") || has_header(w, "\nice-") ||
	    has_header(w, "\nx-audiocast-"))
		return NM_CONF_PROOF;
	return text_seek(&mount, " /") ? NM_CONF_WEAK : 0;
}

/* What a request is worth. */
static uint8_t
rate_request(const struct nm_packet *pkt, struct wire w)
{
	if (text_begins(&w, "PUT "))
		return has_header(w, "\nice-") ? NM_CONF_PROOF : 0;
	bool known = pkt->tagged == APP_ICECAST;

	return known || has_header(w, "\nicy-metadata:") ? CONF_REQUEST : 0;
}

/* The answer: with icy- headers it is proof; without them, the request's verdict is taken back when it was ours. */
static enum nm_result
judge_answer(const struct nm_packet *pkt, struct nm_call *call, struct wire w,
             struct nm_verdict *verdict)
{
	if (has_header(w, "\nicy-")) {
		nm_tag_sender(pkt, call, APP_ICECAST);
		verdict->app = APP_ICECAST;
	} else if (call->note && *call->note) {
		verdict->app = APP_HTTP;
	} else {
		return NM_MORE;
	}
	if (call->note)
		*call->note = 0;
	verdict->confidence = NM_CONF_PROOF;
	return NM_MATCH;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	(void)ctx;
	if (pkt->nth > WATCHED_MAX)
		return NM_NO;
	verdict->evidence = NM_EV_SIGNATURE;
	if (text_begins(&w, "HTTP/1."))
		return judge_answer(pkt, call, w, verdict);
	verdict->app = APP_ICECAST;
	if (text_begins(&w, "ICY ")) {
		wire_skip(&w, 4);
		uint32_t code = text_number(&w, 599);
		verdict->confidence = wire_ok(&w) && code >= 100 ? NM_CONF_PROOF : 0;
	} else if (text_begins(&w, "SOURCE ")) {
		verdict->confidence = rate_source(w);
	} else if (text_begins(&w, "GET ") || text_begins(&w, "PUT ")) {
		verdict->confidence = rate_request(pkt, w);
		if (verdict->confidence == CONF_REQUEST && call->note) {
			*call->note = 1;
			verdict->flags = NM_WATCH;
		}
	}
	if (verdict->confidence == NM_CONF_PROOF)
		nm_tag_server(pkt, call, APP_ICECAST);
	return verdict->confidence ? NM_MATCH : NM_MORE;
}

NM_MODULE(icecast) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "icecast",
	.summary = "Icecast and Shoutcast, on any TCP port",
	.max_packets = 6,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
