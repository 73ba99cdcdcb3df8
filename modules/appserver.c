/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What application servers and their brokers speak on TCP, any port: AJP 1.3 (usually 8009), FastCGI (9000), Apache Thrift (no
 * port of its own; UDP too), CORBA (the same), STOMP (61613), OpenWire (61616), NATS (4222), ZeroMQ (any), ZooKeeper (2181),
 * Elasticsearch between nodes (9300), WebSocket (RFC 6455) of which the beginning was not seen.
 *
 * Evidence: AJP: magic, length and what the kind of packet holds; FastCGI: records that fill the segment; Thrift: version,
 * kind of message and a name that is an identifier; STOMP, NATS: a command and a header that only they have; OpenWire: its first
 * command's magic; ZooKeeper: the fixed lengths of a session's first messages; Elasticsearch, CORBA: heading and length;
 * ZeroMQ: its signature; WebSocket: a text whose mask comes off. Servers are tagged, but for WebSocket, which a web server
 * speaks beside HTTP. Cost: asked for payload with these heads, and for all of it on NATS' port.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_AJP           301
#define APP_FASTCGI       302
#define APP_THRIFT        303
#define APP_STOMP         304
#define APP_OPENWIRE      305
#define APP_NATS          306
#define APP_ZOOKEEPER     307
#define APP_ELASTICSEARCH 308
#define APP_WEBSOCKET     309
#define APP_CORBA         348
#define APP_ZEROMQ        349

#define PORT_NATS 4222

#define AJP_HEADER      4
#define FCGI_HEADER     8
#define FCGI_BEGIN      1
#define FCGI_END        3
#define FCGI_STDOUT     6
#define FCGI_TYPES      11
#define FCGI_RECORDS    64 /* looked at in one segment */
#define THRIFT_NAME_MAX 128
#define ZK_PASSWORD     16
#define ES_MESSAGE_MAX  (256u << 20)
#define GIOP_MAX        (64u << 20)
#define WS_SURE         6 /* octets of text that random payload does not show behind a mask */
#define WS_TEXT_MIN     8 /* the same without one */

static const struct nm_app apps[] = {
	{ APP_AJP, "AJP", "Web", 0x8c6d31, 0xc9a866 },
	{ APP_FASTCGI, "FastCGI", "Web", 0x5254a3, 0x9597d8 },
	{ APP_THRIFT, "Thrift", "Remote procedure call", 0x8b5a9b, 0xc496d2 },
	{ APP_STOMP, "STOMP", "Messaging", 0xa55194, 0xd98fcb },
	{ APP_OPENWIRE, "OpenWire", "Messaging", 0x7b4173, 0xb97fb1 },
	{ APP_NATS, "NATS", "Messaging", 0x3474a5, 0x7fb2d9 },
	{ APP_ZOOKEEPER, "ZooKeeper", "Messaging", 0x637939, 0xa6bd78 },
	{ APP_ELASTICSEARCH, "Elasticsearch", "Database", 0x00807a, 0x4dc4be },
	{ APP_WEBSOCKET, "WebSocket", "Web", 0x3182bd, 0x80b9dd },
	{ APP_CORBA, "CORBA", "Remote procedure call", 0x7f6000, 0xc2a84d },
	{ APP_ZEROMQ, "ZeroMQ", "Messaging", 0xb03060, 0xe284a8 },
};

#define TEXT(text) NM_MATCH_TEXT(NM_TCP, sizeof(text), text)
#define HEAD(min, length, bytes, bits)                                                    \
	{                                                                                 \
		.transport = NM_TCP, .min_len = (min), .len = (length), .pattern = bytes, \
		.mask = bits                                                              \
	}
