/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alert rules as people write and read them, and their hours. */
#include "lib/alert_text.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MONDAY   (1u << 0)
#define FRIDAY   (1u << 4)
#define SATURDAY (1u << 5)
#define SUNDAY   (1u << 6)

static void
a_window_is_now_one_hour_or_six(void **state)
{
	uint32_t window_s = 0;

	(void)state;
	assert_int_equal(alert_window_parse("now", &window_s), NM_OK);
	assert_int_equal(window_s, 60);
	assert_int_equal(alert_window_parse("1h", &window_s), NM_OK);
	assert_int_equal(window_s, 3600);
	assert_int_equal(alert_window_parse("6h", &window_s), NM_OK);
	assert_int_equal(window_s, 21600);
	assert_int_equal(alert_window_parse("24h", &window_s), NM_EFORMAT);
	assert_int_equal(alert_window_parse("", &window_s), NM_EFORMAT);
	assert_int_equal(window_s, 21600);
}

static void
hours_are_read_up_to_midnight_and_past_it(void **state)
{
	unsigned from = 0, to = 0;

	(void)state;
	assert_int_equal(alert_hours_parse("08:00-18:00", &from, &to), NM_OK);
	assert_int_equal(from, 480);
	assert_int_equal(to, 1080);
	assert_int_equal(alert_hours_parse("00:00-24:00", &from, &to), NM_OK);
	assert_int_equal(from, 0);
	assert_int_equal(to, 1440);
	assert_int_equal(alert_hours_parse("22:30-06:15", &from, &to), NM_OK);
	assert_int_equal(from, 1350);
	assert_int_equal(to, 375);
}

static void
hours_that_are_none_are_refused_and_change_nothing(void **state)
{
	static const char *const cases[] = { "",
		                             "8:00-18:00",
		                             "08:00",
		                             "08:00-18:0",
		                             "08:60-18:00",
		                             "25:00-26:00",
		                             "08:00-24:01",
		                             "08:00-08:00",
		                             "08.00-18.00",
		                             "08:00 18:00",
		                             "-8:00-18:00",
		                             "08:00-18:000" };
	unsigned from = 1, to = 2;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(alert_hours_parse(cases[i], &from, &to), NM_EFORMAT);
	assert_int_equal(from, 1);
	assert_int_equal(to, 2);
}

static void
days_are_read_singly_and_in_spans(void **state)
{
	static const struct {
		const char *text;
		unsigned days;
		const char *canonical;
	} cases[] = {
		{ "mon-fri", 0x1f, "mon-fri" },
		{ "sat,sun", SATURDAY | SUNDAY, "sat,sun" },
		{ "mon-sun", ALERT_DAYS_ALL, "mon-sun" },
		{ "mon", MONDAY, "mon" },
		{ "fri-mon", FRIDAY | SATURDAY | SUNDAY | MONDAY, "mon,fri-sun" },
		{ "mon,wed,fri", 0x15, "mon,wed,fri" },
		{ "sun,mon,mon-mon", SUNDAY | MONDAY, "mon,sun" },
		{ "mon,tue,thu,sat,sun", 0x6b, "mon,tue,thu,sat,sun" },
	};
	char text[ALERT_DAYS_TEXT_MAX];
	unsigned days;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(alert_days_parse(cases[i].text, &days), NM_OK);
		assert_int_equal(days, cases[i].days);
		assert_string_equal(alert_days_format(days, text, sizeof(text)),
		                    cases[i].canonical);
	}
}

static void
days_that_are_none_are_refused_and_change_nothing(void **state)
{
	static const char *const cases[] = { "",     "monday",   "Mon",        "mon-",
		                             "-mon", "mon,",     ",mon",       "mon fri",
		                             "mo",   "mon--fri", "mon-fri-sun" };
	unsigned days = 3;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(alert_days_parse(cases[i], &days), NM_EFORMAT);
	assert_int_equal(days, 3);
}

static struct alert_rule
rule_with_hours(unsigned days, unsigned from_minute, unsigned to_minute)
{
	struct alert_rule rule = { .days = days,
		                   .from_minute = from_minute,
		                   .to_minute = to_minute };

	return rule;
}

