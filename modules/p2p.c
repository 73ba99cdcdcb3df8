/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Peers beside those of BitTorrent and Gnutella: eDonkey with eMule and Kad (TCP and UDP, usually 4662 and 4672), Direct
 * Connect (NMDC and ADC; 411), Soulseek (2242 and others), JXTA (9701), libp2p (4001), Bitcoin (8333), Ethereum (30303),
 * mining by Stratum and its like (3333 and others). TCP where nothing else is said, any port.
 *
 * Evidence: eDonkey: a protocol's octet, length and operation that fit, messages of Kad whose lengths are fixed; Direct
 * Connect, JXTA, libp2p: first words; Bitcoin: a network's magic and a command; Stratum: a method of mining; Soulseek: a
 * log-on, what a peer begins with; Ethereum, on its port only: a signed datagram. Who spoke is tagged: peers are servers,
 * too. Cost: asked for payload with these heads, and for all of it on the port of Ethereum.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_EDONKEY  324
#define APP_DC       325
#define APP_SOULSEEK 326
#define APP_JXTA     327
#define APP_BITCOIN  328
#define APP_ETHEREUM 329
#define APP_STRATUM  330
#define APP_LIBP2P   346

#define PORT_ETHEREUM 30303

#define ED_EDONKEY     0xe3
#define ED_EMULE       0xc5
#define ED_PACKED      0xd4
#define ED_KAD         0xe4
#define ED_HEADER      5
#define ED_HELLO       0x01
#define ED_PART        0x46
#define ED_ANSWER      0x4c
#define ED_LAST        0xb0 /* no operation is above */
#define ED_TAGS        64
#define ED_MAX         (2u << 20)
#define KAD_CONTACT    25
#define KAD_VERSIONS   16
#define SLSK_LOGIN     1
#define SLSK_MAX       4096
#define BITCOIN_HEADER 24
#define BITCOIN_MAX    (32u << 20)
#define ETH_SIGNED     97 /* hash of 32 octets, signature of 65 */
#define ETH_SEALED_MIN 200
#define ETH_OLD_CALL   307 /* what opens a sealed connection, before EIP-8 */
#define ETH_OLD_ANSWER 210
#define STRATUM_WITHIN 512

static const struct nm_app apps[] = {
	{ APP_EDONKEY, "eDonkey", "Peer-to-peer", 0x6b3e26, 0xb98a70 },
	{ APP_DC, "DirectConnect", "Peer-to-peer", 0x3d5a80, 0x86a4cb },
	{ APP_SOULSEEK, "Soulseek", "Peer-to-peer", 0x1d6fb8, 0x74b3ea },
	{ APP_JXTA, "JXTA", "Peer-to-peer", 0x5c8001, 0xa3c553 },
	{ APP_BITCOIN, "Bitcoin", "Currency", 0xc9780b, 0xf7b155 },
	{ APP_ETHEREUM, "Ethereum", "Currency", 0x4f5b93, 0x97a2d6 },
	{ APP_STRATUM, "Mining", "Currency", 0x7d6608, 0xc4ad4f },
	{ APP_LIBP2P, "libp2p", "Peer-to-peer", 0x2a6f97, 0x73b1d6 },
};

#define ED_TCP(octet)                                                    \
	{                                                                \
		.transport = NM_TCP, .min_len = ED_HEADER + 1, .len = 5, \
		.pattern = { (octet), 0, 0, 0, 0 }, .mask = {            \
			0xff,                                            \
			0,                                               \
			0,                                               \
			0xe0,                                            \
			0xff                                             \
		}                                                        \
	}
#define MAGIC(a, b, c, d)                                                              \
	{                                                                              \
		.transport = NM_TCP, .min_len = BITCOIN_HEADER, .len = 4, .pattern = { \
			a,                                                             \
			b,                                                             \
			c,                                                             \
			d                                                              \
		}                                                                      \
	}
#define TEXT(text) NM_MATCH_TEXT(NM_TCP, 12, text)

