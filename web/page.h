/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all pages share: the frame with its navigation, breadcrumbs, period tabs, error pages. Functions write markup
 * behind what is in `out`. Caller's thread only.
 */
#ifndef NETMON_WEB_PAGE_H
#define NETMON_WEB_PAGE_H

#include "web/web.h"

/* A crumb's link; `href` is a path below the base, made of html_url() parts, or NULL for the page itself. */
void page_crumb(const struct request *req, struct buf *out, const char *href, const char *text);

/* "?period=...&sort=..." of what differs from the defaults, escaped for an attribute; "" when nothing does. */
void page_query(const struct query *query, struct buf *out);

/* Links to the five periods of this page. */
void page_tabs(const struct request *req, struct buf *out);

/* A page in its frame into resp->body. `title` plain text; `crumbs` and `main` markup. */
void page_frame(const struct web *web, const struct request *req, const char *title,
                const char *crumbs, const char *main, struct response *resp);

/* The error page of `status` with resp->reason, or the status' usual text, instead of what is in resp->body. */
void page_error(const struct web *web, const struct request *req, int status,
                struct response *resp);

#endif
