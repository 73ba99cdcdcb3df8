/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of usage as markup. */
#include "web/format.h"
#include "web/html.h"
#include "web/page.h"
#include "web/subject.h"
#include "web/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* --- headings: each sorts by its column; a second click turns the order round --------------------------------------- */

static void
put_sort_link(const struct request *req, const struct table_view *view, unsigned column,
              const char *text, const char *spoken, struct buf *out)
{
	struct query query = req->query;
	bool here = query.sort == column;

	/* names read best from A, figures from the largest */
	unsigned first = column == COLUMN_NAME ? ORDER_ASC : ORDER_DESC;
	query.order = !here ? first : query.order == ORDER_ASC ? ORDER_DESC : ORDER_ASC;
	query.sort = column;
	buf_printf(out, "<a href=\"%s", req->base);
	html_attr(out, req->path);
	page_query(&query, out);
	buf_printf(out, "#%s\" title=\"Sort by %s\">%s", query_choice(KEY_SHOW, view->show), spoken,
	           text);
	if (here)
		buf_text(out,
		         req->query.order == ORDER_ASC ? " <span>▲</span>" : " <span>▼</span>");
	buf_text(out, "</a>");
}

static const char *
aria_sort(const struct request *req, unsigned column)
{
	if (req->query.sort != column)
		return "";
	return req->query.order == ORDER_ASC ? " aria-sort=\"ascending\""
	                                     : " aria-sort=\"descending\"";
}

static void
put_head(const struct request *req, const struct table_view *view, struct buf *out)
{
	static const struct {
		const char *window;
		const char *brief;
		const char *spoken[2];
	} windows[TABLE_WINDOWS] = {
		{ "Now <small>5 min</small>", "Now", { "traffic in, now", "traffic out, now" } },
		{ "1 hour", "1 h", { "traffic in, 1 hour", "traffic out, 1 hour" } },
		{ "6 hours", "6 h", { "traffic in, 6 hours", "traffic out, 6 hours" } },
	};
	static const char *const texts[2] = { "In", "Out" };

	buf_printf(out, "<tr><th rowspan=\"2\" class=\"name\" scope=\"col\"%s>",
	           aria_sort(req, COLUMN_NAME));
	put_sort_link(req, view, COLUMN_NAME, view->name_heading, "name", out);
	buf_printf(out, "</th><th rowspan=\"2\" class=\"share\" scope=\"col\"%s>",
	           aria_sort(req, COLUMN_SHARE));
	put_sort_link(req, view, COLUMN_SHARE, "Share now", "share of the traffic now", out);
	buf_text(out, "</th>");
	for (size_t w = 0; w < TABLE_WINDOWS; w++)
		buf_printf(out, "<th colspan=\"2\" class=\"window\" scope=\"colgroup\">%s</th>",
		           windows[w].window);
	buf_text(out, "</tr><tr>");
	for (unsigned c = COLUMN_IN_5M; c < COLUMN_COUNT; c++) {
		unsigned w = (c - COLUMN_IN_5M) / 2, side = (c - COLUMN_IN_5M) % 2;

		buf_printf(out, "<th scope=\"col\" class=\"%s\" data-window=\"%s\"%s>",
		           side ? "out" : "in", windows[w].brief, aria_sort(req, c));
		put_sort_link(req, view, c, texts[side], windows[w].spoken[side], out);
		buf_text(out, "</th>");
	}
	buf_text(out, "</tr>");
}

/* --- names ------------------------------------------------------------------------------------------------------------ */

static void
put_app_name(const struct request *req, const struct table_view *view, const struct usage_row *row,
             struct buf *out)
{
	char name[APP_NAME_MAX + 16];

