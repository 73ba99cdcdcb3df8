/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the packet core of a mobile network says on UDP: GTP, control (3GPP TS 29.060, TS 29.274; port 2123, version 0 on 3386)
 * and what is not a user's packet of the user plane (TS 29.281; 2152), GTP' for charging (TS 32.295; 3386), PFCP (TS 29.244;
 * 8805), and the network service under the Gb interface, GPRS-NS (TS 48.016), on any port.
 *
 * Evidence: GTP, GTP' and PFCP: the port, version and fixed bits, a known type, a length that is the datagram's. GPRS-NS: the
 * heads of a reset, or of a BSSGP message inside with its first element. Each message shows it, one direction is enough. Cost:
 * asked for payload on these ports, and on any port for payload with these heads.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/tlv.h>

#define APP_GTP       253
#define APP_GTP_PRIME 254
#define APP_PFCP      255
#define APP_GPRS_NS   256

#define PORT_GTP_C     2123
#define PORT_GTP_U     2152
#define PORT_GTP_PRIME 3386
#define PORT_PFCP      8805

static const struct nm_app apps[] = {
	{ APP_GTP, "GTP", "Tunnel", 0x2b8c6e, 0x6cc6a9 },
	{ APP_GTP_PRIME, "GTPprime", "Mobile network", 0x5f7f2c, 0x9fc266 },
	{ APP_PFCP, "PFCP", "Mobile network", 0x3f7fbf, 0x84b4e4 },
	{ APP_GPRS_NS, "GPRS-NS", "Mobile network", 0x8f6f3f, 0xc8a873 },
};

#define HEAD(least, ...)                                                \
	{                                                               \
		.transport = NM_UDP, .min_len = (least),                \
		.len = sizeof((uint8_t[]){ __VA_ARGS__ }), .pattern = { \
			__VA_ARGS__                                     \
		}                                                       \
	}

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .port = PORT_GTP_C, .min_len = 8 },
	{ .transport = NM_UDP, .port = PORT_GTP_U, .min_len = 8 },
	{ .transport = NM_UDP, .port = PORT_GTP_PRIME, .min_len = 6 },
	{ .transport = NM_UDP, .port = PORT_PFCP, .min_len = 8 },
	/* GPRS-NS: unit data, reset with its cause, its acknowledgement */
	{ .transport = NM_UDP,
	  .min_len = 10,
	  .len = 2,
	  .pattern = { 0, 0 },
	  .mask = { 0xff, 0xfc } },
	HEAD(12, 2, 0, 0x81),
	HEAD(9, 3, 1, 0x82),
};

/* GTP of versions 0, 1 and 2, by the first octet: what it has to be under the mask, which ports speak it, and how many octets
 * the length field does not count. */
static const struct {
	uint8_t mask;
	uint8_t first;
	bool control;
	bool user;
	bool charging;
	uint8_t uncounted;
} versions[] = {
	{ 0xfe, 0x1e, false, false, true, 20 }, /* 0: protocol type 1, spare bits 1 */
	{ 0xf8, 0x30, true, true, false, 8 },   /* 1: protocol type 1, spare bit 0 */
	{ 0xe3, 0x40, true, false, false, 4 },  /* 2: piggybacked, tunnel and priority may be set */
};

#define PIGGYBACKED 0x10 /* TS 29.274 section 5.5.1: another message follows this one */

static uint8_t
rate_gtp(const struct nm_packet *pkt, struct wire w)
{
	uint8_t first = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint32_t length = wire_u16(&w);

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		bool port = (versions[i].control && nm_is_port(pkt, PORT_GTP_C)) ||
		            (versions[i].user && nm_is_port(pkt, PORT_GTP_U)) ||
		            (versions[i].charging && nm_is_port(pkt, PORT_GTP_PRIME));

		if ((first & versions[i].mask) != versions[i].first || !port)
			continue;
		length += versions[i].uncounted;
		if (versions[i].uncounted == 4 && (first & PIGGYBACKED) && length < pkt->wire_len)
			return type ? NM_CONF_PROOF : 0;
		return type != 0 && length == pkt->wire_len && length >= 8 ? NM_CONF_PROOF : 0;
	}
	return 0;
}

/* TS 32.295 section 6.1: version, protocol type 0, spare; type, length behind the header, sequence. The header has 6 octets, in
 * version 0 only if the last bit is set, else 20 as that of GTP.
 * Types: echo, version not supported, node alive, redirection, data record transfer. */
