/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells contacts what happened to probes. */
#include "cron/alert/probes.h"

#include "cron/alert/message.h"
#include "lib/db_event.h"
#include "lib/err.h"
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES_MAX 20 /* events that a mail lists; the others are counted */

struct events {
	size_t n;
	struct probe_event list[PROBES_EVENTS];
};

static int
keep_event(void *ctx, const struct probe_event *event)
{
	struct events *events = ctx;

	if (events->n == PROBES_EVENTS)
		return NM_ELIMIT;
	events->list[events->n++] = *event;
	return 0;
}

/* Appends; what does not fit is cut. */
static void __attribute__((format(printf, 3, 4))) add(char *text, size_t size, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text + len, size - len, fmt, ap);
	va_end(ap);
}

/* "fenced 2, lost 1" */
static void
add_counts(char *text, size_t size, const struct probe_event *events, size_t n)
{
	static const char *const kinds[] = { "fenced",  "lost",    "gap",
		                             "revoked", "expired", "expiring" };
	const char *between = "";

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		size_t count = 0;

		for (size_t i = 0; i < n; i++)
			count += strcmp(events[i].event, kinds[k]) == 0;
		if (count > 0)
			add(text, size, "%s%s %zu", between, kinds[k], count);
		between = count > 0 ? ", " : between;
	}
}

/* Names and details are what probes say: they come into a telephone and a mail without control characters. */
static void
format(struct message *m, const char *base_url, const struct probe_event *events, size_t n)
{
	char probe[4 * LINK_NAME_MAX], detail[4 * DB_EVENT_DETAIL_MAX], when[40];
	const struct probe_event *last = &events[n - 1];
	size_t first = n > LINES_MAX ? n - LINES_MAX : 0;

	(void)log_safe(probe, sizeof(probe), last->probe, strlen(last->probe));
	(void)log_safe(detail, sizeof(detail), last->detail, strlen(last->detail));
	m->short_text[0] = m->long_text[0] = '\0';
	add(m->short_text, sizeof(m->short_text), "PROBE %.40s: ", probe);
	add_counts(m->short_text, sizeof(m->short_text), events, n);
	add(m->long_text, sizeof(m->long_text), "%s\n\n", m->short_text);
	add(m->short_text, sizeof(m->short_text), ": %s", detail);
	if (first > 0)
		add(m->long_text, sizeof(m->long_text), "%zu earlier ones, and\n", first);
	for (const struct probe_event *e = events + first; e < events + n; e++) {
		time_t at = (time_t)e->at_s;
		struct tm local;

		when[0] = '\0';
		if (localtime_r(&at, &local))
			(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %Z", &local);
		(void)log_safe(detail, sizeof(detail), e->detail, strlen(e->detail));
		add(m->long_text, sizeof(m->long_text), "%s  %-8.15s  %s\n", when, e->event,
		    detail);
	}
	size_t len = strlen(base_url);
	if (len > 0)
		add(m->long_text, sizeof(m->long_text), "\nProbes: %.*s/probes\n",
		    (int)(base_url[len - 1] == '/' ? len - 1 : len), base_url);
}

/* The events of one probe: the log's row and the messages in one transaction. */
static int
tell(struct db *db, const char *base_url, uint32_t now_s, const struct probe_event *events,
     size_t n)
{
	struct alert_log entry = { .at_s = now_s, .event = ALERT_PROBE };
	struct message message;
	const struct alert_message texts = { message.short_text, message.long_text };

	format(&message, base_url, events, n);
	(void)snprintf(entry.name, sizeof(entry.name), "%s", events[0].probe);
	(void)snprintf(entry.detail, sizeof(entry.detail), "%s", message.short_text);
	entry.told = events[n - 1].id;
	int rc = db_begin_write(db);
	if (rc == NM_OK)
		rc = db_alert_tell_all(db, &entry, &texts);
	return db_end_write(db, rc);
}

int
probes_run(struct db *db, const char *base_url, uint32_t now_s, unsigned *ret_told)
{
	struct events *events = calloc(1, sizeof(*events));
	const struct db_event_untold since = { now_s - PROBES_AGE_S, now_s - PROBES_QUIET_S,
		                               PROBES_EVENTS };

	if (!events)
		return -ENOMEM;
	*ret_told = 0;
	int rc = db_event_untold(db, &since, keep_event, events);
	for (size_t i = 0, n; i < events->n && rc == NM_OK; i += n) {
		const struct probe_event *first = &events->list[i];

		for (n = 1; i + n < events->n && strcmp(first[n].probe, first->probe) == 0; n++)
			;
		rc = tell(db, base_url, now_s, first, n);
		*ret_told += rc == NM_OK;
	}
	free(events);
	return rc;
}
