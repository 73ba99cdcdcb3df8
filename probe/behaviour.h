/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hosts that behave like peers: many others, on ports that no server is known for, over TCP and UDP at once, after the
 * transport-layer method of Karagiannis and others (IMC 2004, "Transport layer identification of P2P traffic") that Madhukar
 * and Williamson found to do best (MASCOTS 2006, "A longitudinal study of P2P traffic classification"). Payload is not looked
 * at, so this is for what is encrypted, and no more than a guess. Life cycle: behaviour_new(); behaviour_seen() once or twice for
 * each conversation and behaviour_guess() for each record, in the order of time; behaviour_free(). One thread.
 *
 * A host is taken for a peer when in the last BEHAVIOUR_WINDOW_S to twice that
 *   - it had conversations with at least BEHAVIOUR_MANY others that nobody could name, or that peer-to-peer applications are
 *     behind, on high ports at both ends, some of them over TCP and some over UDP;
 *   - it began some of them itself, to many different ports: a server is asked, and asks nobody; clients of one service
 *     go to few ports;
 *   - it talked with fewer others in ways that have a name: behind a gateway are many hosts, most of which are no peers.
 *     (Of hosts that only do what has a name, nothing is kept.)
 * For one that had a conversation known for BitTorrent, BEHAVIOUR_FEW others do, over TCP or UDP.
 *
 * Memory is a fixed table; the hosts with the fewest others make room. With several workers each one sees its share of the
 * conversations only, so it takes as many times more of them.
 */
#ifndef NETMON_PROBE_BEHAVIOUR_H
#define NETMON_PROBE_BEHAVIOUR_H

#include "lib/record.h"
#include "probe/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BEHAVIOUR_HOSTS_MAX    16384 /* by default; 100 octets each */
#define BEHAVIOUR_WINDOW_S     150
#define BEHAVIOUR_MANY         16 /* others */
#define BEHAVIOUR_FEW          4 /* others; also the least of each transport, and of ports, of MANY */
#define BEHAVIOUR_BITTORRENT_S 600 /* a host is known for BitTorrent for so long */

/* What a conversation is known as. */
enum behaviour_kind {
	BEHAVIOUR_UNKNOWN,
	BEHAVIOUR_OTHER, /* something else than the next two, or with a host that has a name */
	BEHAVIOUR_PEERS, /* some peer-to-peer application */
	BEHAVIOUR_BITTORRENT,
};

struct behaviour;

/* Room for `hosts_max` hosts; `seed` is secret, so that nobody can choose what collides. 0 or -ENOMEM. */
int behaviour_new(size_t hosts_max, uint64_t seed, struct behaviour **ret_behaviour);
/* NULL is fine. */
void behaviour_free(struct behaviour *b);

/* A conversation of TCP or UDP that has become known as `kind`, or is not known (BEHAVIOUR_UNKNOWN) but had payload in both
 * directions, which scans do not have. `pkt` is one of its packets, `from_client` as the flow table says. */
void behaviour_seen(struct behaviour *b, const struct packet *pkt, bool from_client,
                    enum behaviour_kind kind);

/* What a record of a conversation that is not known, but had payload in both directions, probably is: BEHAVIOUR_PEERS,
 * BEHAVIOUR_BITTORRENT, or BEHAVIOUR_UNKNOWN. */
enum behaviour_kind behaviour_guess(const struct behaviour *b, const struct record *record);

#endif