static const struct nm_match matches[] = {
	ED_TCP(ED_EDONKEY),
	ED_TCP(ED_EMULE),
	ED_TCP(ED_PACKED),
	/* operations 0x10 to 0x1f and 0x20 to 0x2f; a server's state */
	{ .transport = NM_UDP,
	  .min_len = 19,
	  .len = 2,
	  .pattern = { ED_KAD, 0x10 },
	  .mask = { 0xff, 0xf0 } },
	{ .transport = NM_UDP,
	  .min_len = 19,
	  .len = 2,
	  .pattern = { ED_KAD, 0x20 },
	  .mask = { 0xff, 0xf0 } },
	{ .transport = NM_UDP, .min_len = 6, .len = 2, .pattern = { ED_EDONKEY, 0x96 } },
	TEXT("$Lock "),
	TEXT("$MyNick "),
	TEXT("$Support"),
	TEXT("$HubName"),
	TEXT("$MyINFO "),
	TEXT("$Validat"),
	TEXT("HSUP AD"),
	TEXT("ISUP AD"),
	TEXT("CSUP AD"),
	/* length below 128, 1, and a length below 64 or a number's other three octets */
	{ .transport = NM_TCP,
	  .min_len = 19,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 1, 0, 0, 0 },
	  .mask = { 0x80, 0xff, 0xff, 0xff, 0xff, 0xc0, 0xff, 0xff } },
	TEXT("JXTAHELL"),
	MAGIC(0xf9, 0xbe, 0xb4, 0xd9),
	MAGIC(0x0b, 0x11, 0x09, 0x07),
	MAGIC(0x1c, 0x16, 0x3f, 0x28),
	MAGIC(0x0a, 0x03, 0xcf, 0x40),
	MAGIC(0xfa, 0xbf, 0xb5, 0xda),
	{ .transport = NM_UDP, .port = PORT_ETHEREUM, .min_len = ETH_SIGNED + 2 },
	{ .transport = NM_TCP, .port = PORT_ETHEREUM, .min_len = ETH_SEALED_MIN },
	TEXT("{\"id\":"),
	TEXT("{\"method"),
	TEXT("{\"params"),
	TEXT("{\"worker"),
	TEXT("{\"jsonrp"),
	TEXT("{\"error\""),
	TEXT("{\"result"),
	TEXT("\x13/multis"),
};

/* --- eDonkey ------------------------------------------------------------------------------------------------------ */

/* Who somebody is: a hash, an address and a port, tags. */
static bool
is_introduction(struct wire w)
{
	wire_skip(&w, 16 + 4 + 2);
	return wire_le32(&w) <= ED_TAGS && wire_ok(&w);
}

/* What is said with an operation; a message may go on in the next segment. */
static uint8_t
rate_ed_operation(uint8_t operation, uint32_t length, struct wire w)
{
	struct wire rest = w;

	switch (operation) {
	case ED_HELLO: /* to a client the hash comes with its length, to a server without */
		if (wire_left(&rest) > 0 && *rest.at == 16)
			wire_skip(&rest, 1);
		return length > 26 && length < 4096 && is_introduction(rest) ? NM_CONF_SIGNATURE
		                                                             : 0;
	case ED_ANSWER:
		return length > 26 && length < 4096 && is_introduction(w) ? NM_CONF_SIGNATURE : 0;
	case ED_PART: {
		wire_skip(&w, 16);
		uint32_t begin = wire_le32(&w);
		uint32_t end = wire_le32(&w);

		return wire_ok(&w) && end > begin && length == 25 + end - begin ? NM_CONF_PROOF : 0;
	}
	default:
		return 0;
	}
}

/* A protocol's octet, length of the rest, low octet first, operation. The messages of a segment follow each other. */
static uint8_t
rate_edonkey(const struct nm_packet *pkt, struct wire w)
{
	unsigned n = 0;

	for (; n < 8 && wire_left(&w) > ED_HEADER; n++) {
		uint8_t protocol = wire_u8(&w);
		uint32_t length = wire_le32(&w);
		uint8_t operation = wire_u8(&w);

		if ((protocol != ED_EDONKEY && protocol != ED_EMULE && protocol != ED_PACKED) ||
		    length == 0 || length > ED_MAX || operation == 0 || operation > ED_LAST)
			return 0;
		if (protocol == ED_EDONKEY && n == 0) {
			uint8_t said = rate_ed_operation(operation, length, w);

			if (said)
				return said;
		}
		if (length - 1 > wire_left(&w))
			return n > 0 ? NM_CONF_SIGNATURE : 0;
		wire_skip(&w, length - 1);
	}
	return n > 0 && wire_left(&w) == 0 && pkt->len == pkt->wire_len ? NM_CONF_SIGNATURE : 0;
}

