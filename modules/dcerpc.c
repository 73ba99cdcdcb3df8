/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DCE/RPC (C706, MS-RPCE): version 5 on TCP (135 and ports that the endpoint mapper gives out), version 4 on UDP
 * (PROFINET uses it too). On SMB pipes it is SMB.
 *
 * Evidence: the common header's version, packet type, data representation and a fragment length that holds its header.
 * Any packet at the beginning of a segment shows it, one direction is enough. Cost: asked for payload that begins with 5, 0
 * and a possible representation, or with 4 and a possible type; reads the header.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_DCERPC 107

#define HEADER       16
#define HEADER_V4    80
#define FRAGMENT_MAX 0x4000 /* nobody was seen to send more than 5840; MS-RPCE allows as much */
#define TYPES_MAX    19
#define LITTLE       0x10

static const struct nm_app apps[] = {
	{ APP_DCERPC, "DCERPC", "Remote procedure call", 0x1b7fbd, 0x64b5e8 },
};

static const struct nm_match matches[] = {
	/* version 5.0 or 5.1, type, flags, representation: ASCII, IEEE */
	{ .transport = NM_TCP,
	  .min_len = HEADER,
	  .len = 8,
	  .pattern = { 5, 0, 0, 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xfe, 0xe0, 0, 0xef, 0xff, 0xff, 0xff } },
	{ .transport = NM_UDP,
	  .min_len = HEADER_V4,
	  .len = 7,
	  .pattern = { 4, 0, 0, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xe0, 0, 0xfc, 0xef, 0xff, 0xff } },
};

/* Bit n: version 5 has packet type n (C706 section 12.6.4, MS-RPCE section 2.2.2.1). */
static const uint32_t types = 1u << 0 | 1u << 2 | 1u << 3 | 1u << 11 | 1u << 12 | 1u << 13 |
                              1u << 14 | 1u << 15 | 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19;

static uint16_t
number(struct wire *w, bool little)
{
	return little ? wire_le16(w) : wire_u16(w);
}

/* C706 section 12.6.3.1: version, type, flags, representation, fragment length, length of authentication, call. */
static bool
is_version_5(struct wire w)
{
	wire_skip(&w, 2);
	uint8_t type = wire_u8(&w);
	wire_skip(&w, 1);
	bool little = wire_u8(&w) == LITTLE;
	wire_skip(&w, 3);
	uint16_t fragment = number(&w, little);
	uint16_t authentication = number(&w, little);
	return wire_ok(&w) && type <= TYPES_MAX && types >> type & 1 && fragment >= HEADER &&
	       fragment <= FRAGMENT_MAX && authentication <= fragment - HEADER;
}

/* C706 section 12.5.1: the 80 octets of a connectionless header; its last fields are the length of the body, the number of
 * the fragment, the authentication's kind and the low octet of the serial number. */
static bool
is_version_4(struct wire w, uint32_t wire_len)
{
	wire_skip(&w, 1);
	uint8_t type = wire_u8(&w);
	wire_skip(&w, 2);
	bool little = wire_u8(&w) == LITTLE;
	wire_skip(&w, 74 - 5);
	uint16_t body = number(&w, little);
	return wire_ok(&w) && type <= 10 && body <= wire_len - HEADER_V4;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	(void)ctx;
	(void)call;
	if (pkt->transport == NM_TCP ? !is_version_5(w) : !is_version_4(w, pkt->wire_len))
		return NM_MORE;
	return nm_signature(verdict, APP_DCERPC, NM_CONF_SIGNATURE);
}

NM_MODULE(dcerpc) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "dcerpc",
	.summary = "DCE/RPC version 5 on TCP, version 4 on UDP, on any port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
