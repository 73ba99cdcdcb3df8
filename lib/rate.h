/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rates as people write and read them: bits per second with SI prefixes (k = 1000). Any thread.
 */
#ifndef NETMON_LIB_RATE_H
#define NETMON_LIB_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_MAX \
	UINT64_C(1000000000000000) /* 1 Pbit/s: no link comes near, and sums of it still fit */
#define RATE_TEXT_MAX 24

/* "2500", "500k", "2M", "1.5G", "1T"; "bit/s" or "bps" may follow. 0; NM_EFORMAT: anything else, a part of a bit, or more
 * than RATE_MAX; *ret_bps is untouched then. */
int rate_parse(const char *text, uint64_t *ret_bps);

/* Three digits and a prefix, "1.50 Mbit/s", rounded down, into `buf` of RATE_TEXT_MAX or more; returns `buf`. */
const char *rate_format(uint64_t bps, char *buf, size_t size);

#endif
