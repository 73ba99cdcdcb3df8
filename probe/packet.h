/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What decoding makes of a packet: the one summary that flow table, classifier and counters take. Nothing behind the
 * decoder looks at packet bytes again, except modules at the payload.
 */
#ifndef NETMON_PROBE_PACKET_H
#define NETMON_PROBE_PACKET_H

#include "lib/addr.h"

#include <stdint.h>

/* What the innermost IP header says of fragmentation. */
enum packet_fragment {
	FRAGMENT_NONE = 0,  /* a whole packet */
	FRAGMENT_FIRST = 1, /* has the transport header, and others follow */
	FRAGMENT_LATER =
	    2, /* ports 0 and no payload until fragment_resolve() found the first one */
};

struct packet {
	uint64_t ts_ns;    /* packet time, nanoseconds since 1970-01-01 UTC */
	struct addr saddr; /* of the innermost IP header */
	struct addr daddr;
	uint16_t sport; /* host byte order; 0 without ports */
	uint16_t dport;
	uint8_t protocol;  /* IP protocol number, IPv6: after the extension headers */
	uint8_t tcp_flags; /* RFC 9293 section 3.1, low octet; 0 unless TCP */
	uint32_t tcp_seq;  /* RFC 9293 section 3.1, sequence number; 0 unless TCP */
	uint16_t vlan;     /* outermost VLAN id, VLAN_NONE without a tag */
	uint16_t link;     /* index of the capture source */
	uint32_t octets;   /* total length by the innermost IP header */
	uint32_t tunnel;   /* encapsulations around that header (lib/tunnel.h) */
	uint32_t
	    fragment_id;  /* identification by that header, if `fragment` is not FRAGMENT_NONE */
	uint8_t fragment; /* enum packet_fragment */
	const uint8_t *payload;    /* behind the transport header; valid until the next packet */
	uint32_t payload_len;      /* captured octets of it */
	uint32_t payload_wire_len; /* octets of it that were sent */
};

/* TCP flags, RFC 9293 section 3.1 */
#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u

#endif
