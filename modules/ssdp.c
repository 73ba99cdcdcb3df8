/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SSDP: the discovery of UPnP (UPnP Device Architecture 2.0, section 1). UDP, any port, usually 1900 and 239.255.255.250.
 *
 * Evidence: its two requests, which are HTTP/1.1 in one datagram with "*" for the resource; an answer from port 1900, or one
 * with the header that only answers to a search have. Cost: asked for payload that begins with these words.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_SSDP 111

#define PORT 1900

static const struct nm_app apps[] = {
	{ APP_SSDP, "SSDP", "Discovery", 0xd95f02, 0xf29152 },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_UDP, 19, "M-SEARCH"),
	NM_MATCH_TEXT(NM_UDP, 17, "NOTIFY *"),
	NM_MATCH_TEXT(NM_UDP, 12, "HTTP/1.1"),
};

static uint8_t
rate(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	if (text_begins(&w, "M-SEARCH * HTTP/1.") || text_begins(&w, "NOTIFY * HTTP/1."))
		return NM_CONF_PROOF;
	if (!text_begins(&w, "HTTP/1.1 200"))
		return 0;
	/* the search target, section 1.3.3 */
	return pkt->sport == PORT || text_seek(&w, "\r\nst:") ? NM_CONF_SIGNATURE : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	return nm_signature(verdict, APP_SSDP, rate(pkt));
}

NM_MODULE(ssdp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "ssdp",
	.summary = "SSDP, the discovery of UPnP, on any UDP port",
	.max_packets = 4,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
