/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounds-checked writing cursor, the counterpart of netmon/wire.h: wireout_init() once, any number of puts, then one
 * test of wireout_ok(). The first put that does not fit sets a sticky error and nothing is written from then on. A
 * cursor never owns its bytes. Header-only; any thread.
 */
#ifndef NETMON_LIB_WIREOUT_H
#define NETMON_LIB_WIREOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wireout {
	uint8_t *bytes;
	size_t size; /* octets of `bytes` */
	size_t len;  /* octets written so far */
	bool failed; /* sticky: some put did not fit */
};

static inline struct wireout
wireout_init(uint8_t *bytes, size_t size)
{
	return (struct wireout){ .bytes = bytes, .size = size, .len = 0, .failed = false };
}

static inline bool
wireout_ok(const struct wireout *w)
{
	return !w->failed;
}

/* Room for the next `len` octets, or NULL with the error set. */
static inline uint8_t *
wireout_take(struct wireout *w, size_t len)
{
	uint8_t *p = w->bytes + w->len;

	if (w->failed || len > w->size - w->len) {
		w->failed = true;
		return NULL;
	}
	w->len += len;
	return p;
}

static inline void
wireout_bytes(struct wireout *w, const void *bytes, size_t len)
{
	uint8_t *p = wireout_take(w, len);

	if (p && len)
		memcpy(p, bytes, len);
}

/* Numbers go out in network byte order. */
static inline void
wireout_uint(struct wireout *w, uint64_t value, size_t octets)
{
	uint8_t *p = wireout_take(w, octets);

	for (size_t i = octets; p && i > 0; i--, value >>= 8)
		p[i - 1] = (uint8_t)value;
}

/* One number where wireout_take() said that there is room; returns what is behind it. For rows of fixed size. */
static inline uint8_t *
wireout_at16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
	return p + 2;
}

static inline uint8_t *
wireout_at32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
	return p + 4;
}

static inline void
wireout_u8(struct wireout *w, uint8_t value)
{
	wireout_uint(w, value, 1);
}

static inline void
wireout_u16(struct wireout *w, uint16_t value)
{
	wireout_uint(w, value, 2);
}

static inline void
wireout_u32(struct wireout *w, uint32_t value)
{
	wireout_uint(w, value, 4);
}

static inline void
wireout_u64(struct wireout *w, uint64_t value)
{
	wireout_uint(w, value, 8);
}

/* Overwrites four octets that were put at offset `at` before (a length that was not known yet). */
static inline void
wireout_patch_u32(struct wireout *w, size_t at, uint32_t value)
{
	struct wireout hole = wireout_init(w->bytes + at, 4);

	if (!w->failed)
		wireout_u32(&hole, value);
}

#endif
