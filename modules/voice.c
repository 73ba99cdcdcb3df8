/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signalling of calls other than SIP: Megaco (H.248, RFC 3525; 2944), MGCP (RFC 3435; UDP 2427 and 2727), H.323 (H.225.0 on TCP
 * 1720 and UDP 1719, H.245), Cisco's Skinny (TCP 2000), IAX2 (RFC 5456; UDP 4569), BFCP (RFC 8855).
 *
 * Evidence: Megaco's and MGCP's words with a version; H.323: a Q.931 message with H.225.0's element in it, or a message with
 * the object identifier of H.225.0 or H.245; Skinny: messages whose lengths fill the segment, on its port; IAX2: the first frame
 * of a call on any port, others on its own; BFCP: attributes that fill the message. RTP is for sip. Servers are tagged. Cost:
 * asked for payload with these heads, and for all of it on the ports of MGCP, H.323, Skinny and IAX2.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>
#include <netmon/tlv.h>

#define APP_MEGACO 268
#define APP_MGCP   269
#define APP_H323   270
#define APP_SKINNY 271
#define APP_IAX    272
#define APP_BFCP   273

#define PORT_MEGACO  2944
#define PORT_MGCP    2427
#define PORT_MGCP_CA 2727 /* the call agent's */
#define PORT_Q931    1720
#define PORT_SKINNY  2000
#define PORT_IAX     4569

#define IAX_VERSION 0x0b020002u /* the element of the protocol's version, 2 */

static const struct nm_app apps[] = {
	{ APP_MEGACO, "Megaco", "Voice", 0x5a5aa8, 0x9c9ce0 },
	{ APP_MGCP, "MGCP", "Voice", 0x6b5b95, 0xaa9bd2 },
	{ APP_H323, "H323", "Voice", 0x88498f, 0xc98fcf },
	{ APP_SKINNY, "CiscoSkinny", "Voice", 0x1d7ea8, 0x6bbfe2 },
	{ APP_IAX, "IAX", "Voice", 0xb5562c, 0xe59a78 },
	{ APP_BFCP, "BFCP", "Voice", 0x718c2f, 0xb0ca72 },
};

#define WORD(a, b, c, d) NM_MATCH_WORD(NM_UDP, 12, a, b, c, d)
/* BFCP: version (1; 2 is over UDP, with a bit for answers), primitive below 32, length below 256 words */
#define BFCP(transport_, first)                                                           \
	{                                                                                 \
		.transport = (transport_), .min_len = 12, .len = 3, .pattern = { first }, \
		.mask = {                                                                 \
			0xff,                                                             \
			0xe0,                                                             \
			0xff                                                              \
		}                                                                         \
	}

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_UDP, 10, "MEGACO/"),
	NM_MATCH_TEXT(NM_UDP, 5, "!/"),
	NM_MATCH_TEXT(NM_TCP, 10, "MEGACO/"),
	WORD('E', 'P', 'C', 'F'),
	WORD('C', 'R', 'C', 'X'),
	WORD('M', 'D', 'C', 'X'),
	WORD('D', 'L', 'C', 'X'),
	WORD('R', 'Q', 'N', 'T'),
	WORD('N', 'T', 'F', 'Y'),
	WORD('A', 'U', 'E', 'P'),
	WORD('A', 'U', 'C', 'X'),
	WORD('R', 'S', 'I', 'P'),
	{ .transport = NM_UDP, .port = PORT_MGCP, .min_len = 5 },
	{ .transport = NM_UDP, .port = PORT_MGCP_CA, .min_len = 5 },
	{ .transport = NM_TCP, .min_len = 7, .len = 2, .pattern = { 3, 0 } },
	{ .transport = NM_TCP, .port = PORT_Q931, .min_len = 5 },
	/* the object identifier behind a choice and a number */
	{ .transport = NM_UDP,
	  .min_len = 11,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 6, 0, 8, 0x91 },
	  .mask = { 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff } },
	{ .transport = NM_TCP, .port = PORT_SKINNY, .min_len = 12 },
	/* a full frame to nobody yet, in a call's first minute */
	{ .transport = NM_UDP,
	  .min_len = 16,
	  .len = 6,
	  .pattern = { 0x80, 0, 0, 0, 0, 0 },
	  .mask = { 0x80, 0, 0xff, 0xff, 0xff, 0xff } },
	{ .transport = NM_UDP, .port = PORT_IAX, .min_len = 12 },
	BFCP(NM_TCP, 0x20),
	BFCP(NM_UDP, 0x20),
	BFCP(NM_UDP, 0x40),
	BFCP(NM_UDP, 0x50),
};

