/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IEEE 802.11 frames and the headers that monitor mode puts before them. */
#include "probe/decode_layer.h"

/* Frame control, first octet: version, type, subtype; second octet: flags. */
#define FC_KIND      0x0fu /* version and type */
#define FC_DATA      0x08u /* version 0, data */
#define FC_NO_DATA   0x40u /* bit of the subtype: a header alone */
#define FC_QOS       0x80u /* bit of the subtype: the header has a QoS control field */
#define FC_TO_DS     0x01u
#define FC_FROM_DS   0x02u
#define FC_PROTECTED 0x40u
#define FC_ORDER     0x80u /* with QoS: the header has an HT control field */
#define QOS_AMSDU    0x80u

#define WLAN_HEADER    24u
#define ADDRESS_4      6u
#define HT_CONTROL     4u
#define AMSDU_HEADER   14u
#define RADIOTAP_MIN   8u
#define RADIOTAP_TSFT  0x01u
#define RADIOTAP_FLAGS 0x02u
#define RADIOTAP_EXT   0x80000000u
#define RADIOTAP_WORDS 32    /* bitmaps; drivers write up to 6 */
#define RADIOTAP_PAD   0x20u /* flag: the 802.11 header is padded to a multiple of 4 */
#define AVS_MAGIC      0x80211000u
#define AVS_MAGIC_MASK 0xfffff000u
#define PRISM_HEADER   144u

/*
 * IEEE 802.11 clause 9.3.2.1: data frames. Of others, and of encrypted ones, nothing is IP. `pad` is what the header's
 * length is padded to a multiple of.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---+---+-------+---------------+-------------------------------+
 *  |Ver|Typ|Subtype|     Flags     |           Duration            |
 *  +---+---+-------+---------------+-------------------------------+
 *  |        Address 1, address 2, address 3 (6 octets each)        |
 *  +-------------------------------+-------------------------------+
 *  |       Sequence control        |  Address 4 (if to and from DS)|
 *  +-------------------------------+-------------------------------+
 *  |       QoS control (if QoS)    |    HT control (if order)      |
 *  +-------------------------------+-------------------------------+
 *
 * (bits of an octet from the lowest to the highest)
 *
 * The payload of an aggregate (A-MSDU, clause 9.3.2.2) are frames of their own: two addresses, u16 length, LLC. The first
 * one is what the frame is counted for.
 */
static const struct layer *
wlan_data(struct decode *d, uint8_t control, uint8_t flags, uint32_t pad)
{
	bool qos = (control & FC_QOS) != 0;
	bool four = (flags & FC_TO_DS) && (flags & FC_FROM_DS);
	uint32_t header = WLAN_HEADER + (four ? ADDRESS_4 : 0);
	uint32_t whole = header + (qos ? 2 : 0) + (qos && flags & FC_ORDER ? HT_CONTROL : 0);
	struct wire h;

	if ((control & FC_KIND) != FC_DATA || control & FC_NO_DATA || flags & FC_PROTECTED)
		return decode_stop(d, LEDGER_NOT_IP);
	if (!decode_header(d, whole - 2, &h)) /* frame control is behind us */
		return decode_short(d, LEDGER_BAD_LINK);
	wire_skip(&d->w, (pad - whole % pad) % pad);
	wire_skip(&h, header - 2);
	if (qos && wire_u8(&h) & QOS_AMSDU)
		wire_skip(&d->w, AMSDU_HEADER);
	return wire_ok(&d->w) ? &layer_llc : decode_short(d, LEDGER_BAD_LINK);
}

static const struct layer *
wlan(struct decode *d, uint32_t pad)
{
	uint16_t control = wire_u16(&d->w);

	if (!wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_LINK);
	return wlan_data(d, (uint8_t)(control >> 8), control & 0xff, pad);
}

static const struct layer *
decode_wlan(struct decode *d)
{
	return wlan(d, 1);
}

static const struct layer *
decode_wlan_padded(struct decode *d)
{
	return wlan(d, 4);
}

const struct layer layer_wlan = { decode_wlan };
static const struct layer layer_wlan_padded = { decode_wlan_padded };

/* The flags of a radiotap header, from the fields behind the bitmaps; 0 without them. */
static uint8_t
radiotap_flags(struct wire header)
{
	uint32_t present = __builtin_bswap32(wire_u32(&header)), more = present;
	size_t at = RADIOTAP_MIN;

	for (int i = 0; i < RADIOTAP_WORDS && more & RADIOTAP_EXT; i++, at += 4)
		more = __builtin_bswap32(wire_u32(&header));
	if (more & RADIOTAP_EXT || !(present & RADIOTAP_FLAGS))
		return 0;
	if (present & RADIOTAP_TSFT) /* 8 octets, aligned so from the header's begin */
		wire_skip(&header, (at % 8 ? 4 : 0) + 8);
	return wire_u8(&header);
}

/*
 * https://www.radiotap.org, little-endian: u8 version (0), u8 padding, u16 length, u32 bitmaps of the fields that follow
 * (bit 31: another one follows), fields.
 */
static const struct layer *
decode_radiotap(struct decode *d)
{
	struct wire peek = d->w;
	uint8_t version = wire_u8(&peek);

	wire_skip(&peek, 1);
	uint16_t len = __builtin_bswap16(wire_u16(&peek));
	wire_skip(&d->w, len);
	if (!wire_ok(&d->w) || !wire_ok(&peek))
		return decode_short(d, LEDGER_BAD_LINK);
	if (version != 0 || len < RADIOTAP_MIN)
		return decode_stop(d, LEDGER_BAD_LINK);
	wire_limit(&peek, len - 4u);
	return radiotap_flags(peek) & RADIOTAP_PAD ? &layer_wlan_padded : &layer_wlan;
}

/* AVS: u32 magic number and version, u32 length of this header, fields. */
static const struct layer *
decode_avs(struct decode *d)
{
	struct wire peek = d->w;

	wire_skip(&peek, 4);
	uint32_t len = wire_u32(&peek);
	wire_skip(&d->w, len);
	if (!wire_ok(&peek) || !wire_ok(&d->w))
		return decode_short(d, LEDGER_BAD_LINK);
	return len < 8 ? decode_stop(d, LEDGER_BAD_LINK) : &layer_wlan;
}

/* Prism: 144 octets; the same link type is used for AVS, whose magic number tells. */
static const struct layer *
decode_prism(struct decode *d)
{
	struct wire peek = d->w;
	uint32_t magic = wire_u32(&peek);

	if (wire_ok(&peek) && (magic & AVS_MAGIC_MASK) == AVS_MAGIC)
		return &layer_avs;
	wire_skip(&d->w, PRISM_HEADER);
	return wire_ok(&d->w) ? &layer_wlan : decode_short(d, LEDGER_BAD_LINK);
}

const struct layer layer_radiotap = { decode_radiotap };
const struct layer layer_prism = { decode_prism };
const struct layer layer_avs = { decode_avs };
