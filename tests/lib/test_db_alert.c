/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alert rules, contacts, log and waiting messages in the store. */
#include "lib/db_alert.h"

#include "lib/db_sql.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WALK_MAX 1024

static struct db *
db_of(void **state)
{
	return ((struct store *)*state)->db;
}

static struct alert_rule
some_rule(const char *name)
{
	struct alert_rule rule = { .subject = ALERT_HOST,
		                   .host = "10.0.0.1",
		                   .direction = ALERT_OUT,
		                   .comparison = ALERT_BELOW,
		                   .rate_bps = 1500000,
		                   .window_s = 3600,
		                   .days = 0x1f,
		                   .from_minute = 1320,
		                   .to_minute = 360 };

	(void)snprintf(rule.name, sizeof(rule.name), "%s", name);
	return rule;
}

static int64_t
add_rule(struct db *db, const char *name)
{
	struct alert_rule rule = some_rule(name);
	int64_t id = 0;

	assert_int_equal(db_alert_add(db, &rule, &id), NM_OK);
	return id;
}

static int64_t
add_contact(struct db *db, const char *name, enum alert_contact_kind kind, const char *address)
{
	struct alert_contact contact = { .kind = kind };
	int64_t id = 0;

	(void)snprintf(contact.name, sizeof(contact.name), "%s", name);
	(void)snprintf(contact.address, sizeof(contact.address), "%s", address);
	assert_int_equal(db_alert_contact_add(db, &contact, &id), NM_OK);
	return id;
}

/* A rule with two contacts. */
static struct alert_rule
rule_with_contacts(struct db *db)
{
	struct alert_rule rule;
	int64_t id = add_rule(db, "uplink");

	assert_int_equal(
	    db_alert_link(db, id, add_contact(db, "ann", ALERT_EMAIL, "a@example.org")), 0);
	assert_int_equal(db_alert_link(db, id, add_contact(db, "bob", ALERT_SMS, "+4912345")), 0);
	assert_int_equal(db_alert_find(db, "uplink", &rule), NM_OK);
	return rule;
}

static int
raise_event(struct db *db, const struct alert_rule *rule, enum alert_event event, uint32_t at_s)
{
	struct alert_message message = { "short", "long\ntext" };
	struct alert_log entry = { .at_s = at_s, .event = event, .rate_bps = 42 };

	return db_alert_event(db, rule, &entry, &message);
}

static int
write_rule(void *ctx, const struct alert_rule *rule)
{
	char *out = ctx;
	size_t len = strlen(out);

	(void)snprintf(out + len, WALK_MAX - len, "%s ", rule->name);
	return 0;
}

static int
write_contact(void *ctx, const struct alert_contact *contact)
{
	char *out = ctx;
	size_t len = strlen(out);

	(void)snprintf(out + len, WALK_MAX - len, "%s=%s:%s ", contact->name,
	               alert_contact_kind_name(contact->kind), contact->address);
	return 0;
}

static int
write_entry(void *ctx, const struct alert_log *e)
{
	char *out = ctx;
	size_t len = strlen(out);

	(void)snprintf(out + len, WALK_MAX - len, "%u:%s:%s:%s:%llu:%s ", e->at_s, e->name,
	               alert_event_name(e->event), e->contact, (unsigned long long)e->rate_bps,
	               e->detail);
	return 0;
}

static int
write_delivery(void *ctx, const struct alert_delivery *d)
{
	char *out = ctx;
	size_t len = strlen(out);

	(void)snprintf(out + len, WALK_MAX - len, "%s>%s/%u/%s/%s ", d->name, d->contact.name,
	               d->attempts, d->short_text, d->long_text);
	return 0;
}

static int
keep_delivery(void *ctx, const struct alert_delivery *d)
{
	struct alert_delivery *out = ctx;

	*out = *d;
	out->long_text = "";
	return 1;
}

static void
assert_log(struct db *db, const char *expected)
{
	struct alert_log_query query = { .limit = 100 };
	char text[WALK_MAX] = "";

	assert_int_equal(db_alert_log_each(db, &query, write_entry, text), 0);
	assert_string_equal(text, expected);
}

static void
assert_deliveries(struct db *db, uint32_t now_s, const char *expected)
{
	char text[WALK_MAX] = "";

	assert_int_equal(db_alert_delivery_each(db, now_s, 100, write_delivery, text), 0);
	assert_string_equal(text, expected);
}

