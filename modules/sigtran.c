/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What SCTP carries in telephone and mobile networks: the adaptation layers of SS7, M3UA (RFC 4666), M2UA (RFC 3331), M2PA
 * (RFC 4165) and SUA (RFC 3868); S1AP, X2AP, NGAP and XnAP (3GPP TS 36.413, 36.423, 38.413, 38.423); Diameter (RFC 6733) and
 * H.248, which is named Megaco. Other associations stay SCTP, which is for ipproto to say.
 *
 * Evidence: a chunk of data that begins a message, the payload protocol in its head (RFC 9260 section 3.3.1, numbers by IANA),
 * and the head of that protocol's message, whose length has to be the chunk's. Where the payload protocol is not told, the port
 * says which head to look for. Any packet with data, one direction. Cost: reads the chunks' heads of the first packets.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>
#include <netmon/tlv.h>

#define APP_M3UA     257
#define APP_M2UA     258
#define APP_M2PA     259
#define APP_SUA      260
#define APP_S1AP     261
#define APP_X2AP     262
#define APP_NGAP     263
#define APP_XNAP     264
#define APP_DIAMETER 265
#define APP_MEGACO   268

#define PROTOCOL_SCTP 132

#define CHUNK_HEAD   4
#define CHUNKS_MAX   16
#define CHUNK_DATA   0
#define CHUNK_I_DATA 64   /* RFC 8260 section 2.1 */
#define BEGINNING    0x02 /* of a message: the first of its fragments */
#define ENDING       0x01

static const struct nm_app apps[] = {
	{ APP_M3UA, "M3UA", "Mobile network", 0x7b4173, 0xbf86b7 },
	{ APP_M2UA, "M2UA", "Mobile network", 0x8c6d8c, 0xc2a5c2 },
	{ APP_M2PA, "M2PA", "Mobile network", 0x6b4c9a, 0xa98cd3 },
	{ APP_SUA, "SUA", "Mobile network", 0xa55194, 0xd78dc8 },
	{ APP_S1AP, "S1AP", "Mobile network", 0x2f6fa7, 0x77aedd },
	{ APP_X2AP, "X2AP", "Mobile network", 0x4a8fb0, 0x8cc5e2 },
	{ APP_NGAP, "NGAP", "Mobile network", 0x1f7a8c, 0x6cbccb },
	{ APP_XNAP, "XnAP", "Mobile network", 0x3f8f8f, 0x80c9c9 },
	{ APP_DIAMETER, "Diameter", "Authentication", 0xb07aa1, 0xd8aecb },
	{ APP_MEGACO, "Megaco", "Voice", 0x5a5aa8, 0x9c9ce0 },
};

static const struct nm_match matches[] = {
	{ .transport = PROTOCOL_SCTP, .min_len = CHUNK_HEAD },
};

/* One message, as far as the chunk and the capture hold it. `length` is its own; `whole` when it is not a fragment. */
struct message {
	struct wire w;
	uint32_t length;
	bool whole;
};

/* The head that all adaptation layers share (RFC 4666 section 1.4): version 1, 0, class, type, length of the whole. */
static uint8_t
rate_adaptation(struct message m)
{
	static const struct tlv_form parameter = {
		.before = 2, .length = 2, .whole = true, .align = 4
	};
	uint16_t version = wire_u16(&m.w);
	uint8_t class = wire_u8(&m.w);

	wire_skip(&m.w, 1);
	uint32_t length = wire_u32(&m.w);
	if (!wire_ok(&m.w) || version != 0x0100 || class > 12 || length < 8 ||
	    (m.whole && length != m.length))
		return 0;
	/* M2PA's (class 11) sequence numbers stand where others have parameters */
	return length == 8 || class == 11 || tlv_count(m.w, &parameter, true) > 0 ? NM_CONF_PROOF
	                                                                          : 0;
}

