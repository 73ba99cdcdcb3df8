/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS: RFC 8446 (1.3), RFC 5246 (1.2) and before, the SSLv2 form of a ClientHello (RFC 5246 appendix E.2). TCP, any port.
 * The name is that of the application which the handshake negotiates (ALPN, RFC 7301) or, when it names none, which has the
 * port: HTTPS, IMAPS, POP3S, SMTPS (RFC 8314); else TLS.
 *
 * Evidence: a ClientHello or ServerHello whose fields fit each other; in the middle of a connection the chain of record
 * headers. One direction is enough. Cost: asked only for the six first octets that a record can have; reads one hello.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_HTTPS 2
#define APP_TLS   3
#define APP_IMAPS 51
#define APP_POP3S 53
#define APP_SMTPS 54

/* RFC 8446 section 5.1: TLSPlaintext.type; 24 is RFC 6520 */
#define RECORD_CHANGE_CIPHER 20
#define RECORD_ALERT         21
#define RECORD_HANDSHAKE     22
#define RECORD_HEARTBEAT     24
#define RECORD_MAX           (16384 + 2048) /* RFC 5246 section 6.2.3 */
#define RECORD_HEADER        5

/* RFC 8446 section 4 and 4.2 */
#define CLIENT_HELLO   1
#define SERVER_HELLO   2
#define EXTENSION_ALPN 16

