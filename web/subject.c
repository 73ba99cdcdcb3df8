/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a page or a graph is about. */
#include "web/subject.h"

#include "lib/db_usage.h"
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

int
subject_find(struct db *db, const struct route_params *params, struct subject *ret_subject)
{
	struct subject s = { .params = params };
	int rc = NM_OK;

	if (params->has_group)
		rc = db_group_get(db, params->group, &s.group);
	if (rc == NM_OK && params->has_app)
		rc = db_app_get(db, params->app, &s.app);
	if (rc == NM_OK && params->has_host)
		rc = db_host_get(db, params->host_text, &s.first_seen_s, &s.last_seen_s);
	if (rc == NM_OK)
		*ret_subject = s;
	return rc;
}

const char *
subject_app_name(const struct application *app, char *buf, size_t size)
{
	if (app->name[0])
		(void)snprintf(buf, size, "%s", app->name);
	else
		(void)snprintf(buf, size, "application %u", app->id);
	return buf;
}

void
subject_name(const struct subject *s, struct buf *out)
{
	char app[APP_NAME_MAX + 16];
	const char *parts[3];
	size_t n = 0;

	if (s->params->has_group)
		parts[n++] = s->group.name;
	if (s->params->has_host)
		parts[n++] = s->params->host_text;
	if (s->params->has_app)
		parts[n++] = subject_app_name(&s->app, app, sizeof(app));
	if (n == 0)
		parts[n++] = "All traffic";
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? " · " : "", parts[i]);
}

void
subject_graph_path(const struct subject *s, struct buf *out)
{
	const struct route_params *p = s->params;

	buf_text(out, "/graph");
	if (p->has_group)
		buf_printf(out, "/group/%u", p->group);
	if (p->has_host)
		buf_printf(out, "/host/%s", p->host_text);
	if (p->has_app)
		buf_printf(out, "/app/%u", p->app);
	if (!p->has_group && !p->has_host && !p->has_app)
		buf_text(out, "/total");
}
