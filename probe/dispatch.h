/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which modules to ask about a packet: the matches of all modules, compiled into one table per transport. Life cycle:
 * dispatch_new(), dispatch_ask() per packet, dispatch_free(). It never changes, so any thread may ask.
 *
 * A match lives in the lists of its port, or of the first octets that it can begin with, so a packet meets only the
 * matches of its two ports and of its own first octet. Conditions are tested here, before any module is called.
 */
#ifndef NETMON_PROBE_DISPATCH_H
#define NETMON_PROBE_DISPATCH_H

#include "probe/modhost.h"

#include <netmon/module.h>
#include <stddef.h>
#include <stdint.h>

#define DISPATCH_BUDGET 8 /* packets of a module that leaves max_packets 0 */

struct dispatch;

/* Compiles the matches of a set; nothing in `set` is referred to afterwards. 0 or -ENOMEM. */
int dispatch_new(const struct modset *set, struct dispatch **ret_dispatch);
void dispatch_free(struct dispatch *d);

/* Modules, a bit each: module i is bit i % 64 of word i / 64. */
#define DISPATCH_WORDS ((MODHOST_MODULES_MAX + 63) / 64)
struct dispatch_set {
	uint64_t bits[DISPATCH_WORDS];
};

/* The modules that want this packet. Modules 0..127 whose bit in `refused` is set, and those whose max_packets is below
 * pkt->nth, are left out. */
void dispatch_ask(const struct dispatch *d, const struct nm_packet *pkt, const uint64_t refused[2],
                  struct dispatch_set *ret_modules);

/* The largest max_packets among the modules that match this transport; 0 when none does. */
unsigned dispatch_budget(const struct dispatch *d, uint8_t transport);

/* How many matches one packet of this transport, first octet and ports is compared with. For tests and benches. */
size_t dispatch_cost(const struct dispatch *d, const struct nm_packet *pkt);

#endif
