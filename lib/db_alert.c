/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alert rules and contacts in the store. The log and the deliveries: db_alert_log.c. */
#include "lib/db_alert.h"

#include "lib/db_group.h"
#include "lib/db_sql.h"
#include "lib/db_usage.h"
#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const subjects[] = {
	[ALERT_TOTAL] = "total", [ALERT_HOST] = "host", [ALERT_GROUP] = "group", [ALERT_APP] = "app"
};
static const char *const directions[] = { [ALERT_IN] = "in", [ALERT_OUT] = "out" };
static const char *const comparisons[] = { [ALERT_ABOVE] = "above", [ALERT_BELOW] = "below" };
static const char *const contact_kinds[] = { [ALERT_EMAIL] = "email", [ALERT_SMS] = "sms" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The index of `text`; of a word that no version of this program writes, 0. */
static size_t
index_of(const char *const *table, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i], text) == 0)
			return i;
	return 0;
}

const char *
alert_subject_name(enum alert_subject subject)
{
	return subjects[subject];
}

const char *
alert_direction_name(enum alert_direction direction)
{
	return directions[direction];
}

const char *
alert_comparison_name(enum alert_comparison comparison)
{
	return comparisons[comparison];
}

const char *
alert_contact_kind_name(enum alert_contact_kind kind)
{
	return contact_kinds[kind];
}

/* --- limits ----------------------------------------------------------------------------------------------------------- */

/* Length of the UTF-8 sequence at `p` (RFC 3629 section 4) and its code point; 0 for bytes that are none. Stops at the NUL,
 * because that is no continuation byte. */
static size_t
utf8_next(const unsigned char *p, uint32_t *ret_code)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t min;
	} forms[] = { { 0x80, 0x00, 0 },
		      { 0xe0, 0xc0, 0x80 },
		      { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };

	for (size_t n = 0; n < COUNT(forms); n++) {
		if ((p[0] & forms[n].mask) != forms[n].lead)
			continue;
		uint32_t code = p[0] & (unsigned char)~forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[i] & 0x3fu);
		}
		if (code < forms[n].min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return 0;
		*ret_code = code;
		return n + 1;
	}
	return 0;
}

/* C0, DEL, C1; line and paragraph separator; the marks that turn the direction of text, which could make a name look like
 * another one. */
