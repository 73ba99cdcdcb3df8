/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * STUN (RFC 8489), its form before the cookie (RFC 3489), and TURN (RFC 8656), which STUN calls: UDP and TCP, any port,
 * usually 3478 and 3479.
 *
 * The flow may go on in DTLS, which is the better name: so it is watched for a while. What is sent in clear then (RTP) is
 * part of the call and stays STUN.
 *
 * Evidence: the magic cookie with a length that is the datagram's; without the cookie attributes that fill the datagram,
 * on other than the usual ports only those that everybody sends; TURN's channels on the ports. Cost: asked for UDP and TCP
 * payload with two zero bits, then two more at the length's end and the cookie, for UDP payload that begins as a binding
 * without a cookie, and on the ports for all payload.
 */
#include <netmon/family.h>

#define APP_STUN 113
#define APP_DTLS 114 /* as modules/dtls.c has it */

#define HEADER         20
#define COOKIE         0x2112a442u
#define COOKIE_OCTETS  0x21, 0x12, 0xa4, 0x42
#define ATTRIBUTES_MAX 32
#define CHANNEL_FIRST  0x4000 /* RFC 8656 section 12 */
#define CHANNEL_LAST   0x4fff
#define WATCH_PACKETS  24 /* within which keys are agreed on, once the way has been found */
#define DTLS_HEAD      13

static const struct nm_app apps[] = {
	{ APP_STUN, "STUN", "Voice and video", 0x1f9e89, 0x4fd0bb },
	{ APP_DTLS, "DTLS", "Encrypted", 0x5e4fa2, 0x9c8fdc },
};

#define HEAD(transport_)                                                \
	{                                                               \
		.transport = (transport_), .min_len = HEADER, .len = 8, \
		.pattern = { 0, 0, 0, 0, COOKIE_OCTETS }, .mask = {     \
			0xc0,                                           \
			0,                                              \
			0,                                              \
			3,                                              \
			0xff,                                           \
			0xff,                                           \
			0xff,                                           \
			0xff                                            \
		}                                                       \
	}

/* A binding of less than 256 octets: request, response, error. */
#define BINDING(high, low)                                            \
	{                                                             \
		.transport = NM_UDP, .min_len = HEADER + 8, .len = 4, \
		.pattern = { (high), (low), 0, 0 }, .mask = {         \
			0xff,                                         \
			0xff,                                         \
			0xff,                                         \
			3                                             \
		}                                                     \
	}

static const struct nm_match matches[] = {
	HEAD(NM_UDP),
	HEAD(NM_TCP),
	BINDING(0, 0x01),
	BINDING(1, 0x01),
	BINDING(1, 0x11),
	{ .transport = NM_UDP, .port = 3478, .min_len = 4 },
	{ .transport = NM_UDP, .port = 3479, .min_len = 4 },
};

/* Attributes of type, length and value, in words, up to the end; RFC 8489 section 14. */
static bool
is_filled(struct wire w, bool cut)
{
	for (unsigned i = 0; i < ATTRIBUTES_MAX && wire_left(&w) > 0; i++) {
		uint32_t head = wire_u32(&w);
		uint32_t padded = ((head & 0xffff) + 3) & ~3u;

		if (cut && padded > wire_left(&w))
			return true;
		wire_skip(&w, padded);
	}
	return wire_ok(&w) && wire_left(&w) == 0;
}

/* RFC 8656 section 12.4: channel, length, data, perhaps padded to words. */
static bool
is_channel(uint16_t channel, uint16_t length, uint32_t wire_len)
{
	uint32_t whole = 4u + length;

	return channel >= CHANNEL_FIRST && channel <= CHANNEL_LAST && length > 0 &&
	       (whole == wire_len || ((whole + 3) & ~3u) == wire_len);
}

/* RFC 3489 section 11.2: what bindings begin with: a wish for another address or port (11.2.4), an address that was seen
 * (11.2.1), each with the one length that it can have. */
static bool
is_usual(struct wire w)
{
	uint32_t head = wire_u32(&w);
	uint32_t value = wire_u32(&w);

	if (head == (0x0003U << 16 | 4))
		return (value & ~6U) == 0;
	return head == (0x0001U << 16 | 8) && value >> 16 == 1;
}

/* [MS-TURN] section 2.2.2: with this attribute first, attributes and messages are not padded to words. */
static bool
is_unpadded(struct wire w)
{
	return wire_u64(&w) == (UINT64_C(0x000f0004) << 32 | 0x72c64bc6);
}

static bool
is_usual_port(const struct nm_packet *pkt)
{
	return nm_is_port(pkt, 3478) || nm_is_port(pkt, 3479);
}

static uint8_t
rate(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t type = wire_u16(&w);
	uint16_t length = wire_u16(&w);
	bool cookie = wire_u32(&w) == COOKIE;
	bool udp = pkt->transport == NM_UDP;

	if (udp && is_usual_port(pkt) && is_channel(type, length, pkt->wire_len))
		return NM_CONF_WEAK;
	wire_skip(&w, HEADER - 8);
	if (!wire_ok(&w) || type >= CHANNEL_FIRST || (length % 4 != 0 && !is_unpadded(w)))
		return 0;
	if (udp && length != pkt->wire_len - HEADER)
		return 0;
	if (cookie)
		return NM_CONF_SIGNATURE;
	/* the old form: binding or shared secret, as request, response or error */
	return udp && (type & 0xfeec) == 0 && type != 0 && (is_usual_port(pkt) || is_usual(w)) &&
	               is_filled(w, nm_is_cut(pkt))
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* RFC 6347 section 4.1: content type, version, epoch, sequence, and a length within the datagram. */
static bool
is_dtls(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t type = wire_u8(&w);
	uint16_t version = wire_u16(&w);

	wire_skip(&w, 8);
	uint16_t length = wire_u16(&w);
	return wire_ok(&w) && type >= 20 && type <= 23 &&
	       (version == 0xfeff || version == 0xfefd) && length <= pkt->wire_len - DTLS_HEAD;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	bool udp = pkt->transport == NM_UDP;

	(void)ctx;
	(void)call;
	verdict->evidence = NM_EV_SIGNATURE;
	if (udp && is_dtls(pkt)) {
		verdict->app = APP_DTLS;
		verdict->confidence = NM_CONF_SIGNATURE;
		return NM_MATCH;
	}
	verdict->confidence = rate(pkt);
	if (verdict->confidence == 0)
		return pkt->nth > WATCH_PACKETS ? NM_NO : NM_MORE;
	verdict->app = APP_STUN;
	verdict->flags = udp && pkt->nth <= WATCH_PACKETS ? NM_WATCH : 0;
	return NM_MATCH;
}

NM_MODULE(stun) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "stun",
	.summary = "STUN and TURN, on any port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
