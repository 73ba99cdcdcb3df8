/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Servers of games, as players look for them and enter them: Source Engine and its forerunners (UDP, usually 27015), Quake III
 * and its family (UDP, 27960), GameSpy's queries (UDP), San Andreas Multiplayer (UDP, 7777), Minecraft's Java edition (TCP, 25565),
 * Steam's own talk (UDP 27036, 27017 and more), Frostbite's remote administration (TCP, 47200), Warcraft III (UDP and TCP 6112),
 * Armagetron (UDP, 4534).
 *
 * Evidence: the texts and fixed octets of these queries and their answers, lengths that fit. Servers are tagged: the game itself
 * is a stream of the same endpoint. Cost: asked for payload that begins with these octets.
 */
#include <netmon/dialogue.h>
#include <netmon/text.h>

#define APP_SOURCE     370
#define APP_QUAKE      371
#define APP_GAMESPY    372
#define APP_SAMP       373
#define APP_MINECRAFT  374
#define APP_STEAM      375
#define APP_FROSTBITE  376
#define APP_WARCRAFT   377
#define APP_ARMAGETRON 378

#define PORT_MINECRAFT 25565
#define RULES_MAX      512 /* in one datagram */

/* What a note is of. */
enum kind {
	KIND_GAMESPY = 1,
	KIND_FROSTBITE,
	KIND_WARCRAFT,
	KIND_STEAM,
};

static const struct nm_app apps[] = {
	{ APP_SOURCE, "Source Engine", "Games", 0x3a6ea5, 0x84b6ec },
	{ APP_QUAKE, "Quake", "Games", 0x8c4a2f, 0xd08a6c },
	{ APP_GAMESPY, "GameSpy", "Games", 0x7d5a8c, 0xbd9acb },
	{ APP_SAMP, "SA-MP", "Games", 0x9a6b12, 0xd9a94e },
	{ APP_MINECRAFT, "Minecraft", "Games", 0x5b8731, 0x99c96d },
	{ APP_STEAM, "Steam", "Games", 0x2b5f86, 0x77a9d1 },
	{ APP_FROSTBITE, "Battlefield", "Games", 0x4b6075, 0x94aac0 },
	{ APP_WARCRAFT, "Warcraft3", "Games", 0x85601c, 0xcaa45c },
	{ APP_ARMAGETRON, "Armagetron", "Games", 0x5d6b8a, 0xa3b3d6 },
};

#define ANY 0x00
#define ALL 0xff

