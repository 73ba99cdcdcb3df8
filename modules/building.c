/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Buildings and homes: BACnet/IP (ASHRAE 135 annex J; UDP, usually port 47808), KNXnet/IP (EN ISO 22510; 3671), CN/IP of LonWorks
 * (ISO/IEC 14908-4; UDP, 1628 and 1629), Niagara Fox (TCP, 1911), Tuya (UDP 6666, 6667, TCP 6668), Nest's log sink (OpenWeave on
 * TCP, 11095), TP-Link's smart home protocol (9999), LIFX (UDP, 56700); and what finds devices: Ubiquiti's discovery (UDP, 10001),
 * MikroTik's MNDP (UDP, 5678); and ZEP, which carries captured ZigBee (UDP, 17754).
 *
 * Evidence: fixed octets and lengths that fit what was sent, elements that fill it, of TP-Link the text behind its cipher. What is
 * too little for that counts on the usual port only. Servers are tagged. Cost: asked for payload with these heads, and on these
 * ports.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>
#include <netmon/tlv.h>

#define APP_ZEP      197
#define APP_LIFX     198
#define APP_CNP_IP   199
#define APP_BACNET   230
#define APP_KNX      231
#define APP_TUYA     232
#define APP_NEST     233
#define APP_TPLINK   234
#define APP_UBIQUITI 235
#define APP_MNDP     236
#define APP_FOX      237

#define PORT_ZEP      17754
#define PORT_LIFX     56700
#define PORT_CNP_IP   1628 /* and the next one */
#define PORT_BACNET   47808
#define PORT_NEST     11095
#define PORT_UBIQUITI 10001
#define PORT_MNDP     5678

static const struct nm_app apps[] = {
	{ APP_ZEP, "ZEP", "Home", 0x6c584c, 0xb9a497 },
	{ APP_LIFX, "LIFX", "Home", 0xb5651d, 0xe8ab72 },
	{ APP_CNP_IP, "CNP-IP", "Building", 0x5f6f52, 0xabbf9a },
	{ APP_BACNET, "BACnet", "Building", 0x2b6777, 0x7fbccc },
	{ APP_KNX, "KNXnet-IP", "Building", 0x3a7d44, 0x8bcb95 },
	{ APP_TUYA, "TuyaLP", "Home", 0xc1440e, 0xf09a72 },
	{ APP_NEST, "NestLogSink", "Home", 0x00798c, 0x62c4d3 },
	{ APP_TPLINK, "TPLink-SHP", "Home", 0x4a7c59, 0x98caa7 },
	{ APP_UBIQUITI, "UBNTAC2", "Network", 0x1d5fa8, 0x82b3ea },
	{ APP_MNDP, "MNDP", "Network", 0x7a306c, 0xc98bbc },
	{ APP_FOX, "Fox", "Building", 0x9e5a00, 0xe2a85a },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .port = PORT_BACNET, .min_len = 4, .len = 1, .pattern = { 0x81 } },
	{ .transport = NM_UDP, .min_len = 6, .len = 2, .pattern = { 0x81, 0x04 } },
	{ .transport = NM_UDP, .min_len = 6, .len = 2, .pattern = { 0x81, 0x09 } },
	{ .transport = NM_UDP,
	  .min_len = 6,
	  .len = 2,
	  .pattern = { 0x81, 0x0a },
	  .mask = { 0xff, 0xfe } },
	NM_MATCH_BOTH(.min_len = 6, .len = 2, .pattern = { 0x06, 0x10 }),
	{ .transport = NM_UDP, .port = PORT_CNP_IP, .min_len = 20 },
	{ .transport = NM_UDP, .port = PORT_CNP_IP + 1, .min_len = 20 },
	NM_MATCH_TEXT(NM_TCP, 12, "fox "),
	NM_MATCH_BOTH(.min_len = 20, .len = 4, .pattern = { 0, 0, 0x55, 0xaa }),
	NM_MATCH_BOTH(.min_len = 22, .len = 4, .pattern = { 0, 0, 0x66, 0x99 }),
	{ .transport = NM_TCP, .port = PORT_NEST, .min_len = 12 },
	/* a brace and quotation marks behind the cipher; on TCP behind a length below 64 kB */
	{ .transport = NM_UDP, .min_len = 8, .len = 2, .pattern = { 0xd0, 0xf2 } },
	{ .transport = NM_TCP,
	  .min_len = 12,
	  .len = 6,
	  .pattern = { 0, 0, 0, 0, 0xd0, 0xf2 },
	  .mask = { 0xff, 0xff, 0, 0, 0xff, 0xff } },
	{ .transport = NM_UDP, .port = PORT_LIFX, .min_len = 36 },
	{ .transport = NM_UDP, .port = PORT_ZEP, .min_len = 8, .len = 2, .pattern = { 'E', 'X' } },
	{ .transport = NM_UDP, .port = PORT_UBIQUITI, .min_len = 4 },
	{ .transport = NM_UDP, .port = PORT_MNDP, .min_len = 4 },
};

