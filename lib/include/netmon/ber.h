/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the tags and lengths of BER (X.690 section 8.1) through the cursor of wire.h, as far as SNMP, LDAP and Kerberos
 * need them: tags of one octet, lengths of definite form up to 2^32 - 1. Errors are the cursor's own sticky one.
 * Header-only, usable from modules; any thread.
 */
#ifndef NETMON_BER_H
#define NETMON_BER_H

#include <netmon/wire.h>

#define BER_INTEGER     0x02
#define BER_OCTETS      0x04
#define BER_ENUMERATED  0x0a
#define BER_SEQUENCE    0x30
#define BER_APPLICATION 0x60 /* constructed, class application: + the tag's number */
#define BER_CONTEXT     0xa0 /* constructed, class context */

/* X.690 section 8.1.3: a length in octets. The indefinite form and more than four octets are errors. */
static inline uint32_t
ber_length(struct wire *w)
{
	uint8_t first = wire_u8(w);
	uint32_t length = 0;

	if (first < 0x80)
		return first;
	if (first == 0x80 || first > 0x84)
		w->failed = true;
	for (unsigned i = first & 0x7f; !w->failed && i > 0; i--)
		length = length << 8 | wire_u8(w);
	return w->failed ? 0 : length;
}

/* Reads the head of an element that has to have this tag. Returns the octets of its contents. */
static inline uint32_t
ber_expect(struct wire *w, uint8_t tag)
{
	if (wire_u8(w) != tag)
		w->failed = true;
	return ber_length(w);
}

/* Reads an integer (or what is written like one, by `tag`) of 1 to `octets_max` <= 4 octets, taken as unsigned. */
static inline uint32_t
ber_number(struct wire *w, uint8_t tag, uint32_t octets_max)
{
	uint32_t length = ber_expect(w, tag);
	uint32_t value = 0;

	if (length == 0 || length > octets_max)
		w->failed = true;
	for (uint32_t i = 0; !w->failed && i < length; i++)
		value = value << 8 | wire_u8(w);
	return w->failed ? 0 : value;
}

#endif
