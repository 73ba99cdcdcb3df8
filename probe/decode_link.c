/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IEEE 802: Ethernet and FDDI, tags, LLC, and the table of EtherTypes. */
#include "probe/decode_layer.h"

#define ETHERTYPE_MIN 0x0600u /* IEEE 802.3 clause 3.2.6: below is a length */

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
	if (d->pkt->vlan == VLAN_NONE && d->ip_version == 0 && d->pkt->tunnel == 0 && id != 0x0fff)
		d->pkt->vlan = id;
	return decode_ethertype(d, wire_u16(&h));
}

/* A tag of fixed length whose last two octets are the EtherType of what follows. */
static const struct layer *
after_tag(struct decode *d, size_t len)
{
	struct wire h;

	if (!decode_header(d, len, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	wire_skip(&h, len - 2);
	return decode_ethertype(d, wire_u16(&h));
}

/*
 * Cisco VN-Tag, as proposed for IEEE 802.1Qbh
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+---------------------------+-+-+---+-----------------------+
 *  |D|P|      Destination vif      |L|R|Ver|      Source vif       |
 *  +-+-+---------------------------+-+-+---+-----------------------+
 *  |           EtherType           |
 *  +-------------------------------+
 */
static const struct layer *
decode_vntag(struct decode *d)
{
	return after_tag(d, 6);
}

/*
 * Cisco MetaData
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------------+
 *  |    Version    |    Length     |          Option type          |
 *  +---------------+---------------+-------------------------------+
 *  |      Security group tag       |           EtherType           |
 *  +-------------------------------+-------------------------------+
 */
static const struct layer *
decode_cisco_metadata(struct decode *d)
{
	return after_tag(d, 8);
}

/*
 * IEEE 802.1BR clause 7.5: E-TAG
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-----+-+-----------------------+---+---+-----------------------+
 *  |E-PCP|D|   Ingress E-CID base  |Res|GRP|      E-CID base       |
 *  +-----+-+-------+---------------+---+---+-----------------------+
 *  |Ingress E-CID e|  E-CID ext.   |           EtherType           |
 *  +---------------+---------------+-------------------------------+
 */
static const struct layer *
decode_etag(struct decode *d)
{
	return after_tag(d, 8);
}

/* IEEE 802.1Q clause 9.7: I-TAG of a provider backbone bridge: u32 with the service id, then the customer's frame. */
static const struct layer *
decode_itag(struct decode *d)
{
	wire_skip(&d->w, 4);
	return wire_ok(&d->w) ? &layer_ethernet : decode_short(d, LEDGER_BAD_LINK);
}

/*
 * IEEE 802.2 clause 3.2. SAP 0xaa with unnumbered information is SNAP, 6 is IP (RFC 1042 tells why nobody uses it).
 *
 *   0                   1                   2
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
 *  +---------------+---------------+---------------+
 *  |     DSAP      |     SSAP      |    Control    |
 *  +---------------+---------------+---------------+
 */
static const struct layer *
decode_llc(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 3, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	switch (wire_u16(&h) << 8 | wire_u8(&h)) {
	case 0xaaaa03:
		return &layer_snap;
	case 0x060603:
		return &layer_ipv4;
	default:
		return decode_stop(d, LEDGER_NOT_IP);
	}
}

/*
 * IEEE 802 clause 10 (SNAP), RFC 1042; RFC 2427 section 4.2 for bridged frames
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-----------------------------------------------+---------------+
 *  |                      OUI                      |   Protocol    |
 *  +---------------+-------------------------------+---------------+
 *  |      id       |
 *  +---------------+
 */
static const struct layer *
decode_snap(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 5, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	uint32_t oui = (uint32_t)wire_u16(&h) << 8 | wire_u8(&h);
	uint16_t id = wire_u16(&h);
	if ((oui == 0x000000 || oui == 0x0000f8) && id >= ETHERTYPE_MIN)
		return decode_ethertype(d, id);
	if (oui == 0x0080c2 && (id == 0x0001 || id == 0x0007))
		return &layer_ethernet;
	return decode_stop(d, LEDGER_NOT_IP);
}

/* FDDI: u8 frame control (01xx.... is LLC), two addresses of 6 octets, then IEEE 802.2. */
static const struct layer *
decode_fddi(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 13, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	return (wire_u8(&h) & 0x30) == 0x10 ? &layer_llc : decode_stop(d, LEDGER_NOT_IP);
}

const struct layer layer_ethernet = { decode_ethernet };
const struct layer layer_vlan = { decode_vlan };
const struct layer layer_llc = { decode_llc };
const struct layer layer_snap = { decode_snap };
const struct layer layer_fddi = { decode_fddi };
static const struct layer layer_vntag = { decode_vntag };
static const struct layer layer_cisco_metadata = { decode_cisco_metadata };
static const struct layer layer_etag = { decode_etag };
static const struct layer layer_itag = { decode_itag };

/* IANA, IEEE 802 Numbers. The most frequent first: the table is searched in order. */
static const struct {
	uint16_t type;
	const struct layer *layer;
} ethertypes[] = {
	{ 0x0800, &layer_ipv4 },     { 0x86dd, &layer_ipv6 },
	{ 0x8100, &layer_vlan },     { 0x88a8, &layer_vlan }, /* 802.1ad */
	{ 0x8864, &layer_pppoe },                             /* RFC 2516, session stage */
	{ 0x8847, &layer_mpls },                              /* RFC 3032 */
	{ 0x8848, &layer_mpls }, /* RFC 5332: upstream-assigned label */
	{ 0x9100, &layer_vlan }, /* QinQ before 802.1ad */
	{ 0x9200, &layer_vlan },     { 0x9300, &layer_vlan },
	{ 0x6558, &layer_ethernet }, /* RFC 1701, transparent Ethernet bridging */
	{ 0x88e7, &layer_itag },     { 0x893f, &layer_etag },
	{ 0x8926, &layer_vntag },    { 0x8909, &layer_cisco_metadata },
	{ 0x880b, &layer_ppp }, /* RFC 2637 */
};

const struct layer *
decode_ethertype_layer(uint16_t type)
{
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++)
		if (ethertypes[i].type == type)
			return ethertypes[i].layer;
	return NULL;
}

const struct layer *
decode_ethertype(struct decode *d, uint16_t type)
{
	const struct layer *layer = decode_ethertype_layer(type);

	if (layer)
		return layer;
	if (type >= ETHERTYPE_MIN)
		return decode_stop(d, LEDGER_NOT_IP);
	decode_limit(d, type);
	return &layer_llc;
}
