/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks that players log in to, and consoles: World of Warcraft (TCP 3724, 8085), Blizzard's Battle.net (TCP 6112 of old;
 * 1119, 3724), StarCraft II (TCP 1119), Nintendo's Pia (UDP, any port), Xbox Live (UDP 3074), PlayStation's remote play (UDP
 * 987, 9302).
 *
 * Evidence: the opening messages, by their fixed octets and lengths. Servers are tagged. Cost: asked for payload that begins
 * with these octets.
 */
#include <netmon/dialogue.h>
#include <netmon/text.h>

#define APP_WOW         400
#define APP_BLIZZARD    401
#define APP_STARCRAFT   402
#define APP_NINTENDO    403
#define APP_XBOX        404
#define APP_PLAYSTATION 405

#define PORT_BLIZZARD 1119
#define PORT_WOW      3724
#define PORT_XBOX     3074

/* What a note is of. */
enum kind {
	KIND_BLIZZARD = 1,
	KIND_XBOX,
};

static const struct nm_app apps[] = {
	{ APP_WOW, "WorldOfWarcraft", "Games", 0x9a7b12, 0xd8bb55 },
	{ APP_BLIZZARD, "Blizzard", "Games", 0x1f6fb5, 0x71b3ee },
	{ APP_STARCRAFT, "Starcraft", "Games", 0x35557a, 0x82a8d6 },
	{ APP_NINTENDO, "Nintendo", "Games", 0xc0392b, 0xf08a80 },
	{ APP_XBOX, "Xbox", "Games", 0x107c41, 0x5fcb8d },
	{ APP_PLAYSTATION, "PlayStation", "Games", 0x2a4fa3, 0x86a4ec },
};

#define ANY 0x00
#define ALL 0xff

static const struct nm_match matches[] = {
	{ .transport = NM_TCP,
	  .min_len = 34,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 'W', 'o', 'W', 0 },
	  .mask = { ALL, ANY, ANY, ANY, ALL, ALL, ALL, ALL } },
	NM_MATCH_TEXT(NM_TCP, 28, "WORLD OF"),
	{ .transport = NM_TCP,
	  .min_len = 30,
	  .len = 8,
	  .pattern = { 0, 0x30, 'W', 'O', 'R', 'L', 'D', ' ' } },
	{ .transport = NM_TCP, .min_len = 20, .len = 2, .pattern = { ALL, 0x50 } },
	{ .transport = NM_TCP, .min_len = 21, .len = 3, .pattern = { 1, ALL, 0x50 } },
	{ .transport = NM_TCP, .port = PORT_BLIZZARD, .min_len = 8 },
	{ .transport = NM_TCP,
	  .port = PORT_WOW,
	  .min_len = 8,
	  .offset = 6,
	  .len = 2,
	  .pattern = { 0, 0 } },
	{ .transport = NM_UDP,
	  .min_len = 23,
	  .len = 8,
	  .pattern = { ALL, ALL, ALL, ALL, 0xa3, 0x1f, 0xb6, 0x1e } },
	{ .transport = NM_UDP, .port = PORT_XBOX, .min_len = 24 },
	{ .transport = NM_UDP, .min_len = 32, .len = 4, .pattern = { 0x32, 0xab, 0x98, 0x64 } },
	{ .transport = NM_UDP,
	  .min_len = 13,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 0, 0x58, 0, 0 },
	  .mask = { ALL, ALL, ALL, ALL, 0xf0, ALL, ANY, ALL } },
	NM_MATCH_TEXT(NM_UDP, 40, "SRCH * H"),
	NM_MATCH_TEXT(NM_UDP, 40, "HTTP/1.1"),
};

/* The logon: 0, protocol, the size of the rest (low octet first), "WoW", version, build, then platform and system, backwards:
 * "68x" (x86), "niW" (Windows) and the like. */
static uint8_t
rate_logon(const struct nm_packet *pkt, struct wire w)
{
	bool challenge = wire_u8(&w) == 0;

	wire_skip(&w, 1);
	uint32_t size = wire_u8(&w);
	size |= (uint32_t)wire_u8(&w) << 8;
	bool game = wire_u32(&w) == 0x576f5700;
	wire_skip(&w, 5);
	struct wire platform = w;
	wire_skip(&w, 20);
	uint8_t name = wire_u8(&w);
	wire_limit(&platform, 3);
	return wire_ok(&w) && challenge && game && size + 4 == pkt->wire_len &&
	               name + 34U == pkt->wire_len && text_all_print(&platform)
	           ? NM_CONF_PROOF
	           : 0;
}

static uint8_t
rate_wow(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	if (text_begins(&w, "WORLD OF WARCRAFT CONNECTION"))
		return NM_CONF_PROOF;
	if (pkt->len > 2 && w.at[1] == 0x30) {
		wire_skip(&w, 2);
		return text_begins(&w, "WORLD OF WARCRAFT CONNECTION") ? NM_CONF_PROOF : 0;
	}
	return rate_logon(pkt, w);
}

