/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alert rules, whom they tell, what they did, and what is still to be sent. Rules are data, never SQL.
 *
 * A rule goes off (fires) when its series' rate passes its limit within its hours, and recovers when the rate is back.
 * Both are written by db_alert_event() in one transaction: the rule's state, the log's row, and one delivery for each
 * contact. A delivery is a row until the contact was told, so that a killed program loses nothing and fires nothing twice.
 *
 * Times are seconds UTC; rates are bits per second. All functions: 0, the codes that are named, or NM_ESTORE. Functions
 * that write need a transaction of the caller's (db_begin_write()) where they say so. Caller's thread only.
 */
#ifndef NETMON_LIB_DB_ALERT_H
#define NETMON_LIB_DB_ALERT_H

#include "lib/addr.h"
#include "lib/db.h"
#include "lib/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes count the NUL. Names are UTF-8 without control characters (alert_name_ok()). */
#define ALERT_NAME_MAX     64
#define ALERT_ADDRESS_MAX  256
#define ALERT_DETAIL_MAX   256
#define ALERT_SHORT_MAX    160 /* one SMS */
#define ALERT_LONG_MAX     8192
#define ALERT_RULES_MAX    1000
#define ALERT_CONTACTS_MAX 1000
#define ALERT_RATE_MAX     RATE_MAX
#define ALERT_DAYS_ALL     0x7fu
#define ALERT_DAY_MINUTES  1440

/* What is watched. The store keeps the names of alert_subject_name() and its sisters. */
enum alert_subject { ALERT_TOTAL, ALERT_HOST, ALERT_GROUP, ALERT_APP };
enum alert_direction { ALERT_IN, ALERT_OUT };
enum alert_comparison { ALERT_ABOVE, ALERT_BELOW };
enum alert_contact_kind { ALERT_EMAIL, ALERT_SMS };

struct alert_rule {
	int64_t id;
	char name[ALERT_NAME_MAX];
	enum alert_subject subject;
	char host[ADDR_TEXT_MAX]; /* canonical, for ALERT_HOST; else empty */
	uint32_t group;           /* host_group.id, for ALERT_GROUP */
	uint16_t app;             /* application.id, for ALERT_APP */
	enum alert_direction direction;
	enum alert_comparison comparison;
	uint64_t rate_bps;
	uint32_t window_s; /* 60 ("now"), 3600, 21600 */
	/* when it may fire, in local time: the days (bit 0 Monday .. bit 6 Sunday) on which a span begins, and the span,
	 * minutes of the day 0..1440; from >= to goes past midnight */
	unsigned days;
	unsigned from_minute;
	unsigned to_minute;
	bool enabled;
	bool firing;      /* it went off and has not recovered */
	uint32_t since_s; /* when `firing` last changed; 0: never */
};

struct alert_contact {
	int64_t id;
	char name[ALERT_NAME_MAX];
	enum alert_contact_kind kind;
	char address[ALERT_ADDRESS_MAX]; /* mailbox, or telephone number */
};

/* Events of the log. FIRED and RECOVERED are the rule's; SENT, FAILED and GIVEN_UP are about one contact; STALE and
 * RESUMED say that no rule was judged because the aggregates were old, and belong to no rule (rule 0, name ""). PROBE says
 * that something happened to a probe (rule 0, the probe's name). */
enum alert_event {
	ALERT_FIRED,
	ALERT_RECOVERED,
	ALERT_SENT,
	ALERT_FAILED,
	ALERT_GIVEN_UP,
	ALERT_STALE,
	ALERT_RESUMED,
	ALERT_PROBE,
};

struct alert_log {
	int64_t id;
	uint32_t at_s;
	int64_t rule;              /* may be gone */
	char name[ALERT_NAME_MAX]; /* the rule's name then */
	enum alert_event event;
	uint64_t rate_bps; /* what was measured at FIRED and RECOVERED */
	int64_t told;      /* PROBE: id of the newest event (lib/db_event.h) that was told */
	char contact[ALERT_NAME_MAX]; /* SENT, FAILED, GIVEN_UP; else "" */
	char detail[ALERT_DETAIL_MAX];
};

/* The names in the store and on pages: "total", "in", "above", "email", "fired" ... Static text. */
const char *alert_subject_name(enum alert_subject subject);
const char *alert_direction_name(enum alert_direction direction);
const char *alert_comparison_name(enum alert_comparison comparison);
const char *alert_contact_kind_name(enum alert_contact_kind kind);
const char *alert_event_name(enum alert_event event);

/* 1..63 bytes of UTF-8, no control characters (C0, DEL, C1), no line or paragraph separator. */
bool alert_name_ok(const char *name);
/* A mailbox "local@domain" of printable ASCII without blanks, quotes, angle brackets, commas and their like; or "+" and
 * digits, 3 to 20 of them. */
bool alert_address_ok(enum alert_contact_kind kind, const char *address);

/* --- rules ----------------------------------------------------------------------------------------------------------- */

/* Adds a rule; `id`, `enabled`, `firing` and `since_s` are ignored: it begins enabled and quiet. NM_EFORMAT: a field
 * outside its limits; NM_EEXISTS: the name is taken; NM_ELIMIT. */
int db_alert_add(struct db *db, const struct alert_rule *rule, int64_t *ret_id);
/* By name: NM_ENOTFOUND. */
int db_alert_find(struct db *db, const char *name, struct alert_rule *ret_rule);
/* Walks the rules by name; a value other than 0 ends the walk and is returned. `each` may call other functions of this
 * header, not this one. */