#define LIST(...)           \
	{                   \
		__VA_ARGS__ \
	}

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 5, "\x12\x34"),
	HEAD(5, 5, LIST('A', 'B', 0, 0, 0), LIST(0xff, 0xff, 0, 0, 0xf0)),
	/* version 1, types below 16, padding up to 7, a reserved octet */
	HEAD(FCGI_HEADER, 8, LIST(1, 0, 0, 0, 0, 0, 0, 0),
	     LIST(0xff, 0xf0, 0, 0, 0, 0, 0xf8, 0xff)),
	/* the strict binary form, the compact one, and both in frames */
	HEAD(12, 4, LIST(0x80, 1, 0, 0), LIST(0xff, 0xff, 0xff, 0xf8)),
	HEAD(16, 8, LIST(0, 0, 0, 0, 0x80, 1, 0, 0),
	     LIST(0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xf8)),
	HEAD(8, 2, LIST(0x82, 1), LIST(0xff, 0x1f)),
	HEAD(12, 6, LIST(0, 0, 0, 0, 0x82, 1), LIST(0xff, 0xff, 0, 0, 0xff, 0x1f)),
	{ .transport = NM_UDP,
	  .min_len = 8,
	  .len = 2,
	  .pattern = { 0x82, 1 },
	  .mask = { 0xff, 0x1f } },
	{ .transport = NM_UDP,
	  .min_len = 12,
	  .len = 4,
	  .pattern = { 0x80, 1, 0, 0 },
	  .mask = { 0xff, 0xff, 0xff, 0xf8 } },
	TEXT("CONNECT\n"),
	TEXT("CONNECT\r"),
	TEXT("CONNECTE"),
	TEXT("STOMP\n"),
	TEXT("STOMP\r"),
	TEXT("SEND\n"),
	TEXT("SUBSCRIB"),
	TEXT("MESSAGE\n"),
	HEAD(14, 8, LIST(0, 0, 0, 0, 1, 'A', 'c', 't'),
	     LIST(0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff)),
	TEXT("INFO {"),
	TEXT("CONNECT "),
	{ .transport = NM_TCP, .port = PORT_NATS, .min_len = 5 },
	/* lengths 44 and 45, 36 and 37; version 0 */
	HEAD(48, 8, LIST(0, 0, 0, 44, 0, 0, 0, 0),
	     LIST(0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff)),
	HEAD(40, 8, LIST(0, 0, 0, 36, 0, 0, 0, 0),
	     LIST(0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff)),
	HEAD(19, 3, LIST('E', 'S', 0), LIST(0xff, 0xff, 0xf0)),
	NM_MATCH_TEXT(NM_TCP, 12, "GIOP\1"),
	HEAD(10, 8, LIST(0xff, 0, 0, 0, 0, 0, 0, 0),
	     LIST(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
	NM_MATCH_TEXT(NM_TCP, 6, "\x81"),
};

/* --- AJP ---------------------------------------------------------------------------------------------------------- */

/* The Apache Tomcat project's AJPv13: a method's number, then the protocol as a string. A body's packet has a length of its own. */
static uint8_t
rate_ajp_client(const struct nm_packet *pkt, struct wire w, uint16_t length)
{
	bool whole = pkt->wire_len == AJP_HEADER + (uint32_t)length;
	struct wire body = w;
	uint8_t code = wire_u8(&w);
	uint8_t method = wire_u8(&w);

	if (length == 1)
		return whole && (code == 7 || code == 8 || code == 10) ? NM_CONF_SIGNATURE : 0;
	if (code == 2 && method >= 1 && method <= 28 && wire_u16(&w) == 8 &&
	    text_begins(&w, "HTTP/"))
		return NM_CONF_PROOF;
	uint16_t chunk = wire_u16(&body);
	return whole && chunk > 0 && chunk + 2 == length ? NM_CONF_SIGNATURE : 0;
}

/* A piece of the body, the head, the end, a wish for more, the answer to a ping. */
static uint8_t
rate_ajp_server(struct wire w, uint16_t length)
{
	uint8_t code = wire_u8(&w);
	uint16_t number = length > 2 ? wire_u16(&w) : wire_u8(&w);
	bool right = false;

	switch (code) {
	case 3:
		right = number + 3 == length || number + 4 == length;
		break;
	case 4:
		right = number >= 100 && number <= 599 && length > 6;
		break;
	case 5:
		right = length == 2 && number <= 1;
		break;
	case 6:
		right = length == 3;
		break;
	case 9:
		return length == 1 ? NM_CONF_SIGNATURE : 0;
	default:
		break;
	}
	return right && wire_ok(&w) ? NM_CONF_SIGNATURE : 0;
}

static uint8_t
rate_ajp(const struct nm_packet *pkt, struct wire w)
{
	uint16_t magic = wire_u16(&w);
	uint16_t length = wire_u16(&w);

	if (!wire_ok(&w) || length == 0)
		return 0;
	if (magic == 0x1234)
		return rate_ajp_client(pkt, w, length);
	return magic == 0x4142 ? rate_ajp_server(w, length) : 0;
}

/* --- FastCGI ------------------------------------------------------------------------------------------------------ */

struct fcgi_record {
	uint8_t type;
	uint16_t length;
	uint8_t padding;
};

/* FastCGI 1.0 section 3.3. Request 0 is the connection's own, with types 9 and 10 and an unknown one's answer. */
static bool
read_record(struct wire *w, struct fcgi_record *ret_record)
{
	uint8_t version = wire_u8(w);
	uint8_t type = wire_u8(w);
	uint16_t request = wire_u16(w);
	uint16_t length = wire_u16(w);
	uint8_t padding = wire_u8(w);

	if (wire_u8(w) != 0 || !wire_ok(w) || version != 1 || type == 0 || type > FCGI_TYPES ||
	    (request == 0) != (type >= 9))
		return false;
	*ret_record = (struct fcgi_record){ type, length, padding };
	return true;
}

/* A role of 1 to 3, a flag, five zeros; a program's state, a protocol's below 4, three zeros. */
static bool
is_body_of(const struct fcgi_record *r, struct wire w)
{
	static const uint8_t zeros[5];
	const uint8_t *body = wire_take(&w, 8);

	if (!body || r->length != 8)
		return false;
	if (r->type == FCGI_BEGIN)
		return body[0] == 0 && body[1] >= 1 && body[1] <= 3 && body[2] <= 1 &&
		       memcmp(body + 3, zeros, 5) == 0;
	return body[4] <= 3 && memcmp(body + 5, zeros, 3) == 0;
}

/* What a program's output begins with (RFC 3875 section 6.3). */
static bool
is_answer(struct wire w)
{
	static const char *const heads[] = { "status:", "content-", "x-",
		                             "set-cookie:", "location:" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (text_begins_nocase(&w, heads[i]))
			return true;
	return false;
}

static uint8_t
rate_fastcgi(const struct nm_packet *pkt, struct wire w)
{
	uint32_t octets = 0;
	struct fcgi_record r;

	(void)pkt;
	for (unsigned i = 0; i < FCGI_RECORDS && wire_left(&w) > 0; i++) {
		if (!read_record(&w, &r))
			return 0;
		bool fixed = r.type == FCGI_BEGIN || r.type == FCGI_END;
		if (fixed && !is_body_of(&r, w))
			return 0;
		if (i == 0 && r.type == FCGI_BEGIN)
			return NM_CONF_PROOF;
		if (i == 0 && r.type == FCGI_STDOUT && is_answer(w))
			return NM_CONF_SIGNATURE;
		octets += r.length;
		wire_skip(&w, (size_t)r.length + r.padding);
	}
	/* empty records alone are too little */
	return wire_ok(&w) && octets > 0 ? NM_CONF_SIGNATURE : 0;
}

/* --- Thrift ------------------------------------------------------------------------------------------------------- */

static bool
is_letter(uint8_t c)
{
	return (text_lower(c) >= 'a' && text_lower(c) <= 'z') || c == '_';
}

/* A method's name, maybe of a service: "Service:method". */
static bool
is_identifier(struct wire *w, uint32_t length)
{
	const uint8_t *name = length <= THRIFT_NAME_MAX ? wire_take(w, length) : NULL;

	if (!name || length < 3 || !is_letter(name[0]))
		return false;
	for (uint32_t i = 1; i < length; i++)
		if (!is_letter(name[i]) && !text_is_digit(name[i]) && name[i] != ':' &&
		    name[i] != '.')
			return false;
	return true;
}

/* Seven bits in each octet, the low ones first. */
static uint32_t
read_varint(struct wire *w)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t octet = wire_u8(w);

		value |= (uint32_t)(octet & 0x7f) << (shift < 32 ? shift : 0);
		if (octet < 0x80)
			return value;
	}
	w->failed = true;
	return 0;
}

