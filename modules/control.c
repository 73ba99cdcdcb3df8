/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How networks are controlled from elsewhere: CAPWAP (RFC 5415; UDP 5246, 5247), OpenFlow (TCP 6633, 6653), the RPKI to router
 * protocol (RFC 8210; TCP 323), Mobile IP's registration (RFC 5944; UDP 434), XDMCP (UDP 177), LMP (RFC 4204; UDP 701), AODV
 * (RFC 3561; UDP 654), HNCP (RFC 7788; UDP 8231), BMP (RFC 7854; TCP on any port, usually 1790 or 11019), WCCP (UDP 2048). What
 * routers say to each other is in routing.
 *
 * Evidence: the port together with the structure of the message: versions, types, fields that are 0, lengths that fit, elements
 * that fill it. BMP: the same, and texts or a BGP message inside. Each message shows it, one direction is enough. Cost: asked for
 * payload on these ports, and for TCP payload that begins like BMP.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/tlv.h>

#define APP_CAPWAP   440
#define APP_OPENFLOW 441
#define APP_RPKI_RTR 442
#define APP_MIP      443
#define APP_XDMCP    444
#define APP_LMP      445
#define APP_AODV     446
#define APP_HNCP     447
#define APP_BMP      448
#define APP_WCCP     449

static const struct nm_app apps[] = {
	{ APP_CAPWAP, "CAPWAP", "Network control", 0x2a7f9e, 0x78bfdb },
	{ APP_OPENFLOW, "OpenFlow", "Network control", 0x7c6bb0, 0xb7abe0 },
	{ APP_RPKI_RTR, "RPKI-RTR", "Network control", 0x4c7a3d, 0x93bd85 },
	{ APP_MIP, "MIP", "Network control", 0xa65e2e, 0xdba377 },
	{ APP_XDMCP, "XDMCP", "Remote desktop", 0x8a5a7a, 0xc89fba },
	{ APP_LMP, "LMP", "Network control", 0x5d6d7e, 0xa0b0c0 },
	{ APP_AODV, "AODV", "Network control", 0x907d2c, 0xcdbb6d },
	{ APP_HNCP, "HNCP", "Network control", 0x3e8e6b, 0x84c9aa },
	{ APP_BMP, "BMP", "Network control", 0x3f6fa0, 0x8cb6e0 },
	{ APP_WCCP, "WCCP", "Network control", 0x8f4f6f, 0xcf95b1 },
};

static const struct nm_match matches[] = {
	NM_MATCH_PORT(NM_UDP, 5246, 8),
	NM_MATCH_PORT(NM_UDP, 5247, 8),
	NM_MATCH_PORT(NM_TCP, 6633, 8),
	NM_MATCH_PORT(NM_TCP, 6653, 8),
	NM_MATCH_PORT(NM_TCP, 323, 8),
	NM_MATCH_PORT(NM_UDP, 434, 20),
	NM_MATCH_PORT(NM_UDP, 177, 6),
	NM_MATCH_PORT(NM_UDP, 701, 8),
	NM_MATCH_PORT(NM_UDP, 654, 2),
	NM_MATCH_PORT(NM_UDP, 8231, 4),
	NM_MATCH_PORT(NM_UDP, 2048, 8),
	{ .transport = NM_TCP,
	  .min_len = 10,
	  .len = 6,
	  .pattern = { 3, 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 0xff, 0, 0, 0xf8 } },
};

/* Behind the header: message (of nobody, or of IEEE), sequence, length, flags 0, elements. The length counts from itself or from
 * behind itself, as it was read. */
static bool
is_capwap_control(struct wire w, bool cut)
{
	static const struct tlv_form element = { .before = 2, .length = 2 };
	uint32_t message = wire_u32(&w);
	uint32_t enterprise = message >> 8;

	wire_skip(&w, 1);
	uint16_t length = wire_u16(&w);
	uint8_t flags = wire_u8(&w);
	size_t left = wire_left(&w);
	bool fits = cut || (length <= left + 3 && length + 1U >= left);
	return wire_ok(&w) && (enterprise == 0 || enterprise == 13277) && (message & 0xff) >= 1 &&
	       (message & 0xff) <= 32 && flags == 0 && fits &&
	       (left == 0 || tlv_count(w, &element, cut) > 0);
}

/* RFC 5415 sections 4.1 to 4.3: version 0 and type; 1: three octets of 0 and DTLS; 0: length of the header in words, radio,
 * binding, flags of which three are 0, fragment. */
