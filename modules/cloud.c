/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What devices and applications say to clouds in protocols of their makers' own: Alibaba Cloud (TCP), Meraki's management (UDP,
 * usually 7351), Cloudflare WARP (UDP 2408), ZUG (UDP, 19000).
 *
 * Evidence: none of these is published, so several octets that are fixed or lengths that fit are asked for: a magic and a
 * length, or two lengths; WireGuard's kinds of messages on the port of WARP. Servers are tagged. Cost: asked for payload with
 * these heads, and for that of WARP's port.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_ALICLOUD 336
#define APP_MERAKI   337
#define APP_WARP     338
#define APP_ZUG      341

#define PORT_WARP 2408

#define ALI_MAGIC        0xcefabebau
#define ALI_HEADER       8
#define MERAKI_MAGIC     0xfef72891u
#define MERAKI_HEADER    8
#define WIREGUARD_OPENER 148
#define ZUG_HEADER       12

static const struct nm_app apps[] = {
	{ APP_ALICLOUD, "AliCloud", "Cloud", 0xd2691e, 0xeda36e },
	{ APP_MERAKI, "MerakiCloud", "Cloud", 0x2e8b57, 0x76c79a },
	{ APP_WARP, "CloudflareWARP", "VPN", 0xb7651e, 0xf0a763 },
	{ APP_ZUG, "ZUG", "Cloud", 0x708090, 0xacb8c4 },
};

static const struct nm_match matches[] = {
	/* less than 64 kB, low octet first */
	{ .transport = NM_TCP,
	  .min_len = ALI_HEADER,
	  .len = 8,
	  .pattern = { 0xce, 0xfa, 0xbe, 0xba, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff } },
	{ .transport = NM_UDP,
	  .min_len = MERAKI_HEADER,
	  .len = 4,
	  .pattern = { 0xfe, 0xf7, 0x28, 0x91 } },
	{ .transport = NM_UDP, .port = PORT_WARP, .min_len = 32 },
	{ .transport = NM_UDP,
	  .min_len = ZUG_HEADER,
	  .len = 5,
	  .pattern = { 0, 0, 'U', 'G', 0x10 },
	  .mask = { 0xf8, 0, 0xff, 0xff, 0xff } },
};

/* Magic and length, by themselves or with what is that long. */
static uint8_t
rate_alicloud(const struct nm_packet *pkt, struct wire w)
{
	uint32_t magic = wire_u32(&w);
	uint32_t length = wire_le32(&w);

	return magic == ALI_MAGIC && length > 0 && length < 65536 &&
	               (pkt->wire_len == ALI_HEADER || pkt->wire_len == ALI_HEADER + length)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Magic, version, length of the whole. */
static uint8_t
rate_meraki(const struct nm_packet *pkt, struct wire w)
{
	uint32_t magic = wire_u32(&w);

	wire_skip(&w, 2);
	return magic == MERAKI_MAGIC && wire_u16(&w) == pkt->wire_len ? NM_CONF_PROOF : 0;
}

/* WireGuard's kinds 1, 2 and 4, with 0xc0 added or with a client's number in the three octets that are zero elsewhere. A message
 * with data has a counter, low octet first. */
static uint8_t
rate_warp(const struct nm_packet *pkt, struct wire w)
{
	if (!nm_is_port(pkt, PORT_WARP))
		return 0;
	uint8_t kind = wire_u8(&w);
	uint32_t client = (uint32_t)wire_u8(&w) << 16 | wire_u16(&w);
	uint8_t next = wire_u8(&w);
	wire_skip(&w, 7);
	bool counted = wire_u32(&w) == 0 && wire_ok(&w);
	switch (kind) {
	case 0xc1:
		return client == 0 && next == 0 ? NM_CONF_WEAK : 0;
	case 0xc4:
		return counted && client != 0 ? NM_CONF_SIGNATURE : 0;
	case 1:
		return pkt->wire_len == WIREGUARD_OPENER && client != 0 ? NM_CONF_SIGNATURE : 0;
	case 4:
		return pkt->wire_len % 16 == 0 && counted && client != 0 ? NM_CONF_SIGNATURE : 0;
	default:
		return 0;
	}
}

/* Length of the whole, a word and a version, a number of 24 bits, length of the contents, which may be filled up. */
static uint8_t
rate_zug(const struct nm_packet *pkt, struct wire w)
{
	uint16_t length = wire_u16(&w);
	uint16_t word = wire_u16(&w);
	uint8_t version = wire_u8(&w);

	wire_skip(&w, 3);
	uint16_t contents = wire_u16(&w);
	return wire_ok(&w) && word == 0x5547 && version == 0x10 && length == pkt->wire_len &&
	               contents + 10 <= length && contents + 10 + 16 >= length
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_ALICLOUD, rate_alicloud },
	{ NM_UDP, APP_MERAKI, rate_meraki },
	{ NM_UDP, APP_WARP, rate_warp },
	{ NM_UDP, APP_ZUG, rate_zug },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(cloud) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "cloud",
	.summary = "AliCloud, Meraki, Cloudflare WARP and ZUG",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
