/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The capture file and the truth about it. pcap 2.4 (draft-ietf-opsawg-pcap), microseconds, Ethernet, in the byte order of
 * the machine.
 *
 * Life cycle: writer_open(), writer_put() for each frame in order of time, writer_close(). The truth is one JSON object:
 *   packets   frames in the file
 *   octets    of the frames on the wire
 *   ip_octets total lengths of the innermost IP headers: what a meter must count
 *   flows     conversations
 *   us        from the first to the last packet
 *   marked    {"10.99.0.7": [packets, ip_octets], ...} of conversations that writer_mark() counted
 */
#ifndef NETMON_TESTS_BENCH_WRITER_H
#define NETMON_TESTS_BENCH_WRITER_H

#include "tests/bench/gen/gen.h"

#include <stdio.h>

#define FRAME_MOST 65535

struct writer {
	FILE *file;
	uint32_t snaplen;
	bool failed;
	uint64_t packets;
	uint64_t octets;
	uint64_t ip_octets;
	uint64_t flows;
	uint64_t last_us;
	size_t n_marked;
	struct mark {
		uint32_t host;
		uint32_t packets;
		uint64_t ip_octets;
	} * marked; /* by number, the caller's: at least n_marked */
};

/* Writes the file's header to `file`, which stays the caller's. */
void writer_open(struct writer *w, FILE *file, uint32_t snaplen);

/* `us`: microseconds since START_S, not before the last frame's; ip_octets: see above. */
void writer_put(struct writer *w, uint64_t us, const uint8_t *frame, uint32_t len,
                uint32_t ip_octets);

/* Counts a packet of the marked conversation `number`, whose client is `host`. */
void writer_mark(struct writer *w, size_t number, uint32_t host, uint32_t ip_octets);

/* 0, or -1 when anything could not be written. */
int writer_close(struct writer *w, const char *truth);

#endif
