/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A growing run of bytes: what a response's body is written into.
 *
 * Life cycle: `struct buf b = { 0 }`, any number of writes, one test of buf_ok(), buf_free(). The first write that does
 * not fit (out of memory, or above BUF_MAX) sets a sticky error, after which writes do nothing. The bytes are always
 * followed by a NUL that does not count. Caller's thread only.
 */
#ifndef NETMON_WEB_BUF_H
#define NETMON_WEB_BUF_H

#include <stdbool.h>
#include <stddef.h>

#define BUF_MAX (32u << 20) /* bytes: the largest page (10,000 rows) is below 16 MB */

struct buf {
	char *data; /* owned; NULL while nothing was written */
	size_t len;
	size_t size; /* of the block at `data` */
	bool failed;
};

void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets the bytes and the error, keeps the block. */
void buf_clear(struct buf *b);
void buf_free(struct buf *b);

static inline bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

/* The bytes as a string, "" when there are none. Valid until the next write. */
static inline const char *
buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

#endif
