/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a frame: the first octet picks the link type, the second how much more was sent than captured. Decoded with
 * and without what is inside of tunnels, by the short and by the long way, then metered and cut; a sanitizer or a property
 * that does not hold ends it.
 */
#include "probe/decode_layer.h"
#include "probe/meter.h"
#include "tests/probe/memory_sink.h"

#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int dlts[] = {
	DLT_EN10MB,
	DLT_RAW,
	DLT_NULL,
	DLT_LOOP,
	DLT_IPV4,
	DLT_LINUX_SLL,
	DLT_LINUX_SLL2,
	DLT_IPV6,
	DLT_PPP,
	DLT_PPP_SERIAL,
	DLT_PPP_WITH_DIR,
	DLT_PPP_PPPD,
	DLT_PPP_ETHER,
	DLT_C_HDLC,
	DLT_FRELAY,
	DLT_IEEE802_11,
	DLT_IEEE802_11_RADIO,
	DLT_PRISM_HEADER,
	DLT_IEEE802_11_RADIO_AVS,
	DLT_NFLOG,
	DLT_PPI,
	DLT_FDDI,
	DLT_ATM_RFC1483,
};

static struct memory_sink sink = { .sink.ops = &memory_ops };

static struct meter *
new_meter(void)
{
	struct flow_limits limits = flow_limits_default;
	struct classifier *classifier;
	struct meter *meter;

	limits.table_max = 1024;
	if (classify_new(&(struct classify_limits){ 0 }, &classifier) < 0 ||
	    meter_new(&(struct meter_config){ .flow = limits }, classifier, &sink.sink, &meter) < 0)
		abort();
	return meter;
}

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* What is true of every packet that decodes. */
static void
check_packet(const struct frame_bytes *frame, const struct packet *pkt)
{
	size_t before = pkt->payload_len ? (size_t)(pkt->payload - frame->bytes) : 0;

	check(before <= frame->len && pkt->payload_len <= frame->len - before);
	check(pkt->payload_wire_len >= pkt->payload_len);
	check(pkt->payload_wire_len <= pkt->octets);
	check(pkt->octets >= (addr_is_v4(&pkt->saddr) ? 20 : 40) || pkt->tunnel);
	check(pkt->vlan < 4095 && pkt->fragment <= FRAGMENT_LATER);
	check(pkt->fragment != FRAGMENT_LATER || (pkt->sport | pkt->dport) == 0);
}

static void
check_same(const struct packet *a, const struct packet *b)
{
	check(addr_compare(&a->saddr, &b->saddr) == 0 && addr_compare(&a->daddr, &b->daddr) == 0);
	check(a->sport == b->sport && a->dport == b->dport && a->protocol == b->protocol);
	check(a->tcp_seq == b->tcp_seq && a->tcp_flags == b->tcp_flags && a->vlan == b->vlan &&
	      a->link == b->link);
	check(a->ts_ns == b->ts_ns && a->octets == b->octets && a->tunnel == b->tunnel);
	check(a->fragment == b->fragment && a->payload == b->payload);
	check(a->payload_len == b->payload_len && a->payload_wire_len == b->payload_wire_len);
}

static void
check_decode(int dlt, const struct frame_bytes *frame, unsigned flags)
{
	struct packet pkt, again;
	enum ledger_cause cause = decode_packet(decode_link_find(dlt), frame, flags, &pkt);

	check(cause == LEDGER_METERED || (cause >= LEDGER_TRUNCATED && cause <= LEDGER_TOO_DEEP));
	check(decode_layers(decode_link_layer(dlt), frame, flags, &again) == cause);
	if (cause != LEDGER_METERED)
		return;
	check_packet(frame, &pkt);
	check_same(&pkt, &again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct meter *meter;

	if (size < 2)
		return 0;
	if (!meter)
		meter = new_meter();
	int dlt = dlts[data[0] % (sizeof(dlts) / sizeof(dlts[0]))];
	const struct frame_bytes frame = {
		.ts_ns = data[1] * UINT64_C(100000000),
		.bytes = data + 2,
		.len = (uint32_t)(size - 2),
		.wire_len = (uint32_t)(size - 2) + data[1],
	};
	check_decode(dlt, &frame, 0);
	check_decode(dlt, &frame, DECODE_NO_DECAP);
	meter_frame(meter, decode_link_find(dlt), &frame);
	meter_finish(meter);
	check(sink.ledger[LEDGER_SEEN] == sink.ledger[LEDGER_METERED] + memory_lost(&sink));
	check(sink.packets == sink.ledger[LEDGER_METERED]);
	return 0;
}
