/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sessions under way, in a heap by the time of their next packet, and how a packet is changed on its way out: other inside
 * hosts, another client port, sequence numbers of a longer transfer, with checksums kept right (RFC 1624).
 */
#include "tests/demo/traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAME_MAX 65536
#define NS        1000000000u
#define WHOLE_PACKETS \
	12 /* first packets of a conversation that keep all their octets: classifiers look there */
#define SNAP_PAYLOAD 32   /* octets of payload that later ones keep */
#define FULL_SEGMENT 1000 /* payload from which a segment is part of a transfer */
#define EPHEMERAL    32768
#define PROTO_TCP    6

struct session {
	uint64_t at_ns; /* when the next packet goes out */
	const struct conversation *conversation;
	size_t next;
	unsigned copy; /* how often the next packet went out already */
	bool whole;
	uint32_t shift[2]; /* what repetition added to each side's sequence numbers */
	struct session_shape shape;
};

struct stream {
	bool live;
	uint64_t packets;
	size_t n;
	struct session heap[SESSIONS_MAX];
	uint8_t frame[FRAME_MAX];
};

/* --- heap --- */

static void
swap(struct session *a, struct session *b)
{
	struct session t = *a;

	*a = *b;
	*b = t;
}

static void
sift_down(struct stream *s)
{
	for (size_t i = 0, child; (child = 2 * i + 1) < s->n; i = child) {
		if (child + 1 < s->n && s->heap[child + 1].at_ns < s->heap[child].at_ns)
			child++;
		if (s->heap[i].at_ns <= s->heap[child].at_ns)
			return;
		swap(&s->heap[i], &s->heap[child]);
	}
}

bool
session_start(struct stream *s, const struct conversation *conversation, bool whole, uint64_t at_ns,
              const struct session_shape *shape)
{
	if (s->n == SESSIONS_MAX)
		return false;
	size_t i = s->n++;
	s->heap[i] = (struct session){
		.at_ns = at_ns, .conversation = conversation, .whole = whole, .shape = *shape
	};
	for (; i > 0 && s->heap[(i - 1) / 2].at_ns > s->heap[i].at_ns; i = (i - 1) / 2)
		swap(&s->heap[(i - 1) / 2], &s->heap[i]);
	return true;
}

/* --- changing a packet --- */

/* RFC 1624: the checksum at `sum` after `old` became `new`, an even number of octets. */
static void
checksum_update(uint8_t *sum, const uint8_t *old, const uint8_t *new, size_t len)
{
	uint32_t acc = (~((uint32_t)sum[0] << 8 | sum[1])) & 0xffffu;

	for (size_t i = 0; i < len; i += 2) {
		acc += (~((uint32_t)old[i] << 8 | old[i + 1])) & 0xffffu;
		acc += (uint32_t) new[i] << 8 | new[i + 1];
	}
	while (acc >> 16)
		acc = (acc & 0xffffu) + (acc >> 16);
	acc = ~acc & 0xffffu;
	sum[0] = (uint8_t)(acc >> 8);
	sum[1] = (uint8_t)acc;
}

/* Where the transport's checksum is; NULL when it has none or it was not captured. */
static uint8_t *
transport_sum(uint8_t *frame, const struct packet *p)
{
	unsigned at = p->l4 + (p->protocol == PROTO_TCP ? 16u : 6u);

	if (at + 2 > p->caplen ||
	    (p->protocol != PROTO_TCP && frame[at] == 0 && frame[at + 1] == 0))
		return NULL;
	return frame + at;
}

/* Writes `new` over `len` octets at `at` and keeps the sums right. */
static void
replace(uint8_t *frame, const struct packet *p, unsigned at, const uint8_t *new, size_t len)
{
	uint8_t *sum = transport_sum(frame, p);

	if (!p->ipv6 && at < p->l4)
		checksum_update(frame + p->l3 + 10, frame + at, new, len);
	if (sum)
		checksum_update(sum, frame + at, new, len);
	memcpy(frame + at, new, len);
}

static void
replace_u32(uint8_t *frame, const struct packet *p, unsigned at, uint32_t add)
{
	const uint8_t *old = frame + at;
	uint32_t v =
	    ((uint32_t)old[0] << 24 | (uint32_t)old[1] << 16 | (uint32_t)old[2] << 8 | old[3]) +
	    add;
	const uint8_t new[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		                 (uint8_t)v };

	replace(frame, p, at, new, sizeof(new));
}

/* Inside hosts are 10.10.NET.HOST and 2001:db8:a:NET::HOST. Every second variant is a neighbour in the same net, the
 * higher ones live two nets further. */
static void
move_host(uint8_t *frame, const struct packet *p, unsigned at, unsigned variant)
{
	static const uint8_t inside4[2] = { 10, 10 };
	static const uint8_t inside6[7] = { 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x0a, 0x00 };
	uint8_t new[16];
	size_t len = p->ipv6 ? 16 : 4;
	bool inside = p->ipv6 ? memcmp(frame + at, inside6, sizeof(inside6)) == 0
	                      : memcmp(frame + at, inside4, sizeof(inside4)) == 0;

	if (!inside || variant == 0)
		return;
	memcpy(new, frame + at, len);
	new[p->ipv6 ? 7 : 2] = (uint8_t)(new[p->ipv6 ? 7 : 2] + (variant >= 2 ? 2 : 0));
	new[len - 1] = (uint8_t)(new[len - 1] + (variant % 2 ? 20 : 0));
	replace(frame, p, at, new, len);
}