/* the client on TCP: a length, then its name */
#define STEAM_PORT(port_)                                                                  \
	{                                                                                  \
		.transport = NM_TCP, .port = (port_), .min_len = 8, .offset = 4, .len = 4, \
		.pattern = {                                                               \
			'V',                                                               \
			'T',                                                               \
			'0',                                                               \
			'1'                                                                \
		}                                                                          \
	}

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .min_len = 5, .len = 4, .pattern = { ALL, ALL, ALL, ALL } },
	{ .transport = NM_UDP,
	  .min_len = 7,
	  .len = 3,
	  .pattern = { 0xfe, 0xfd, 0 },
	  .mask = { ALL, ALL, 0xf4 } },
	{ .transport = NM_UDP, .min_len = 7, .len = 1, .pattern = { 9 } },
	NM_MATCH_TEXT(NM_UDP, 6, "\\status\\"),
	NM_MATCH_TEXT(NM_UDP, 6, "\\info\\"),
	NM_MATCH_TEXT(NM_UDP, 6, "\\basic\\"),
	NM_MATCH_TEXT(NM_UDP, 6, "\\rules\\"),
	NM_MATCH_TEXT(NM_UDP, 6, "\\players"),
	NM_MATCH_TEXT(NM_UDP, 6, "\\gamenam"),
	NM_MATCH_TEXT(NM_UDP, 6, "\\hostnam"),
	NM_MATCH_TEXT(NM_UDP, 11, "SAMP"),
	/* length below 64, packet 0; the ping of old */
	{ .transport = NM_TCP, .min_len = 7, .len = 2, .pattern = { 0, 0 }, .mask = { 0xc0, ALL } },
	{ .transport = NM_TCP, .min_len = 9, .len = 5, .pattern = { 0xfe, 1, 0xfa, 0, 11 } },
	{ .transport = NM_TCP,
	  .port = PORT_MINECRAFT,
	  .min_len = 2,
	  .len = 2,
	  .pattern = { 0xfe, 1 } },
	NM_MATCH_TEXT(NM_UDP, 8, "VS01"),
	STEAM_PORT(27017),
	STEAM_PORT(27018),
	STEAM_PORT(27019),
	STEAM_PORT(27020),
	STEAM_PORT(27021),
	{ .transport = NM_UDP,
	  .min_len = 4,
	  .len = 4,
	  .pattern = { 0x38, 0x18, 0, 0 },
	  .mask = { 0xfc, ALL, ALL, ALL } },
	/* '1', a region, "0.0.0.0:0" or where the last answer ended, a filter */
	{ .transport = NM_UDP,
	  .min_len = 12,
	  .len = 3,
	  .pattern = { '1', 0, 0x30 },
	  .mask = { ALL, ANY, 0xf0 } },
	{ .transport = NM_UDP, .min_len = 10, .len = 4, .pattern = { ALL, ALL, 'g', 'e' } },
	{ .transport = NM_UDP, .min_len = 10, .len = 4, .pattern = { ALL, ALL, 'c', 'h' } },
	{ .transport = NM_UDP, .min_len = 12, .len = 4, .pattern = { 0, 0x0b, 0, 0 } },
	{ .transport = NM_UDP,
	  .min_len = 16,
	  .len = 6,
	  .pattern = { 0, 0x1c, 0, 0, 0, 4 },
	  .mask = { ALL, ALL, ANY, ANY, ALL, ALL } },
	/* padded messages: number, length below 1024, a first field of four octets */
	{ .transport = NM_UDP,
	  .min_len = 512,
	  .len = 4,
	  .pattern = { 0x20, 0, 0, 0x0d },
	  .mask = { 0xfc, ANY, 0xfc, ALL } },
	/* a sequence that begins (its top bits are who asked, and whether this answers), then a size; the low octets first */
	{ .transport = NM_TCP,
	  .min_len = 18,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 0, 0, 0, 0 },
	  .mask = { 0xf0, ALL, ALL, 0x3f, ANY, 0xc0, ALL, ALL } },
	{ .transport = NM_UDP, .min_len = 4, .len = 2, .pattern = { 0xf7, 0x2f } },
	{ .transport = NM_UDP,
	  .min_len = 4,
	  .len = 4,
	  .pattern = { 0xf7, 0x30, 0, 0 },
	  .mask = { ALL, 0xfc, ANY, ALL } },
	{ .transport = NM_TCP, .port = 6112, .min_len = 4, .len = 1, .pattern = { 0xf7 } },
	{ .transport = NM_UDP, .min_len = 12, .len = 3, .pattern = { 0x80, 0, 0 } },
};

/* --- what begins with four octets of ones ------------------------------------------------------------------------ */

/* Passes over text up to its zero octet. */
static void
skip_text(struct wire *w)
{
	const uint8_t *end = text_find(w->at, w->end, '\0');

	if (!end)
		w->failed = true;
	else
		wire_skip(w, (size_t)(end - w->at) + 1);
}

/* How many, then for each an index, a name, a score and seconds, which fill the datagram. */
static bool
is_player_list(struct wire w)
{
	uint8_t count = wire_u8(&w);

	for (uint8_t i = 0; i < count && wire_ok(&w); i++) {
		wire_skip(&w, 1);
		skip_text(&w);
		wire_skip(&w, 8);
	}
	return wire_ok(&w) && count > 0 && wire_left(&w) == 0;
}

/* How many (low octet first), then for each a name and what it is set to, which fill the datagram. */
static bool
is_rule_list(struct wire w)
{
	uint16_t count = wire_le16(&w);

	if (count == 0 || count > RULES_MAX || wire_left(&w) == 0 || !text_is_print(*w.at))
		return false;
	for (uint16_t i = 0; i < 2 * count && wire_ok(&w); i++)
		skip_text(&w);
	return wire_ok(&w) && wire_left(&w) == 0;
}

