/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a capture and takes it apart into conversations. */
#include "tests/demo/traffic.h"

#include <netmon/wire.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETHERNET_HEADER 14
#define ETHERTYPE_IPV4  0x0800
#define ETHERTYPE_IPV6  0x86dd
#define IPPROTO_TCP_    6
#define IPPROTO_UDP_    17

/* Two endpoints, the lower one first, so that both directions are equal. */
struct key {
	uint8_t low[18];
	uint8_t high[18];
	uint8_t protocol;
};

/* The addresses' place and the protocol of an IP header without extension headers; 0 when it is something else. */
static unsigned
parse_ip(struct wire *w, struct packet *p, const uint8_t **ret_addresses)
{
	uint8_t version = (uint8_t)(w->at < w->end ? *w->at >> 4 : 0);
	unsigned header = 40;

	if (version == 4) {
		header = (wire_u8(w) & 0x0fu) * 4;
		wire_skip(w, 8);
		p->protocol = wire_u8(w);
		wire_skip(w, 2);
		*ret_addresses = wire_take(w, 8);
		wire_skip(w, header > 20 ? header - 20 : 0);
	} else if (version == 6) {
		wire_skip(w, 6);
		p->protocol = wire_u8(w);
		wire_skip(w, 1);
		*ret_addresses = wire_take(w, 32);
	} else {
		return 0;
	}
	p->ipv6 = version == 6;
	return wire_ok(w) ? header : 0;
}

static void
make_key(const struct packet *p, const uint8_t *addresses, const uint8_t *ports, struct key *key,
         bool *ret_swapped)
{
	size_t len = p->ipv6 ? 16 : 4;
	uint8_t ends[2][18] = { { 0 }, { 0 } };

	for (unsigned i = 0; i < 2; i++) {
		memcpy(ends[i], addresses + i * len, len);
		memcpy(ends[i] + 16, ports + (size_t)i * 2, 2);
	}
	*ret_swapped = memcmp(ends[0], ends[1], sizeof(ends[0])) > 0;
	memcpy(key->low, ends[*ret_swapped], sizeof(key->low));
	memcpy(key->high, ends[!*ret_swapped], sizeof(key->high));
	key->protocol = p->protocol;
}

/* Fills the packet's offsets and its conversation's key; false for what is not plain TCP or UDP over Ethernet. */
static bool
parse(struct packet *p, struct key *ret_key, bool *ret_swapped)
{
	struct wire w = wire_init(p->bytes, p->caplen);
	const uint8_t *addresses = NULL;

	wire_skip(&w, 12);
	uint16_t type = wire_u16(&w);
	if (!wire_ok(&w) || (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6))
		return false;
	unsigned ip_header = parse_ip(&w, p, &addresses);
	if (!ip_header || (p->protocol != IPPROTO_TCP_ && p->protocol != IPPROTO_UDP_))
		return false;
	const uint8_t *ports = wire_take(&w, 4);
	wire_skip(&w, p->protocol == IPPROTO_TCP_ ? 8 : 4);
	unsigned header = p->protocol == IPPROTO_TCP_ ? (wire_u8(&w) >> 4) * 4u : 8;
	if (!wire_ok(&w))
		return false;
	p->l3 = ETHERNET_HEADER;
	p->l4 = (uint16_t)(ETHERNET_HEADER + ip_header);
	p->payload = (uint16_t)(p->l4 + header);
	p->payload_len = p->wire_len > p->payload ? p->wire_len - p->payload : 0;
	make_key(p, addresses, ports, ret_key, ret_swapped);
	return true;
}

static struct packet *
append(struct conversation *c)
{
	if (c->n == c->room) {
		size_t room = c->room ? c->room * 2 : 16;
		struct packet *more = reallocarray(c->packets, room, sizeof(*more));
		if (!more)
			return NULL;
		c->packets = more;
		c->room = room;
	}
	return &c->packets[c->n++];
}

