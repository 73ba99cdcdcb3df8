/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS: RFC 8446 (1.3), RFC 5246 (1.2) and before, the SSLv2 form of a ClientHello (RFC 5246 appendix E.2). TCP, any port.
 * The name is that of the application which the handshake negotiates (ALPN, RFC 7301) or, when it names none, which has the
 * port: HTTPS, IMAPS, POP3S, SMTPS (RFC 8314), DoT (RFC 7858); HTTPS with a server that is known to answer DNS (RFC 8484) is
 * DoH; else TLS.
 *
 * Evidence: a ClientHello or ServerHello whose fields fit each other; in the middle of a connection the chain of record
 * headers, on the usual ports also where no segment begins with one (a server of which
 * that was seen is tagged). One direction is enough. The host's name is what the client asks for, or, when it asks for none, what is in the
 * certificate that versions up to 1.2 show; for these, handshakes are put together from segments.
 *
 * Cost: asked only for the six first octets that a record can have; reads one hello, and goes on for a few packets when it is
 * not whole or names no server.
 */
#include "modules/pieces.h"
#include "modules/tls/certificate.h"
#include "modules/tls/names.h"
#include "modules/tls/records.h"

#include <netmon/family.h>
#include <netmon/hello.h>
#include <netmon/module.h>
#include <netmon/text.h>
#include <stdlib.h>

#define APP_HTTPS 2
#define APP_TLS   3
#define APP_IMAPS 51
#define APP_POP3S 53
#define APP_SMTPS 54
#define APP_DOT   143
#define APP_DOH   144

/* RFC 8446 section 5.1: TLSPlaintext.type; 24 is RFC 6520 */
#define RECORD_CHANGE_CIPHER 20
#define RECORD_ALERT         21
#define RECORD_HANDSHAKE     22
#define RECORD_DATA          23
#define RECORD_HEARTBEAT     24
#define RECORD_MAX           (16384 + 2048) /* RFC 5246 section 6.2.3 */
#define RECORD_HEADER        5

/* RFC 8446 section 4 */
#define CERTIFICATE    11
#define MESSAGE_HEADER 4

#define WATCH_MAX   16  /* packets of a flow until its names must have been here */
#define RECORDS_MAX 128 /* looked at in one packet: each octet could begin a chain of them */

static const struct nm_app apps[] = {
	{ APP_HTTPS, "HTTPS", "Web", 0x0072b2, 0x3d9be0 },
	{ APP_TLS, "TLS", "Encrypted", 0x44aa99, 0x66ccbb },
	{ APP_IMAPS, "IMAPS", "Mail", 0x88226b, 0xb85fa0 },
	{ APP_POP3S, "POP3S", "Mail", 0x661a40, 0xa8527a },
	{ APP_SMTPS, "SMTPS", "Mail", 0xb0567f, 0xe8b4d2 },
	{ APP_DOT, "DoT", "Name service", 0xa8760f, 0xd8a838 },
	{ APP_DOH, "DoH", "Name service", 0x967117, 0xc49a3a },
};

/* A record header: type, then major version 3 and a minor one of 0..4. */
#define RECORD(type)                                                     \
	{                                                                \
		.transport = NM_TCP, .min_len = RECORD_HEADER, .len = 3, \
		.pattern = { type, 3, 0 }, .mask = {                     \
			0xff,                                            \
			0xff,                                            \
			0xf8                                             \
		}                                                        \
	}
#define MIDDLE(port_)                                               \
	{                                                           \
		.transport = NM_TCP, .port = (port_), .min_len = 64 \
	}
static const struct nm_match matches[] = {
	RECORD(20),
	RECORD(21),
	RECORD(22),
	RECORD(23),
	RECORD(24),
	/* the middle of long records, on the usual ports only */
	MIDDLE(443),
	MIDDLE(8443),
	MIDDLE(993),
	MIDDLE(995),
	MIDDLE(465),
	MIDDLE(853),
	/* SSLv2: length with its top bit set, then message type 1 */
	{ .transport = NM_TCP,
	  .min_len = 11,
	  .len = 3,
	  .pattern = { 0x80, 0, HELLO_CLIENT },
	  .mask = { 0x80, 0, 0xff } },
};

