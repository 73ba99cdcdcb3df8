/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RDP: MS-RDPBCGR over TPKT (RFC 1006) and X.224, MS-RDPEUDP over UDP. Any port, usually 3389. When the connection goes over
 * to TLS, or is encrypted otherwise, it stays RDP.
 *
 * Evidence: a connection request with a cookie ("mstshash", "msts") or a negotiation request, a confirm with a negotiation
 * response; without them, which S7 and other users of TPKT are too, on port 3389 only; the T.125 connect that follows. Over UDP
 * a SYN whose acknowledgement is all ones and whose size and flags fit. Servers are tagged. Cost: asked for TCP payload that
 * begins with TPKT's version, and UDP payload with four octets of ones; reads one header.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_RDP 59

#define PORT_RDP 3389

static const struct nm_app apps[] = {
	{ APP_RDP, "RDP", "Remote access", 0x004488, 0x5c94cc },
};

static const struct nm_match matches[] = {
	/* RFC 1006 section 6: version 3, reserved, length */
	{ .transport = NM_TCP, .min_len = 7, .len = 2, .pattern = { 3, 0 } },
	/* MS-RDPEUDP section 3.1.5.1.1: snSourceAck of a SYN */
	{ .transport = NM_UDP, .min_len = 16, .len = 4, .pattern = { 0xff, 0xff, 0xff, 0xff } },
};

#define X224_REQUEST 0xe0
#define X224_CONFIRM 0xd0
#define X224_DATA    0xf0

/* MS-RDPBCGR sections 2.2.1.1.1, 2.2.1.2.1 and 2.2.1.2.2: type, flags, length 8 in little endian, a value. */
static bool
is_negotiation(struct wire w, uint8_t first, uint8_t last)
{
	uint8_t type = wire_u8(&w);

	wire_skip(&w, 1);
	uint16_t length = wire_u16(&w);
	wire_skip(&w, 1);
	uint16_t high = wire_u16(&w);
	uint8_t top = wire_u8(&w);
	return wire_ok(&w) && type >= first && type <= last && length == 0x0800 && high == 0 &&
	       top == 0;
}

/* Behind the X.224 header of a connection request: MS-RDPBCGR section 2.2.1.1. */
static uint8_t
rate_request(struct wire w, bool port)
{
	if (text_begins(&w, "Cookie: mstshash=") || text_begins(&w, "Cookie: msts=") ||
	    text_begins(&w, "tsv://"))
		return NM_CONF_PROOF;
	if (wire_left(&w) == 0)
		return port ? NM_CONF_SIGNATURE : 0;
	return is_negotiation(w, 1, 1) ? NM_CONF_PROOF : 0;
}

/* Of a confirm: section 2.2.1.2. */
static uint8_t
rate_confirm(struct wire w, bool port)
{
	if (wire_left(&w) == 0)
		return port ? NM_CONF_SIGNATURE : 0;
	return is_negotiation(w, 2, 3) ? NM_CONF_PROOF : 0;
}

/* T.125 connect-initial and connect-response, BER tags 0x7f65 and 0x7f66; NetMeeting has them too. */
static uint8_t
rate_data(struct wire w, bool port)
{
	uint16_t tag = wire_u16(&w);

	if (!wire_ok(&w) || (tag != 0x7f65 && tag != 0x7f66))
		return 0;
	return port ? NM_CONF_PROOF : NM_CONF_WEAK;
}

/*
 * RFC 1006 section 6, X.224 section 13:
 *
 *   octet 0 version 3   1 reserved   2..3 length   4 length of the X.224 header   5 its code   6..  references, class
 */
static uint8_t
rate_tcp(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	bool port = nm_is_port(pkt, PORT_RDP);

	wire_skip(&w, 2);
	uint16_t length = wire_u16(&w);
	uint8_t header = wire_u8(&w);
	uint8_t code = wire_u8(&w);
	if (length < 7 || header < 2 || header > length - 5)
		return 0;
	if (code == X224_DATA) {
		wire_skip(&w, 1);
		return header == 2 ? rate_data(w, port) : 0;
	}
	wire_limit(&w, header - 1U);
	wire_skip(&w, 5);
	if (!wire_ok(&w) || header != length - 5)
		return 0;
	if (code == X224_REQUEST)
		return rate_request(w, port);
	return code == X224_CONFIRM ? rate_confirm(w, port) : 0;
}

/*
 * MS-RDPEUDP section 2.2.2.1 and .5: acknowledgement (all ones), receive window, flags, then the initial sequence number and
 * two sizes of 1132 to 1232 octets. The datagram is padded to the largest, so that its path is tried.
 */
#define UDP_SYN   0x0001u
#define UDP_KNOWN 0x1fffu
#define MTU_LEAST 1132
#define MTU_MOST  1232

static uint8_t
rate_udp(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	wire_skip(&w, 4);
	uint16_t window = wire_u16(&w);
	uint16_t flags = wire_u16(&w);
	wire_skip(&w, 4);
	uint16_t up = wire_u16(&w);
	uint16_t down = wire_u16(&w);
	bool sizes = up >= MTU_LEAST && up <= MTU_MOST && down >= MTU_LEAST && down <= MTU_MOST;
	if (!wire_ok(&w) || window == 0 || !(flags & UDP_SYN) || (flags & ~UDP_KNOWN) || !sizes)
		return 0;
	return pkt->wire_len >= MTU_LEAST ? NM_CONF_PROOF : NM_CONF_WEAK;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	uint8_t confidence = pkt->transport == NM_UDP ? rate_udp(pkt) : rate_tcp(pkt);

	(void)ctx;
	if (confidence >= NM_CONF_SIGNATURE)
		nm_tag_port(pkt, call, APP_RDP, PORT_RDP);
	return nm_signature(verdict, APP_RDP, confidence);
}

NM_MODULE(rdp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "rdp",
	.summary = "RDP over TCP and UDP, on any port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