static uint8_t
rate_gtp_prime(const struct nm_packet *pkt, struct wire w)
{
	uint8_t first = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint32_t header = first & 0xe1 ? 6 : 20;
	bool known = (type >= 1 && type <= 7) || type == 240 || type == 241;

	return nm_is_port(pkt, PORT_GTP_PRIME) && !(first & 0x10) && first >> 5 <= 2 && known &&
	               wire_u16(&w) + header == pkt->wire_len
	           ? NM_CONF_PROOF
	           : 0;
}

/* TS 29.244 section 7.2.2: version 1, spare 0, another message follows, priority, session; type, length behind itself, session,
 * sequence; elements. Types 1 to 15 are of a node, 50 to 57 of a session. */
static uint8_t
rate_pfcp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form element = { .before = 2, .length = 2 };
	uint8_t first = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint32_t length = wire_u16(&w);
	bool session = first & 1;
	bool more = first & 4;

	wire_skip(&w, session ? 12 : 4);
	if (!nm_is_port(pkt, PORT_PFCP) || !wire_ok(&w) || (first & 0xf8) != 0x20 ||
	    !((type >= 1 && type <= 15) || (type >= 50 && type <= 57)) ||
	    length < (session ? 12 : 4))
		return 0;
	if (more)
		return length + 4 < pkt->wire_len ? NM_CONF_SIGNATURE : 0;
	return length + 4 == pkt->wire_len &&
	               (wire_left(&w) == 0 || tlv_count(w, &element, nm_is_cut(pkt)) > 0)
	           ? NM_CONF_PROOF
	           : 0;
}

/* BSSGP messages (TS 48.018 section 10): which element comes first, how far behind the type, and its length with the bit that
 * says it has one octet. */
static const struct {
	uint8_t type;
	uint8_t ahead;
	uint8_t element;
	uint8_t length;
} bssgp[] = {
	{ 0x00, 7, 0x16, 0x82 }, /* downlink: behind TLLI and QoS the lifetime */
	{ 0x01, 7, 0x08, 0x88 }, /* uplink: the cell */
	{ 0x22, 0, 0x04, 0x82 }, /* reset of a virtual connection: its number */
	{ 0x23, 0, 0x04, 0x82 }, /* and the answer */
	{ 0x26, 0, 0x1e, 0x81 }, /* flow control: a tag */
	{ 0x27, 0, 0x1e, 0x81 }, { 0x28, 0, 0x1f, 0x84 }, /* the same of a mobile: TLLI */
	{ 0x29, 0, 0x1f, 0x84 },
};

/* Unit data: 0, control, virtual connection, then BSSGP. */
static bool
is_unit_data(struct wire w)
{
	wire_skip(&w, 4);
	uint8_t type = wire_u8(&w);
	for (size_t i = 0; i < sizeof(bssgp) / sizeof(bssgp[0]); i++) {
		if (bssgp[i].type != type)
			continue;
		wire_skip(&w, bssgp[i].ahead);
		return wire_u8(&w) == bssgp[i].element && wire_u8(&w) == bssgp[i].length;
	}
	return false;
}

/* TS 48.016 section 9.2: a reset has cause, virtual connection and entity, its acknowledgement the last two. */
static uint8_t
rate_gprs_ns(const struct nm_packet *pkt, struct wire w)
{
	uint8_t type = wire_u8(&w);

	if (type == 0)
		return is_unit_data(wire_init(pkt->payload, pkt->len)) ? NM_CONF_SIGNATURE : 0;
	if (type == 2)
		wire_skip(&w, 3);
	else if (type != 3)
		return 0;
	bool connection = wire_u16(&w) == 0x0182;
	wire_skip(&w, 2);
	return connection && wire_u16(&w) == 0x0482 && pkt->wire_len >= (type == 2 ? 12 : 9)
	           ? NM_CONF_PROOF
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_GTP, rate_gtp },
	{ NM_UDP, APP_GTP_PRIME, rate_gtp_prime },
	{ NM_UDP, APP_PFCP, rate_pfcp },
	{ NM_UDP, APP_GPRS_NS, rate_gprs_ns },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	return nm_family_rate(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, verdict);
}

NM_MODULE(mobile) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "mobile",
	.summary = "GTP, GTP', PFCP and GPRS-NS",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
