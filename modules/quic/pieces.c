/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ClientHellos on their way. */
#include "modules/quic/pieces.h"

#include <stdlib.h>

/* RFC 9000 table 3: the frames that an Initial packet may hold */
#define PADDING     0x00
#define PING        0x01
#define ACK         0x02
#define ACK_ECN     0x03
#define CRYPTO      0x06
#define CLOSE       0x1c
#define RANGES_MAX  256
#define GOOGLE_PING 0x07
/* Of versions Q050, T050 and T051, which have Google's frames and this one of the IETF's. */
#define GOOGLE_CRYPTO 0x08

struct pieces {
	unsigned next; /* slot to be given away */
	struct piece slots[PIECES_SLOTS];
};

struct pieces *
pieces_new(void)
{
	return calloc(1, sizeof(struct pieces));
}

void
pieces_free(struct pieces *pieces)
{
	free(pieces);
}

/* A handle is the slot's generation, and the slot's number in the low octets. */
struct piece *
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

struct piece *
pieces_find(struct pieces *pieces, uint64_t handle)
{
	struct piece *piece = &pieces->slots[(handle & 0xff) % PIECES_SLOTS];

	return handle >> 8 != 0 && piece->generation == handle >> 8 ? piece : NULL;
}

void
piece_add(struct piece *piece, uint64_t offset, const uint8_t *bytes, size_t len)
{
	if (offset >= PIECES_MAX)
		return;
	if (len > PIECES_MAX - offset)
		len = PIECES_MAX - (size_t)offset;
	if (len > 0)
		memcpy(piece->bytes + offset, bytes, len);
	for (size_t i = (size_t)offset; i < (size_t)offset + len; i++)
		piece->present[i / 64] |= UINT64_C(1) << (i % 64);
}

struct wire
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

static bool
read_crypto(struct piece *piece, struct wire *w, bool cut)
{
	uint64_t offset = quic_varint(w);
	uint64_t len = quic_varint(w);

	if (!wire_ok(w))
		return cut;
	if (len > wire_left(w)) {
		if (!cut)
			return false;
		len = wire_left(w);
	}
	piece_add(piece, offset, w->at, (size_t)len);
	wire_skip(w, (size_t)len);
	return true;
}

/* RFC 9000 section 19.3: largest, delay, count, first range, then gap and length of each further one; three counts. */
static void
skip_ack(struct wire *w, bool ecn)
{
	(void)quic_varint(w);
	(void)quic_varint(w);
	uint64_t ranges = quic_varint(w);

	(void)quic_varint(w);
	if (ranges > RANGES_MAX)
		w->failed = true;
	for (uint64_t i = 0; i < 2 * ranges && wire_ok(w); i++)
		(void)quic_varint(w);
	for (unsigned i = 0; ecn && i < 3; i++)
		(void)quic_varint(w);
}

/* RFC 9000 section 19.19: error, frame type, reason. */
static void
skip_close(struct wire *w)
{
	(void)quic_varint(w);
	(void)quic_varint(w);
	uint64_t reason = quic_varint(w);

	if (reason > wire_left(w))
		w->failed = true;
	else
		wire_skip(w, (size_t)reason);
}

static void
skip_padding(struct wire *w)
{
	while (wire_left(w) > 0 && *w->at == PADDING)
		wire_skip(w, 1);
}

/* One frame, behind its type. False for one that has no place here. */
static bool
read_frame(struct piece *piece, struct wire *w, uint8_t type, bool cut)
{
	switch (type) {
	case PADDING:
		skip_padding(w);
		return true;
	case PING:
		return true;
	case ACK:
	case ACK_ECN:
		skip_ack(w, type == ACK_ECN);
		return true;
	case CRYPTO:
		return read_crypto(piece, w, cut);
	case CLOSE:
		skip_close(w);
		return true;
	default:
		return false;
	}
}

bool
piece_read_frames(struct piece *piece, struct wire w, bool cut)
{
	while (wire_left(&w) > 0)
		if (!read_frame(piece, &w, wire_u8(&w), cut))
			return false;
	return wire_ok(&w) || cut;
}

bool
piece_read_google_frames(struct piece *piece, struct wire w)
{
	while (wire_left(&w) > 0) {
		uint8_t type = wire_u8(&w);

		if (type == PADDING)
			skip_padding(&w);
		else if (type == GOOGLE_CRYPTO || type == CRYPTO)
			(void)read_crypto(piece, &w, true);
		else if (type != GOOGLE_PING)
			break;
	}
	return true;
}
