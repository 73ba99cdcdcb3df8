/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside the decoder: what the layers share. Only decode*.c and tests include this.
 *
 * A layer is a function that reads its header from the cursor and returns the next layer, or NULL with the cause set:
 * LEDGER_METERED when the packet is complete.
 */
#ifndef NETMON_PROBE_DECODE_LAYER_H
#define NETMON_PROBE_DECODE_LAYER_H

#include "lib/record.h"
#include "lib/tunnel.h"
#include "probe/decode.h"
#include "probe/packet.h"

#include <netmon/wire.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decode {
	struct wire w; /* what was captured of the current layer and of all behind it */
	uint32_t
	    missing; /* octets that were sent behind the captured ones, as far as lengths tell */
	enum ledger_cause cause; /* valid once a layer returned NULL */
	uint8_t ip_version;      /* of the last IP header, 0 before the first */
	bool fragment;           /* the last IP header's packet is the first one of several */
	bool no_decap;           /* DECODE_NO_DECAP */
	bool in_tunnel;          /* `outer` is valid */
	bool guessed;            /* inside of what only a UDP port says is a tunnel */
	bool slot;               /* the next IPv4 header has a slot number for its protocol, TCP */
	struct packet *pkt;
	struct packet outer; /* the packet as it was when the last tunnel began */
};

struct layer {
	const struct layer *(*decode)(struct decode *d);
};

struct decode_link {
	int dlt;
	const struct layer *first;
};

/* decode_link.c */
extern const struct layer layer_ethernet;
extern const struct layer layer_vlan;
extern const struct layer layer_llc;
extern const struct layer layer_snap;
extern const struct layer layer_fddi;
/* decode_mpls.c */
extern const struct layer layer_mpls;
/* decode_ppp.c */
extern const struct layer layer_ppp;
extern const struct layer layer_pppoe;
extern const struct layer layer_ppp_directed;
extern const struct layer layer_hdlc;
extern const struct layer layer_frame_relay;
/* decode_pseudo.c: what a capture puts before the packet */
extern const struct layer layer_raw_ip;
extern const struct layer layer_null;
extern const struct layer layer_sll;
extern const struct layer layer_sll2;
extern const struct layer layer_nflog;
extern const struct layer layer_ppi;
/* decode_wlan.c */
extern const struct layer layer_wlan;
extern const struct layer layer_radiotap;
extern const struct layer layer_prism;
extern const struct layer layer_avs;
/* decode_ip.c */
extern const struct layer layer_ipv4;
extern const struct layer layer_ipv6;
/* decode_transport.c */
extern const struct layer layer_tcp;
extern const struct layer layer_udp;
extern const struct layer layer_icmp;
extern const struct layer layer_sctp;
extern const struct layer layer_dccp;
/* decode_tunnel.c */
extern const struct layer layer_gre;

/* A frame through the layers; the long way of decode_packet(). */
enum ledger_cause decode_layers(const struct layer *first, const struct frame_bytes *frame,
                                unsigned flags, struct packet *ret_packet);

/* The layer that frames of a link type (DLT_*) begin with; NULL when there is none. */
const struct layer *decode_link_layer(int dlt);
/* The layer of an EtherType, or NULL. */
const struct layer *decode_ethertype_layer(uint16_t type);
/* The layer of an EtherType, or NULL with LEDGER_NOT_IP. A length of IEEE 802.3 leads to its LLC header. */
const struct layer *decode_ethertype(struct decode *d, uint16_t type);
/* The layer of an IP protocol behind the headers of the current IP packet; one without a row ends as decode_leaf(). */
const struct layer *decode_protocol(struct decode *d, uint8_t protocol);
/* IPv4 or IPv6 by the next octet's first four bits; anything else ends with `cause`. */
const struct layer *decode_ip_version(struct decode *d, enum ledger_cause cause);
/* What is behind a UDP header: a tunnel if port and structure say so, else the packet is complete. */
const struct layer *decode_udp_payload(struct decode *d);

/* Tunnels in UDP by port, each in a slot of its own: folding a port to 4 bits tells them all apart. */
#define DECODE_PORT_SLOT(port) (((port) ^ (port) >> 8) & 15u)

struct decode_udp_tunnel {
	uint16_t port;
	bool both; /* packets from the port too, not only those to it */
	const struct layer *(*enter)(struct decode *d);
};
extern const struct decode_udp_tunnel decode_udp_tunnels[16]; /* by DECODE_PORT_SLOT() */

/* True when one of a UDP packet's ports is a tunnel's; decode_udp_payload() looks closer. Port 0 is none. */
static inline bool
decode_may_be_tunnel(uint32_t sport, uint32_t dport)
{
	return decode_udp_tunnels[DECODE_PORT_SLOT(sport)].port == sport ||
	       decode_udp_tunnels[DECODE_PORT_SLOT(dport)].port == dport;
}

/* Ends with a cause. */
static inline const struct layer *
decode_stop(struct decode *d, enum ledger_cause cause)
{
	d->cause = cause;
	return NULL;
}

/* Ends because a header did not fit: the capture was cut, or what was sent was too short for `cause`'s header. */
static inline const struct layer *
decode_short(struct decode *d, enum ledger_cause cause)
{
	return decode_stop(d, d->missing ? LEDGER_TRUNCATED : cause);
}

/* A cursor over a header's fixed part of `len` octets, which are then behind us. Reads within `len` cannot fail. */
static inline bool
decode_header(struct decode *d, size_t len, struct wire *ret_header)
{
	const uint8_t *bytes = wire_take(&d->w, len);

	if (!bytes)
		return false;
	*ret_header = wire_init(bytes, len);
	return true;
}

/* A length field says that `len` octets follow: drops padding, or learns how many are missing. */
static inline void
decode_limit(struct decode *d, uint32_t len)
{
	size_t left = wire_left(&d->w);

	wire_limit(&d->w, len);
	d->missing = len > left ? len - (uint32_t)left : 0;
}

/* Passes over `len` octets of options that need not have been captured. False when not that many were sent. */
static inline bool
decode_pass(struct decode *d, uint32_t len)
{
	uint32_t left = (uint32_t)wire_left(&d->w);

	if (len <= left) {
		wire_skip(&d->w, len);
		return true;
	}
	if (len - left > d->missing)
		return false;
	d->missing -= len - left;
	wire_skip(&d->w, left);
	return true;
}

/* What is left is the payload. */
static inline void
decode_payload(struct decode *d)
{
	d->pkt->payload = d->w.at;
	d->pkt->payload_len = (uint32_t)wire_left(&d->w);
	d->pkt->payload_wire_len = d->pkt->payload_len + d->missing;
}

/* What follows is the inside of a tunnel that is not behind an IP header. */
static inline void
decode_push(struct decode *d, enum tunnel_kind kind)
{
	d->pkt->tunnel = tunnel_push(d->pkt->tunnel, kind);
}

/* The payload of the current IP packet is a tunnel's. If its inside does not decode, the packet is metered as it is now.
 * False when it must not be entered. */
static inline bool
decode_enter(struct decode *d, enum tunnel_kind kind)
{
	if (d->no_decap)
		return false;
	decode_payload(d);
	d->outer = *d->pkt;
	d->in_tunnel = true;
	decode_push(d, kind);
	return true;
}

/* The packet is complete. */
static inline const struct layer *
decode_leaf(struct decode *d)
{
	decode_payload(d);
	return decode_stop(d, LEDGER_METERED);
}

#endif
