/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Headers that were never on a wire: what the capturing system put before the packet. */
#include "probe/decode_layer.h"

#define SLL_802_2  0x0004u /* the EtherType's place says that IEEE 802.2 follows */
#define TLV_MAX    64      /* of an NFLOG packet; the kernel writes fewer than 20 */
#define TLV_PACKET 9u      /* NFULA_PAYLOAD */

/* LINKTYPE_RAW: an IP header, of the version that its first four bits say. */
static const struct layer *
decode_raw_ip(struct decode *d)
{
	return decode_ip_version(d, LEDGER_BAD_IP);
}

/* The layer of an address family's number; IPv6 has one in each system. */
static const struct layer *
family_layer(struct decode *d, uint32_t family)
{
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
	return family_layer(d, family);
}

/* What looks like a length is one of Linux's own protocol numbers here. */
static const struct layer *
sll_protocol(struct decode *d, uint16_t type)
{
	const struct layer *layer = type == SLL_802_2 ? &layer_llc : decode_ethertype_layer(type);

	return layer ? layer : decode_stop(d, LEDGER_NOT_IP);
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
	return sll_protocol(d, wire_u16(&h));
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
	return sll_protocol(d, wire_u16(&h));
}

static uint16_t
host_u16(struct wire *w)
{
	uint16_t n = 0;

	wire_copy(w, &n, sizeof(n));
	return n;
}

/*
 * LINKTYPE_NFLOG: u8 address family, u8 version, u16 group, then attributes: u16 length (with these 4 octets) and u16 type
 * in the byte order of the machine that captured (libpcap turns it into ours), value, padding to 4 octets. One of them is
 * the packet.
 */
static const struct layer *
decode_nflog(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 4, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	uint8_t family = wire_u8(&h);
	for (int i = 0; i < TLV_MAX; i++) {
		uint32_t len = host_u16(&d->w);
		uint16_t type = host_u16(&d->w) & 0x7fff;
		if (!wire_ok(&d->w) || len < 4)
			break;
		if (type == TLV_PACKET) {
			decode_limit(d, len - 4);
			return family_layer(d, family);
		}
		wire_skip(&d->w, (len - 4 + 3) & ~3u);
	}
	return wire_ok(&d->w) ? decode_stop(d, LEDGER_BAD_LINK) : decode_short(d, LEDGER_BAD_LINK);
}

static uint32_t
little_u32(struct wire *w)
{
	return __builtin_bswap32(wire_u32(w));
}

/*
 * LINKTYPE_PPI, little-endian: u8 version, u8 flags, u16 length of header and fields, u32 link type of what follows.
 */
static const struct layer *
decode_ppi(struct decode *d)
{
	struct wire h;

	if (!decode_header(d, 8, &h))
		return decode_short(d, LEDGER_BAD_LINK);
	wire_skip(&h, 2);
	uint16_t len = __builtin_bswap16(wire_u16(&h));
	uint32_t dlt = little_u32(&h);
	if (len < 8)
		return decode_stop(d, LEDGER_BAD_LINK);
	wire_skip(&d->w, len - 8u);
	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_LINK);
	const struct layer *layer = dlt <= INT32_MAX ? decode_link_layer((int)dlt) : NULL;
	return layer ? layer : decode_stop(d, LEDGER_NOT_IP);
}

const struct layer layer_raw_ip = { decode_raw_ip };
const struct layer layer_null = { decode_null };
const struct layer layer_sll = { decode_sll };
const struct layer layer_sll2 = { decode_sll2 };
const struct layer layer_nflog = { decode_nflog };
const struct layer layer_ppi = { decode_ppi };