/* Moves the port of the side that has an ephemeral one, when only one has. */
static void
move_port(uint8_t *frame, const struct packet *p, uint16_t add)
{
	uint16_t port[2];

	for (unsigned i = 0; i < 2; i++)
		port[i] =
		    (uint16_t)((unsigned)frame[p->l4 + 2 * i] << 8 | frame[p->l4 + 2 * i + 1]);
	if ((port[0] >= EPHEMERAL) == (port[1] >= EPHEMERAL))
		return;
	unsigned i = port[1] >= EPHEMERAL;
	uint16_t v = (uint16_t)(EPHEMERAL + (port[i] - EPHEMERAL + add) % (65536 - EPHEMERAL));
	const uint8_t new[2] = { (uint8_t)(v >> 8), (uint8_t)v };
	replace(frame, p, p->l4 + 2 * i, new, sizeof(new));
}

static void
change(uint8_t *frame, const struct packet *p, const struct session *s)
{
	unsigned address = p->l3 + (p->ipv6 ? 8u : 12u), len = p->ipv6 ? 16 : 4;

	move_host(frame, p, address, s->shape.variant);
	move_host(frame, p, address + len, s->shape.variant);
	move_port(frame, p, s->shape.port_add);
	if (p->protocol == PROTO_TCP && (s->shift[0] || s->shift[1])) {
		replace_u32(frame, p, p->l4 + 4u, s->shift[p->side]);
		replace_u32(frame, p, p->l4 + 8u, s->shift[!p->side]);
	}
}

/* --- writing --- */

static uint64_t
wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

/* Waits until packet time is wall time. What was written goes out first. */
static void
wait_for(uint64_t at_ns)
{
	struct timespec until = { .tv_sec = (time_t)(at_ns / NS), .tv_nsec = (long)(at_ns % NS) };

	if (at_ns <= wall_ns())
		return;
	(void)fflush(stdout);
	while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
		continue;
}

static int
write_packet(struct stream *s, const struct packet *p, uint32_t caplen, uint64_t at_ns)
{
	/* a record's header in the writer's byte order, as the pcap format wants */
	const uint32_t header[4] = { (uint32_t)(at_ns / NS), (uint32_t)(at_ns % NS / 1000), caplen,
		                     p->wire_len };

	if (s->live)
		wait_for(at_ns);
	s->packets++;
	return fwrite(header, sizeof(header), 1, stdout) == 1 &&
	               fwrite(s->frame, caplen, 1, stdout) == 1
	           ? 0
	           : -1;
}

/* True when this packet is a segment of a transfer that is to be repeated. */
static bool
repeats(const struct session *s, const struct packet *p)
{
	return !s->whole && p->protocol == PROTO_TCP && p->payload_len >= FULL_SEGMENT &&
	       s->next >= 4 && s->copy + 1 < s->shape.repeat;
}

/* Moves a session to its next packet; false at its end. */
static bool
advance(struct session *s, const struct packet *p)
{
	if (repeats(s, p)) {
		s->copy++;
		s->shift[p->side] += p->payload_len;
		s->at_ns += s->shape.copy_gap_ns;
		return true;
	}
	s->copy = 0;
	if (++s->next == s->conversation->n)
		return false;
	uint64_t offset = s->conversation->packets[s->next].offset_ns;
	uint64_t gap = offset > p->offset_ns ? (offset - p->offset_ns) * s->shape.stretch : 0;
	s->at_ns += gap > GAP_MAX_NS ? GAP_MAX_NS : gap;
	return true;
}

static int
write_next(struct stream *s)
{
	struct session *first = &s->heap[0];
	const struct packet *p = &first->conversation->packets[first->next];
	uint32_t caplen = p->caplen < FRAME_MAX ? p->caplen : FRAME_MAX;

	memcpy(s->frame, p->bytes, caplen);
	if (!first->whole) {
		change(s->frame, p, first);
		if ((first->next >= WHOLE_PACKETS || first->copy) &&
		    caplen > p->payload + (uint32_t)SNAP_PAYLOAD)
			caplen = p->payload + (uint32_t)SNAP_PAYLOAD;
	}
	if (write_packet(s, p, caplen, first->at_ns) < 0)
		return -1;
	if (!advance(first, p))
		*first = s->heap[--s->n];
	sift_down(s);
	return 0;
}

int
session_run(struct stream *s, uint64_t until_ns)
{
	while (s->n > 0 && s->heap[0].at_ns < until_ns)
		if (write_next(s) < 0)
			return -1;
	return 0;
}

uint64_t
stream_packets(const struct stream *s)
{
	return s->packets;
}

struct stream *
stream_new(bool live)
{
	/* pcap file header: magic for microseconds, version 2.4, zone, accuracy, snap length, Ethernet */
	static const uint32_t header[6] = { 0xa1b2c3d4u, 2u | 4u << 16, 0, 0, FRAME_MAX, 1 };
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->live = live;
	(void)fwrite(header, sizeof(header), 1, stdout);
	(void)fflush(stdout);
	return s;
}

void
stream_free(struct stream *s)
{
	free(s);
}
