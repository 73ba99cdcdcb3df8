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

void
outbuf_char(struct outbuf *o, char c)
{
	if (o->len == OUTBUF_SIZE)
		outbuf_flush(o);
	o->bytes[o->len++] = c;
}

void
outbuf_u64(struct outbuf *o, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	outbuf_put(o, digits + at, sizeof(digits) - at);
}

void
outbuf_addr(struct outbuf *o, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (!addr_is_v4(a)) {
		outbuf_text(o, addr_format(a, text, sizeof(text)));
		return;
	}
	for (int i = 12; i < 16; i++) {
		if (i > 12)
			outbuf_char(o, '.');
		outbuf_u64(o, a->b[i]);
	}
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
