/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transport headers: TCP, UDP, ICMP, SCTP, DCCP. */
#include "probe/decode_layer.h"

#define TCP_HEADER 20u
#define UDP_HEADER 8u

/* A transport header that is not whole. In a first fragment that is no fault, the rest comes in the next one (RFC 1858
 * section 3 tells what it is good for): the ports are taken if they are there. */
static const struct layer *
short_transport(struct decode *d)
{
	if (!d->fragment || d->missing)
		return decode_short(d, LEDGER_BAD_TRANSPORT);
	d->w.failed = false; /* the read that did not fit took nothing */
	struct wire peek = d->w;
	uint16_t sport = wire_u16(&peek), dport = wire_u16(&peek);
	if (wire_ok(&peek)) {
		d->pkt->sport = sport;
		d->pkt->dport = dport;
	}
	wire_skip(&d->w, wire_left(&d->w));
	return decode_leaf(d);
}

/*
 * RFC 9293 section 3.1
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |          Source port          |        Destination port       |
 *  +-------------------------------+-------------------------------+
 *  |                        Sequence number                        |
 *  +---------------------------------------------------------------+
 *  |                     Acknowledgment number                     |
 *  +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *  | Offset| Rsrvd |C|E|U|A|P|R|S|F|            Window             |
 *  +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *  |            Checksum           |         Urgent pointer        |
 *  +-------------------------------+-------------------------------+
 *  |                            Options                            |
 */
static const struct layer *
decode_tcp(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, TCP_HEADER, &h))
		return short_transport(d);
	d->pkt->sport = wire_u16(&h);
	d->pkt->dport = wire_u16(&h);
	d->pkt->tcp_seq = wire_u32(&h);
	wire_skip(&h, 4);
	uint32_t header = (wire_u8(&h) >> 4) * 4u;
	d->pkt->tcp_flags = wire_u8(&h);
	if (header < TCP_HEADER)
		return decode_stop(d, LEDGER_BAD_TRANSPORT);
	if (!decode_pass(d, header - TCP_HEADER)) {
		if (!d->fragment)
			return decode_stop(d, LEDGER_BAD_TRANSPORT);
		wire_skip(&d->w, wire_left(&d->w)); /* the other options are in the next one */
	}
	return decode_leaf(d);
}

/*
 * RFC 768
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |          Source port          |        Destination port       |
 *  +-------------------------------+-------------------------------+
 *  |             Length            |            Checksum           |
 *  +-------------------------------+-------------------------------+
 *
 * A length of 0 is a jumbogram (RFC 2675 section 4) or segmentation offload. A length that says more than the IP header
 * does is that of all fragments together.
 */
static const struct layer *
decode_udp(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, UDP_HEADER, &h))
		return short_transport(d);
	d->pkt->sport = wire_u16(&h);
	d->pkt->dport = wire_u16(&h);
	uint32_t len = wire_u16(&h);
	if (d->pkt->protocol == 17 && len) {
		if (len < UDP_HEADER)
			return decode_stop(d, LEDGER_BAD_TRANSPORT);
		if (len - UDP_HEADER < wire_left(&d->w) + d->missing)
			decode_limit(d, len - UDP_HEADER);
	}
	if (decode_may_be_tunnel(d->pkt->sport, d->pkt->dport))
		return decode_udp_payload(d);
	return decode_leaf(d);
}

/*
 * RFC 792, RFC 4443 section 2.1. The payload is the whole message.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------------+
 *  |      Type     |      Code     |            Checksum           |
 *  +---------------+---------------+-------------------------------+
 */
static const struct layer *
decode_icmp(struct decode *d)
{
	struct wire peek = d->w;

	wire_skip(&peek, 4);
	if (!wire_ok(&peek))
		return decode_short(d, LEDGER_BAD_TRANSPORT);
	return decode_leaf(d);
}

/*
 * RFC 9260 section 3.1. The payload are the chunks.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |          Source port          |        Destination port       |
 *  +-------------------------------+-------------------------------+
 *  |                       Verification tag                        |
 *  +---------------------------------------------------------------+
 *  |                           Checksum                            |
 *  +---------------------------------------------------------------+
 */
static const struct layer *
decode_sctp(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 12, &h))
		return short_transport(d);
	d->pkt->sport = wire_u16(&h);
	d->pkt->dport = wire_u16(&h);
	return decode_leaf(d);
}

/*
 * RFC 4340 section 5.1
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |          Source port          |        Destination port       |
 *  +---------------+-------+-------+-------------------------------+
 *  |  Data offset  | CCVal | CsCov |            Checksum           |
 *  +-----+-------+-+-------+-------+-------------------------------+
 *  | Res | Type  |X|            Sequence number                    |
 *  +-----+-------+-+-----------------------------------------------+
 */
static const struct layer *
decode_dccp(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 12, &h))
		return short_transport(d);
	d->pkt->sport = wire_u16(&h);
	d->pkt->dport = wire_u16(&h);
	uint32_t header = wire_u8(&h) * 4u;
	if (header < 12 || !decode_pass(d, header - 12))
		return decode_stop(d, LEDGER_BAD_TRANSPORT);
	return decode_leaf(d);
}

const struct layer layer_tcp = { decode_tcp };
const struct layer layer_udp = { decode_udp };
const struct layer layer_icmp = { decode_icmp };
const struct layer layer_sctp = { decode_sctp };
const struct layer layer_dccp = { decode_dccp };
