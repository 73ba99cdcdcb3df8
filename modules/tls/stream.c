/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handshakes on their way. */
#include "modules/tls/stream.h"

#include <stdlib.h>

#define HANDSHAKE  22
#define RECORD_MAX (16384 + 2048) /* RFC 5246 section 6.2.3 */

struct streams {
	unsigned next; /* slot to be given away */
	struct stream slots[STREAMS_SLOTS];
};

struct streams *
streams_new(void)
{
	return calloc(1, sizeof(struct streams));
}

void
streams_free(struct streams *streams)
{
	free(streams);
}

/* A handle is the slot's generation, and the slot's number in the low octet. */
struct stream *
streams_begin(struct streams *streams, uint8_t direction, uint64_t *ret_handle)
{
	unsigned slot = streams->next;
	struct stream *stream = &streams->slots[slot];
	uint32_t generation = (stream->generation + 1) & 0x7fffffffU;

	streams->next = (slot + 1) % STREAMS_SLOTS;
	stream->generation = generation ? generation : 1;
	stream->record_left = 0;
	stream->len = 0;
	stream->last_len = 0;
	stream->direction = direction;
	stream->head_len = 0;
	*ret_handle = (uint64_t)stream->generation << 8 | slot;
	return stream;
}

struct stream *
streams_find(struct streams *streams, uint64_t handle)
{
	struct stream *stream = &streams->slots[(handle & 0xff) % STREAMS_SLOTS];

	return handle >> 8 != 0 && stream->generation == handle >> 8 ? stream : NULL;
}

/* Is it the segment before once more? A capture that sees both sides of a router has each of them twice. */
static bool
is_echo(struct stream *stream, const struct wire *segment)
{
	size_t len = wire_left(segment);
	size_t begin = len < STREAM_ECHO ? len : STREAM_ECHO;

	if (len == 0 || (len == stream->last_len && memcmp(stream->last, segment->at, begin) == 0))
		return true;
	stream->last_len = (uint32_t)len;
	memcpy(stream->last, segment->at, begin);
	return false;
}

/* Takes octets of the next record's header. False when it is none of the handshake's. */
static bool
take_head(struct stream *stream, struct wire *w)
{
	while (stream->head_len < sizeof(stream->head) && wire_left(w) > 0)
		stream->head[stream->head_len++] = wire_u8(w);
	if (stream->head_len < sizeof(stream->head))
		return true;
	stream->head_len = 0;
	stream->record_left = (uint32_t)stream->head[3] << 8 | stream->head[4];
	return stream->head[0] == HANDSHAKE && stream->head[1] == 3 && stream->record_left > 0 &&
	       stream->record_left <= RECORD_MAX;
}

bool
stream_add(struct stream *stream, struct wire w)
{
	if (is_echo(stream, &w))
		return true;
	while (wire_left(&w) > 0 && stream->len < STREAM_MAX) {
		if (stream->record_left == 0) {
			if (!take_head(stream, &w))
				return false;
			continue;
		}
		size_t len = wire_left(&w);
		if (len > stream->record_left)
			len = stream->record_left;
		stream->record_left -= (uint32_t)len;
		size_t room = STREAM_MAX - stream->len;
		wire_copy(&w, stream->bytes + stream->len, len < room ? len : room);
		stream->len += (uint32_t)(len < room ? len : room);
		if (len > room)
			break;
	}
	return stream->len < STREAM_MAX;
}