static uint8_t
rate_capwap(const struct nm_packet *pkt, struct wire w)
{
	uint32_t head = wire_u32(&w);
	uint32_t words = head >> 19 & 0x1f;

	if (head == 0x01000000) {
		uint8_t type = wire_u8(&w);
		uint16_t version = wire_u16(&w);

		return type >= 20 && type <= 25 && (version | 2) == 0xfeff ? NM_CONF_PROOF : 0;
	}
	if (head >> 24 != 0 || words < 2 || words > 16 || (head & 7) != 0)
		return 0;
	bool fragment = head & 0x80;
	wire_skip(&w, 2);
	uint16_t offset = wire_u16(&w);
	wire_skip(&w, words * 4 - 8);
	if (!wire_ok(&w) || (offset & 7) != 0 || (!fragment && offset != 0))
		return 0;
	if (nm_is_port(pkt, 5247) || fragment)
		return NM_CONF_WEAK;
	return is_capwap_control(w, nm_is_cut(pkt)) ? NM_CONF_PROOF : 0;
}

/* OpenFlow switch specification section 7.1: version 1 to 6, type, length of the whole, number. Messages fill the segment, the
 * last may go on in the next. */
static uint8_t
rate_openflow(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form message = {
		.before = 2, .length = 2, .behind = 4, .whole = true
	};
	struct wire first = w;
	uint8_t version = wire_u8(&first);
	uint8_t type = wire_u8(&first);

	(void)pkt;
	return version >= 1 && version <= 6 && type <= 35 && tlv_count(w, &message, true) > 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* RFC 8210 section 5: version 0 to 2, type, session or 0, length of the whole, which some types have fixed. 0: not so. */
static uint8_t
rate_rpki_rtr(const struct nm_packet *pkt, struct wire w)
{
	static const uint8_t lengths[] = { 12, 12, 8, 8, 20, 0xff, 32, 0, 8, 0, 0, 0 };
	static const struct tlv_form unit = { .before = 4, .length = 4, .whole = true };
	struct wire first = w;
	uint8_t version = wire_u8(&first);
	uint8_t type = wire_u8(&first);

	(void)pkt;
	wire_skip(&first, 2);
	uint32_t length = wire_u32(&first);
	return wire_ok(&first) && version <= 2 && type < sizeof(lengths) && length <= 65535 &&
	               (lengths[type] == 0 || lengths[type] == length) &&
	               tlv_count(w, &unit, true) > 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* RFC 5944 section 3.3: request 1, flags of which the last is 0, lifetime, three addresses, number; section 3.4: reply 3, code,
 * lifetime, two addresses, number; extensions of type, length, value. */
static uint8_t
rate_mip(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form extension = { .before = 1, .length = 1 };
	uint8_t type = wire_u8(&w);
	uint8_t second = wire_u8(&w);

	wire_skip(&w, type == 1 ? 22 : 18);
	if (!wire_ok(&w) || (type != 1 && type != 3) || (type == 1 && second & 1))
		return 0;
	return wire_left(&w) == 0 || tlv_count(w, &extension, nm_is_cut(pkt)) > 0 ? NM_CONF_PROOF
	                                                                          : 0;
}

/* X Display Manager Control Protocol section 4: version 1, operation 1 to 14, length of the rest. */
static uint8_t
rate_xdmcp(const struct nm_packet *pkt, struct wire w)
{
	uint16_t version = wire_u16(&w);
	uint16_t operation = wire_u16(&w);

	return version == 1 && operation >= 1 && operation <= 14 &&
	               wire_u16(&w) + 6U == pkt->wire_len
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 4204 section 12.1: version 1 and 0, flags, type, length of the whole, 0; objects of type, class, length of the whole. */
static uint8_t
rate_lmp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form object = { .before = 2, .length = 2, .whole = true };
	uint16_t version = wire_u16(&w);
	uint8_t flags = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint16_t length = wire_u16(&w);
	uint16_t zero = wire_u16(&w);

	return version == 0x1000 && flags < 4 && type >= 1 && type <= 40 &&
	               length == pkt->wire_len && zero == 0 &&
	               tlv_count(w, &object, nm_is_cut(pkt)) > 0
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 3561 section 5: request, reply, error, acknowledgement, by their lengths, which with IPv6 are others, and bits that
 * are 0. */
static uint8_t
rate_aodv(const struct nm_packet *pkt, struct wire w)
{
	uint8_t type = wire_u8(&w);
	uint8_t flags = wire_u8(&w);
	uint8_t zero = wire_u8(&w);
	uint32_t count = wire_u8(&w);
	uint32_t length = pkt->wire_len;

	switch (type) {
	case 1:
		return (length == 24 || length == 48) && (flags & 7) == 0 && zero == 0
		           ? NM_CONF_SIGNATURE
		           : 0;
	case 2:
		return (length == 20 || length == 44) && (flags & 0x3f) == 0 ? NM_CONF_SIGNATURE
		                                                             : 0;
	case 3:
		return (flags & 0x7f) == 0 && zero == 0 && count > 0 &&
		               (length == 4 + count * 8 || length == 4 + count * 20)
		           ? NM_CONF_SIGNATURE
		           : 0;
	case 4:
		return length == 2 && flags == 0 ? NM_CONF_WEAK : 0;
	default:
		return 0;
	}
}

/* RFC 7787 section 7: elements of type and length, padded to words; one of DNCP's own (1 to 10) comes first. */
static uint8_t
rate_hncp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form element = { .before = 2, .length = 2, .align = 4 };
	struct wire first = w;
	uint16_t type = wire_u16(&first);

	return type >= 1 && type <= 10 && tlv_count(w, &element, nm_is_cut(pkt)) > 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Web Cache Communication Protocol: type (7 to 9 of version 1, 10 to 15 of version 2); then 4, or the version in 16 bits and the
 * length of the rest, components of type and length. */
static uint8_t
rate_wccp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form component = { .before = 2, .length = 2, .align = 4 };
	uint32_t type = wire_u32(&w);
	uint16_t version = wire_u16(&w);
	uint16_t length = wire_u16(&w);

	if (type >= 7 && type <= 9)
		return version == 0 && length == 4 ? NM_CONF_SIGNATURE : 0;
	return type >= 10 && type <= 15 && (version == 0x0200 || version == 0x0201) &&
	               length + 8U == pkt->wire_len && tlv_count(w, &component, nm_is_cut(pkt)) > 0
	           ? NM_CONF_PROOF
	           : 0;
}

#define BMP_PEER   42 /* octets of the header of a peer */
#define BMP_INIT   4
#define BMP_MAX    65536
#define BMP_PORT   1790
#define BMP_PORT_2 11019

/* RFC 7854 section 4.4: texts of type and length. */
static bool
are_bmp_texts(struct wire w, bool open)
{
	static const struct tlv_form text = { .before = 2, .length = 2 };
	struct wire first = w;
	uint16_t type = wire_u16(&first);

	wire_skip(&first, 2);
	wire_limit(&first, 1);
	uint8_t letter = wire_u8(&first);
	return type <= 4 && letter >= 0x20 && letter < 0x7f && tlv_count(w, &text, open) > 0;
}

/* RFC 7854 section 4.2, behind the common header: kind of peer, flags; a route is a BGP message, with 16 octets of ones. */
static bool
is_bmp_of_peer(struct wire w, uint8_t type)
{
	uint8_t kind = wire_u8(&w);

	wire_skip(&w, BMP_PEER - 1U);
	if (!wire_ok(&w) || kind > 3)
		return false;
	if (type == 3)
		wire_skip(&w, 20); /* address and ports of a session that came up */
	uint64_t ones = wire_u64(&w);
	ones &= wire_u64(&w);
	return (type != 0 && type != 3) || ones == UINT64_MAX;
}

/* RFC 7854 section 4.1: version 3, length of the whole, type 0 to 6. */
static uint8_t
rate_bmp(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);
	uint32_t length = wire_u32(&w);
	uint8_t type = wire_u8(&w);
	bool port = nm_is_port(pkt, BMP_PORT) || nm_is_port(pkt, BMP_PORT_2);

	if (!wire_ok(&w) || version != 3 || length < 6 || length > BMP_MAX || type > 6)
		return 0;
	bool open = length > pkt->len;
	wire_limit(&w, length - 6);
	if (type == BMP_INIT || type == BMP_INIT + 1)
		return are_bmp_texts(w, open) ? NM_CONF_PROOF : 0;
	if (!is_bmp_of_peer(w, type))
		return 0;
	if (type == 0 || type == 3)
		return NM_CONF_PROOF;
	return port ? NM_CONF_SIGNATURE : 0;
}

static const struct nm_port_row protocols[] = {
	{ NM_UDP, 5246, APP_CAPWAP, rate_capwap },
	{ NM_UDP, 5247, APP_CAPWAP, rate_capwap },
	{ NM_TCP, 6633, APP_OPENFLOW, rate_openflow },
	{ NM_TCP, 6653, APP_OPENFLOW, rate_openflow },
	{ NM_TCP, 323, APP_RPKI_RTR, rate_rpki_rtr },
	{ NM_UDP, 434, APP_MIP, rate_mip },
	{ NM_UDP, 177, APP_XDMCP, rate_xdmcp },
	{ NM_UDP, 701, APP_LMP, rate_lmp },
	{ NM_UDP, 654, APP_AODV, rate_aodv },
	{ NM_UDP, 8231, APP_HNCP, rate_hncp },
	{ NM_UDP, 2048, APP_WCCP, rate_wccp },
	{ NM_TCP, 0, APP_BMP, rate_bmp },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	return nm_port_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, verdict);
}

NM_MODULE(control) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "control",
	.summary = "CAPWAP, OpenFlow, RPKI-RTR, Mobile IP, XDMCP, LMP, AODV, HNCP, BMP, WCCP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
