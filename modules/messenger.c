/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messengers with protocols of their own: WhatsApp (its Noise pipe and the older one; TCP 443, 5222), Telegram (MTProto's
 * transports that are not obfuscated, TCP 443; the reflectors of its calls, UDP), Viber (TCP 4244, 5242, 5243; UDP 7985,
 * 7987), imo (UDP), OICQ, which is QQ (UDP and TCP 8000), WeChat (TCP).
 *
 * Evidence: fixed octets together with lengths that fit; where those are few, two messages that belong together. Nothing is
 * said of MTProto's obfuscated transport, which looks random. Cost: asked for payload with these octets, and on the ports
 * of Viber.
 */
#include <netmon/dialogue.h>
#include <netmon/text.h>

#define APP_WHATSAPP 350
#define APP_TELEGRAM 351
#define APP_VIBER    352
#define APP_IMO      353
#define APP_OICQ     354
#define APP_WECHAT   355

#define PORT_OICQ 8000

/* What a note is of. */
enum kind {
	KIND_VIBER_MEDIA = 1,
	KIND_VIBER_FRAME,
	KIND_IMO,
};

static const struct nm_app apps[] = {
	{ APP_WHATSAPP, "WhatsApp", "Messaging", 0x1b9e57, 0x54d68f },
	{ APP_TELEGRAM, "Telegram", "Messaging", 0x2a84c0, 0x6cb8e6 },
	{ APP_VIBER, "Viber", "Messaging", 0x6f5bb5, 0xa899e2 },
	{ APP_IMO, "imo", "Messaging", 0x3d6fb0, 0x86ace0 },
	{ APP_OICQ, "OICQ", "Messaging", 0xb5541c, 0xe8935c },
	{ APP_WECHAT, "WeChat", "Messaging", 0x4f8a10, 0x93c954 },
};

#define ANY 0x00
#define ALL 0xff
#define ON_PORT(transport_, port_)                                       \
	{                                                                \
		.transport = (transport_), .port = (port_), .min_len = 8 \
	}

static const struct nm_match matches[] = {
	/* "WA", two version numbers; the same behind the preface of a routed connection */
	{ .transport = NM_TCP,
	  .min_len = 7,
	  .len = 4,
	  .pattern = { 'W', 'A', 0, 0 },
	  .mask = { ALL, ALL, 0xf0, 0xe0 } },
	{ .transport = NM_TCP, .min_len = 7, .len = 5, .pattern = { 'E', 'D', 0, 1, 0 } },
	/* the server's half of the handshake: 24 bits of length, field 3 */
	{ .transport = NM_TCP,
	  .min_len = 40,
	  .len = 4,
	  .pattern = { 0, 0, 0, 0x1a },
	  .mask = { ALL, 0xfc, ANY, ALL } },
	{ .transport = NM_TCP, .min_len = 10, .len = 1, .pattern = { 0xef } },
	{ .transport = NM_TCP, .min_len = 12, .len = 4, .pattern = { 0xee, 0xee, 0xee, 0xee } },
	{ .transport = NM_TCP, .min_len = 12, .len = 4, .pattern = { 0xdd, 0xdd, 0xdd, 0xdd } },
	{ .transport = NM_UDP,
	  .min_len = 40,
	  .offset = 16,
	  .len = 8,
	  .pattern = { ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL } },
	ON_PORT(NM_TCP, 4244),
	ON_PORT(NM_TCP, 5242),
	ON_PORT(NM_TCP, 5243),
	ON_PORT(NM_UDP, 4244),
	ON_PORT(NM_UDP, 5242),
	ON_PORT(NM_UDP, 5243),
	ON_PORT(NM_UDP, 7985),
	ON_PORT(NM_UDP, 7987),
	ON_PORT(NM_UDP, 9785),
	{ .transport = NM_UDP, .min_len = 10, .len = 2, .pattern = { 9, 2 } },
	{ .transport = NM_UDP, .min_len = 11, .len = 3, .pattern = { 0, 9, 3 } },
	{ .transport = NM_UDP, .min_len = 12, .len = 3, .pattern = { 2, 0x3b, 0x0b } },
	{ .transport = NM_UDP, .port = PORT_OICQ, .min_len = 12, .len = 1, .pattern = { 2 } },
	{ .transport = NM_TCP,
	  .port = PORT_OICQ,
	  .min_len = 14,
	  .offset = 2,
	  .len = 1,
	  .pattern = { 2 } },
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 0, 16, 0, 1 },
	  .mask = { ALL, ALL, ANY, ANY, ALL, ALL, ALL, ALL } },
};

