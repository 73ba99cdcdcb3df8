/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer in CGI form (RFC 3875 section 6). */
#include "web/response.h"

#include <stddef.h>
#include <string.h>

static const struct {
	int status;
	const char *text;
} statuses[] = {
	{ 200, "OK" },
	{ 303, "See Other" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

/* Only our own style, script and images; nobody frames us; forms only to ourselves. The referrer stays within the site,
 * and is not suppressed there, for browsers then hide Origin, which forms are checked by. */
static const char page_policy[] = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
				  "form-action 'self'; object-src 'none'";
/* An SVG that is opened by itself is a document: nothing runs in it, but it carries its own style. */
static const char svg_policy[] =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
static const char security_headers[] = "X-Content-Type-Options: nosniff\r\n"
				       "X-Frame-Options: DENY\r\n"
				       "Referrer-Policy: same-origin\r\n";

const char *
response_status_text(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].text;
	return "Error";
}

static const char *
cache_control(enum response_cache cache)
{
	static const char *const values[] = {
		[CACHE_NONE] = "private, no-store",
		[CACHE_MINUTE] = "private, max-age=30",
		[CACHE_HOUR] = "public, max-age=3600",
	};

	return values[cache];
}

void
response_write(const struct response *resp, int status, bool head_only, struct buf *out)
{
	bool is_svg = resp->type && strcmp(resp->type, "image/svg+xml") == 0;

	buf_printf(out, "Status: %d %s\r\n", status, response_status_text(status));
	buf_printf(out, "Content-Type: %s\r\n",
	           resp->type ? resp->type : "text/html; charset=utf-8");
	buf_printf(out, "Content-Length: %zu\r\n", resp->body.len);
	buf_printf(out, "Cache-Control: %s\r\n", cache_control(resp->cache));
	buf_printf(out, "Content-Security-Policy: %s\r\n", is_svg ? svg_policy : page_policy);
	buf_text(out, security_headers);
	if (resp->location.len)
		buf_printf(out, "Location: %s\r\n", buf_str(&resp->location));
	if (resp->cookie[0])
		buf_printf(out, "Set-Cookie: %s\r\n", resp->cookie);
	if (resp->allow)
		buf_printf(out, "Allow: %s\r\n", resp->allow);
	if (resp->retry_after_s)
		buf_printf(out, "Retry-After: %u\r\n", resp->retry_after_s);
	buf_text(out, "\r\n");
	if (!head_only)
		buf_put(out, buf_str(&resp->body), resp->body.len);
}

void
response_free(struct response *resp)
{
	buf_free(&resp->location);
	buf_free(&resp->body);
}
