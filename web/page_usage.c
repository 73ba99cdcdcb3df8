/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pages of traffic: a graph, sums, and tables, for each kind of subject from one description. */
#include "lib/db_ledger.h"
#include "lib/err.h"
#include "web/format.h"
#include "web/html.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/subject.h"
#include "web/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define N(a)       (sizeof(a) / sizeof((a)[0]))
#define TABLES_MAX 3
#define STALE_S    600 /* aggregates are written each minute; this old, something is wrong */

static const char no_groups[] =
    "No group has had traffic. A host counts as ours when a group holds it: netmon groups add NAME 192.0.2.0/24";
static const char no_apps[] = "No traffic in the last six hours.";
static const char no_hosts[] =
    "No host has had traffic in the last six hours. Hosts are those that a group holds: "
    "netmon groups add NAME 192.0.2.0/24";

/* What a page shows below its graph. The first table's sums are the page's sums. */
struct view {
	size_t n_tables;
	struct {
		enum usage_table kind;
		unsigned show;
		const char *heading;
		const char *name_heading;
		const char *empty;
	} tables[TABLES_MAX];
};

#define APPS                                                                  \
	{                                                                     \
		USAGE_APPS, SHOW_APPS, "Applications", "Application", no_apps \
	}
#define GROUPS                                                          \
	{                                                               \
		USAGE_GROUPS, SHOW_GROUPS, "Groups", "Group", no_groups \
	}
#define HOSTS                                                      \
	{                                                          \
		USAGE_HOSTS, SHOW_HOSTS, "Hosts", "Host", no_hosts \
	}

static const struct view view_total = { 3, { APPS, GROUPS, HOSTS } };
static const struct view view_group = { 2, { APPS, HOSTS } };
static const struct view view_app = { 2, { HOSTS, GROUPS } };
static const struct view view_group_app = { 1, { HOSTS } };
static const struct view view_host = {
	2, { APPS, { USAGE_GROUPS, SHOW_GROUPS, "Groups that hold this host", "Group", no_groups } }
};
static const struct view view_unknown = {
	1,
	{ { USAGE_UNKNOWN, SHOW_PEERS, "Unknown traffic by peer", "Peer",
	    "No unknown traffic at this host in the last six hours." } }
};

/* --- head of the page ------------------------------------------------------------------------------------------------- */

static void
put_crumbs(const struct request *req, const struct subject *s, bool unknown, struct buf *out)
{
	const struct route_params *p = s->params;
	char app[APP_NAME_MAX + 16], href[96];
	bool leaf = p->has_app || unknown;

	if (!p->has_group && !p->has_host && !p->has_app)
		return;
	page_crumb(req, out, "/", "Totals");
	if (p->has_group) {
		page_crumb(req, out, "/groups", "Groups");
		(void)snprintf(href, sizeof(href), "/group/%u", p->group);
		page_crumb(req, out, leaf ? href : NULL, s->group.name);
	}
	if (p->has_host) {
		page_crumb(req, out, "/?show=hosts#hosts", "Hosts");
		(void)snprintf(href, sizeof(href), "/host/%s", p->host_text);
		page_crumb(req, out, leaf ? href : NULL, p->host_text);
	}
	if (p->has_app && !p->has_group)
		page_crumb(req, out, "/?show=apps#apps", "Applications");
	if (p->has_app)
		page_crumb(req, out, NULL, subject_app_name(&s->app, app, sizeof(app)));
	if (unknown)
		page_crumb(req, out, NULL, "Unknown");
}

/* How far the figures reach, and a warning when that is long ago. 0 or NM_ESTORE. */
static int
put_notice(struct web *web, struct buf *out)
{
	char age[FORMAT_MAX];
	uint32_t end;
	int rc = db_usage_end(web->db, &end);

	if (rc < 0)
		return rc;
	if (end == 0)
		buf_text(
		    out,
		    "<p class=\"notice\">Nothing has been counted yet: netmon-aggregate, which fills "
		    "these tables, has not run. It belongs into cron, each minute.</p>");
	else if (web->now_s - (int64_t)end > STALE_S)
		buf_printf(
		    out,
		    "<p class=\"notice\">These figures are %s old. Is netmon-aggregate running, and a "
		    "probe sending?</p>",
		    format_age((uint64_t)(web->now_s - end), age, sizeof(age)));
	return NM_OK;
}

