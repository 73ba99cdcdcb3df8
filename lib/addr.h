/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IP addresses, ranges and prefixes. Every address is 16 octets in network byte order; IPv4 is held as
 * ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so one comparison and one hash serve both families. Plain values: nothing
 * to free, any thread.
 */
#ifndef NETMON_LIB_ADDR_H
#define NETMON_LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ADDR_TEXT_MAX 46 /* longest text form and its NUL (INET6_ADDRSTRLEN) */

struct addr {
	uint8_t b[16];
};

/* From four octets in network byte order. */
static inline struct addr
addr_from_v4(const uint8_t octets[4])
{
	struct addr a = { .b = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };

	memcpy(a.b + 12, octets, 4);
	return a;
}

/* From sixteen octets in network byte order. */
static inline struct addr
addr_from_v6(const uint8_t octets[16])
{
	struct addr a;

	memcpy(a.b, octets, 16);
	return a;
}

static inline bool
addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

/* 0.0.0.0 (RFC 1122 section 3.2.1.3) or :: (RFC 4291 section 2.5.2). */
static inline bool
addr_is_unspecified(const struct addr *a)
{
	static const uint8_t zeros[16];

	return memcmp(a->b, zeros, 10) == 0 && memcmp(a->b + 12, zeros, 4) == 0 &&
	       a->b[10] == a->b[11] && (a->b[10] == 0 || a->b[10] == 0xff);
}

/* <0, 0, >0 in numeric order; all of IPv4 sorts together. */
static inline int
addr_compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

/* Canonical text (dotted quad; RFC 5952) into `buf` of at least ADDR_TEXT_MAX; returns `buf`. */
const char *addr_format(const struct addr *a, char *buf, size_t size);

/* One address in any usual text form, no white space. 0, or NM_EFORMAT with *ret_addr untouched. */
int addr_parse(const char *text, struct addr *ret_addr);

/* An address and port: "10.0.0.1:80", "[2001:db8::1]:80"; the port is in host byte order, not 0. 0, or NM_EFORMAT with what is
 * returned untouched. */
int addr_port_parse(const char *text, struct addr *ret_addr, uint16_t *ret_port);

/* Inclusive range. */
struct addr_range {
	struct addr first;
	struct addr last;
};

/* "10.0.0.1", "10.0.0.1-10.0.0.9" or "10.0.0.0/8", IPv4 or IPv6, no white space. Host bits behind a prefix are an
 * error (a slip of the pen must not grow a group). 0, or NM_EFORMAT with *ret_range untouched. */
int addr_range_parse(const char *text, struct addr_range *ret_range);

/* The shortest of the forms above, into `buf` of at least 2 * ADDR_TEXT_MAX; returns `buf`. */
const char *addr_range_format(const struct addr_range *r, char *buf, size_t size);

static inline bool
addr_range_holds(const struct addr_range *r, const struct addr *a)
{
	return addr_compare(&r->first, a) <= 0 && addr_compare(a, &r->last) <= 0;
}

#endif