/* The answer with the contacts next to a place: each of a number, an address, two ports and a version. */
static bool
is_kad_answer(struct wire w)
{
	wire_skip(&w, 16);
	uint8_t n = wire_u8(&w);

	if (!wire_ok(&w) || n == 0 || wire_left(&w) != (size_t)n * KAD_CONTACT)
		return false;
	for (unsigned i = 0; i < n; i++) {
		wire_skip(&w, KAD_CONTACT - 1);
		if (wire_u8(&w) > KAD_VERSIONS)
			return false;
	}
	return true;
}

/* Hello, question for a place, answer, of Kad 1 (0x10, 0x20, 0x28) and 2; a question for a server's state ends in a mark. */
static uint8_t
rate_kad(const struct nm_packet *pkt, struct wire w)
{
	uint8_t protocol = wire_u8(&w);
	uint8_t operation = wire_u8(&w);
	bool right = false;

	if (protocol == ED_EDONKEY && operation == 0x96) {
		wire_skip(&w, 2);
		return wire_u16(&w) == 0xaa55 && pkt->wire_len == 6 ? NM_CONF_SIGNATURE : 0;
	}
	if (protocol != ED_KAD)
		return 0;
	switch (operation) {
	case 0x20:
	case 0x21: {
		uint8_t kind = wire_u8(&w);

		right = pkt->wire_len == 35 && (kind == 2 || kind == 4 || kind == 11);
		break;
	}
	case 0x28:
	case 0x29:
		right = is_kad_answer(w);
		break;
	case 0x10:
	case 0x18:
		right = pkt->wire_len == 2 + KAD_CONTACT;
		break;
	case 0x11:
	case 0x19: {
		wire_skip(&w, 18);
		uint8_t version = wire_u8(&w);
		uint8_t tags = wire_u8(&w);

		right = version > 0 && version <= KAD_VERSIONS && tags <= 16 &&
		        (tags == 0) == (wire_left(&w) == 0) && wire_ok(&w);
		break;
	}
	default:
		break;
	}
	return right ? NM_CONF_SIGNATURE : 0;
}

/* --- by first words ----------------------------------------------------------------------------------------------- */

/* NMDC: commands of a dollar and a word, which end with a bar. ADC: kind, word, what the sender can do. */
static uint8_t
rate_direct_connect(const struct nm_packet *pkt, struct wire w)
{
	static const char *const words[] = { "$Lock ",    "$MyNick ", "$Supports ",
		                             "$HubName ", "$MyINFO ", "$ValidateNick " };

	(void)pkt;
	if (text_begins(&w, "HSUP ADBAS") || text_begins(&w, "ISUP ADBAS") ||
	    text_begins(&w, "CSUP ADBAS"))
		return NM_CONF_PROOF;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_begins(&w, words[i]))
			return text_find(w.at, w.end, '|') ? NM_CONF_SIGNATURE : 0;
	return 0;
}

static uint8_t
rate_jxta(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return text_begins(&w, "JXTAHELLO ") ? NM_CONF_PROOF : 0;
}

/* How two peers agree upon a protocol: a length, then its name and a line's end. */
static uint8_t
rate_libp2p(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return text_begins(&w, "\x13/multistream/1.0.0\n") ? NM_CONF_PROOF : 0;
}

/* JSON-RPC with a method of mining, of Bitcoin's kind or of others'. */
static uint8_t
rate_stratum(const struct nm_packet *pkt, struct wire w)
{
	static const char *const methods[] = { "\"mining.", "\"eth_submitlogin\"",
		                               "\"eth_getwork\"", "\"eth_submitwork\"" };

	(void)pkt;
	if (!text_begins(&w, "{\""))
		return 0;
	wire_limit(&w, STRATUM_WITHIN);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct wire rest = w;

		if (text_seek(&rest, methods[i]))
			return NM_CONF_SIGNATURE;
	}
	struct wire login = w;
	struct wire agent = w;
	return text_seek(&login, "\"login\"") && text_seek(&agent, "\"agent\"") &&
	               text_seek(&w, "\"pass\"")
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- by structure ------------------------------------------------------------------------------------------------- */

/* A string with its length, low octet first, all printable. */
static bool
skip_string(struct wire *w, uint32_t least)
{
	uint32_t length = wire_le32(w);
	const uint8_t *bytes = length <= SLSK_MAX ? wire_take(w, length) : NULL;

	if (!bytes || length < least)
		return false;
	struct wire text = wire_init(bytes, length);
	return text_all_print(&text);
}

