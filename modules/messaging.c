/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages between machines: MQTT (TCP, usually 1883), AMQP 0-9-1 and 1.0 (5672), Kafka (9092), CoAP (RFC 7252; UDP 5683).
 *
 * Evidence: MQTT's CONNECT with the protocol's name; AMQP's heading; a Kafka request whose length, version and client name fit;
 * a CoAP message whose options fill it, on its port only. What comes later in MQTT and AMQP counts on the usual port only.
 * Servers are tagged. Cost: asked for payload with these heads, and for all of it on the ports of MQTT, AMQP and CoAP.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_MQTT  125
#define APP_AMQP  126
#define APP_KAFKA 127
#define APP_COAP  130

#define PORT_MQTT  1883
#define PORT_AMQP  5672
#define PORT_KAFKA 9092
#define PORT_COAP  5683

#define KAFKA_KEYS     92 /* requests that there are, and some room */
#define KAFKA_VERSIONS 18
#define KAFKA_NO_NAME  0xffff
#define AMQP_FRAME_MAX (1u << 20)
#define AMQP_FRAME_END 0xce
#define COAP_OPTIONS   32

static const struct nm_app apps[] = {
	{ APP_MQTT, "MQTT", "Messaging", 0x660066, 0xb869b8 },
	{ APP_AMQP, "AMQP", "Messaging", 0xd9622b, 0xf59a6e },
	{ APP_KAFKA, "Kafka", "Messaging", 0x555555, 0xababab },
	{ APP_COAP, "CoAP", "Messaging", 0x2f7d5b, 0x6cc29b },
};

static const struct nm_match matches[] = {
	{ .transport = NM_TCP, .min_len = 10, .len = 1, .pattern = { 0x10 } },
	NM_MATCH_TEXT(NM_TCP, 8, "AMQP"),
	/* length below 64 kB, request below 256, version below 32 */
	{ .transport = NM_TCP,
	  .direction = NM_FROM_CLIENT,
	  .min_len = 14,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 0, 0, 0xff, 0x80, 0xff, 0xe0 } },
	{ .transport = NM_TCP, .port = PORT_MQTT, .min_len = 2 },
	{ .transport = NM_TCP, .port = PORT_AMQP, .min_len = 8 },
	{ .transport = NM_UDP, .port = PORT_COAP, .min_len = 4 },
};

/* The length that is left, in octets of seven bits, the low ones first; MQTT section 2.2.3. */
static uint32_t
remaining_length(struct wire *w)
{
	uint32_t length = 0;

	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t octet = wire_u8(w);

		length |= (uint32_t)(octet & 0x7f) << shift;
		if (octet < 0x80)
			return length;
	}
	w->failed = true;
	return 0;
}

/* Lowest length of each type of packet, and its flags where they are fixed; 0xff: not fixed. */
static const struct {
	uint8_t least;
	uint8_t flags;
} packets[16] = {
	{ 0xff, 0 }, { 10, 0 }, { 2, 0 }, { 2, 0xff }, { 2, 0 }, { 2, 0 }, { 2, 2 }, { 2, 0 },
	{ 5, 2 },    { 3, 0 },  { 4, 2 }, { 2, 0 },    { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0xff, 0 },
};

static uint8_t
rate_mqtt(const struct nm_packet *pkt, struct wire w)
{
	uint8_t head = wire_u8(&w);
	uint8_t type = head >> 4;
	uint32_t length = remaining_length(&w);

	if (!wire_ok(&w) || length < packets[type].least)
		return 0;
	if (head == 0x10) {
		uint16_t name = wire_u16(&w);

		return (name == 4 && text_begins(&w, "MQTT")) ||
		               (name == 6 && text_begins(&w, "MQIsdp"))
		           ? NM_CONF_PROOF
		           : 0;
	}
	bool flags = packets[type].flags == 0xff || packets[type].flags == (head & 0xf);
	return nm_is_port(pkt, PORT_MQTT) && flags && packets[type].least != 0xff &&
	               (length <= wire_left(&w) || type == 3)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* AMQP 0-9-1 section 4.2.2, 1.0 section 2.2; in between frames of type, channel, size, contents and an end. */
static uint8_t
rate_amqp(const struct nm_packet *pkt, struct wire w)
{
	if (text_begins(&w, "AMQP")) {
		wire_skip(&w, 4);
		uint8_t kind = wire_u8(&w);
		uint8_t major = wire_u8(&w);

		return kind <= 3 && major <= 9 && wire_ok(&w) ? NM_CONF_PROOF : 0;
	}
	uint8_t type = wire_u8(&w);
	wire_skip(&w, 2);
	uint32_t size = wire_u32(&w);
	if (!nm_is_port(pkt, PORT_AMQP) || type < 1 || type > 8 || size > AMQP_FRAME_MAX)
		return 0;
	wire_skip(&w, size);
	return wire_u8(&w) == AMQP_FRAME_END && wire_ok(&w) ? NM_CONF_SIGNATURE : 0;
}

/* Length of the rest, request, its version, correlation, the client's name, which may be none. */
static uint8_t
rate_kafka(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_u32(&w);
	uint16_t key = wire_u16(&w);
	uint16_t version = wire_u16(&w);
	bool port = pkt->dport == PORT_KAFKA;

	wire_skip(&w, 4);
	uint16_t name = wire_u16(&w);
	if (!wire_ok(&w) || length + 4 != pkt->wire_len || key > KAFKA_KEYS ||
	    version > KAFKA_VERSIONS)
		return 0;
	if (name == KAFKA_NO_NAME || name == 0)
		return port ? NM_CONF_SIGNATURE : 0;
	if (name < 2 || name > length - 10)
		return 0;
	wire_limit(&w, name);
	if (!text_all_print(&w))
		return 0;
	if (port)
		return NM_CONF_PROOF;
	return name >= 4 ? NM_CONF_SIGNATURE : 0;
}

/* RFC 7252 section 3: version 1, token, code, message; options of four bits of number and length each. */
static uint8_t
rate_coap(const struct nm_packet *pkt, struct wire w)
{
	static const uint16_t more[2] = { 13, 269 };
	uint8_t head = wire_u8(&w);
	uint8_t code = wire_u8(&w);
	unsigned class = code >> 5;

	wire_skip(&w, 2u + (head & 0xf));
	if (!nm_is_port(pkt, PORT_COAP) || head >> 6 != 1 || (head & 0xf) > 8 || class == 1 ||
	    class == 3 || class > 5 || (class == 0 && code > 7))
		return 0;
	for (unsigned i = 0; i < COAP_OPTIONS && wire_left(&w) > 0; i++) {
		uint8_t option = wire_u8(&w);

		if (option == 0xff)
			return wire_left(&w) > 0 ? NM_CONF_SIGNATURE : 0;
		unsigned delta = option >> 4;
		unsigned length = option & 0xf;
		if (delta == 15 || length == 15)
			return 0;
		if (delta >= 13)
			wire_skip(&w, delta - 12);
		if (length >= 13)
			length = (length == 13 ? (unsigned)wire_u8(&w) : wire_u16(&w)) +
			         more[length - 13];
		wire_skip(&w, length);
	}
	return wire_ok(&w) || nm_is_cut(pkt) ? NM_CONF_SIGNATURE : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_MQTT, rate_mqtt },
	{ NM_TCP, APP_AMQP, rate_amqp },
	{ NM_TCP, APP_KAFKA, rate_kafka },
	{ NM_UDP, APP_COAP, rate_coap },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(messaging) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "messaging",
	.summary = "MQTT, AMQP, Kafka and CoAP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