int db_alert_each(struct db *db, int (*each)(void *ctx, const struct alert_rule *rule), void *ctx);
/* Disabling a rule also ends its alarm without telling anyone and drops what was still to be sent. In the caller's
 * transaction. NM_ENOTFOUND. */
int db_alert_enable(struct db *db, int64_t rule, bool enabled);
/* Its log stays. In the caller's transaction. NM_ENOTFOUND. */
int db_alert_remove(struct db *db, int64_t rule);
/* What the rule watches, for people: "all traffic", an address, the group's or application's name ("group 7" when it is
 * gone). Into ret_text of ALERT_NAME_MAX or more. */
int db_alert_subject_text(struct db *db, const struct alert_rule *rule, char *ret_text,
                          size_t size);

/* --- contacts --------------------------------------------------------------------------------------------------------- */

/* NM_EFORMAT: name or address; NM_EEXISTS; NM_ELIMIT. */
int db_alert_contact_add(struct db *db, const struct alert_contact *contact, int64_t *ret_id);
int db_alert_contact_find(struct db *db, const char *name, struct alert_contact *ret_contact);
/* Walks contacts by name: those of a rule, or all for rule 0. As db_alert_each(). */
int db_alert_contact_each(struct db *db, int64_t rule,
                          int (*each)(void *ctx, const struct alert_contact *contact), void *ctx);
/* NM_ENOTFOUND; NM_EORDER: a rule still tells it. In the caller's transaction. */
int db_alert_contact_remove(struct db *db, int64_t contact);
/* Makes `rule` tell `contact`; twice is once. */
int db_alert_link(struct db *db, int64_t rule, int64_t contact);

/* --- log -------------------------------------------------------------------------------------------------------------- */

/* Appends; `id` is ignored. */
int db_alert_log_add(struct db *db, const struct alert_log *entry);
/* Newest first: at most `limit` rows with an id below `before` (0: from the newest), of one rule or of all for rule 0. */
struct alert_log_query {
	int64_t rule;
	int64_t before;
	size_t limit;
};
int db_alert_log_each(struct db *db, const struct alert_log_query *query,
                      int (*each)(void *ctx, const struct alert_log *entry), void *ctx);
/* Drops rows older than `before_s`; *ret_rows gets how many. */
int db_alert_log_prune(struct db *db, uint32_t before_s, int64_t *ret_rows);

/* --- events and deliveries (netmon-alert) --------------------------------------------------------------------------- */

/* A message that a contact has not got yet. */
struct alert_delivery {
	int64_t id;    /* of the row; never used twice, so that it identifies the message */
	int64_t event; /* alert_log.id of what it tells */
	int64_t rule;
	char name[ALERT_NAME_MAX]; /* the rule's */
	struct alert_contact contact;
	uint32_t event_s;  /* when it happened */
	unsigned attempts; /* tries that failed */
	uint32_t next_s;   /* not to be tried before */
	char short_text[ALERT_SHORT_MAX];
	const char *long_text; /* NUL-terminated; valid during the call of `each` */
};

/* The text of an event's messages. */
struct alert_message {
	const char *short_text; /* an SMS and a mail's subject: one line of UTF-8 */
	const char *long_text;  /* a mail's body */
};

/* The rule fires or recovers: new state, log row (event, at_s, rate_bps, detail of `entry`; the rest is taken from
 * `rule`), and a delivery to each contact. In the caller's transaction. NM_EORDER: the rule is in that state already, is
 * disabled, or gone: nothing is written. */
int db_alert_event(struct db *db, const struct alert_rule *rule, const struct alert_log *entry,
                   const struct alert_message *message);
/* Something that no rule is for: log row (at_s, event, name, told, detail of `entry`) and a delivery to every contact. In the
 * caller's transaction. */
int db_alert_tell_all(struct db *db, const struct alert_log *entry,
                      const struct alert_message *message);
/* Deliveries that are due at `now_s`, those with fewest attempts first, at most `limit`; of those of one rule to one
 * contact only the oldest, so that nobody hears of a recovery before the alarm. As db_alert_each(). */
int db_alert_delivery_each(struct db *db, uint32_t now_s, size_t limit,
                           int (*each)(void *ctx, const struct alert_delivery *delivery),
                           void *ctx);
/* The contact was told: the delivery goes and SENT is logged. In the caller's transaction. NM_ENOTFOUND: somebody else
 * has settled it. */
int db_alert_delivery_sent(struct db *db, const struct alert_delivery *delivery, uint32_t now_s,
                           const char *detail);
/* The try failed: FAILED is logged and the next try is at `next_s`; 0: GIVEN_UP is logged and the delivery goes. In the
 * caller's transaction. NM_ENOTFOUND as above. */
int db_alert_delivery_failed(struct db *db, const struct alert_delivery *delivery, uint32_t now_s,
                             uint32_t next_s, const char *detail);
/* How many deliveries wait. */
int db_alert_delivery_count(struct db *db, int64_t *ret_count);

/* Notes once that the aggregates are old (ALERT_STALE) or usable again (ALERT_RESUMED); a repetition writes nothing. In
 * the caller's transaction. */
int db_alert_note_stale(struct db *db, bool stale, uint32_t now_s, const char *detail);
/* Time from which on the store knows the traffic; 0: it has none. A window that begins before it is not whole. */
int db_alert_data_begin(struct db *db, uint32_t *ret_begin_s);

#endif