/* A log-on at the server: number 1, name, password, version, the MD5 of both as text. */
static bool
is_log_on(struct wire w)
{
	if (wire_le32(&w) != SLSK_LOGIN || !skip_string(&w, 1) || !skip_string(&w, 0))
		return false;
	uint32_t version = wire_le32(&w);
	return version < 1024 && skip_string(&w, 32);
}

/* What a peer begins with: number 1 in one octet, name, a letter for peer, file or distribution, a mark. */
static bool
is_peer(struct wire w)
{
	if (wire_u8(&w) != SLSK_LOGIN || !skip_string(&w, 1) || wire_le32(&w) != 1)
		return false;
	uint8_t kind = wire_u8(&w);
	wire_skip(&w, 4);
	return (kind == 'P' || kind == 'F' || kind == 'D') && wire_ok(&w) && wire_left(&w) == 0;
}

/* Length of the rest, and that. */
static uint8_t
rate_soulseek(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_le32(&w);

	if (!wire_ok(&w) || length > SLSK_MAX || length > wire_left(&w))
		return 0;
	if (is_log_on(w))
		return NM_CONF_PROOF;
	return length + 4 == pkt->wire_len && is_peer(w) ? NM_CONF_SIGNATURE : 0;
}

/* Magic of a network, a command of letters and zeros behind, length, sum. */
static uint8_t
rate_bitcoin(const struct nm_packet *pkt, struct wire w)
{
	static const uint32_t magics[] = { 0xf9beb4d9, 0x0b110907, 0x1c163f28, 0x0a03cf40,
		                           0xfabfb5da };
	uint32_t magic = wire_u32(&w);
	const uint8_t *command = wire_take(&w, 12);
	uint32_t length = wire_le32(&w);
	bool known = false;
	unsigned letters = 0;

	(void)pkt;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		known |= magic == magics[i];
	if (!known || !command || !wire_ok(&w) || length > BITCOIN_MAX)
		return 0;
	while (letters < 12 &&
	       (text_lower(command[letters]) >= 'a' || text_is_digit(command[letters])) &&
	       text_is_print(command[letters]))
		letters++;
	for (unsigned i = letters; i < 12; i++)
		if (command[i] != 0)
			return 0;
	return letters >= 2 ? NM_CONF_PROOF : 0;
}

/* Discovery, version 4: hash, signature whose last octet is 0 or 1, a kind of 1 to 6, a list (RLP) that fills the datagram or is
 * followed by what is to come. TCP: what opens a sealed connection, with its length (EIP-8) and a point's first octet, or of fixed lengths. */
static uint8_t
rate_ethereum(const struct nm_packet *pkt, struct wire w)
{
	if (!nm_is_port(pkt, PORT_ETHEREUM))
		return 0;
	if (pkt->transport == NM_TCP) {
		uint16_t length = wire_u16(&w);

		bool old = length >> 8 == 4 &&
		           (pkt->wire_len == ETH_OLD_CALL || pkt->wire_len == ETH_OLD_ANSWER);
		return old || (length + 2u == pkt->wire_len && wire_u8(&w) == 4) ? NM_CONF_SIGNATURE
		                                                                 : 0;
	}
	wire_skip(&w, ETH_SIGNED - 1);
	uint8_t recovery = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	uint8_t list = wire_u8(&w);
	uint32_t length = list - 0xc0u;
	if (!wire_ok(&w) || recovery > 1 || kind < 1 || kind > 6 || list < 0xc0 || list > 0xf9)
		return 0;
	if (list >= 0xf8)
		length = list == 0xf8 ? wire_u8(&w) : wire_u16(&w);
	return wire_ok(&w) && length <= wire_left(&w) && length + 64 >= wire_left(&w)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_EDONKEY, rate_edonkey },   { NM_UDP, APP_EDONKEY, rate_kad },
	{ NM_TCP, APP_DC, rate_direct_connect }, { NM_TCP, APP_SOULSEEK, rate_soulseek },
	{ NM_TCP, APP_JXTA, rate_jxta },         { NM_TCP, APP_BITCOIN, rate_bitcoin },
	{ NM_UDP, APP_ETHEREUM, rate_ethereum }, { NM_TCP, APP_ETHEREUM, rate_ethereum },
	{ NM_TCP, APP_STRATUM, rate_stratum },   { NM_TCP, APP_LIBP2P, rate_libp2p },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(p2p) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "p2p",
	.summary = "eDonkey, Direct Connect, Soulseek, JXTA, libp2p, Bitcoin, Ethereum and Stratum",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
