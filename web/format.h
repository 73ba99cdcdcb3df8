/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers as people read them. Rates are bits per second and volumes bytes, both with SI prefixes (k = 1000): three
 * digits and a prefix. Each writes into `buf` of FORMAT_MAX or more and returns it. Any thread.
 */
#ifndef NETMON_WEB_FORMAT_H
#define NETMON_WEB_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define FORMAT_MAX 32

/* Rate of `octets` in `period_s` seconds: "1.50 Mbit/s". */
const char *format_rate(uint64_t octets, unsigned period_s, char *buf, size_t size);
/* "1.50 GB". */
const char *format_volume(uint64_t octets, char *buf, size_t size);
/* Part of whole in per cent with one digit, "37.5 %"; "–" when whole is 0. */
const char *format_share(uint64_t part, uint64_t whole, char *buf, size_t size);
/* As above with two digits, rounded down, so that a loss never shows as "100.00 %". */
const char *format_coverage(uint64_t part, uint64_t whole, char *buf, size_t size);
/* Length of time in its largest unit: "4 min", "3 h", "2 days". */
const char *format_age(uint64_t seconds, char *buf, size_t size);

#endif
