/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An answer: filled by a handler, turned into CGI form at the end. Zero-initialise; response_free() at the end.
 */
#ifndef NETMON_WEB_RESPONSE_H
#define NETMON_WEB_RESPONSE_H

#include "web/buf.h"

#include <stdbool.h>

#define RESPONSE_REASON_MAX 256
#define RESPONSE_COOKIE_MAX 512

enum response_cache {
	CACHE_NONE,   /* pages of a person: never kept */
	CACHE_MINUTE, /* graphs: the person's browser keeps them until the next minute's data */
	CACHE_HOUR,   /* style sheets: everybody */
};

struct response {
	const char *type; /* Content-Type, static text; NULL: HTML */
	enum response_cache cache;
	const char *allow; /* of a 405, static text */
	unsigned retry_after_s;
	char cookie[RESPONSE_COOKIE_MAX]; /* Set-Cookie, or "" */
	char reason
	    [RESPONSE_REASON_MAX]; /* for the error page: what happened and what to do; plain text */
	struct buf location;       /* of a redirect: path made of html_url() parts */
	struct buf body;
};

/* The CGI header block and, unless `head_only`, the body, behind what is in `out`. */
void response_write(const struct response *resp, int status, bool head_only, struct buf *out);
void response_free(struct response *resp);
/* "Not Found"; "Error" for a status that is not in the table. */
const char *response_status_text(int status);

#endif