	buf_printf(
	    out,
	    "<svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"light\" fill=\"#%06x\"/>"
	    "<rect class=\"dark\" fill=\"#%06x\"/></svg>",
	    row->app.colour & 0xffffff, row->app.colour_dark & 0xffffff);
	buf_printf(out, "<a href=\"%s", req->base);
	if (req->params.has_host && row->app.id == APP_UNKNOWN)
		buf_printf(out, "/host/%s/unknown", req->params.host_text);
	else if (view->group >= 0)
		buf_printf(out, "/group/%lld/app/%u", (long long)view->group, row->app.id);
	else
		buf_printf(out, "/app/%u", row->app.id);
	buf_text(out, "\">");
	html_text(out, subject_app_name(&row->app, name, sizeof(name)));
	buf_text(out, "</a>");
	if (strcmp(row->app.category, row->app.name) != 0) {
		buf_text(out, " <small>");
		html_text(out, row->app.category);
		buf_text(out, "</small>");
	}
}

static void
put_host_name(const struct request *req, const struct table_view *view, const struct usage_row *row,
              struct buf *out)
{
	(void)view;
	buf_printf(out, "<a class=\"address\" href=\"%s/host/", req->base);
	html_url(out, row->addr);
	buf_text(out, "\">");
	html_text(out, row->addr);
	buf_text(out, "</a>");
}

static int
compare_note(const void *group, const void *note)
{
	uint32_t a = *(const uint32_t *)group, b = ((const struct table_note *)note)->group;

	return (a > b) - (a < b);
}

static void
put_group_name(const struct request *req, const struct table_view *view,
               const struct usage_row *row, struct buf *out)
{
	buf_printf(out, "<a href=\"%s/group/%u", req->base, row->group);
	if (view->app >= 0)
		buf_printf(out, "/app/%d", view->app);
	buf_text(out, "\">");
	html_text(out, row->group_name);
	buf_text(out, "</a>");
	const struct table_note *note = NULL;
	if (view->n_notes)
		note =
		    bsearch(&row->group, view->notes, view->n_notes, sizeof(*note), compare_note);
	if (note) {
		buf_text(out, " <small>");
		html_text(out, note->text);
		buf_text(out, "</small>");
	}
}

static const char *
protocol_name(uint8_t protocol, char *buf, size_t size)
{
	static const struct {
		uint8_t number; /* IANA "Assigned Internet Protocol Numbers" */
		const char *name;
	} names[] = {
		{ 1, "ICMP" }, { 6, "TCP" }, { 17, "UDP" },    { 47, "GRE" },
		{ 50, "ESP" }, { 51, "AH" }, { 58, "ICMPv6" }, { 132, "SCTP" },
	};

	for (size_t i = 0; i < N(names); i++)
		if (names[i].number == protocol)
			return names[i].name;
	(void)snprintf(buf, size, "protocol %u", protocol);
	return buf;
}

/* A peer is no host of ours, so there is no page to link to. */
static void
put_peer_name(const struct request *req, const struct table_view *view, const struct usage_row *row,
              struct buf *out)
{
	char name[24];

	(void)req;
	(void)view;
	buf_text(out, "<span class=\"address\">");
	html_text(out, row->peer);
	buf_printf(out, "</span> <small>%s, its port %u, ours %u</small>",
	           protocol_name(row->protocol, name, sizeof(name)), row->peer_port, row->port);
}

static void (*const put_name[])(const struct request *, const struct table_view *,
                                const struct usage_row *, struct buf *) = {
	[USAGE_APPS] = put_app_name,
	[USAGE_HOSTS] = put_host_name,
	[USAGE_GROUPS] = put_group_name,
	[USAGE_UNKNOWN] = put_peer_name,
};

/* --- rows ------------------------------------------------------------------------------------------------------------- */

static void
put_share(uint64_t part, uint64_t whole, struct buf *out)
{
	char text[FORMAT_MAX];
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	buf_text(out, "<td class=\"share\" data-label=\"Share now\">");
	if (whole)
		buf_printf(out,
		           "<svg class=\"bar\" aria-hidden=\"true\"><rect width=\"%.1f%%\"/></svg>",
		           percent > 100 ? 100 : percent);
	buf_printf(out, "<span>%s</span></td>", format_share(part, whole, text, sizeof(text)));
}

