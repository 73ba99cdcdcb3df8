/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IP addresses, ranges and prefixes as text. */
#include "lib/addr.h"

#include "lib/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define V4_PREFIX_SHIFT 96 /* an IPv4 prefix length within the mapped 128 bits */

/* --- text of an address ------------------------------------------------------------------------------------------ */

#define WORDS 8 /* of 16 bits in an IPv6 address */

/* Each of these writes at `to` and returns what is behind it. */
static char *
put_octet(char *to, unsigned n)
{
	if (n >= 100)
		*to++ = (char)('0' + n / 100);
	if (n >= 10)
		*to++ = (char)('0' + n / 10 % 10);
	*to++ = (char)('0' + n % 10);
	return to;
}

static char *
put_quad(char *to, const uint8_t octets[4])
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*to++ = '.';
		to = put_octet(to, octets[i]);
	}
	return to;
}

/* RFC 5952 sections 4.1 and 4.3: lower case, no leading zeros. */
static char *
put_word(char *to, unsigned word)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned shift = 12; shift > 0; shift -= 4)
		if (word >> shift)
			*to++ = digits[word >> shift & 15];
	*to++ = digits[word & 15];
	return to;
}

/* A stretch of words that are 0. */
struct run {
	unsigned first;
	unsigned count;
};

/* RFC 5952 section 4.2: the longest stretch is left out, the first of those that are equally long, one word never. */
static struct run
longest_run(const unsigned words[WORDS])
{
	struct run best = { WORDS, 0 };
	unsigned first = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		if (words[i] != 0)
			first = i + 1;
		else if (i + 1 - first > best.count)
			best = (struct run){ first, i + 1 - first };
	}
	return best.count > 1 ? best : (struct run){ WORDS, 0 };
}

static char *
put_v6(char *to, const uint8_t octets[16])
{
	unsigned words[WORDS];

	for (unsigned i = 0; i < WORDS; i++)
		words[i] = (unsigned)octets[2 * i] << 8 | octets[2 * i + 1];
	struct run run = longest_run(words);
	/* RFC 5952 section 5, and the older IPv4-compatible ones as everybody prints them: ::192.0.2.1 */
	bool quad = run.first == 0 && run.count == 6;
	for (unsigned i = 0; i < (quad ? 6 : WORDS);) {
		if (i == run.first) {
			*to++ = ':';
			i += run.count;
			if (i == WORDS || quad)
				*to++ = ':';
			continue;
		}
		if (i > 0)
			*to++ = ':';
		to = put_word(to, words[i++]);
	}
	return quad ? put_quad(to, octets + 12) : to;
}

const char *
addr_format(const struct addr *a, char *buf, size_t size)
{
	char text[ADDR_TEXT_MAX];
	char *end = addr_is_v4(a) ? put_quad(text, a->b + 12) : put_v6(text, a->b);
	size_t len = (size_t)(end - text);

	if (size == 0)
		return buf;
	if (len >= size)
		len = 0;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return buf;
}

/* --- addresses, ranges and prefixes from text -------------------------------------------------------------------- */

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

int
addr_port_parse(const char *text, struct addr *ret_addr, uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	char host[ADDR_TEXT_MAX + 2];
	struct addr addr;
	char *end;

	if (!colon || colon == text || (size_t)(colon - text) >= sizeof(host) || colon[1] < '1' ||
	    colon[1] > '9')
		return NM_EFORMAT;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end || port > UINT16_MAX)
		return NM_EFORMAT;
	size_t len = (size_t)(colon - text);
	bool six = text[0] == '[' && text[len - 1] == ']';
	memcpy(host, text + six, len - 2 * six);
	host[len - 2 * six] = '\0';
	/* without brackets, what is behind the last colon may belong to the address */
	if (addr_parse(host, &addr) < 0 || addr_is_v4(&addr) == six)
		return NM_EFORMAT;
	*ret_addr = addr;
	*ret_port = (uint16_t)port;
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