/* IANA's ALPN protocol ids, and the ports of TLS from the first packet: what a client offers first counts. */
static const struct hello_alpn protocols[] = {
	{ "h2", APP_HTTPS },       { "http/1.1", APP_HTTPS }, { "http/1.0", APP_HTTPS },
	{ "spdy/3.1", APP_HTTPS }, { "h2c", APP_HTTPS },      { "imap", APP_IMAPS },
	{ "pop3", APP_POP3S },     { "smtp", APP_SMTPS },     { "dot", APP_DOT },
};
static const struct {
	uint16_t port;
	uint16_t app;
} ports[] = {
	{ 443, APP_HTTPS }, { 8443, APP_HTTPS }, { 993, APP_IMAPS },
	{ 995, APP_POP3S }, { 465, APP_SMTPS },  { 853, APP_DOT },
};

/* Is this a record header that makes sense? *ret_len is the length of its body. */
static bool
is_record(struct wire *w, uint16_t *ret_len)
{
	uint8_t type = wire_u8(w);
	uint8_t major = wire_u8(w);
	uint8_t minor = wire_u8(w);
	uint16_t len = wire_u16(w);

	if (!wire_ok(w) || type < RECORD_CHANGE_CIPHER || type > RECORD_HEARTBEAT || major != 3 ||
	    minor > 4 || len == 0 || len > RECORD_MAX)
		return false;
	if (type == RECORD_CHANGE_CIPHER && len != 1)
		return false;
	if (type == RECORD_ALERT && len != 2 && len < 18)
		return false;
	*ret_len = len;
	return true;
}

/* In the middle of a connection: records one behind the other. One that goes on in the next packet is weak, several of
 * which each begins where the one before ends are not, nor is one that ends with the packet. *budget: how many may be looked at
 * yet; none is left of RECORDS_MAX in a row, and they are enough. */
static uint8_t
rate_records(struct wire w, unsigned *budget)
{
	unsigned records = 0;
	uint16_t len = 0;

	while (wire_left(&w) >= RECORD_HEADER) {
		if (*budget == 0)
			return records == RECORDS_MAX ? NM_CONF_SIGNATURE : 0;
		(*budget)--;
		if (!is_record(&w, &len))
			return 0;
		records++;
		if (len > wire_left(&w))
			return records > 1 ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
		wire_skip(&w, len);
	}
	return NM_CONF_SIGNATURE;
}

/* RFC 5246 appendix E.2: the three lengths make up the message's. */
static bool
is_sslv2_hello(struct wire w)
{
	uint16_t length = wire_u16(&w);
	uint8_t type = wire_u8(&w);
	uint16_t version = wire_u16(&w);
	uint16_t specs = wire_u16(&w);
	uint16_t session = wire_u16(&w);
	uint16_t challenge = wire_u16(&w);
	return wire_ok(&w) && length & 0x8000 && type == HELLO_CLIENT &&
	       (version == 2 || (version >= 0x300 && version <= 0x304)) && specs > 0 &&
	       specs % 3 == 0 && (session == 0 || session == 16) && challenge >= 16 &&
	       challenge <= 32 && (length & 0x7fff) == 9 + specs + session + challenge;
}

/* --- names ------------------------------------------------------------------------------------------------------ */

/* What the flow's note holds while something is awaited: in which state, for how many packets, and which slot. */
enum state {
	STATE_NONE = 0,
	STATE_CLIENT, /* the rest of a ClientHello */
	STATE_SERVER, /* the server's answer, for the client named none */
	STATE_ANSWER, /* the rest of it */
	/* no names, but where the next record should begin: instead of the slot, its sequence number */
	STATE_MIDDLE,
};
#define NOTE_STATE(note)     ((enum state)((note)&7))
#define NOTE_DIRECTION(note) ((uint8_t)((note) >> 3 & 3)) /* the side whose packets are awaited */
#define NOTE_COUNT(note)     ((unsigned)((note) >> 5 & 0xff))
#define NOTE_HANDLE(note)    ((note) >> 13)