/* Packed encoding of a choice of three (X.691): what it is, procedure, criticality, then the length of the rest. */
static uint8_t
rate_application(struct message m)
{
	uint8_t choice = wire_u8(&m.w);
	uint8_t procedure = wire_u8(&m.w);
	uint8_t criticality = wire_u8(&m.w);
	uint32_t length = wire_u8(&m.w);
	uint32_t head = 4;

	if (length & 0x80) {
		length = (length & 0x3f) << 8 | wire_u8(&m.w);
		head = 5;
	}
	return wire_ok(&m.w) && (choice & 0x9f) == 0 && choice != 0x60 && procedure < 128 &&
	               (criticality & 0x3f) == 0 && criticality != 0xc0 &&
	               (length + head == m.length || !m.whole)
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 6733 section 3: version 1, length of the whole, flags of which four are 0. */
static uint8_t
rate_diameter(struct message m)
{
	uint32_t version = wire_u32(&m.w);
	uint32_t command = wire_u32(&m.w);

	return wire_ok(&m.w) && version >> 24 == 1 &&
	               ((version & 0xffffff) == m.length || !m.whole) && (command & 0x0f000000) == 0
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 3525 annex B.2: "MEGACO/1 " or "!/1 ". */
static uint8_t
rate_megaco(struct message m)
{
	if (text_begins(&m.w, "MEGACO/"))
		wire_skip(&m.w, 7);
	else if (text_begins(&m.w, "!/"))
		wire_skip(&m.w, 2);
	else
		return 0;
	return text_is_digit(wire_u8(&m.w)) ? NM_CONF_PROOF : 0;
}

static const struct {
	uint16_t protocol; /* IANA, SCTP Payload Protocol Identifiers */
	uint16_t port;     /* the usual one, for data whose protocol is not told */
	uint16_t app;
	uint8_t (*rate)(struct message m);
} protocols[] = {
	{ 3, 2905, APP_M3UA, rate_adaptation },    { 2, 2904, APP_M2UA, rate_adaptation },
	{ 5, 3565, APP_M2PA, rate_adaptation },    { 4, 14001, APP_SUA, rate_adaptation },
	{ 18, 36412, APP_S1AP, rate_application }, { 27, 36422, APP_X2AP, rate_application },
	{ 60, 38412, APP_NGAP, rate_application }, { 61, 38422, APP_XNAP, rate_application },
	{ 46, 3868, APP_DIAMETER, rate_diameter }, { 7, 2944, APP_MEGACO, rate_megaco },
};

/* Says in *ret_app what the message is, if the head is right. */
static uint8_t
rate_message(const struct nm_packet *pkt, uint32_t protocol, struct message m, uint16_t *ret_app)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		bool told = protocols[i].protocol == protocol;
		bool port = protocol == 0 && nm_is_port(pkt, protocols[i].port);
		uint8_t confidence = told || port ? protocols[i].rate(m) : 0;

		if (confidence == 0)
			continue;
		*ret_app = protocols[i].app;
		return confidence;
	}
	return 0;
}

/* RFC 9260 section 3.2: type, flags, length of the whole without its padding. Data: transmission sequence, stream and its
 * sequence, payload protocol; the interleaved form has the stream's sequence in 32 bits and the protocol behind that. */
static uint8_t
rate_chunks(const struct nm_packet *pkt, uint16_t *ret_app)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t confidence = 0;

	for (unsigned i = 0; i < CHUNKS_MAX && confidence == 0 && wire_left(&w) >= CHUNK_HEAD;
	     i++) {
		uint8_t type = wire_u8(&w);
		uint8_t flags = wire_u8(&w);
		uint16_t length = wire_u16(&w);
		uint32_t head = type == CHUNK_DATA ? 12 : type == CHUNK_I_DATA ? 16 : 0;

		if (length < CHUNK_HEAD)
			return 0;
		uint32_t value = length - CHUNK_HEAD;
		struct message m = { .w = w, .whole = flags & ENDING };
		wire_limit(&m.w, value);
		if (head && value > head && flags & BEGINNING) {
			wire_skip(&m.w, head - 4);
			uint32_t protocol = wire_u32(&m.w);
			m.length = value - head;
			confidence = rate_message(pkt, protocol, m, ret_app);
		}
		wire_skip(&w, (value + 3) & ~3U);
	}
	return confidence;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	uint16_t app = 0;
	uint8_t confidence = rate_chunks(pkt, &app);

	(void)ctx;
	(void)call;
	return nm_signature(verdict, app, confidence);
}

NM_MODULE(sigtran) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "sigtran",
	.summary = "M3UA, S1AP, NGAP, Diameter, Megaco and others, over SCTP",
	.max_packets = 32,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
