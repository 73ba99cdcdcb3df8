/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alert rules as people write and read them. */
#include "lib/alert_text.h"

#include "lib/err.h"
#include "lib/rate.h"

#include <stdio.h>
#include <string.h>

#define DAYS 7

static const struct {
	const char *word;
	const char *name;
	uint32_t window_s;
} windows[] = { { "now", "now", 60 }, { "1h", "1 h", 3600 }, { "6h", "6 h", 21600 } };

#define N_WINDOWS (sizeof(windows) / sizeof(windows[0]))

static const char days_text[DAYS][4] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

int
alert_window_parse(const char *text, uint32_t *ret_window_s)
{
	for (size_t i = 0; i < N_WINDOWS; i++) {
		if (strcmp(windows[i].word, text) != 0)
			continue;
		*ret_window_s = windows[i].window_s;
		return NM_OK;
	}
	return NM_EFORMAT;
}

const char *
alert_window_name(uint32_t window_s)
{
	for (size_t i = 0; i < N_WINDOWS; i++)
		if (windows[i].window_s == window_s)
			return windows[i].name;
	return "?";
}

/* Two decimal digits at `p`, or 100. */
static unsigned
two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return 100;
	return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

/* "HH:MM" at `p`, 00:00 to 24:00, as minutes of the day; ALERT_DAY_MINUTES + 1 for anything else. */
static unsigned
clock_minutes(const char *p)
{
	unsigned hours = two_digits(p);
	unsigned minutes = hours <= 24 && p[2] == ':' ? two_digits(p + 3) : 100;

	if (minutes > 59 || hours * 60 + minutes > ALERT_DAY_MINUTES)
		return ALERT_DAY_MINUTES + 1;
	return hours * 60 + minutes;
}

int
alert_hours_parse(const char *text, unsigned *ret_from_minute, unsigned *ret_to_minute)
{
	if (strlen(text) != 11 || text[5] != '-')
		return NM_EFORMAT;
	unsigned from = clock_minutes(text), to = clock_minutes(text + 6);
	if (from > ALERT_DAY_MINUTES || to > ALERT_DAY_MINUTES || from == to)
		return NM_EFORMAT;
	*ret_from_minute = from;
	*ret_to_minute = to;
	return NM_OK;
}

/* The day at *text, which moves behind it, 0 Monday; DAYS when there is none. */
static unsigned
take_day(const char **text)
{
	for (unsigned day = 0; day < DAYS; day++) {
		if (strncmp(*text, days_text[day], 3) == 0) {
			*text += 3;
			return day;
		}
	}
	return DAYS;
}

int
alert_days_parse(const char *text, unsigned *ret_days)
{
	unsigned days = 0;

	for (;; text++) {
		unsigned first = take_day(&text), last = first;
		if (*text == '-') {
			text++;
			last = take_day(&text);
		}
		if (first == DAYS || last == DAYS || (*text && *text != ','))
			return NM_EFORMAT;
		for (unsigned day = first; day != last; day = (day + 1) % DAYS)
			days |= 1u << day;
		days |= 1u << last;
		if (!*text)
			break;
	}
	*ret_days = days;
	return NM_OK;
}

const char *
alert_hours_format(unsigned from_minute, unsigned to_minute, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%02u:%02u-%02u:%02u", from_minute / 60 % 100, from_minute % 60,
	               to_minute / 60 % 100, to_minute % 60);
	return buf;
}

const char *
alert_days_format(unsigned days, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned day = 0; day < DAYS; day++) {
		unsigned last = day;

		if (!(days >> day & 1))
			continue;
		while (last + 1 < DAYS && days >> (last + 1) & 1)
			last++;
		int n = snprintf(buf + len, size - len, "%s%s%s%s", len ? "," : "", days_text[day],
		                 last > day ? (last > day + 1 ? "-" : ",") : "",
		                 last > day ? days_text[last] : "");
		if (n < 0 || (size_t)n >= size - len)
			break;
		len += (size_t)n;
		day = last;
	}
	return buf;
}

const char *
alert_rule_format(const struct alert_rule *rule, const char *subject, char *buf, size_t size)
{
	char rate[RATE_TEXT_MAX], days[ALERT_DAYS_TEXT_MAX], hours[ALERT_HOURS_TEXT_MAX];
	bool all_days = rule->days == ALERT_DAYS_ALL;
	bool all_hours = rule->from_minute == 0 && rule->to_minute == ALERT_DAY_MINUTES;
	bool total = rule->subject == ALERT_TOTAL;

	(void)alert_days_format(rule->days, days, sizeof(days));
	(void)alert_hours_format(rule->from_minute, rule->to_minute, hours, sizeof(hours));
	(void)snprintf(
	    buf, size, "%s%s%s %s %s %s %s%s%s%s%s%s",
	    total ? "" : alert_subject_name(rule->subject), total ? "" : " ", subject,
	    alert_direction_name(rule->direction), alert_comparison_name(rule->comparison),
	    rate_format(rule->rate_bps, rate, sizeof(rate)), rule->window_s == 60 ? "" : "over ",
	    alert_window_name(rule->window_s), all_days && all_hours ? "" : ", ",
	    all_days ? "" : days, all_days || all_hours ? "" : " ", all_hours ? "" : hours);
	return buf;
}

bool
alert_rule_within_hours(const struct alert_rule *rule, const struct tm *local)
{
	unsigned minute = (unsigned)(local->tm_hour * 60 + local->tm_min);
	unsigned day = (unsigned)(local->tm_wday + DAYS - 1) % DAYS; /* tm_wday 0 is Sunday */
	bool today = rule->days >> day & 1;
	bool yesterday = rule->days >> (day + DAYS - 1) % DAYS & 1;

	if (rule->from_minute < rule->to_minute)
		return today && minute >= rule->from_minute && minute < rule->to_minute;
	return (today && minute >= rule->from_minute) || (yesterday && minute < rule->to_minute);
}
