/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The generator of traces for benchmarks: what its units share. A trace is a function of the options alone: the same
 * options give the same octets on every machine.
 *
 * traffic.c decides when which conversation sends a packet, app.c what it says, frame.c puts headers with right
 * checksums around it, writer.c writes the capture file and counts. flood.c and bomb.c are traffic of the hostile kinds.
 */
#ifndef NETMON_TESTS_BENCH_GEN_H
#define NETMON_TESTS_BENCH_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define START_S 1700000000u /* time of the first packet, seconds since 1970-01-01 UTC */

enum gen_mix {
	MIX_HOME,      /* mostly HTTP and BitTorrent */
	MIX_OFFICE,    /* a bit of everything */
	MIX_SCAN,      /* mostly one or two packets a flow: DNS, scans, nobody answers */
	MIX_FLOOD,     /* a SYN flood from ever new addresses beside `flows` real conversations */
	MIX_BOMB,      /* `depth` headers inside each other in each frame */
	MIX_FRAGMENTS, /* datagrams of 64 kB in fragments of eight octets */
	MIX_COUNT
};

enum gen_sizes { SIZES_FULL, SIZES_IMIX, SIZES_SMALL, SIZES_COUNT };
enum gen_layer { LAYER_GRE, LAYER_IPIP, LAYER_MPLS, LAYER_VLAN, LAYER_COUNT };

struct gen_options {
	unsigned mix;       /* enum gen_mix */
	unsigned sizes;     /* enum gen_sizes: of the packets that carry data */
	unsigned layer;     /* enum gen_layer, MIX_BOMB only */
	uint64_t packets;   /* in the trace, to the packet */
	uint64_t flows;     /* conversations, at most `packets` */
	uint64_t rate;      /* packets a second, on average */
	uint64_t gap_ms;    /* mean between two packets of a conversation; long ones are faster */
	uint64_t arrive_ms; /* all conversations begin within this time; 0: spread over the trace */
	uint64_t
	    skew; /* of conversations' lengths: hundredths of Zipf's exponent, 0: all the same */
	uint64_t offset; /* Mandelbrot's: ranks begin at 1 + offset */
	uint64_t ipv6;   /* per cent of the conversations */
	uint64_t vlan;
	uint64_t gre;
	uint64_t snaplen; /* octets of a frame that are written at most */
	uint64_t depth;
	uint64_t seed;
	const char *truth; /* file for what a meter must find (writer.h), or NULL */
};

/* A conversation. Hosts are numbers; frame.c makes addresses of them. */
struct flow {
	uint32_t client;
	uint32_t server;
	uint32_t life;   /* packets that it will send */
	uint32_t sent;   /* so far */
	uint32_t seq[2]; /* TCP: next octet of the client, of the server */
	uint32_t gap;    /* mean, in ticks of traffic.c */
	uint32_t next;   /* traffic.c's list */
	uint16_t client_port;
	uint16_t server_port;
	uint16_t vlan; /* 0: untagged */
	uint8_t app;   /* enum app_id */
	bool ipv6;
	bool gre;
};

/* splitmix64 by Sebastiano Vigna, public domain */
static inline uint64_t
draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* 0 <= x < n */
static inline uint32_t
draw_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((draw(state) >> 32) * n >> 32);
}

struct writer;

/* Each writes a whole trace: 0, or -1 after a line on standard error. */
int traffic_generate(const struct gen_options *options, struct writer *out);
int flood_generate(const struct gen_options *options, struct writer *out);
int bomb_generate(const struct gen_options *options, struct writer *out);
int fragments_generate(const struct gen_options *options, struct writer *out);

#endif
