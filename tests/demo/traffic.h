/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The demo's traffic: conversations out of the project's own captures, replayed along a day. Life cycle: capture_load()
 * for each file, then sessions are started (session_start()) and written in the order of time (session_run()) as one pcap
 * stream. One thread.
 */
#ifndef NETMON_TESTS_DEMO_TRAFFIC_H
#define NETMON_TESTS_DEMO_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONVERSATIONS_MAX 512          /* of one capture */
#define PACKETS_MAX       20000        /* of one capture */
#define SESSIONS_MAX      8192         /* at the same time */
#define REPEAT_MAX        20000        /* copies of one segment */
#define GAP_MAX_NS        10000000000u /* longest silence within a session: below every idle time-out */

/* A captured packet. Offsets count octets from the frame's first one; they are 0 where the frame was not understood. */
struct packet {
	uint64_t offset_ns; /* behind the conversation's first packet */
	uint8_t *bytes;     /* owned by the capture */
	uint32_t caplen;
	uint32_t wire_len;
	uint16_t l3;          /* IP header */
	uint16_t l4;          /* TCP or UDP header */
	uint16_t payload;     /* behind it */
	uint32_t payload_len; /* octets sent */
	uint8_t protocol;     /* IP protocol number */
	uint8_t side;         /* 0: from the sender of the conversation's first packet */
	bool ipv6;
};

struct conversation {
	struct packet *packets; /* owned */
	size_t n;
	size_t room;
};

/* What is replayed of a file: each of its conversations for itself, or always all of it, for protocols that name
 * addresses and ports in their payload. */
struct capture {
	struct conversation *conversations; /* owned; just one when `whole` */
	size_t n;
	bool whole;
	uint64_t busy_until_ns; /* of a whole capture: its ports are taken until then */
};

/* Reads a capture file into *ret. Packets that cannot be replayed apart (no Ethernet, TCP or UDP) are left out unless
 * `whole`. 0, or -1 with one line on standard error. */
int capture_load(const char *path, bool whole, struct capture *ret);
void capture_free(struct capture *capture);

/* How one session differs from its capture. */
struct session_shape {
	unsigned
	    variant; /* which other inside hosts it happens to, below VARIANTS; 0: the captured ones */
	uint16_t port_add; /* is added to the client's port */
	unsigned
	    repeat; /* times that each full segment is sent: a longer transfer of the same kind */
	uint64_t copy_gap_ns;
	unsigned stretch; /* pauses are so many times as long as in the capture */
};
#define VARIANTS 4

struct stream;

/* Writes to standard output. `live`: packets wait for their time. NULL when memory is short. */
struct stream *stream_new(bool live);
void stream_free(struct stream *stream);
/* Plans a session. False when SESSIONS_MAX are under way. */
bool session_start(struct stream *stream, const struct conversation *conversation, bool whole,
                   uint64_t at_ns, const struct session_shape *shape);
/* Writes everything that is due before `until_ns`. 0, or -1 when the reader has gone. */
int session_run(struct stream *stream, uint64_t until_ns);
uint64_t stream_packets(const struct stream *stream);

#endif