/* What is remembered of each conversation while a file is read. */
struct found {
	struct key key;
	bool swapped;      /* its first packet went from the higher endpoint to the lower */
	uint64_t first_ns; /* time of its first packet */
};

/* The conversation that a packet belongs to, made when it is new; NULL when there are too many. */
static struct conversation *
conversation_of(struct capture *capture, struct found *found, const struct key *key, bool swapped,
                uint64_t ts_ns)
{
	size_t i = 0;

	while (i < capture->n && memcmp(&found[i].key, key, sizeof(*key)) != 0)
		i++;
	if (i == CONVERSATIONS_MAX)
		return NULL;
	if (i == capture->n) {
		found[i] = (struct found){ .key = *key, .swapped = swapped, .first_ns = ts_ns };
		capture->n++;
	}
	return &capture->conversations[i];
}

/* Adds one packet to the capture; 0, or -1 when memory is short. */
static int
add(struct capture *capture, struct found *found, const struct pcap_pkthdr *header,
    const uint8_t *bytes)
{
	struct packet p = { .caplen = header->caplen,
		            .wire_len = header->len,
		            .bytes = malloc(header->caplen + 1u) };
	/* with nanosecond precision, tv_usec holds nanoseconds */
	uint64_t ts_ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
	struct key key;
	bool swapped = false;

	if (!p.bytes)
		return -1;
	memset(&key, 0, sizeof(key));
	memcpy(p.bytes, bytes, header->caplen);
	bool understood = parse(&p, &key, &swapped);
	if (capture->whole) {
		memset(&key, 0, sizeof(key));
		swapped = false;
	}
	struct conversation *c = understood || capture->whole
	                             ? conversation_of(capture, found, &key, swapped, ts_ns)
	                             : NULL;
	struct packet *place = c ? append(c) : NULL;
	if (!place) {
		free(p.bytes);
		return c ? -1 : 0;
	}
	const struct found *f = &found[c - capture->conversations];
	p.offset_ns = ts_ns > f->first_ns ? ts_ns - f->first_ns : 0;
	p.side = swapped != f->swapped;
	*place = p;
	return 0;
}

static int
read_all(pcap_t *pcap, struct capture *capture)
{
	struct found *found = calloc(CONVERSATIONS_MAX, sizeof(*found));
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	int rc = found && capture->conversations ? 0 : -1;

	for (unsigned n = 0; rc == 0 && n < PACKETS_MAX && pcap_next_ex(pcap, &header, &bytes) == 1;
	     n++)
		rc = add(capture, found, header, bytes);
	free(found);
	return rc;
}

int
capture_load(const char *path, bool whole, struct capture *ret)
{
	char err[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap =
	    pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, err);
	int rc = -1;

	if (!pcap) {
		(void)fprintf(stderr, "traffic: %s\n", err);
		return -1;
	}
	*ret = (struct capture){ .whole = whole };
	ret->conversations = calloc(CONVERSATIONS_MAX, sizeof(*ret->conversations));
	if (pcap_datalink(pcap) != DLT_EN10MB)
		(void)fprintf(stderr, "traffic: %s: not Ethernet\n", path);
	else if (read_all(pcap, ret) < 0)
		(void)fprintf(stderr, "traffic: %s: out of memory\n", path);
	else if (ret->n == 0)
		(void)fprintf(stderr, "traffic: %s: no packets to replay\n", path);
	else
		rc = 0;
	pcap_close(pcap);
	if (rc < 0)
		capture_free(ret);
	return rc;
}

void
capture_free(struct capture *capture)
{
	for (size_t i = 0; i < capture->n; i++) {
		for (size_t k = 0; k < capture->conversations[i].n; k++)
			free(capture->conversations[i].packets[k].bytes);
		free(capture->conversations[i].packets);
	}
	free(capture->conversations);
	*capture = (struct capture){ .n = 0 };
}
