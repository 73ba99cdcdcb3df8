/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Talk and pictures, with framings of their own: Zoom (UDP 8801 to 8810), Discord's voice (UDP), LINE's calls (UDP), TeamSpeak
 * 2 and 3 (UDP 8767, 9987), Mumble (its question for a server's state, UDP 64738), iQIYI's peers (UDP), KakaoTalk's calls
 * (RTCP to and from its own network).
 *
 * Evidence: fixed octets with lengths that fit; where those are few, a message and its answer. Servers are tagged. Calls that
 * are STUN, DTLS or RTP throughout are named so, whoever's they are. Cost: asked for payload with these octets, for RTCP's
 * reports, and on Zoom's ports.
 */
#include <netmon/dialogue.h>
#include <netmon/text.h>

#define APP_ZOOM      360
#define APP_DISCORD   361
#define APP_LINE      362
#define APP_TEAMSPEAK 363
#define APP_MUMBLE    364
#define APP_IQIYI     365
#define APP_KAKAO     366

#define ZOOM_FIRST 8801
#define ZOOM_LAST  8810

/* What a note is of. */
enum kind {
	KIND_ZOOM_HELLO = 1,
	KIND_ZOOM_ECHO,
	KIND_ZOOM_MEDIA,
	KIND_LINE,
	KIND_MUMBLE,
	KIND_IQIYI,
	KIND_LINE_SIGN,
};

static const struct nm_app apps[] = {
	{ APP_ZOOM, "Zoom", "Voice and video", 0x2d6fd2, 0x7fb0f5 },
	{ APP_DISCORD, "Discord", "Voice and video", 0x5560c8, 0x98a2f2 },
	{ APP_LINE, "LineCall", "Voice and video", 0x2c8f3c, 0x6fd07f },
	{ APP_TEAMSPEAK, "TeamSpeak", "Voice", 0x38648f, 0x83b3df },
	{ APP_MUMBLE, "Mumble", "Voice", 0x7a6a3a, 0xc2b078 },
	{ APP_IQIYI, "iQIYI", "Streaming", 0x3f8f2f, 0x85d373 },
	{ APP_KAKAO, "KakaoTalk Voice", "Voice and video", 0x8a7500, 0xd9c64a },
};

#define ANY 0x00
#define ALL 0xff
#define ZOOM_PORT(port_)                                             \
	{                                                            \
		.transport = NM_UDP, .port = (port_), .min_len = 13, \
	}

static const struct nm_match matches[] = {
	ZOOM_PORT(8801),
	ZOOM_PORT(8802),
	ZOOM_PORT(8803),
	ZOOM_PORT(8804),
	ZOOM_PORT(8805),
	ZOOM_PORT(8806),
	ZOOM_PORT(8807),
	ZOOM_PORT(8808),
	ZOOM_PORT(8809),
	ZOOM_PORT(8810),
	{ .transport = NM_UDP, .min_len = 74, .len = 4, .pattern = { 0, 1, 0, 70 } },
	{ .transport = NM_UDP, .min_len = 74, .len = 4, .pattern = { 0, 2, 0, 70 } },
	{ .transport = NM_UDP, .min_len = 8, .len = 4, .pattern = { 0x13, 0x37, 0xca, 0xfe } },
	{ .transport = NM_UDP,
	  .min_len = 100,
	  .len = 6,
	  .pattern = { 0xd8, 0, 0, 0, 6, 2 },
	  .mask = { 0xfc, ANY, ANY, ANY, ALL, ALL } },
	{ .transport = NM_UDP,
	  .min_len = 8,
	  .len = 3,
	  .pattern = { 0xb6, 0, 0 },
	  .mask = { ALL, 0xe0, ALL } },
	NM_MATCH_TEXT(NM_UDP, 18, "TS3INIT1"),
	NM_MATCH_TEXT(NM_TCP, 6, "TS3\n\r"),
	NM_MATCH_TEXT(NM_TCP, 6, "[TS]\r\n"),
	{ .transport = NM_UDP, .min_len = 16, .len = 4, .pattern = { 0xf4, 0xbe, 3, 0 } },
	{ .transport = NM_UDP, .min_len = 16, .len = 4, .pattern = { 0xf4, 0xbe, 4, 0 } },
	{ .transport = NM_UDP, .min_len = 12, .len = 4, .pattern = { 0, 0, 0, 0 } },
	/* a version of Mumble: 1.2 to 1.9, any patch */
	{ .transport = NM_UDP, .min_len = 24, .len = 2, .pattern = { 0, 1 } },
	{ .transport = NM_UDP, .min_len = 32, .len = 1, .pattern = { 0x1c }, .mask = { 0x7f } },
	{ .transport = NM_UDP,
	  .min_len = 28,
	  .len = 2,
	  .pattern = { 0x80, 200 },
	  .mask = { 0xc0, 0xfe } },
};

/* --- Zoom -------------------------------------------------------------------------------------------------------- */

#define ZOOM_REQUEST 1
#define ZOOM_ANSWER  2
#define ZOOM_PING    3
#define ZOOM_PONG    4
#define ZOOM_MEDIA   5

/* What media servers wrap: screen, audio, video, data's two directions, transfer, RTCP. */
static bool
is_zoom_content(uint8_t type)
{
	static const uint8_t types[] = {
		0x0a, 0x0c, 0x0d, 0x0f, 0x10, 0x15, 0x1e, 0x21, 0x22, 0x23
	};

	return memchr(types, type, sizeof(types)) != NULL;
}

/* A request for a session says its number, the answer the same: 0, direction, 16 octets. */
static uint8_t
rate_zoom_hello(const struct nm_packet *pkt, struct nm_call *call, uint8_t type, struct wire w)
{
	bool zero = wire_u8(&w) == 0;
	uint8_t side = wire_u8(&w);
	uint64_t session = wire_u64(&w);

	wire_skip(&w, 8);
	if (!wire_ok(&w) || !zero || side == 0 || side > 3 ||
	    pkt->wire_len < (type == ZOOM_REQUEST ? 64U : 32U))
		return 0;
	return nm_note_pair(pkt, call, KIND_ZOOM_HELLO, session, NM_CONF_WEAK);
}

/* A number, a time, and the other end's number; the answer repeats them. */
static uint8_t
rate_zoom_echo(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t number = wire_u32(&w);
	uint32_t time = wire_u32(&w);

	wire_skip(&w, 4);
	if (!wire_ok(&w) || number == 0 || number > 0xffffff)
		return 0;
	return nm_note_pair(pkt, call, KIND_ZOOM_ECHO, (uint64_t)number << 32 | time, 0);
}

static uint8_t
rate_zoom_media(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint8_t content = wire_u8(&w);
	uint64_t count = 0;

	if (!is_zoom_content(content))
		return 0;
	(void)nm_note_get(pkt, call, KIND_ZOOM_MEDIA, NM_NOTE_ANY, &count);
	if (count >= 2)
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_ZOOM_MEDIA, count + 1);
	return count == 1 ? NM_CONF_WEAK : 0;
}

