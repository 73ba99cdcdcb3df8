/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounds-checked reading cursor over bytes that nobody vouches for.
 *
 * Life cycle: wire_init() once, then any number of reads, then one test of wire_ok(). The first read that does not fit
 * sets a sticky error: it and every later read return 0 (or NULL) and move nothing, so a decoder reads a whole header
 * and tests once. A cursor never owns its bytes and never writes them. Header-only, usable from modules; any thread.
 */
#ifndef NETMON_WIRE_H
#define NETMON_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire {
	const uint8_t *at;  /* next byte to be read */
	const uint8_t *end; /* one past the last byte */
	bool failed;        /* sticky: some read did not fit */
};

/* A cursor over `len` bytes at `bytes`; the bytes must outlive the cursor. `bytes` may be NULL when `len` is 0. */
static inline struct wire
wire_init(const void *bytes, size_t len)
{
	static const uint8_t nothing[1];
	const uint8_t *p = (const uint8_t *)bytes;

	/* never NULL inside, to which C does not let one add even 0 */
	if (!p)
		return (struct wire){ .at = nothing, .end = nothing, .failed = false };
	return (struct wire){ .at = p, .end = p + len, .failed = false };
}

/* True as long as every read so far fitted. */
static inline bool
wire_ok(const struct wire *w)
{
	return !w->failed;
}

/* Octets that are left; 0 after an error. */
static inline size_t
wire_left(const struct wire *w)
{
	return w->failed ? 0 : (size_t)(w->end - w->at);
}

/* The next `len` octets, or NULL with the error set. The pointer is into the cursor's bytes. */
static inline const uint8_t *
wire_take(struct wire *w, size_t len)
{
	const uint8_t *p = w->at;

	if (w->failed || len > (size_t)(w->end - w->at)) {
		w->failed = true;
		return NULL;
	}
	w->at += len;
	return p;
}

/* Passes over `len` octets. */
static inline void
wire_skip(struct wire *w, size_t len)
{
	(void)wire_take(w, len);
}

/* Drops everything behind the next `len` octets (a length field said that no more belong here). Longer than what is
 * left is no error: the capture was cut, or the field lies; the caller compares wire_left() when it matters. */
static inline void
wire_limit(struct wire *w, size_t len)
{
	if (!w->failed && len < (size_t)(w->end - w->at))
		w->end = w->at + len;
}

/* One octet. */
static inline uint8_t
wire_u8(struct wire *w)
{
	const uint8_t *p = wire_take(w, 1);

	return p ? p[0] : 0;
}

/* 16 bits in network byte order, returned in host byte order. */
static inline uint16_t
wire_u16(struct wire *w)
{
	const uint8_t *p = wire_take(w, 2);

	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

/* 32 bits in network byte order, returned in host byte order. */
static inline uint32_t
wire_u32(struct wire *w)
{
	const uint8_t *p = wire_take(w, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* 64 bits in network byte order, returned in host byte order. */
static inline uint64_t
wire_u64(struct wire *w)
{
	uint64_t high = wire_u32(w);
	uint64_t low = wire_u32(w);

	return w->failed ? 0 : high << 32 | low;
}

/* The same of protocols that send the low octet first: 16, 24, 32 and 64 bits, returned in host byte order. */
static inline uint16_t
wire_le16(struct wire *w)
{
	const uint8_t *p = wire_take(w, 2);

	return p ? (uint16_t)((unsigned)p[1] << 8 | p[0]) : 0;
}

static inline uint32_t
wire_le24(struct wire *w)
{
	const uint8_t *p = wire_take(w, 3);

	return p ? (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0] : 0;
}

static inline uint32_t
wire_le32(struct wire *w)
{
	const uint8_t *p = wire_take(w, 4);

	return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0] : 0;
}

static inline uint64_t
wire_le64(struct wire *w)
{
	uint64_t low = wire_le32(w);
	uint64_t high = wire_le32(w);

	return w->failed ? 0 : high << 32 | low;
}

/* Copies the next `len` octets to `ret_bytes`, which is left as it was when they are not there. */
static inline void
wire_copy(struct wire *w, void *ret_bytes, size_t len)
{
	const uint8_t *p = wire_take(w, len);

	if (p && len)
		memcpy(ret_bytes, p, len);
}

#endif
