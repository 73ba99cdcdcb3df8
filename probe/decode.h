/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the bytes of a frame to struct packet. Life cycle: decode_link_find() once for a capture's link type, then
 * decode_packet() for every frame. No state between frames; any thread.
 *
 * The innermost IP packet that decodes is the flow. A tunnel whose inside is no IP (ARP, encrypted PPP), or whose inside
 * does not decode, is therefore metered as the flow of its own IP header, and nothing is lost by looking further in.
 * Of a tunnel's packet that was fragmented, the first fragment counts for the packet inside, with its whole length; the later
 * ones have no header of it and count as packets of the tunnel. A tunnel in UDP is not entered in a fragment, because then
 * its structure cannot be checked.
 *
 * Adding an encapsulation is one function and one row: link types in decode.c, EtherTypes in decode_link.c, PPP protocols in
 * decode_ppp.c, IP protocols in decode_ip.c, GRE protocol types in decode_tunnel.c, UDP ports in decode_udp_tunnel.c.
 */
#ifndef NETMON_PROBE_DECODE_H
#define NETMON_PROBE_DECODE_H

#include "lib/record.h"
#include "probe/packet.h"

#include <stddef.h>
#include <stdint.h>

/* Layers that are followed, from the link layer inwards: tags, IP headers, IPv6 extension headers, tunnels. Honest
 * traffic stays below ten; the cap bounds what a crafted frame can cost. */
#define DECODE_DEPTH_MAX 16

/* Flags of decode_packet() */
#define DECODE_NO_DECAP 0x1u /* the outermost IP header is the flow */

/* A frame as the capture gives it. */
struct frame_bytes {
	uint64_t ts_ns; /* capture time, nanoseconds since 1970-01-01 UTC */
	const uint8_t *bytes;
	uint32_t len;      /* octets captured */
	uint32_t wire_len; /* octets sent; below `len` counts as `len` */
	uint16_t link;     /* index of the capture source */
};

struct decode_link;

/* The link types that there is a decoder for, in words: for the message about any other. */
extern const char decode_links_text[];

/* The decoder of a link type (DLT_*, as pcap_datalink() says); NULL when there is none. */
const struct decode_link *decode_link_find(int dlt);

/* Decodes one frame. LEDGER_METERED with *ret_packet filled, else the cause that the frame is counted under:
 * LEDGER_TRUNCATED, _NOT_IP, _BAD_LINK, _BAD_IP, _BAD_TRANSPORT or _TOO_DEEP, with *ret_packet undefined.
 *
 * `octets` is the IP header's total length. A total length of 0 (segmentation offload: the length did not fit or was not
 * known yet) counts the octets that were sent. Octets behind the total length are padding and are dropped; fewer captured than
 * the total length is fine as long as the headers are whole (TCP: without its options).
 * The payload of IP protocols without ports is all that follows the IP headers, for ICMP its own header included. A
 * fragment that is not the first one has ports 0 and no payload until fragment_resolve() (probe/fragment.h). */
enum ledger_cause decode_packet(const struct decode_link *link, const struct frame_bytes *frame,
                                unsigned flags, struct packet *ret_packet);

#endif
