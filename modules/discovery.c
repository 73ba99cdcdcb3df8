/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How devices and services find each other, and ports: NAT-PMP (RFC 6886) and its successor PCP (RFC 6887), named the same
 * (UDP 5350 and 5351); SLP (RFC 2165, RFC 2608; 427); WS-Discovery (UDP, usually 3702); Canon's BJNP (UDP, usually 8611 to
 * 8614); SAP (RFC 2974; UDP 9875) and FLUTE (RFC 6726; UDP, any port), which announce and deliver to many at once. SSDP has a
 * module of its own.
 *
 * Evidence: on the port, versions, operations, lengths and fields that are 0; WS-Discovery: XML that names its name space; BJNP:
 * the word and a length; FLUTE: the extension of a file delivery table. Servers, and groups that files are delivered to, are
 * tagged. Cost: asked for payload on these ports, and on any port for payload with these heads.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_NAT_PMP 274
#define APP_SLP     275
#define APP_WSD     276
#define APP_BJNP    277
#define APP_SAP     278
#define APP_FLUTE   279

#define PORT_NAT_PMP   5351
#define PORT_NAT_PMP_2 5350 /* where clients hear what is announced to all */
#define PORT_SLP       427
#define PORT_SAP       9875
#define PORT_WSD       3702

#define ENVELOPE_MAX 1500 /* octets of XML that are searched */

static const struct nm_app apps[] = {
	{ APP_NAT_PMP, "NAT-PMP", "Discovery", 0xc2803e, 0xe8b57f },
	{ APP_SLP, "SLP", "Discovery", 0x9aa63a, 0xced87a },
	{ APP_WSD, "WSD", "Discovery", 0xba5a31, 0xe8936e },
	{ APP_BJNP, "BJNP", "Printing", 0xa83250, 0xe07a93 },
	{ APP_SAP, "SAP", "Discovery", 0x3d8b7d, 0x80c8bb },
	{ APP_FLUTE, "FLUTE", "File transfer", 0x7a5195, 0xb895d0 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .port = PORT_NAT_PMP, .min_len = 2 },
	{ .transport = NM_UDP, .port = PORT_NAT_PMP_2, .min_len = 12 },
	{ .transport = NM_UDP, .port = PORT_SLP, .min_len = 14 },
	{ .transport = NM_TCP, .port = PORT_SLP, .min_len = 14 },
	NM_MATCH_TEXT(NM_UDP, 100, "<?xml"),
	NM_MATCH_TEXT(NM_UDP, 100, "<soap"),
	NM_MATCH_TEXT(NM_UDP, 100, "<SOAP"),
	NM_MATCH_TEXT(NM_UDP, 100, "<s:Env"),
	{ .transport = NM_UDP, .port = PORT_WSD, .min_len = 100 },
	NM_MATCH_TEXT(NM_UDP, 16, "BJN"),
	NM_MATCH_TEXT(NM_UDP, 16, "MFNP"),
	{ .transport = NM_UDP, .port = PORT_SAP, .min_len = 12 },
	/* LCT version 1, a head of less than 32 words */
	{ .transport = NM_UDP,
	  .min_len = 16,
	  .len = 3,
	  .pattern = { 0x10, 0, 0 },
	  .mask = { 0xf0, 0, 0xe0 } },
};

/* RFC 6886 section 3: version 0, operation 0 to 2, 0; answers have 128 added, a result and the seconds since the start. Each
 * has its length. */
static uint8_t
rate_nat_pmp(struct wire w, uint32_t wire_len)
{
	uint8_t operation = wire_u8(&w);
	uint16_t result = wire_u16(&w);

	if (operation <= 2)
		return wire_len == (operation == 0 ? 2 : 12) && (operation == 0 || result == 0)
		           ? NM_CONF_SIGNATURE
		           : 0;
	operation -= 128;
	return operation <= 2 && wire_ok(&w) && result <= 5 &&
	               wire_len == (operation == 0 ? 12 : 16)
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 6887 section 7: version 2, operation, 0, result (of answers), lifetime; words up to 1100 octets. */
static uint8_t
rate_pcp(struct wire w, uint32_t wire_len)
{
	uint8_t operation = wire_u8(&w);
	uint8_t zero = wire_u8(&w);
	uint8_t result = wire_u8(&w);
	bool answer = operation & 0x80;

	return wire_ok(&w) && (operation & 0x7f) <= 3 && zero == 0 && result <= (answer ? 13 : 0) &&
	               wire_len >= 24 && wire_len <= 1100 && wire_len % 4 == 0
	           ? NM_CONF_PROOF
	           : 0;
}

static uint8_t
rate_port_mapping(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);

	if (!nm_is_port(pkt, PORT_NAT_PMP) && !nm_is_port(pkt, PORT_NAT_PMP_2))
		return 0;
	if (version == 0)
		return rate_nat_pmp(w, pkt->wire_len);
	return version == 2 ? rate_pcp(w, pkt->wire_len) : 0;
}

/* RFC 2608 section 8: version 2, function, length of the whole in three octets, flags of which 13 are 0, extension, number,
 * language. RFC 2165 section 4: version 1, function, length in two, flags of which 3 are 0, dialect 0, language, encoding. */