/* Version, kind (call, reply, exception, one way), name and number; the binary form's first field has a type below 16. */
static uint8_t
rate_thrift_message(struct wire w)
{
	uint8_t protocol = wire_u8(&w);
	uint8_t version = wire_u8(&w);

	if (protocol == 0x82) {
		uint8_t kind = version >> 5;

		(void)read_varint(&w);
		return (version & 0x1f) == 1 && kind >= 1 && kind <= 4 &&
		               is_identifier(&w, read_varint(&w))
		           ? NM_CONF_SIGNATURE
		           : 0;
	}
	uint8_t zero = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	if (protocol != 0x80 || version != 1 || zero != 0 || kind < 1 || kind > 4 ||
	    !is_identifier(&w, wire_u32(&w)))
		return 0;
	wire_skip(&w, 4);
	return wire_u8(&w) <= 15 ? NM_CONF_PROOF : 0;
}

static uint8_t
rate_thrift(const struct nm_packet *pkt, struct wire w)
{
	struct wire framed = w;
	uint32_t length = wire_u32(&framed);

	if (*w.at >= 0x80)
		return rate_thrift_message(w);
	return pkt->transport == NM_TCP && wire_ok(&framed) && length + 4 >= pkt->wire_len &&
	               length < 1u << 24
	           ? rate_thrift_message(framed)
	           : 0;
}

