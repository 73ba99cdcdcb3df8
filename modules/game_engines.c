/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transports of games on UDP, whatever game it is: RakNet (Minecraft's Bedrock edition on 19132 and many others), ENet, and
 * its use by Gaijin (War Thunder, 20000 to 20999), Photon (5055, 5056, 5058), KCP, netcode.io, which
 * is Yojimbo (40000), the Unreal Engine's handshake (Epic Games' Fortnite and others, 7777, 9000, 15000 and up).
 *
 * Evidence: fixed octets of openings; frames and commands whose lengths add up to the datagram; a handshake and its answer.
 * Cost: asked for payload with these octets, and for Photon's ports; walks a datagram's frames.
 */
#include <netmon/dialogue.h>
#include <netmon/text.h>

#define APP_RAKNET  380
#define APP_ENET    381
#define APP_PHOTON  382
#define APP_KCP     383
#define APP_YOJIMBO 384
#define APP_EPIC    385
#define APP_GAIJIN  386

#define FRAMES_MAX  64 /* in one datagram */
#define PHOTON_PORT 5055
#define PHOTON_PING 13

/* What a note is of. */
enum kind {
	KIND_KCP = 1,
	KIND_EPIC,
};

static const struct nm_app apps[] = {
	{ APP_RAKNET, "RakNet", "Games", 0x9c4f4f, 0xe09a9a },
	{ APP_ENET, "ENet", "Games", 0x3f7d6e, 0x86c7b7 },
	{ APP_PHOTON, "Photon", "Games", 0x1f6fa8, 0x74b4e4 },
	{ APP_KCP, "KCP", "Games", 0x6d6d2a, 0xb7b76a },
	{ APP_YOJIMBO, "Yojimbo", "Games", 0x7b4b94, 0xbd90d4 },
	{ APP_EPIC, "EpicGames", "Games", 0x4a4a4a, 0xb0b0b0 },
	{ APP_GAIJIN, "GaijinEntertainment", "Games", 0xa63d2f, 0xe88578 },
};

#define ANY        0x00
#define ALL        0xff
#define MAGIC_HEAD 0, ALL, ALL, 0, 0xfe, 0xfe, 0xfe
#define OPENING(first)                                                                          \
	{                                                                                       \
		.transport = NM_UDP, .min_len = 25, .len = 8, .pattern = {(first), MAGIC_HEAD } \
	}
#define ACKS(first)                                                                           \
	{                                                                                     \
		.transport = NM_UDP, .min_len = 7, .len = 4, .pattern = { (first), 0, 0, 0 }, \
		.mask = {                                                                     \
			ALL,                                                                  \
			ALL,                                                                  \
			ANY,                                                                  \
			0xfe                                                                  \
		}                                                                             \
	}

