/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IPv4, IPv6 and its extension headers, and the table of IP protocols. */
#include "probe/decode_layer.h"

#define IP4_HEADER      20u
#define IP6_HEADER      40u
#define IP6_NO_NEXT     59 /* RFC 8200 section 4.7 */
#define PROTO_IP4       4
#define PROTO_TCP       6
#define PROTO_IP6       41
#define FRAGMENT_OFFSET 0x1fffu
#define FRAGMENT_MORE   0x2000u

/* A new innermost IP packet: its addresses and length are known, its transport is not. */
static void
begin_ip(struct decode *d, uint8_t version, uint32_t octets)
{
	d->ip_version = version;
	d->fragment = false;
	d->pkt->fragment = FRAGMENT_NONE;
	d->pkt->octets = octets;
	d->pkt->sport = 0;
	d->pkt->dport = 0;
	d->pkt->tcp_flags = 0;
	d->pkt->tcp_seq = 0;
}

/* Several packets make one: this is the first of them. */
static void
first_fragment(struct decode *d, uint32_t id)
{
	d->fragment = true;
	d->pkt->fragment = FRAGMENT_FIRST;
	d->pkt->fragment_id = id;
}

/* A fragment behind the first one: its bytes are the middle of something. */
static const struct layer *
later_fragment(struct decode *d, uint8_t protocol, uint32_t id)
{
	d->pkt->fragment = FRAGMENT_LATER;
	d->pkt->fragment_id = id;
	d->pkt->protocol = protocol;
	d->pkt->payload = NULL;
	d->pkt->payload_len = 0;
	d->pkt->payload_wire_len = 0;
	return decode_stop(d, LEDGER_METERED);
}

/*
 * RFC 791 section 3.1
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-------+---------------+-------------------------------+
 *  |Version|  IHL  |Type of service|          Total length         |
 *  +-------+-------+---------------+-----+-------------------------+
 *  |         Identification        |Flags|     Fragment offset     |
 *  +---------------+---------------+-----+-------------------------+
 *  |  Time to live |    Protocol   |        Header checksum        |
 *  +---------------+---------------+-------------------------------+
 *  |                        Source address                         |
 *  +---------------------------------------------------------------+
 *  |                      Destination address                      |
 *  +-----------------------------------------------+---------------+
 *  |                    Options                    |    Padding    |
 *  +-----------------------------------------------+---------------+
 */
static const struct layer *
decode_ipv4(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, IP4_HEADER, &h))
		return decode_short(d, LEDGER_BAD_IP);
	unsigned first = wire_u8(&h);
	wire_skip(&h, 1);
	uint32_t total = wire_u16(&h);
	uint16_t id = wire_u16(&h);
	unsigned fragment = wire_u16(&h);
	wire_skip(&h, 1);
	uint8_t protocol = wire_u8(&h);
	wire_skip(&h, 2);

	uint32_t header = (first & 0x0f) * 4;
	uint32_t room = IP4_HEADER + (uint32_t)wire_left(&d->w) + d->missing;
	if (total == 0)
		total = room;
	if (first >> 4 != 4 || header < IP4_HEADER || total < header ||
	    (d->guessed && total > room))
		return decode_stop(d, LEDGER_BAD_IP);
	decode_limit(d, total - IP4_HEADER);
	wire_skip(&d->w, header - IP4_HEADER);
	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_IP);
	begin_ip(d, 4, total);
	if (d->slot)
		protocol = PROTO_TCP;
	d->slot = false;
	d->pkt->saddr = addr_from_v4(wire_take(&h, 4));
	d->pkt->daddr = addr_from_v4(wire_take(&h, 4));
	if (fragment & FRAGMENT_OFFSET)
		return later_fragment(d, protocol, id);
	if (fragment & FRAGMENT_MORE)
		first_fragment(d, id);
	return decode_protocol(d, protocol);
}