/* https://developer.valvesoftware.com/wiki/Server_queries: what one letter says in requests of nine octets, and answers. */
static uint8_t
rate_source_letter(const struct nm_packet *pkt, struct wire w)
{
	switch (wire_u8(&w)) {
	case 'U': /* players, rules, challenge */
	case 'V':
	case 'W':
	case 'A': /* the challenge; a server that asks for one */
		return pkt->wire_len == 9 ? NM_CONF_WEAK : 0;
	case 'I': /* protocol, then the server's name and map */
		wire_skip(&w, 1);
		return wire_left(&w) > 8 && text_is_print(*w.at) && text_find(w.at, w.end, '\0')
		           ? NM_CONF_WEAK
		           : 0;
	case 'D':
		return is_player_list(w) ? NM_CONF_SIGNATURE : 0;
	case 'E':
		return is_rule_list(w) ? NM_CONF_SIGNATURE : 0;
	default:
		return 0;
	}
}

static uint8_t
rate_source(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	if (wire_u32(&w) != UINT32_MAX)
		return 0;
	if (text_begins(&w, "TSource Engine Query"))
		return NM_CONF_PROOF;
	return rate_source_letter(pkt, w);
}

/* Words that stand behind the ones; what has to follow, in the message, for those that others could have too. */
static const struct {
	const char *begins;
	const char *then; /* lower case; empty: nothing */
} quake_words[] = {
	{ "getstatus", "" },       { "getinfo", "" },        { "getchallenge", "" },
	{ "getservers", "" },      { "statusResponse", "" }, { "infoResponse", "" },
	{ "getserversRes", "" },   { "getserversExt", "" },  { "challengeResponse", "" },
	{ "connectResponse", "" }, { "challenge ", "" },     { "connect ", "\\" },
	{ "print\n", "" },         { "disconnect", "" },     { "rcon ", "" },
	{ "info\n", "\\" },        { "heartbeat ", "" },     { "status\n", "" },
	{ "n\\", "\\" },
};

static uint8_t
rate_quake(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)pkt;
	(void)call;
	if (wire_u32(&w) != UINT32_MAX)
		return 0;
	for (size_t i = 0; i < sizeof(quake_words) / sizeof(quake_words[0]); i++) {
		struct wire rest = w;

		if (!text_begins(&w, quake_words[i].begins))
			continue;
		wire_skip(&rest, strlen(quake_words[i].begins) - 1);
		if (*quake_words[i].then == '\0' || text_seek(&rest, quake_words[i].then))
			return NM_CONF_SIGNATURE;
	}
	return 0;
}

/* The first QUAKE's control: 80 00, its length, what; "QUAKE" and the version 3 in requests. */
static uint8_t
rate_netquake(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool control = wire_u16(&w) == 0x8000;
	bool fits = wire_u16(&w) == pkt->wire_len;

	(void)call;
	wire_skip(&w, 1);
	return control && fits && (text_begins(&w, "QUAKE") || text_begins(&w, "HEXENII"))
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Discovery of machines that play for others: ones, then a fixed word; the client's protocol; the first message of a
 * connection: "connection" and "timestamp" as fields 1 and 3 of a protocol buffer that is padded with zeros. */
static uint8_t
rate_steam(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)pkt;
	(void)call;
	if (text_begins(&w, "VS01"))
		return pkt->wire_len >= 36 ? NM_CONF_SIGNATURE : 0;
	uint32_t head = wire_u32(&w);
	if (head == UINT32_MAX)
		return wire_u32(&w) == 0x214c5fa0 ? NM_CONF_SIGNATURE : 0;
	uint8_t type = (uint8_t)(head >> 24);
	uint32_t length = (head >> 16 & 0xff) | (head & 0xff00);
	if (type < 32 || type > 35 || (head & 0xff) != 0x0d || length > pkt->wire_len - 3)
		return 0;
	wire_skip(&w, 4);
	uint8_t field = wire_u8(&w);
	return field == 0x19 || field == 0x11 || field == 0x15 ? NM_CONF_WEAK : 0;
}

/* A question for servers that are registered: region 0 to 7 or all (ff), an address with a port, a filter; both end in zero. */
static bool
is_master_query(struct wire w)
{
	wire_skip(&w, 1);
	uint8_t region = wire_u8(&w);
	struct wire address = w;

	if (!wire_ok(&w) || (region > 7 && region != 0xff))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			text_expect(&address, '.');
		(void)text_number(&address, 255);
	}
	text_expect(&address, ':');
	(void)text_number(&address, 65535);
	return wire_u8(&address) == 0 && wire_ok(&address) && w.end[-1] == 0;
}