static void
put_figure(uint64_t octets, unsigned column, struct buf *out)
{
	static const char *const labels[] = { "Now in",  "Now out", "1 h in",
		                              "1 h out", "6 h in",  "6 h out" };
	char rate[FORMAT_MAX], volume[FORMAT_MAX];
	unsigned i = column - COLUMN_IN_5M;

	buf_printf(out, "<td data-label=\"%s\" class=\"%s\">", labels[i], i % 2 ? "out" : "in");
	if (octets)
		buf_printf(out, "%s <small>%s</small></td>",
		           format_rate(octets, table_windows[i / 2], rate, sizeof(rate)),
		           format_volume(octets, volume, sizeof(volume)));
	else
		buf_text(out, "<span class=\"none\">–</span></td>");
}

static void
put_row(const struct request *req, const struct table_view *view, const struct table_row *row,
        struct buf *out)
{
	buf_text(out, "<tr><th scope=\"row\" class=\"name\">");
	put_name[view->kind](req, view, &row->key, out);
	buf_text(out, "</th>");
	put_share(row->in[0] + row->out[0], view->whole, out);
	for (unsigned c = COLUMN_IN_5M; c < COLUMN_COUNT; c++) {
		size_t w = (c - COLUMN_IN_5M) / 2;
		put_figure((c - COLUMN_IN_5M) % 2 ? row->out[w] : row->in[w], c, out);
	}
	buf_text(out, "</tr>\n");
}

/* "Show all 312" or, when all are shown, the way back. */
static void
put_more(const struct request *req, const struct table *t, const struct table_view *view,
         struct buf *out)
{
	struct query query = req->query;
	bool all = query.show == view->show;

	if (t->n <= TABLE_ROWS_FEW)
		return;
	query.show = all ? SHOW_TEN : view->show;
	buf_printf(out, "<a href=\"%s", req->base);
	html_attr(out, req->path);
	page_query(&query, out);
	buf_printf(out, "#%s\">", query_choice(KEY_SHOW, view->show));
	if (all)
		buf_printf(out, "Show the first %d only</a>", TABLE_ROWS_FEW);
	else
		buf_printf(out, "Show all %zu</a>", t->n);
	if (t->n >= TABLE_ROWS_MAX)
		buf_printf(out, " <span>There are more than the %d that fit here.</span>",
		           TABLE_ROWS_MAX);
}

void
table_write(const struct web *web, const struct request *req, const struct table *t,
            const struct table_view *view, struct buf *out)
{
	bool all = req->query.show == view->show;
	size_t n = !all && t->n > TABLE_ROWS_FEW ? TABLE_ROWS_FEW : t->n;
	struct buf head = { 0 }, rows = { 0 }, more = { 0 };

	if (t->n)
		put_head(req, view, &head);
	for (size_t i = 0; i < n; i++)
		put_row(req, view, &t->rows[i], &rows);
	put_more(req, t, view, &more);
	if (!buf_ok(&head) || !buf_ok(&rows) || !buf_ok(&more))
		out->failed = true;
	const struct tmpl_value values[] = {
		{ SLOT_ID, AS_TEXT, query_choice(KEY_SHOW, view->show) },
		{ SLOT_HEADING, AS_TEXT, view->heading },
		{ SLOT_HEAD, AS_HTML, buf_str(&head) },
		{ SLOT_ROWS, AS_HTML, buf_str(&rows) },
		{ SLOT_MORE, AS_HTML, buf_str(&more) },
		{ SLOT_EMPTY, AS_TEXT, t->n ? "" : view->empty },
	};
	tmpl_render(web->tmpl, TMPL_TABLE, values, N(values), out);
	buf_free(&head);
	buf_free(&rows);
	buf_free(&more);
}