/* --- WhatsApp ---------------------------------------------------------------------------------------------------- */

#define WHATSAPP_HELLO_MAX 4096

static uint32_t
big24(struct wire *w)
{
	uint32_t high = wire_u8(w);

	return high << 16 | wire_u16(w);
}

/* "WA", the version, a dictionary's number, then frames of a 24-bit length: the first one is the client's half of the
 * handshake, and comes with it. The older pipe has a zero octet less in front of its lengths. */
static uint8_t
rate_hello(struct wire w, uint32_t wire_left_)
{
	uint8_t prologue[4] = { 0 };

	wire_copy(&w, prologue, sizeof(prologue));
	uint32_t length = big24(&w);
	if (!wire_ok(&w) || prologue[0] != 'W' || prologue[1] != 'A' || prologue[2] == 0 ||
	    prologue[2] > 15 || prologue[3] > 31)
		return 0;
	return length > 0 && length <= WHATSAPP_HELLO_MAX && length + 7 <= wire_left_
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* "ED", version 1, a 24-bit length, so many octets that name the place to go to, then "WA", or the segment's end. */
static uint8_t
rate_routed(struct wire w, uint32_t len)
{
	wire_skip(&w, 4);
	uint32_t length = big24(&w);

	wire_skip(&w, length);
	if (!wire_ok(&w) || length == 0 || length > 64)
		return 0;
	return len == 7 + length ? NM_CONF_SIGNATURE : rate_hello(w, len - 7 - length);
}

/* Protocol buffers: seven bits an octet, the low ones first. */
static uint32_t
varint(struct wire *w)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t octet = wire_u8(w);

		value |= (uint32_t)(octet & 0x7f) << shift;
		if (!(octet & 0x80))
			return value;
	}
	w->failed = true;
	return 0;
}

/* HandshakeMessage { serverHello = 3 { ephemeral = 1 (32 octets), ... } }, which fills the frame. */
static uint8_t
rate_server_hello(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = big24(&w);
	const uint8_t *begin = w.at;
	bool field = wire_u8(&w) == 0x1a;
	uint32_t size = varint(&w);
	uint32_t head = (uint32_t)(w.at - begin);
	bool key = wire_u16(&w) == 0x0a20;

	return wire_ok(&w) && field && key && head + size == length && length + 3 <= pkt->wire_len
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static uint8_t
rate_whatsapp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	if (text_begins(&w, "ED"))
		return rate_routed(w, pkt->wire_len);
	if (*w.at == 'W')
		return rate_hello(w, pkt->wire_len);
	return rate_server_hello(pkt, w);
}

/* --- Telegram ---------------------------------------------------------------------------------------------------- */

/* MTProto's messages have a key's identity, or eight zero octets before there is a key, and are 40 octets long at least
 * then; https://core.telegram.org/mtproto/mtproto-transports */
#define MTPROTO_MIN 32

/* A message without a key yet: zeros, the time as an identity that is a multiple of four, its length. */
static bool
is_keyless(struct wire w)
{
	bool zero = wire_u64(&w) == 0;
	bool client = (wire_le32(&w) & 3) == 0;

	wire_skip(&w, 4);
	uint32_t length = wire_le32(&w);
	return zero && client && length > 0 && length <= wire_left(&w);
}

