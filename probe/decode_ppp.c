/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Serial lines: PPP and what carries it, Cisco HDLC, frame relay. */
#include "probe/decode_layer.h"

/* RFC 1144 section 3.2.2: the first packet of a compressed TCP connection has the connection's slot in the place of the IP
 * header's protocol. Those that follow are differences to it and are not decoded. */
static const struct layer *
decode_vj_uncompressed(struct decode *d)
{
	d->slot = true;
	return &layer_ipv4;
}

static const struct layer layer_vj_uncompressed = { decode_vj_uncompressed };

/* IANA, PPP DLL Protocol Numbers */
static const struct {
	uint16_t protocol;
	const struct layer *layer;
} protocols[] = {
	{ 0x0021, &layer_ipv4 },
	{ 0x0057, &layer_ipv6 },
	{ 0x0281, &layer_mpls },
	{ 0x0283, &layer_mpls },
	{ 0x002f, &layer_vj_uncompressed },
};

/*
 * RFC 1661 section 2, RFC 1662 section 3.1
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------------+
 *  | Address 0xff  | Control 0x03  |           Protocol            |
 *  +---------------+---------------+-------------------------------+
 *
 * Address and control are left out where the two ends agreed to (RFC 1661 section 6.6) and in PPPoE; a protocol whose
 * first octet is odd has no second one (section 6.5). Address 0x0f or 0x8f is Cisco HDLC on the same kind of line.
 */
static const struct layer *
decode_ppp(struct decode *d)
{
	struct wire peek = d->w;
	uint16_t start = wire_u16(&peek);

	if (start == 0x0f00 || start == 0x8f00)
		return &layer_hdlc;
	if (start == 0xff03)
		wire_skip(&d->w, 2);
	uint16_t protocol = wire_u8(&d->w);
	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | wire_u8(&d->w));
	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_LINK);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].layer;
	return decode_stop(d, LEDGER_NOT_IP);
}

/* LINKTYPE_PPP_PPPD and _WITH_DIR: an octet with the direction stands before the frame, or in the place of its
 * address, 0xff. */
static const struct layer *
decode_ppp_directed(struct decode *d)
{
	wire_skip(&d->w, 1);
	struct wire peek = d->w;
	uint8_t next = wire_u8(&peek);
	if (!wire_ok(&peek))
		return decode_short(d, LEDGER_BAD_LINK);
	if (next == 0x03)
		wire_skip(&d->w, 1);
	return &layer_ppp;
}

/*
 * RFC 2516 section 4. Code 0 is a session's data.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-------+---------------+-------------------------------+
 *  |Ver = 1|Type= 1|     Code      |          Session id           |
 *  +-------+-------+---------------+-------------------------------+
 *  |            Length             |
 *  +-------------------------------+
 */
static const struct layer *
decode_pppoe(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 6, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	if (wire_u16(&h) != 0x1100)
		return decode_stop(d, LEDGER_NOT_IP);
	wire_skip(&h, 2);
	decode_limit(d, wire_u16(&h));
	decode_push(d, TUNNEL_PPPOE);
	return &layer_ppp;
}

/* Cisco HDLC: u8 address (0x0f unicast, 0x8f multicast), u8 control (0), u16 EtherType. */
static const struct layer *
decode_hdlc(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 4, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	wire_skip(&h, 2);
	return decode_ethertype(d, wire_u16(&h));
}

/* ISO/IEC TR 9577 as used by RFC 2427 section 4 */
static const struct layer *
nlpid_layer(struct decode *d, uint8_t nlpid)
{
	switch (nlpid) {
	case 0xcc:
		return &layer_ipv4;
	case 0x8e:
		return &layer_ipv6;
	case 0x80:
		return &layer_snap;
	case 0xcf:
		return &layer_ppp;
	default:
		return decode_stop(d, LEDGER_NOT_IP);
	}
}

/*
 * RFC 2427 section 3: an address of 2 to 4 octets, whose last one has its lowest bit set, then
 *
 *   0                   1                   2
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
 *  +---------------+---------------+---------------+
 *  | Control 0x03  | Pad 0 (maybe) |     NLPID     |
 *  +---------------+---------------+---------------+
 *
 * or, as Cisco has it, an EtherType.
 */
static const struct layer *
decode_frame_relay(struct decode *d)
{
	uint8_t octet = wire_u8(&d->w);

	for (int i = 0; i < 3 && !(octet & 1); i++)
		octet = wire_u8(&d->w);
	struct wire peek = d->w;
	uint16_t type = wire_u16(&peek);
	if (!wire_ok(&peek))
		return decode_short(d, LEDGER_BAD_LINK);
	if (!(octet & 1))
		return decode_stop(d, LEDGER_BAD_LINK);
	d->w = peek;
	if (type >> 8 != 0x03)
		return decode_ethertype(d, type);
	uint8_t nlpid = type & 0xff;
	if (nlpid == 0)
		nlpid = wire_u8(&d->w);
	return wire_ok(&d->w) ? nlpid_layer(d, nlpid) : decode_short(d, LEDGER_BAD_LINK);
}

const struct layer layer_ppp = { decode_ppp };
const struct layer layer_ppp_directed = { decode_ppp_directed };
const struct layer layer_pppoe = { decode_pppoe };
const struct layer layer_hdlc = { decode_hdlc };
const struct layer layer_frame_relay = { decode_frame_relay };
