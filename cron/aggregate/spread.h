/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A flow's packets and octets, spread evenly over the time between its first and last packet, cut at whole slots. Exact:
 * the shares of all slots add up to the flow's counts. Plain values, any thread.
 */
#ifndef NETMON_CRON_AGGREGATE_SPREAD_H
#define NETMON_CRON_AGGREGATE_SPREAD_H

#include <stdint.h>

/* Times in 1/256 s since 1970, UTC. An end before the start is taken as the start. */
struct spread {
	uint64_t start;
	uint64_t end;
	uint64_t packets;
	uint64_t octets;
};

struct share {
	uint64_t packets;
	uint64_t octets;
};

/* The share of [from_s, to_s), seconds UTC. What is at the very end of the flow belongs to the slot that ends there; a
 * flow without length to the slot that holds its start. */
struct share spread_share(const struct spread *s, uint32_t from_s, uint32_t to_s);

#endif
