/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PPTP: RFC 2637, the control connection. TCP, any port, usually 1723. The tunnel itself is GRE, which is decoded.
 *
 * Evidence: a message's type 1 and magic cookie. One direction is enough, any message will do. Cost: asked for payload that
 * begins with a length, the type and the cookie; reads ten octets.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_PPTP 67

static const struct nm_app apps[] = {
	{ APP_PPTP, "PPTP", "Tunnel", 0x667722, 0xa3b35c },
};

/* RFC 2637 section 2: length, PPTP message type 1, magic cookie. The longest message has 220 octets. */
static const struct nm_match matches[] = {
	{ .transport = NM_TCP,
	  .min_len = 10,
	  .len = 8,
	  .pattern = { 0, 0, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d },
	  .mask = { 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

#define LEAST_LEN 12 /* Stop-Control-Connection-Request has 16, Echo-Request 16; 12 leaves room */
#define TYPE_LAST 15 /* Set-Link-Info */

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t length = wire_u16(&w);

	(void)ctx;
	(void)call;
	wire_skip(&w, 6);
	uint16_t type = wire_u16(&w);
	if (!wire_ok(&w) || length < LEAST_LEN || type == 0 || type > TYPE_LAST)
		return NM_MORE;
	return nm_signature(verdict, APP_PPTP, NM_CONF_PROOF);
}

NM_MODULE(pptp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "pptp",
	.summary = "PPTP control connections, on any TCP port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