static bool
is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
	       (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool
alert_name_ok(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	uint32_t code = 0;

	if (!*name || strlen(name) >= ALERT_NAME_MAX)
		return false;
	while (*p) {
		size_t len = utf8_next(p, &code);
		if (len == 0 || is_control(code))
			return false;
		p += len;
	}
	return true;
}

/* RFC 5321 section 4.1.2, less quoted strings and address literals: the characters that stay outside are those with which
 * a mailbox could say more than one thing in a header or a command. */
static bool
mailbox_ok(const char *mailbox)
{
	static const char local[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "!#$%&'*+-/=?^_`{|}~.";
	static const char domain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-.";
	size_t len = strlen(mailbox);
	size_t at = strspn(mailbox, local);

	return len < ALERT_ADDRESS_MAX - 1 && at > 0 && at <= 64 && mailbox[at] == '@' &&
	       mailbox[0] != '-' && mailbox[at + 1] != '\0' &&
	       strspn(mailbox + at + 1, domain) == len - at - 1;
}

bool
alert_address_ok(enum alert_contact_kind kind, const char *address)
{
	if (kind == ALERT_EMAIL)
		return mailbox_ok(address);
	const char *digits = address + (address[0] == '+');
	size_t len = strlen(digits);
	return len >= 3 && len <= 20 && strspn(digits, "0123456789") == len;
}

static bool
host_ok(const char *host)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	return addr_parse(host, &addr) == NM_OK &&
	       strcmp(addr_format(&addr, text, sizeof(text)), host) == 0;
}

static bool
rule_ok(const struct alert_rule *r)
{
	return alert_name_ok(r->name) && (r->subject != ALERT_HOST || host_ok(r->host)) &&
	       r->rate_bps <= ALERT_RATE_MAX &&
	       (r->window_s == 60 || r->window_s == USAGE_1HR || r->window_s == USAGE_6HR) &&
	       r->days > 0 && r->days <= ALERT_DAYS_ALL && r->from_minute <= ALERT_DAY_MINUTES &&
	       r->to_minute <= ALERT_DAY_MINUTES && r->from_minute != r->to_minute;
}

/* NM_ELIMIT when the statement, a count, says `max` or more. */
static int
below_limit(struct db_stmt *q, int64_t max)
{
	int rc = db_step(q);

	if (rc > 0)
		rc = db_column_int(q, 0) < max ? NM_OK : NM_ELIMIT;
	db_done(q);
	return rc;
}

/* --- rules ------------------------------------------------------------------------------------------------------------ */

static void
subject_key(const struct alert_rule *r, char *ret, size_t size)
{
	ret[0] = '\0';
	if (r->subject == ALERT_HOST)
		(void)snprintf(ret, size, "%s", r->host);
	else if (r->subject == ALERT_GROUP)
		(void)snprintf(ret, size, "%u", r->group);
	else if (r->subject == ALERT_APP)
		(void)snprintf(ret, size, "%u", r->app);
}

static int
rule_insert(struct db *db, const struct alert_rule *r)
{
	char subject[ADDR_TEXT_MAX];
	struct db_stmt *q;
	int rc = db_query(db,
	                  "INSERT INTO alert (name, subject_kind, subject, direction, comparison, "
	                  "rate_bps, window_s, days,"
	                  " from_minute, to_minute, enabled, firing, since)"
	                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0)",
	                  &q);

	if (rc < 0)
		return rc;
	subject_key(r, subject, sizeof(subject));
	db_bind_text(q, 1, r->name);
	db_bind_text(q, 2, subjects[r->subject]);
	db_bind_text(q, 3, subject);
	db_bind_text(q, 4, directions[r->direction]);
	db_bind_text(q, 5, comparisons[r->comparison]);
	db_bind_int(q, 6, (int64_t)r->rate_bps);
	db_bind_int(q, 7, r->window_s);
	db_bind_int(q, 8, r->days);
	db_bind_int(q, 9, r->from_minute);
	db_bind_int(q, 10, r->to_minute);
	return db_finish(q);
}

int
db_alert_add(struct db *db, const struct alert_rule *rule, int64_t *ret_id)
{
	struct db_stmt *q;
	int rc;

	if (!rule_ok(rule))
		return NM_EFORMAT;
	rc = db_query(db, "SELECT count(*) FROM alert", &q);
	if (rc == NM_OK)
		rc = below_limit(q, ALERT_RULES_MAX);
	if (rc == NM_OK)
		rc = rule_insert(db, rule);
	if (rc == NM_OK)
		*ret_id = db_last_id(db);
	return rc;
}

#define RULE_COLUMNS                                                                              \
	"id, name, subject_kind, subject, direction, comparison, rate_bps, window_s, days, from_" \
	"minute,"                                                                                 \
	" to_minute, enabled, firing, since"