/* --- brokers ------------------------------------------------------------------------------------------------------ */

/* STOMP 1.2: a command, then headers of a name and a colon, a line each. */
static uint8_t
rate_stomp(const struct nm_packet *pkt, struct wire w)
{
	static const char *const commands[] = { "CONNECT", "CONNECTED", "STOMP",
		                                "SEND",    "SUBSCRIBE", "MESSAGE" };
	static const char *const headers[] = { "accept-version:", "version:",      "login:",
		                               "host:",           "heart-beat:",   "destination:",
		                               "session:",        "subscription:", "message-id:",
		                               "content-",        "id:",           "ack:",
		                               "receipt:" };
	bool ended;
	struct wire line = text_line(&w, &ended);
	size_t len = wire_left(&line);
	bool command = false;

	(void)pkt;
	for (size_t i = 0; ended && i < sizeof(commands) / sizeof(commands[0]); i++)
		command |= len == strlen(commands[i]) && text_begins(&line, commands[i]);
	for (size_t i = 0; command && i < sizeof(headers) / sizeof(headers[0]); i++)
		if (text_begins(&w, headers[i]))
			return NM_CONF_SIGNATURE;
	return 0;
}

/* OpenWire: length, type 1 (what the wire format is), the magic. */
static uint8_t
rate_openwire(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_u32(&w);

	return length + 4 >= pkt->wire_len && wire_u8(&w) == 1 && text_begins(&w, "ActiveMQ")
	           ? NM_CONF_PROOF
	           : 0;
}

static const char *const nats_words[] = { "PUB ",     "SUB ",     "MSG ",  "HPUB ", "HMSG ",
	                                  "PING\r\n", "PONG\r\n", "+OK\r", "-ERR '" };

/* What server and client say of themselves is JSON with a few names of their own. */
static uint8_t
rate_nats(const struct nm_packet *pkt, struct wire w)
{
	struct wire rest = w;

	if (text_begins(&w, "INFO {"))
		return text_seek(&rest, "\"server_id\"") ? NM_CONF_PROOF : 0;
	if (text_begins(&w, "CONNECT {"))
		return text_seek(&rest, "\"verbose\"") ? NM_CONF_PROOF : 0;
	for (size_t i = 0; i < sizeof(nats_words) / sizeof(nats_words[0]); i++)
		if (nm_is_port(pkt, PORT_NATS) && text_begins(&w, nats_words[i]))
			return NM_CONF_SIGNATURE;
	return 0;
}

/* A session's first messages: length, version 0, last change seen and time-out, or time-out only; session, password of 16
 * octets, and from version 3.4 of the program on, whether reading is all. */
static uint8_t
rate_zookeeper(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_u32(&w);
	bool request = length == 44 || length == 45;

	if (length + 4 != pkt->wire_len || (!request && length != 36 && length != 37) ||
	    wire_u32(&w) != 0)
		return 0;
	wire_skip(&w, request ? 8 : 0);
	uint32_t timeout_ms = wire_u32(&w);
	wire_skip(&w, 8);
	return wire_u32(&w) == ZK_PASSWORD && timeout_ms < 1u << 24 ? NM_CONF_PROOF : 0;
}

