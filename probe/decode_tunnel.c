/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tunnels behind an IP header. */
#include "probe/decode_layer.h"

#define GRE_CHECKSUM 0x8000u
#define GRE_KEY      0x2000u
#define GRE_SEQUENCE 0x1000u
/* Routing, strict source route and recursion of RFC 1701, which RFC 2784 section 2.3 withdrew, and the version: 1 is
 * that of PPTP (RFC 2637) and carries PPP. */
#define GRE_OTHER 0x4f07u

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
 *
 * A fragment is not entered: its inner length would count what the later fragments bring again.
 */
static const struct layer *
decode_gre(struct decode *d)
{
	struct wire w = d->w;
	unsigned flags = wire_u16(&w);
	uint16_t type = wire_u16(&w);

	if (wire_ok(&w) && (d->fragment || flags & GRE_OTHER))
		return decode_leaf(d);
	wire_skip(&w, (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0) +
	                  (flags & GRE_SEQUENCE ? 4 : 0));
	if (!wire_ok(&w))
		return decode_short(d, LEDGER_BAD_TRANSPORT);
	decode_enter(d);
	d->w = w;
	return decode_ethertype(d, type);
}

const struct layer layer_gre = { decode_gre };
