/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * L2TP: RFC 2661 (version 2), RFC 3931 (version 3). UDP, any port for control messages, usually 1701; version 3 also has IP
 * protocol 115. What a data message carries is metered as flows of its own where it is IP.
 *
 * Evidence: a control header whose length is the packet's; a data header on port 1701 is weak. Cost: asked for UDP payload
 * that begins with a control message's flags, and on port 1701; reads one header.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_L2TP 66

#define PROTOCOL_L2TP 115
#define PORT_L2TP     1701

static const struct nm_app apps[] = {
	{ APP_L2TP, "L2TP", "Tunnel", 0x447744, 0x80b380 },
};

/*
 * RFC 2661 section 3.1:
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |T|L|x|x|S|x|O|P|x|x|x|x|  Ver  |          Length (opt)         |
 *  |           Tunnel ID           |           Session ID          |
 */
#define FLAG_CONTROL  0x8000u
#define FLAG_LENGTH   0x4000u
#define FLAG_SEQUENCE 0x0800u
#define FLAG_OFFSET   0x0200u
#define FLAGS_ZERO    0x34f0u /* x */

static const struct nm_match matches[] = {
	{ .transport = PROTOCOL_L2TP },
	{ .transport = NM_UDP, .min_len = 6, .port = PORT_L2TP },
	{ .transport = NM_UDP,
	  .min_len = 12,
	  .len = 2,
	  .pattern = { 0xc8, 2 },
	  .mask = { 0xff, 0xfe } },
};

/* A control message is a header of 12 octets and whole attributes, the first of which is its type: M bit, length 8, vendor 0,
 * attribute 0. One without attributes is an acknowledgement. */
static uint8_t
rate_control(struct wire w, uint32_t wire_len)
{
	uint16_t length = wire_u16(&w);

	wire_skip(&w, 8);
	if (!wire_ok(&w) || length != wire_len)
		return 0;
	if (length == 12)
		return NM_CONF_SIGNATURE;
	uint16_t bits = wire_u16(&w);
	uint16_t vendor = wire_u16(&w);
	uint16_t attribute = wire_u16(&w);
	return wire_ok(&w) && bits == 0x8008 && vendor == 0 && attribute == 0 ? NM_CONF_PROOF : 0;
}

/* A data message: tunnel and session, sequence and offset as the flags say, then PPP (RFC 1661 section 2): its address and
 * control octets, or a protocol whose first octet is even and whose second is odd. */
static uint8_t
rate_data(struct wire w, uint16_t flags, uint32_t wire_len)
{
	uint16_t length = flags & FLAG_LENGTH ? wire_u16(&w) : 0;
	uint16_t tunnel = wire_u16(&w);
	uint16_t session = wire_u16(&w);

	if (flags & FLAG_SEQUENCE)
		wire_skip(&w, 4);
	if (flags & FLAG_OFFSET)
		wire_skip(&w, wire_u16(&w));
	uint8_t first = wire_u8(&w);
	uint8_t second = wire_u8(&w);
	if (!wire_ok(&w) || tunnel == 0 || session == 0 ||
	    ((flags & FLAG_LENGTH) && length != wire_len))
		return 0;
	if (first == 0xff && second == 3)
		return NM_CONF_SIGNATURE;
	return first % 2 == 0 && second % 2 == 1 ? NM_CONF_WEAK : 0;
}

static uint8_t
rate(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t flags = wire_u16(&w);
	unsigned version = flags & 15;

	if ((version != 2 && version != 3) || (flags & FLAGS_ZERO))
		return 0;
	if (flags & FLAG_CONTROL) {
		bool right =
		    (flags & FLAG_LENGTH) && (flags & FLAG_SEQUENCE) && !(flags & FLAG_OFFSET);

		return right ? rate_control(w, pkt->wire_len) : 0;
	}
	if (version != 2 || (pkt->sport != PORT_L2TP && pkt->dport != PORT_L2TP))
		return 0;
	return rate_data(w, flags, pkt->wire_len);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	return nm_signature(verdict, APP_L2TP,
	                    pkt->transport == PROTOCOL_L2TP ? NM_CONF_PROOF : rate(pkt));
}

NM_MODULE(l2tp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "l2tp",
	.summary = "L2TP, versions 2 and 3",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