static void
a_rule_comes_back_as_it_was_added(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = some_rule("uplink"), back;
	int64_t id = 0;

	assert_int_equal(db_alert_add(db, &rule, &id), NM_OK);
	assert_int_equal(db_alert_find(db, "uplink", &back), NM_OK);
	assert_int_equal(back.id, id);
	assert_int_equal(back.subject, ALERT_HOST);
	assert_string_equal(back.host, rule.host);
	assert_int_equal(back.direction, ALERT_OUT);
	assert_int_equal(back.comparison, ALERT_BELOW);
	assert_int_equal(back.rate_bps, rule.rate_bps);
	assert_int_equal(back.window_s, rule.window_s);
	assert_int_equal(back.days, rule.days);
	assert_int_equal(back.from_minute, rule.from_minute);
	assert_int_equal(back.to_minute, rule.to_minute);
	assert_true(back.enabled);
	assert_false(back.firing);
	assert_int_equal(back.since_s, 0);
}

static void
a_second_rule_of_the_same_name_is_refused(void **state)
{
	struct alert_rule rule = some_rule("uplink");
	int64_t id = add_rule(db_of(state), "uplink");

	assert_int_equal(db_alert_add(db_of(state), &rule, &id), NM_EEXISTS);
}

static void
a_rule_with_a_field_outside_its_limits_is_refused(void **state)
{
	struct alert_rule bad[8];
	int64_t id = 0;

	for (size_t i = 0; i < 8; i++)
		bad[i] = some_rule("x");
	bad[0].name[0] = '\0';
	bad[1].host[0] = 'x';
	bad[2].rate_bps = ALERT_RATE_MAX + 1;
	bad[3].window_s = 300;
	bad[4].days = 0;
	bad[5].days = ALERT_DAYS_ALL + 1;
	bad[6].to_minute = ALERT_DAY_MINUTES + 1;
	bad[7].to_minute = bad[7].from_minute;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(db_alert_add(db_of(state), &bad[i], &id), NM_EFORMAT);
}

static void
rules_are_walked_by_name_until_the_caller_has_enough(void **state)
{
	char text[WALK_MAX] = "";

	add_rule(db_of(state), "b");
	add_rule(db_of(state), "a");
	add_rule(db_of(state), "'; DROP TABLE alert; --");
	assert_int_equal(db_alert_each(db_of(state), write_rule, text), 0);
	assert_string_equal(text, "'; DROP TABLE alert; -- a b ");
}

static void
names_with_control_characters_or_broken_utf8_are_refused(void **state)
{
	static const char *const bad[] = { "",
		                           "a\nb",
		                           "a\rb",
		                           "\t",
		                           "a\x7f",
		                           "\xc2\x85",
		                           "\xff",
		                           "a\xc3",
		                           "\xc0\xaf",
		                           "\xed\xa0\x80",
		                           "\xe2\x80\xa8",
		                           "\xe2\x80\xae",
		                           "\xf4\x90\x80\x80" };
	static const char *const good[] = { "a", "<script>", "%s {to}", "B\xc3\xbcro",
		                            "\xf0\x9f\x94\xa5 hot" };
	char longest[ALERT_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(alert_name_ok(bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(alert_name_ok(good[i]));
	memset(longest, 'x', sizeof(longest));
	longest[ALERT_NAME_MAX - 1] = '\0';
	assert_true(alert_name_ok(longest));
	longest[ALERT_NAME_MAX - 1] = 'x';
	longest[ALERT_NAME_MAX] = '\0';
	assert_false(alert_name_ok(longest));
}

static void
an_address_that_could_say_more_than_one_thing_is_refused(void **state)
{
	static const char *const bad[] = {
		"",        "a",     "@b",      "a@",   "a@b@c",         "a@b\r\nBcc: c@d", "a b@c",
		"a@b,c@d", "<a@b>", "\"a\"@b", "-f@b", "a@[127.0.0.1]", "\xc3\xbc@b"
	};
	static const char *const bad_numbers[] = { "",      "+",        "12",
		                                   "+12",   "12a",      "1 2",
		                                   "++123", "123&to=4", "123456789012345678901" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(alert_address_ok(ALERT_EMAIL, bad[i]));
	for (size_t i = 0; i < sizeof(bad_numbers) / sizeof(bad_numbers[0]); i++)
		assert_false(alert_address_ok(ALERT_SMS, bad_numbers[i]));
	assert_true(alert_address_ok(ALERT_EMAIL, "on-call+night@noc.example.org"));
	assert_true(alert_address_ok(ALERT_EMAIL, "root@localhost"));
	assert_true(alert_address_ok(ALERT_SMS, "+4915112345678"));
	assert_true(alert_address_ok(ALERT_SMS, "112"));
}

static void
a_rule_tells_the_contacts_that_it_was_linked_to(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = rule_with_contacts(db);
	char text[WALK_MAX] = "";

	add_contact(db, "eve", ALERT_EMAIL, "e@example.org");
	assert_int_equal(db_alert_contact_each(db, rule.id, write_contact, text), 0);
	assert_string_equal(text, "ann=email:a@example.org bob=sms:+4912345 ");
	text[0] = '\0';
	assert_int_equal(db_alert_contact_each(db, 0, write_contact, text), 0);
	assert_string_equal(text,
	                    "ann=email:a@example.org bob=sms:+4912345 eve=email:e@example.org ");
}

static void
a_contact_that_a_rule_tells_is_not_removed(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = rule_with_contacts(db);
	struct alert_contact ann;

	assert_int_equal(db_alert_contact_find(db, "ann", &ann), NM_OK);
	assert_int_equal(db_alert_contact_remove(db, ann.id), NM_EORDER);
	assert_int_equal(db_alert_remove(db, rule.id), NM_OK);
	assert_int_equal(db_alert_contact_remove(db, ann.id), NM_OK);
	assert_int_equal(db_alert_contact_remove(db, ann.id), NM_ENOTFOUND);
	assert_int_equal(db_alert_contact_find(db, "ann", &ann), NM_ENOTFOUND);
}

static void
a_rule_fires_once_and_recovers_once(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = rule_with_contacts(db), back;

	assert_int_equal(raise_event(db, &rule, ALERT_RECOVERED, 5), NM_EORDER);
	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 10), NM_OK);
	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 11), NM_EORDER);
	assert_int_equal(db_alert_find(db, "uplink", &back), NM_OK);
	assert_true(back.firing);
	assert_int_equal(back.since_s, 10);
	assert_int_equal(raise_event(db, &rule, ALERT_RECOVERED, 20), NM_OK);
	assert_int_equal(raise_event(db, &rule, ALERT_RECOVERED, 21), NM_EORDER);
	assert_log(db, "20:uplink:recovered::42: 10:uplink:fired::42: ");
}

