/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QUIC: versions 1 (RFC 9000, RFC 9001) and 2 (RFC 9369), drafts 22 to 34, version negotiation, Retry, and Google's QUIC from
 * before (Q0nn, T05n). UDP, any port; 443 is the usual one. HTTP/3 (RFC 9114) is called QUIC; DNS over QUIC (RFC 9250) and SMB
 * over QUIC are told by ALPN; HTTP/3 with a server that is known to answer DNS is DoH (RFC 8484).
 *
 * Evidence: a long header whose version is known and whose lengths fill the datagram; proof is a client's Initial packet that
 * opens with the key which it implies (RFC 9001 section 5.2). From it come ALPN and the server's name, also when the hello is
 * spread over several packets. In the middle of a connection, on port 443: a connection id that stays while the protected
 * bits before it change. A server that was met is tagged.
 *
 * Cost: the dispatch asks for long headers by their version, and for others on port 443 only. Opening a packet costs
 * 2 us, so it is done once or twice for each connection, and for so many packets a second at most.
 */
#include "modules/pieces.h"
#include "modules/quic/frames.h"
#include "modules/quic/google.h"
#include "modules/quic/initial.h"
#include "modules/tls/names.h"

#include <netmon/family.h>
#include <netmon/hello.h>
#include <netmon/module.h>
#include <stdlib.h>

#define APP_QUIC 140
#define APP_DOQ  141
#define APP_SMBQ 142
#define APP_DOH  144 /* as the module tls calls it */

#define PORT_HTTPS    443
#define PORT_HTTP     80
#define PACKETS_MAX   4  /* read of one datagram */
#define WATCH_MAX     12 /* packets of a flow until its hello must have been here */
#define LONG_MIN      21 /* octets of a datagram with a long header */
#define SHORT_MIN     21 /* RFC 9001 section 5.4.2 */
#define CLIENT_ID_MIN 8  /* RFC 9000 section 7.2 */
/* Packets opened in a second of packet time, so that a flood of invented ones takes a twentieth of a core and not all of it. */
#define OPENED_PER_S 20000

static const struct nm_app apps[] = {
	{ APP_QUIC, "QUIC", "Web", 0x1f5fa8, 0x5f9fe8 },
	{ APP_DOQ, "DoQ", "Name service", 0xb8860b, 0xe0b840 },
	{ APP_DOH, "DoH", "Name service", 0x967117, 0xc49a3a },
	{ APP_SMBQ, "SMB over QUIC", "File sharing", 0x7a6a2a, 0xb8a860 },
};

/* A long header: the top bit (the next one may be 0, RFC 9287), then the version. */
#define LONG(a, b, c, d, ...)                                       \
	{                                                           \
		.transport = NM_UDP, .min_len = LONG_MIN, .len = 5, \
		.pattern = { 0x80, a, b, c, d }, .mask = {          \
			0x80,                                       \
			__VA_ARGS__                                 \
		}                                                   \
	}
#define GOOGLE(port_)                                                                       \
	{                                                                                   \
		.transport = NM_UDP, .port = (port_), .min_len = 30, .offset = 9, .len = 2, \
		.pattern = {                                                                \
			'Q',                                                                \
			'0'                                                                 \
		}                                                                           \
	}
static const struct nm_match matches[] = {
	LONG(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe), /* negotiation, and version 1 */
	LONG(0x6b, 0x33, 0x43, 0xcf, 0xff, 0xff, 0xff, 0xff),
	LONG(0x70, 0x9a, 0x50, 0xc4, 0xff, 0xff, 0xff, 0xff),
	LONG(0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xc0), /* drafts */
	LONG(0xfa, 0xce, 0xb0, 0, 0xff, 0xff, 0xff, 0xe0),
	LONG('Q', '0', '0', '0', 0xff, 0xff, 0xf8, 0xf0),
	LONG('T', '0', '5', 0, 0xff, 0xff, 0xff, 0xfe),
	LONG(0x0a, 0x0a, 0x0a, 0x0a, 0x0f, 0x0f, 0x0f, 0x0f), /* to be refused */
	GOOGLE(PORT_HTTPS),
	GOOGLE(PORT_HTTP),
	/* short headers: RFC 9000 section 17.3.1, and Google's with eight octets of connection id */
	{ .transport = NM_UDP,
	  .port = PORT_HTTPS,
	  .min_len = SHORT_MIN,
	  .len = 1,
	  .pattern = { 0x40 },
	  .mask = { 0xc0 } },
	{ .transport = NM_UDP,
	  .port = PORT_HTTPS,
	  .min_len = SHORT_MIN,
	  .len = 1,
	  .pattern = { 0x08 },
	  .mask = { 0xfb } },
};

