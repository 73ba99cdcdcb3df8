/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What alert rules did and what is still to be sent. Rules and contacts: db_alert.c. */
#include "lib/db_alert.h"
#include "lib/db_sql.h"
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

static const char *const events[] = {
	[ALERT_FIRED] = "fired",     [ALERT_RECOVERED] = "recovered", [ALERT_SENT] = "sent",
	[ALERT_FAILED] = "failed",   [ALERT_GIVEN_UP] = "given-up",   [ALERT_STALE] = "stale",
	[ALERT_RESUMED] = "resumed", [ALERT_PROBE] = "probe",
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

const char *
alert_event_name(enum alert_event event)
{
	return events[event];
}

static enum alert_event
event_of(const char *name)
{
	for (size_t i = 0; i < N_EVENTS; i++)
		if (strcmp(events[i], name) == 0)
			return (enum alert_event)i;
	return ALERT_FAILED;
}

int
db_alert_log_add(struct db *db, const struct alert_log *entry)
{
	struct db_stmt *q;
	int rc =
	    db_query(db,
	             "INSERT INTO alert_log (at, alert, name, event, rate_bps, contact, detail)"
	             " VALUES (?, ?, ?, ?, ?, ?, ?)",
	             &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, entry->at_s);
	db_bind_int(q, 2, entry->rule);
	db_bind_text(q, 3, entry->name);
	db_bind_text(q, 4, events[entry->event]);
	db_bind_int(q, 5, entry->event == ALERT_PROBE ? entry->told : (int64_t)entry->rate_bps);
	db_bind_text(q, 6, entry->contact);
	db_bind_text(q, 7, entry->detail);
	return db_finish(q);
}

static void
read_entry(struct db_stmt *q, struct alert_log *e)
{
	memset(e, 0, sizeof(*e));
	e->id = db_column_int(q, 0);
	e->at_s = (uint32_t)db_column_int(q, 1);
	e->rule = db_column_int(q, 2);
	db_column_copy(q, 3, e->name, sizeof(e->name));
	e->event = event_of(db_column_text(q, 4));
	if (e->event == ALERT_PROBE)
		e->told = db_column_int(q, 5);
	else
		e->rate_bps = (uint64_t)db_column_int(q, 5);
	db_column_copy(q, 6, e->contact, sizeof(e->contact));
	db_column_copy(q, 7, e->detail, sizeof(e->detail));
}

int
db_alert_log_each(struct db *db, const struct alert_log_query *query,
                  int (*each)(void *ctx, const struct alert_log *entry), void *ctx)
{
	struct alert_log entry;
	struct db_stmt *q;
	int rc =
	    db_query(db,
	             "SELECT id, at, alert, name, event, rate_bps, contact, detail FROM alert_log"
	             " WHERE id < ? AND (? = 0 OR alert = ?) ORDER BY id DESC LIMIT ?",
	             &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, query->before > 0 ? query->before : INT64_MAX);
	db_bind_int(q, 2, query->rule);
	db_bind_int(q, 3, query->rule);
	db_bind_int(q, 4, (int64_t)query->limit);
	while ((rc = db_step(q)) > 0) {
		read_entry(q, &entry);
		rc = each(ctx, &entry);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

int
db_alert_log_prune(struct db *db, uint32_t before_s, int64_t *ret_rows)
{
	struct db_stmt *q;
	int rc = db_query(db, "DELETE FROM alert_log WHERE at < ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, before_s);
	rc = db_finish(q);
	if (rc == NM_OK)
		*ret_rows = db_changes(db);
	return rc;
}

/* --- events ----------------------------------------------------------------------------------------------------------- */

/* The rule's new state, unless it has it already: that is what makes an event happen once. */
static int
change_state(struct db *db, int64_t rule, bool firing, uint32_t at_s)
{
	struct db_stmt *q;
	int rc = db_query(
	    db,
	    "UPDATE alert SET firing = ?, since = ? WHERE id = ? AND firing <> ? AND enabled = 1",
	    &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, firing);
	db_bind_int(q, 2, at_s);
	db_bind_int(q, 3, rule);
	db_bind_int(q, 4, firing);
	rc = db_finish(q);
	if (rc == NM_OK && db_changes(db) == 0)
		return NM_EORDER;
	return rc;
}

static int
add_deliveries(struct db *db, const struct alert_log *event, int64_t event_id,
               const struct alert_message *message)
{
	struct db_stmt *q;
	int rc = db_query(
	    db,
	    "INSERT INTO alert_delivery (event, alert, contact, event_at, attempts, next_at,"
	    " short_text, long_text)"
	    " SELECT ?, alert, contact, ?, 0, 0, ?, ? FROM alert_contact_link WHERE alert = ?",
	    &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, event_id);
	db_bind_int(q, 2, event->at_s);
	db_bind_text(q, 3, message->short_text);
	db_bind_text(q, 4, message->long_text);
	db_bind_int(q, 5, event->rule);
	return db_finish(q);
}

int
db_alert_event(struct db *db, const struct alert_rule *rule, const struct alert_log *entry,
               const struct alert_message *message)
{
	struct alert_log event = *entry;
	int rc = change_state(db, rule->id, entry->event == ALERT_FIRED, entry->at_s);

	event.rule = rule->id;
	memcpy(event.name, rule->name, sizeof(event.name));
	event.contact[0] = '\0';
	if (rc == NM_OK)
		rc = db_alert_log_add(db, &event);
	return rc < 0 ? rc : add_deliveries(db, &event, db_last_id(db), message);
}

int
db_alert_tell_all(struct db *db, const struct alert_log *entry, const struct alert_message *message)
{
	struct db_stmt *q;
	int rc = db_alert_log_add(db, entry);

	if (rc == NM_OK)
		rc = db_query(
		    db,
		    "INSERT INTO alert_delivery (event, alert, contact, event_at, attempts,"
		    " next_at, short_text, long_text)"
		    " SELECT ?, 0, id, ?, 0, 0, ?, ? FROM alert_contact",
		    &q);
	if (rc < 0)
		return rc;
	db_bind_int(q, 1, db_last_id(db));
	db_bind_int(q, 2, entry->at_s);
	db_bind_text(q, 3, message->short_text);
	db_bind_text(q, 4, message->long_text);
	return db_finish(q);
}

/* --- deliveries ------------------------------------------------------------------------------------------------------- */

static void
read_delivery(struct db_stmt *q, struct alert_delivery *d)
{
	memset(d, 0, sizeof(*d));
	d->id = db_column_int(q, 0);
	d->event = db_column_int(q, 1);
	d->rule = db_column_int(q, 2);
	db_column_copy(q, 3, d->name, sizeof(d->name));
	d->contact.id = db_column_int(q, 4);
	db_column_copy(q, 5, d->contact.name, sizeof(d->contact.name));
	d->contact.kind = strcmp(db_column_text(q, 6), "sms") == 0 ? ALERT_SMS : ALERT_EMAIL;
	db_column_copy(q, 7, d->contact.address, sizeof(d->contact.address));
	d->event_s = (uint32_t)db_column_int(q, 8);
	d->attempts = (unsigned)db_column_int(q, 9);
	d->next_s = (uint32_t)db_column_int(q, 10);
	db_column_copy(q, 11, d->short_text, sizeof(d->short_text));
	d->long_text = db_column_text(q, 12);
}

int
db_alert_delivery_each(struct db *db, uint32_t now_s, size_t limit,
                       int (*each)(void *ctx, const struct alert_delivery *delivery), void *ctx)
{
	struct alert_delivery delivery;
	struct db_stmt *q;
	int rc = db_query(
	    db,
	    "SELECT d.id, d.event, d.alert, coalesce(a.name, 'probes'), c.id, c.name, c.kind, c.address, d.event_at,"
	    " d.attempts, d.next_at, d.short_text, d.long_text FROM alert_delivery d"
	    " LEFT JOIN alert a ON a.id = d.alert JOIN alert_contact c ON c.id = d.contact"
	    " WHERE d.next_at <= ? AND (d.alert = 0 OR a.id IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM alert_delivery o"
	    " WHERE o.alert = d.alert AND o.contact = d.contact AND o.id < d.id)"
	    " ORDER BY d.attempts, d.id LIMIT ?",
	    &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, now_s);
	db_bind_int(q, 2, (int64_t)limit);
	while ((rc = db_step(q)) > 0) {
		read_delivery(q, &delivery);
		rc = each(ctx, &delivery);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

static int
log_delivery(struct db *db, const struct alert_delivery *d, enum alert_event event, uint32_t now_s,
             const char *detail)
{
	struct alert_log entry = { .at_s = now_s, .rule = d->rule, .event = event };

	memcpy(entry.name, d->name, sizeof(entry.name));
	memcpy(entry.contact, d->contact.name, sizeof(entry.contact));
	(void)snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
	return db_alert_log_add(db, &entry);
}

static int
drop_delivery(struct db *db, int64_t id)
{
	struct db_stmt *q;
	int rc = db_query(db, "DELETE FROM alert_delivery WHERE id = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, id);
	rc = db_finish(q);
	if (rc == NM_OK && db_changes(db) == 0)
		return NM_ENOTFOUND;
	return rc;
}

static int
postpone_delivery(struct db *db, int64_t id, uint32_t next_s)
{
	struct db_stmt *q;
	int rc = db_query(
	    db, "UPDATE alert_delivery SET attempts = attempts + 1, next_at = ? WHERE id = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, next_s);
	db_bind_int(q, 2, id);
	rc = db_finish(q);
	if (rc == NM_OK && db_changes(db) == 0)
		return NM_ENOTFOUND;
	return rc;
}

int
db_alert_delivery_sent(struct db *db, const struct alert_delivery *delivery, uint32_t now_s,
                       const char *detail)
{
	int rc = drop_delivery(db, delivery->id);

	return rc < 0 ? rc : log_delivery(db, delivery, ALERT_SENT, now_s, detail);
}

int
db_alert_delivery_failed(struct db *db, const struct alert_delivery *delivery, uint32_t now_s,
                         uint32_t next_s, const char *detail)
{
	int rc =
	    next_s ? postpone_delivery(db, delivery->id, next_s) : drop_delivery(db, delivery->id);

	if (rc < 0)
		return rc;
	return log_delivery(db, delivery, next_s ? ALERT_FAILED : ALERT_GIVEN_UP, now_s, detail);
}

/* One number that a statement without parameters answers. */
static int
ask_number(struct db *db, const char *sql, int64_t *ret)
{
	struct db_stmt *q;
	int rc = db_query(db, sql, &q);

	if (rc < 0)
		return rc;
	rc = db_step(q);
	if (rc > 0)
		*ret = db_column_int(q, 0);
	db_done(q);
	return rc < 0 ? rc : NM_OK;
}

int
db_alert_delivery_count(struct db *db, int64_t *ret_count)
{
	return ask_number(db, "SELECT count(*) FROM alert_delivery", ret_count);
}

/* --- state of the data ------------------------------------------------------------------------------------------------ */

static int
is_noted_stale(struct db *db, bool *ret_stale)
{
	struct db_stmt *q;
	int rc =
	    db_query(db,
	             "SELECT event FROM alert_log WHERE alert = 0 AND event IN ('stale', 'resumed')"
	             " ORDER BY id DESC LIMIT 1",
	             &q);

	if (rc < 0)
		return rc;
	rc = db_step(q);
	if (rc >= 0)
		*ret_stale = rc > 0 && event_of(db_column_text(q, 0)) == ALERT_STALE;
	db_done(q);
	return rc < 0 ? rc : NM_OK;
}

int
db_alert_note_stale(struct db *db, bool stale, uint32_t now_s, const char *detail)
{
	struct alert_log entry = { .at_s = now_s, .event = stale ? ALERT_STALE : ALERT_RESUMED };
	bool noted = false;
	int rc = is_noted_stale(db, &noted);

	if (rc < 0 || noted == stale)
		return rc;
	(void)snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
	return db_alert_log_add(db, &entry);
}

/* Asked of the flows, whose index on `expires` answers at once; aggregates begin where they do. */
int
db_alert_data_begin(struct db *db, uint32_t *ret_begin_s)
{
	int64_t begin = 0;
	int rc = ask_number(db, "SELECT coalesce(min(expires), 0) FROM flow", &begin);

	if (rc == NM_OK)
		*ret_begin_s = (uint32_t)begin;
	return rc;
}
