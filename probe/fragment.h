/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fragments of IP packets: only the first one has the ports, so that the later ones' flow is not known unless somebody
 * remembers. Nothing is reassembled. Life cycle: fragment_table_new(), fragment_resolve() for every packet that
 * decode_packet() says is a fragment, fragment_table_free(). One thread.
 *
 * A table of fixed size with a seeded hash: a packet looks at FRAGMENT_WAYS places at most, whatever is sent. When they are
 * taken, the one whose first fragment is the oldest gives way. Time is packet time.
 */
#ifndef NETMON_PROBE_FRAGMENT_H
#define NETMON_PROBE_FRAGMENT_H

#include "probe/packet.h"

#include <stddef.h>
#include <stdint.h>

#define FRAGMENT_WAYS  4
#define FRAGMENT_TTL_S 60 /* RFC 8200 section 4.5; RFC 1122 section 3.3.2: 60 to 120 */

struct fragment_table;

/* Reserves the memory for at most `max` (1 or more) datagrams, 64 octets each; on success *ret_table is the caller's.
 * -ENOMEM, or another negative errno when there is no seed. */
int fragment_table_new(size_t max, struct fragment_table **ret_table);
/* NULL is fine. */
void fragment_table_free(struct fragment_table *t);

enum fragment_found {
	FRAGMENT_KNOWN, /* the packet has its ports, now or because there are none to have */
	FRAGMENT_ORPHAN, /* the first fragment was not seen, or gave way: the packet stays without ports */
};

/* Remembers the ports of a first fragment, and gives them to the later ones: those with the same addresses, protocol,
 * identification, VLAN and link, up to FRAGMENT_TTL_S after the first one. Others (FRAGMENT_NONE) are left alone. */
enum fragment_found fragment_resolve(struct fragment_table *t, struct packet *pkt);

struct fragment_stats {
	uint64_t firsts;   /* remembered so far */
	uint64_t resolved; /* later fragments that got their ports */
	uint64_t orphans;
	uint64_t replaced; /* forgotten before FRAGMENT_TTL_S because the places were taken */
};
void fragment_get_stats(const struct fragment_table *t, struct fragment_stats *ret_stats);

#endif
