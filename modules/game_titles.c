/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Games with protocols of their own: Activision's (UDP 3074), Call of Duty: Mobile (UDP 7500 and others), CryNetwork (UDP, any
 * port), Genshin Impact (UDP 22101, 22102; TCP 80, 10012), NetEase's (UDP, any port), Path of Exile (TCP 6112, 20481),
 * MapleStory (TCP 8484 and up), Among Us (UDP 22023 and up).
 *
 * Evidence: fixed octets with lengths that fit; a message and an answer that repeats it. What is only encrypted is not known.
 * Cost: asked for payload with these octets.
 */
#include <netmon/dialogue.h>
#include <netmon/text.h>

#define APP_ACTIVISION 390
#define APP_CODM       391
#define APP_CRYNET     392
#define APP_GENSHIN    393
#define APP_NETEASE    394
#define APP_EXILE      395
#define APP_MAPLE      396
#define APP_AMONGUS    397

#define PORT_CODM  7500
#define PORT_EXILE 6112

/* What a note is of. */
enum kind {
	KIND_ACTIVISION = 1,
	KIND_CODM,
	KIND_GENSHIN,
	KIND_NETEASE,
};

static const struct nm_app apps[] = {
	{ APP_ACTIVISION, "Activision", "Games", 0x5a5f66, 0xa9b0b8 },
	{ APP_CODM, "CoD Mobile", "Games", 0x7a5c00, 0xd1ac3f },
	{ APP_CRYNET, "CryNetwork", "Games", 0x1d7874, 0x67c4bf },
	{ APP_GENSHIN, "GenshinImpact", "Games", 0x5c7fb8, 0x9dbdf0 },
	{ APP_NETEASE, "NetEaseGames", "Games", 0xb03a48, 0xec8b96 },
	{ APP_EXILE, "PathofExile", "Games", 0x7d3c1b, 0xcf8a64 },
	{ APP_MAPLE, "MapleStory", "Games", 0xb8651b, 0xf0a762 },
	{ APP_AMONGUS, "AmongUs", "Games", 0xb3262e, 0xf07d83 },
};

#define ANY 0x00
#define ALL 0xff

static const struct nm_match matches[] = {
	{ .transport = NM_UDP,
	  .min_len = 29,
	  .len = 3,
	  .pattern = { 0x0c, 2, 0 },
	  .mask = { 0xfe, ALL, ALL } },
	{ .transport = NM_UDP,
	  .port = PORT_CODM,
	  .min_len = 12,
	  .offset = 8,
	  .len = 4,
	  .pattern = { 'p', 'i', 'n', 'g' } },
	{ .transport = NM_UDP, .min_len = 350, .len = 1, .pattern = { 0xce } },
	/* length, 0, 0, a version, zeros */
	{ .transport = NM_UDP,
	  .min_len = 26,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 0, 0, 0, 0 },
	  .mask = { ANY, ALL, ALL, 0xe0, ANY, ALL, ALL, ALL } },
	{ .transport = NM_UDP, .min_len = 20, .len = 4, .pattern = { 0, 0, 0, ALL } },
	{ .transport = NM_UDP, .min_len = 20, .len = 4, .pattern = { 0, 0, 1, 0x45 } },
	{ .transport = NM_UDP, .min_len = 20, .len = 4, .pattern = { 0, 0, 1, 0x94 } },
	{ .transport = NM_TCP,
	  .min_len = 42,
	  .len = 8,
	  .pattern = { 1, 0, 0, 0, 0, 0, 0, 0 },
	  .mask = { ALL, ALL, ALL, ALL, ANY, 0xf0, ALL, ALL } },
	{ .transport = NM_UDP,
	  .min_len = 12,
	  .len = 4,
	  .pattern = { 1, 0, 0xd0, 1 },
	  .mask = { ALL, ANY, ALL, ALL } },
	{ .transport = NM_UDP,
	  .min_len = 30,
	  .len = 6,
	  .pattern = { 0xb3, 0xaf, 0x8d, 0xe8, ALL, 0 } },
	{ .transport = NM_UDP, .min_len = 28, .len = 4, .pattern = { 7, 8, 8, 0x0c } },
	{ .transport = NM_UDP, .min_len = 10, .len = 4, .pattern = { 8, 0, 1, 0 } },
	{ .transport = NM_TCP, .min_len = 23, .len = 3, .pattern = { 0, 3, 0 } },
	{ .transport = NM_TCP, .min_len = 15, .len = 2, .pattern = { 0x0d, 0 } },
	{ .transport = NM_TCP, .min_len = 15, .len = 2, .pattern = { 0x0e, 0 } },
	{ .transport = NM_TCP, .min_len = 15, .len = 2, .pattern = { 0x10, 0 } },
};

