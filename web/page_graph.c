/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Graphs at stable addresses. */
#include "lib/db_usage.h"
#include "lib/err.h"
#include "lib/log.h"
#include "web/graph.h"
#include "web/html.h"
#include "web/pages.h"
#include "web/subject.h"

#include <stdio.h>

static const struct {
	unsigned seconds;
	const char *name;
} periods[PERIOD_COUNT] = {
	[PERIOD_6H] = { 6 * 3600, "6 hours" },   [PERIOD_DAY] = { 86400, "day" },
	[PERIOD_WEEK] = { 7 * 86400, "week" },   [PERIOD_MONTH] = { 31 * 86400, "month" },
	[PERIOD_YEAR] = { 366 * 86400, "year" },
};

static void
fill_scope(struct graph *graph, const struct route_params *p)
{
	graph->scope = (struct rrd_series){
		.scope = p->has_group  ? RRD_GROUP
		         : p->has_host ? RRD_HOST
		                       : RRD_TOTALS,
		.group = p->group,
		.host = p->host,
		.app = p->has_app ? p->app : RRD_APP_ALL,
	};
}

/* Names and colours of what graph_rank() found. 0 or NM_ESTORE. */
static int
name_apps(struct web *web, struct graph *graph)
{
	for (size_t i = 0; i < graph->n_apps; i++) {
		struct graph_app *app = &graph->apps[i];
		struct application known = { .id = (uint16_t)app->id,
			                     .colour = 0x8a939e,
			                     .colour_dark = 0x8a939e };
		struct buf clean = { 0 };
		char name[APP_NAME_MAX + 16];
		int rc = db_app_get(web->db, known.id, &known);

		if (rc < 0 && rc != NM_ENOTFOUND)
			return rc;
		html_plain(&clean, subject_app_name(&known, name, sizeof(name)));
		(void)snprintf(app->name, sizeof(app->name), "%s", buf_str(&clean));
		app->colour = graph->dark ? known.colour_dark : known.colour;
		buf_free(&clean);
	}
	return NM_OK;
}

/* "Campus, last day". A narrow image has room for about 40 characters. */
static void
put_title(const struct subject *s, const struct query *query, struct buf *out)
{
	struct buf name = { 0 };
	size_t keep = query->width < GRAPH_NARROW ? 30 : 90;

	subject_name(s, &name);
	if (name.len > keep) {
		while (keep > 0 && ((unsigned char)name.data[keep] & 0xc0) == 0x80)
			keep--;
		name.data[keep] = '\0';
		html_plain(out, name.data);
		buf_text(out, "…");
	} else {
		html_plain(out, buf_str(&name));
	}
	buf_printf(out, ", last %s", periods[query->period].name);
	buf_free(&name);
}

static int
draw(struct web *web, const struct request *req, const struct subject *s, struct response *resp)
{
	char err[256] = "";
	struct buf title = { 0 };
	struct graph graph = {
		.rrd = web->settings.rrd,
		.control = web->settings.control,
		.end_s = web->now_s - web->now_s % RRD_STEP_S,
		.period_s = periods[req->query.period].seconds,
		.width = req->query.width,
		.scale = req->query.scale,
		.dark = req->query.theme == THEME_DARK,
		.image = req->params.image,
	};

	put_title(s, &req->query, &title);
	graph.title = buf_str(&title);
	fill_scope(&graph, &req->params);
	int rc = graph_rank(&graph);
	if (rc == NM_OK)
		rc = name_apps(web, &graph);
	if (rc == NM_OK && graph_draw(&graph, &resp->body, err, sizeof(err)) < 0) {
		log_error("%s: %s", req->path, err);
		rc = 500;
	}
	web->graphs++;
	buf_free(&title);
	return rc;
}

int
page_graph(struct web *web, const struct request *req, struct response *resp)
{
	struct subject s;
	int rc = subject_find(web->db, &req->params, &s);

	if (rc == NM_ENOTFOUND)
		return 404;
	if (rc == NM_OK)
		rc = draw(web, req, &s, resp);
	if (rc != NM_OK)
		return rc;
	resp->type = req->params.image == IMAGE_SVG ? "image/svg+xml" : "image/png";
	resp->cache = CACHE_MINUTE;
	return 200;
}