/* What was not looked at, because somebody wanted it so, and what belongs to nobody. */
static void
put_remarks(const struct usage_coverage *c, struct buf *out)
{
	char text[FORMAT_MAX];

	if (c->sampled_links) {
		buf_printf(out, " Sampled <b>1:%u</b>", c->sampling);
		if (c->sampled_links < c->links)
			buf_printf(out, " or less on %u of %u links", c->sampled_links, c->links);
		buf_text(out, ": counts are scaled up from the packets that were looked at.");
	}
	if (c->overflow) {
		buf_printf(out, " %" PRIu64 " packets", c->overflow);
		if (c->overflow >= c->carried / 10000)
			buf_printf(out, " (%s)",
			           format_coverage(c->overflow, c->carried, text, sizeof(text)));
		buf_text(out, " found the flow table of a probe full: they are attributed to no "
		              "host and no application.");
	}
}

/* "99.98 % seen" of the packets on all links, over the window that fits the period best. */
static int
put_coverage(struct web *web, const struct request *req, struct buf *out)
{
	bool six = req->query.period == PERIOD_6H;
	struct usage_coverage c;
	char text[FORMAT_MAX];
	int rc = db_coverage(web->db, six ? USAGE_6HR : USAGE_24HR, &c);

	if (rc < 0)
		return rc;
	buf_text(out, "<p class=\"coverage\">");
	if (c.carried) {
		bool poor = (double)c.metered < 0.999 * (double)c.carried;
		buf_printf(out,
		           "Coverage: <b%s>%s seen</b> of the packets on <a "
		           "href=\"%s/probes\">the links</a> in the last %s.",
		           poor ? " class=\"poor\"" : "",
		           format_coverage(c.metered, c.carried, text, sizeof(text)), req->base,
		           six ? "6 hours" : "24 hours");
		put_remarks(&c, out);
	} else {
		buf_text(out, "Coverage: not known, no probe has reported what it saw.");
	}
	return NM_OK;
}

static void
put_transit(const struct table *t, struct buf *out)
{
	char rate[FORMAT_MAX];

	if (t->transit[1])
		buf_printf(out, " In the last hour a further %s ran between hosts in no group.",
		           format_rate(t->transit[1], table_windows[1], rate, sizeof(rate)));
	if (t->overflow[1])
		buf_printf(out,
		           " In the last hour a further %s is table overflow, not attributed: the "
		           "flow table of a probe was full.",
		           format_rate(t->overflow[1], table_windows[1], rate, sizeof(rate)));
}

static void
put_seen(const struct subject *s, struct buf *out)
{
	if (!s->params->has_host)
		return;
	buf_text(out, " First seen ");
	html_time(out, s->first_seen_s);
	buf_text(out, ", last ");
	html_time(out, s->last_seen_s);
	buf_text(out, ".");
}

/* In and out over each window: the page's sums. */
static void
put_facts(const struct table *t, struct buf *out)
{
	static const char *const names[TABLE_WINDOWS] = { "Now (5 min)", "1 hour", "6 hours" };
	char text[FORMAT_MAX];

	for (size_t w = 0; w < TABLE_WINDOWS; w++) {
		buf_printf(out, "<div><dt>%s</dt>", names[w]);
		buf_printf(out, "<dd><span>in</span> <b>%s</b>",
		           format_rate(t->sum_in[w], table_windows[w], text, sizeof(text)));
		buf_printf(out, " <small>%s</small></dd>",
		           format_volume(t->sum_in[w], text, sizeof(text)));
		buf_printf(out, "<dd><span>out</span> <b>%s</b>",
		           format_rate(t->sum_out[w], table_windows[w], text, sizeof(text)));
		buf_printf(out, " <small>%s</small></dd></div>",
		           format_volume(t->sum_out[w], text, sizeof(text)));
	}
}

/* --- graph ------------------------------------------------------------------------------------------------------------ */

