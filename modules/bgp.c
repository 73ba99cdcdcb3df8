/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BGP: RFC 4271, RFC 2918 (ROUTE-REFRESH), RFC 8654 (extended messages). TCP, any port, usually 179.
 *
 * Evidence: the marker of sixteen octets of ones, a length and a type that go together. One direction is enough, and so is
 * any later message that begins with its packet. Both ends are tagged when one of them is port 179: a large UPDATE may be
 * cut by the beginning of the capture. Cost: asked for payload that begins with eight octets of ones; reads one header.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_BGP 65

#define PORT_BGP 179

/* RFC 4271 section 4.1; RFC 8654 section 2 allows UPDATEs and what follows of more than 4,096 octets. */
#define HEADER_LEN 19

static const struct nm_app apps[] = {
	{ APP_BGP, "BGP", "Network control", 0x6699cc, 0x9cc2ea },
};

static const struct nm_match matches[] = {
	{ .transport = NM_TCP,
	  .min_len = HEADER_LEN,
	  .len = 8,
	  .pattern = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

/* By type, OPEN to ROUTE-REFRESH: the least and the largest length. */
static const struct {
	uint16_t least;
	uint16_t most;
} lengths[] = {
	{ 0, 0 }, { 29, 4096 }, { 23, 65535 }, { 21, 65535 }, { 19, 19 }, { 23, 65535 },
};

static bool
is_message(struct wire w)
{
	for (unsigned i = 0; i < 4; i++)
		if (wire_u32(&w) != UINT32_MAX)
			return false;
	uint16_t length = wire_u16(&w);
	uint8_t type = wire_u8(&w);
	return wire_ok(&w) && type >= 1 && type < sizeof(lengths) / sizeof(lengths[0]) &&
	       length >= lengths[type].least && length <= lengths[type].most;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	if (!is_message(wire_init(pkt->payload, pkt->len)))
		return NM_MORE;
	nm_tag_port(pkt, call, APP_BGP, PORT_BGP);
	return nm_signature(verdict, APP_BGP, NM_CONF_PROOF);
}

NM_MODULE(bgp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "bgp",
	.summary = "BGP, on any TCP port",
	.max_packets = 24,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
