/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside capture: what files and interfaces share of libpcap. Only capture*.c include this.
 */
#ifndef NETMON_PROBE_CAPTURE_PCAP_H
#define NETMON_PROBE_CAPTURE_PCAP_H

#include "probe/capture.h"

#include <pcap/pcap.h>

/* Frames between two calls of the hook. */
#define CAPTURE_BATCH 512

/* What is known of the frames of a handle. */
struct capture_input {
	const struct capture_config *config; /* set by the owner, as is `link` */
	const struct decode_link *type;
	uint64_t tick_ns; /* what a unit of tv_usec is: 1 or 1000 */
	uint16_t link;
};

/* The decoder of a link type, or NULL after one log line that begins with `name`. */
const struct decode_link *capture_type(const char *name, int dlt);

/* Compiles a filter; the caller frees *ret_program with pcap_freecode(). 0, or NM_EFORMAT after a log line. */
int capture_compile(pcap_t *pcap, const char *name, const char *filter,
                    struct bpf_program *ret_program);

/* Prepares an open handle: link type and time stamps' unit into *in, filter. A negative code after a log line. */
int capture_prepare(pcap_t *pcap, const char *name, struct capture_input *in);

/* What libpcap hands over, as the meter takes it. */
void capture_bytes(const struct capture_input *in, const struct pcap_pkthdr *header,
                   const u_char *bytes, struct frame_bytes *ret_frame);

#endif
