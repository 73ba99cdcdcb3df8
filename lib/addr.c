/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IP addresses, ranges and prefixes as text. */
#include "lib/addr.h"

#include "lib/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define V4_PREFIX_SHIFT 96 /* an IPv4 prefix length within the mapped 128 bits */

const char *
addr_format(const struct addr *a, char *buf, size_t size)
{
	const char *text = addr_is_v4(a) ? inet_ntop(AF_INET, a->b + 12, buf, (socklen_t)size)
	                                 : inet_ntop(AF_INET6, a->b, buf, (socklen_t)size);

	if (!text && size)
		buf[0] = '\0';
	return buf;
}

int
addr_parse(const char *text, struct addr *ret_addr)
{
	uint8_t octets[16];

	if (inet_pton(AF_INET, text, octets) == 1)
		*ret_addr = addr_from_v4(octets);
	else if (inet_pton(AF_INET6, text, octets) == 1)
		*ret_addr = addr_from_v6(octets);
	else
		return NM_EFORMAT;
	return NM_OK;
}

/* Sets the low 128 - prefix bits of `a` to `bit`. */
static void
fill_host_bits(struct addr *a, unsigned prefix, bool bit)
{
	for (unsigned i = prefix; i < 128; i++) {
		uint8_t mask = (uint8_t)(0x80u >> (i % 8));

		if (bit)
			a->b[i / 8] |= mask;
		else
			a->b[i / 8] &= (uint8_t)~mask;
	}
}

static int
parse_prefix_len(const char *text, unsigned max, unsigned *ret_len)
{
	char *end;

	if (*text < '0' || *text > '9')
		return NM_EFORMAT;
	unsigned long n = strtoul(text, &end, 10);
	if (*end || end - text > 3 || n > max)
		return NM_EFORMAT;
	*ret_len = (unsigned)n;
	return NM_OK;
}

static int
parse_cidr(const char *address, const char *length, struct addr_range *ret_range)
{
	struct addr_range r;
	unsigned prefix;

	if (addr_parse(address, &r.first) < 0)
		return NM_EFORMAT;
	/* a colon tells ::ffff:10.0.0.0/104 from 10.0.0.0/8 */
	bool v4 = !strchr(address, ':');
	if (parse_prefix_len(length, v4 ? 32 : 128, &prefix) < 0)
		return NM_EFORMAT;
	prefix += v4 ? V4_PREFIX_SHIFT : 0;
	r.last = r.first;
	fill_host_bits(&r.first, prefix, false);
	if (addr_compare(&r.first, &r.last) != 0)
		return NM_EFORMAT;
	fill_host_bits(&r.last, prefix, true);
	*ret_range = r;
	return NM_OK;
}

int
addr_range_parse(const char *text, struct addr_range *ret_range)
{
	char copy[2 * ADDR_TEXT_MAX];
	struct addr_range r;
	size_t len = strlen(text);

	if (len >= sizeof(copy))
		return NM_EFORMAT;
	memcpy(copy, text, len + 1);
	char *mark = strpbrk(copy, "/-");
	char kind = mark ? *mark : '\0';
	if (mark)
		*mark++ = '\0';
	if (kind == '/')
		return parse_cidr(copy, mark, ret_range);
	if (addr_parse(copy, &r.first) < 0 || addr_parse(mark ? mark : copy, &r.last) < 0)
		return NM_EFORMAT;
	if (addr_is_v4(&r.first) != addr_is_v4(&r.last) || addr_compare(&r.first, &r.last) > 0)
		return NM_EFORMAT;
	*ret_range = r;
	return NM_OK;
}

/* The prefix length when the range is exactly one prefix, else -1. */
static int
range_prefix(const struct addr_range *r)
{
	unsigned common = 0;

	while (common < 128 &&
	       !((r->first.b[common / 8] ^ r->last.b[common / 8]) & (0x80u >> (common % 8))))
		common++;
	struct addr low = r->first, high = r->last;
	fill_host_bits(&low, common, false);
	fill_host_bits(&high, common, true);
	bool whole = addr_compare(&low, &r->first) == 0 && addr_compare(&high, &r->last) == 0;
	return whole ? (int)common : -1;
}

const char *
addr_range_format(const struct addr_range *r, char *buf, size_t size)
{
	char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
	int prefix = range_prefix(r);

	addr_format(&r->first, first, sizeof(first));
	addr_format(&r->last, last, sizeof(last));
	if (prefix == 128)
		(void)snprintf(buf, size, "%s", first);
	else if (prefix >= 0)
		(void)snprintf(buf, size, "%s/%d", first,
		               addr_is_v4(&r->first) ? prefix - V4_PREFIX_SHIFT : prefix);
	else
		(void)snprintf(buf, size, "%s-%s", first, last);
	return buf;
}