static uint64_t
make_note(enum state state, uint8_t direction, unsigned count, uint64_t handle)
{
	return (uint64_t)state | (uint64_t)direction << 3 | (uint64_t)count << 5 | handle << 13;
}

struct context {
	struct pieces pieces;
	uint32_t begin[PIECES_SLOTS]; /* sequence number of each slot's first octet */
};

struct sight { /* one packet, and what is made of it */
	struct context *ctx;
	const struct nm_packet *pkt;
	struct nm_call *call;
	enum state state;  /* that the flow goes over to */
	uint8_t direction; /* as in the note */
	uint64_t handle;   /* of pieces_find() */
	uint16_t app;      /* 0: nothing new */
};

static uint16_t
app_of_port(const struct nm_packet *pkt)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (nm_is_port(pkt, ports[i].port))
			return ports[i].app;
	return APP_TLS;
}

static uint8_t
other_side(uint8_t direction)
{
	return direction == NM_FROM_CLIENT ? NM_FROM_SERVER : NM_FROM_CLIENT;
}

static void
take_hello(struct sight *s, const struct hello *hello)
{
	s->app = hello_alpn_app(hello->alpn, protocols, sizeof(protocols) / sizeof(protocols[0]));
	if (!s->app)
		s->app = app_of_port(s->pkt);
	if (s->app == APP_HTTPS && name_is_resolver(&hello->name))
		s->app = APP_DOH;
	name_report(s->call, hello);
}

/* What there is of a ClientHello. A client that names no server leaves it to the server's certificate. `open`: more of it may
 * come. */
static void
see_client(struct sight *s, const struct hello *hello, bool open)
{
	bool named = wire_left(&hello->name) > 0;

	if (open && !hello->whole && !(named && wire_left(&hello->alpn) > 0))
		return;
	take_hello(s, hello);
	s->state = named ? STATE_NONE : STATE_SERVER;
	s->direction = other_side(s->direction);
}

/* Takes the head of a handshake message, and its body, which may go on behind the end. */
static uint8_t
next_message(struct wire *w, struct wire *ret_body, bool *ret_whole)
{
	uint8_t type = wire_u8(w);
	uint32_t len = (uint32_t)wire_u8(w) << 16;

	len |= wire_u16(w);
	*ret_whole = wire_ok(w) && len <= wire_left(w);
	*ret_body = *w;
	wire_limit(ret_body, len);
	wire_skip(w, len);
	return *ret_whole || wire_left(ret_body) > 0 ? type : 0;
}

/* What there is of a server's answer: a ServerHello, and up to version 1.2 its certificate, unless the session is resumed.
 * `open`: more of it may come. */
static void
see_server(struct sight *s, struct wire w, bool open)
{
	struct wire body;
	struct hello hello;
	bool whole;

	s->state = STATE_NONE;
	uint8_t type = next_message(&w, &body, &whole);
	if (open && (type == 0 || (type == HELLO_SERVER && !whole)))
		s->state = STATE_ANSWER;
	if (type != HELLO_SERVER || !whole || !hello_read(body, HELLO_SERVER, false, &hello) ||
	    hello.tls13)
		return;
	type = next_message(&w, &body, &whole);
	if (open && type == 0)
		s->state = STATE_ANSWER;
	if (type != CERTIFICATE)
		return;
	struct certificate certificate = certificate_read(body);
	if (open && !certificate.whole)
		s->state = STATE_ANSWER;
	else if (wire_left(&certificate.name) > 0)
		s->call->host(s->call, certificate.name.at, (uint32_t)wire_left(&certificate.name),
		              NM_NAME_CERTIFICATE);
}

/* Puts the packet to the others of the stream, and looks at what is there now. */
static void
see_segment(struct sight *s, uint8_t type)
{
	struct piece *piece = pieces_find(&s->ctx->pieces, s->handle);
	uint32_t offset = s->pkt->tcp_seq - s->ctx->begin[pieces_slot(s->handle)];
	struct wire w = wire_init(s->pkt->payload, s->pkt->len);
	uint8_t bytes[PIECES_MAX];
	struct hello hello;
	bool open;

	if (!piece) {
		s->state = STATE_NONE;
		return;
	}
	if (offset > INT32_MAX) { /* begins before what is looked at */
		wire_skip(&w, 0U - offset);
		offset = 0;
	}
	piece_add(piece, offset, w.at, wire_left(&w));
	struct wire messages = records_messages(piece_prefix(piece), bytes, &open);
	open = open && s->pkt->len == s->pkt->wire_len;
	if (type == HELLO_SERVER)
		see_server(s, messages, open);
	else if (hello_read_message(messages, HELLO_CLIENT, &hello))
		see_client(s, &hello, open);
	else if (!open)
		s->state = STATE_NONE;
}

