/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The beginnings of streams that come in pieces, in any order, once or twice: octets of QUIC's CRYPTO frames, of TCP segments. A
 * fixed number of slots; when all are taken, the oldest is reused, and its stream is given up. Life cycle: all zero in the
 * context that a module has for each worker, pieces_begin() for a connection, pieces_find() with the handle that its flow's
 * note keeps. Nothing is allocated. One thread.
 */
#ifndef NETMON_MODULES_PIECES_H
#define NETMON_MODULES_PIECES_H

#include <netmon/wire.h>
#include <stdint.h>
#include <string.h>

/* Connections whose stream has begun and not ended. The packets of a hello follow each other within a millisecond or two, so
 * this is enough for 50,000 connections a second. */
#define PIECES_SLOTS 128
/* Octets of a stream. Hellos with a post-quantum key share and an encrypted hello are about 2,000, a server's answer with its
 * certificate 1,500 to 3,000. */
#define PIECES_MAX 4096

struct piece {
	uint32_t generation; /* counts the connections that had this slot */
	uint32_t have;       /* octets from the first on without a gap; see piece_prefix() */
	uint64_t present[PIECES_MAX / 64]; /* bit i % 64 of word i / 64: octet i is here */
	uint8_t bytes[PIECES_MAX];
};

struct pieces {
	unsigned next; /* slot to be given away */
	struct piece slots[PIECES_SLOTS];
};

/* Which slot a handle stands for, to keep more beside it. */
static inline unsigned
pieces_slot(uint64_t handle)
{
	return (unsigned)(handle & 0xff) % PIECES_SLOTS;
}

/* The oldest slot, emptied, and in *ret_handle a number of at most 39 bits that is never 0 and finds it again as long as it is
 * not reused: its generation, and its number in the lowest octet. */
static inline struct piece *
pieces_begin(struct pieces *pieces, uint64_t *ret_handle)
{
	unsigned slot = pieces->next;
	struct piece *piece = &pieces->slots[slot];

	pieces->next = (slot + 1) % PIECES_SLOTS;
	piece->generation = (piece->generation + 1) & 0x7fffffffU;
	if (piece->generation == 0)
		piece->generation = 1;
	piece->have = 0;
	memset(piece->present, 0, sizeof(piece->present));
	*ret_handle = (uint64_t)piece->generation << 8 | slot;
	return piece;
}

/* NULL when it was reused. */
static inline struct piece *
pieces_find(struct pieces *pieces, uint64_t handle)
{
	struct piece *piece = &pieces->slots[pieces_slot(handle)];

	return handle >> 8 != 0 && piece->generation == handle >> 8 ? piece : NULL;
}

/* Says that the octets from `begin` to `end` are here. */
static inline void
piece_mark(struct piece *piece, size_t begin, size_t end)
{
	while (begin < end) {
		size_t bits = 64 - begin % 64 < end - begin ? 64 - begin % 64 : end - begin;
		uint64_t mask = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;

		piece->present[begin / 64] |= mask << (begin % 64);
		begin += bits;
	}
}

/* Puts `len` octets to their place. What lies behind PIECES_MAX is left out. */
static inline void
piece_add(struct piece *piece, uint64_t offset, const uint8_t *bytes, size_t len)
{
	if (offset >= PIECES_MAX || len == 0)
		return;
	if (len > PIECES_MAX - offset)
		len = PIECES_MAX - (size_t)offset;
	memcpy(piece->bytes + offset, bytes, len);
	piece_mark(piece, (size_t)offset, (size_t)offset + len);
}

/* What there is from the first octet on without a gap. */
static inline struct wire
piece_prefix(struct piece *piece)
{
	while (piece->have < PIECES_MAX) {
		uint64_t missing = ~piece->present[piece->have / 64] >> (piece->have % 64);

		if (missing != 0) {
			piece->have += (uint32_t)__builtin_ctzll(missing);
			break;
		}
		piece->have += 64 - piece->have % 64;
	}
	return wire_init(piece->bytes, piece->have);
}

#endif
