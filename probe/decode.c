/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decoder's loop, and the table of link types. */
#include "probe/decode.h"

#include "probe/decode_layer.h"

#include <pcap/dlt.h>

struct decode_link {
	int dlt;
	const struct layer *first;
};

static const struct decode_link links[] = {
	{ DLT_EN10MB, &layer_ethernet }, { DLT_RAW, &layer_raw_ip },      { DLT_IPV4, &layer_ipv4 },
	{ DLT_IPV6, &layer_ipv6 },       { DLT_NULL, &layer_null },       { DLT_LOOP, &layer_null },
	{ DLT_LINUX_SLL, &layer_sll },   { DLT_LINUX_SLL2, &layer_sll2 },
};

const struct decode_link *
decode_link_find(int dlt)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].dlt == dlt)
			return &links[i];
	return NULL;
}

/* A frame that ended inside a tunnel before another IP header decoded is the tunnel's own packet. */
static enum ledger_cause
finish(const struct decode *d)
{
	if (d->cause == LEDGER_METERED || !d->in_tunnel)
		return d->cause;
	*d->pkt = d->outer;
	return LEDGER_METERED;
}

enum ledger_cause
decode_packet(const struct decode_link *link, const struct frame_bytes *frame, unsigned flags,
              struct packet *ret_packet)
{
	const struct layer *layer = link->first;
	struct decode d;

	d.w = wire_init(frame->bytes, frame->len);
	d.missing = frame->wire_len > frame->len ? frame->wire_len - frame->len : 0;
	d.ip_version = 0;
	d.in_tunnel = false;
	d.no_decap = (flags & DECODE_NO_DECAP) != 0;
	d.pkt = ret_packet;
	ret_packet->ts_ns = frame->ts_ns;
	ret_packet->link = frame->link;
	ret_packet->vlan = VLAN_NONE;
	ret_packet->tunnel = 0;
	ret_packet->fragment = FRAGMENT_NONE;
	for (int depth = 0; depth < DECODE_DEPTH_MAX; depth++) {
		layer = layer->decode(&d);
		if (!layer)
			return finish(&d);
	}
	return LEDGER_TOO_DEEP;
}