/* Are the next `len` octets there and 0? */
static bool
zeros(struct wire *w, size_t len)
{
	const uint8_t *at = wire_take(w, len);
	uint8_t any = 0;

	for (size_t i = 0; at && i < len; i++)
		any |= at[i];
	return at && any == 0;
}

/* 0d 02 00 and 26 octets, among them the sender's address and port; the answer is 0c 02 00 and the same. */
static uint8_t
rate_activision(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool begins = (wire_u8(&w) & 0xfe) == 0x0c;
	bool version = wire_u16(&w) == 0x0200;
	uint64_t token = wire_u64(&w);

	if (!wire_ok(&w) || !begins || !version || pkt->wire_len != 29)
		return 0;
	return nm_note_pair(pkt, call, KIND_ACTIVISION, token, NM_CONF_WEAK);
}

/* Eight octets and "ping" go forth and back; the match names the players' equipment by its resource's name. */
static uint8_t
rate_codm(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	if (*w.at == 0xce && pkt->wire_len >= 350)
		return text_seek(&w, "loc_prefab_loadoutname_") ? NM_CONF_SIGNATURE : 0;
	uint64_t mark = wire_u64(&w);
	if (pkt->wire_len != 12 || !nm_is_port(pkt, PORT_CODM) || !text_begins(&w, "ping"))
		return 0;
	return nm_note_pair(pkt, call, KIND_CODM, mark, NM_CONF_WEAK);
}

/* The first message: its length less 10, a version, zeros, then 1, 7 and 0307 as 32-bit numbers and one of 16. */
static uint8_t
rate_crynet(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	bool fits = wire_u8(&w) + 10U == pkt->wire_len;
	bool zero = zeros(&w, 2);
	bool version = wire_u16(&w) != 0;

	zero = zeros(&w, 11) && zero;
	bool one = wire_u8(&w) == 1 && zeros(&w, 3);
	bool seven = wire_u8(&w) == 7 && zeros(&w, 3);
	return fits && zero && version && one && seven && wire_u16(&w) == 0x0307 ? NM_CONF_PROOF
	                                                                         : 0;
}

/* The control of its form of KCP: connect, connected, disconnect, each with its own last word; 1234567890 (49 96 02 d2) is
 * what the connection says of itself. */
static uint8_t
rate_genshin_udp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t begin = wire_u32(&w);

	(void)call;
	wire_skip(&w, 8);
	bool number = wire_u32(&w) == 0x499602d2;
	uint32_t end = wire_u32(&w);
	if (!wire_ok(&w) || pkt->wire_len != 20)
		return 0;
	if ((begin == 0xff && end == 0xffffffff) || (begin == 0x145 && end == 0x14514545))
		return number ? NM_CONF_PROOF : NM_CONF_WEAK;
	return begin == 0x194 && end == 0x19419494 ? NM_CONF_PROOF : 0;
}

/* On TCP: 1, the length, a step, a number, then eight octets that all messages of the connection have. */
static uint8_t
rate_genshin_tcp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool begins = wire_u32(&w) == 0x01000000;
	bool fits = wire_u8(&w) == (pkt->wire_len & 0xff);
	uint8_t step = wire_u8(&w);

	wire_skip(&w, 4);
	uint64_t session = wire_u64(&w);
	if (!wire_ok(&w) || !begins || !fits || step == 0 || step > 15 || session == 0)
		return 0;
	return nm_note_pair(pkt, call, KIND_GENSHIN, session, 0);
}