static const struct nm_app apps[] = {
	{ APP_HTTPS, "HTTPS", "Web", 0x0072b2, 0x3d9be0 },
	{ APP_TLS, "TLS", "Encrypted", 0x44aa99, 0x66ccbb },
	{ APP_IMAPS, "IMAPS", "Mail", 0x88226b, 0xb85fa0 },
	{ APP_POP3S, "POP3S", "Mail", 0x661a40, 0xa8527a },
	{ APP_SMTPS, "SMTPS", "Mail", 0xb0567f, 0xe8b4d2 },
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
static const struct nm_match matches[] = {
	RECORD(20),
	RECORD(21),
	RECORD(22),
	RECORD(23),
	RECORD(24),
	/* SSLv2: length with its top bit set, then message type 1 */
	{ .transport = NM_TCP,
	  .min_len = 11,
	  .len = 3,
	  .pattern = { 0x80, 0, CLIENT_HELLO },
	  .mask = { 0x80, 0, 0xff } },
};

/* IANA's ALPN protocol ids, and the ports of TLS from the first packet: what a client offers first counts. */
static const struct {
	const char *id;
	uint16_t app;
} protocols[] = {
	{ "h2", APP_HTTPS },       { "http/1.1", APP_HTTPS }, { "http/1.0", APP_HTTPS },
	{ "spdy/3.1", APP_HTTPS }, { "h2c", APP_HTTPS },      { "imap", APP_IMAPS },
	{ "pop3", APP_POP3S },     { "smtp", APP_SMTPS },
};
static const struct {
	uint16_t port;
	uint16_t app;
} ports[] = {
	{ 443, APP_HTTPS }, { 8443, APP_HTTPS }, { 993, APP_IMAPS },
	{ 995, APP_POP3S }, { 465, APP_SMTPS },
};

/* The extension's body: a list of names with a length octet each. The application of the first that is known, else 0. */
static uint16_t
read_alpn(struct wire list)
{
	wire_skip(&list, 2);
	while (wire_left(&list) > 0) {
		size_t len = wire_u8(&list);
		const uint8_t *name = wire_take(&list, len);

		if (!name)
			return 0;
		for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
			if (len == strlen(protocols[i].id) &&
			    memcmp(name, protocols[i].id, len) == 0)
				return protocols[i].app;
	}
	return 0;
}

/* Looks for ALPN in a hello's extensions; the capture may end within them. */
static uint16_t
read_extensions(struct wire *w)
{
	wire_limit(w, wire_u16(w));
	while (wire_left(w) >= 4) {
		uint16_t type = wire_u16(w);
		uint16_t len = wire_u16(w);
		struct wire body = *w;

		wire_limit(&body, len);
		if (type == EXTENSION_ALPN)
			return read_alpn(body);
		wire_skip(w, len);
	}
	return 0;
}

/* RFC 8446 section 4.1.2: random, session id, cipher suites, compression methods, extensions. Moves to the extensions.
 * What the packet does not hold any more cannot speak against it. */
static bool
is_client_hello(struct wire *w)
{
	wire_skip(w, 32);
	uint8_t session = wire_u8(w);
	wire_skip(w, session);
	uint16_t suites = wire_u16(w);
	if (wire_ok(w) && (session > 32 || suites < 2 || suites % 2 != 0))
		return false;
	wire_skip(w, suites);
	uint8_t methods = wire_u8(w);
	wire_skip(w, methods);
	return !wire_ok(w) || (methods >= 1 && methods <= 8);
}

/* RFC 8446 section 4.1.3: random, session id, one cipher suite, one compression method, extensions. */
static bool
is_server_hello(struct wire *w)
{
	wire_skip(w, 32);
	uint8_t session = wire_u8(w);
	wire_skip(w, session);
	wire_skip(w, 2);
	uint8_t method = wire_u8(w);
	return !wire_ok(w) || (session <= 32 && method <= 1);
}

/* A handshake record's body. Sets *ret_app to the application that it names, 0 for none. */
static bool
is_hello(struct wire w, uint16_t *ret_app)
{
	uint8_t type = wire_u8(&w);
	uint32_t length = (uint32_t)wire_u8(&w) << 16;

	length |= wire_u16(&w);
	uint8_t major = wire_u8(&w);
	uint8_t minor = wire_u8(&w);
	if (!wire_ok(&w) || major != 3 || minor > 4 || length < 38 || length > 65535)
		return false;
	wire_limit(&w, length - 2);
	if (type != CLIENT_HELLO && type != SERVER_HELLO)
		return false;
	if (!(type == CLIENT_HELLO ? is_client_hello(&w) : is_server_hello(&w)))
		return false;
	*ret_app = wire_left(&w) > 0 ? read_extensions(&w) : 0;
	return true;
}

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
 * which each begins where the one before ends are not, nor is one that ends with the packet. */
static uint8_t
rate_records(struct wire w)
{
	unsigned records = 0;
	uint16_t len = 0;

	while (wire_left(&w) >= RECORD_HEADER) {
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
	uint16_t length = wire_u16(&w) & 0x7fff;

	wire_skip(&w, 1);
	uint16_t version = wire_u16(&w);
	uint16_t specs = wire_u16(&w);
	uint16_t session = wire_u16(&w);
	uint16_t challenge = wire_u16(&w);
	return wire_ok(&w) && (version == 2 || (version >= 0x300 && version <= 0x304)) &&
	       specs > 0 && specs % 3 == 0 && (session == 0 || session == 16) && challenge >= 16 &&
	       challenge <= 32 && length == 9 + specs + session + challenge;
}

static uint16_t
app_of_port(const struct nm_packet *pkt)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (nm_is_port(pkt, ports[i].port))
			return ports[i].app;
	return APP_TLS;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t app = 0;

	(void)ctx;
	(void)call;
	if (*pkt->payload & 0x80) {
		verdict->confidence = is_sslv2_hello(w) ? NM_CONF_PROOF : 0;
	} else {
		struct wire body = w;
		uint16_t len = 0;

		if (*pkt->payload == RECORD_HANDSHAKE && is_record(&body, &len) &&
		    is_hello(body, &app))
			verdict->confidence = NM_CONF_PROOF;
		else
			verdict->confidence = rate_records(w);
	}
	if (verdict->confidence == 0)
		return NM_MORE;
	verdict->app = app ? app : app_of_port(pkt);
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

NM_MODULE(tls) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "tls",
	.summary = "TLS, HTTPS, IMAPS, POP3S and SMTPS, on any TCP port",
	.max_packets = 16,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
