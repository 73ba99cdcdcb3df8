/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MPLS and what its labels carry. */
#include "probe/decode_layer.h"

#define LABELS_MAX   16 /* of a stack; networks use up to 6, segment routing up to 12 */
#define CONTROL_WORD 4u
#define MAC_PAIR     12u

/* The EtherType of an Ethernet frame that would begin `at` octets behind the cursor; 0 when it was not captured. */
static uint16_t
ethertype_at(const struct decode *d, size_t at)
{
	struct wire peek = d->w;

	wire_skip(&peek, at + MAC_PAIR);
	return wire_u16(&peek);
}

/*
 * RFC 4385 section 3, RFC 4448 section 4.6: Ethernet behind a control word. The first four bits of the word are 0 so
 * that it does not look like IP; 1 is an associated channel (RFC 4385 section 5), whose content is not the customer's.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-------+---+-----------+-------------------------------+
 *  |0 0 0 0| Flags |FRG|  Length   |        Sequence number        |
 *  +-------+-------+---+-----------+-------------------------------+
 *
 * Nothing in the packet tells whether there is a word, so the EtherType has to: it is looked for where it is with a
 * word, then where it is without.
 */
static const struct layer *
enter_pseudowire(struct decode *d, unsigned nibble)
{
	if (nibble == 0 && decode_ethertype_layer(ethertype_at(d, CONTROL_WORD)))
		wire_skip(&d->w, CONTROL_WORD);
	else if (!decode_ethertype_layer(ethertype_at(d, 0)))
		return decode_stop(d, LEDGER_NOT_IP);
	decode_push(d, TUNNEL_PSEUDOWIRE);
	return &layer_ethernet;
}

/*
 * RFC 3032 section 2.1: label stack entries, of which the one with S set is the last. The stack is one layer.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------+-----+-+---------------+
 *  |                 Label                 | TC  |S|  Time to live |
 *  +---------------------------------------+-----+-+---------------+
 *
 * What the labels carry is not said: RFC 4928 section 3 is why the first four bits tell IP from the rest.
 */
static const struct layer *
decode_mpls(struct decode *d)
{
	uint32_t entry = 0;

	for (int i = 0; i < LABELS_MAX && !(entry & 0x100); i++)
		entry = wire_u32(&d->w);
	struct wire peek = d->w;
	unsigned nibble = wire_u8(&peek) >> 4;
	if (!wire_ok(&peek))
		return decode_short(d, LEDGER_BAD_LINK);
	if (!(entry & 0x100))
		return decode_stop(d, LEDGER_TOO_DEEP);
	decode_push(d, TUNNEL_MPLS);
	if (nibble == 4)
		return &layer_ipv4;
	return nibble == 6 ? &layer_ipv6 : enter_pseudowire(d, nibble);
}

const struct layer layer_mpls = { decode_mpls };
