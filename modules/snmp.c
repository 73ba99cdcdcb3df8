/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SNMP: versions 1 (RFC 1157), 2c (RFC 1901, RFC 3416), 2u (RFC 1910) and 3 (RFC 3412). UDP, any port, usually 161, traps 162.
 *
 * Evidence: the head of the message in BER: a sequence as long as the datagram, the version, then community and PDU, or
 * version 3's header with its limits. Each message shows it, so one direction and any packet of the flow will do.
 * Cost: asked for payload that begins with a sequence; reads some ten octets.
 */
#include <netmon/ber.h>
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_SNMP 100

#define VERSION_2U 2 /* 0 is version 1, 1 is 2c */
#define VERSION_3  3

#define PDU_FIRST     0xa0 /* GetRequest; RFC 3416 section 3 */
#define PDU_LAST      0xa8 /* Report */
#define COMMUNITY_MAX 255
#define SIZE_MIN      484 /* RFC 3412 section 6.2: what everybody has to take */

static const struct nm_app apps[] = {
	{ APP_SNMP, "SNMP", "Network management", 0x4477aa, 0x7ea6d3 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .min_len = 12, .len = 1, .pattern = { BER_SEQUENCE } },
};

/* Behind the version: the community, or what version 2u has in its place, then the PDU. */
static bool
is_community_message(struct wire *w)
{
	uint32_t community = ber_expect(w, BER_OCTETS);

	if (community > COMMUNITY_MAX)
		return false;
	wire_skip(w, community);
	uint8_t pdu = wire_u8(w);
	(void)ber_length(w);
	return wire_ok(w) && pdu >= PDU_FIRST && pdu <= PDU_LAST;
}

/* RFC 3412 section 6: message id, largest size, flags of one octet, security model. */
static bool
is_version_3(struct wire *w)
{
	(void)ber_expect(w, BER_SEQUENCE);
	(void)ber_number(w, BER_INTEGER, 4);
	uint32_t size = ber_number(w, BER_INTEGER, 4);
	uint32_t flags = ber_expect(w, BER_OCTETS);
	return wire_ok(w) && size >= SIZE_MIN && flags == 1;
}

static bool
is_snmp(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint32_t length = ber_expect(&w, BER_SEQUENCE);
	size_t head = pkt->len - wire_left(&w);

	/* some pad their datagrams, so they may be longer, but never shorter */
	if (!wire_ok(&w) || length > pkt->wire_len - head)
		return false;
	uint32_t version = ber_number(&w, BER_INTEGER, 1);
	if (!wire_ok(&w))
		return false;
	if (version == VERSION_3)
		return is_version_3(&w);
	return version <= VERSION_2U && is_community_message(&w);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	if (!is_snmp(pkt))
		return NM_MORE;
	return nm_signature(verdict, APP_SNMP, NM_CONF_PROOF);
}

NM_MODULE(snmp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "snmp",
	.summary = "SNMP 1, 2c and 3, on any UDP port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