static void
put_image_url(const struct request *req, const char *path, const char *ending, struct buf *out)
{
	buf_printf(out, "%s%s.%s?period=%s", req->base, path, ending,
	           query_choice(KEY_PERIOD, req->query.period));
}

/* The browser picks the image that fits its width, theme and pixel density. */
static void
put_picture(const struct request *req, const struct subject *s, struct buf *out)
{
	static const struct {
		const char *media;
		unsigned width;
		const char *theme;
	} sources[] = {
		{ "(max-width: 680px) and (prefers-color-scheme: dark)", 360, "dark" },
		{ "(max-width: 680px)", 360, "light" },
		{ "(prefers-color-scheme: dark)", 1120, "dark" },
	};
	struct buf path = { 0 }, name = { 0 };

	subject_graph_path(s, &path);
	subject_name(s, &name);
	buf_text(out, "<picture>");
	for (size_t i = 0; i < N(sources); i++) {
		buf_printf(out, "<source media=\"%s\" srcset=\"", sources[i].media);
		for (unsigned scale = 1; scale <= 2; scale++) {
			put_image_url(req, buf_str(&path), "png", out);
			buf_printf(out, "&amp;width=%u&amp;theme=%s&amp;scale=%u %ux%s",
			           sources[i].width, sources[i].theme, scale, scale,
			           scale == 1 ? ", " : "\">");
		}
	}
	buf_text(out, "<img src=\"");
	put_image_url(req, buf_str(&path), "png", out);
	buf_text(out, "&amp;width=1120\" srcset=\"");
	put_image_url(req, buf_str(&path), "png", out);
	buf_text(out, "&amp;width=1120&amp;scale=2 2x\" alt=\"Traffic of ");
	html_attr(out, buf_str(&name));
	buf_printf(out,
	           " by application, inbound above and outbound below the axis, %s\"></picture>",
	           query_choice(KEY_PERIOD, req->query.period));
	buf_text(out, "<figcaption>As a file: <a href=\"");
	put_image_url(req, buf_str(&path), "png", out);
	buf_text(out, "\">PNG</a> <a href=\"");
	put_image_url(req, buf_str(&path), "svg", out);
	buf_text(out, "\">SVG</a></figcaption>");
	buf_free(&path);
	buf_free(&name);
}

/* --- tables ----------------------------------------------------------------------------------------------------------- */

/* Table number i of the view, narrowed to the subject; the first one's sums go to *sums. 0 or an error. */
static int
put_table(struct web *web, const struct request *req, const struct view *view, size_t i,
          struct table *sums, struct buf *out)
{
	const struct route_params *p = &req->params;
	struct usage_query query = {
		.table = view->tables[i].kind,
		.host = p->has_host ? p->host_text : NULL,
		.group = p->has_group ? (int64_t)p->group : -1,
		.app = p->has_app ? p->app : -1,
	};
	struct table t;
	int rc = table_load(web->db, &query, &t);

	if (rc == NM_OK) {
		if (i == 0)
			*sums = t;
		table_sort(&t, query.table, req->query.sort, req->query.order);
		const struct table_view how = {
			.kind = query.table,
			.show = view->tables[i].show,
			.heading = view->tables[i].heading,
			.name_heading = view->tables[i].name_heading,
			.empty = view->tables[i].empty,
			.group = query.group,
			.app = query.app,
			/* the groups that hold a host show their own traffic, no part of the host's */
			.whole = p->has_host && query.table == USAGE_GROUPS
			             ? 0
			             : sums->sum_in[0] + sums->sum_out[0],
		};
		table_write(web, req, &t, &how, out);
	}
	sums->rows = NULL; /* only its sums are kept */
	table_free(&t);
	return rc;
}

/* Everything of the page that comes from the store. 0 or an error. */
static int
fill(struct web *web, const struct request *req, const struct view *view, const struct subject *s,
     struct buf parts[])
{
	enum { NOTICE, FACTS, TABLES, LINE };
	struct table sums = { 0 };
	int rc = put_notice(web, &parts[NOTICE]);

