/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tunnels in UDP whose packets netmonc meters as themselves, because what is inside is no IP packet, or belongs to the tunnel, or
 * decapsulation is off: Teredo (RFC 4380; UDP, usually 3544), VXLAN (RFC 7348; UDP 4789 and 8472), Geneve (RFC 8926;
 * UDP 6081) and AYIYA (draft-massar-v6ops-ayiya; UDP 5072).
 *
 * Evidence: Teredo: an IPv6 header that is as long as the datagram says, with an address of the tunnel's; VXLAN and Geneve: on
 * their ports a head whose reserved fields are 0, and a frame or packet inside. One direction. Cost: asked for payload on these
 * ports, and on any port for what begins like IPv6.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_TEREDO 280
#define APP_VXLAN  281
#define APP_GENEVE 282
#define APP_AYIYA  299

#define PORT_TEREDO  3544
#define PORT_VXLAN   4789
#define PORT_VXLAN_2 8472 /* Linux, before there was a number for it */
#define PORT_GENEVE  6081
#define PORT_AYIYA   5072

#define IPV6_HEADER      40
#define TEREDO_PREFIX    0x20010000u
#define ETHERTYPE_LEAST  0x0600
#define ETHERTYPE_BRIDGE 0x6558 /* an Ethernet frame */

static const struct nm_app apps[] = {
	{ APP_TEREDO, "Teredo", "Tunnel", 0x6f7f3f, 0xaec078 },
	{ APP_VXLAN, "VXLAN", "Tunnel", 0x3f6f5f, 0x7eb8a4 },
	{ APP_GENEVE, "Geneve", "Tunnel", 0x4f5f8f, 0x92a2d4 },
	{ APP_AYIYA, "AYIYA", "Tunnel", 0x7f5f3f, 0xc2a27f },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .port = PORT_TEREDO, .min_len = IPV6_HEADER },
	/* IPv6 between Teredo clients, as most of it is: of no traffic class */
	{ .transport = NM_UDP,
	  .min_len = IPV6_HEADER,
	  .len = 2,
	  .pattern = { 0x60, 0 },
	  .mask = { 0xff, 0xf0 } },
	{ .transport = NM_UDP, .port = PORT_VXLAN, .min_len = 22 },
	{ .transport = NM_UDP, .port = PORT_VXLAN_2, .min_len = 22 },
	{ .transport = NM_UDP, .port = PORT_GENEVE, .min_len = 8 },
	{ .transport = NM_UDP, .port = PORT_AYIYA, .min_len = 8 },
};

/* RFC 4380 section 5.1.1: authentication (1, lengths of a client's name and of the value, these, nonce, confirmation) and origin
 * (0, port, address) may stand before IPv6. */
static struct wire
behind_indications(struct wire w)
{
	struct wire peek = w;

	if (wire_u16(&peek) == 1) {
		uint32_t ids = wire_u8(&peek);

		ids += wire_u8(&peek);
		wire_skip(&peek, ids + 9);
		w = peek;
	}
	peek = w;
	if (wire_u16(&peek) == 0)
		wire_skip(&w, 8);
	return w;
}

/* An IPv6 header that is as long as what is left. Between a client and its server the addresses may be link-local, which only
 * the usual port tells from any other tunnel. */
static uint8_t
rate_teredo(const struct nm_packet *pkt, struct wire w)
{
	w = behind_indications(w);
	size_t left = wire_left(&w) + (pkt->wire_len - pkt->len);
	uint8_t version = wire_u8(&w) >> 4;
	wire_skip(&w, 3);
	uint16_t length = wire_u16(&w);
	wire_skip(&w, 2);
	uint32_t source = wire_u32(&w);
	wire_skip(&w, 12);
	uint32_t destination = wire_u32(&w);
	if (!wire_ok(&w) || version != 6 || length + (size_t)IPV6_HEADER != left)
		return 0;
	if (source == TEREDO_PREFIX || destination == TEREDO_PREFIX)
		return NM_CONF_PROOF;
	bool local = source >> 22 == 0xfe80u >> 6;
	return local && nm_is_port(pkt, PORT_TEREDO) ? NM_CONF_PROOF : 0;
}

/* Does an Ethernet frame begin here? Two addresses, of which the sender's is no group, and a type or tag. */
static bool
is_frame(struct wire w)
{
	wire_skip(&w, 6);
	uint8_t sender = wire_u8(&w);
	wire_skip(&w, 5);
	uint16_t type = wire_u16(&w);
	return wire_ok(&w) && !(sender & 1) && type >= ETHERTYPE_LEAST;
}

/* RFC 7348 section 5: flags, of which one says that there is a network's number (and one of a group policy that the next two
 * octets are its own), 0, the number, 0. */
static uint8_t
rate_vxlan(const struct nm_packet *pkt, struct wire w)
{
	uint8_t flags = wire_u8(&w);
	uint8_t zero = wire_u8(&w) & (flags & 0x80 ? 0xb7 : 0xff);
	uint16_t group = wire_u16(&w);
	uint8_t last = wire_u32(&w) & 0xff;

	if (!nm_is_port(pkt, PORT_VXLAN) && !nm_is_port(pkt, PORT_VXLAN_2))
		return 0;
	return (flags & 0x7f) == 0x08 && zero == 0 && (group == 0 || flags & 0x80) && last == 0 &&
	               is_frame(w)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* RFC 8926 section 3.4: version 0 and words of options, two flags and 0, type of what is inside, network's number, 0. */
static uint8_t
rate_geneve(const struct nm_packet *pkt, struct wire w)
{
	uint8_t first = wire_u8(&w);
	uint8_t flags = wire_u8(&w);
	uint16_t type = wire_u16(&w);
	uint8_t zero = wire_u32(&w) & 0xff;

	wire_skip(&w, (first & 0x3f) * 4U);
	if (!nm_is_port(pkt, PORT_GENEVE) || !wire_ok(&w) || first >> 6 != 0 ||
	    (flags & 0x3f) != 0 || zero != 0 || type < ETHERTYPE_LEAST)
		return 0;
	return type != ETHERTYPE_BRIDGE || is_frame(w) ? NM_CONF_SIGNATURE : 0;
}

/* draft-massar-v6ops-ayiya-02 section 3: length (as a power of two) and kind of the identity, words and kind of the signature,
 * how it is authenticated and what it is for, what follows, time; identity, signature. */
static uint8_t
rate_ayiya(const struct nm_packet *pkt, struct wire w)
{
	uint8_t identity = wire_u8(&w);
	uint8_t signature = wire_u8(&w);
	uint8_t purpose = wire_u8(&w) & 0xf;

	wire_skip(&w, 5);
	wire_skip(&w, (1U << (identity >> 4)) + (signature >> 4) * 4U);
	bool known = signature == 0 || signature == 0x41 || signature == 0x52; /* MD5, SHA-1 */
	return nm_is_port(pkt, PORT_AYIYA) && wire_ok(&w) && known && purpose <= 9 &&
	               (identity & 0xf) >= 1 && (identity & 0xf) <= 3 && identity >> 4 <= 8
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_TEREDO, rate_teredo },
	{ NM_UDP, APP_VXLAN, rate_vxlan },
	{ NM_UDP, APP_GENEVE, rate_geneve },
	{ NM_UDP, APP_AYIYA, rate_ayiya },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	return nm_family_rate(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, verdict);
}

NM_MODULE(overlay) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "overlay",
	.summary = "Teredo, VXLAN, Geneve and AYIYA, where they are metered as themselves",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
