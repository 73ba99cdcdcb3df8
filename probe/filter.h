/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compiling the BPF filter. It is the administrator's, but looking up a name in it parses what a name server says. So
 * before the process is sealed (probe/sandbox.h) a child compiles, which goes into the sandbox first, and only the
 * program, which libpcap and the kernel check before they run it, comes back. One thread.
 */
#ifndef NETMON_PROBE_FILTER_H
#define NETMON_PROBE_FILTER_H

#include <pcap/pcap.h>
#include <stddef.h>

/* Compiles `filter` for the handle's link type. 0: the caller frees *ret_program with pcap_freecode(). NM_EFORMAT or
 * -errno: `err` holds one line without the filter's text. */
int filter_compile(pcap_t *pcap, const char *filter, struct bpf_program *ret_program, char *err,
                   size_t err_size);

#endif
