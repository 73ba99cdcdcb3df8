/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames: Ethernet, VLAN, GRE, IPv4 and IPv6, TCP, UDP and ICMP around a payload, with right checksums. Any thread. */
#ifndef NETMON_TESTS_BENCH_FRAME_H
#define NETMON_TESTS_BENCH_FRAME_H

#include "tests/bench/gen/gen.h"

#define ETHER_SIZE 14u
#define IP4_SIZE   20u
#define IP6_SIZE   40u

/* IANA protocol numbers */
enum {
	PROTO_ICMP = 1,
	PROTO_IPIP = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_GRE = 47,
	PROTO_ICMP6 = 58
};

/* RFC 9293 section 3.1 */
enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08, TCP_ACK = 0x10 };

/* One packet of a conversation, before there are headers around it. */
struct segment {
	bool to_client;
	uint8_t protocol; /* PROTO_TCP, PROTO_UDP or PROTO_ICMP (ICMPv6 when the flow is) */
	uint8_t tcp_flags;
	size_t head_len; /* octets at head, then fill_len octets that mean nothing; even unless
	                  * fill_len is 0 */
	size_t fill_len; /* <= 1500 */
	const uint8_t *head;
};

static inline void
put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffffu);
}

/* Octets that mean nothing, for every frame the same. Call once before frame_put(). */
void frame_fill_init(uint64_t seed);

/* Writes the frame of a segment, counts the flow's sequence numbers on and sets *ret_ip_octets to the total length by
 * the innermost IP header. Octets of the frame, <= 1600. */
uint32_t frame_put(uint8_t *frame, struct flow *flow, const struct segment *segment,
                   uint32_t *ret_ip_octets);

/* Writes an Ethernet header; its octets. */
size_t frame_put_ether(uint8_t *at, unsigned ether_type);

/* Writes an IPv4 header with its checksum for `len` octets behind it; its octets. `fragment` is the 16 bits of flags and
 * offset, RFC 791 section 3.1. */
size_t frame_put_ip4(uint8_t *at, const uint32_t ends[2], uint8_t protocol, size_t len, unsigned id,
                     unsigned fragment);

/* The same for IPv6; `protocol` is the next header. Addresses are in 2001:db8::/32, which is for documentation (RFC 3849),
 * with the host's number in the last octets. */
size_t frame_put_ip6(uint8_t *at, const uint32_t ends[2], uint8_t protocol, size_t len);

#endif
