/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For the tests of frames: decoding without an octet to spare. */
#ifndef NETMON_TESTS_LIB_FRAME_EXACT_H
#define NETMON_TESTS_LIB_FRAME_EXACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Copies to a block of the exact size, so that sanitizers see a read behind its end, and decodes that. */
static inline int
decode_exact(int (*one)(const uint8_t *bytes, size_t len), const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	int rc = one(exact, len);
	free(exact);
	return rc;
}

#endif
