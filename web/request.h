/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request as CGI (RFC 3875) gives it: variables and a body, both from anybody. Life cycle: request_read() once, then
 * read the fields; request_wipe() at the end, for a password may be in it. Caller's thread only.
 */
#ifndef NETMON_WEB_REQUEST_H
#define NETMON_WEB_REQUEST_H

#include "lib/db_user.h"
#include "web/query.h"
#include "web/route.h"

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_BASE_MAX   256
#define REQUEST_PATH_MAX   512
#define REQUEST_HEADER_MAX 512
#define REQUEST_COOKIE_MAX 4096

/* Bits, so that a route can allow several. */
enum method { METHOD_GET = 1, METHOD_HEAD = 2, METHOD_POST = 4, METHOD_OTHER = 8 };

struct request {
	enum method method;
	char base[REQUEST_BASE_MAX]; /* what stands before every path of ours: "" or "/netmon" */
	char path[REQUEST_PATH_MAX]; /* decoded by the web server, begins with '/' */
	/* as received, "" when absent */
	char query_text[QUERY_TEXT_MAX + 1];
	char form_text[QUERY_TEXT_MAX + 1];
	char cookie[REQUEST_COOKIE_MAX];
	char host[REQUEST_HEADER_MAX];
	char origin[REQUEST_HEADER_MAX];
	char fetch_site[REQUEST_HEADER_MAX];
	char client[REQUEST_HEADER_MAX]; /* address of the peer, in text */
	bool https;
	/* filled by the dispatcher */
	struct route_params params;
	struct query query;
	struct query form;
	bool signed_in;
	struct db_user user; /* when signed_in */
};

/* Where variables and the body come from. */
struct request_source {
	const char *(*variable)(void *ctx, const char *name); /* NULL when absent */
	size_t (*body)(void *ctx, char *bytes, size_t size);  /* octets read, 0 at the end */
	void *ctx;
};

/* 0, or the HTTP status that says why the request is refused: 400, 413 (body too large), 414 (address too long), 415. */
int request_read(const struct request_source *source, struct request *ret_request);
void request_wipe(struct request *req);

/* Value of the cookie `name` into ret_value; false when it is absent or does not fit. */
bool request_cookie(const struct request *req, const char *name, char *ret_value, size_t size);
/* False when a browser says that another site made it send this request. Browsers send Origin or Sec-Fetch-Site with
 * every POST; a request with neither is from no browser, so that nobody's cookie is misused by it. */
bool request_same_origin(const struct request *req);

#endif