static bool
is_zoom_port(uint16_t port)
{
	return port >= ZOOM_FIRST && port <= ZOOM_LAST;
}

static uint8_t
rate_zoom(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint8_t type = wire_u8(&w);

	if (!is_zoom_port(pkt->sport) && !is_zoom_port(pkt->dport))
		return 0;
	switch (type) {
	case ZOOM_REQUEST:
	case ZOOM_ANSWER:
		return rate_zoom_hello(pkt, call, type, w);
	case ZOOM_PING:
	case ZOOM_PONG:
		return rate_zoom_echo(pkt, call, w);
	case ZOOM_MEDIA:
		return rate_zoom_media(pkt, call, w);
	default:
		return 0;
	}
}

/* --- Discord ----------------------------------------------------------------------------------------------------- */

#define DISCOVERY_LEN 74

static bool
is_zero(struct wire w)
{
	while (wire_left(&w) > 0)
		if (wire_u8(&w) != 0)
			return false;
	return true;
}

/* An address in text, zeros up to the port. */
static bool
is_address(struct wire w)
{
	unsigned n = 0;

	wire_limit(&w, 64);
	while (wire_left(&w) > 0 && (text_is_digit(*w.at) || *w.at == '.' || *w.at == ':' ||
	                             (text_lower(*w.at) >= 'a' && text_lower(*w.at) <= 'f'))) {
		wire_skip(&w, 1);
		n++;
	}
	return n >= 3 && is_zero(w);
}

/* Discovery of one's own address: type, length (70), source, 64 octets for an address, port. And a sign of life: 13 37 ca fe
 * and a number. */
static uint8_t
rate_discord(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t head = wire_u32(&w);
	bool whole = pkt->wire_len == DISCOVERY_LEN && pkt->len == pkt->wire_len;

	(void)call;
	wire_skip(&w, 4);
	if (!wire_ok(&w))
		return 0;
	if (head == 0x1337cafe)
		return pkt->wire_len == 8 ? NM_CONF_SIGNATURE : 0;
	if (head == 0x00010046)
		return whole && is_zero(w) ? NM_CONF_SIGNATURE : 0;
	return head == 0x00020046 && whole && is_address(w) ? NM_CONF_SIGNATURE : 0;
}

/* --- the others -------------------------------------------------------------------------------------------------- */

/* The opening of a call, from both sides: a type of 0xd8 to 0xdb, the side's own sequence, 06 02. */
static uint8_t
rate_line(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool type = (wire_u8(&w) & 0xfc) == 0xd8;
	uint64_t was;

	wire_skip(&w, 3);
	if (!type || wire_u16(&w) != 0x0602)
		return 0;
	if (nm_note_get(pkt, call, KIND_LINE, NM_NOTE_OTHER, &was))
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_LINE, 1);
	return 0;
}

