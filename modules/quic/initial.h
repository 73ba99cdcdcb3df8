/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening a client's Initial packets (RFC 9001 section 5). Their keys follow from the connection id that the client made up
 * for the server, so whoever sees the first packet can read them: they protect against accidents, not against readers. No
 * state, nothing is allocated: any thread.
 */
#ifndef NETMON_MODULES_QUIC_INITIAL_H
#define NETMON_MODULES_QUIC_INITIAL_H

#include "modules/quic/packet.h"

/* Octets of a datagram that can be opened: Ethernet's, and some more. */
#define INITIAL_MAX 2048

struct initial_keys {
	uint8_t key[16];   /* AES-128-GCM */
	uint8_t iv[12];    /* of its nonce */
	uint8_t guard[16]; /* AES-128: header protection */
};

/* The keys of what the client sends, by the connection id of its first packet. */
void initial_derive(const struct quic_version *version, const uint8_t *dcid, size_t dcid_len,
                    struct initial_keys *ret_keys);

/* Opens a packet of type QUIC_INITIAL into `bytes`, which have to be INITIAL_MAX. Returns what came out of it, in `bytes`, with
 * *ret_proof true when its authentication tag fits; a packet that is not here to its end has none, and what comes out may be
 * anything. Empty for a packet that the keys do not open, or one that is too long. */
struct wire initial_open(const struct quic_packet *packet, const struct initial_keys *keys,
                         uint8_t *bytes, bool *ret_proof);

#endif
