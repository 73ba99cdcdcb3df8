/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tunnels in UDP. A port is no proof, so each of them looks at the structure behind it before it is entered, lengths inside
 * must fit into the datagram (`guessed`), and a datagram whose inside does not decode to the end is metered as itself. So
 * are the fragments of a datagram, in which lengths do not fit.
 */
#include "probe/decode_layer.h"

#define PORT_VXLAN_GPE 4790u
#define PROTO_UDP      17
#define EXTENSIONS_MAX 16 /* GTP-U extension headers of a packet */

/* Goes on at `inside`. */
static const struct layer *
enter(struct decode *d, enum tunnel_kind kind, struct wire inside, const struct layer *layer)
{
	if (d->fragment || !wire_ok(&inside) || !layer || !decode_enter(d, kind))
		return decode_leaf(d);
	d->guessed = true;
	d->w = inside;
	return layer;
}

/* The layer of an IP header at the cursor, or NULL. */
static const struct layer *
ip_layer(struct wire peek)
{
	unsigned version = wire_u8(&peek) >> 4;

	return version == 4 ? &layer_ipv4 : version == 6 ? &layer_ipv6 : NULL;
}

/* RFC 4291 section 2.5.6: fe80::/10, by an address's first two octets. */
static bool
is_link_local(uint16_t prefix)
{
	return (prefix & 0xffc0) == 0xfe80;
}

/*
 * RFC 4380 section 5.1.1: in this order, each of the first two may be absent, IPv6 has version 6.
 *   authentication  u16 1, u8 length of the client id, u8 length of the value, client id, value, u64 nonce, u8 confirmation
 *   origin          u16 0, u16 port, u32 address
 *   IPv6
 *
 * Link-local addresses are how a client and its server find out about each other (section 5.2.1): these are packets of the
 * tunnel itself, not of what it carries.
 */
static const struct layer *
enter_teredo(struct decode *d)
{
	struct wire w = d->w, peek = w;

	if (wire_u16(&peek) == 0x0001 && wire_ok(&peek)) {
		uint32_t ids = wire_u8(&peek);
		ids += wire_u8(&peek);
		wire_skip(&peek, ids + 9);
		w = peek;
	}
	peek = w;
	if (wire_u16(&peek) == 0x0000 && wire_ok(&peek))
		wire_skip(&w, 8);
	peek = w;
	bool ip6 = wire_u8(&peek) >> 4 == 6;
	wire_skip(&peek, 7);
	bool local = is_link_local(wire_u16(&peek));
	wire_skip(&peek, 14);
	local |= is_link_local(wire_u16(&peek));
	if (!ip6 || local)
		return decode_leaf(d);
	return enter(d, TUNNEL_TEREDO, w, &layer_ipv6);
}

/*
 * RFC 7348 section 5; the generic protocol extension (draft-ietf-nvo3-vxlan-gpe section 3) has P set and says in the last
 * octet of the first word what follows.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-----------------------------------------------+
 *  |R|R|R|R|I|P|B|O|                   Reserved                    |
 *  +-+-+-+-+-+-+-+-+-------------------------------+---------------+
 *  |     VXLAN network identifier                  |   Reserved    |
 *  +-----------------------------------------------+---------------+
 */
static const struct layer *
gpe_layer(uint8_t next)
{
	switch (next) {
	case 1:
		return &layer_ipv4;
	case 2:
		return &layer_ipv6;
	case 3:
		return &layer_ethernet;
	case 5:
		return &layer_mpls;
	default:
		return NULL;
	}
}

static const struct layer *
enter_vxlan(struct decode *d)
{
	struct wire w = d->w;
	uint8_t flags = wire_u8(&w);

	wire_skip(&w, 2);
	uint8_t next = wire_u8(&w);
	wire_skip(&w, 4);
	if (!(flags & 0x08))
		return decode_leaf(d);
	bool generic = flags & 0x04 || (d->pkt->dport == PORT_VXLAN_GPE && next);
	return enter(d, TUNNEL_VXLAN, w, generic ? gpe_layer(next) : &layer_ethernet);
}

/*
 * RFC 8926 section 3.4; option length in units of 4 octets
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---+-----------+-+-+-----------+-------------------------------+
 *  |Ver|  Opt len  |O|C|   Rsvd    |         Protocol type         |
 *  +---+-----------+-+-+-----------+---------------+---------------+
 *  |           Virtual network identifier          |   Reserved    |
 *  +-----------------------------------------------+---------------+
 */
static const struct layer *
enter_geneve(struct decode *d)
{
	struct wire w = d->w;
	uint8_t first = wire_u8(&w), flags = wire_u8(&w);
	uint16_t type = wire_u16(&w);

	wire_skip(&w, 4 + (first & 0x3f) * 4u);
	if (first >> 6 != 0 || flags & 0x80)
		return decode_leaf(d);
	return enter(d, TUNNEL_GENEVE, w, decode_ethertype_layer(type));
}

/* 3GPP TS 29.281 section 5.2: each is u8 length in units of 4 octets, content, u8 type of the next one. */
static void
skip_gtpu_extensions(struct wire *w, uint8_t type)
{
	for (int i = 0; i < EXTENSIONS_MAX && type; i++) {
		unsigned len = wire_u8(w) * 4u;
		wire_skip(w, len < 4 ? SIZE_MAX : len - 2); /* 0 is no length: fails */
		type = wire_u8(w);
	}
	if (type)
		w->failed = true;
}

