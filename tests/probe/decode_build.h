/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For the decoder's tests: frames put together byte by byte, and decoded. One frame and one result at a time, in the
 * test's own static variables.
 */
#ifndef NETMON_TESTS_PROBE_DECODE_BUILD_H
#define NETMON_TESTS_PROBE_DECODE_BUILD_H

#include "probe/decode.h"
#include "probe/decode_layer.h"

#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A frame that is put together byte by byte. */
struct build {
	uint8_t b[4096];
	size_t n;
	int dlt;
};

static struct build f;
static struct packet pkt;
static unsigned decode_flags; /* DECODE_* for the next ones */

static inline void
u8(unsigned v)
{
	f.b[f.n++] = (uint8_t)v;
}

static inline void
u16(unsigned v)
{
	u8(v >> 8);
	u8(v & 0xff);
}

static inline void
u32(uint32_t v)
{
	u16(v >> 16);
	u16(v & 0xffff);
}

static inline void
zeros(size_t n)
{
	while (n--)
		u8(0);
}

static inline void
u64(uint64_t v)
{
	u32((uint32_t)(v >> 32));
	u32((uint32_t)v);
}

static inline void
begin(int dlt)
{
	f.n = 0;
	f.dlt = dlt;
}

static inline void
ethernet(unsigned type)
{
	begin(DLT_EN10MB);
	zeros(12);
	u16(type);
}

static inline void
ipv4(unsigned protocol, unsigned payload)
{
	u8(0x45);
	u8(0);
	u16(20 + payload);
	u32(0);
	u8(64);
	u8(protocol);
	u16(0);
	u32(0x0a000001);
	u32(0x0a000002);
}

static inline void
ipv6(unsigned next, unsigned payload)
{
	u32(0x60000000);
	u16(payload);
	u8(next);
	u8(64);
	u32(0x20010db8);
	zeros(11);
	u8(1);
	u32(0x20010db8);
	zeros(11);
	u8(2);
}

static inline void
tcp(unsigned words, unsigned flags)
{
	u16(1000);
	u16(80);
	u32(1);
	u32(2);
	u8(words << 4);
	u8(flags);
	u16(0);
	u32(0);
}

static inline void
udp(unsigned len)
{
	u16(5000);
	u16(53);
	u16(len);
	u16(0);
}

/* The short way and the long way make the same of a frame. */
static inline void
assert_same(const struct packet *a, const struct packet *b)
{
	assert_int_equal(addr_compare(&a->saddr, &b->saddr), 0);
	assert_int_equal(addr_compare(&a->daddr, &b->daddr), 0);
	assert_int_equal(a->ts_ns, b->ts_ns);
	assert_int_equal(a->sport, b->sport);
	assert_int_equal(a->dport, b->dport);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->tcp_flags, b->tcp_flags);
	assert_int_equal(a->vlan, b->vlan);
	assert_int_equal(a->link, b->link);
	assert_int_equal(a->octets, b->octets);
	assert_int_equal(a->tunnel, b->tunnel);
	assert_int_equal(a->fragment, b->fragment);
	assert_int_equal(a->payload_len, b->payload_len);
	assert_int_equal(a->payload_wire_len, b->payload_wire_len);
	assert_ptr_equal(a->payload, b->payload);
}

/* Decodes the first `len` octets of the frame, of which `wire` were sent, in a block of their exact size so that a
 * sanitizer sees every read behind them. */
static inline enum ledger_cause
decode_cut(size_t len, size_t wire)
{
	uint8_t *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, f.b, len);
	const struct frame_bytes frame = {
		.ts_ns = 42,
		.bytes = exact,
		.len = (uint32_t)len,
		.wire_len = (uint32_t)wire,
		.link = 3,
	};
	struct packet again;
	memset(&pkt, 0xee, sizeof(pkt));
	memset(&again, 0xdd, sizeof(again));
	enum ledger_cause cause =
	    decode_packet(decode_link_find(f.dlt), &frame, decode_flags, &pkt);
	assert_int_equal(decode_layers(decode_link_layer(f.dlt), &frame, decode_flags, &again),
	                 cause);
	if (cause == LEDGER_METERED)
		assert_same(&pkt, &again);
	if (cause == LEDGER_METERED && pkt.payload_len) {
		assert_true(pkt.payload >= exact);
		assert_true(pkt.payload + pkt.payload_len <= exact + len);
	}
	free(exact);
	return cause;
}

static inline enum ledger_cause
decode(void)
{
	return decode_cut(f.n, f.n);
}

/* Cut at every length, a frame is whatever, but never read behind its end. */
static inline void
cut_everywhere(void)
{
	for (size_t len = 0; len < f.n; len++) {
		assert_in_range(decode_cut(len, f.n), LEDGER_METERED, LEDGER_TOO_DEEP);
		assert_in_range(decode_cut(len, len), LEDGER_METERED, LEDGER_TOO_DEEP);
	}
}

/* An inner packet of 28 octets that is told from any other: 192.0.2.1 to 192.0.2.2, UDP port 5000 to 53. */
static inline void
inner4(void)
{
	u32(0x4500001c);
	u32(0);
	u32(0x40110000);
	u32(0xc0000201);
	u32(0xc0000202);
	udp(8);
}

static inline void
inner_ethernet(void)
{
	zeros(12);
	u16(0x0800);
	inner4();
}

static inline void
assert_addrs(const char *saddr, const char *daddr)
{
	char text[ADDR_TEXT_MAX];

	assert_string_equal(addr_format(&pkt.saddr, text, sizeof(text)), saddr);
	assert_string_equal(addr_format(&pkt.daddr, text, sizeof(text)), daddr);
}

/* The frame leads to inner4() through the tunnels that `chain` names. */
static inline void
assert_inner(const char *chain)
{
	char text[TUNNEL_TEXT_MAX];

	assert_int_equal(decode(), LEDGER_METERED);
	assert_addrs("192.0.2.1", "192.0.2.2");
	assert_int_equal(pkt.octets, 28);
	assert_int_equal(pkt.sport, 5000);
	assert_int_equal(pkt.dport, 53);
	assert_string_equal(tunnel_format(pkt.tunnel, text, sizeof(text)), chain);
	cut_everywhere();
	(void)decode();
}

#endif