static const struct nm_match matches[] = {
	/* openings have their magic behind one octet or two; others change the first one */
	OPENING(0x05),
	OPENING(0x06),
	OPENING(0x07),
	OPENING(0x08),
	OPENING(0x7b),
	{ .transport = NM_UDP,
	  .min_len = 25,
	  .len = 8,
	  .pattern = { 0x19, 0, 0, ALL, ALL, 0, 0xfe, 0xfe },
	  .mask = { ALL, ANY, ALL, ALL, ALL, ALL, ALL, ALL } },
	/* a ping and a pong have it later, and some openings that are as long as a datagram may be */
	{ .transport = NM_UDP, .min_len = 33, .len = 1, .pattern = { 0x01 } },
	{ .transport = NM_UDP, .min_len = 33, .len = 1, .pattern = { 0x02 } },
	{ .transport = NM_UDP, .min_len = 35, .len = 1, .pattern = { 0x1c } },
	{ .transport = NM_UDP,
	  .min_len = 1200,
	  .offset = 32,
	  .len = 8,
	  .pattern = { MAGIC_HEAD, 0xfe } },
	/* a set of frames: the low bits of the first one's flags are 0, its bits are whole octets */
	{ .transport = NM_UDP,
	  .min_len = 8,
	  .len = 7,
	  .pattern = { 0x80, 0, 0, 0, 0, 0, 0 },
	  .mask = { 0xf0, ANY, ANY, ANY, 0x0f, ANY, 7 } },
	ACKS(0xc0),
	ACKS(0xa0),
	{ .transport = NM_UDP,
	  .min_len = 52,
	  .len = 8,
	  .pattern = { 0x8f, 0xff, 0, 0, 0x82, 0xff, 0, 1 },
	  .mask = { ALL, ALL, ANY, ANY, ALL, ALL, ALL, ALL } },
	{ .transport = NM_UDP,
	  .min_len = 48,
	  .len = 8,
	  .pattern = { 0x80, 0, 0, 0, 0x83, 0xff, 0, 1 },
	  .mask = { 0xc0, ANY, ANY, ANY, ALL, ALL, ALL, ALL } },
	NM_MATCH_TEXT(NM_UDP, 30, "app.star"),
	NM_MATCH_TEXT(NM_UDP, 30, "app.stag"),
	NM_MATCH_TEXT(NM_UDP, 30, "embedded"),
	{ .transport = NM_UDP, .port = PHOTON_PORT, .min_len = PHOTON_PING },
	{ .transport = NM_UDP, .port = 5056, .min_len = 24 },
	{ .transport = NM_UDP, .port = 5058, .min_len = 24 },
	{ .transport = NM_UDP,
	  .min_len = 56,
	  .len = 3,
	  .pattern = { ALL, ALL, 0 },
	  .mask = { ALL, ALL, 0xfe } },
	/* a command of 81 to 84, the last or only fragment */
	{ .transport = NM_UDP,
	  .min_len = 24,
	  .offset = 4,
	  .len = 2,
	  .pattern = { 0x50, 0 },
	  .mask = { 0xf8, ALL } },
	{ .transport = NM_UDP,
	  .min_len = 64,
	  .len = 8,
	  .pattern = { 0, 'N', 'E', 'T', 'C', 'O', 'D', 'E' } },
	/* the handshake: a small number and the first octet of a secret, which is zero, and often is in the answer */
	{ .transport = NM_UDP,
	  .min_len = 40,
	  .offset = 9,
	  .len = 2,
	  .pattern = { 0, 0 },
	  .mask = { 0xf0, ALL } },
};

/* --- RakNet: https://wiki.vg/Raknet_Protocol --------------------------------------------------------------------- */

/* The magic of messages that have no connection, behind `skip` octets. */
static bool
has_magic(struct wire w, size_t skip)
{
	static const uint8_t magic[16] = {
		0,    0xff, 0xff, 0,    0xfe, 0xfe, 0xfe, 0xfe,
		0xfd, 0xfd, 0xfd, 0xfd, 0x12, 0x34, 0x56, 0x78,
	};

	wire_skip(&w, skip);
	const uint8_t *at = wire_take(&w, sizeof(magic));
	return at && memcmp(at, magic, sizeof(magic)) == 0;
}

/* Octets that a reliability's numbers take: of reliable and of sequenced ones 3, of their order and channel 4; and those of a
 * fragment. */
static size_t
raknet_numbers(uint8_t flags)
{
	static const uint8_t octets[8] = { 0, 7, 3, 7, 10, 0, 3, 7 };

	return octets[flags >> 5] + (flags & 0x10 ? 10U : 0U);
}

/* Flags, length in bits, numbers, a message: over and over up to the datagram's end. */
static uint8_t
rate_frames(const struct nm_packet *pkt, struct wire w)
{
	unsigned n = 0;

	wire_skip(&w, 4);
	for (; n < FRAMES_MAX && wire_left(&w) > 0; n++) {
		uint8_t flags = wire_u8(&w);
		uint16_t bits = wire_u16(&w);

		if (flags & 0x0f || bits == 0 || bits % 8 != 0)
			return 0;
		wire_skip(&w, raknet_numbers(flags) + bits / 8);
	}
	return wire_ok(&w) && n > 0 && n < FRAMES_MAX && pkt->len == pkt->wire_len ? NM_CONF_WEAK
	                                                                           : 0;
}