/* Begins a stream with this packet. */
static void
begin_stream(struct sight *s, uint8_t type)
{
	(void)pieces_begin(&s->ctx->pieces, &s->handle);
	s->ctx->begin[pieces_slot(s->handle)] = s->pkt->tcp_seq;
	see_segment(s, type);
}

/* Another packet of a flow whose names are awaited. A server's answer begins with a record of the handshake; what else comes
 * first is a later segment of it, unless it is another record. */
static void
go_on(struct sight *s)
{
	struct wire w = wire_init(s->pkt->payload, s->pkt->len);
	uint16_t len;

	if (s->state != STATE_SERVER)
		see_segment(s, s->state == STATE_CLIENT ? HELLO_CLIENT : HELLO_SERVER);
	else if (*s->pkt->payload == RECORD_HANDSHAKE)
		begin_stream(s, HELLO_SERVER);
	else if (is_record(&w, &len))
		s->state = STATE_NONE;
}

/* --- the middle of a connection ---------------------------------------------------------------------------------- */

/* Looks for application data that begins within the packet. *ret_end: the sequence number behind it. */
static uint8_t
find_record(const struct nm_packet *pkt, uint32_t *ret_end)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	unsigned budget = RECORDS_MAX;
	const uint8_t *hit;

	while (budget > 0 && (hit = text_find(w.at, w.end, RECORD_DATA)) != NULL) {
		wire_skip(&w, (size_t)(hit - w.at));
		if (wire_left(&w) < RECORD_HEADER)
			break;
		uint8_t confidence = rate_records(w, &budget);
		struct wire record = w;
		uint16_t len = 0;

		if (confidence > 0 && is_record(&record, &len)) {
			*ret_end = pkt->tcp_seq + (uint32_t)(record.at - pkt->payload) + len;
			return confidence;
		}
		wire_skip(&w, 1);
	}
	return 0;
}

/* Does a record begin at this sequence number, within the packet? */
static bool
is_record_at(const struct nm_packet *pkt, uint32_t seq)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t len;

	wire_skip(&w, seq - pkt->tcp_seq);
	return is_record(&w, &len);
}

/* A long transfer whose beginning was not seen: records begin anywhere in its segments. One that seems to begin is none, unless
 * another one begins where it ends, be it some segments later. Others from the same server may be known by it. */
static uint8_t
see_middle(struct sight *s, uint64_t note)
{
	const struct nm_packet *pkt = s->pkt;
	bool awaited = NOTE_STATE(note) == STATE_MIDDLE;
	uint32_t end = (uint32_t)NOTE_HANDLE(note);
	uint8_t confidence = 0;

	if (!s->call->note || (awaited && NOTE_DIRECTION(note) != pkt->direction))
		return 0;
	uint32_t until = end - pkt->tcp_seq;
	if (awaited && until >= pkt->wire_len && until <= RECORD_MAX)
		return 0; /* not here yet */
	if (awaited && is_record_at(pkt, end))
		confidence = NM_CONF_SIGNATURE;
	else
		confidence = find_record(pkt, &end);
	*s->call->note = 0;
	if (confidence < NM_CONF_SIGNATURE && confidence > 0)
		*s->call->note = make_note(STATE_MIDDLE, (uint8_t)pkt->direction, 0, end);
	if (confidence < NM_CONF_SIGNATURE)
		return 0;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		nm_tag_port(pkt, s->call, ports[i].app, ports[i].port);
	return confidence;
}

/* --- the flow --------------------------------------------------------------------------------------------------- */

