/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTMP: live video to and from servers. TCP, any port, usually 1935. In TLS and HTTP it is these.
 *
 * Evidence: the handshake: version 3, a time, four octets of 0 or of a version, and 1528 more, which make the segment a full one.
 * With zeros on any port, else on port 1935; elsewhere a client that gives a version needs an answer that looks the same.
 * Servers are tagged for what comes later. Cost: asked for long payload that begins with 3.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_RTMP 136

#define PORT_RTMP    1935
#define HANDSHAKE    1537 /* C0 and C1; Adobe's RTMP specification 1.0, section 5.2 */
#define SEGMENT_MIN  512
#define SEGMENT_LONG 1200 /* a full one, whatever the path's MTU */
#define GREETINGS \
	4 /* packets with payload in which both have begun: each handshake takes one or two */

static const struct nm_app apps[] = {
	{ APP_RTMP, "RTMP", "Voice and video", 0xe7298a, 0xf47fb8 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_TCP, .min_len = 9, .len = 1, .pattern = { 3 } },
};

/* The first segment of a handshake; *ret_version gets the four octets behind the time. */
static bool
is_handshake(const struct nm_packet *pkt, struct wire w, uint32_t *ret_version)
{
	uint8_t version = wire_u8(&w);
	uint32_t time = wire_u32(&w);

	*ret_version = wire_u32(&w);
	if (!wire_ok(&w) || version != 3 || pkt->wire_len < SEGMENT_MIN ||
	    time >> 8 == pkt->wire_len) /* as TPKT has it, RFC 1006 section 6 */
		return false;
	/* nobody sends more before the other side has answered; a server sends C1 back with its own */
	return pkt->direction != NM_FROM_CLIENT || pkt->wire_len <= HANDSHAKE;
}

/* What a version is worth away from the usual port: players give theirs as major, minor 0, and two more octets. The answer to
 * such a client has a version as its server likes it. */
static uint8_t
rate_version(const struct nm_packet *pkt, uint32_t version, uint64_t *note)
{
	if (pkt->wire_len <= SEGMENT_LONG || pkt->nth > GREETINGS || !note)
		return 0;
	if (pkt->direction == NM_FROM_SERVER)
		return *note ? NM_CONF_SIGNATURE : 0;
	if (pkt->nth == 1 && version >> 24 < 128 && (version >> 16 & 0xff) == 0)
		*note = 1;
	return 0;
}

static uint8_t
rate_rtmp(const struct nm_packet *pkt, struct wire w, uint64_t *note)
{
	uint32_t version;

	if (!is_handshake(pkt, w, &version))
		return 0;
	if (nm_is_port(pkt, PORT_RTMP) || (version == 0 && pkt->wire_len == HANDSHAKE))
		return NM_CONF_SIGNATURE;
	if (version == 0 && pkt->wire_len > SEGMENT_LONG)
		return NM_CONF_WEAK;
	return rate_version(pkt, version, note);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	uint8_t confidence = rate_rtmp(pkt, wire_init(pkt->payload, pkt->len), call->note);

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