/* The client's protocol on TCP behind its length; the search for servers; a ping of 4 octets and its answer of 8. */
static uint8_t
rate_steam_client(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct wire head = w;
	uint32_t length = wire_le32(&head);
	uint64_t was;

	if (pkt->transport == NM_TCP)
		return text_begins(&head, "VT01") && length > 0 && length < 0x1000000
		           ? NM_CONF_SIGNATURE
		           : 0;
	if (*w.at == '1')
		return is_master_query(w) ? NM_CONF_SIGNATURE : 0;
	if (length == 0x1839 && pkt->wire_len == 4)
		nm_note_put(pkt, call, KIND_STEAM, 1);
	return length == 0x183a && pkt->wire_len == 8 &&
	               nm_note_get(pkt, call, KIND_STEAM, NM_NOTE_OTHER, &was)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Doom 3's engine has two octets of ones only. */
static uint8_t
rate_doom(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)pkt;
	(void)call;
	return wire_u16(&w) == 0xffff &&
	               (text_begins(&w, "getInfo") || text_begins(&w, "getServers") ||
	                text_begins(&w, "challenge"))
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Messages of what, number, words, then as many words and the sender: a login, which begins with 8, and a synchronisation;
 * both have 0 for a sender. */
static uint8_t
rate_armagetron(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint16_t what = wire_u16(&w);
	uint16_t number = wire_u16(&w);
	uint32_t words = wire_u16(&w);
	struct wire body = w;

	(void)call;
	wire_skip(&w, 2 * (size_t)words);
	if (wire_u16(&w) != 0 || !wire_ok(&w) || wire_left(&w) != 0 || pkt->len != pkt->wire_len)
		return 0;
	if (what == 0x0b)
		return number == 0 && words > 1 && wire_u16(&body) == 8 ? NM_CONF_SIGNATURE : 0;
	return what == 0x1c && number != 0 && words == 4 && wire_u64(&body) == 0x0000050000010000
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- other queries ----------------------------------------------------------------------------------------------- */

/* fe fd, what (0: information, 2: key, 9: challenge), four octets that the answer repeats behind its own what. */
static uint8_t
rate_gamespy(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct wire digits;
	uint8_t first = *w.at;

	if (first == '\\')
		return text_find(w.at + 1, w.end, '\\') ? NM_CONF_SIGNATURE : 0;
	if (first == 0xfe) {
		wire_skip(&w, 2);
		uint8_t what = wire_u8(&w);
		uint32_t mark = wire_u32(&w);

		if (!wire_ok(&w) || (what != 0 && what != 2 && what != 9) ||
		    (what == 9 && pkt->wire_len != 7))
			return 0;
		nm_note_put(pkt, call, KIND_GAMESPY, mark);
		return NM_CONF_WEAK;
	}
	wire_skip(&w, 1);
	uint32_t mark = wire_u32(&w);
	digits = w;
	if (first != 9 || wire_left(&digits) < 2 ||
	    !nm_note_is(pkt, call, KIND_GAMESPY, NM_NOTE_OTHER, mark))
		return 0;
	return text_is_digit(*digits.at) || *digits.at == '-' ? NM_CONF_SIGNATURE : 0;
}

/* "SAMP", the server's address and port, a letter that says what. */
static uint8_t
rate_samp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	static const char letters[] = "irdcpx";

	(void)pkt;
	(void)call;
	if (!text_begins(&w, "SAMP"))
		return 0;
	wire_skip(&w, 10);
	uint8_t letter = wire_u8(&w);
	return wire_ok(&w) && letter != 0 && strchr(letters, letter) ? NM_CONF_SIGNATURE : 0;
}

/* --- Minecraft --------------------------------------------------------------------------------------------------- */

/* Seven bits an octet, the low ones first. */
static uint32_t
varint(struct wire *w)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t octet = wire_u8(w);

		value |= (uint64_t)(octet & 0x7f) << shift;
		if (!(octet & 0x80))
			return (uint32_t)value;
	}
	w->failed = true;
	return 0;
}

/* The handshake: length, packet 0, protocol, the server's name as the player wrote it, port, what next: status, login or
 * transfer. The name may have more behind a zero octet. */