/* How many, then single numbers, or ranges of them. */
static uint8_t
rate_acks(const struct nm_packet *pkt, struct wire w)
{
	wire_skip(&w, 1);
	uint16_t count = wire_u16(&w);

	if (count == 0 || count > 255 || pkt->len != pkt->wire_len)
		return 0;
	for (uint16_t i = 0; i < count; i++) {
		uint8_t single = wire_u8(&w);
		uint32_t first = wire_le24(&w);
		uint32_t last = single ? first : wire_le24(&w);

		if (single > 1 || last < first)
			return 0;
	}
	return wire_ok(&w) && wire_left(&w) == 0 ? NM_CONF_WEAK : 0;
}

static uint8_t
rate_raknet(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	static const uint8_t places[] = { 1, 2, 9, 17, 32 };
	uint8_t first = *w.at;

	(void)call;
	if (first >= 0x80 && first <= 0x8d)
		return rate_frames(pkt, w);
	if (first == 0xc0 || first == 0xa0)
		return rate_acks(pkt, w);
	for (size_t i = 0; i < sizeof(places); i++)
		if (has_magic(w, places[i]))
			return NM_CONF_PROOF;
	return 0;
}

/* --- ENet: http://enet.bespin.org/ ------------------------------------------------------------------------------- */

/* What both ends agree on when they connect, behind 4 octets of header and 8 of the command. */
struct enet {
	uint32_t mtu;
	uint32_t window;
	uint32_t channels;
	uint32_t acceleration;
	uint32_t deceleration;
};

static bool
read_enet(struct wire w, struct enet *ret)
{
	wire_skip(&w, 4);
	uint8_t command = wire_u8(&w);
	bool channel = wire_u8(&w) == 0xff && wire_u16(&w) == 1;

	wire_skip(&w, 4);
	ret->mtu = wire_u32(&w);
	ret->window = wire_u32(&w);
	ret->channels = wire_u32(&w);
	wire_skip(&w, 12);
	ret->acceleration = wire_u32(&w);
	ret->deceleration = wire_u32(&w);
	return wire_ok(&w) && channel && (command == 0x82 || command == 0x83) && ret->mtu >= 576 &&
	       ret->mtu <= 4096 && ret->window >= 4096 && ret->window <= 65536 &&
	       ret->channels >= 1 && ret->channels <= 255;
}

static uint8_t
rate_enet(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct enet enet;

	(void)pkt;
	(void)call;
	return read_enet(w, &enet) ? NM_CONF_SIGNATURE : 0;
}

/* Gaijin's games ask for what no other is known to ask for: all channels, 1200 octets, a throttle that stands still. Their
 * telemetry is of statsd's form, with these labels. */
static uint8_t
rate_gaijin(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct enet enet;

	(void)pkt;
	(void)call;
	if (text_begins(&w, "app.sta") || text_begins(&w, "embeddedupdater."))
		return text_seek(&w, ",circuit=") && text_seek(&w, ",application=")
		           ? NM_CONF_SIGNATURE
		           : 0;
	return read_enet(w, &enet) && enet.mtu == 1200 && enet.channels == 255 &&
	               enet.acceleration == 0 && enet.deceleration == 0
	           ? NM_CONF_PROOF
	           : 0;
}

/* --- Photon, KCP, netcode.io, Unreal ----------------------------------------------------------------------------- */

static bool
is_photon_port(const struct nm_packet *pkt)
{
	return nm_is_port(pkt, 5056) || nm_is_port(pkt, 5058);
}

/* How it measures the way: twelve equal octets and a number. */
static bool
is_photon_ping(const struct nm_packet *pkt, struct wire w)
{
	for (unsigned i = 0; i < PHOTON_PING - 1; i++)
		if (wire_u8(&w) != 0x7d)
			return false;
	return pkt->wire_len == PHOTON_PING;
}

/* Peer, flags (1: a check sum), how many commands, time, challenge; commands of type, channel, flags, 4, length, sequence,
 * which fill the datagram. The first one is for peer ff ff. */
