/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buffered output of text and frames. */
#include "probe/outbuf.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTBUF_SIZE 65536

struct outbuf {
	int fd;
	const char *name;
	size_t len;
	char bytes[OUTBUF_SIZE];
};

struct outbuf *
outbuf_new(int fd, const char *name)
{
	struct outbuf *o = malloc(sizeof(*o));

	if (!o)
		return NULL;
	o->fd = fd;
	o->name = name;
	o->len = 0;
	return o;
}

void
outbuf_free(struct outbuf *o)
{
	free(o);
}

static void
write_all(const struct outbuf *o, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(o->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			log_fatal(1, "%s: cannot write: %s", o->name, nm_strerror(-errno));
		bytes += n;
		len -= (size_t)n;
	}
}

void
outbuf_flush(struct outbuf *o)
{
	write_all(o, o->bytes, o->len);
	o->len = 0;
}

void
outbuf_put(struct outbuf *o, const void *bytes, size_t len)
{
	if (len > OUTBUF_SIZE - o->len)
		outbuf_flush(o);
	if (len > OUTBUF_SIZE) {
		write_all(o, bytes, len);
		return;
	}
	memcpy(o->bytes + o->len, bytes, len);
	o->len += len;
}

void
outbuf_text(struct outbuf *o, const char *text)
{
	outbuf_put(o, text, strlen(text));
}

/* Room for `len` octets, far fewer than the buffer holds, at the returned place; the caller then adds what it used to
 * o->len. */
static inline char *
room(struct outbuf *o, size_t len)
{
	if (len > OUTBUF_SIZE - o->len)
		outbuf_flush(o);
	return o->bytes + o->len;
}

void
outbuf_char(struct outbuf *o, char c)
{
	*room(o, 1) = c;
	o->len++;
}

/* Writes a number at `to`, which has room for DIGITS_MAX octets; returns how many digits it has. */
#define DIGITS_MAX 20
static inline size_t
put_digits(char *to, uint64_t n)
{
	char digits
	    [2 *
	     DIGITS_MAX]; /* the copy below has a fixed length, which is cheap, and reads behind the digits */
	size_t at = DIGITS_MAX;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	memset(digits + DIGITS_MAX, 0, DIGITS_MAX);
	memcpy(to, digits + at, DIGITS_MAX);
	return DIGITS_MAX - at;
}

void
outbuf_u64(struct outbuf *o, uint64_t n)
{
	o->len += put_digits(room(o, DIGITS_MAX), n);
}

void
outbuf_addr(struct outbuf *o, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (!addr_is_v4(a)) {
		outbuf_text(o, addr_format(a, text, sizeof(text)));
		return;
	}
	char *begin = room(o, 4 + 4 * DIGITS_MAX), *to = begin;
	for (int i = 12; i < 16; i++) {
		unsigned n = a->b[i];
		if (n >= 100)
			*to++ = (char)('0' + n / 100);
		if (n >= 10)
			*to++ = (char)('0' + n / 10 % 10);
		*to++ = (char)('0' + n % 10);
		*to++ = '.';
	}
	o->len += (size_t)(to - begin) - 1;
}

void
outbuf_time(struct outbuf *o, uint32_t seconds, uint8_t frac)
{
	unsigned ms = frac * 1000u / 256u;
	char decimals[4] = { '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10),
		             (char)('0' + ms % 10) };

	outbuf_u64(o, seconds);
	outbuf_put(o, decimals, sizeof(decimals));
}

void
outbuf_csv(struct outbuf *o, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		outbuf_text(o, text);
		return;
	}
	outbuf_char(o, '"');
	for (; *text; text++) {
		if (*text == '"')
			outbuf_char(o, '"');
		outbuf_char(o, *text);
	}
	outbuf_char(o, '"');
}
