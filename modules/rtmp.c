/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTMP: live video to and from servers. TCP, any port, usually 1935. In TLS and HTTP it is these.
 *
 * Evidence: the handshake: version 3, a time, four octets of 0 or of a version, and 1528 more, which make the segment a full one.
 * With zeros on any port, else on port 1935. Servers are tagged for what comes later. Cost: asked for long payload that begins
 * with 3.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_RTMP 136

#define PORT_RTMP   1935
#define HANDSHAKE   1537 /* C0 and C1; Adobe's RTMP specification 1.0, section 5.2 */
#define SEGMENT_MIN 512

static const struct nm_app apps[] = {
	{ APP_RTMP, "RTMP", "Voice and video", 0xe7298a, 0xf47fb8 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_TCP, .min_len = 9, .len = 1, .pattern = { 3 } },
};

static uint8_t
rate_rtmp(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);
	uint32_t time = wire_u32(&w);
	uint32_t zero = wire_u32(&w);

	if (!wire_ok(&w) || version != 3 || pkt->wire_len < SEGMENT_MIN ||
	    time >> 8 == pkt->wire_len)
		return 0;
	/* nobody sends more before the other side has answered; a server sends C1 back with its own */
	if (pkt->direction == NM_FROM_CLIENT && pkt->wire_len > HANDSHAKE)
		return 0;
	if (nm_is_port(pkt, PORT_RTMP))
		return NM_CONF_SIGNATURE;
	return zero == 0 && pkt->wire_len == HANDSHAKE ? NM_CONF_SIGNATURE
	       : zero == 0 && pkt->wire_len > 1200     ? NM_CONF_WEAK
	                                               : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	uint8_t confidence = rate_rtmp(pkt, wire_init(pkt->payload, pkt->len));

	(void)ctx;
	if (confidence >= NM_CONF_SIGNATURE)
		nm_tag_server(pkt, call, APP_RTMP);
	return nm_signature(verdict, APP_RTMP, confidence);
}

NM_MODULE(rtmp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "rtmp",
	.summary = "RTMP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
