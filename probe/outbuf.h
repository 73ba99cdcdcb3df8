/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Buffered output of text and frames to a descriptor. Life cycle: outbuf_new(), outbuf_put*(), outbuf_flush(),
 * outbuf_free(). Output that cannot be written (closed pipe, full disk) ends the program with one line and exit status 1:
 * what prints records has nothing else to do. One thread.
 */
#ifndef NETMON_PROBE_OUTBUF_H
#define NETMON_PROBE_OUTBUF_H

#include "lib/addr.h"

#include <stddef.h>
#include <stdint.h>

struct outbuf;

/* `fd` stays the caller's; `name` (not copied) is what an error line calls it. NULL: out of memory. */
struct outbuf *outbuf_new(int fd, const char *name);
/* Throws away what was not flushed. NULL is fine. */
void outbuf_free(struct outbuf *o);

void outbuf_put(struct outbuf *o, const void *bytes, size_t len);
void outbuf_text(struct outbuf *o, const char *text);
void outbuf_char(struct outbuf *o, char c);
void outbuf_u64(struct outbuf *o, uint64_t n);
void outbuf_addr(struct outbuf *o, const struct addr *a);
/* Seconds with three decimals; `frac` in 1/256 s. */
void outbuf_time(struct outbuf *o, uint32_t seconds, uint8_t frac);
/* A field by RFC 4180: in quotes when it needs them. */
void outbuf_csv(struct outbuf *o, const char *text);

/* Writes all that is buffered. */
void outbuf_flush(struct outbuf *o);

#endif