static void
an_event_waits_for_each_contact_until_it_was_told(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = rule_with_contacts(db);
	struct alert_delivery d;
	int64_t waiting = -1;

	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 10), NM_OK);
	assert_deliveries(db, 10, "uplink>ann/0/short/long\ntext uplink>bob/0/short/long\ntext ");
	assert_int_equal(db_alert_delivery_each(db, 10, 1, keep_delivery, &d), 1);
	assert_int_equal(db_alert_delivery_sent(db, &d, 11, "250 ok"), NM_OK);
	assert_int_equal(db_alert_delivery_sent(db, &d, 11, "250 ok"), NM_ENOTFOUND);
	assert_deliveries(db, 10, "uplink>bob/0/short/long\ntext ");
	assert_int_equal(db_alert_delivery_count(db, &waiting), NM_OK);
	assert_int_equal(waiting, 1);
	assert_log(db, "11:uplink:sent:ann:0:250 ok 10:uplink:fired::42: ");
}

static void
a_try_that_failed_is_due_again_later_and_given_up_at_last(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = rule_with_contacts(db);
	struct alert_delivery d;

	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 10), NM_OK);
	assert_int_equal(db_alert_delivery_each(db, 10, 1, keep_delivery, &d), 1);
	assert_int_equal(db_alert_delivery_failed(db, &d, 11, 70, "time-out"), NM_OK);
	assert_deliveries(db, 69, "uplink>bob/0/short/long\ntext ");
	assert_deliveries(db, 70, "uplink>bob/0/short/long\ntext uplink>ann/1/short/long\ntext ");
	assert_int_equal(db_alert_delivery_failed(db, &d, 71, 0, "time-out"), NM_OK);
	assert_int_equal(db_alert_delivery_failed(db, &d, 72, 0, "time-out"), NM_ENOTFOUND);
	assert_deliveries(db, 1000, "uplink>bob/0/short/long\ntext ");
	assert_log(db, "71:uplink:given-up:ann:0:time-out 11:uplink:failed:ann:0:time-out "
	               "10:uplink:fired::42: ");
}

static void
disabling_a_rule_ends_its_alarm_and_drops_its_messages(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = rule_with_contacts(db), back;

	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 10), NM_OK);
	assert_int_equal(db_alert_enable(db, rule.id, false), NM_OK);
	assert_int_equal(db_alert_find(db, "uplink", &back), NM_OK);
	assert_false(back.enabled);
	assert_false(back.firing);
	assert_deliveries(db, 1000, "");
	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 11), NM_EORDER);
	assert_int_equal(db_alert_enable(db, rule.id, true), NM_OK);
	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 12), NM_OK);
	assert_int_equal(db_alert_enable(db, 999, true), NM_ENOTFOUND);
}

