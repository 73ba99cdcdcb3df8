/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private networks over UDP and TCP: OpenVPN (usually 1194) and WireGuard (UDP, usually 51820), any port.
 *
 * Evidence: WireGuard: the types and lengths of its three handshake messages, or a data message of its form; OpenVPN: the resets that
 * begin a session, with and without authentication in front. Later packets of OpenVPN show one octet only: they count by tag.
 * Servers are tagged. Cost: asked for payload that begins with these types.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_OPENVPN   137
#define APP_WIREGUARD 138

#define RESET_CLIENT_V2 0x38 /* operation in the upper five bits, key 0 */
#define RESET_SERVER_V2 0x40
#define RESET_CLIENT_V3 0x50
#define SESSION         8
#define ACKS_MAX        8
#define PACKET_ID       8 /* number and time, with authentication */

static const struct nm_app apps[] = {
	{ APP_OPENVPN, "OpenVPN", "Tunnel", 0xea7e20, 0xf7b27a },
	{ APP_WIREGUARD, "WireGuard", "Tunnel", 0x88171a, 0xd1686b },
};

#define TYPE(type, least)                                                                       \
	{                                                                                       \
		.transport = NM_UDP, .min_len = (least), .len = 4, .pattern = { type, 0, 0, 0 } \
	}
#define RESET(operation)                                                                      \
	{ .transport = NM_UDP, .min_len = 14, .len = 1, .pattern = { operation } },           \
	{                                                                                     \
		.transport = NM_TCP, .min_len = 16, .len = 3, .pattern = { 0, 0, operation }, \
		.mask = {                                                                     \
			0xff,                                                                 \
			0,                                                                    \
			0xff                                                                  \
		}                                                                             \
	}

static const struct nm_match matches[] = {
	TYPE(1, 148),
	TYPE(2, 92),
	TYPE(3, 64),
	TYPE(4, 32),
	RESET(RESET_CLIENT_V2),
	RESET(RESET_SERVER_V2),
	RESET(RESET_CLIENT_V3),
};

/* Octets of the digests that can stand behind the session, and none: MD5, SHA-1, SHA-256, SHA-512. */
static const uint8_t digests[] = { 16, 20, 32, 64 };

/* Type, three octets of 0; the handshakes have one length each, data a counter of eight octets, low one first, and words of 16. */
static uint8_t
rate_wireguard(const struct nm_packet *pkt, struct wire w)
{
	uint8_t type = wire_u8(&w);

	wire_skip(&w, 7);
	uint64_t counter = wire_le64(&w);
	if (!wire_ok(&w) || pkt->payload[1] || pkt->payload[2] || pkt->payload[3])
		return 0;
	if ((type == 1 && pkt->wire_len == 148) || (type == 2 && pkt->wire_len == 92))
		return NM_CONF_SIGNATURE;
	if (type == 3)
		return pkt->wire_len == 64 ? NM_CONF_WEAK : 0;
	return type == 4 && pkt->wire_len % 16 == 0 && counter >> 40 == 0 ? NM_CONF_WEAK : 0;
}

/* Behind the session, or the digest and packet id: acknowledged packets with the peer's session when there are any, and this packet's
 * number, which is 0 because it begins the session. */
static bool
is_end_of_reset(struct wire w, uint32_t left)
{
	uint8_t acks = wire_u8(&w);
	uint32_t peer = acks ? acks * 4u + SESSION : 0;

	if (acks > ACKS_MAX || left < 1 + peer + 4)
		return false;
	wire_skip(&w, peer);
	return wire_u32(&w) == 0 && wire_ok(&w) && left == 1 + peer + 4;
}

static uint8_t
rate_openvpn(const struct nm_packet *pkt, struct wire w)
{
	uint32_t left = pkt->wire_len;

	if (pkt->transport == NM_TCP) {
		left = wire_u16(&w);
		if (left + 2 > pkt->wire_len)
			return 0;
	}
	uint8_t operation = wire_u8(&w);
	if ((operation != RESET_CLIENT_V2 && operation != RESET_SERVER_V2 &&
	     operation != RESET_CLIENT_V3) ||
	    left < 1 + SESSION + 5)
		return 0;
	wire_skip(&w, SESSION);
	left -= 1 + SESSION;
	if (is_end_of_reset(w, left))
		return NM_CONF_SIGNATURE;
	struct wire crypt = w;
	/* tls-crypt: the first packet's id, time, digest, and what is encrypted */
	if (wire_u32(&crypt) == 1 && left >= PACKET_ID + 32 + 5 && left < 1024)
		return NM_CONF_WEAK;
	for (size_t i = 0; i < sizeof(digests); i++) {
		struct wire behind = w;

		if (left < digests[i] + PACKET_ID + 5u)
			continue;
		wire_skip(&behind, digests[i]);
		if (wire_u32(&behind) != 1)
			continue;
		wire_skip(&behind, 4);
		if (is_end_of_reset(behind, left - digests[i] - PACKET_ID))
			return NM_CONF_SIGNATURE;
	}
	return 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_WIREGUARD, rate_wireguard },
	{ NM_UDP, APP_OPENVPN, rate_openvpn },
	{ NM_TCP, APP_OPENVPN, rate_openvpn },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(vpn) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "vpn",
	.summary = "OpenVPN and WireGuard",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
