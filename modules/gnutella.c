/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Gnutella 0.6 and what its clients added ("Gnutella Protocol Development", rfc-gnutella): handshakes, messages over UDP (OOB
 * queries, GUESS, the Mojito DHT), file transfers over HTTP; the handshakes and the semi-reliable UDP of Gnutella 2 ("GND")
 * and of gtk-gnutella ("GTA"). TCP and UDP, any port, usually 6346 and 6347.
 *
 * Evidence: the handshake's words; for a transfer, paths that only Gnutella has; over UDP a message header whose length is the
 * packet's. An end that sent such a message, or took a connection, is tagged. Cost: asked for payload that begins with the words, and for UDP
 * payload whose lifetime, hops and length, at offsets 17 to 22, are as small as they must be.
 */
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_GNUTELLA 57

#define HEADER_LEN 23
#define PEER_TTL_S 1800

static const struct nm_app apps[] = {
	{ APP_GNUTELLA, "Gnutella", "Peer-to-peer", 0x999933, 0xc9c966 },
};

/*
 * rfc-gnutella section 2.2.1, lengths in little endian:
 *
 *   octet 0..15  message id     16  type     17  TTL     18  hops     19..22  length of what follows
 */
static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 12, "GNUTELLA"),
	NM_MATCH_TEXT(NM_TCP, 12, "GIV "),
	NM_MATCH_TEXT(NM_TCP, 20, "GET /uri"),
	NM_MATCH_TEXT(NM_TCP, 20, "GET /get"),
	NM_MATCH_TEXT(NM_UDP, 8, "GND"),
	NM_MATCH_TEXT(NM_UDP, 8, "GTA"),
	{ .transport = NM_UDP,
	  .min_len = HEADER_LEN,
	  .offset = 15,
	  .len = 8,
	  .pattern = { 0 },
	  .mask = { 0, 0, 0xe0, 0xe0, 0, 0xf0, 0xff, 0xff } },
};

/* Message types: ping, pong, bye, QRP, vendor, push, run, query, hit, DHT. */
static const uint8_t types[] = { 0x00, 0x01, 0x02, 0x30, 0x31, 0x32, 0x40, 0x41, 0x44, 0x80, 0x81 };
#define TYPE_DHT 0x44

static bool
is_type(uint8_t type)
{
	return memchr(types, type, sizeof(types)) != NULL;
}

/* An id is random but for two octets; of zeros only it is somebody else's header. */
static bool
is_random(const uint8_t *id)
{
	unsigned zeros = 0;

	for (unsigned i = 0; i < 16; i++)
		zeros += id[i] == 0;
	return zeros <= 10;
}

static uint8_t
rate_message(struct wire w, uint32_t wire_len)
{
	const uint8_t *id = wire_take(&w, 16);
	uint8_t type = wire_u8(&w);
	uint8_t ttl = wire_u8(&w);
	uint8_t hops = wire_u8(&w);
	uint32_t length = wire_u8(&w);

	length |= (uint32_t)wire_u8(&w) << 8;
	if (!id || !wire_ok(&w) || !is_type(type) || length + HEADER_LEN != wire_len)
		return 0;
	/* the DHT has a version there; a message that may not live is none */
	bool lives = type == TYPE_DHT || (ttl + hops > 0 && ttl + hops < 16);
	return lives && is_random(id) ? NM_CONF_SIGNATURE : 0;
}

/* GND or GTA, flags, sequence, part and parts (0: an acknowledgement). */
static uint8_t
rate_part(struct wire w)
{
	wire_skip(&w, 3);
	uint8_t flags = wire_u8(&w);
	wire_skip(&w, 2);
	uint8_t part = wire_u8(&w);
	uint8_t parts = wire_u8(&w);
	return wire_ok(&w) && flags < 0x20 && part >= 1 && (parts == 0 || part <= parts)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* A transfer is told by its path, which no web server has, or by the headers of servents. */
static uint8_t
rate_transfer(struct wire w)
{
	struct wire headers = w;

	if (text_begins_nocase(&w, "get /uri-res/n2r?urn:") ||
	    text_begins_nocase(&w, "get /uri-res/n2x?urn:") ||
	    text_begins_nocase(&w, "get /uri-res/n2s?urn:"))
		return NM_CONF_PROOF;
	if (!text_begins(&w, "GET /get/"))
		return 0;
	wire_skip(&w, 9);
	(void)text_number(&w, UINT32_MAX);
	text_expect(&w, '/');
	return wire_ok(&w) &&
	               (text_seek(&headers, "\nx-gnutella") || text_seek(&headers, "\nx-queue"))
	           ? NM_CONF_PROOF
	           : 0;
}

/* GIV index:id in 32 hexadecimal digits/name */
static uint8_t
rate_giv(struct wire w)
{
	wire_skip(&w, 4);
	(void)text_number(&w, UINT32_MAX);
	text_expect(&w, ':');
	const uint8_t *id = wire_take(&w, 32);
	text_expect(&w, '/');
	for (unsigned i = 0; id && i < 32; i++)
		if (!text_is_digit(id[i]) &&
		    !(text_lower(id[i]) >= 'a' && text_lower(id[i]) <= 'f'))
			return 0;
	return wire_ok(&w) ? NM_CONF_PROOF : 0;
}

static uint8_t
rate_tcp(const struct wire *w)
{
	if (text_begins(w, "GNUTELLA CONNECT/") || text_begins(w, "GNUTELLA/0.") ||
	    text_begins(w, "GNUTELLA OK"))
		return NM_CONF_PROOF;
	if (text_begins(w, "GIV "))
		return rate_giv(*w);
	return text_begins(w, "GET ") ? rate_transfer(*w) : 0;
}

static uint8_t
rate_udp(const struct wire *w, uint32_t wire_len)
{
	if (text_begins(w, "GND") || text_begins(w, "GTA"))
		return rate_part(*w);
	return rate_message(*w, wire_len);
}

/* Servents use one port for long, with hundreds of others; their connections are silent for minutes. */
static void
tag_peer(const struct nm_packet *pkt, struct nm_call *call)
{
	struct nm_tag tag = {
		.port = pkt->sport,
		.transport = pkt->transport,
		.confidence = NM_CONF_SERVICE,
		.app = APP_GNUTELLA,
		.ttl_s = PEER_TTL_S,
	};

	memcpy(tag.addr, pkt->saddr, sizeof(tag.addr));
	call->tag(call, &tag);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	(void)ctx;
	verdict->confidence = pkt->transport == NM_UDP ? rate_udp(&w, pkt->wire_len) : rate_tcp(&w);
	/* of a watched connection: whatever follows the request, it was its answer that was waited for */
	if (verdict->confidence == 0)
		return pkt->transport == NM_UDP ? NM_MORE : NM_NO;
	if (pkt->transport == NM_UDP || pkt->direction == NM_FROM_SERVER)
		tag_peer(pkt, call);
	else
		verdict->flags = NM_WATCH;
	verdict->app = APP_GNUTELLA;
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

NM_MODULE(gnutella) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "gnutella",
	.summary = "Gnutella handshakes, messages and transfers, on any port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
