/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link layers and the table of EtherTypes. */
#include "probe/decode_layer.h"

/*
 * IEEE 802.3 clause 3, Ethernet II
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                      Destination address                      |
 *  +                               +-------------------------------+
 *  |                               |                               |
 *  +-------------------------------+                               +
 *  |                        Source address                         |
 *  +-------------------------------+-------------------------------+
 *  |           EtherType           |
 *  +-------------------------------+
 */
static const struct layer *
decode_ethernet(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 14, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	wire_skip(&h, 12);
	return decode_ethertype(d, wire_u16(&h));
}

/*
 * IEEE 802.1Q clause 9.6: what follows the EtherType of a tag. Any depth (QinQ, 802.1ad).
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-----+-+-----------------------+-------------------------------+
 *  | PCP |D|        VLAN id        |           EtherType           |
 *  +-----+-+-----------------------+-------------------------------+
 *
 * Id 0 only carries a priority, 4095 is reserved: neither names a VLAN. Tags inside a tunnel are not this link's.
 */
static const struct layer *
decode_vlan(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 4, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	uint16_t id = wire_u16(&h) & 0x0fff;
	if (d->pkt->vlan == VLAN_NONE && d->ip_version == 0 && id != 0x0fff)
		d->pkt->vlan = id;
	return decode_ethertype(d, wire_u16(&h));
}

/* LINKTYPE_RAW: an IP header, of the version that its first four bits say. */
static const struct layer *
decode_raw_ip(struct decode *d)
{
	struct wire peek = d->w;
	unsigned version = wire_u8(&peek) >> 4;

	if (!wire_ok(&peek))
		return decode_short(d, LEDGER_BAD_LINK);
	if (version == 4)
		return &layer_ipv4;
	return version == 6 ? &layer_ipv6 : decode_stop(d, LEDGER_BAD_IP);
}

/*
 * LINKTYPE_NULL and LINKTYPE_LOOP: a 32-bit protocol family, in the byte order of the machine that captured (NULL) or in
 * network byte order (LOOP). Families are below 256, so the order shows.
 */
static const struct layer *
decode_null(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 4, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	uint32_t family = wire_u32(&h);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2: /* AF_INET everywhere */
		return &layer_ipv4;
	case 10: /* AF_INET6: Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return &layer_ipv6;
	default:
		return decode_stop(d, LEDGER_NOT_IP);
	}
}

/*
 * LINKTYPE_LINUX_SLL: u16 packet type, u16 ARPHRD type, u16 address length, 8 octets of address, u16 EtherType.
 */
static const struct layer *
decode_sll(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 16, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	wire_skip(&h, 14);
	return decode_ethertype(d, wire_u16(&h));
}

/*
 * LINKTYPE_LINUX_SLL2: u16 EtherType, u16 reserved, u32 interface, u16 ARPHRD type, u8 packet type, u8 address length,
 * 8 octets of address.
 */
static const struct layer *
decode_sll2(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 20, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	return decode_ethertype(d, wire_u16(&h));
}

const struct layer layer_ethernet = { decode_ethernet };
const struct layer layer_raw_ip = { decode_raw_ip };
const struct layer layer_null = { decode_null };
const struct layer layer_sll = { decode_sll };
const struct layer layer_sll2 = { decode_sll2 };
static const struct layer layer_vlan = { decode_vlan };

/* IANA, IEEE 802 Numbers. The most frequent first: the table is searched in order. */
static const struct {
	uint16_t type;
	const struct layer *layer;
} ethertypes[] = {
	{ 0x0800, &layer_ipv4 }, { 0x86dd, &layer_ipv6 },     { 0x8100, &layer_vlan },
	{ 0x88a8, &layer_vlan },                              /* 802.1ad */
	{ 0x9100, &layer_vlan },                              /* QinQ before 802.1ad */
	{ 0x9200, &layer_vlan }, { 0x6558, &layer_ethernet }, /* RFC 1701, transparent Ethernet bridging */
};

const struct layer *
decode_ethertype(struct decode *d, uint16_t type)
{
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++)
		if (ethertypes[i].type == type)
			return ethertypes[i].layer;
	return decode_stop(d, LEDGER_NOT_IP);
}
