/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alerts: rules, contacts and the log. Rules are made with netmon alert; this page shows them. */
#include "lib/db_alert.h"
#include "lib/err.h"
#include "lib/rate.h"
#include "web/html.h"
#include "web/page.h"
#include "web/pages.h"

#include <stdio.h>
#include <string.h>

#define N(a)     (sizeof(a) / sizeof((a)[0]))
#define LOG_ROWS 50

struct writing {
	struct web *web;
	const struct request *req;
	struct buf *out;
	size_t n;
	int64_t last; /* id of the last log row */
};

static void
cell(struct buf *out, const char *label, const char *text)
{
	buf_printf(out, "<td data-label=\"%s\">", label);
	html_text(out, text);
	buf_text(out, "</td>");
}

/* --- rules -------------------------------------------------------------------------------------------------------------- */

static void
put_state(const struct alert_rule *rule, struct buf *out)
{
	const char *class = !rule->enabled ? "off" : rule->firing ? "firing" : "quiet";
	const char *text = !rule->enabled ? "off" : rule->firing ? "firing" : "quiet";

	buf_printf(out, "<td data-label=\"State\"><b class=\"state %s\">%s</b>", class, text);
	if (rule->enabled && rule->since_s) {
		buf_text(out, " <small>since ");
		html_time(out, rule->since_s);
		buf_text(out, "</small>");
	}
	buf_text(out, "</td>");
}

static int
put_contact_name(void *ctx, const struct alert_contact *contact)
{
	struct writing *w = ctx;

	if (w->n++)
		buf_text(w->out, ", ");
	html_text(w->out, contact->name);
	return 0;
}

/* What is watched, with a link to its page. */
static int
put_subject(struct writing *w, const struct alert_rule *rule)
{
	char text[ALERT_NAME_MAX];
	int rc = db_alert_subject_text(w->web->db, rule, text, sizeof(text));

	if (rc < 0)
		return rc;
	buf_printf(w->out, "<td data-label=\"Watches\"><a href=\"%s", w->req->base);
	switch (rule->subject) {
	case ALERT_TOTAL:
		buf_text(w->out, "/");
		break;
	case ALERT_HOST:
		buf_text(w->out, "/host/");
		html_url(w->out, rule->host);
		break;
	case ALERT_GROUP:
		buf_printf(w->out, "/group/%u", rule->group);
		break;
	case ALERT_APP:
		buf_printf(w->out, "/app/%u", rule->app);
		break;
	}
	buf_text(w->out, "\">");
	html_text(w->out, text);
	buf_text(w->out, "</a></td>");
	return NM_OK;
}

/* "in above 900 Mbit/s over 1 h" */
static void
put_condition(const struct alert_rule *rule, struct buf *out)
{
	char rate[RATE_TEXT_MAX];

	buf_printf(out, "<td data-label=\"When\">%s %s %s", alert_direction_name(rule->direction),
	           alert_comparison_name(rule->comparison),
	           rate_format(rule->rate_bps, rate, sizeof(rate)));
	if (rule->window_s <= 60)
		buf_text(out, " now</td>");
	else
		buf_printf(out, " over %u h</td>", rule->window_s / 3600);
}

/* "always", or "Mon Tue Wed 08:00–18:00" */
static void
put_hours(const struct alert_rule *rule, struct buf *out)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	bool all_day = rule->from_minute == 0 && rule->to_minute == ALERT_DAY_MINUTES;
	const char *between = "";

	buf_text(out, "<td data-label=\"Hours\">");
	if (rule->days == ALERT_DAYS_ALL) {
		buf_text(out, all_day ? "always" : "daily");
		between = " ";
	}
	for (size_t i = 0; rule->days != ALERT_DAYS_ALL && i < N(days); i++) {
		if (rule->days & 1u << i) {
			buf_printf(out, "%s%s", between, days[i]);
			between = " ";
		}
	}
	if (!all_day)
		buf_printf(out, "%s%02u:%02u–%02u:%02u", between, rule->from_minute / 60,
		           rule->from_minute % 60, rule->to_minute / 60, rule->to_minute % 60);
	buf_text(out, "</td>");
}

static int
put_rule(void *ctx, const struct alert_rule *rule)
{
	struct writing *w = ctx, contacts = *w;

	w->n++;
	buf_text(w->out, "<tr><th scope=\"row\" class=\"name\">");
	html_text(w->out, rule->name);
	buf_text(w->out, "</th>");
	put_state(rule, w->out);
	int rc = put_subject(w, rule);
	if (rc < 0)
		return rc;
	put_condition(rule, w->out);
	put_hours(rule, w->out);
	buf_text(w->out, "<td data-label=\"Tells\">");
	contacts.n = 0;
	rc = db_alert_contact_each(w->web->db, rule->id, put_contact_name, &contacts);
	buf_text(w->out, contacts.n ? "</td></tr>\n" : "nobody</td></tr>\n");
	return rc;
}

