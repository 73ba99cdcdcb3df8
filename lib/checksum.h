/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CRC32C (Castagnoli), with the inversions of RFC 3720 section 12.1 before and after. Plain function; any thread.
 */
#ifndef NETMON_LIB_CHECKSUM_H
#define NETMON_LIB_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Of at most INT_MAX octets. */
uint32_t crc32c(const uint8_t *bytes, size_t len);

#endif