/* --- BACnet: ASHRAE 135 annex J.2 and section 6.2 ------------------------------------------------------------------ */

#define BVLC_HEADER  4 /* 0x81, function, length of all */
#define NPDU_VERSION 1
#define NPDU_ZEROS   0x50 /* bits of its control octet that are reserved */

/* What is behind the header of each function: octets, then so many of each entry of a table; NPDU: a packet of the network. */
static const struct {
	uint8_t octets;
	uint8_t entry;
	bool npdu;
} bvlc[] = {
	{ 2, 0, false }, { 0, 10, false }, { 0, 0, false }, { 0, 10, false },
	{ 6, 0, true },  { 2, 0, false },  { 0, 0, false }, { 0, 10, false },
	{ 6, 0, false }, { 0, 0, true },   { 0, 0, true },  { 0, 0, true },
};

static uint8_t
rate_bacnet(const struct nm_packet *pkt, struct wire w)
{
	uint8_t kind = wire_u8(&w);
	uint8_t function = wire_u8(&w);
	uint16_t length = wire_u16(&w);

	if (!wire_ok(&w) || kind != 0x81 || function >= sizeof(bvlc) / sizeof(bvlc[0]) ||
	    length != pkt->wire_len)
		return 0;
	uint32_t rest = length - BVLC_HEADER;
	if (!bvlc[function].npdu) {
		bool whole = bvlc[function].entry ? rest % bvlc[function].entry == 0
		                                  : rest == bvlc[function].octets;

		return whole && nm_is_port(pkt, PORT_BACNET) ? NM_CONF_SIGNATURE : 0;
	}
	wire_skip(&w, bvlc[function].octets);
	uint8_t version = wire_u8(&w);
	uint8_t control = wire_u8(&w);
	return wire_ok(&w) && version == NPDU_VERSION && (control & NPDU_ZEROS) == 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- KNXnet/IP: EN ISO 22510 section 5.2 ---------------------------------------------------------------------------- */

/* Services. */
static const struct {
	uint16_t first;
	uint16_t last;
} knx_services[] = {
	{ 0x0201, 0x020c }, { 0x0310, 0x0311 }, { 0x0420, 0x0425 },
	{ 0x0530, 0x0533 }, { 0x0740, 0x0743 }, { 0x0950, 0x0955 },
};

/* Octets of the header, version 1.0, service, length of all. */
static uint8_t
rate_knx(const struct nm_packet *pkt, struct wire w)
{
	uint16_t head = wire_u16(&w);
	uint16_t service = wire_u16(&w);
	uint16_t length = wire_u16(&w);

	if (!wire_ok(&w) || head != 0x0610 || length < 6 || !nm_fits(pkt, length))
		return 0;
	for (size_t i = 0; i < sizeof(knx_services) / sizeof(knx_services[0]); i++)
		if (service >= knx_services[i].first && service <= knx_services[i].last)
			return NM_CONF_SIGNATURE;
	return 0;
}

/* --- CN/IP and Fox --------------------------------------------------------------------------------------------------- */

#define CNP_HEADER \
	20 /* length, version, kind, quads of more header, flags, vendor, session, number, time */

static uint8_t
rate_cnp_ip(const struct nm_packet *pkt, struct wire w)
{
	uint16_t length = wire_u16(&w);
	uint8_t version = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	uint8_t more = wire_u8(&w);

	return wire_ok(&w) && (nm_is_port(pkt, PORT_CNP_IP) || nm_is_port(pkt, PORT_CNP_IP + 1)) &&
	               length == pkt->wire_len && version == 1 && kind >= 1 && kind <= 0x7f &&
	               CNP_HEADER + 4U * more <= length
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* "fox", a letter, number, number of what is answered (-1: nothing), channel, command. */
static uint8_t
rate_fox(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "fox "))
		return 0;
	wire_skip(&w, 4);
	uint8_t letter = wire_u8(&w);
	text_expect(&w, ' ');
	(void)text_number(&w, UINT32_MAX);
	text_expect(&w, ' ');
	if (wire_left(&w) > 0 && *w.at == '-')
		wire_skip(&w, 1);
	(void)text_number(&w, UINT32_MAX);
	text_expect(&w, ' ');
	return wire_ok(&w) && letter >= 'a' && letter <= 'z' ? NM_CONF_SIGNATURE : 0;
}