static uint8_t
rate_slp(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);
	uint8_t function = wire_u8(&w);
	uint32_t length = wire_u16(&w);
	uint16_t flags;

	if (!nm_is_port(pkt, PORT_SLP) || function < 1 || function > 11)
		return 0;
	if (version == 2) {
		length = length << 8 | wire_u8(&w);
		flags = wire_u16(&w) & 0x1fff;
		wire_skip(&w, 5);
		uint16_t language = wire_u16(&w);
		wire_limit(&w, language);
		if (language < 2 || language > 35 || !text_all_print(&w))
			return 0;
	} else {
		flags = wire_u16(&w) & 0x07ff;
		wire_limit(&w, 2);
		if (version != 1 || !text_all_print(&w))
			return 0;
	}
	bool fits = pkt->transport == NM_UDP ? length == pkt->wire_len : length >= pkt->wire_len;
	return wire_ok(&w) && flags == 0 && fits ? NM_CONF_PROOF : 0;
}

/* Devices Profile for Web Services: a SOAP envelope that names the name space of 2005 or 2009. */
static uint8_t
rate_wsd(const struct nm_packet *pkt, struct wire w)
{
	if (*w.at != '<' && !nm_is_port(pkt, PORT_WSD))
		return 0;
	wire_limit(&w, ENVELOPE_MAX);
	struct wire other = w;
	return text_seek(&w, "/ws/2005/04/discovery") || text_seek(&other, "/ws-dd/ns/discovery")
	           ? NM_CONF_PROOF
	           : 0;
}

/* The word, the kind of device (1 printer, 2 scanner; answers have 0x80 added), a command, 0, sequence, session, length of what
 * follows. */
static uint8_t
rate_bjnp(const struct nm_packet *pkt, struct wire w)
{
	if (!text_begins(&w, "BJNP") && !text_begins(&w, "BJNB") && !text_begins(&w, "MFNP"))
		return 0;
	wire_skip(&w, 4);
	uint8_t kind = wire_u8(&w) & 0x7f;
	wire_skip(&w, 7);
	uint32_t length = wire_u32(&w);
	return wire_ok(&w) && kind <= 4 && length == pkt->wire_len - 16 ? NM_CONF_PROOF : 0;
}

/* RFC 2974 section 6: version 1, flags (0x10: the source is IPv6), words of authentication, hash, source, then the kind of what
 * is announced, or without it SDP. */
static uint8_t
rate_sap(const struct nm_packet *pkt, struct wire w)
{
	uint8_t flags = wire_u8(&w);
	uint8_t words = wire_u8(&w);

	wire_skip(&w, 2 + (flags & 0x10 ? 16U : 4U) + words * 4U);
	if (!nm_is_port(pkt, PORT_SAP) || flags >> 5 != 1 || !wire_ok(&w))
		return 0;
	/* encrypted or compressed there is nothing to read */
	if (flags & 0x03)
		return words == 0 ? NM_CONF_WEAK : 0;
	return text_begins(&w, "application/") || text_begins(&w, "v=0") ? NM_CONF_PROOF : 0;
}

#define EXT_FIXED 128 /* RFC 5651 section 5.2: from here on an extension is one word long */
#define EXT_FDT   192 /* RFC 6726 section 3.4.1 */

/* Is one of a head's extensions that of a file delivery table, of version 1 or 2? */
static bool
has_fdt(struct wire w)
{
	while (wire_left(&w) >= 4) {
		uint8_t type = wire_u8(&w);
		uint8_t second = wire_u8(&w);

		if (type == EXT_FDT)
			return second >> 4 == 1 || second >> 4 == 2;
		if (type < EXT_FIXED && second == 0)
			return false;
		wire_skip(&w, type < EXT_FIXED ? second * 4U - 2U : 2U);
	}
	return false;
}

/* RFC 5651 section 5.1: version 1 and how long the numbers are (C, S, O, H), words of the head, code; congestion control,
 * session, object, which is 0 for the table of files. */
static uint8_t
rate_flute(const struct nm_packet *pkt, struct wire w)
{
	uint8_t first = wire_u8(&w);
	uint8_t second = wire_u8(&w);
	uint32_t head = wire_u8(&w) * 4U;
	uint32_t half = second & 0x10 ? 2 : 0;
	uint32_t object = (second >> 5 & 3) * 4U + half;

	(void)pkt;
	if (first >> 4 != 1 || head < 12)
		return 0;
	wire_limit(&w, head - 3);
	wire_skip(&w, 1 + ((first >> 2 & 3) + 1U) * 4U + (second >> 7) * 4U + half);
	for (uint32_t i = 0; i < object; i++)
		if (wire_u8(&w) != 0)
			return 0;
	if (object == 0 || !has_fdt(w))
		return 0;
	struct wire table = wire_init(pkt->payload, pkt->len);
	return text_seek(&table, "<fdt-instance") ? NM_CONF_PROOF : NM_CONF_WEAK;
}

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_NAT_PMP, rate_port_mapping },
	{ NM_UDP, APP_SLP, rate_slp },
	{ NM_TCP, APP_SLP, rate_slp },
	{ NM_UDP, APP_WSD, rate_wsd },
	{ NM_UDP, APP_BJNP, rate_bjnp },
	{ NM_UDP, APP_SAP, rate_sap },
	{ NM_UDP, APP_FLUTE, rate_flute },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(discovery) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "discovery",
	.summary = "NAT-PMP, PCP, SLP, WS-Discovery, BJNP, SAP and FLUTE",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