	for (size_t i = 0; rc == NM_OK && i < view->n_tables; i++)
		rc = put_table(web, req, view, i, &sums, &parts[TABLES]);
	if (rc == NM_OK)
		rc = put_coverage(web, req, &parts[LINE]);
	if (rc < 0)
		return rc;
	put_facts(&sums, &parts[FACTS]);
	put_transit(&sums, &parts[LINE]);
	put_seen(s, &parts[LINE]);
	buf_text(&parts[LINE], "</p>");
	return NM_OK;
}

static int
page_usage(struct web *web, const struct request *req, const struct view *view,
           struct response *resp)
{
	struct buf parts[4] = { { 0 } }, title = { 0 }, crumbs = { 0 }, tabs = { 0 }, graph = { 0 },
		   main = { 0 };
	struct route_params graph_params = req->params;
	struct subject s;
	bool unknown = view == &view_unknown;
	int rc = subject_find(web->db, &req->params, &s);

	if (rc == NM_OK)
		rc = fill(web, req, view, &s, parts);
	if (rc == NM_OK) {
		subject_name(&s, &title);
		buf_text(&title, unknown ? " · Unknown" : "");
		put_crumbs(req, &s, unknown, &crumbs);
		page_tabs(req, &tabs);
		/* the graph of what is Unknown is that of application 0 */
		graph_params.has_app = req->params.has_app || unknown;
		s.params = &graph_params;
		put_picture(req, &s, &graph);
		const struct tmpl_value values[] = {
			{ SLOT_HEADING, AS_TEXT, buf_str(&title) },
			{ SLOT_NOTICE, AS_HTML, buf_str(&parts[0]) },
			{ SLOT_FACTS, AS_HTML, buf_str(&parts[1]) },
			{ SLOT_TABLES, AS_HTML, buf_str(&parts[2]) },
			{ SLOT_TEXT, AS_HTML, buf_str(&parts[3]) },
			{ SLOT_TABS, AS_HTML, buf_str(&tabs) },
			{ SLOT_GRAPH, AS_HTML, buf_str(&graph) },
		};
		tmpl_render(web->tmpl, TMPL_USAGE, values, N(values), &main);
		if (!buf_ok(&parts[2]) || !buf_ok(&main))
			resp->body.failed = true;
		page_frame(web, req, buf_str(&title), buf_str(&crumbs), buf_str(&main), resp);
	}
	struct buf *const all[] = { &parts[0], &parts[1], &parts[2], &parts[3], &title,
		                    &crumbs,   &tabs,     &graph,    &main };
	for (size_t i = 0; i < N(all); i++)
		buf_free(all[i]);
	return rc == NM_OK ? 200 : rc;
}

/* --- one handler a kind ------------------------------------------------------------------------------------------------ */

/* What the subject's absence is called. */
static int
usage_or_404(struct web *web, const struct request *req, const struct view *view,
             const char *absent, struct response *resp)
{
	int status = page_usage(web, req, view, resp);

	if (status != NM_ENOTFOUND)
		return status;
	(void)snprintf(resp->reason, sizeof(resp->reason), "%s", absent);
	return 404;
}

int
page_total(struct web *web, const struct request *req, struct response *resp)
{
	return usage_or_404(web, req, &view_total, "", resp);
}

int
page_group(struct web *web, const struct request *req, struct response *resp)
{
	return usage_or_404(web, req, &view_group, "There is no group with this number.", resp);
}

int
page_app(struct web *web, const struct request *req, struct response *resp)
{
	return usage_or_404(web, req, &view_app, "There is no application with this number.", resp);
}

int
page_group_app(struct web *web, const struct request *req, struct response *resp)
{
	return usage_or_404(web, req, &view_group_app,
	                    "There is no such group, or no such application.", resp);
}

static const char no_host[] =
    "This host was never seen, or no group holds it. Hosts of groups appear a minute after "
    "their first packet.";

int
page_host(struct web *web, const struct request *req, struct response *resp)
{
	return usage_or_404(web, req, &view_host, no_host, resp);
}

int
page_host_unknown(struct web *web, const struct request *req, struct response *resp)
{
	return usage_or_404(web, req, &view_unknown, no_host, resp);
}
