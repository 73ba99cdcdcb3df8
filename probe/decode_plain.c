/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The short way for the frames that are nearly all of the traffic of nearly every link. Each header is taken from the cursor
 * once, as a whole; reads within it need no check of their own, which the compiler sees. One VLAN tag at most, IP without options, fragments and
 * extension headers, TCP or UDP that is no tunnel. The diagrams are with the
 * layers (decode_link.c, decode_ip.c, decode_transport.c); what is odd in any way is left to them.
 */
#include "probe/decode_layer.h"

#define PROTO_TCP 6
#define PROTO_UDP 17

/* What an IP header says. */
struct plain_ip {
	uint32_t rest; /* octets behind the header */
	uint8_t protocol;
};

/* IPv4 without options, no fragment, with a total length. */
static inline bool
plain_ipv4(struct wire *w, struct packet *pkt, struct plain_ip *ret_ip)
{
	const uint8_t *bytes = wire_take(w, 20);

	if (!bytes)
		return false;
	struct wire h = wire_init(bytes, 20);
	uint32_t first = wire_u32(&h);
	uint32_t fragment = wire_u32(&h) & 0x3fff;
	uint32_t octets = first & 0xffff;
	if ((first >> 24) != 0x45 || fragment || octets < 20)
		return false;
	wire_skip(&h, 1);
	ret_ip->protocol = wire_u8(&h);
	ret_ip->rest = octets - 20;
	pkt->octets = octets;
	pkt->saddr = addr_from_v4(bytes + 12);
	pkt->daddr = addr_from_v4(bytes + 16);
	return true;
}

/* IPv6 with a payload length. */
static inline bool
plain_ipv6(struct wire *w, struct packet *pkt, struct plain_ip *ret_ip)
{
	const uint8_t *bytes = wire_take(w, 40);

	if (!bytes)
		return false;
	struct wire h = wire_init(bytes, 40);
	uint8_t version = wire_u8(&h) >> 4;
	wire_skip(&h, 3);
	ret_ip->rest = wire_u16(&h);
	ret_ip->protocol = wire_u8(&h);
	if (version != 6 || ret_ip->rest == 0)
		return false;
	pkt->octets = 40 + ret_ip->rest;
	pkt->saddr = addr_from_v6(bytes + 8);
	pkt->daddr = addr_from_v6(bytes + 24);
	return true;
}

/* The header's length, 0 when it is not plain: `rest` octets were sent from it on. */
static inline uint32_t
plain_tcp(struct wire w, uint32_t rest, struct packet *pkt)
{
	const uint8_t *bytes = wire_take(&w, 20);

	if (!bytes)
		return 0;
	struct wire h = wire_init(bytes, 20);
	uint32_t ports = wire_u32(&h);
	pkt->tcp_seq = wire_u32(&h);
	wire_skip(&h, 4);
	uint32_t header = (wire_u8(&h) >> 4) * 4u;
	pkt->tcp_flags = wire_u8(&h);
	pkt->sport = (uint16_t)(ports >> 16);
	pkt->dport = ports & 0xffff;
	return header >= 20 && header <= rest ? header : 0;
}

/* Likewise; *ret_rest is cut to what the UDP header says. */
static inline uint32_t
plain_udp(struct wire w, uint32_t *ret_rest, struct packet *pkt)
{
	const uint8_t *bytes = wire_take(&w, 8);

	if (!bytes)
		return 0;
	struct wire h = wire_init(bytes, 8);
	uint32_t ports = wire_u32(&h);
	uint32_t len = wire_u16(&h);
	pkt->tcp_flags = 0;
	pkt->tcp_seq = 0;
	pkt->sport = (uint16_t)(ports >> 16);
	pkt->dport = ports & 0xffff;
	if (len < 8 || *ret_rest < 8 || decode_may_be_tunnel(ports >> 16, ports & 0xffff))
		return 0;
	if (len < *ret_rest)
		*ret_rest = len;
	return 8;
}

/* The EtherType behind the addresses and at most one tag; 0 when there is more. */
static inline uint32_t
plain_ethernet(struct wire *w, struct packet *pkt)
{
	const uint8_t *bytes = wire_take(w, 14);

	pkt->vlan = VLAN_NONE;
	if (!bytes)
		return 0;
	struct wire h = wire_init(bytes + 12, 2);
	uint32_t type = wire_u16(&h);
	if (type != 0x8100)
		return type;
	uint32_t tag = wire_u32(w);
	if (!wire_ok(w))
		return 0;
	uint32_t id = tag >> 16 & 0x0fff;
	if (id != 0x0fff)
		pkt->vlan = (uint16_t)id;
	return tag & 0xffff;
}

/* False with *ret_packet undefined when the frame is not plain; what it makes of one that is equals what the layers make
 * of it. */
static inline bool
decode_plain(const struct frame_bytes *frame, struct packet *ret_packet)
{
	struct wire w = wire_init(frame->bytes, frame->len);
	struct plain_ip ip;
	uint32_t header;

	uint32_t type = plain_ethernet(&w, ret_packet);
	if (type == 0x0800 ? !plain_ipv4(&w, ret_packet, &ip)
	                   : type != 0x86dd || !plain_ipv6(&w, ret_packet, &ip))
		return false;
	wire_limit(&w, ip.rest);
	if (ip.protocol == PROTO_TCP)
		header = plain_tcp(w, ip.rest, ret_packet);
	else if (ip.protocol == PROTO_UDP)
		header = plain_udp(w, &ip.rest, ret_packet);
	else
		return false;
	if (!header || header > wire_left(&w))
		return false;
	wire_skip(&w, header);
	wire_limit(&w, ip.rest - header);
	ret_packet->ts_ns = frame->ts_ns;
	ret_packet->link = frame->link;
	ret_packet->protocol = ip.protocol;
	ret_packet->tunnel = 0;
	ret_packet->fragment = FRAGMENT_NONE;
	ret_packet->payload = w.at;
	ret_packet->payload_len = (uint32_t)wire_left(&w);
	ret_packet->payload_wire_len = ip.rest - header;
	return true;
}

enum ledger_cause
decode_packet(const struct decode_link *link, const struct frame_bytes *frame, unsigned flags,
              struct packet *ret_packet)
{
	if (link->first == &layer_ethernet && decode_plain(frame, ret_packet))
		return LEDGER_METERED;
	return decode_layers(link->first, frame, flags, ret_packet);
}