/* The octet 0xef opens the connection; lengths count words, in one octet or, behind 0x7f, in three. */
static uint8_t
rate_abridged(const struct nm_packet *pkt, struct wire w)
{
	wire_skip(&w, 1);
	uint32_t words = wire_u8(&w);
	uint32_t head = 2;

	if (words == 0x7f) {
		words = wire_le16(&w);
		words |= (uint32_t)wire_u8(&w) << 16;
		head = 5;
	}
	if (!wire_ok(&w) || pkt->nth != 1 || pkt->direction != NM_FROM_CLIENT ||
	    words < MTPROTO_MIN / 4 || words * 4 + head != pkt->wire_len)
		return 0;
	return is_keyless(w) ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
}

/* Four equal octets open the connection, lengths have 32 bits; the padded form adds at most 15 octets. */
static uint8_t
rate_intermediate(const struct nm_packet *pkt, struct wire w)
{
	wire_skip(&w, 4);
	uint32_t length = wire_le32(&w);

	return wire_ok(&w) && length >= MTPROTO_MIN && pkt->wire_len >= 8 &&
	               length <= pkt->wire_len - 8
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static uint8_t
rate_mtproto(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	switch (*w.at) {
	case 0xef:
		return rate_abridged(pkt, w);
	case 0xee:
	case 0xdd:
		return rate_intermediate(pkt, w);
	default:
		return 0;
	}
}

/* Reflectors of calls: the peer's tag, twelve octets of ones, then a request for one's own address (-2), or the answer
 * (udpReflectorSelfInfo). */
static uint8_t
rate_reflector(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)pkt;
	(void)call;
	wire_skip(&w, 16);
	bool ones = wire_u64(&w) == UINT64_MAX && wire_u32(&w) == UINT32_MAX;
	uint32_t what = wire_u32(&w);
	wire_skip(&w, 8);
	return wire_ok(&w) && ones && (what == 0xfeffffff || what == 0xc77215c0) ? NM_CONF_SIGNATURE
	                                                                         : 0;
}

/* --- Viber ------------------------------------------------------------------------------------------------------- */

/* Messages of the media servers: a session of 16 bits, a type, and a size that goes with the type. */
static const struct {
	uint8_t type;
	uint16_t len;
} viber_media[] = {
	{ 0x01, 257 }, { 0x03, 12 }, { 0x05, 12 }, { 0x09, 20 }, { 0x0b, 34 },
	{ 0x0c, 76 },  { 0x0e, 12 }, { 0x11, 18 }, { 0x19, 34 }, { 0x1a, 20 },
};

static uint8_t
rate_viber_media(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint16_t session = wire_u16(&w);
	uint16_t type = wire_le16(&w);

	for (size_t i = 0; i < sizeof(viber_media) / sizeof(viber_media[0]); i++) {
		if (viber_media[i].type != type || viber_media[i].len != pkt->wire_len ||
		    session == 0)
			continue;
		if (nm_note_is(pkt, call, KIND_VIBER_MEDIA, NM_NOTE_ANY, session))
			return NM_CONF_SIGNATURE;
		nm_note_put(pkt, call, KIND_VIBER_MEDIA, session);
		return NM_CONF_WEAK;
	}
	return 0;
}

/* Messages on TCP begin with their length. The first one's options (fc ff .. 80) are in clear; later ones are counted. */
static uint8_t
rate_viber(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint16_t length = wire_le16(&w);
	struct wire first = w;
	uint32_t number = wire_le32(&w);
	uint64_t last;

	if (length != pkt->wire_len)
		return 0;
	wire_skip(&first, 4);
	bool options = wire_u16(&first) == 0xfcff;
	wire_skip(&first, 1);
	if (options && wire_u8(&first) == 0x80)
		return NM_CONF_SIGNATURE;
	if (!wire_ok(&w) || number == 0 || number > UINT16_MAX)
		return 0;
	if (nm_note_get(pkt, call, KIND_VIBER_FRAME, NM_NOTE_SAME, &last) && number == last + 1)
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_VIBER_FRAME, number);
	return 0;
}

/* --- imo, OICQ, WeChat ------------------------------------------------------------------------------------------- */

