/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Authentication, authorisation, accounting: TACACS+ (RFC 8907; TCP, usually 49), Diameter (RFC 6733; TCP, usually 3868; over
 * SCTP see sigtran) and PANA (RFC 5191; UDP 716). RADIUS has a module of its own.
 *
 * Evidence: TACACS+: version, type, sequence and flags, and a length that the segment holds; Diameter: version, flags and a
 * length, and attributes that fill it; PANA: the same, on its port. What is encrypted inside does not matter. One direction is
 * enough. Servers of the first two are tagged. Cost: asked for TCP payload with these heads, and on PANA's port.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/tlv.h>

#define APP_DIAMETER 265
#define APP_TACACS   266
#define APP_PANA     267

#define PORT_TACACS   49
#define PORT_DIAMETER 3868
#define PORT_PANA     716

#define TACACS_HEAD   12
#define TACACS_MAX    (1u << 16)
#define DIAMETER_HEAD 20

static const struct nm_app apps[] = {
	{ APP_DIAMETER, "Diameter", "Authentication", 0xb07aa1, 0xd8aecb },
	{ APP_TACACS, "TACPlus", "Authentication", 0xc44e52, 0xec8e91 },
	{ APP_PANA, "PANA", "Authentication", 0x937860, 0xc4ab96 },
};

static const struct nm_match matches[] = {
	/* version 12.0 or 12.1, types 1 to 3 */
	{ .transport = NM_TCP,
	  .min_len = TACACS_HEAD,
	  .len = 2,
	  .pattern = { 0xc0, 0 },
	  .mask = { 0xfe, 0xfc } },
	/* version 1, length below 64 kB, flags */
	{ .transport = NM_TCP,
	  .min_len = DIAMETER_HEAD,
	  .len = 5,
	  .pattern = { 1, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 0, 0x03, 0x0f } },
	{ .transport = NM_UDP, .port = PORT_PANA, .min_len = 16 },
};

/* RFC 8907 section 4.1: version, type, sequence (the client's are odd), flags (0x01 in clear text, 0x04 many sessions),
 * session, length of the body. */
static uint8_t
rate_tacacs(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint8_t sequence = wire_u8(&w);
	uint8_t flags = wire_u8(&w);
	uint32_t session = wire_u32(&w);
	uint32_t length = wire_u32(&w);
	bool port = nm_is_port(pkt, PORT_TACACS);
	bool by_client = pkt->dport == PORT_TACACS;

	if (!wire_ok(&w) || (version & 0xfe) != 0xc0 || type < 1 || type > 3 || sequence == 0 ||
	    (flags & ~0x05) != 0 || session == 0 || length < 5 || length > TACACS_MAX)
		return 0;
	if (port)
		return (sequence & 1) == by_client ? NM_CONF_PROOF : 0;
	return length + TACACS_HEAD == pkt->wire_len ? NM_CONF_SIGNATURE : 0;
}

/* RFC 6733 section 4.1: code, flags of which five are 0, length of the whole. The first one's of a message has no vendor. */
static bool
is_attribute(struct wire w)
{
	uint32_t code = wire_u32(&w);
	uint8_t flags = wire_u8(&w);

	return wire_ok(&w) && code > 0 && code < 4096 && (flags & 0x9f) == 0;
}

/* RFC 6733 section 3: version 1, length of the whole, flags of which four are 0, command, application, two numbers, attributes.
 * A message may go on in the next segment, and another one may follow. */
static uint8_t
rate_diameter(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form attribute = {
		.before = 5, .length = 3, .whole = true, .align = 4
	};
	uint32_t version = wire_u32(&w);
	uint32_t command = wire_u32(&w);
	uint32_t length = version & 0xffffff;

	wire_skip(&w, 12);
	if (version >> 24 != 1 || length % 4 != 0 || length <= DIAMETER_HEAD ||
	    (command & 0x0f000000) != 0 || !is_attribute(w))
		return 0;
	bool open = length > pkt->len;
	wire_limit(&w, length - DIAMETER_HEAD);
	if (tlv_count(w, &attribute, open) == 0)
		return 0;
	if (nm_is_port(pkt, PORT_DIAMETER))
		return NM_CONF_PROOF;
	/* by chance the head of something else: let a second attribute speak too */
	return tlv_count(w, &attribute, open) >= 2 ? NM_CONF_SIGNATURE : 0;
}

/* RFC 5191 section 6.2: 0, length of the whole, six flags and 0, type 1 to 4, session, sequence; attributes of code, flags,
 * length of the value, 0. */
static uint8_t
rate_pana(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form attribute = {
		.before = 4, .length = 2, .behind = 2, .align = 4
	};
	uint16_t zero = wire_u16(&w);
	uint16_t length = wire_u16(&w);
	uint16_t flags = wire_u16(&w);
	uint16_t type = wire_u16(&w);

	wire_skip(&w, 8);
	if (!wire_ok(&w) || !nm_is_port(pkt, PORT_PANA) || zero != 0 || length != pkt->wire_len ||
	    (flags & 0x03ff) != 0 || type < 1 || type > 4)
		return 0;
	return wire_left(&w) == 0 || tlv_count(w, &attribute, nm_is_cut(pkt)) > 0 ? NM_CONF_PROOF
	                                                                          : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_TACACS, rate_tacacs },
	{ NM_TCP, APP_DIAMETER, rate_diameter },
	{ NM_UDP, APP_PANA, rate_pana },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(aaa) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "aaa",
	.summary = "TACACS+, Diameter and PANA",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