static uint8_t
rate_handshake(struct wire w)
{
	uint32_t length = varint(&w);

	if (length > wire_left(&w))
		return 0;
	wire_limit(&w, length);
	bool handshake = wire_u8(&w) == 0;
	(void)varint(&w);
	uint32_t name = varint(&w);
	struct wire host = w;
	wire_skip(&w, name);
	wire_limit(&host, name < 4 ? name : 4);
	wire_skip(&w, 2);
	uint32_t next = varint(&w);
	return wire_ok(&w) && handshake && name > 0 && name <= 255 && text_all_print(&host) &&
	               next >= 1 && next <= 3 && wire_left(&w) == 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static uint8_t
rate_minecraft(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	if (*w.at != 0xfe)
		return rate_handshake(w);
	wire_skip(&w, 2);
	/* the ping of 1.6: a message in UTF-16 */
	if (wire_left(&w) > 0)
		return wire_u8(&w) == 0xfa && wire_u32(&w) == 0x000b004d ? NM_CONF_SIGNATURE : 0;
	return nm_is_port(pkt, PORT_MINECRAFT) ? NM_CONF_WEAK : 0;
}

/* --- Frostbite, Warcraft III ------------------------------------------------------------------------------------- */

/* Sequence with who asked and whether it answers, size, words, each with its length and a zero octet behind it. */
static uint8_t
rate_frostbite(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint32_t sequence = wire_le32(&w);
	uint32_t size = wire_le32(&w);
	uint32_t words = wire_le32(&w);

	(void)call;
	if (!wire_ok(&w) || words == 0 || words > 255 || size > pkt->wire_len ||
	    (sequence & 0x3fffffff) > 0xffffff)
		return 0;
	wire_limit(&w, size - 12);
	for (uint32_t i = 0; i < words; i++) {
		uint32_t length = wire_le32(&w);
		struct wire word = w;

		wire_limit(&word, length);
		wire_skip(&w, length);
		if (wire_u8(&w) != 0 || !wire_ok(&w) || (i == 0 && !text_all_print(&word)))
			return 0;
	}
	return wire_left(&w) == 0 ? NM_CONF_SIGNATURE : 0;
}

static bool
is_warcraft_product(struct wire w)
{
	return text_begins(&w, "PX3W") || text_begins(&w, "3RAW") || text_begins(&w, "W3XP") ||
	       text_begins(&w, "WAR3");
}

/* f7, what, the message's length. A search and its answer name the product; on TCP two in a row have to fit. */
static uint8_t
rate_warcraft(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	bool begins = wire_u8(&w) == 0xf7;
	uint8_t what = wire_u8(&w);
	uint16_t length = wire_le16(&w);
	uint64_t was;

	if (!wire_ok(&w) || !begins || length != pkt->wire_len)
		return 0;
	if (pkt->transport == NM_UDP && (what == 0x2f || what == 0x30))
		return is_warcraft_product(w) ? NM_CONF_SIGNATURE : 0;
	if (nm_note_get(pkt, call, KIND_WARCRAFT, NM_NOTE_ANY, &was))
		return NM_CONF_SIGNATURE;
	nm_note_put(pkt, call, KIND_WARCRAFT, what);
	return 0;
}

static const struct nm_dialogue_row protocols[] = {
	{ NM_UDP, APP_SOURCE, rate_source },       { NM_UDP, APP_QUAKE, rate_quake },
	{ NM_UDP, APP_QUAKE, rate_netquake },      { NM_UDP, APP_STEAM, rate_steam },
	{ NM_UDP, APP_GAMESPY, rate_gamespy },     { NM_UDP, APP_SAMP, rate_samp },
	{ NM_TCP, APP_MINECRAFT, rate_minecraft }, { NM_TCP, APP_FROSTBITE, rate_frostbite },
	{ NM_UDP, APP_STEAM, rate_steam_client },  { NM_TCP, APP_STEAM, rate_steam_client },
	{ NM_UDP, APP_QUAKE, rate_doom },          { NM_UDP, APP_ARMAGETRON, rate_armagetron },
	{ NM_UDP, APP_WARCRAFT, rate_warcraft },   { NM_TCP, APP_WARCRAFT, rate_warcraft },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_dialogue_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                            verdict);
}

NM_MODULE(game_servers) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "game_servers",
	.summary =
	    "Source Engine, Quake, GameSpy, SA-MP, Minecraft, Steam, Battlefield, Warcraft III and others",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
