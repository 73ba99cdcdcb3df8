/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The encapsulations that a flow was found in, as one number: an octet for each, the outermost in the highest octet that
 * is used, 0 for none. The fifth and further ones are not named. Plain values; any thread.
 */
#ifndef NETMON_LIB_TUNNEL_H
#define NETMON_LIB_TUNNEL_H

#include <stddef.h>
#include <stdint.h>

/* The numbers are on the wire: only ever add at the end. */
enum tunnel_kind {
	TUNNEL_MPLS = 1,        /* RFC 3032: the whole label stack counts once */
	TUNNEL_PSEUDOWIRE = 2,  /* RFC 4385, RFC 4448: Ethernet over MPLS */
	TUNNEL_PPPOE = 3,       /* RFC 2516 */
	TUNNEL_GRE = 4,         /* RFC 2784 */
	TUNNEL_PPTP = 5,        /* RFC 2637: GRE version 1 */
	TUNNEL_EOGRE = 6,       /* Ethernet in GRE, NVGRE (RFC 7637) */
	TUNNEL_ERSPAN = 7,      /* types I to III */
	TUNNEL_IP4_IN_IP4 = 8,  /* RFC 2003 */
	TUNNEL_IP6_IN_IP4 = 9,  /* RFC 4213 (6in4) */
	TUNNEL_IP4_IN_IP6 = 10, /* RFC 2473 (4in6) */
	TUNNEL_IP6_IN_IP6 = 11, /* RFC 2473 */
	TUNNEL_TEREDO = 12,     /* RFC 4380 */
	TUNNEL_VXLAN = 13,      /* RFC 7348 */
	TUNNEL_GENEVE = 14,     /* RFC 8926 */
	TUNNEL_GTPU = 15,       /* 3GPP TS 29.281 */
	TUNNEL_CAPWAP = 16,     /* RFC 5415 */
	TUNNEL_L2TP = 17,       /* RFC 2661, RFC 3931 */
	TUNNEL_KIND_MAX = 18,   /* one more than the largest */
};

#define TUNNEL_TEXT_MAX 64 /* octets that tunnel_format() needs at most, NUL included */

/* The chain with one more encapsulation inside. */
static inline uint32_t
tunnel_push(uint32_t chain, enum tunnel_kind kind)
{
	return chain >> 24 ? chain : chain << 8 | (uint32_t)kind;
}

/* Names from the outermost inwards with '/' between them, such as "mpls/gre"; "" for none. Writes at most `size` octets,
 * NUL included, and returns `text`. */
const char *tunnel_format(uint32_t chain, char *text, size_t size);

#endif