/*
 * 3GPP TS 29.281 section 5.1: type 255 carries a user's packet. The second word is there if E, S or PN is set.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-----+-+-+-+-+-+---------------+-------------------------------+
 *  |Ver=1|1|0|E|S|N|     Type      |    Length behind 8 octets     |
 *  +-----+-+-+-+-+-+---------------+-------------------------------+
 *  |                  Tunnel endpoint identifier                   |
 *  +-------------------------------+---------------+---------------+
 *  |        Sequence number        |     N-PDU     |Next extension |
 *  +-------------------------------+---------------+---------------+
 */
static const struct layer *
enter_gtpu(struct decode *d)
{
	struct wire w = d->w;
	size_t room = wire_left(&w) + d->missing;
	uint16_t first = wire_u16(&w);
	uint16_t len = wire_u16(&w);
	uint8_t extension = 0;

	wire_skip(&w, 4);
	if ((first & 0xf8ff) != 0x30ff || (size_t)len + 8 > room)
		return decode_leaf(d);
	wire_limit(&w, len);
	if (first & 0x0700) {
		wire_skip(&w, 3);
		extension = wire_u8(&w);
	}
	if (first & 0x0400)
		skip_gtpu_extensions(&w, extension);
	return enter(d, TUNNEL_GTPU, w, ip_layer(w));
}

/*
 * RFC 5415 sections 4.2 and 4.3: preamble 0 (1 is DTLS), then, with the header's length in units of 4 octets,
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------+---------+---------+-+-+-+-+-+-+-----+
 *  |   Preamble    |  Hlen   |   RID   |  WBID   |T|F|L|W|M|K|Flags|
 *  +---------------+---------+---------+---------+-+-+-+-+-+-+-----+
 *  |          Fragment id          |     Fragment offset     |Rsvd |
 *  +-------------------------------+-------------------------+-----+
 *  |      radio's address (M), wireless information (W), frame     |
 *
 * T: a frame of the wireless binding, of which 1 is IEEE 802.11; else Ethernet. F: a fragment. K: keep-alive.
 */
static const struct layer *
enter_capwap(struct decode *d)
{
	struct wire w = d->w;
	uint32_t first = wire_u32(&w);
	unsigned header = (first >> 19 & 0x1f) * 4, binding = first >> 9 & 0x1f;
	bool native = (first & 0x100) != 0, fragment = (first & 0x80) != 0;
	bool keep_alive = (first & 0x08) != 0;

	if (first >> 24 != 0 || header < 8 || fragment || keep_alive || (native && binding != 1))
		return decode_leaf(d);
	wire_skip(&w, header - 4);
	return enter(d, TUNNEL_CAPWAP, w, native ? &layer_wlan : &layer_ethernet);
}

/*
 * RFC 2661 section 3.1: version 2; T is a control message. Data is PPP.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-------+-------+-------------------------------+
 *  |T|L|x|x|S|x|O|P|x x x x|Ver = 2|         Length (if L)         |
 *  +-+-+-+-+-+-+-+-+-------+-------+-------------------------------+
 *  |           Tunnel id           |          Session id           |
 *  +-------------------------------+-------------------------------+
 *  |           Ns (if S)           |           Nr (if S)           |
 *  +-------------------------------+-------------------------------+
 *  |      Offset size (if O)       |     Offset padding (if O)     |
 *  +-------------------------------+-------------------------------+
 *
 * Version 3 (RFC 3931) is not entered, here or as IP protocol 115: what a session carries, and the length of the cookie
 * before it, is agreed on its control connection and stands in no data packet.
 */
static const struct layer *
enter_l2tp(struct decode *d)
{
	struct wire w = d->w;
	uint16_t flags = wire_u16(&w);

	if ((flags & 0x800f) != 0x0002)
		return decode_leaf(d);
	if (flags & 0x4000 && wire_u16(&w) > wire_left(&d->w) + d->missing)
		return decode_leaf(d);
	wire_skip(&w, 4 + (flags & 0x0800 ? 4 : 0));
	if (flags & 0x0200)
		wire_skip(&w, wire_u16(&w));
	return enter(d, TUNNEL_L2TP, w, &layer_ppp);
}

#define ROW(number, from_it_too, function) \
	[DECODE_PORT_SLOT(                 \
	    number)] = { .port = (number), .both = (from_it_too), .enter = (function) }

/* IANA, Service Name and Transport Protocol Port Number Registry. Of some, only packets to the port are the tunnel's: the
 * source port is any, or a hash of the flow inside. */
const struct decode_udp_tunnel decode_udp_tunnels[16] = {
	ROW(2152u, true, enter_gtpu),
	ROW(4789u, false, enter_vxlan),
	ROW(8472u, false, enter_vxlan),          /* Linux before the port was assigned */
	ROW(PORT_VXLAN_GPE, false, enter_vxlan), /* generic protocol extension */
	ROW(6081u, false, enter_geneve),
	ROW(3544u, true, enter_teredo),
	ROW(5247u, true, enter_capwap),
	ROW(1701u, true, enter_l2tp),
};

const struct layer *
decode_udp_payload(struct decode *d)
{
	const struct packet *pkt = d->pkt;
	const struct decode_udp_tunnel *to = &decode_udp_tunnels[DECODE_PORT_SLOT(pkt->dport)];
	const struct decode_udp_tunnel *from = &decode_udp_tunnels[DECODE_PORT_SLOT(pkt->sport)];

	if (pkt->protocol != PROTO_UDP)
		return decode_leaf(d);
	if (to->enter && to->port == pkt->dport)
		return to->enter(d);
	if (from->enter && from->port == pkt->sport && from->both)
		return from->enter(d);
	return decode_leaf(d);
}