static void
read_rule(struct db_stmt *q, struct alert_rule *r)
{
	char subject[ADDR_TEXT_MAX];

	memset(r, 0, sizeof(*r));
	r->id = db_column_int(q, 0);
	db_column_copy(q, 1, r->name, sizeof(r->name));
	r->subject = (enum alert_subject)index_of(subjects, COUNT(subjects), db_column_text(q, 2));
	db_column_copy(q, 3, subject, sizeof(subject));
	if (r->subject == ALERT_HOST)
		(void)snprintf(r->host, sizeof(r->host), "%s", subject);
	else if (r->subject == ALERT_GROUP)
		r->group = (uint32_t)strtoul(subject, NULL, 10);
	else if (r->subject == ALERT_APP)
		r->app = (uint16_t)strtoul(subject, NULL, 10);
	r->direction =
	    (enum alert_direction)index_of(directions, COUNT(directions), db_column_text(q, 4));
	r->comparison =
	    (enum alert_comparison)index_of(comparisons, COUNT(comparisons), db_column_text(q, 5));
	r->rate_bps = (uint64_t)db_column_int(q, 6);
	r->window_s = (uint32_t)db_column_int(q, 7);
	r->days = (unsigned)db_column_int(q, 8);
	r->from_minute = (unsigned)db_column_int(q, 9);
	r->to_minute = (unsigned)db_column_int(q, 10);
	r->enabled = db_column_int(q, 11) != 0;
	r->firing = db_column_int(q, 12) != 0;
	r->since_s = (uint32_t)db_column_int(q, 13);
}

int
db_alert_find(struct db *db, const char *name, struct alert_rule *ret_rule)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT " RULE_COLUMNS " FROM alert WHERE name = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, name);
	rc = db_step(q);
	if (rc > 0)
		read_rule(q, ret_rule);
	db_done(q);
	return rc > 0 ? NM_OK : rc < 0 ? rc : NM_ENOTFOUND;
}

