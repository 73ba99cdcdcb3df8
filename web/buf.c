/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing run of bytes. */
#include "web/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 4096

/* Makes room for `more` bytes and the NUL; false with the error set when there is none. */
static bool
reserve(struct buf *b, size_t more)
{
	size_t size = b->size ? b->size : FIRST_SIZE;

	if (b->failed || more > BUF_MAX - b->len) {
		b->failed = true;
		return false;
	}
	while (size < b->len + more + 1)
		size *= 2;
	if (size == b->size)
		return true;
	char *data = realloc(b->data, size);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->size = size;
	return true;
}

void
buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && reserve(b, (size_t)n)) {
		(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	} else {
		b->failed = true;
	}
	va_end(again);
	va_end(ap);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

void
buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