/* RFC 3525 annex B.2: "MEGACO/1 " or "!/1 ", then who says it, in brackets or not. On TCP there is TPKT's head before it. */
static uint8_t
rate_megaco(const struct nm_packet *pkt, struct wire w)
{
	if (pkt->transport == NM_TCP && *pkt->payload == 3)
		wire_skip(&w, 4);
	bool whole = text_begins(&w, "MEGACO/");
	if (!whole && !text_begins(&w, "!/"))
		return 0;
	wire_skip(&w, whole ? 7 : 2);
	if (text_number(&w, 99) == 0 || !wire_ok(&w))
		return 0;
	uint8_t behind = wire_u8(&w);
	if (behind != ' ' && behind != '\n' && behind != '\r' && behind != '\t')
		return 0;
	if (whole)
		return NM_CONF_PROOF;
	uint8_t name = wire_u8(&w);
	return name == '[' || name == '<' || nm_is_port(pkt, PORT_MEGACO) ? NM_CONF_SIGNATURE : 0;
}

/* RFC 3435 section 3.2: "RSIP 1200 *@gw.example.net MGCP 1.0", and "200 1200 OK" on the usual ports. */
static uint8_t
rate_mgcp(const struct nm_packet *pkt, struct wire w)
{
	static const char *const verbs[] = { "epcf ", "crcx ", "mdcx ", "dlcx ", "rqnt ",
		                             "ntfy ", "auep ", "aucx ", "rsip ", "mesg " };
	bool ended;
	struct wire line = text_line(&w, &ended);
	const uint8_t *cr = text_find(line.at, line.end, '\r');

	/* CR alone ends a line too, for some */
	wire_limit(&line, cr ? (size_t)(cr - line.at) : wire_left(&line));
	if (!text_all_print(&line))
		return 0;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!text_begins_nocase(&line, verbs[i]))
			continue;
		wire_skip(&line, 5);
		(void)text_number(&line, 999999999);
		text_expect(&line, ' ');
		return wire_ok(&line) && text_seek(&line, " mgcp ") ? NM_CONF_PROOF : 0;
	}
	if (!nm_is_port(pkt, PORT_MGCP) && !nm_is_port(pkt, PORT_MGCP_CA))
		return 0;
	uint32_t code = text_number(&line, 999);
	text_expect(&line, ' ');
	(void)text_number(&line, 999999999);
	if (wire_left(&line) > 0)
		text_expect(&line, ' ');
	return wire_ok(&line) && (code == 0 || code >= 100) ? NM_CONF_SIGNATURE : 0;
}

/* --- H.323 -------------------------------------------------------------------------------------------------------- */

/* Q.931 table 4-2, those that H.225.0 has. */
static bool
is_call_message(uint8_t type)
{
	static const uint8_t types[] = { 0x01, 0x02, 0x03, 0x05, 0x07, 0x0d,
		                         0x5a, 0x62, 0x6e, 0x75, 0x7b, 0x7d };

	return memchr(types, type, sizeof(types)) != NULL;
}

/* Is there, among a Q.931 message's elements, the one of users (0x7e) in which H.225.0's message lies (discriminator 5)? It is
 * the only one whose length has two octets. */
static bool
has_user_information(struct wire w)
{
	for (unsigned i = 0; i < TLV_MAX && wire_left(&w) > 0; i++) {
		uint8_t element = wire_u8(&w);

		if (element == 0x7e) {
			uint16_t length = wire_u16(&w);

			return wire_u8(&w) == 5 && wire_ok(&w) && length > 1;
		}
		if (element < 0x80)
			wire_skip(&w, wire_u8(&w));
	}
	return false;
}

/* Q.931 section 4: 8, a call reference of one or two octets, type, elements. TPKT's head may have come in a segment of its
 * own. */
static uint8_t
rate_q931(const struct nm_packet *pkt, struct wire w)
{
	uint8_t discriminator = wire_u8(&w);
	uint8_t octets = wire_u8(&w);

	wire_skip(&w, octets);
	uint8_t type = wire_u8(&w);
	if (!wire_ok(&w) || discriminator != 8 || octets < 1 || octets > 2 ||
	    !is_call_message(type))
		return 0;
	if (has_user_information(w))
		return NM_CONF_PROOF;
	return nm_is_port(pkt, PORT_Q931) ? NM_CONF_SIGNATURE : 0;
}

/* H.245: the first message of each side, a set of capabilities, has {itu-t recommendation h 245 version(0) v} near its
 * beginning. */
static bool
has_h245(struct wire w)
{
	static const uint8_t object[] = { 6, 0, 8, 0x81, 0x75, 0 };

	for (unsigned i = 0; i < 8 && wire_left(&w) > sizeof(object); i++) {
		if (memcmp(w.at, object, sizeof(object)) == 0)
			return true;
		wire_skip(&w, 1);
	}
	return false;
}

static uint8_t
rate_h323_tcp(const struct nm_packet *pkt, struct wire w)
{
	struct wire inside = w;

	if (wire_u16(&inside) == 0x0300) {
		uint16_t length = wire_u16(&inside);

		if (length < 7)
			return 0;
		wire_limit(&inside, length - 4U);
		if (has_h245(inside))
			return NM_CONF_PROOF;
		return rate_q931(pkt, inside);
	}
	return nm_is_port(pkt, PORT_Q931) ? rate_q931(pkt, w) : 0;
}

/* H.225.0's registration, admission and status: a choice of 25 in five bits, a sequence number; in those that begin, behind it
 * {itu-t recommendation h 2250 version(0) v}. */
