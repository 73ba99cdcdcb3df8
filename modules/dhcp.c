/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCP and BOOTP (RFC 2131, RFC 951; UDP, usually 67 and 68) and DHCPv6 (RFC 8415; UDP 546 and 547).
 *
 * Evidence: DHCP's magic cookie behind a BOOTP header, on any port; BOOTP without it on its ports only. DHCPv6: a message
 * type and options that fill the datagram, on its ports only. Any packet, one direction. Cost: asked on these ports, and
 * for payload of 240 octets and more that begins with 1 or 2.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_DHCP   102
#define APP_DHCPV6 103

#define PORT_SERVER 67
#define PORT_CLIENT 68
#define PORT6_LOW   546
#define PORT6_HIGH  547

#define BOOTP_MIN   44 /* up to the server's name: tcpdump's usual snap length leaves no more */
#define BOOTP_LEN   236
#define COOKIE      0x63825363 /* RFC 2131 section 3 */
#define HLEN_MAX    16
#define HOPS_MAX    16
#define TYPES6_MAX  36 /* IANA's DHCPv6 message types */
#define RELAY_FORW  12
#define RELAY_REPL  13
#define HOPS6_MAX   32
#define OPTIONS_MAX 32

static const struct nm_app apps[] = {
	{ APP_DHCP, "DHCP", "Network control", 0xe6ab02, 0xf2c94c },
	{ APP_DHCPV6, "DHCPv6", "Network control", 0xa6761d, 0xd0a04f },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP,
	  .min_len = BOOTP_LEN + 4,
	  .len = 4,
	  /* request or reply, any hardware, its length at most 16, few hops */
	  .pattern = { 1 },
	  .mask = { 0xff, 0, 0xe0, 0xe0 } },
	{ .transport = NM_UDP,
	  .min_len = BOOTP_LEN + 4,
	  .len = 4,
	  .pattern = { 2 },
	  .mask = { 0xff, 0, 0xe0, 0xe0 } },
	{ .transport = NM_UDP, .port = PORT_SERVER, .min_len = BOOTP_MIN },
	{ .transport = NM_UDP, .port = PORT_CLIENT, .min_len = BOOTP_MIN },
	{ .transport = NM_UDP, .port = PORT6_LOW, .min_len = 4 },
	{ .transport = NM_UDP, .port = PORT6_HIGH, .min_len = 4 },
};

/* RFC 951 section 3: operation, hardware type and length, hops. */
static uint8_t
rate_bootp(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t op = wire_u8(&w);
	uint8_t hardware = wire_u8(&w);
	uint8_t hlen = wire_u8(&w);
	uint8_t hops = wire_u8(&w);

	if ((op != 1 && op != 2) || hlen > HLEN_MAX || hops > HOPS_MAX || pkt->wire_len < BOOTP_LEN)
		return 0;
	wire_skip(&w, BOOTP_LEN - 4);
	if (wire_u32(&w) == COOKIE)
		return NM_CONF_PROOF;
	bool ports = (pkt->sport == PORT_SERVER || pkt->sport == PORT_CLIENT) &&
	             (pkt->dport == PORT_SERVER || pkt->dport == PORT_CLIENT);
	return ports && hardware == 1 && hlen == 6 ? NM_CONF_SIGNATURE : 0;
}

/* RFC 8415 sections 8, 9 and 21.1: the head, then options of type and length up to the end. */
static uint8_t
rate_dhcpv6(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t type = wire_u8(&w);
	bool relay = type == RELAY_FORW || type == RELAY_REPL;

	if (type == 0 || type > TYPES6_MAX || (relay && wire_u8(&w) > HOPS6_MAX))
		return 0;
	wire_skip(&w, relay ? 32 : 3);
	for (unsigned i = 0; i < OPTIONS_MAX && wire_left(&w) > 0; i++) {
		uint16_t option = wire_u16(&w);
		uint16_t len = wire_u16(&w);

		if (option == 0)
			return 0;
		/* cut by the capture: what is there is right */
		if (nm_is_cut(pkt) && len > wire_left(&w))
			return NM_CONF_SIGNATURE;
		wire_skip(&w, len);
	}
	return wire_ok(&w) ? NM_CONF_SIGNATURE : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	bool six = pkt->dport == PORT6_LOW || pkt->dport == PORT6_HIGH;

	(void)ctx;
	(void)call;
	return nm_signature(verdict, six ? APP_DHCPV6 : APP_DHCP,
	                    six ? rate_dhcpv6(pkt) : rate_bootp(pkt));
}

NM_MODULE(dhcp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "dhcp",
	.summary = "DHCP and BOOTP by their cookie, DHCPv6 on its ports",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
