/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Search: hosts by address, groups and applications by name. */
#include "lib/db_group.h"
#include "lib/db_usage.h"
#include "lib/err.h"
#include "web/html.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/subject.h"

#include <stdio.h>
#include <string.h>

#define N(a)      (sizeof(a) / sizeof((a)[0]))
#define FOUND_MAX 100 /* of each kind */

struct finding {
	const struct request *req;
	const char *text; /* what is looked for */
	struct buf *out;
	size_t n;
};

static void
put_found(struct finding *f, const char *href, const char *name, const char *kind)
{
	if (f->n++ >= FOUND_MAX)
		return;
	buf_printf(f->out, "<li><a href=\"%s%s\">", f->req->base, href);
	html_text(f->out, name);
	buf_printf(f->out, "</a> <small>%s</small></li>", kind);
}

static int
take_host(void *ctx, const char *addr)
{
	struct buf href = { 0 };

	buf_text(&href, "/host/");
	html_url(&href, addr);
	put_found(ctx, buf_str(&href), addr, "host");
	buf_free(&href);
	return 0;
}

static int
take_group(void *ctx, const struct db_group *group, const struct addr_range *range)
{
	struct finding *f = ctx;
	char href[32];

	if (range || !strcasestr(group->name, f->text))
		return 0;
	(void)snprintf(href, sizeof(href), "/group/%u", group->id);
	put_found(f, href, group->name, "group");
	return 0;
}

static int
take_app(void *ctx, const struct application *app)
{
	struct finding *f = ctx;
	char href[32], name[APP_NAME_MAX + 16];

	if (!strcasestr(subject_app_name(app, name, sizeof(name)), f->text))
		return 0;
	(void)snprintf(href, sizeof(href), "/app/%u", app->id);
	put_found(f, href, name, "application");
	return 0;
}

/* A whole address of a host that we know leads straight to its page. */
static bool
goes_to_host(struct web *web, const struct request *req, struct response *resp)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	uint32_t first, last;

	if (addr_parse(req->query.q, &addr) < 0)
		return false;
	(void)addr_format(&addr, text, sizeof(text));
	if (db_host_get(web->db, text, &first, &last) < 0)
		return false;
	buf_printf(&resp->location, "%s/host/", req->base);
	html_url(&resp->location, text);
	return true;
}

static int
find_all(struct web *web, struct finding *f)
{
	int rc = db_host_search(web->db, f->text, FOUND_MAX, take_host, f);

	f->n = 0;
	if (rc == NM_OK)
		rc = db_group_each(web->db, take_group, f);
	f->n = 0;
	return rc == NM_OK ? db_app_each(web->db, take_app, f) : rc;
}

int
page_search(struct web *web, const struct request *req, struct response *resp)
{
	struct buf rows = { 0 }, main = { 0 };
	struct finding f = { .req = req, .text = req->query.q, .out = &rows };

	if (goes_to_host(web, req, resp))
		return 303;
	int rc = f.text[0] ? find_all(web, &f) : NM_OK;
	if (rc == NM_OK) {
		const struct tmpl_value values[] = {
			{ SLOT_BASE, AS_TEXT, req->base },
			{ SLOT_QUERY, AS_TEXT, f.text },
			{ SLOT_ROWS, AS_HTML, buf_str(&rows) },
			{ SLOT_EMPTY, AS_TEXT,
			  rows.len ? ""
			  : f.text[0]
			      ? "Nothing found. Hosts are found by any part of their address, groups and "
			        "applications by any part of their name."
			      : "Type a part of an address, of a group's or of an application's name." },
		};
		tmpl_render(web->tmpl, TMPL_SEARCH, values, N(values), &main);
		page_frame(web, req, "Search", "", buf_str(&main), resp);
	}
	buf_free(&rows);
	buf_free(&main);
	return rc == NM_OK ? 200 : rc;
}