/* Length, request, state and the version of the program or of the transport, OpenSearch's with a bit of its own. */
static uint8_t
rate_elasticsearch(const struct nm_packet *pkt, struct wire w)
{
	bool heading = text_begins(&w, "ES");

	wire_skip(&w, 2);
	uint32_t length = wire_u32(&w);
	uint32_t high = wire_u32(&w);
	wire_skip(&w, 4);
	uint8_t state = wire_u8(&w);
	uint32_t version = wire_u32(&w) & ~0x08000000u;
	return heading && wire_ok(&w) && length + 6 >= pkt->wire_len && length < ES_MESSAGE_MAX &&
	               high == 0 && state <= 0x0f && version >= 1000000 && version < 10000000
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* CORBA 3 section 9.4.1: version 1.0 to 1.3, flags of which the lowest is the order of octets, kind of message, its length. */
static uint8_t
rate_corba(const struct nm_packet *pkt, struct wire w)
{
	bool giop = text_begins(&w, "GIOP\1");

	wire_skip(&w, 5);
	uint8_t minor = wire_u8(&w);
	uint8_t flags = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	uint32_t length = flags & 1 ? wire_le32(&w) : wire_u32(&w);
	return giop && wire_ok(&w) && minor <= 3 && flags <= 3 && kind <= 7 && length < GIOP_MAX &&
	               length + 12 >= pkt->wire_len
	           ? NM_CONF_PROOF
	           : 0;
}

/* ZMTP's signature, from version 2 on: what version 1 takes for a frame's length, 0x7f; then the version's number. */
static uint8_t
rate_zeromq(const struct nm_packet *pkt, struct wire w)
{
	uint64_t head = wire_u64(&w);

	wire_skip(&w, 1);
	(void)pkt;
	if (head != UINT64_C(0xff00000000000000) || wire_u8(&w) != 0x7f || !wire_ok(&w))
		return 0;
	return wire_left(&w) == 0 || *w.at <= 3 ? NM_CONF_PROOF : 0;
}

/* --- WebSocket ---------------------------------------------------------------------------------------------------- */

/* How many octets of RFC 3629 follow one that begins a letter; 0xff: none begins so, or it controls. */
static unsigned
octets_behind(uint8_t c)
{
	if (c < 0x80)
		return text_is_print(c) || (c >= '\t' && c <= '\r') ? 0 : 0xff;
	if (c < 0xc2 || c > 0xf4)
		return 0xff;
	return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

/* Is all that is left text, once its mask is off? */
static bool
is_utf8(struct wire w, const uint8_t *mask)
{
	size_t length = wire_left(&w);
	unsigned behind = 0;

	for (size_t i = 0; i < length; i++) {
		uint8_t c = w.at[i] ^ mask[i & 3];

		if (behind > 0 && (c & 0xc0) != 0x80)
			return false;
		behind = behind > 0 ? behind - 1 : octets_behind(c);
		if (behind > 3)
			return false;
	}
	return behind == 0;
}

/* RFC 6455 section 5.2: one frame of text that fills the segment; a client's is masked. Flows of which the upgrade was seen
 * are HTTP, and stay so. */
static uint8_t
rate_websocket(const struct nm_packet *pkt, struct wire w)
{
	static const uint8_t no_mask[4];
	uint8_t head = wire_u8(&w);
	uint8_t second = wire_u8(&w);
	bool masked = second & 0x80;
	uint32_t length = second & 0x7f;

	if (head != 0x81 || length == 127)
		return 0;
	if (length == 126)
		length = wire_u16(&w);
	const uint8_t *mask = masked ? wire_take(&w, 4) : no_mask;
	if (!mask || length != wire_left(&w) || pkt->len != pkt->wire_len || length < 2)
		return 0;
	if (!is_utf8(w, mask))
		return 0;
	if (masked)
		return length >= WS_SURE ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
	return length >= WS_TEXT_MIN ? NM_CONF_WEAK : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_AJP, rate_ajp },
	{ NM_TCP, APP_FASTCGI, rate_fastcgi },
	{ NM_TCP, APP_THRIFT, rate_thrift },
	{ NM_UDP, APP_THRIFT, rate_thrift },
	{ NM_TCP, APP_STOMP, rate_stomp },
	{ NM_TCP, APP_OPENWIRE, rate_openwire },
	{ NM_TCP, APP_NATS, rate_nats },
	{ NM_TCP, APP_ZOOKEEPER, rate_zookeeper },
	{ NM_TCP, APP_ELASTICSEARCH, rate_elasticsearch },
	{ NM_TCP, APP_CORBA, rate_corba },
	{ NM_TCP, APP_ZEROMQ, rate_zeromq },
	{ NM_TCP, APP_WEBSOCKET, rate_websocket },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	if (nm_family_rate(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, verdict) ==
	    NM_MORE)
		return NM_MORE;
	if (verdict->confidence >= NM_CONF_SIGNATURE && verdict->app != APP_WEBSOCKET)
		nm_tag_server(pkt, call, verdict->app);
	return NM_MATCH;
}

NM_MODULE(appserver) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "appserver",
	.summary =
	    "AJP, FastCGI, Thrift, CORBA, STOMP, OpenWire, NATS, ZeroMQ, ZooKeeper, Elasticsearch",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