static uint8_t
rate_h323_udp(const struct nm_packet *pkt, struct wire w)
{
	static const uint8_t object[] = { 6, 0, 8, 0x91, 0x4a, 0 };
	uint8_t choice = wire_u8(&w) >> 2;

	wire_skip(&w, 3);
	const uint8_t *behind = wire_take(&w, sizeof(object));
	(void)pkt;
	return choice <= 24 && behind && memcmp(behind, object, sizeof(object)) == 0 ? NM_CONF_PROOF
	                                                                             : 0;
}

/* --- Skinny, IAX2, BFCP --------------------------------------------------------------------------------------------- */

/* Length of message number and contents, header version (0, or 10 to 24 of newer ones), number; the low octet comes first.
 * Messages fill the segment, the last may go on in the next one. */
static uint8_t
rate_skinny(const struct nm_packet *pkt, struct wire w)
{
	if (!nm_is_port(pkt, PORT_SKINNY))
		return 0;
	for (unsigned i = 0; i < TLV_MAX && wire_left(&w) > 0; i++) {
		uint32_t length = wire_le32(&w);
		uint32_t version = wire_le32(&w);
		uint32_t number = wire_le32(&w);

		if (!wire_ok(&w))
			return i > 0 ? NM_CONF_SIGNATURE : 0;
		if (length < 4 || length > 4096 ||
		    (version != 0 && (version < 10 || version > 24)) ||
		    (number > 0x0200 && (number < 0x8000 || number > 0x8100)))
			return 0;
		wire_skip(&w, length - 4 < wire_left(&w) ? length - 4 : wire_left(&w));
	}
	return NM_CONF_SIGNATURE;
}

/* RFC 5456 sections 8.2 and 8.3: does the subclass of a frame other than type 6 fit? Digits; voice by a bit or its number; states
 * of a call. */
static bool
is_iax_subclass(uint8_t type, uint8_t subclass)
{
	if (type == 1)
		return subclass >= '#' && subclass <= 'D';
	if (type == 2)
		return subclass < 0x80 ? (subclass & (subclass - 1U)) == 0 : subclass < 0xa0;
	return type == 4 && subclass >= 1 && subclass <= 0x14;
}

/* RFC 5456 section 8.1.1: a full frame has its first bit set, two call numbers, a time, two sequences, type, subclass; what
 * controls calls (type 6) then has elements. NEW (subclass 1) begins with the version, 2. */
static uint8_t
rate_iax(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form element = { .before = 1, .length = 1 };
	uint16_t source = wire_u16(&w);
	uint16_t destination = wire_u16(&w);

	wire_skip(&w, 6);
	uint8_t type = wire_u8(&w);
	uint8_t subclass = wire_u8(&w);
	if (!wire_ok(&w) || !(source & 0x8000) || type < 1 || type > 12)
		return 0;
	struct wire version = w;
	bool first = type == 6 && subclass == 1 && (destination & 0x7fff) == 0 &&
	             wire_u32(&version) == IAX_VERSION;
	if (!first && !nm_is_port(pkt, PORT_IAX))
		return 0;
	if (type != 6)
		return is_iax_subclass(type, subclass) ? NM_CONF_WEAK : 0;
	if (subclass < 1 || subclass > 0x28)
		return 0;
	return wire_left(&w) == 0 || tlv_count(w, &element, nm_is_cut(pkt)) > 0 ? NM_CONF_SIGNATURE
	                                                                        : 0;
}

/* RFC 8855 section 5.1: version (1 over TCP, 2 over UDP) and flags, primitive, length in words, conference, transaction, user;
 * attributes of type, length of the whole. Without any there is less to see. */
static uint8_t
rate_bfcp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form attribute = {
		.before = 1, .length = 1, .whole = true, .align = 4
	};
	uint8_t version = wire_u8(&w);
	uint8_t primitive = wire_u8(&w);
	uint32_t length = wire_u16(&w) * 4U;

	wire_skip(&w, 8);
	bool known = version == 0x20 || version == 0x40 || version == 0x50;
	if (!wire_ok(&w) || !known || primitive < 1 || primitive > 18)
		return 0;
	/* on TCP the head may come alone */
	if (pkt->wire_len == 12 && (length == 0 || (pkt->transport == NM_TCP && length <= 256)))
		return NM_CONF_WEAK;
	return length + 12 == pkt->wire_len && tlv_count(w, &attribute, nm_is_cut(pkt)) > 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_MEGACO, rate_megaco }, { NM_TCP, APP_MEGACO, rate_megaco },
	{ NM_UDP, APP_MGCP, rate_mgcp },     { NM_TCP, APP_H323, rate_h323_tcp },
	{ NM_UDP, APP_H323, rate_h323_udp }, { NM_TCP, APP_SKINNY, rate_skinny },
	{ NM_UDP, APP_IAX, rate_iax },       { NM_TCP, APP_BFCP, rate_bfcp },
	{ NM_UDP, APP_BFCP, rate_bfcp },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(voice) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "voice",
	.summary = "Megaco, MGCP, H.323, Cisco Skinny, IAX2 and BFCP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