/* Perhaps the choice of a protocol (1), then ff, 50, the length (low octet first), 0, and the platform backwards. */
static uint8_t
rate_battlenet(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t before = *w.at == 1;

	(void)call;
	wire_skip(&w, before);
	bool begins = wire_u16(&w) == 0xff50;
	uint32_t length = wire_u8(&w);
	length |= (uint32_t)wire_u8(&w) << 8;
	bool zero = wire_u32(&w) == 0;
	return begins && zero && wire_ok(&w) && length + before <= pkt->wire_len && length >= 20 &&
	               (text_begins(&w, "68XI") || text_begins(&w, "PAMP") ||
	                text_begins(&w, "CAMX"))
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static uint8_t
rate_starcraft(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	if (!nm_is_port(pkt, PORT_BLIZZARD) || (wire_u8(&w) & 0xfc) != 0x48)
		return 0;
	uint64_t opening = wire_u64(&w);
	return opening == 0x00000a66020aed2d && wire_u8(&w) == 0x66 ? NM_CONF_SIGNATURE : 0;
}

/* The client's opening to the network, then: what (32 bits) and the length of the rest, the low octets first; two such
 * messages of games. */
static uint8_t
rate_blizzard(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool usual = nm_is_port(pkt, PORT_BLIZZARD);
	struct wire opening = w;
	uint64_t was;

	if (!usual && !nm_is_port(pkt, PORT_WOW))
		return 0;
	if (usual && wire_u64(&opening) == 0x4100000a6652edc6)
		return NM_CONF_SIGNATURE;
	uint32_t what = wire_le32(&w);
	uint32_t length = wire_le32(&w);
	if (!wire_ok(&w) || length + 8 != pkt->wire_len || what == 0 || what > 0xffff)
		return 0;
	if (nm_note_get(pkt, call, KIND_BLIZZARD, NM_NOTE_ANY, &was))
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_BLIZZARD, what);
	return 0;
}

/* The first datagram of Warcraft Rumble. */
static uint8_t
rate_rumble(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint64_t head = wire_u64(&w);

	(void)call;
	return pkt->wire_len == 23 && head == 0xffffffffa31fb61e && wire_u32(&w) == 0x00004001
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Pia: its number, then a version, of which the top bit says that the rest is encrypted. */
static uint8_t
rate_nintendo(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool magic = wire_u32(&w) == 0x32ab9864;
	uint8_t version = wire_u8(&w) & 0x7f;

	(void)pkt;
	(void)call;
	return magic && version >= 1 && version <= 15 ? NM_CONF_SIGNATURE : 0;
}

/* What consoles send on their port, each of one length; two of them count. */
static const struct {
	uint32_t len;
	uint32_t begins;
	uint32_t mask;
} xbox_messages[] = {
	{ 42, 0x4f000a00, 0xff00ff00 }, { 80, 0x50bc4500, 0xffffff00 },
	{ 40, 0xcf5f3202, 0xffffffff }, { 38, 0xc1457f03, 0xffffffff },
	{ 28, 0x015f2c00, 0xffffffff },
};

static uint8_t
rate_xbox_message(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t begins = wire_u32(&w);
	uint64_t was;

	if (!nm_is_port(pkt, PORT_XBOX))
		return 0;
	for (size_t i = 0; i < sizeof(xbox_messages) / sizeof(xbox_messages[0]); i++) {
		if (xbox_messages[i].len != pkt->wire_len ||
		    (begins & xbox_messages[i].mask) != xbox_messages[i].begins)
			continue;
		if (nm_note_get(pkt, call, KIND_XBOX, NM_NOTE_ANY, &was))
			return NM_CONF_SIGNATURE;
		nm_note_put(pkt, call, KIND_XBOX, i);
	}
	return 0;
}

/* Key exchange between consoles: an index of 0, an octet, 0x58, an octet, zeros. */
static uint8_t
rate_xbox(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool zero = wire_u32(&w) == 0;
	uint8_t what = wire_u8(&w);
	bool kind = wire_u8(&w) == 0x58;

	(void)call;
	wire_skip(&w, 1);
	bool rest = wire_u16(&w) == 0 && wire_u8(&w) == 0;
	if (!wire_ok(&w) || !zero || !kind || !rest || what == 0 || what > 15)
		return 0;
	return nm_is_port(pkt, PORT_XBOX) ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
}

/* A search for consoles and their answer, in HTTP's form. */
static uint8_t
rate_playstation(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)pkt;
	(void)call;
	if (text_begins(&w, "SRCH * HTTP/1.1"))
		return text_seek(&w, "device-discovery-protocol-version:") ? NM_CONF_SIGNATURE : 0;
	return text_begins(&w, "HTTP/1.1 ") && text_seek(&w, "host-type:ps") ? NM_CONF_SIGNATURE
	                                                                     : 0;
}

static const struct nm_dialogue_row protocols[] = {
	{ NM_TCP, APP_WOW, rate_wow },
	{ NM_TCP, APP_BLIZZARD, rate_battlenet },
	{ NM_TCP, APP_BLIZZARD, rate_blizzard },
	{ NM_UDP, APP_BLIZZARD, rate_rumble },
	{ NM_TCP, APP_STARCRAFT, rate_starcraft },
	{ NM_UDP, APP_NINTENDO, rate_nintendo },
	{ NM_UDP, APP_XBOX, rate_xbox },
	{ NM_UDP, APP_XBOX, rate_xbox_message },
	{ NM_UDP, APP_PLAYSTATION, rate_playstation },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_dialogue_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                            verdict);
}

NM_MODULE(game_networks) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "game_networks",
	.summary = "World of Warcraft, Blizzard, StarCraft II, Nintendo, Xbox and PlayStation",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