/* IANA's ALPN protocol ids; of DNS also those of the drafts. All others are QUIC. */
static const struct hello_alpn protocols[] = {
	{ "doq", APP_DOQ },     { "doq-i11", APP_DOQ }, { "doq-i03", APP_DOQ },
	{ "doq-i02", APP_DOQ }, { "doq-i00", APP_DOQ }, { "smb", APP_SMBQ },
};

struct context {
	struct pieces pieces;
	/* of each of their slots: keys, and whose packets they open (enum nm_direction) */
	struct initial_keys keys[PIECES_SLOTS];
	uint8_t from[PIECES_SLOTS];
	uint64_t second; /* of packet time, to which `opened` belongs */
	uint32_t opened;
};

/* What the flow's note holds: while its hello is awaited, or while its short headers are compared. */
#define NOTE_HELLO                 1u
#define NOTE_SHORT                 2u
#define NOTE_FIELD(note, at, bits) ((note) >> (at) & ((UINT64_C(1) << (bits)) - 1))

struct sight { /* one datagram, and what is made of it */
	struct context *ctx;
	const struct nm_packet *pkt;
	struct nm_call *call;
	uint64_t handle; /* of pieces_find(), 0 for none */
	uint16_t app;
	uint8_t confidence;
	bool done; /* the hello was read, or there will be none */
};

/* --- the hello -------------------------------------------------------------------------------------------------- */

/* Of Google's hello: nothing is hidden. */
static void
say_name(struct sight *s, struct wire name)
{
	const struct hello hello = { .name = name };

	name_report(s->call, &hello);
}

/* What the client said: ends the waiting when all of it, or all that matters, is here. */
static void
read_hello(struct sight *s, struct piece *piece)
{
	struct wire message = piece_prefix(piece);
	struct wire name;
	struct hello hello;

	if (google_read_hello(message, &name)) {
		say_name(s, name);
		s->done = true;
		return;
	}
	if (!hello_read_message(message, HELLO_CLIENT, &hello))
		return;
	name_report(s->call, &hello);
	uint16_t app =
	    hello_alpn_app(hello.alpn, protocols, sizeof(protocols) / sizeof(protocols[0]));
	if (app)
		s->app = app;
	else if (name_is_resolver(&hello.name))
		s->app = APP_DOH;
	s->done = hello.whole || (wire_left(&hello.name) > 0 && wire_left(&hello.alpn) > 0);
}

/* May one more packet be opened in this second, its keys made included? */
static bool
may_open(struct sight *s)
{
	uint64_t second = s->pkt->ts_ns / 1000000000U;

	if (second != s->ctx->second) {
		s->ctx->second = second;
		s->ctx->opened = 0;
	}
	return s->ctx->opened++ < OPENED_PER_S;
}

/* A packet that was opened. */
struct opened {
	uint8_t bytes[INITIAL_MAX];
	struct wire frames; /* in `bytes` */
	bool proof;
};

static bool
open_with(const struct quic_packet *p, const struct initial_keys *keys, struct opened *ret_opened)
{
	ret_opened->proof = false;
	ret_opened->frames = initial_open(p, keys, ret_opened->bytes, &ret_opened->proof);
	return wire_left(&ret_opened->frames) > 0;
}

/* Puts what an opened packet says of the hello to the rest. */
static bool
take_frames(struct sight *s, const struct quic_packet *p, const struct opened *opened,
            struct piece *piece)
{
	if (p->version->google)
		frames_read_google(opened->frames, piece);
	else if (!frames_read(opened->frames, !opened->proof, piece))
		return false;
	if (opened->proof)
		s->confidence = NM_CONF_PROOF;
	read_hello(s, piece);
	return true;
}