/* Signs of life: two or three octets, then a number of 64 bits that grows slowly. */
static uint8_t
rate_imo(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool answer = *w.at == 0;
	uint64_t last;

	if (answer)
		wire_skip(&w, 1);
	bool begins = wire_u16(&w) == (answer ? 0x0903 : 0x0902);
	uint32_t low = wire_le32(&w);
	uint32_t high = wire_le32(&w);
	if (!begins || pkt->wire_len != (answer ? 11U : 10U) || high != 0 || low == 0)
		return 0;
	if (nm_note_get(pkt, call, KIND_IMO, NM_NOTE_ANY, &last) && low - last <= UINT16_MAX)
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_IMO, low);
	return NM_CONF_WEAK;
}

static bool
is_oicq_command(uint16_t command)
{
	static const uint16_t commands[] = {
		0x0001, 0x0002, 0x0004, 0x0005, 0x0006, 0x0009, 0x000a, 0x000b, 0x000d,
		0x000e, 0x0012, 0x0016, 0x0017, 0x0018, 0x001a, 0x001c, 0x001d, 0x0022,
		0x0026, 0x0027, 0x0028, 0x0029, 0x0030, 0x003c, 0x0058, 0x005c, 0x005e,
		0x0061, 0x0062, 0x0065, 0x0067, 0x0080, 0x0081, 0x0091, 0x00a6, 0x00ba,
		0x00cd, 0x00ce, 0x00d0, 0x00d1, 0x00dd, 0x0825, 0x0836, 0x0828, 0x00ec,
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i] == command)
			return true;
	return false;
}

#define OICQ_VERSION 0x3b0b /* that of most clients, which counts on any port */

/* 02, version, command, sequence, the user's number, sealed data, 03; on TCP behind a length. */
static uint8_t
rate_oicq(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool tcp = pkt->transport == NM_TCP;

	(void)call;
	if (pkt->len != pkt->wire_len || (tcp && wire_u16(&w) != pkt->wire_len))
		return 0;
	bool begins = wire_u8(&w) == 2;
	uint16_t version = wire_u16(&w);
	uint16_t command = wire_u16(&w);
	wire_skip(&w, 2);
	uint32_t user = wire_u32(&w);
	bool ends = wire_ok(&w) && wire_left(&w) > 0 && w.end[-1] == 3;
	if (!nm_is_port(pkt, PORT_OICQ) && (tcp || version != OICQ_VERSION))
		return 0;
	return begins && ends && version != 0 && user >= 10000 && is_oicq_command(command)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* The long connection: length of all, of the head (16), version 1, command, sequence. */
static uint8_t
rate_wechat(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t length = wire_u32(&w);
	bool head = wire_u32(&w) == 0x00100001;
	uint32_t command = wire_u32(&w);

	(void)call;
	wire_skip(&w, 4);
	return wire_ok(&w) && head && length >= 16 && length <= pkt->wire_len && command > 0 &&
	               command <= UINT16_MAX
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static uint8_t
rate_viber_udp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	static const uint16_t ports[] = { 4244, 5242, 5243, 7985, 7987, 9785 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (nm_is_port(pkt, ports[i]))
			return rate_viber_media(pkt, call, w);
	return 0;
}

static uint8_t
rate_viber_tcp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool usual = nm_is_port(pkt, 4244) || nm_is_port(pkt, 5242) || nm_is_port(pkt, 5243);

	return usual ? rate_viber(pkt, call, w) : 0;
}

static const struct nm_dialogue_row protocols[] = {
	{ NM_TCP, APP_WHATSAPP, rate_whatsapp },  { NM_TCP, APP_TELEGRAM, rate_mtproto },
	{ NM_UDP, APP_TELEGRAM, rate_reflector }, { NM_TCP, APP_VIBER, rate_viber_tcp },
	{ NM_UDP, APP_VIBER, rate_viber_udp },    { NM_UDP, APP_IMO, rate_imo },
	{ NM_UDP, APP_OICQ, rate_oicq },          { NM_TCP, APP_OICQ, rate_oicq },
	{ NM_TCP, APP_WECHAT, rate_wechat },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_dialogue_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                            verdict);
}

NM_MODULE(messenger) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "messenger",
	.summary = "WhatsApp, Telegram, Viber, imo, OICQ and WeChat",
	.max_packets = 16,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