/*
 * RFC 8200 section 3
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+---------------+---------------------------------------+
 *  |Version| Traffic class |              Flow label               |
 *  +-------+---------------+-------+---------------+---------------+
 *  |         Payload length        |  Next header  |   Hop limit   |
 *  +-------------------------------+---------------+---------------+
 *  |                  Source address (16 octets)                   |
 *  +---------------------------------------------------------------+
 *  |                Destination address (16 octets)                |
 *  +---------------------------------------------------------------+
 *
 * A payload length of 0 before anything but "no next header" is a jumbogram (RFC 2675) or segmentation offload.
 */
static const struct layer *
decode_ipv6(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, IP6_HEADER, &h))
		return decode_short(d, LEDGER_BAD_IP);
	unsigned version = wire_u8(&h) >> 4;
	wire_skip(&h, 3);
	uint32_t len = wire_u16(&h);
	uint8_t next = wire_u8(&h);
	wire_skip(&h, 1);

	uint32_t room = (uint32_t)wire_left(&d->w) + d->missing;
	if (version != 6 || (d->guessed && len > room))
		return decode_stop(d, LEDGER_BAD_IP);
	if (len == 0 && next != IP6_NO_NEXT)
		len = room;
	decode_limit(d, len);
	begin_ip(d, 6, IP6_HEADER + len);
	d->pkt->saddr = addr_from_v6(wire_take(&h, 16));
	d->pkt->daddr = addr_from_v6(wire_take(&h, 16));
	return decode_protocol(d, next);
}

/*
 * RFC 8200 sections 4.3 to 4.6 (hop-by-hop options, routing, destination options), RFC 6275 section 6.1.1 (mobility),
 * RFC 7401 section 5.1 (HIP), RFC 5533 section 5.1 (shim6): length in units of 8 octets behind the first 8.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------------+
 *  |  Next header  | Header length |                               |
 *  +---------------+---------------+                               +
 *  |                         options, data                         |
 */
static const struct layer *
decode_ip6_extension(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 8, &h))
		return decode_short(d, LEDGER_BAD_IP);
	uint8_t next = wire_u8(&h);
	wire_skip(&d->w, wire_u8(&h) * 8u);
	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_IP);
	return decode_protocol(d, next);
}

/*
 * RFC 8200 section 4.5
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------+---+-+
 *  |  Next header  |   Reserved    |     Fragment offset     |Res|M|
 *  +---------------+---------------+-------------------------+---+-+
 *  |                        Identification                         |
 *  +---------------------------------------------------------------+
 */
static const struct layer *
decode_ip6_fragment(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 8, &h))
		return decode_short(d, LEDGER_BAD_IP);
	uint8_t next = wire_u8(&h);
	wire_skip(&h, 1);
	unsigned offset = wire_u16(&h);
	uint32_t id = wire_u32(&h);
	if (offset & 0xfff8)
		return later_fragment(d, next, id);
	if (offset & 1)
		first_fragment(d, id);
	return decode_protocol(d, next);
}

/*
 * RFC 4302 section 2: length in units of 4 octets, minus 2.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------------+
 *  |  Next header  |  Payload len  |           Reserved            |
 *  +---------------+---------------+-------------------------------+
 *  |       Security parameters index, sequence number, check value |
 */
static const struct layer *
decode_ah(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 8, &h))
		return decode_short(d, LEDGER_BAD_IP);
	uint8_t next = wire_u8(&h);
	wire_skip(&d->w, wire_u8(&h) * 4u);
	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_IP);
	return decode_protocol(d, next);
}

/* Behind IPv4 it is a protocol, whose flows are IPsec's, unless there is another IP packet in it: then it is a tunnel
 * (RFC 4301 section 3.3). */
