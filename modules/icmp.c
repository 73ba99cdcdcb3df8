/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ICMP (RFC 792) and ICMPv6 (RFC 4443), by the protocol number in the IP header, which is all the evidence there is to
 * want. Cost: one call for the first packet of a flow.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_ICMP 12

#define PROTOCOL_ICMPV6 58

static const struct nm_app apps[] = {
	{ APP_ICMP, "ICMP", "Network control", 0x777777, 0xb0b0b0 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_ICMP },
	{ .transport = PROTOCOL_ICMPV6 },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)pkt;
	(void)call;
	return nm_signature(verdict, APP_ICMP, NM_CONF_PROOF);
}

NM_MODULE(icmp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "icmp",
	.summary = "ICMP and ICMPv6, by protocol number",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
