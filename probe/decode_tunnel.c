/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GRE and what it carries. */
#include "probe/decode_layer.h"

#define GRE_CHECKSUM 0x8000u
#define GRE_KEY      0x2000u
#define GRE_SEQUENCE 0x1000u
#define GRE_ACK      0x0080u /* version 1 */
/* Routing, strict source route and recursion of RFC 1701, which RFC 2784 section 2.3 withdrew, and the version. */
#define GRE_OTHER       0x4f07u
#define GRE_VERSION     0x0007u
#define GRE_TYPE_PPP    0x880b
#define GRE_TYPE_ERSPAN 0x88be

/*
 * ERSPAN type II, draft-foschiano-erspan section 4.2
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-----------------------+-----+---+-+-------------------+
 *  |Ver = 1|         VLAN          | COS |En |T|    Session id     |
 *  +-------+---------------+-------+-----+---+-+-------------------+
 *  |       Reserved        |                 Index                 |
 *  +-----------------------+---------------------------------------+
 */
static const struct layer *
decode_erspan2(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 8, &h))
		return decode_short(d, LEDGER_BAD_TRANSPORT);
	return wire_u8(&h) >> 4 == 1 ? &layer_ethernet : decode_stop(d, LEDGER_BAD_TRANSPORT);
}

/*
 * ERSPAN type III, draft-foschiano-erspan section 4.3; O: 8 more octets follow.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-----------------------+-----+---+-+-------------------+
 *  |Ver = 2|         VLAN          | COS |BSO|T|    Session id     |
 *  +-------+-----------------------+-----+---+-+-------------------+
 *  |                           Timestamp                           |
 *  +-------------------------------+-+---------+-----------+-+---+-+
 *  |      Security group tag       |P|   FT    |   Hw id   |D|Gra|O|
 *  +-------------------------------+-+---------+-----------+-+---+-+
 *
 * FT (frame type): 0 is Ethernet, 2 is IP.
 */
static const struct layer *
decode_erspan3(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 12, &h))
		return decode_short(d, LEDGER_BAD_TRANSPORT);
	unsigned version = wire_u8(&h) >> 4;
	wire_skip(&h, 9);
	unsigned last = wire_u16(&h), frame_type = last >> 10 & 0x1f;
	wire_skip(&d->w, last & 1 ? 8 : 0);
	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_TRANSPORT);
	if (version != 2)
		return decode_stop(d, LEDGER_BAD_TRANSPORT);
	if (frame_type == 2)
		return decode_ip_version(d, LEDGER_BAD_IP);
	return frame_type == 0 ? &layer_ethernet : decode_stop(d, LEDGER_NOT_IP);
}

/* WCCP version 2, draft-wilson-wrec-wccp-v2 section 4.12.1: a redirect header of 4 octets before the IP packet; version 1 has
 * none, and begins with IPv4. */
static const struct layer *
decode_wccp(struct decode *d)
{
	struct wire peek = d->w;
	uint8_t first = wire_u8(&peek);

	if (first >> 4 != 4 || (first & 0x0f) < 5)
		wire_skip(&d->w, 4);
	return decode_ip_version(d, LEDGER_BAD_IP);
}

static const struct layer layer_erspan2 = { decode_erspan2 };
static const struct layer layer_erspan3 = { decode_erspan3 };
static const struct layer layer_wccp = { decode_wccp };

/* Protocol types that mean more than an EtherType does. */
static const struct {
	uint16_t type;
	enum tunnel_kind kind;
	const struct layer *layer;
} gre_types[] = {
	{ 0x0800, TUNNEL_GRE, &layer_ipv4 },
	{ 0x86dd, TUNNEL_GRE, &layer_ipv6 },
	{ 0x6558, TUNNEL_EOGRE, &layer_ethernet }, /* NVGRE (RFC 7637) too */
	{ GRE_TYPE_ERSPAN, TUNNEL_ERSPAN, &layer_erspan2 },
	{ 0x22eb, TUNNEL_ERSPAN, &layer_erspan3 },
	{ 0x883e, TUNNEL_GRE, &layer_wccp },
};

/*
 * RFC 2637 section 4.1: GRE version 1, which carries PPP.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-----+-+-------+-----+-------------------------------+
 *  |C|R|K|S|s|Recur|A| Flags |Ver=1|     Protocol type 0x880b      |
 *  +-+-+-+-+-+-----+-+-------+-----+-------------------------------+
 *  |        Payload length         |            Call id            |
 *  +-------------------------------+-------------------------------+
 *  |                     Sequence number (if S)                    |
 *  +---------------------------------------------------------------+
 *  |                 Acknowledgment number (if A)                  |
 *  +---------------------------------------------------------------+
 *
 * Without S there is no payload.
 */
static const struct layer *
decode_pptp(struct decode *d, unsigned flags)
{
	struct wire w = d->w;

	wire_skip(&w, 4);
	uint16_t len = wire_u16(&w);
	wire_skip(&w, 2 + 4 + (flags & GRE_ACK ? 4 : 0));
	if (!wire_ok(&w) || !(flags & GRE_SEQUENCE) || len == 0 || !decode_enter(d, TUNNEL_PPTP))
		return decode_leaf(d);
	d->w = w;
	decode_limit(d, len);
	return &layer_ppp;
}

static const struct layer *
gre_payload(struct decode *d, struct wire payload, unsigned flags, uint16_t type)
{
	size_t i = 0;

	while (i < sizeof(gre_types) / sizeof(gre_types[0]) && gre_types[i].type != type)
		i++;
	bool row = i < sizeof(gre_types) / sizeof(gre_types[0]);
	if (!decode_enter(d, row ? gre_types[i].kind : TUNNEL_GRE))
		return decode_leaf(d);
	d->w = payload;
	if (type == GRE_TYPE_ERSPAN && !(flags & GRE_SEQUENCE))
		return &layer_ethernet; /* type I */
	return row ? gre_types[i].layer : decode_ethertype(d, type);
}

/*
 * RFC 2784 section 2.1 with RFC 2890 section 2
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-----------------+-----+-------------------------------+
 *  |C| |K|S|    Reserved0    | Ver |         Protocol type         |
 *  +-+-+-+-+-----------------+-----+-------------------------------+
 *  |      Checksum (if C)          |       Reserved1 (if C)        |
 *  +-------------------------------+-------------------------------+
 *  |                           Key (if K)                          |
 *  +---------------------------------------------------------------+
 *  |                     Sequence number (if S)                    |
 *  +---------------------------------------------------------------+
 */
static const struct layer *
decode_gre(struct decode *d)
{
	struct wire w = d->w;
	unsigned flags = wire_u16(&w);
	uint16_t type = wire_u16(&w);

	if (wire_ok(&w) && (flags & GRE_VERSION) == 1 && type == GRE_TYPE_PPP)
		return decode_pptp(d, flags);
	if (wire_ok(&w) && flags & GRE_OTHER)
		return decode_leaf(d);
	wire_skip(&w, (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0) +
	                  (flags & GRE_SEQUENCE ? 4 : 0));
	if (!wire_ok(&w)) /* a first fragment may be that short */
		return d->fragment && !d->missing ? decode_leaf(d)
		                                  : decode_short(d, LEDGER_BAD_TRANSPORT);
	return gre_payload(d, w, flags, type);
}

const struct layer layer_gre = { decode_gre };