static void
the_log_outlives_the_rule(void **state)
{
	struct db *db = db_of(state);
	struct alert_rule rule = rule_with_contacts(db);

	assert_int_equal(raise_event(db, &rule, ALERT_FIRED, 10), NM_OK);
	assert_int_equal(db_alert_remove(db, rule.id), NM_OK);
	assert_int_equal(db_alert_remove(db, rule.id), NM_ENOTFOUND);
	assert_deliveries(db, 1000, "");
	assert_log(db, "10:uplink:fired::42: ");
}

static void
the_log_is_read_newest_first_a_page_at_a_time(void **state)
{
	struct db *db = db_of(state);
	struct alert_log_query query = { .limit = 2 };
	struct alert_log entry = { .rule = 7, .name = "r", .event = ALERT_FIRED };
	char text[WALK_MAX] = "";
	int64_t gone = 0;

	for (entry.at_s = 1; entry.at_s <= 5; entry.at_s++)
		assert_int_equal(db_alert_log_add(db, &entry), NM_OK);
	assert_int_equal(db_alert_log_each(db, &query, write_entry, text), 0);
	assert_string_equal(text, "5:r:fired::0: 4:r:fired::0: ");
	query.before = 4;
	query.rule = 7;
	text[0] = '\0';
	assert_int_equal(db_alert_log_each(db, &query, write_entry, text), 0);
	assert_string_equal(text, "3:r:fired::0: 2:r:fired::0: ");
	query.rule = 8;
	text[0] = '\0';
	assert_int_equal(db_alert_log_each(db, &query, write_entry, text), 0);
	assert_string_equal(text, "");
	assert_int_equal(db_alert_log_prune(db, 5, &gone), NM_OK);
	assert_int_equal(gone, 4);
	assert_log(db, "5:r:fired::0: ");
}

static void
old_aggregates_are_noted_once_and_their_return_too(void **state)
{
	struct db *db = db_of(state);

	assert_int_equal(db_alert_note_stale(db, false, 1, "fresh"), NM_OK);
	assert_int_equal(db_alert_note_stale(db, true, 2, "old"), NM_OK);
	assert_int_equal(db_alert_note_stale(db, true, 3, "old"), NM_OK);
	assert_int_equal(db_alert_note_stale(db, false, 4, "fresh"), NM_OK);
	assert_int_equal(db_alert_note_stale(db, false, 5, "fresh"), NM_OK);
	assert_log(db, "4::resumed::0:fresh 2::stale::0:old ");
}

static void
the_data_begin_with_the_oldest_flow(void **state)
{
	struct db *db = db_of(state);
	uint32_t begin = 1;

	assert_int_equal(db_alert_data_begin(db, &begin), NM_OK);
	assert_int_equal(begin, 0);
	assert_int_equal(
	    db_run(db,
	           "INSERT INTO flow (link, vlan, saddr, daddr, sport, dport, protocol, packets,"
	           " octets, application, fraction, started, expires) VALUES"
	           " (1, 0, '10.0.0.1', '10.0.0.2', 1, 2, 6, 1, 40, 0, 0, 7200, 7260),"
	           " (1, 0, '10.0.0.1', '10.0.0.2', 1, 2, 6, 1, 40, 0, 0, 7100, 7160)"),
	    NM_OK);
	assert_int_equal(db_alert_data_begin(db, &begin), NM_OK);
	assert_int_equal(begin, 7160);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_rule_comes_back_as_it_was_added),
		STORE_TEST(a_second_rule_of_the_same_name_is_refused),
		STORE_TEST(a_rule_with_a_field_outside_its_limits_is_refused),
		STORE_TEST(rules_are_walked_by_name_until_the_caller_has_enough),
		cmocka_unit_test(names_with_control_characters_or_broken_utf8_are_refused),
		cmocka_unit_test(an_address_that_could_say_more_than_one_thing_is_refused),
		STORE_TEST(a_rule_tells_the_contacts_that_it_was_linked_to),
		STORE_TEST(a_contact_that_a_rule_tells_is_not_removed),
		STORE_TEST(a_rule_fires_once_and_recovers_once),
		STORE_TEST(an_event_waits_for_each_contact_until_it_was_told),
		STORE_TEST(a_try_that_failed_is_due_again_later_and_given_up_at_last),
		STORE_TEST(disabling_a_rule_ends_its_alarm_and_drops_its_messages),
		STORE_TEST(the_log_outlives_the_rule),
		STORE_TEST(the_log_is_read_newest_first_a_page_at_a_time),
		STORE_TEST(old_aggregates_are_noted_once_and_their_return_too),
		STORE_TEST(the_data_begin_with_the_oldest_flow),
	};

	return cmocka_run_group_tests_name("db_alert", tests, NULL, NULL);
}
