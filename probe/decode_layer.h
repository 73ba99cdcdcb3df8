/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside the decoder: what the layers share. Only decode*.c include this.
 *
 * A layer is a function that reads its header from the cursor and returns the next layer, or NULL with the cause set:
 * LEDGER_METERED when the packet is complete.
 */
#ifndef NETMON_PROBE_DECODE_LAYER_H
#define NETMON_PROBE_DECODE_LAYER_H

#include "lib/record.h"
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
	bool in_tunnel;          /* `outer` is valid and no IP header was decoded since */
	struct packet *pkt;
	struct packet outer; /* the packet as it was when the last tunnel began */
};

struct layer {
	const struct layer *(*decode)(struct decode *d);
};

extern const struct layer layer_ethernet;
extern const struct layer layer_ipv4;
extern const struct layer layer_ipv6;
extern const struct layer layer_tcp;
extern const struct layer layer_udp;
extern const struct layer layer_icmp;
extern const struct layer layer_sctp;
extern const struct layer layer_dccp;
extern const struct layer layer_gre;

/* First layers of link types other than Ethernet. */
extern const struct layer layer_raw_ip;
extern const struct layer layer_null;
extern const struct layer layer_sll;
extern const struct layer layer_sll2;

/* The layer of an EtherType, or NULL with LEDGER_NOT_IP. */
const struct layer *decode_ethertype(struct decode *d, uint16_t type);
/* The layer of an IP protocol behind the headers of the current IP packet; one without a row ends as decode_leaf(). */
const struct layer *decode_protocol(struct decode *d, uint8_t protocol);

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

/* What follows is a tunnel's inside. If no IP header decodes in it, the packet is metered as it is now. */
static inline void
decode_enter(struct decode *d)
{
	decode_payload(d);
	d->outer = *d->pkt;
	d->in_tunnel = true;
}

/* The packet is complete. */
static inline const struct layer *
decode_leaf(struct decode *d)
{
	decode_payload(d);
	return decode_stop(d, LEDGER_METERED);
}

#endif