/* An Initial packet, of whichever side. The connection's keys follow from the id of the client's first one, or of the first
 * after a Retry. One that does not open takes no slot from a connection that waits. */
static void
see_initial(struct sight *s, const struct quic_packet *p)
{
	struct context *ctx = s->ctx;
	struct piece *piece = pieces_find(&ctx->pieces, s->handle);
	unsigned slot = pieces_slot(s->handle);
	struct initial_keys keys;
	struct opened opened;

	if ((piece && ctx->from[slot] != s->pkt->direction) || !may_open(s))
		return;
	if (piece && open_with(p, &ctx->keys[slot], &opened) && take_frames(s, p, &opened, piece))
		return;
	if (p->dcid_len < CLIENT_ID_MIN || (piece && !may_open(s)))
		return;
	initial_derive(p->version, p->dcid, p->dcid_len, &keys);
	if (!open_with(p, &keys, &opened))
		return;
	piece = pieces_begin(&ctx->pieces, &s->handle);
	slot = pieces_slot(s->handle);
	ctx->keys[slot] = keys;
	ctx->from[slot] = (uint8_t)s->pkt->direction;
	if (!take_frames(s, p, &opened, piece))
		s->handle = 0;
}

/* Of versions Q044 to Q049: packet number, hash, frames, none of it encrypted. */
static void
see_google(struct sight *s, const struct quic_packet *p)
{
	struct wire w = wire_init(p->number, p->captured);
	struct wire name;

	wire_skip(&w, (*p->start & 3U) + 1);
	wire_skip(&w, GOOGLE_HASH);
	if (google_read_hello(w, &name)) {
		say_name(s, name);
		s->confidence = NM_CONF_PROOF;
		s->done = true;
	}
}

/* --- packets ---------------------------------------------------------------------------------------------------- */

/* One or more packets with long headers. */
static void
see_long(struct sight *s)
{
	struct wire w = wire_init(s->pkt->payload, s->pkt->len);
	uint32_t lost = s->pkt->wire_len - s->pkt->len;
	struct quic_packet p;

	if (quic_is_negotiation(w))
		s->confidence = NM_CONF_SIGNATURE;
	else if (quic_is_greased(w, s->pkt->wire_len))
		s->confidence = NM_CONF_WEAK;
	for (unsigned i = 0; i < PACKETS_MAX && wire_left(&w) > 0 && *w.at & QUIC_LONG_HEADER;
	     i++) {
		if (!quic_read_packet(&w, lost, &p))
			return;
		if (s->confidence == 0)
			s->confidence = NM_CONF_SIGNATURE;
		if (s->done || p.type != QUIC_INITIAL)
			continue;
		if (p.version->layout == QUIC_Q046)
			see_google(s, &p);
		else
			see_initial(s, &p);
	}
}

/* The public header of versions up to Q043. */
static void
see_public(struct sight *s)
{
	struct wire w = wire_init(s->pkt->payload, s->pkt->len);
	struct wire name;

	if (!google_read_header(&w))
		return;
	s->confidence = NM_CONF_SIGNATURE;
	wire_skip(&w, GOOGLE_HASH);
	if (google_read_hello(w, &name)) {
		say_name(s, name);
		s->confidence = NM_CONF_PROOF;
		s->done = true;
	}
}

/* What the note keeps of packets with short headers: how many had the same id, and the last one's first octet, id (five octets)
 * and what stands behind an id of eight, which is Google's packet number. */
static uint64_t
short_note(const uint8_t *payload, unsigned count)
{
	uint64_t note = NOTE_SHORT | (uint64_t)(count & 15) << 4;

	note |= (uint64_t)payload[0] << 8 | (uint64_t)payload[9] << 16;
	for (unsigned i = 0; i < 5; i++)
		note |= (uint64_t)payload[1 + i] << (24 + 8 * i);
	return note;
}

