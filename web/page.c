/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all pages share. */
#include "web/page.h"

#include "web/html.h"

#include <stdio.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* "v" of the static files' addresses: changes with the release, so that a browser fetches the new ones. */
static void
put_version(char *ret, size_t size)
{
	unsigned long n = 5381;

	for (const char *p = NETMON_VERSION; *p; p++)
		n = (n * 33 + (unsigned char)*p) & 0x7fffffff;
	(void)snprintf(ret, size, "%lu", n);
}

void
page_crumb(const struct request *req, struct buf *out, const char *href, const char *text)
{
	if (href) {
		buf_printf(out, "<li><a href=\"%s", req->base);
		html_attr(out, href);
		buf_text(out, "\">");
	} else {
		buf_text(out, "<li aria-current=\"page\"><span>");
	}
	html_text(out, text);
	buf_text(out, href ? "</a></li>" : "</span></li>");
}

void
page_query(const struct query *query, struct buf *out)
{
	const struct {
		enum query_key key;
		unsigned value;
	} parts[] = {
		{ KEY_PERIOD, query->period },
		{ KEY_SORT, query->sort },
		{ KEY_ORDER, query->order },
		{ KEY_SHOW, query->show },
	};
	const char *between = "?";

	for (size_t i = 0; i < N(parts); i++) {
		if (parts[i].value == query_default(parts[i].key))
			continue;
		buf_printf(out, "%s%s=%s", between, query_key_name(parts[i].key),
		           query_choice(parts[i].key, parts[i].value));
		between = "&amp;";
	}
}

void
page_tabs(const struct request *req, struct buf *out)
{
	static const char *const names[PERIOD_COUNT] = { "6 hours", "Day", "Week", "Month",
		                                         "Year" };
	struct query query = req->query;

	for (unsigned i = 0; i < PERIOD_COUNT; i++) {
		query.period = i;
		buf_printf(out, "<li><a href=\"%s", req->base);
		html_attr(out, req->path);
		page_query(&query, out);
		buf_printf(out, "\"%s>%s</a></li>",
		           i == req->query.period ? " aria-current=\"true\"" : "", names[i]);
	}
}

/* The navigation; the entry that holds this page is marked. */
static void
put_nav(const struct request *req, struct buf *out)
{
	static const struct {
		const char *href;
		const char *text;
		const char *below; /* pages whose path begins so belong to the entry */
	} entries[] = {
		{ "/", "Totals", NULL },
		{ "/groups", "Groups", "/group" },
		{ "/?show=apps#apps", "Applications", "/app/" },
		{ "/?show=hosts#hosts", "Hosts", "/host/" },
		{ "/alerts", "Alerts", "/alerts" },
		{ "/probes", "Probes", "/probes" },
	};

	for (size_t i = 0; i < N(entries); i++) {
		const char *below = entries[i].below;
		bool here = below ? strncmp(req->path, below, strlen(below)) == 0
		                  : strcmp(req->path, "/") == 0;

		buf_printf(out, "<li><a href=\"%s%s\"%s>%s</a></li>", req->base, entries[i].href,
		           here ? " aria-current=\"true\"" : "", entries[i].text);
	}
}

void
page_frame(const struct web *web, const struct request *req, const char *title, const char *crumbs,
           const char *main, struct response *resp)
{
	struct buf nav = { 0 };
	char version[16];

	put_version(version, sizeof(version));
	put_nav(req, &nav);
	const struct tmpl_value values[] = {
		{ SLOT_BASE, AS_TEXT, req->base },      { SLOT_VERSION, AS_TEXT, version },
		{ SLOT_TITLE, AS_TEXT, title },         { SLOT_NAV, AS_HTML, buf_str(&nav) },
		{ SLOT_CRUMBS, AS_HTML, crumbs },       { SLOT_QUERY, AS_TEXT, req->query.q },
		{ SLOT_USER, AS_TEXT, req->user.name }, { SLOT_MAIN, AS_HTML, main },
	};
	tmpl_render(web->tmpl, req->signed_in ? TMPL_LAYOUT : TMPL_BARE, values, N(values),
	            &resp->body);
	buf_free(&nav);
}

void
page_error(const struct web *web, const struct request *req, int status, struct response *resp)
{
	static const struct {
		int status;
		const char *heading;
		const char *text;
	} errors[] = {
		{ 400, "That address is not understood",
		  "A part of it is not what this page expects." },
		{ 403, "Not allowed", "You may not do this." },
		{ 404, "Nothing here", "No such page, group, application or host is known." },
		{ 405, "Not this way", "This address does not take that kind of request." },
		{ 413, "Too large", "The form is larger than this server takes." },
		{ 414, "Too long", "The address is longer than this server takes." },
		{ 415, "Not a form", "This server takes ordinary forms only." },
		{ 429, "Too many tries", "Wait a few minutes and try again." },
		{ 503, "The store cannot be read", "Try again in a minute." },
	};
	const char *heading = "That failed", *text = "The web server's error log says why.";
	struct buf main = { 0 };

	for (size_t i = 0; i < N(errors); i++) {
		if (errors[i].status == status) {
			heading = errors[i].heading;
			text = errors[i].text;
		}
	}
	const struct tmpl_value values[] = {
		{ SLOT_BASE, AS_TEXT, req->base },
		{ SLOT_HEADING, AS_TEXT, heading },
		{ SLOT_TEXT, AS_TEXT, resp->reason[0] ? resp->reason : text },
		{ SLOT_ID, AS_TEXT, response_status_text(status) },
	};
	tmpl_render(web->tmpl, TMPL_ERROR, values, N(values), &main);
	resp->type = NULL;
	resp->cache = CACHE_NONE;
	buf_clear(&resp->body);
	buf_clear(&resp->location);
	page_frame(web, req, heading, NULL, buf_str(&main), resp);
	buf_free(&main);
}
