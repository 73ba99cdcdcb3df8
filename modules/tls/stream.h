/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Handshakes on their way: one side's handshake messages (RFC 8446 section 5.1), put together from TLS records and these from
 * TCP segments. Segments are taken in the order in which they come; one that comes twice in a row is taken once, and what is
 * lost or out of order ends it. A fixed number of slots; when all are taken, the oldest is reused, and its handshake is not
 * read. Life cycle: streams_new() once for each worker, streams_begin() for a connection, streams_find() for its next
 * segments, streams_free(). Nothing is allocated between. One thread.
 */
#ifndef NETMON_MODULES_TLS_STREAM_H
#define NETMON_MODULES_TLS_STREAM_H

#include <netmon/wire.h>

/* Connections whose handshake has begun and not ended. The segments of a hello or a server's answer follow each other within a
 * millisecond or two, so this is enough for 50,000 connections a second. */
#define STREAMS_SLOTS 128
/* Octets of messages. Hellos with a post-quantum key share and an encrypted hello are about 2,000, certificates about 1,500. */
#define STREAM_MAX  4096
#define STREAM_ECHO 32

struct stream {
	uint32_t generation;  /* counts the connections that had this slot */
	uint32_t record_left; /* octets of the present record that have not come */
	uint32_t len;         /* octets of messages that have */
	uint32_t last_len;    /* octets of the last segment */
	uint8_t direction;    /* enum nm_direction: whose messages they are */
	uint8_t head_len;     /* octets of the next record's header that have come */
	uint8_t head[5];
	uint8_t last[STREAM_ECHO]; /* how the last segment began */
	uint8_t bytes[STREAM_MAX];
};

struct streams;

/* NULL when there is no memory. */
struct streams *streams_new(void);
void streams_free(struct streams *streams);

/* The oldest slot, emptied, and in *ret_handle a number that is never 0 and finds it again as long as it is not reused. */
struct stream *streams_begin(struct streams *streams, uint8_t direction, uint64_t *ret_handle);
/* NULL when it was reused. */
struct stream *streams_find(struct streams *streams, uint64_t handle);

/* Takes a segment. False when the messages end here: a record of another type, no record at all, or STREAM_MAX reached. What
 * came before stays. */
bool stream_add(struct stream *stream, struct wire segment);

/* The messages that there are. */
static inline struct wire
stream_messages(const struct stream *stream)
{
	return wire_init(stream->bytes, stream->len);
}

#endif
