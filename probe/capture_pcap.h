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

/* The user pointer of capture_frame(). */
struct capture_input {
	const struct capture_config *config;
	const struct decode_link *type;
	uint64_t tick_ns; /* what a unit of tv_usec is: 1 or 1000 */
	uint16_t link;
};

/* Prepares an open handle: link type, time stamps' unit, filter. A negative code after one log line that begins with
 * `name`. */
int capture_prepare(pcap_t *pcap, const char *name, uint16_t link,
                    const struct capture_config *config, struct capture_input *ret_input);

/* A pcap_handler: one frame to the meter. */
void capture_frame(u_char *input, const struct pcap_pkthdr *header, const u_char *bytes);

#endif