/* In the middle of a connection: what goes to the server has the id that the server gave, behind an octet of which five bits
 * are protected, so random, or, in Google's, behind a constant one and before a number that counts. */
static void
see_short(struct sight *s)
{
	uint64_t *note = s->call->note;

	if (!note || s->pkt->dport != PORT_HTTPS)
		return;
	uint64_t now = short_note(s->pkt->payload, 1);
	uint64_t then = *note;
	uint8_t counted = (uint8_t)(NOTE_FIELD(now, 16, 8) - NOTE_FIELD(then, 16, 8));
	bool same_first = NOTE_FIELD(now, 8, 8) == NOTE_FIELD(then, 8, 8);
	unsigned count = 1;

	if (NOTE_FIELD(then, 0, 4) == NOTE_SHORT && now >> 24 == then >> 24) {
		bool google =
		    same_first && (*s->pkt->payload & 0xb3) == 0 && counted >= 1 && counted <= 3;

		count = (unsigned)NOTE_FIELD(then, 4, 4) + (same_first ? 0 : 1) + (google ? 2 : 0);
	}
	if (count >= 3)
		s->confidence = NM_CONF_WEAK;
	*note = short_note(s->pkt->payload, count > 3 ? 3 : count);
}

/* --- the flow --------------------------------------------------------------------------------------------------- */

/* Tags the server: the receiver of what only clients send, else the end with the usual port. */
static void
tag_server(struct sight *s)
{
	if (s->done && s->confidence == NM_CONF_PROOF)
		nm_tag_end(s->pkt, s->call, s->app, false);
	else
		nm_tag_port(s->pkt, s->call, s->app, PORT_HTTPS);
}

/* The flow is known. Should more of it be looked at, because the hello has not come yet? */
static enum nm_result
settle(struct sight *s, uint64_t note, struct nm_verdict *verdict)
{
	uint64_t count = NOTE_FIELD(note, 0, 4) == NOTE_HELLO ? NOTE_FIELD(note, 4, 8) + 1 : 1;
	bool watch = s->call->note && !s->done && count <= WATCH_MAX;

	(void)nm_signature(verdict, s->app, s->confidence);
	verdict->flags = watch ? NM_WATCH : 0;
	if (s->call->note)
		*s->call->note = watch ? NOTE_HELLO | count << 4 | s->handle << 12 : 0;
	if (s->confidence >= NM_CONF_SIGNATURE && (s->done || count == 1))
		tag_server(s);
	return NM_MATCH;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	uint64_t note = call->note ? *call->note : 0;
	bool awaited = NOTE_FIELD(note, 0, 4) == NOTE_HELLO;
	struct sight s = { .ctx = ctx,
		           .pkt = pkt,
		           .call = call,
		           .app = APP_QUIC,
		           .handle = awaited ? note >> 12 : 0 };

	if (*pkt->payload & QUIC_LONG_HEADER)
		see_long(&s);
	else if (!awaited && pkt->len > 13 && memcmp(pkt->payload + 9, "Q0", 2) == 0)
		see_public(&s);
	else if (!awaited && pkt->len >= SHORT_MIN)
		see_short(&s);
	if (s.confidence == 0 && !awaited)
		return NM_MORE;
	if (s.confidence == 0) { /* no hello in this one */
		if (NOTE_FIELD(note, 4, 8) >= WATCH_MAX)
			return NM_NO;
		*call->note = note + (1U << 4);
		return NM_MORE;
	}
	return s.confidence < NM_CONF_SIGNATURE && !(*pkt->payload & QUIC_LONG_HEADER)
	           ? nm_signature(verdict, APP_QUIC, s.confidence)
	           : settle(&s, note, verdict);
}

static int
load(const struct nm_host *host, void **ret_ctx)
{
	*ret_ctx = calloc(1, sizeof(struct context));
	if (!*ret_ctx)
		host->log(host, "no memory");
	return *ret_ctx ? 0 : -1;
}

NM_MODULE(quic) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "quic",
	.summary = "QUIC (HTTP/3), DNS over QUIC, SMB over QUIC, Google's QUIC",
	.max_packets = 12,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.load = load,
	.unload = free,
	.classify = classify,
};
