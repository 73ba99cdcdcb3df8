/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RADIUS: RFC 2865, accounting (RFC 2866), dynamic authorisation (RFC 5176). UDP, any port, usually 1812, 1813, 3799, and
 * 1645, 1646, 1700 of old.
 *
 * Evidence: a code, a length field that is the datagram's, and attributes that fill it to its end. On other ports there
 * must be two attributes at least. Any packet, one direction. Cost: asked for payload of 20 octets and more that begins with
 * a code; most others end at the length field.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_RADIUS 105

#define HEADER         20
#define LENGTH_MAX     4096
#define ATTRIBUTES_MAX 64

static const struct nm_app apps[] = {
	{ APP_RADIUS, "RADIUS", "Authentication", 0xcc6677, 0xe59aa6 },
};

/* Codes 0 to 15 and 40 to 47; which of these there are, rate() knows. The length is below 8192. */
#define HEAD(code, bits)                                                                         \
	{                                                                                        \
		.transport = NM_UDP, .min_len = HEADER, .len = 3, .pattern = { code }, .mask = { \
			bits,                                                                    \
			0,                                                                       \
			0xe0                                                                     \
		}                                                                                \
	}

static const struct nm_match matches[] = {
	HEAD(0, 0xf0),
	HEAD(40, 0xf8),
};

static const uint16_t ports[] = { 1812, 1813, 1645, 1646, 1700, 3799 };

/* Bit n: code n is one (IANA's RADIUS packet type codes that are in use). */
static const uint64_t codes = UINT64_C(0x383e) | UINT64_C(0x3f) << 40;

static bool
is_usual_port(const struct nm_packet *pkt)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (nm_is_port(pkt, ports[i]))
			return true;
	return false;
}

/* RFC 2865 section 5: type, length of the whole, value. Returns how many fill the cursor, 0 when they do not. What the
 * capture cut off (`cut`) is taken to be right. */
static unsigned
count_attributes(struct wire w, bool cut)
{
	unsigned n = 0;

	while (n < ATTRIBUTES_MAX && wire_left(&w) > 0) {
		uint8_t type = wire_u8(&w);
		uint8_t len = wire_u8(&w);

		if (cut && (!wire_ok(&w) || len > wire_left(&w) + 2))
			return n;
		if (type == 0 || len < 2)
			return 0;
		wire_skip(&w, len - 2u);
		n++;
	}
	return wire_ok(&w) ? n : 0;
}

/* RFC 2865 section 3: code, identifier, length, authenticator. Padding behind the length is allowed. */
static uint8_t
rate(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t code = wire_u8(&w);

	wire_skip(&w, 1);
	uint16_t length = wire_u16(&w);
	wire_skip(&w, 16);
	if (!wire_ok(&w) || length < HEADER || length > LENGTH_MAX || length > pkt->wire_len ||
	    code >= 64 || !(codes >> code & 1))
		return 0;
	bool usual = is_usual_port(pkt);
	if (length == HEADER)
		return usual && pkt->wire_len == HEADER ? NM_CONF_SIGNATURE : 0;
	if (length != pkt->wire_len && !usual)
		return 0;
	wire_limit(&w, length - HEADER);
	unsigned n = count_attributes(w, pkt->len < length);
	if (usual)
		return n ? NM_CONF_PROOF : 0;
	return n >= 2 ? NM_CONF_SIGNATURE : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	return nm_signature(verdict, APP_RADIUS, rate(pkt));
}

NM_MODULE(radius) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "radius",
	.summary = "RADIUS authentication and accounting, on any UDP port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
