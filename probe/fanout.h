/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How workers share packets: which of them counts a flow, and how the kernel is made to give each worker its own.
 *
 * The owner of a flow follows from a keyed, symmetric hash of its addresses and ports, so both directions have the same
 * one, and nobody outside can choose flows that all fall to one worker. The kernel works the same out (packet(7),
 * PACKET_FANOUT) for what it can read without decoding: IPv4 and IPv6 with TCP, UDP, SCTP, UDP-Lite or DCCP right
 * behind it, in up to two VLAN tags or PPPoE. Fragments, and protocols without ports, go by their addresses alone. For everything else the kernel's
 * choice is not the flow's owner, and whoever decodes the packet passes it on.
 *
 * Life cycle: fanout_init() once, then fanout_owner() from any thread, and fanout_join() for each worker's socket.
 */
#ifndef NETMON_PROBE_FANOUT_H
#define NETMON_PROBE_FANOUT_H

#include "probe/packet.h"

#include <stdbool.h>
#include <stdint.h>

#define FANOUT_NO_GROUP (-1)

struct fanout {
	unsigned workers; /* 1 or more */
	/* secret, odd */
	uint32_t word;
	uint32_t port;
	uint32_t end;
	uint32_t sum;
};

/* For so many workers, with new secrets. 0, or -EIO without random numbers. */
int fanout_init(struct fanout *f, unsigned workers);

/* Which worker, from 0, counts the packet's flow; `by_addresses`: which one follows its datagram's fragments. */
unsigned fanout_owner(const struct fanout *f, const struct packet *pkt, bool by_addresses);

/* Makes a packet socket, which is bound to its interface, the next worker's: the first call for an interface, with
 * *group FANOUT_NO_GROUP, begins a group and says which in *group. A kernel that cannot be told our hash uses its own,
 * with *ret_own false. 0 or -errno. */
int fanout_join(int fd, const struct fanout *f, int *group, bool *ret_own);

#endif