/* The flow's first packet with a hello: what it says, and whether more is awaited. False for what is no hello. */
static bool
see_hello(struct sight *s, struct wire w)
{
	uint16_t len = 0;
	struct hello hello;
	uint8_t type = HELLO_CLIENT;

	if (*s->pkt->payload != RECORD_HANDSHAKE || !is_record(&w, &len))
		return false;
	wire_limit(&w, len);
	if (!hello_read_message(w, type, &hello)) {
		type = HELLO_SERVER;
		if (!hello_read_message(w, type, &hello))
			return false;
	}
	s->direction = (uint8_t)s->pkt->direction;
	take_hello(s, &hello);
	if (type == HELLO_CLIENT && (hello.whole || s->pkt->len < s->pkt->wire_len)) {
		see_client(s, &hello, false);
	} else if (s->call->note) {
		s->state = type == HELLO_CLIENT ? STATE_CLIENT : STATE_ANSWER;
		begin_stream(s, type);
	}
	return true;
}

/* Writes the note, and says whether to be shown more. */
static bool
keep(struct sight *s, unsigned count)
{
	if (!s->call->note)
		return false;
	*s->call->note = 0;
	if (s->state == STATE_NONE || count >= WATCH_MAX)
		return false;
	*s->call->note = make_note(s->state, s->direction, count, s->handle);
	return true;
}

static enum nm_result
go_on_with(struct sight *s, uint64_t note, struct nm_verdict *verdict)
{
	s->state = NOTE_STATE(note);
	s->direction = NOTE_DIRECTION(note);
	s->handle = NOTE_HANDLE(note);
	if (s->pkt->direction == s->direction)
		go_on(s);
	bool watch = keep(s, NOTE_COUNT(note) + 1);
	if (!s->app)
		return watch ? NM_MORE : NM_NO;
	verdict->flags = watch ? NM_WATCH : 0;
	return nm_signature(verdict, s->app, NM_CONF_PROOF);
}

/* A packet of a flow of which nothing is awaited, or a record at most. Returns a confidence. */
static uint8_t
see_first(struct sight *s, uint64_t note)
{
	struct wire w = wire_init(s->pkt->payload, s->pkt->len);
	unsigned budget = RECORDS_MAX;
	uint8_t confidence = 0;

	if (see_hello(s, w))
		return NM_CONF_PROOF;
	if (is_sslv2_hello(w)) {
		s->state = STATE_SERVER;
		s->direction = other_side((uint8_t)s->pkt->direction);
		return NM_CONF_PROOF;
	}
	confidence = rate_records(w, &budget);
	if (confidence == 0 && app_of_port(s->pkt) != APP_TLS)
		confidence = see_middle(s, note);
	return confidence;
}

/* Does the server speak another protocol, which goes over to TLS when it is asked to? It was seen to do so. */
static bool
is_started_later(const struct nm_packet *pkt)
{
	bool ours = pkt->tagged == 0;

	for (size_t i = 0; i < sizeof(apps) / sizeof(apps[0]); i++)
		ours |= apps[i].id == pkt->tagged;
	return !ours;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct sight s = { .ctx = ctx, .pkt = pkt, .call = call };
	uint64_t note = call->note ? *call->note : 0;

	if (NOTE_STATE(note) != STATE_NONE && NOTE_STATE(note) != STATE_MIDDLE)
		return go_on_with(&s, note, verdict);
	uint8_t confidence = see_first(&s, note);
	if (confidence == 0)
		return NM_MORE;
	if (confidence < NM_CONF_PROOF && is_started_later(pkt))
		return NM_NO;
	verdict->flags = keep(&s, 1) ? NM_WATCH : 0;
	return nm_signature(verdict, s.app ? s.app : app_of_port(pkt), confidence);
}

static int
load(const struct nm_host *host, void **ret_ctx)
{
	*ret_ctx = calloc(1, sizeof(struct context));
	if (!*ret_ctx)
		host->log(host, "no memory");
	return *ret_ctx ? 0 : -1;
}

NM_MODULE(tls) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "tls",
	.summary = "TLS, HTTPS, DoT, DoH, IMAPS, POP3S and SMTPS, on any TCP port",
	.max_packets = 32,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.load = load,
	.unload = free,
	.classify = classify,
};
