/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Protocols that have an IP protocol number of their own and nothing inside that netmon meters apart: IGMP (RFC 3376), GRE
 * (RFC 2784, RFC 2637) whose payload is no IP packet, EIGRP (RFC 7868), OSPF (RFC 2328, RFC 5340), PIM (RFC 7761), VRRP
 * (RFC 5798), PGM (RFC 3208), IPComp (RFC 3173), SCTP (RFC 9260).
 *
 * Evidence: the protocol number; where the first octets hold a version, one that there is. SCTP is less sure, so that the
 * module that knows what it carries is asked too. Cost: one call for the first packet of a flow, some for SCTP.
 */
#include <netmon/module.h>

#define APP_IGMP   68
#define APP_OSPF   69
#define APP_EIGRP  70
#define APP_PIM    71
#define APP_VRRP   72
#define APP_GRE    73
#define APP_SCTP   74
#define APP_PGM    297
#define APP_IPCOMP 298

static const struct nm_app apps[] = {
	{ APP_IGMP, "IGMP", "Network control", 0x8c8c5a, 0xbdbd86 },
	{ APP_OSPF, "OSPF", "Network control", 0x5a8c8c, 0x86bdbd },
	{ APP_EIGRP, "EIGRP", "Network control", 0x5a6e8c, 0x8aa0c4 },
	{ APP_PIM, "PIM", "Network control", 0x8c5a8c, 0xc48ac4 },
	{ APP_VRRP, "VRRP", "Network control", 0x8c6e5a, 0xc4a28a },
	{ APP_GRE, "GRE", "Tunnel", 0x117733, 0x4fae6e },
	{ APP_PGM, "PGM", "Multicast", 0x7a7f3f, 0xbcc07a },
	{ APP_IPCOMP, "IPComp", "Tunnel", 0x5f5f7f, 0xa3a3c6 },
	{ APP_SCTP, "SCTP", "Network control", 0x5a8c6e, 0x8ac4a2 },
};

#define PROTOCOL_IGMP   2
#define PROTOCOL_GRE    47
#define PROTOCOL_EIGRP  88
#define PROTOCOL_OSPF   89
#define PROTOCOL_PIM    103
#define PROTOCOL_VRRP   112
#define PROTOCOL_SCTP   132
#define PROTOCOL_PGM    113
#define PROTOCOL_IPCOMP 108

static const struct nm_match matches[] = {
	{ .transport = PROTOCOL_IGMP },   { .transport = PROTOCOL_GRE },
	{ .transport = PROTOCOL_EIGRP },  { .transport = PROTOCOL_OSPF },
	{ .transport = PROTOCOL_PIM },    { .transport = PROTOCOL_VRRP },
	{ .transport = PROTOCOL_SCTP },   { .transport = PROTOCOL_PGM },
	{ .transport = PROTOCOL_IPCOMP },
};

/* Where a version is: octet, mask, and the values that there are. Mask 0: none to look at. */
static const struct {
	uint8_t protocol;
	uint8_t octet;
	uint8_t mask;
	uint8_t low;
	uint8_t high;
	uint16_t app;
} protocols[] = {
	{ PROTOCOL_IGMP, 0, 0xff, 0x11, 0x32, APP_IGMP }, /* RFC 3376 section 4: message types */
	{ PROTOCOL_GRE, 1, 0x07, 0, 1, APP_GRE },         /* RFC 2784 section 2.3.1, RFC 2637 */
	{ PROTOCOL_EIGRP, 0, 0xff, 1, 2, APP_EIGRP },     /* RFC 7868 section 6.2 */
	{ PROTOCOL_OSPF, 0, 0xff, 2, 3, APP_OSPF },       /* RFC 2328 A.3.1, RFC 5340 A.3.1 */
	{ PROTOCOL_PIM, 0, 0xf0, 0x10, 0x20, APP_PIM },   /* RFC 7761 section 4.9 */
	{ PROTOCOL_VRRP, 0, 0xf0, 0x20, 0x30, APP_VRRP }, /* RFC 5798 section 5.2 */
	{ PROTOCOL_PGM, 4, 0xff, 0, 15, APP_PGM },        /* RFC 3208 section 8: types */
	{ PROTOCOL_IPCOMP, 1, 0xff, 0, 0, APP_IPCOMP },   /* RFC 3173 section 3.1: flags */
	{ PROTOCOL_SCTP, 0, 0, 0, 0, APP_SCTP },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (protocols[i].protocol != pkt->transport)
			continue;
		struct wire w = wire_init(pkt->payload, pkt->len);
		wire_skip(&w, protocols[i].octet);
		uint8_t version = wire_u8(&w) & protocols[i].mask;
		bool fits =
		    !wire_ok(&w) || (version >= protocols[i].low && version <= protocols[i].high);
		bool carries = protocols[i].protocol == PROTOCOL_SCTP;

		/* A later fragment has no header: the number alone is nearly as good. */
		verdict->app = protocols[i].app;
		verdict->confidence = fits && !carries ? NM_CONF_PROOF : NM_CONF_WEAK;
		verdict->evidence = NM_EV_SIGNATURE;
		return NM_MATCH;
	}
	return NM_NO;
}

NM_MODULE(ipproto) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "ipproto",
	.summary = "IGMP, OSPF, EIGRP, PIM, VRRP, GRE, PGM, IPComp and SCTP, by IP protocol number",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