/* `wday` as in struct tm: 0 Sunday */
static bool
within(const struct alert_rule *rule, int wday, int hour, int min)
{
	struct tm local = { .tm_wday = wday, .tm_hour = hour, .tm_min = min };

	return alert_rule_within_hours(rule, &local);
}

static void
a_rule_may_fire_from_its_first_minute_to_the_one_before_its_last(void **state)
{
	struct alert_rule rule = rule_with_hours(0x1f, 480, 1080);

	(void)state;
	assert_false(within(&rule, 1, 7, 59));
	assert_true(within(&rule, 1, 8, 0));
	assert_true(within(&rule, 5, 17, 59));
	assert_false(within(&rule, 5, 18, 0));
	assert_false(within(&rule, 6, 12, 0));
	assert_false(within(&rule, 0, 12, 0));
}

static void
a_night_belongs_to_the_day_on_which_it_begins(void **state)
{
	struct alert_rule rule = rule_with_hours(FRIDAY, 1320, 360);

	(void)state;
	assert_false(within(&rule, 5, 5, 59));
	assert_false(within(&rule, 5, 21, 59));
	assert_true(within(&rule, 5, 22, 0));
	assert_true(within(&rule, 6, 5, 59));
	assert_false(within(&rule, 6, 6, 0));
	assert_false(within(&rule, 6, 22, 0));
	rule.days = SUNDAY;
	assert_true(within(&rule, 0, 23, 0));
	assert_true(within(&rule, 1, 0, 0));
}

static void
a_whole_day_has_no_gap(void **state)
{
	struct alert_rule rule = rule_with_hours(ALERT_DAYS_ALL, 0, ALERT_DAY_MINUTES);

	(void)state;
	for (int minute = 0; minute < ALERT_DAY_MINUTES; minute++)
		assert_true(within(&rule, minute % 7, minute / 60, minute % 60));
}

static void
a_rule_reads_as_one_line(void **state)
{
	struct alert_rule rule = { .subject = ALERT_GROUP,
		                   .direction = ALERT_IN,
		                   .comparison = ALERT_ABOVE,
		                   .rate_bps = 2000000,
		                   .window_s = 3600,
		                   .days = 0x1f,
		                   .from_minute = 480,
		                   .to_minute = 1080 };
	char text[ALERT_RULE_TEXT_MAX];

	(void)state;
	assert_string_equal(alert_rule_format(&rule, "Customers", text, sizeof(text)),
	                    "group Customers in above 2.00 Mbit/s over 1 h, mon-fri 08:00-18:00");
	rule = (struct alert_rule){ .subject = ALERT_TOTAL,
		                    .direction = ALERT_OUT,
		                    .comparison = ALERT_BELOW,
		                    .rate_bps = 500000,
		                    .window_s = 60,
		                    .days = ALERT_DAYS_ALL,
		                    .to_minute = ALERT_DAY_MINUTES };
	assert_string_equal(alert_rule_format(&rule, "all traffic", text, sizeof(text)),
	                    "all traffic out below 500 kbit/s now");
	rule.days = SATURDAY | SUNDAY;
	assert_string_equal(alert_rule_format(&rule, "all traffic", text, sizeof(text)),
	                    "all traffic out below 500 kbit/s now, sat,sun");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_is_now_one_hour_or_six),
		cmocka_unit_test(hours_are_read_up_to_midnight_and_past_it),
		cmocka_unit_test(hours_that_are_none_are_refused_and_change_nothing),
		cmocka_unit_test(days_are_read_singly_and_in_spans),
		cmocka_unit_test(days_that_are_none_are_refused_and_change_nothing),
		cmocka_unit_test(a_rule_may_fire_from_its_first_minute_to_the_one_before_its_last),
		cmocka_unit_test(a_night_belongs_to_the_day_on_which_it_begins),
		cmocka_unit_test(a_whole_day_has_no_gap),
		cmocka_unit_test(a_rule_reads_as_one_line),
	};

	return cmocka_run_group_tests_name("alert_text", tests, NULL, NULL);
}
