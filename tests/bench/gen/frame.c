/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts headers around payloads. */
#include "tests/bench/gen/frame.h"

#include <string.h>

#define ETHER_IP4   0x0800u
#define ETHER_IP6   0x86ddu
#define ETHER_VLAN  0x8100u
#define TCP_SIZE    20u
#define UDP_SIZE    8u
#define ICMP_SIZE   8u
#define DONT_SPLIT  0x4000u /* RFC 791 section 3.1: flag DF */
#define FILL_SIZE   2048u
#define TUNNEL_ENDS 8u /* sites that GRE packets go between */

static uint8_t fill[FILL_SIZE];
static uint32_t fill_sums[FILL_SIZE / 2 + 1]; /* of the 16-bit words before each, RFC 1071 */

static uint32_t
sum16(uint32_t sum, const uint8_t *octets, size_t len)
{
	for (; len > 1; octets += 2, len -= 2)
		sum += (uint32_t)octets[0] << 8 | octets[1];
	return len ? sum + ((uint32_t)octets[0] << 8) : sum;
}

static uint16_t
sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffffu) + (sum >> 16);
	return (uint16_t)~sum;
}

void
frame_fill_init(uint64_t seed)
{
	for (size_t i = 0; i < FILL_SIZE; i++)
		fill[i] = (uint8_t)draw(&seed);
	for (size_t i = 0; i < FILL_SIZE / 2; i++)
		fill_sums[i + 1] = fill_sums[i] + ((uint32_t)fill[2 * i] << 8 | fill[2 * i + 1]);
}

/* Checksum of a segment's payload without reading the fill again. */
static uint32_t
payload_sum(const struct segment *s)
{
	uint32_t sum = sum16(fill_sums[s->fill_len / 2], s->head, s->head_len);

	return s->fill_len % 2 ? sum + ((uint32_t)fill[s->fill_len - 1] << 8) : sum;
}

