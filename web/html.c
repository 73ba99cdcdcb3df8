/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writers of untrusted text into pages. */
#include "web/html.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Octets of the character at `p` (RFC 3629 section 4), 0 when it is none. `p` ends with a NUL, which no continuation
 * octet equals, so that nothing behind it is read. */
static size_t
utf8_length(const unsigned char *p)
{
	static const struct {
		unsigned char first, last; /* range of the leading octet */
		unsigned char low, high;   /* range of the second */
		unsigned char length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (*p < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (*p < forms[i].first || *p > forms[i].last)
			continue;
		if (p[1] < forms[i].low || p[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static bool
is_control(const unsigned char *p, size_t len)
{
	return *p < 0x20 || *p == 0x7f || (len == 2 && *p == 0xc2 && p[1] < 0xa0);
}

static const char *
reference(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void
put_clean(struct buf *b, const char *text, bool escape)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t len = utf8_length(p);
		const char *ref = escape ? reference(*p) : NULL;

		if (len == 0 || is_control(p, len))
			buf_text(b, REPLACEMENT);
		else if (ref)
			buf_text(b, ref);
		else
			buf_put(b, p, len);
		p += len ? len : 1;
	}
}

void
html_text(struct buf *b, const char *text)
{
	put_clean(b, text, true);
}

void
html_attr(struct buf *b, const char *text)
{
	put_clean(b, text, true);
}

void
html_plain(struct buf *b, const char *text)
{
	put_clean(b, text, false);
}

void
html_url(struct buf *b, const char *text)
{
	static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~:";

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (strchr(kept, *p))
			buf_put(b, p, 1);
		else
			buf_printf(b, "%%%02X", *p);
	}
}

void
html_time(struct buf *b, long long when_s)
{
	char machine[32], people[32];
	time_t t = (time_t)when_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return;
	(void)strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)strftime(people, sizeof(people), "%Y-%m-%d %H:%M UTC", &tm);
	buf_printf(b, "<time datetime=\"%s\">%s</time>", machine, people);
}
