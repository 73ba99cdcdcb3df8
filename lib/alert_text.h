/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alert rules as people write and read them: windows, hours, days, and a whole rule in one line; and whether a rule's hours
 * hold a moment. Texts are ASCII but for names. Any thread.
 */
#ifndef NETMON_LIB_ALERT_TEXT_H
#define NETMON_LIB_ALERT_TEXT_H

#include "lib/db_alert.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define ALERT_DAYS_TEXT_MAX  32  /* "mon,tue,wed,thu,fri,sat,sun" */
#define ALERT_HOURS_TEXT_MAX 16  /* "08:00-18:00" */
#define ALERT_RULE_TEXT_MAX  256 /* alert_rule_format() */

/* "now", "1h", "6h". 0 or NM_EFORMAT, as for all that parse here: the result is untouched then. */
int alert_window_parse(const char *text, uint32_t *ret_window_s);
/* "now", "1 h", "6 h"; static text. */
const char *alert_window_name(uint32_t window_s);

/* "08:00-18:00", "22:00-06:00" (past midnight), "00:00-24:00". The ends may not be equal. */
int alert_hours_parse(const char *text, unsigned *ret_from_minute, unsigned *ret_to_minute);
/* Days by their first three letters, in lower case, one or from-to, commas between: "mon-fri", "sat,sun", "fri-mon". */
int alert_days_parse(const char *text, unsigned *ret_days);

/* The shortest of the forms above, into `buf` of the sizes above or more; return `buf`. */
const char *alert_hours_format(unsigned from_minute, unsigned to_minute, char *buf, size_t size);
const char *alert_days_format(unsigned days, char *buf, size_t size);

/* "group Customers in above 2.00 Mbit/s over 1 h, mon-fri 08:00-18:00": `subject` is db_alert_subject_text()'s; hours
 * and days only when they narrow the rule. Into `buf` of ALERT_RULE_TEXT_MAX or more; returns `buf`. */
const char *alert_rule_format(const struct alert_rule *rule, const char *subject, char *buf,
                              size_t size);

/* Whether `rule` may fire at `local` (localtime_r()). A span past midnight belongs to the day on which it begins. */
bool alert_rule_within_hours(const struct alert_rule *rule, const struct tm *local);

#endif