/* --- contacts and log --------------------------------------------------------------------------------------------------- */

static int
put_contact(void *ctx, const struct alert_contact *contact)
{
	struct writing *w = ctx;

	w->n++;
	buf_text(w->out, "<tr><th scope=\"row\" class=\"name\">");
	html_text(w->out, contact->name);
	buf_text(w->out, "</th>");
	cell(w->out, "By", alert_contact_kind_name(contact->kind));
	cell(w->out, "Address", contact->address);
	buf_text(w->out, "</tr>\n");
	return 0;
}

static int
put_log(void *ctx, const struct alert_log *entry)
{
	struct writing *w = ctx;
	const char *event = alert_event_name(entry->event);

	w->n++;
	w->last = entry->id;
	buf_text(w->out, "<tr><th scope=\"row\" class=\"name\">");
	html_time(w->out, entry->at_s);
	buf_printf(w->out, "</th><td data-label=\"Event\"><b class=\"state %s\">%s</b></td>", event,
	           event);
	cell(w->out, "Rule", entry->name);
	cell(w->out, "Contact", entry->contact);
	cell(w->out, "Detail", entry->detail);
	buf_text(w->out, "</tr>\n");
	return 0;
}

/* --- page -------------------------------------------------------------------------------------------------------------- */

struct section {
	const char *id;
	const char *heading;
	const char *columns[7]; /* ends with NULL */
	const char *empty;
};

static const struct section sections[] = {
	{ "rules",
	  "Rules",
	  { "Rule", "State", "Watches", "When", "Hours", "Tells", NULL },
	  "There are no rules yet. Make one with: netmon alert add" },
	{ "contacts",
	  "Contacts",
	  { "Contact", "By", "Address", NULL },
	  "There are no contacts yet. Make one with: netmon contact add" },
	{ "log",
	  "Log",
	  { "Time", "Event", "Rule", "Contact", "Detail", NULL },
	  "Nothing has happened yet." },
};

static void
put_section(const struct web *web, const struct section *section, const struct buf *rows,
            const char *more, struct buf *out)
{
	struct buf head = { 0 };

	buf_text(&head, "<tr>");
	for (size_t i = 0; section->columns[i]; i++)
		buf_printf(&head, "<th scope=\"col\"%s>%s</th>", i ? "" : " class=\"name\"",
		           section->columns[i]);
	buf_text(&head, "</tr>");
	const struct tmpl_value values[] = {
		{ SLOT_ID, AS_TEXT, section->id },
		{ SLOT_HEADING, AS_TEXT, section->heading },
		{ SLOT_HEAD, AS_HTML, rows->len ? buf_str(&head) : "" },
		{ SLOT_ROWS, AS_HTML, buf_str(rows) },
		{ SLOT_MORE, AS_HTML, more },
		{ SLOT_EMPTY, AS_TEXT, rows->len ? "" : section->empty },
	};
	tmpl_render(web->tmpl, TMPL_TABLE, values, N(values), out);
	buf_free(&head);
}

int
page_alerts(struct web *web, const struct request *req, struct response *resp)
{
	struct buf rows[3] = { { 0 } }, tables = { 0 }, main = { 0 };
	struct writing w = { .web = web, .req = req, .out = &rows[0] };
	const struct alert_log_query log = { .before = req->query.before, .limit = LOG_ROWS };
	char more[REQUEST_BASE_MAX + 128] = "";

	int rc = db_alert_each(web->db, put_rule, &w);
	w.out = &rows[1];
	if (rc == NM_OK)
		rc = db_alert_contact_each(web->db, 0, put_contact, &w);
	w.out = &rows[2];
	w.n = 0;
	if (rc == NM_OK)
		rc = db_alert_log_each(web->db, &log, put_log, &w);
	if (rc == NM_OK) {
		if (w.n == LOG_ROWS)
			(void)snprintf(more, sizeof(more),
			               "<a href=\"%s/alerts?before=%lld#log\">Older</a>", req->base,
			               (long long)w.last);
		for (size_t i = 0; i < N(sections); i++)
			put_section(web, &sections[i], &rows[i], i == 2 ? more : "", &tables);
		const struct tmpl_value values[] = { { SLOT_TABLES, AS_HTML, buf_str(&tables) } };
		tmpl_render(web->tmpl, TMPL_ALERTS, values, N(values), &main);
		page_frame(web, req, "Alerts", "", buf_str(&main), resp);
	}
	for (size_t i = 0; i < N(rows); i++)
		buf_free(&rows[i]);
	buf_free(&tables);
	buf_free(&main);
	return rc == NM_OK ? 200 : rc;
}
