/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: genpcap [--packets N] [--flows N] [--seed N] [--vlan PERCENT] [--ipv6 PERCENT] >FILE
 *
 * Writes a synthetic trace for benchmarks: many flows at the same time, a mix of packet sizes as on an access link, first
 * payloads that classifiers look at. The same arguments give the same octets. It is for measuring only: nothing that
 * netmon says of it is compared with anything.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX   1600
#define PROTO_TCP   6
#define PROTO_UDP   17
#define PACKET_NS   1000 /* between two packets: a million a second */
#define LIFE_MEAN   40   /* packets of a conversation, mean */
#define TCP_SYN     0x02
#define TCP_ACK     0x10
#define TCP_FIN_ACK 0x11

/* What the first payload of a conversation is; share in per cent of all conversations. */
static const struct kind {
	uint8_t percent;
	uint8_t protocol;
	uint16_t port;
	uint8_t len;
	const char *payload;
} kinds[] = {
	{ 25, PROTO_TCP, 80, 60,
	  "GET /index.html HTTP/1.1\r\nHost: www.example.net\r\nAccept: */*\r\n\r\n" },
	{ 35, PROTO_TCP, 443, 24,
	  "\x16\x03\x01\x00\xf0\x01\x00\x00\xec\x03\x03"
	  "abcdefghijklm" },
	{ 15, PROTO_UDP, 53, 29,
	  "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07"
	  "example\x03"
	  "net\x00\x00\x01\x00\x01" },
	{ 5, PROTO_TCP, 6881, 48,
	  "\x13"
	  "BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x05"
	  "aaaaaaaaaaaaaaaaaaaa" },
	{ 20, PROTO_UDP, 40000, 16, "nothing at all.." },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct flow {
	uint32_t host; /* of the client */
	uint32_t peer;
	uint16_t port;
	uint8_t kind;
	bool ipv6;
	bool vlan;
	uint16_t sent; /* packets so far */
	uint16_t life; /* packets until it ends */
};

struct options {
	uint32_t packets;
	uint32_t flows;
	uint32_t vlan;
	uint32_t ipv6;
	uint64_t seed;
};

/* splitmix64 by Sebastiano Vigna */
static uint64_t
draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void
new_flow(struct flow *f, const struct options *o, uint64_t *random)
{
	uint64_t r = draw(random), s = draw(random);
	unsigned share = r % 100, kind = 0;

	while (kind + 1 < N_KINDS && share >= kinds[kind].percent)
		share -= kinds[kind++].percent;
	*f = (struct flow){ .host = (uint32_t)(r >> 32) & 0xffffu,
		            .peer = (uint32_t)s,
		            .port = (uint16_t)(32768 + (s >> 40) % 28000),
		            .kind = (uint8_t)kind,
		            .ipv6 = (s >> 32) % 100 < o->ipv6,
		            .vlan = (r >> 16) % 100 < o->vlan,
		            /* mostly short, some long */
		            .life = (uint16_t)(3 + (r >> 20) % 16 * ((r >> 24) % 16) * LIFE_MEAN /
		                                       56) };
}

static void
put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffffu);
}

/* Ethernet and a tag for some; octets written. */
static size_t
put_link(uint8_t *at, const struct flow *f)
{
	memset(at, 2, 12);
	if (f->vlan) {
		put16(at + 12, 0x8100);
		put16(at + 14, 100);
	}
	put16(at + (f->vlan ? 16 : 12), f->ipv6 ? 0x86dd : 0x0800);
	return f->vlan ? 18 : 14;
}

/* IP header for `len` octets of transport; octets written. No checksum: nothing here looks at it. */
static size_t
put_ip(uint8_t *at, const struct flow *f, bool to_client, size_t len)
{
	uint8_t protocol = kinds[f->kind].protocol;
	size_t size = f->ipv6 ? 16 : 4, first = f->ipv6 ? 8 : 12;
	uint8_t ends[2][16] = { { 0x20, 0x01, 0x0d, 0xb8, 0, 0x0a },
		                { 0x20, 0x01, 0x0d, 0xb8, 0, 0x0f } };

	memset(at, 0, 40);
	put32(ends[0] + size - 4, f->host | 10u << 24);
	put32(ends[1] + size - 4, f->peer);
	memcpy(at + first, ends[to_client], size);
	memcpy(at + first + size, ends[!to_client], size);
	if (f->ipv6) {
		at[0] = 0x60;
		put16(at + 4, (unsigned)len);
		at[6] = protocol;
		at[7] = 64;
		return 40;
	}
	at[0] = 0x45;
	put16(at + 2, (unsigned)len + 20);
	at[8] = 64;
	at[9] = protocol;
	return 20;
}