static const struct layer *
decode_ah4(struct decode *d)
{
	struct wire w = d->w;
	uint8_t next = wire_u8(&w);

	wire_skip(&w, wire_u8(&w) * 4u + 6);
	if (!wire_ok(&w) || (next != PROTO_IP4 && next != PROTO_IP6) ||
	    !decode_enter(d, next == PROTO_IP4 ? TUNNEL_IP4_IN_IP4 : TUNNEL_IP6_IN_IP4))
		return decode_leaf(d);
	d->w = w;
	return next == PROTO_IP4 ? &layer_ipv4 : &layer_ipv6;
}

/* An IP packet directly in another one (RFC 2003, RFC 2473, RFC 4213). */
static const struct layer *
decode_ip_in_ip(struct decode *d)
{
	static const enum tunnel_kind kinds[2][2] = { { TUNNEL_IP4_IN_IP4, TUNNEL_IP6_IN_IP4 },
		                                      { TUNNEL_IP4_IN_IP6, TUNNEL_IP6_IN_IP6 } };
	bool outer6 = d->ip_version == 6, inner6 = d->pkt->protocol == PROTO_IP6;

	if (!decode_enter(d, kinds[outer6][inner6]))
		return decode_leaf(d);
	return inner6 ? &layer_ipv6 : &layer_ipv4;
}

static const struct layer layer_ip6_extension = { decode_ip6_extension };
static const struct layer layer_ip6_fragment = { decode_ip6_fragment };
static const struct layer layer_ah4 = { decode_ah4 };
static const struct layer layer_ah = { decode_ah };
static const struct layer layer_ip_in_ip = { decode_ip_in_ip };

/* IANA, Assigned Internet Protocol Numbers: behind IPv4 and behind IPv6. */
static const struct {
	const struct layer *v4;
	const struct layer *v6;
} protocols[256] = {
	[0] = { NULL, &layer_ip6_extension }, /* hop-by-hop options */
	[1] = { &layer_icmp, &layer_icmp },
	[4] = { &layer_ip_in_ip, &layer_ip_in_ip },
	[6] = { &layer_tcp, &layer_tcp },
	[17] = { &layer_udp, &layer_udp },
	[33] = { &layer_dccp, &layer_dccp },
	[41] = { &layer_ip_in_ip, &layer_ip_in_ip },
	[43] = { NULL, &layer_ip6_extension }, /* routing */
	[44] = { NULL, &layer_ip6_fragment },
	[47] = { &layer_gre, &layer_gre },
	[51] = { &layer_ah4, &layer_ah },
	[58] = { &layer_icmp, &layer_icmp },   /* ICMPv6 */
	[60] = { NULL, &layer_ip6_extension }, /* destination options */
	[132] = { &layer_sctp, &layer_sctp },
	[135] = { NULL, &layer_ip6_extension }, /* mobility */
	[136] = { &layer_udp, &layer_udp }, /* UDP-Lite, RFC 3828: the length field is the checksum's coverage */
	[139] = { NULL, &layer_ip6_extension }, /* HIP */
	[140] = { NULL, &layer_ip6_extension }, /* shim6 */
};

const struct layer *
decode_protocol(struct decode *d, uint8_t protocol)
{
	const struct layer *layer =
	    d->ip_version == 4 ? protocols[protocol].v4 : protocols[protocol].v6;

	d->pkt->protocol = protocol;
	if (layer == &layer_ip_in_ip) /* that another IP header follows is no header of its own */
		return decode_ip_in_ip(d);
	return layer ? layer : decode_leaf(d);
}

const struct layer *
decode_ip_version(struct decode *d, enum ledger_cause cause)
{
	struct wire peek = d->w;
	unsigned version = wire_u8(&peek) >> 4;

	if (!wire_ok(&peek))
		return decode_short(d, LEDGER_BAD_LINK);
	if (version == 4)
		return &layer_ipv4;
	return version == 6 ? &layer_ipv6 : decode_stop(d, cause);
}

const struct layer layer_ipv4 = { decode_ipv4 };
const struct layer layer_ipv6 = { decode_ipv6 };
