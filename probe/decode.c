/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decoder's loop, and the table of link types. */
#include "probe/decode.h"

#include "probe/decode_layer.h"

#include <pcap/dlt.h>

/* https://www.tcpdump.org/linktypes.html. Frames of other types are refused by capture, with decode_links_text. */
static const struct decode_link links[] = {
	{ DLT_EN10MB, &layer_ethernet },
	{ DLT_LINUX_SLL, &layer_sll },
	{ DLT_LINUX_SLL2, &layer_sll2 },
	{ DLT_RAW, &layer_raw_ip },
	{ DLT_IPV4, &layer_ipv4 },
	{ DLT_IPV6, &layer_ipv6 },
	{ DLT_NULL, &layer_null },
	{ DLT_LOOP, &layer_null },
	{ DLT_PPP, &layer_ppp },
	{ DLT_PPP_SERIAL, &layer_ppp },
	{ DLT_PPP_WITH_DIR, &layer_ppp_directed },
	{ DLT_PPP_PPPD, &layer_ppp_directed },
	{ DLT_PPP_ETHER, &layer_pppoe },
	{ DLT_C_HDLC, &layer_hdlc },
	{ DLT_FRELAY, &layer_frame_relay },
	{ DLT_IEEE802_11, &layer_wlan },
	{ DLT_IEEE802_11_RADIO, &layer_radiotap },
	{ DLT_PRISM_HEADER, &layer_prism },
	{ DLT_IEEE802_11_RADIO_AVS, &layer_avs },
	{ DLT_NFLOG, &layer_nflog },
	{ DLT_PPI, &layer_ppi },
	{ DLT_FDDI, &layer_fddi },
	{ DLT_ATM_RFC1483, &layer_llc },
};

const char decode_links_text[] =
    "Ethernet, Linux cooked (v1, v2), raw IP, null/loop, PPP, PPPoE, "
    "Cisco HDLC, frame relay, 802.11 (bare, radiotap, Prism, AVS, PPI), "
    "NFLOG, FDDI, ATM RFC 1483";

const struct decode_link *
decode_link_find(int dlt)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].dlt == dlt)
			return &links[i];
	return NULL;
}

const struct layer *
decode_link_layer(int dlt)
{
	const struct decode_link *link = decode_link_find(dlt);

	return link ? link->first : NULL;
}

/* A frame that ended inside a tunnel without a packet is the tunnel's own packet. */
static enum ledger_cause
finish(const struct decode *d)
{
	if (d->cause == LEDGER_METERED || !d->in_tunnel)
		return d->cause;
	*d->pkt = d->outer;
	return LEDGER_METERED;
}

enum ledger_cause
decode_layers(const struct layer *first, const struct frame_bytes *frame, unsigned flags,
              struct packet *ret_packet)
{
	const struct layer *layer = first;
	struct decode d;

	d.w = wire_init(frame->bytes, frame->len);
	d.missing = frame->wire_len > frame->len ? frame->wire_len - frame->len : 0;
	d.ip_version = 0;
	d.fragment = false;
	d.no_decap = (flags & DECODE_NO_DECAP) != 0;
	d.in_tunnel = false;
	d.guessed = false;
	d.slot = false;
	d.pkt = ret_packet;
	ret_packet->ts_ns = frame->ts_ns;
	ret_packet->link = frame->link;
	ret_packet->vlan = VLAN_NONE;
	ret_packet->tunnel = 0;
	for (int depth = 0; depth < DECODE_DEPTH_MAX; depth++) {
		layer = layer->decode(&d);
		if (!layer)
			return finish(&d);
	}
	return LEDGER_TOO_DEEP;
}
