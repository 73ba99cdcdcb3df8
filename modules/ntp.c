/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NTP: RFC 5905 (versions 1 to 4, SNTP), control messages (RFC 9327), and ntpd's private mode 7, which reflection attacks
 * use. UDP port 123.
 *
 * Evidence: port 123 and a header whose fields are all in their ranges: the head's octets are too few to be told from
 * random ones anywhere else. Cost: asked on port 123 only; reads a header.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_NTP 101

#define PORT_NTP     123
#define HEADER       48
#define STRATUM_MAX  16
#define POLL_MAX     17 /* RFC 5905 section 7.2 */
#define PRECISION_HI 0  /* a power of two of seconds, signed; nobody has more than a second */
#define PRECISION_LO (-32)
#define PRECISION_NO 32 /* what clients send that do not say theirs */
#define MODE_CONTROL 6
#define MODE_PRIVATE 7
#define CONTROL_HEAD 12
#define PRIVATE_HEAD 8

static const struct nm_app apps[] = {
	{ APP_NTP, "NTP", "Network control", 0x66a61e, 0x9bd35a },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .port = PORT_NTP, .min_len = PRIVATE_HEAD },
};

/* RFC 5905 section 7.3: stratum, poll, precision. What follows the header is extensions and a digest, in words. */
static bool
is_time(struct wire w, uint32_t wire_len)
{
	wire_skip(&w, 1);
	uint8_t stratum = wire_u8(&w);
	int poll = (int8_t)wire_u8(&w);
	int precision = (int8_t)wire_u8(&w);
	return wire_ok(&w) && wire_len >= HEADER && wire_len % 4 == 0 && stratum <= STRATUM_MAX &&
	       poll >= -POLL_MAX && poll <= POLL_MAX &&
	       ((precision >= PRECISION_LO && precision <= PRECISION_HI) ||
	        precision == PRECISION_NO);
}

/* RFC 9327 section 2: response, error and more bits with the operation, sequence, status, association, offset, count. */
static bool
is_control(struct wire w, uint32_t wire_len)
{
	wire_skip(&w, 10);
	uint16_t count = wire_u16(&w);
	return wire_ok(&w) && count <= wire_len - CONTROL_HEAD;
}

/* ntpd's ntp_request.h: sequence, implementation (0, 2, 3), request, error and count of items, size of one. */
static bool
is_private(struct wire w, uint32_t wire_len)
{
	wire_skip(&w, 2);
	uint8_t implementation = wire_u8(&w);
	wire_skip(&w, 1);
	uint16_t count = wire_u16(&w) & 0xfff;
	uint16_t size = wire_u16(&w) & 0xfff;
	return wire_ok(&w) && implementation <= 3 &&
	       (uint32_t)count * size <= wire_len - PRIVATE_HEAD;
}

static bool
is_ntp(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	unsigned version = *pkt->payload >> 3 & 7;
	unsigned mode = *pkt->payload & 7;

	if (version < 1 || version > 4)
		return false;
	if (mode == MODE_PRIVATE)
		return is_private(w, pkt->wire_len);
	if (mode == MODE_CONTROL)
		return pkt->wire_len >= CONTROL_HEAD && is_control(w, pkt->wire_len);
	/* mode 0 is what version 1 had */
	return (mode != 0 || version == 1) && is_time(w, pkt->wire_len);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	if (!is_ntp(pkt))
		return NM_MORE;
	return nm_signature(verdict, APP_NTP, NM_CONF_SIGNATURE);
}

NM_MODULE(ntp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "ntp",
	.summary = "NTP, with its control messages, on UDP port 123",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
