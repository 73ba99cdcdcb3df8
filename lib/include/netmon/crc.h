/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The check sum of 16 bits that protocols of machines end their messages with. Header-only, usable from modules; any thread.
 */
#ifndef NETMON_CRC_H
#define NETMON_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-CCITT (x^16 + x^12 + x^5 + 1), highest bit first, of `len` octets. Protocols begin with 0 or with 0xffff. */
static inline uint16_t
crc_ccitt(const uint8_t *bytes, size_t len, uint16_t start)
{
	unsigned sum = start;

	for (size_t i = 0; i < len; i++) {
		unsigned quick = (sum >> 8 ^ bytes[i]) & 0xff;

		quick ^= quick >> 4;
		sum = (sum << 8 ^ quick << 12 ^ quick << 5 ^ quick) & 0xffff;
	}
	return (uint16_t)sum;
}

#endif
