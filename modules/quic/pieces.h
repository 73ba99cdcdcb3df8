/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ClientHellos on their way: what CRYPTO frames (RFC 9000 section 19.6) brought of them, in any order and in any number of
 * packets. A fixed number of slots; when all are taken, the oldest is reused, and its hello is not read. Life cycle:
 * pieces_new() once for each worker, pieces_begin() when a connection's first packet comes, pieces_find() for its next ones,
 * pieces_free(). Nothing is allocated between. One thread.
 */
#ifndef NETMON_MODULES_QUIC_PIECES_H
#define NETMON_MODULES_QUIC_PIECES_H

#include "modules/quic/initial.h"

/* Connections whose hello has begun and not ended. Its packets follow each other within a millisecond, so this is enough for a
 * hundred thousand connections a second. */
#define PIECES_SLOTS 128
/* Octets of a hello. Those with a post-quantum key share and an encrypted hello are about 2,000. */
#define PIECES_MAX 4096

struct piece {
	uint32_t generation; /* counts the connections that had this slot */
	uint32_t have;       /* octets from the first on without a gap; see piece_prefix() */
	struct initial_keys keys;
	uint8_t from;                      /* enum nm_direction: the side that sent it */
	uint64_t present[PIECES_MAX / 64]; /* bit i % 64 of word i / 64: octet i is here */
	uint8_t bytes[PIECES_MAX];
};

struct pieces;

/* NULL when there is no memory. */
struct pieces *pieces_new(void);
void pieces_free(struct pieces *pieces);

/* The oldest slot, emptied, and in *ret_handle a number that is never 0 and finds it again as long as it is not reused. */
struct piece *pieces_begin(struct pieces *pieces, uint64_t *ret_handle);
/* NULL when it was reused. */
struct piece *pieces_find(struct pieces *pieces, uint64_t handle);

/* Puts `len` octets to their place. What lies behind PIECES_MAX is left out. */
void piece_add(struct piece *piece, uint64_t offset, const uint8_t *bytes, size_t len);

/* What there is from the first octet on without a gap. */
struct wire piece_prefix(struct piece *piece);

/* Reads the frames (RFC 9000 section 12.4) of an Initial packet and adds those that are CRYPTO. False for what no Initial
 * packet may hold. `cut`: the last frame may go on where the capture ended. */
bool piece_read_frames(struct piece *piece, struct wire frames, bool cut);
/* The same for Google's frames, of which padding, pings and CRYPTO are known: what comes behind another one is not read. */
bool piece_read_google_frames(struct piece *piece, struct wire frames);

#endif