/* --- Tuya: as tinytuya's documentation has it ------------------------------------------------------------------------ */

#define TUYA_OLD   0x000055aau
#define TUYA_NEW   0x00006699u /* has two octets of zero behind it */
#define TUYA_PLAIN 16          /* what begins a message: this, number, command, length */

/* The length counts what follows it, of the newer form without the four octets of the end. */
static uint8_t
rate_tuya(const struct nm_packet *pkt, struct wire w)
{
	uint32_t prefix = wire_u32(&w);
	bool newer = prefix == TUYA_NEW;

	if (prefix != TUYA_OLD && (!newer || wire_u16(&w) != 0))
		return 0;
	wire_skip(&w, 4);
	uint32_t command = wire_u32(&w);
	uint32_t length = wire_u32(&w);
	if (!wire_ok(&w) || command > 0xff || length > 0xffff || (!newer && length < 4))
		return 0;
	uint32_t rest = newer ? length : length - 4;
	if (!nm_fits(pkt, (newer ? TUYA_PLAIN + 2 : TUYA_PLAIN) + rest + 4))
		return 0;
	wire_skip(&w, rest);
	uint32_t suffix = wire_u32(&w);
	if (!wire_ok(&w)) /* the capture was cut */
		return NM_CONF_SIGNATURE;
	return suffix == (newer ? 0x00009966u : 0x0000aa55u) ? NM_CONF_PROOF : 0;
}

/* --- Nest: OpenWeave's message layer on TCP; low octet first ---------------------------------------------------------- */

#define WEAVE_VERSION     0x1000 /* in the highest four bits */
#define WEAVE_DESTINATION 0x0100 /* the receiver's name is there */
#define WEAVE_SOURCE      0x0200 /* the sender's */
#define WEAVE_ZEROS       0x000f
#define WEAVE_CIPHERS     2
#define WEAVE_NAME        8

