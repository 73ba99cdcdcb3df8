/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writers of untrusted text into pages. The name says the context; nothing else may carry a value into markup.
 * All of them replace bytes that are no UTF-8 (RFC 3629) and control characters by U+FFFD. Caller's thread only.
 */
#ifndef NETMON_WEB_HTML_H
#define NETMON_WEB_HTML_H

#include "web/buf.h"

/* Between tags, and inside an attribute's double or single quotes: & < > " ' become references. */
void html_text(struct buf *b, const char *text);
/* The same; says at the call that the value stands in a quoted attribute. */
void html_attr(struct buf *b, const char *text);
/* One part of a path, or a key or value of a query: everything but RFC 3986's unreserved characters and ':' becomes
 * %XX, byte by byte. The result needs no further escaping. */
void html_url(struct buf *b, const char *text);
/* `text` as UTF-8 without control characters, not escaped: for text in images. */
void html_plain(struct buf *b, const char *text);
/* <time datetime> for seconds UTC; the text is UTC too. */
void html_time(struct buf *b, long long when_s);

#endif
