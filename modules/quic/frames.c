/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frames of Initial packets. */
#include "modules/quic/frames.h"

#include "modules/quic/packet.h"

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
frames_read(struct wire w, bool cut, struct piece *piece)
{
	while (wire_left(&w) > 0)
		if (!read_frame(piece, &w, wire_u8(&w), cut))
			return false;
	return wire_ok(&w) || cut;
}

void
frames_read_google(struct wire w, struct piece *piece)
{
	while (wire_left(&w) > 0) {
		uint8_t type = wire_u8(&w);

		if (type == PADDING)
			skip_padding(&w);
		else if (type == GOOGLE_CRYPTO || type == CRYPTO)
			(void)read_crypto(piece, &w, true);
		else if (type != GOOGLE_PING)
			return;
	}
}