size_t
frame_put_ether(uint8_t *at, unsigned ether_type)
{
	static const uint8_t stations[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memcpy(at, stations, sizeof(stations));
	put16(at + 12, ether_type);
	return ETHER_SIZE;
}

size_t
frame_put_ip4(uint8_t *at, const uint32_t ends[2], uint8_t protocol, size_t len, unsigned id,
              unsigned fragment)
{
	memset(at, 0, IP4_SIZE);
	at[0] = 0x45;
	put16(at + 2, (unsigned)(len + IP4_SIZE));
	put16(at + 4, id);
	put16(at + 6, fragment);
	at[8] = 64;
	at[9] = protocol;
	put32(at + 12, ends[0]);
	put32(at + 16, ends[1]);
	put16(at + 10, sum_end(sum16(0, at, IP4_SIZE)));
	return IP4_SIZE;
}

size_t
frame_put_ip6(uint8_t *at, const uint32_t ends[2], uint8_t protocol, size_t len)
{
	memset(at, 0, IP6_SIZE);
	at[0] = 0x60;
	put16(at + 4, (unsigned)len);
	at[6] = protocol;
	at[7] = 64;
	for (size_t i = 0; i < 2; i++) {
		put32(at + 8 + 16 * i, 0x20010db8u);
		put32(at + 20 + 16 * i, ends[i]);
	}
	return IP6_SIZE;
}

/* Checksum of the addresses, the protocol and the length, RFC 9293 section 3.1, RFC 8200 section 8.1. */
static uint32_t
pseudo_sum(const struct flow *f, uint8_t protocol, size_t len)
{
	uint32_t sum = (f->client >> 16) + (f->client & 0xffffu) + (f->server >> 16) +
	               (f->server & 0xffffu) + protocol + (uint32_t)len;

	return f->ipv6 ? sum + 2 * (0x2001u + 0x0db8u) : sum;
}

static size_t
put_tcp(uint8_t *at, struct flow *f, const struct segment *s)
{
	bool back = s->to_client;
	size_t payload = s->head_len + s->fill_len, len = TCP_SIZE + payload;

	memset(at, 0, TCP_SIZE);
	put16(at, back ? f->server_port : f->client_port);
	put16(at + 2, back ? f->client_port : f->server_port);
	put32(at + 4, f->seq[back]);
	put32(at + 8, s->tcp_flags & TCP_ACK ? f->seq[!back] : 0);
	at[12] = 5 << 4;
	at[13] = s->tcp_flags;
	put16(at + 14, 65535);
	uint32_t sum = sum16(pseudo_sum(f, PROTO_TCP, len) + payload_sum(s), at, TCP_SIZE);
	put16(at + 16, sum_end(sum));
	f->seq[back] += (uint32_t)payload + ((s->tcp_flags & (TCP_SYN | TCP_FIN)) != 0);
	return TCP_SIZE;
}

static size_t
put_udp(uint8_t *at, const struct flow *f, const struct segment *s)
{
	size_t len = UDP_SIZE + s->head_len + s->fill_len;

	put16(at, s->to_client ? f->server_port : f->client_port);
	put16(at + 2, s->to_client ? f->client_port : f->server_port);
	put16(at + 4, (unsigned)len);
	put16(at + 6, 0);
	uint16_t sum = sum_end(sum16(pseudo_sum(f, PROTO_UDP, len) + payload_sum(s), at, UDP_SIZE));
	put16(at + 6, sum ? sum : 0xffff); /* 0 would say that there is none, RFC 768 */
	return UDP_SIZE;
}

/* Echo and its reply: RFC 792, RFC 4443 section 4. */
static size_t
put_icmp(uint8_t *at, const struct flow *f, const struct segment *s)
{
	size_t len = ICMP_SIZE + s->head_len + s->fill_len;
	uint32_t sum = payload_sum(s);

	memset(at, 0, ICMP_SIZE);
	at[0] = f->ipv6 ? (s->to_client ? 129 : 128) : (s->to_client ? 0 : 8);
	put16(at + 4, f->client_port);
	put16(at + 6, f->sent / 2);
	if (f->ipv6)
		sum += pseudo_sum(f, PROTO_ICMP6, len);
	put16(at + 2, sum_end(sum16(sum, at, ICMP_SIZE)));
	return ICMP_SIZE;
}

static size_t
put_transport(uint8_t *at, struct flow *f, const struct segment *s)
{
	if (s->protocol == PROTO_TCP)
		return put_tcp(at, f, s);
	return s->protocol == PROTO_UDP ? put_udp(at, f, s) : put_icmp(at, f, s);
}

static size_t
transport_size(uint8_t protocol)
{
	return protocol == PROTO_TCP ? TCP_SIZE : UDP_SIZE; /* ICMP's is as long as UDP's */
}

/* Ethernet, VLAN tag and tunnel, for `len` octets of the inner IP packet; their octets. */
static size_t
put_outer(uint8_t *frame, const struct flow *f, bool to_client, size_t len)
{
	unsigned type = f->ipv6 ? ETHER_IP6 : ETHER_IP4;
	unsigned outer = f->gre ? ETHER_IP4 : type;
	size_t at = frame_put_ether(frame, f->vlan ? ETHER_VLAN : outer);

	if (f->vlan) {
		put16(frame + at, f->vlan);
		put16(frame + at + 2, outer);
		at += 4;
	}
	if (f->gre) { /* RFC 2784: no flags, version 0, the type inside */
		uint32_t near = 0xc0000201u, far = 0xc6336401u + f->server % TUNNEL_ENDS;
		const uint32_t ends[2] = { to_client ? far : near, to_client ? near : far };
		at += frame_put_ip4(frame + at, ends, PROTO_GRE, len + 4, 0, DONT_SPLIT);
		put16(frame + at, 0);
		put16(frame + at + 2, type);
		at += 4;
	}
	return at;
}

uint32_t
frame_put(uint8_t *frame, struct flow *f, const struct segment *s, uint32_t *ret_ip_octets)
{
	size_t payload = s->head_len + s->fill_len;
	size_t inner = transport_size(s->protocol) + payload;
	size_t total = inner + (f->ipv6 ? IP6_SIZE : IP4_SIZE);
	const uint32_t ends[2] = { s->to_client ? f->server : f->client,
		                   s->to_client ? f->client : f->server };
	uint8_t protocol = f->ipv6 && s->protocol == PROTO_ICMP ? PROTO_ICMP6 : s->protocol;

	size_t at = put_outer(frame, f, s->to_client, total);
	at += f->ipv6 ? frame_put_ip6(frame + at, ends, protocol, inner)
	              : frame_put_ip4(frame + at, ends, protocol, inner, f->sent, DONT_SPLIT);
	at += put_transport(frame + at, f, s);
	memcpy(frame + at, s->head, s->head_len);
	memcpy(frame + at + s->head_len, fill, s->fill_len);
	*ret_ip_octets = (uint32_t)total;
	return (uint32_t)(at + payload);
}