/* Of several games: twelve octets that end in 3 (or more) and ones; a fixed word of four; a fixed word, a check sum, then
 * the sides' numbers, which are small. */
static uint8_t
rate_netease(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t head = wire_u32(&w);
	uint32_t second = wire_u32(&w);
	uint32_t third = wire_u32(&w);

	(void)call;
	if (!wire_ok(&w))
		return 0;
	if (head == 0x0708080c && third <= 0xffffff)
		return NM_CONF_WEAK;
	if (head == 0xb3af8de8 && second >> 16 == 0xff00)
		return NM_CONF_SIGNATURE;
	return pkt->wire_len == 12 && (head & 0xff00ffff) == 0x0100d001 && third == 0x00010101
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* The login: message 3, the client's build, 2, the account's name with its length, twelve octets. */
static uint8_t
rate_exile(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool login = wire_u16(&w) == 3;

	(void)call;
	wire_skip(&w, 6);
	uint16_t length = wire_u16(&w);
	struct wire name = w;
	wire_skip(&w, length);
	wire_limit(&name, length);
	wire_skip(&w, 12);
	return login && wire_ok(&w) && wire_left(&w) == 0 && length > 0 && length <= 64 &&
	               text_all_print(&name) && pkt->len == pkt->wire_len &&
	               (nm_is_port(pkt, PORT_EXILE) || nm_is_port(pkt, 20481))
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* The server's greeting: length of the rest, version, a patch's name of one digit or more, two keys of four octets, the
 * country's number. */
static uint8_t
rate_maple(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool fits = wire_le16(&w) + 2U == pkt->wire_len;
	uint16_t version = wire_le16(&w);
	uint16_t length = wire_le16(&w);

	(void)call;
	if (!fits || pkt->nth != 1 || version == 0 || version > 999 || length == 0 || length > 3)
		return 0;
	for (uint16_t i = 0; i < length; i++)
		if (!text_is_digit(wire_u8(&w)))
			return 0;
	wire_skip(&w, 8);
	uint8_t country = wire_u8(&w);
	return wire_ok(&w) && wire_left(&w) == 0 && country >= 1 && country <= 9 ? NM_CONF_SIGNATURE
	                                                                         : 0;
}

/* The greeting: a reliable hello (8), number 1, 0, the game's version, which counts 25,000 a year, 1,800 a month and 50 a day,
 * and the player's name. */
static uint8_t
rate_amongus(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool hello = wire_u32(&w) == 0x08000100;
	uint32_t version = wire_le32(&w);
	uint32_t month = version % 25000 / 1800;
	uint8_t length = wire_u8(&w);

	(void)pkt;
	(void)call;
	wire_skip(&w, length);
	return wire_ok(&w) && hello && version / 25000 >= 2018 && version / 25000 <= 2050 &&
	               month >= 1 && month <= 12 && length > 0 && length <= 40
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct nm_dialogue_row protocols[] = {
	{ NM_UDP, APP_ACTIVISION, rate_activision }, { NM_UDP, APP_CODM, rate_codm },
	{ NM_UDP, APP_CRYNET, rate_crynet },         { NM_UDP, APP_GENSHIN, rate_genshin_udp },
	{ NM_TCP, APP_GENSHIN, rate_genshin_tcp },   { NM_UDP, APP_NETEASE, rate_netease },
	{ NM_UDP, APP_AMONGUS, rate_amongus },       { NM_TCP, APP_EXILE, rate_exile },
	{ NM_TCP, APP_MAPLE, rate_maple },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_dialogue_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                            verdict);
}

NM_MODULE(game_titles) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "game_titles",
	.summary =
	    "Activision, Call of Duty: Mobile, CryNetwork, Genshin Impact, NetEase and others",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