static uint8_t
rate_photon(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct wire ping = w;
	bool first = wire_u16(&w) == 0xffff;
	uint8_t flags = wire_u8(&w);
	uint8_t count = wire_u8(&w);

	(void)call;
	if (nm_is_port(pkt, PHOTON_PORT) && is_photon_ping(pkt, ping))
		return NM_CONF_SIGNATURE;
	wire_skip(&w, 8);
	if (flags > 1 && flags != 0xcc)
		return 0;
	wire_skip(&w, flags ? 4 : 0);
	for (uint8_t i = 0; i < count; i++) {
		uint8_t type = wire_u8(&w);

		wire_skip(&w, 2);
		(void)wire_u8(&w);
		uint32_t length = wire_u32(&w);
		if (type == 0 || type > 16 || length < 12 || length > 1500)
			return 0;
		wire_skip(&w, length - 8);
	}
	if (!wire_ok(&w) || count == 0 || count > FRAMES_MAX || wire_left(&w) != 0)
		return 0;
	if (nm_is_port(pkt, PHOTON_PORT) && !nm_is_cut(pkt))
		return NM_CONF_PROOF;
	return first || is_photon_port(pkt) ? NM_CONF_SIGNATURE : 0;
}

/* Conversation, command, fragments behind, window, time, number, next one expected, length: segments that fill the
 * datagram; only pushes have data. https://github.com/skywind3000/kcp */
static uint8_t
rate_kcp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct wire segment = w;
	uint32_t conversation = wire_le32(&segment);
	bool pushes = false;
	unsigned n = 0;

	for (; n < FRAMES_MAX && wire_left(&w) > 0; n++) {
		bool same = wire_le32(&w) == conversation;
		uint8_t command = wire_u8(&w);

		wire_skip(&w, 11);
		uint32_t number_next = wire_le32(&w);
		uint32_t length = wire_le32(&w);
		if (!wire_ok(&w) || !same || command < 81 || command > 84 ||
		    number_next > 0xffffff || (command != 81 && length != 0) ||
		    (command == 81 && length == 0))
			return 0;
		wire_skip(&w, length);
		pushes = pushes || command == 81;
	}
	if (!wire_ok(&w) || n == 0 || n == FRAMES_MAX || pkt->len != pkt->wire_len ||
	    conversation == 0)
		return 0;
	if (nm_note_is(pkt, call, KIND_KCP, NM_NOTE_ANY, conversation))
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_KCP, conversation);
	return pushes ? NM_CONF_WEAK : 0;
}

/* https://github.com/networkprotocol/netcode.io: a request names the protocol and its version. */
static uint8_t
rate_yojimbo(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)pkt;
	(void)call;
	wire_skip(&w, 1);
	return text_begins(&w, "NETCODE 1.") ? NM_CONF_PROOF : 0;
}

#define UNREAL_ANSWER 0x08 /* the bit of octet 3 that says what step of the handshake it is */

/* The handshake: four octets of which the last says the step, a count, the network's version and what the client can do,
 * zeros for what the server has not given yet. The answer repeats the first two octets and the version. */
static uint8_t
rate_epic(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint64_t magic = wire_u16(&w);

	wire_skip(&w, 1);
	uint8_t step = wire_u8(&w);
	wire_skip(&w, 1);
	uint64_t version = wire_u32(&w);
	wire_skip(&w, 1);
	uint64_t value = magic << 32 | version;
	uint64_t given = wire_u64(&w);
	given |= wire_u64(&w);
	given |= wire_u64(&w);

	if (pkt->wire_len > 128 || magic == 0 || version == 0)
		return 0;
	if (step & UNREAL_ANSWER)
		return nm_note_is(pkt, call, KIND_EPIC, NM_NOTE_OTHER, value) ? NM_CONF_SIGNATURE
		                                                              : 0;
	if (wire_ok(&w) && given == 0)
		nm_note_put(pkt, call, KIND_EPIC, value);
	return 0;
}

static const struct nm_dialogue_row protocols[] = {
	{ NM_UDP, APP_RAKNET, rate_raknet }, { NM_UDP, APP_ENET, rate_enet },
	{ NM_UDP, APP_GAIJIN, rate_gaijin }, { NM_UDP, APP_PHOTON, rate_photon },
	{ NM_UDP, APP_KCP, rate_kcp },       { NM_UDP, APP_YOJIMBO, rate_yojimbo },
	{ NM_UDP, APP_EPIC, rate_epic },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_dialogue_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                            verdict);
}

NM_MODULE(game_engines) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "game_engines",
	.summary = "RakNet, ENet, Photon, KCP, netcode.io and Unreal's handshake",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