static size_t
put_transport(uint8_t *at, const struct flow *f, bool to_client, uint8_t tcp_flags, size_t payload)
{
	const struct kind *k = &kinds[f->kind];

	put16(at, to_client ? k->port : f->port);
	put16(at + 2, to_client ? f->port : k->port);
	if (k->protocol == PROTO_UDP) {
		put32(at + 4, (uint32_t)(payload + 8) << 16);
		return 8;
	}
	memset(at + 4, 0, 16);
	put32(at + 4, f->sent * 1000u);
	at[12] = 5 << 4;
	at[13] = tcp_flags;
	put16(at + 14, 65535);
	return 20;
}

/* Payload octets of a packet: a request first, then full segments one way and little the other. */
static size_t
payload_len(const struct flow *f, bool to_client, uint64_t r)
{
	const struct kind *k = &kinds[f->kind];
	unsigned first = k->protocol == PROTO_TCP ? 2 : 0;

	if (f->sent < first)
		return 0;
	if (f->sent == first)
		return k->len;
	if (to_client)
		return k->port == 53 ? 120 : r % 10 < 7 ? 1400 : 200 + r % 900;
	return r % 10 < 7 ? 0 : k->len + r % 200;
}

static size_t
make_packet(uint8_t *frame, struct flow *f, uint64_t r)
{
	const struct kind *k = &kinds[f->kind];
	bool tcp = k->protocol == PROTO_TCP;
	bool to_client = f->sent == 0 || (tcp && f->sent == 2) ? false
	                 : tcp && f->sent == 1                 ? true
	                                                       : r >> 32 & 1;
	uint8_t flags = f->sent == 0 ? TCP_SYN : f->sent == 1 ? TCP_SYN | TCP_ACK : TCP_ACK;
	size_t payload = payload_len(f, to_client, r), header = tcp ? 20 : 8;

	if (f->sent + 2 >= f->life && f->sent > 2) {
		flags = TCP_FIN_ACK;
		to_client = f->sent + 1 == f->life;
	}
	size_t at = put_link(frame, f);
	at += put_ip(frame + at, f, to_client, header + payload);
	at += put_transport(frame + at, f, to_client, flags, payload);
	memset(frame + at, 'x', payload);
	if (!to_client)
		memcpy(frame + at, k->payload, payload < k->len ? payload : k->len);
	f->sent++;
	return at + payload;
}

static int
generate(const struct options *o, struct flow *flows)
{
	/* pcap file header: magic for nanoseconds, version 2.4, zone, accuracy, snap length, Ethernet */
	const uint32_t file_header[6] = { 0xa1b23c4du, 2u | 4u << 16, 0, 0, 65535, 1 };
	uint64_t random = o->seed, ns = 1700000000u * (uint64_t)1000000000u;
	uint8_t frame[FRAME_MAX];

	for (uint32_t i = 0; i < o->flows; i++)
		new_flow(&flows[i], o, &random);
	if (fwrite(file_header, sizeof(file_header), 1, stdout) != 1)
		return -1;
	for (uint32_t i = 0; i < o->packets; i++) {
		uint64_t r = draw(&random);
		struct flow *f = &flows[(r >> 40) % o->flows];
		uint32_t len = (uint32_t)make_packet(frame, f, r);
		const uint32_t header[4] = { (uint32_t)(ns / 1000000000u),
			                     (uint32_t)(ns % 1000000000u), len, len };

		if (fwrite(header, sizeof(header), 1, stdout) != 1 ||
		    fwrite(frame, len, 1, stdout) != 1)
			return -1;
		ns += PACKET_NS;
		if (f->sent >= f->life)
			new_flow(f, o, &random);
	}
	return fflush(stdout);
}

int
main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "packets", required_argument, NULL, 'p' },
		{ "flows", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ "vlan", required_argument, NULL, 'v' },
		{ "ipv6", required_argument, NULL, '6' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = {
		.packets = 1000000, .flows = 20000, .vlan = 10, .ipv6 = 20, .seed = 1
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		uint32_t number = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;

		if (c == 'p')
			o.packets = number;
		else if (c == 'f')
			o.flows = number;
		else if (c == 's')
			o.seed = number;
		else if (c == 'v')
			o.vlan = number;
		else if (c == '6')
			o.ipv6 = number;
		else
			return 2;
	}
	struct flow *flows = o.flows ? calloc(o.flows, sizeof(*flows)) : NULL;
	int rc = flows ? generate(&o, flows) : -1;
	free(flows);
	return rc == 0 ? 0 : 1;
}