int
db_alert_each(struct db *db, int (*each)(void *ctx, const struct alert_rule *rule), void *ctx)
{
	struct alert_rule rule;
	struct db_stmt *q;
	int rc = db_query(db, "SELECT " RULE_COLUMNS " FROM alert ORDER BY name", &q);

	if (rc < 0)
		return rc;
	while ((rc = db_step(q)) > 0) {
		read_rule(q, &rule);
		rc = each(ctx, &rule);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

/* Runs a statement whose only parameter is an id. */
static int
run_for(struct db *db, const char *sql, int64_t id)
{
	struct db_stmt *q;
	int rc = db_query(db, sql, &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, id);
	return db_finish(q);
}

/* As run_for(); NM_ENOTFOUND when no row was touched. */
static int
run_for_one(struct db *db, const char *sql, int64_t id)
{
	int rc = run_for(db, sql, id);

	if (rc == NM_OK && db_changes(db) == 0)
		return NM_ENOTFOUND;
	return rc;
}

static int
drop_deliveries(struct db *db, int64_t rule)
{
	return run_for(db, "DELETE FROM alert_delivery WHERE alert = ?", rule);
}

int
db_alert_enable(struct db *db, int64_t rule, bool enabled)
{
	if (enabled)
		return run_for_one(db, "UPDATE alert SET enabled = 1 WHERE id = ?", rule);
	int rc = run_for_one(db, "UPDATE alert SET enabled = 0, firing = 0 WHERE id = ?", rule);
	return rc < 0 ? rc : drop_deliveries(db, rule);
}

int
db_alert_remove(struct db *db, int64_t rule)
{
	int rc = run_for_one(db, "DELETE FROM alert WHERE id = ?", rule);

	if (rc == NM_OK)
		rc = run_for(db, "DELETE FROM alert_contact_link WHERE alert = ?", rule);
	return rc < 0 ? rc : drop_deliveries(db, rule);
}

int
db_alert_subject_text(struct db *db, const struct alert_rule *rule, char *ret_text, size_t size)
{
	struct application app;
	struct db_group group;
	int rc = NM_OK;

	switch (rule->subject) {
	case ALERT_TOTAL:
		(void)snprintf(ret_text, size, "all traffic");
		break;
	case ALERT_HOST:
		(void)snprintf(ret_text, size, "%s", rule->host);
		break;
	case ALERT_GROUP:
		rc = db_group_get(db, rule->group, &group);
		if (rc == NM_OK)
			(void)snprintf(ret_text, size, "%s", group.name);
		else
			(void)snprintf(ret_text, size, "group %u", rule->group);
		break;
	case ALERT_APP:
		rc = db_app_get(db, rule->app, &app);
		if (rc == NM_OK)
			(void)snprintf(ret_text, size, "%s", app.name);
		else
			(void)snprintf(ret_text, size, "application %u", rule->app);
		break;
	}
	return rc == NM_ENOTFOUND ? NM_OK : rc;
}

/* --- contacts --------------------------------------------------------------------------------------------------------- */

static int
contact_insert(struct db *db, const struct alert_contact *contact)
{
	struct db_stmt *q;
	int rc =
	    db_query(db, "INSERT INTO alert_contact (name, kind, address) VALUES (?, ?, ?)", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, contact->name);
	db_bind_text(q, 2, contact_kinds[contact->kind]);
	db_bind_text(q, 3, contact->address);
	return db_finish(q);
}

int
db_alert_contact_add(struct db *db, const struct alert_contact *contact, int64_t *ret_id)
{
	struct db_stmt *q;
	int rc;

	if (!alert_name_ok(contact->name) || strchr(contact->name, ',') ||
	    !alert_address_ok(contact->kind, contact->address))
		return NM_EFORMAT;
	rc = db_query(db, "SELECT count(*) FROM alert_contact", &q);
	if (rc == NM_OK)
		rc = below_limit(q, ALERT_CONTACTS_MAX);
	if (rc == NM_OK)
		rc = contact_insert(db, contact);
	if (rc == NM_OK)
		*ret_id = db_last_id(db);
	return rc;
}

static void
read_contact(struct db_stmt *q, struct alert_contact *c)
{
	memset(c, 0, sizeof(*c));
	c->id = db_column_int(q, 0);
	db_column_copy(q, 1, c->name, sizeof(c->name));
	c->kind = (enum alert_contact_kind)index_of(contact_kinds, COUNT(contact_kinds),
	                                            db_column_text(q, 2));
	db_column_copy(q, 3, c->address, sizeof(c->address));
}

int
db_alert_contact_find(struct db *db, const char *name, struct alert_contact *ret_contact)
{
	struct db_stmt *q;
	int rc =
	    db_query(db, "SELECT id, name, kind, address FROM alert_contact WHERE name = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, name);
	rc = db_step(q);
	if (rc > 0)
		read_contact(q, ret_contact);
	db_done(q);
	return rc > 0 ? NM_OK : rc < 0 ? rc : NM_ENOTFOUND;
}

int
db_alert_contact_each(struct db *db, int64_t rule,
                      int (*each)(void *ctx, const struct alert_contact *contact), void *ctx)
{
	struct alert_contact contact;
	struct db_stmt *q;
	int rc = db_query(db,
	                  "SELECT id, name, kind, address FROM alert_contact WHERE ? = 0 OR id IN"
	                  " (SELECT contact FROM alert_contact_link WHERE alert = ?) ORDER BY name",
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, rule);
	db_bind_int(q, 2, rule);
	while ((rc = db_step(q)) > 0) {
		read_contact(q, &contact);
		rc = each(ctx, &contact);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

int
db_alert_contact_remove(struct db *db, int64_t contact)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT count(*) FROM alert_contact_link WHERE contact = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, contact);
	rc = below_limit(q, 1);
	if (rc == NM_ELIMIT)
		return NM_EORDER;
	if (rc == NM_OK)
		rc = run_for_one(db, "DELETE FROM alert_contact WHERE id = ?", contact);
	if (rc == NM_OK)
		rc = run_for(db, "DELETE FROM alert_delivery WHERE contact = ?", contact);
	return rc;
}

int
db_alert_link(struct db *db, int64_t rule, int64_t contact)
{
	struct db_stmt *q;
	int rc = db_query(db, "INSERT INTO alert_contact_link (alert, contact) VALUES (?, ?)", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, rule);
	db_bind_int(q, 2, contact);
	rc = db_finish(q);
	return rc == NM_EEXISTS ? NM_OK : rc;
}
