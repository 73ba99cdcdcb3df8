/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of an event. */
#include "cron/alert/message.h"

#include "lib/alert_text.h"
#include "lib/db_usage.h"
#include "lib/err.h"
#include "lib/rate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAME_SHOWN 40 /* bytes of a name in a short text, so that rates and time always fit */
#define TOP_ROWS   5
#define TIME_MAX   40

/* Appends to the long text; what does not fit is cut. */
static void __attribute__((format(printf, 2, 3))) add(struct message *m, const char *fmt, ...)
{
	size_t len = strlen(m->long_text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(m->long_text + len, sizeof(m->long_text) - len, fmt, ap);
	va_end(ap);
}

/* At most NAME_SHOWN bytes of `name`, no character cut in two. */
static int
shown_length(const char *name)
{
	size_t len = strnlen(name, NAME_SHOWN);

	while (name[len] && len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
		len--;
	return (int)len;
}

/* "14:05" in local time. */
static const char *
clock_text(uint32_t when_s, char *buf, size_t size)
{
	time_t when = (time_t)when_s;
	struct tm local;

	buf[0] = '\0';
	if (localtime_r(&when, &local))
		(void)snprintf(buf, size, "%02d:%02d", local.tm_hour, local.tm_min);
	return buf;
}

/* "2026-11-21 14:05 CET". */
static const char *
date_text(uint32_t when_s, char *buf, size_t size)
{
	time_t when = (time_t)when_s;
	struct tm local;

	buf[0] = '\0';
	if (localtime_r(&when, &local) && strftime(buf, size, "%Y-%m-%d %H:%M %Z", &local) == 0)
		buf[0] = '\0';
	return buf;
}

void
message_format_short(const struct message_facts *f, struct message *ret_message)
{
	char rate[RATE_TEXT_MAX], limit[RATE_TEXT_MAX], when[TIME_MAX], since[TIME_MAX];
	const struct alert_rule *r = f->rule;
	bool fired = f->event == ALERT_FIRED;

	(void)rate_format(f->rate_bps, rate, sizeof(rate));
	(void)rate_format(r->rate_bps, limit, sizeof(limit));
	(void)clock_text(f->end_s, when, sizeof(when));
	(void)clock_text(fired ? f->end_s : f->since_s, since, sizeof(since));
	(void)snprintf(ret_message->short_text, sizeof(ret_message->short_text),
	               "%s %.*s: %.*s %s %s, %s %s (%s) since %s%s%s", fired ? "ALERT" : "OK",
	               shown_length(r->name), r->name, shown_length(f->subject), f->subject,
	               alert_direction_name(r->direction), rate,
	               fired                          ? alert_comparison_name(r->comparison)
	               : r->comparison == ALERT_ABOVE ? "was above"
	                                              : "was below",
	               limit, alert_window_name(r->window_s), since, fired ? "" : " to ",
	               fired ? "" : when);
}

/* --- the long text ---------------------------------------------------------------------------------------------------- */

struct table {
	struct message *message;
	enum usage_table kind;
	unsigned period;
};

static int
add_row(void *ctx, const struct usage_row *row)
{
	struct table *t = ctx;
	char in[RATE_TEXT_MAX], out[RATE_TEXT_MAX];

	add(t->message, "  %-40.40s %14s %14s\n", t->kind == USAGE_APPS ? row->app.name : row->addr,
	    rate_format(row->in_octets * 8 / t->period, in, sizeof(in)),
	    rate_format(row->out_octets * 8 / t->period, out, sizeof(out)));
	return 0;
}

static int
add_table(struct db *db, const struct message_facts *f, enum usage_table kind, struct message *m)
{
	const struct alert_rule *r = f->rule;
	enum usage_period period = r->window_s == USAGE_6HR   ? USAGE_6HR
	                           : r->window_s == USAGE_1HR ? USAGE_1HR
	                                                      : USAGE_CURR;
	struct table table = { m, kind, period };
	struct usage_query query = { .table = kind,
		                     .period = period,
		                     .host = r->subject == ALERT_HOST ? r->host : NULL,
		                     .group = r->subject == ALERT_GROUP ? (int64_t)r->group : -1,
		                     .app = r->subject == ALERT_APP ? (int32_t)r->app : -1,
		                     .sort = r->direction == ALERT_IN ? USAGE_BY_IN : USAGE_BY_OUT,
		                     .limit = TOP_ROWS };
	char title[64];

	(void)snprintf(title, sizeof(title), "%s, last %s",
	               kind == USAGE_APPS ? "Top applications" : "Top hosts",
	               period == USAGE_CURR ? "5 min" : alert_window_name(r->window_s));
	add(m, "\n%-42s %14s %14s\n", title, "in", "out");
	return db_usage_each(db, &query, add_row, &table);
}

/* The page that shows what the rule watches. */
static void
add_links(const struct message_facts *f, struct message *m)
{
	const struct alert_rule *r = f->rule;
	size_t len = strlen(f->base_url);

	if (len == 0)
		return;
	if (f->base_url[len - 1] == '/')
		len--;
	add(m, "\nPage:   %.*s", (int)len, f->base_url);
	switch (r->subject) {
	case ALERT_TOTAL:
		add(m, "/\n");
		break;
	case ALERT_HOST:
		add(m, "/host/%s\n", r->host);
		break;
	case ALERT_GROUP:
		add(m, "/group/%u\n", r->group);
		break;
	case ALERT_APP:
		add(m, "/app/%u\n", r->app);
		break;
	}
	add(m, "Alerts: %.*s/alerts\n", (int)len, f->base_url);
}

static void
add_facts(const struct message_facts *f, struct message *m)
{
	char rate[RATE_TEXT_MAX], rule[ALERT_RULE_TEXT_MAX], end[TIME_MAX], since[TIME_MAX];

	add(m, "%s %s\n\n", f->event == ALERT_FIRED ? "ALERT" : "OK", f->rule->name);
	add(m, "Rule:   %s\n", alert_rule_format(f->rule, f->subject, rule, sizeof(rule)));
	add(m, "Rate:   %s %s\n", rate_format(f->rate_bps, rate, sizeof(rate)),
	    alert_direction_name(f->rule->direction));
	add(m, "Window: %u min up to %s\n", f->rule->window_s / 60,
	    date_text(f->end_s, end, sizeof(end)));
	if (f->event == ALERT_RECOVERED)
		add(m, "Fired:  %s\n", date_text(f->since_s, since, sizeof(since)));
}

int
message_format_long(struct db *db, const struct message_facts *facts, struct message *ret_message)
{
	int rc = NM_OK;

	ret_message->long_text[0] = '\0';
	add_facts(facts, ret_message);
	add_links(facts, ret_message);
	if (facts->rule->subject != ALERT_APP)
		rc = add_table(db, facts, USAGE_APPS, ret_message);
	if (rc == NM_OK && facts->rule->subject != ALERT_HOST)
		rc = add_table(db, facts, USAGE_HOSTS, ret_message);
	return rc;
}
