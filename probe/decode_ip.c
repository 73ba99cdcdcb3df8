/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IPv4, IPv6 and its extension headers, and the table of IP protocols. */
#include "probe/decode_layer.h"

#define IP4_HEADER      20u
#define IP6_HEADER      40u
#define IP6_NO_NEXT     59 /* RFC 8200 section 4.7 */
#define FRAGMENT_OFFSET 0x1fffu
#define FRAGMENT_MORE   0x2000u

/* A new innermost IP packet: its addresses and length are known, its transport is not. */
static void
begin_ip(struct decode *d, uint8_t version, uint32_t octets)
{
	d->ip_version = version;
	d->in_tunnel = false;
	d->fragment = false;
	d->pkt->octets = octets;
	d->pkt->sport = 0;
	d->pkt->dport = 0;
	d->pkt->tcp_flags = 0;
}

/* A fragment behind the first one: its bytes are the middle of something. */
static const struct layer *
later_fragment(struct decode *d, uint8_t protocol)
{
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
	wire_skip(&h, 2);
	unsigned fragment = wire_u16(&h);
	wire_skip(&h, 1);
	uint8_t protocol = wire_u8(&h);
	wire_skip(&h, 2);

	uint32_t header = (first & 0x0f) * 4;
	if (total == 0)
		total = IP4_HEADER + (uint32_t)wire_left(&d->w) + d->missing;
	if (first >> 4 != 4 || header < IP4_HEADER || total < header)
		return decode_stop(d, LEDGER_BAD_IP);
	decode_limit(d, total - IP4_HEADER);
	wire_skip(&d->w, header - IP4_HEADER);
	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_IP);
	begin_ip(d, 4, total);
	d->pkt->saddr = addr_from_v4(wire_take(&h, 4));
	d->pkt->daddr = addr_from_v4(wire_take(&h, 4));
	if (fragment & FRAGMENT_OFFSET)
		return later_fragment(d, protocol);
	d->fragment = (fragment & FRAGMENT_MORE) != 0;
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

	if (version != 6)
		return decode_stop(d, LEDGER_BAD_IP);
	if (len == 0 && next != IP6_NO_NEXT)
		len = (uint32_t)wire_left(&d->w) + d->missing;
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
	if (offset & 0xfff8)
		return later_fragment(d, next);
	d->fragment = offset & 1;
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

/* An IP packet directly in another one (RFC 2003, RFC 2473, RFC 4213). */
static const struct layer *
enter_ip(struct decode *d, const struct layer *inner)
{
	if (d->fragment)
		return decode_leaf(d);
	decode_enter(d);
	return inner;
}

static const struct layer *
decode_ip4_in_ip(struct decode *d)
{
	return enter_ip(d, &layer_ipv4);
}

static const struct layer *
decode_ip6_in_ip(struct decode *d)
{
	return enter_ip(d, &layer_ipv6);
}

static const struct layer layer_ip6_extension = { decode_ip6_extension };
static const struct layer layer_ip6_fragment = { decode_ip6_fragment };
static const struct layer layer_ah = { decode_ah };
static const struct layer layer_ip4_in_ip = { decode_ip4_in_ip };
static const struct layer layer_ip6_in_ip = { decode_ip6_in_ip };

#define ANY 0 /* behind either IP version */

/* IANA, Assigned Internet Protocol Numbers. A row for one IP version does not hold behind the other. */
static const struct {
	const struct layer *layer;
	uint8_t version;
} protocols[256] = {
	[0] = { &layer_ip6_extension, 6 }, /* hop-by-hop options */
	[1] = { &layer_icmp, ANY },
	[4] = { &layer_ip4_in_ip, ANY },
	[6] = { &layer_tcp, ANY },
	[17] = { &layer_udp, ANY },
	[33] = { &layer_dccp, ANY },
	[41] = { &layer_ip6_in_ip, ANY },
	[43] = { &layer_ip6_extension, 6 }, /* routing */
	[44] = { &layer_ip6_fragment, 6 },
	[47] = { &layer_gre, ANY },
	[51] = { &layer_ah, 6 },
	[58] = { &layer_icmp, ANY },        /* ICMPv6 */
	[60] = { &layer_ip6_extension, 6 }, /* destination options */
	[132] = { &layer_sctp, ANY },
	[135] = { &layer_ip6_extension, 6 }, /* mobility */
	[136] = { &layer_udp,
	          ANY }, /* UDP-Lite, RFC 3828: the length field is the checksum's coverage */
	[139] = { &layer_ip6_extension, 6 }, /* HIP */
	[140] = { &layer_ip6_extension, 6 }, /* shim6 */
};

const struct layer *
decode_protocol(struct decode *d, uint8_t protocol)
{
	const struct layer *layer = protocols[protocol].layer;
	uint8_t version = protocols[protocol].version;

	d->pkt->protocol = protocol;
	if (!layer || (version != ANY && version != d->ip_version))
		return decode_leaf(d);
	return layer;
}

const struct layer layer_ipv4 = { decode_ipv4 };
const struct layer layer_ipv6 = { decode_ipv6 };