/* Length of what follows, header, number of the message, names. */
static uint8_t
rate_nest(const struct nm_packet *pkt, struct wire w)
{
	uint16_t length = wire_le16(&w);
	uint16_t header = wire_le16(&w);

	if (!wire_ok(&w) || !nm_is_port(pkt, PORT_NEST) || length + 2U > pkt->wire_len)
		return 0;
	uint32_t names = (header & WEAVE_DESTINATION ? WEAVE_NAME : 0) +
	                 (header & WEAVE_SOURCE ? WEAVE_NAME : 0);
	return (header & 0xf000) == WEAVE_VERSION && (header & WEAVE_ZEROS) == 0 &&
	               (header >> 4 & 0xf) <= WEAVE_CIPHERS && length >= 6 + names
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- TP-Link: an object of JSON, each octet mixed with the one before it, the first with 171 --------------------------- */

#define TPLINK_KEY   171
#define TPLINK_LEAST 8
#define TPLINK_MAX   256 /* octets that are looked at */

/* Is it a brace, quotation marks and printable text? `*ret_last` is the last octet. */
static bool
is_mixed_object(struct wire w, uint8_t *ret_last)
{
	static const uint8_t begin[] = { '{', '"' };
	uint8_t before = TPLINK_KEY;

	for (size_t i = 0; wire_left(&w) > 0; i++) {
		uint8_t mixed = wire_u8(&w);
		uint8_t plain = mixed ^ before;

		before = mixed;
		if (i < 2
		        ? plain != begin[i]
		        : !text_is_print(plain) && plain != '\n' && plain != '\r' && plain != '\t')
			return false;
		*ret_last = plain;
	}
	return true;
}

static uint8_t
rate_tplink(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = pkt->wire_len;
	uint8_t last = 0;

	if (pkt->transport == NM_TCP) {
		length = wire_u32(&w);
		if (!wire_ok(&w) || length < TPLINK_LEAST || length > 0xffff)
			return 0;
	}
	wire_limit(&w, TPLINK_MAX);
	if (wire_left(&w) < TPLINK_LEAST || wire_left(&w) > length || !is_mixed_object(w, &last))
		return 0;
	/* where the end is there, it is the object's */
	return wire_left(&w) < length || last == '}' ? NM_CONF_PROOF : 0;
}

/* "LIFX LAN protocol", header description: size, protocol 1024 with an address, ..., kind, 0; low octet first. */
static uint8_t
rate_lifx(const struct nm_packet *pkt, struct wire w)
{
	uint16_t size = wire_le16(&w);
	uint16_t protocol = wire_le16(&w);

	wire_skip(&w, 30);
	uint16_t zero = wire_u16(&w);
	return wire_ok(&w) && nm_is_port(pkt, PORT_LIFX) && size == pkt->wire_len &&
	               (protocol & 0xdfff) == 0x1400 && zero == 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

#define ZEP_OLD 16 /* octets of a header of version 1 */
#define ZEP_NEW 32 /* and of version 2 */
#define ZEP_ACK 8  /* of an acknowledgement of version 2 */

/* "EX", version, of version 2 a kind; the last octet of a header counts those of the frame behind it. */
static uint8_t
rate_zep(const struct nm_packet *pkt, struct wire w)
{
	if (!nm_is_port(pkt, PORT_ZEP) || !text_begins(&w, "EX"))
		return 0;
	wire_skip(&w, 2);
	uint8_t version = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	if (version == 2 && kind == 2)
		return pkt->wire_len == ZEP_ACK ? NM_CONF_SIGNATURE : 0;
	uint32_t header = version == 1 ? ZEP_OLD : ZEP_NEW;
	wire_skip(&w, header - 5);
	uint8_t length = wire_u8(&w);
	return wire_ok(&w) && (version == 1 || version == 2) && header + length == pkt->wire_len
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- what finds devices: elements of type, length and value ------------------------------------------------------------- */

#define UBIQUITI_ELEMENTS 2 /* at least */
#define MNDP_ELEMENTS     3
#define MNDP_MAC          0x00010006 /* the first element: type 1, 6 octets */

/* Version 1 or 2, kind, length of the elements; a request has none. */
static uint8_t
rate_ubiquiti(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form form = { .before = 1, .length = 2 };
	uint8_t version = wire_u8(&w);

	wire_skip(&w, 1);
	uint16_t length = wire_u16(&w);
	if (!wire_ok(&w) || !nm_is_port(pkt, PORT_UBIQUITI) || version < 1 || version > 2 ||
	    length + 4U != pkt->wire_len)
		return 0;
	if (length == 0)
		return NM_CONF_WEAK;
	return tlv_count(w, &form, nm_is_cut(pkt)) >= UBIQUITI_ELEMENTS ? NM_CONF_SIGNATURE : 0;
}

/* Two octets of header, a number, elements; a request is all zeros. */
static uint8_t
rate_mndp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form form = { .before = 2, .length = 2 };
	uint32_t head = wire_u32(&w);
	struct wire first = w;

	if (!nm_is_port(pkt, PORT_MNDP))
		return 0;
	if (pkt->wire_len == 4 || pkt->wire_len == 9)
		return head == 0 ? NM_CONF_WEAK : 0;
	return wire_u32(&first) == MNDP_MAC && tlv_count(w, &form, nm_is_cut(pkt)) >= MNDP_ELEMENTS
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* ------------------------------------------------------------------------------------------------------------------- */

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_BACNET, rate_bacnet },     { NM_TCP, APP_KNX, rate_knx },
	{ NM_UDP, APP_KNX, rate_knx },           { NM_UDP, APP_CNP_IP, rate_cnp_ip },
	{ NM_TCP, APP_FOX, rate_fox },           { NM_TCP, APP_TUYA, rate_tuya },
	{ NM_UDP, APP_TUYA, rate_tuya },         { NM_TCP, APP_NEST, rate_nest },
	{ NM_TCP, APP_TPLINK, rate_tplink },     { NM_UDP, APP_TPLINK, rate_tplink },
	{ NM_UDP, APP_LIFX, rate_lifx },         { NM_UDP, APP_ZEP, rate_zep },
	{ NM_UDP, APP_UBIQUITI, rate_ubiquiti }, { NM_UDP, APP_MNDP, rate_mndp },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(building) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "building",
	.summary =
	    "BACnet, KNXnet/IP, CN/IP, Fox, Tuya, Nest, TP-Link, LIFX, ZEP, Ubiquiti discovery, MNDP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