/* Signs of a call: b6, a type, the length of the rest. */
static uint8_t
rate_line_sign(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool begins = wire_u8(&w) == 0xb6;
	uint8_t type = wire_u8(&w);
	uint64_t was;

	if (!begins || type == 0 || type > 0x1f || wire_u16(&w) + 4U != pkt->wire_len)
		return 0;
	if (nm_note_get(pkt, call, KIND_LINE_SIGN, NM_NOTE_ANY, &was))
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_LINE_SIGN, type);
	return NM_CONF_WEAK;
}

/* The administrator's talk with a server greets in text. */
static uint8_t
rate_teamspeak_query(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	if (text_begins(&w, "TS3\n\r"))
		return NM_CONF_SIGNATURE;
	return text_begins(&w, "[TS]\r\n") && pkt->wire_len == 6 ? NM_CONF_WEAK : 0;
}

/* Version 3 opens with its name and packet 0x65; version 2 with f4 be, class 3 or 4, type 0. */
static uint8_t
rate_teamspeak(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	static const uint16_t sizes[] = { 180, 436 };

	(void)call;
	if (text_begins(&w, "TS3INIT1")) {
		wire_skip(&w, 8);
		return wire_u16(&w) == 0x0065 ? NM_CONF_PROOF : 0;
	}
	uint32_t head = wire_u32(&w);
	if (head != 0xf4be0300 && head != 0xf4be0400)
		return 0;
	return pkt->wire_len == sizes[0] || pkt->wire_len == sizes[1] ? NM_CONF_SIGNATURE
	                                                              : NM_CONF_WEAK;
}

/* Twelve octets ask, of which eight are repeated in an answer of 24, in which the users fit below their limit. */
static uint8_t
rate_mumble(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t head = wire_u32(&w);
	uint64_t mark = wire_u64(&w);

	if (!wire_ok(&w))
		return 0;
	if (pkt->wire_len == 12 && head == 0 && mark != 0) {
		nm_note_put(pkt, call, KIND_MUMBLE, mark);
		return 0;
	}
	uint32_t users = wire_u32(&w);
	uint32_t limit = wire_u32(&w);
	wire_skip(&w, 4);
	return pkt->wire_len == 24 && wire_ok(&w) && head >> 24 == 0 && users <= limit &&
	               nm_note_is(pkt, call, KIND_MUMBLE, NM_NOTE_OTHER, mark)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* 1c or 9c, an octet, the length with the low octet first, three octets, eight that the answer has too; the name of the
 * library (PPStream) in what opens. */
static uint8_t
rate_iqiyi(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool type = (wire_u8(&w) & 0x7f) == 0x1c;

	wire_skip(&w, 1);
	uint16_t length = wire_u8(&w);
	length = (uint16_t)(length | wire_u8(&w) << 8);
	wire_skip(&w, 3);
	uint64_t session = wire_u64(&w) >> 8;
	if (!wire_ok(&w) || !type || length != pkt->wire_len || session == 0)
		return 0;
	if (pkt->wire_len <= 512 && text_seek(&w, "ppstream"))
		return NM_CONF_SIGNATURE;
	return nm_note_pair(pkt, call, KIND_IQIYI, session, 0);
}

#define CONF_KAKAO 95 /* more than modules/sip.c gives the same packet, which is right too */

/* RTCP's reports (RFC 3550 section 6.4), where one end is in 1.201.0.0/16, where KakaoTalk's relays are. */
static uint8_t
rate_kakao(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	static const uint8_t network[14] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 201 };
	uint8_t bits = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint32_t words = wire_u16(&w);

	(void)call;
	if (memcmp(pkt->saddr, network, sizeof(network)) != 0 &&
	    memcmp(pkt->daddr, network, sizeof(network)) != 0)
		return 0;
	return bits >> 6 == 2 && (type == 200 || type == 201) && 4 * words + 4 <= pkt->wire_len &&
	               words == (type == 200 ? 6U : 1U) + 6U * (bits & 31)
	           ? CONF_KAKAO
	           : 0;
}

static const struct nm_dialogue_row protocols[] = {
	{ NM_UDP, APP_ZOOM, rate_zoom },
	{ NM_UDP, APP_DISCORD, rate_discord },
	{ NM_UDP, APP_LINE, rate_line },
	{ NM_UDP, APP_TEAMSPEAK, rate_teamspeak },
	{ NM_UDP, APP_MUMBLE, rate_mumble },
	{ NM_UDP, APP_IQIYI, rate_iqiyi },
	{ NM_UDP, APP_KAKAO, rate_kakao },
	{ NM_UDP, APP_LINE, rate_line_sign },
	{ NM_TCP, APP_TEAMSPEAK, rate_teamspeak_query },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_dialogue_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                            verdict);
}

NM_MODULE(media) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "media",
	.summary = "Zoom, Discord, LINE calls, TeamSpeak, Mumble, iQIYI and KakaoTalk's calls",
	.max_packets = 12,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
