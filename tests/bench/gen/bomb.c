/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames that are made to cost their reader much: headers inside headers, and datagrams in very many fragments. */
#include "tests/bench/gen/frame.h"
#include "tests/bench/gen/writer.h"

#include <string.h>

#define ETHER_IP4     0x0800u
#define ETHER_IP6     0x86ddu
#define ETHER_VLAN    0x8100u
#define ETHER_MPLS    0x8847u
#define MPLS_BOTTOM   0x100u  /* RFC 3032 section 2.1: the S bit */
#define FRAGMENTS     8189u   /* of eight octets in a datagram of 65,512 */
#define FRAGMENT_SIZE 8u      /* octets, also the unit of the offset */
#define MORE          0x2000u /* RFC 791 section 3.1: flag MF */
#define IP6_FRAGMENT  44u     /* RFC 8200 section 4.5 */
#define SOURCE_BASE   0x0a000000u
#define TARGET        0x2d000001u

/* --- nested ------------------------------------------------------------------------------------------------------ */

/* Octets that one level takes. */
static const size_t level_size[LAYER_COUNT] = {
	[LAYER_GRE] = IP4_SIZE + 4, [LAYER_IPIP] = IP4_SIZE, [LAYER_MPLS] = 4, [LAYER_VLAN] = 4
};

static const uint16_t first_type[LAYER_COUNT] = { [LAYER_GRE] = ETHER_IP4,
	                                          [LAYER_IPIP] = ETHER_IP4,
	                                          [LAYER_MPLS] = ETHER_MPLS,
	                                          [LAYER_VLAN] = ETHER_VLAN };

/* One level with `inside` octets in it. */
static void
put_level(uint8_t *at, unsigned layer, size_t inside, bool last, const uint32_t ends[2])
{
	switch (layer) {
	case LAYER_GRE:
		at += frame_put_ip4(at, ends, PROTO_GRE, inside + 4, 0, 0);
		put32(at, ETHER_IP4);
		break;
	case LAYER_IPIP:
		(void)frame_put_ip4(at, ends, PROTO_IPIP, inside, 0, 0);
		break;
	case LAYER_MPLS:
		put32(at, 100u << 12 | (last ? MPLS_BOTTOM : 0) | 64);
		break;
	default:
		put16(at, 100);
		put16(at + 2, last ? ETHER_IP4 : ETHER_VLAN);
		break;
	}
}

/* `depth` levels around a UDP packet of 8 octets; octets of the frame. */
static uint32_t
put_nested(uint8_t *frame, const struct gen_options *o, uint32_t number)
{
	const uint32_t ends[2] = { SOURCE_BASE + number % 50000u, TARGET };
	size_t at = frame_put_ether(frame, first_type[o->layer]);
	size_t size = level_size[o->layer], inner = IP4_SIZE + 16;

	for (uint64_t level = o->depth; level > 0; level--) {
		put_level(frame + at, o->layer, (level - 1) * size + inner, level == 1, ends);
		at += size;
	}
	at += frame_put_ip4(frame + at, ends, PROTO_UDP, 16, 0, 0);
	memset(frame + at, 0, 16);
	put16(frame + at, 4000);
	put16(frame + at + 2, 4001);
	put16(frame + at + 4, 16);
	return (uint32_t)at + 16;
}

int
bomb_generate(const struct gen_options *o, struct writer *out)
{
	static uint8_t frame[FRAME_MOST + ETHER_SIZE];

	if (o->depth * level_size[o->layer] + ETHER_SIZE + IP4_SIZE + 16 > FRAME_MOST)
		return -1;
	for (uint64_t i = 0; i < o->packets && !out->failed; i++)
		writer_put(out, i * 1000000 / o->rate, frame, put_nested(frame, o, (uint32_t)i), 0);
	return 0;
}

/* --- fragments --------------------------------------------------------------------------------------------------- */

/* Fragment `k` of a datagram. The first one has its UDP header, the others nothing but zeros. */
static uint32_t
put_fragment(uint8_t *frame, const struct gen_options *o, uint32_t datagram, uint32_t k)
{
	const uint32_t ends[2] = { SOURCE_BASE + datagram, TARGET };
	bool ipv6 = datagram % 100 < o->ipv6;
	uint16_t more = k + 1 < FRAGMENTS;
	size_t at = frame_put_ether(frame, ipv6 ? ETHER_IP6 : ETHER_IP4);

	if (ipv6) {
		at += frame_put_ip6(frame + at, ends, IP6_FRAGMENT, 8 + FRAGMENT_SIZE);
		put16(frame + at, PROTO_UDP << 8);
		put16(frame + at + 2, k * FRAGMENT_SIZE | more);
		put32(frame + at + 4, datagram);
		at += 8;
	} else {
		at += frame_put_ip4(frame + at, ends, PROTO_UDP, FRAGMENT_SIZE, datagram & 0xffffu,
		                    k | (more ? MORE : 0));
	}
	memset(frame + at, 0, FRAGMENT_SIZE);
	if (k == 0) {
		put16(frame + at, 4000);
		put16(frame + at + 2, 4001);
		put16(frame + at + 4, FRAGMENTS * FRAGMENT_SIZE);
	}
	return (uint32_t)(at + FRAGMENT_SIZE);
}

/* `flows` datagrams take turns; of every other one the last fragment comes first. */
int
fragments_generate(const struct gen_options *o, struct writer *out)
{
	uint8_t frame[128];

	for (uint64_t i = 0; i < o->packets && !out->failed; i++) {
		uint32_t round = (uint32_t)(i / (o->flows * FRAGMENTS));
		uint32_t datagram = (uint32_t)(i % o->flows + round * o->flows);
		uint32_t k = (uint32_t)(i / o->flows % FRAGMENTS);
		uint32_t len =
		    put_fragment(frame, o, datagram, datagram % 2 ? FRAGMENTS - 1 - k : k);
		writer_put(out, i * 1000000 / o->rate, frame, len, len - ETHER_SIZE);
	}
	out->flows = (o->packets + FRAGMENTS - 1) / FRAGMENTS;
	return 0;
}
