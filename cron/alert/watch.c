/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges every enabled rule by the aggregates. */
#include "cron/alert/watch.h"

#include "cron/alert/message.h"
#include "lib/alert_text.h"
#include "lib/db_group.h"
#include "lib/db_usage.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/rate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const verdict_names[] = {
	[WATCH_QUIET] = "quiet",
	[WATCH_FIRES] = "fires",
	[WATCH_FIRING] = "firing",
	[WATCH_RECOVERS] = "recovers",
	[WATCH_OFF_HOURS] = "outside its hours",
	[WATCH_PARTIAL] = "not enough data",
	[WATCH_NO_SUBJECT] = "its subject is gone",
};

const char *
watch_verdict_name(enum watch_verdict verdict)
{
	return verdict_names[verdict];
}

int
watch_look(struct db *db, const struct watch_options *options, struct watch_data *ret_data)
{
	struct watch_data data = { 0 };
	int rc = db_usage_end(db, &data.end_s);

	if (rc == NM_OK)
		rc = db_alert_data_begin(db, &data.begin_s);
	if (rc < 0)
		return rc;
	data.stale = (uint64_t)data.end_s + options->max_age_s < options->now_s;
	*ret_data = data;
	return NM_OK;
}

/* NM_ENOTFOUND when what the rule watches is no more. A host that was never seen is one without traffic. */
static int
check_subject(struct db *db, const struct alert_rule *rule)
{
	struct application app;
	struct db_group group;

	if (rule->subject == ALERT_GROUP)
		return db_group_get(db, rule->group, &group);
	if (rule->subject == ALERT_APP)
		return db_app_get(db, rule->app, &app);
	return NM_OK;
}

static int
measure(struct db *db, const struct alert_rule *rule, uint64_t *ret_rate_bps)
{
	uint64_t in = 0, out = 0;
	int rc = db_usage_window(db, rule->subject == ALERT_HOST ? rule->host : NULL,
	                         rule->subject == ALERT_GROUP ? (int64_t)rule->group : -1,
	                         rule->subject == ALERT_APP ? (int32_t)rule->app : -1,
	                         rule->window_s, &in, &out);

	if (rc == NM_ENOTFOUND)
		rc = NM_OK;
	if (rc == NM_OK)
		*ret_rate_bps = (rule->direction == ALERT_IN ? in : out) * 8 / rule->window_s;
	return rc;
}

static bool
is_within_hours(const struct alert_rule *rule, uint32_t now_s)
{
	time_t now = (time_t)now_s;
	struct tm local;

	return localtime_r(&now, &local) && alert_rule_within_hours(rule, &local);
}

static enum watch_verdict
decide(const struct watch_options *options, const struct watch_data *data,
       const struct alert_rule *rule, uint64_t rate_bps)
{
	bool above = rule->comparison == ALERT_ABOVE;
	bool passed = above ? rate_bps > rule->rate_bps : rate_bps < rule->rate_bps;

	/* minutes that are not known are no minutes without traffic */
	if (!above && passed &&
	    (data->begin_s == 0 || (uint64_t)data->begin_s + rule->window_s > data->end_s))
		return WATCH_PARTIAL;
	if (rule->firing)
		return passed ? WATCH_FIRING : WATCH_RECOVERS;
	if (!passed)
		return WATCH_QUIET;
	return is_within_hours(rule, options->now_s) ? WATCH_FIRES : WATCH_OFF_HOURS;
}

int
watch_judge(struct db *db, const struct watch_options *options, const struct watch_data *data,
            const struct alert_rule *rule, uint64_t *ret_rate_bps, enum watch_verdict *ret_verdict)
{
	uint64_t rate_bps = 0;
	int rc = check_subject(db, rule);

	if (rc == NM_ENOTFOUND) {
		*ret_rate_bps = 0;
		*ret_verdict = WATCH_NO_SUBJECT;
		return NM_OK;
	}
	if (rc == NM_OK)
		rc = measure(db, rule, &rate_bps);
	if (rc < 0)
		return rc;
	*ret_rate_bps = rate_bps;
	*ret_verdict = decide(options, data, rule, rate_bps);
	return NM_OK;
}

/* --- all rules -------------------------------------------------------------------------------------------------------- */

struct rules {
	struct alert_rule *list;
	size_t n;
};

static int
keep_rule(void *ctx, const struct alert_rule *rule)
{
	struct rules *rules = ctx;

	if (rules->n == ALERT_RULES_MAX)
		return NM_ELIMIT;
	rules->list[rules->n++] = *rule;
	return 0;
}

/* All rules, to be freed by the caller. */
static int
load_rules(struct db *db, struct rules *ret_rules)
{
	ret_rules->n = 0;
	ret_rules->list = calloc(ALERT_RULES_MAX, sizeof(*ret_rules->list));
	if (!ret_rules->list)
		return -ENOMEM;
	return db_alert_each(db, keep_rule, ret_rules);
}

static int
write_event(struct db *db, const struct alert_rule *rule, const struct alert_log *entry,
            const struct message *message)
{
	struct alert_message texts = { message->short_text, message->long_text };
	int rc = db_begin_write(db);

	if (rc == NM_OK)
		rc = db_alert_event(db, rule, entry, &texts);
	return db_end_write(db, rc);
}

static int
raise_event(struct db *db, const struct watch_options *options, const struct watch_data *data,
            const struct alert_rule *rule, struct alert_log *entry)
{
	char subject[ALERT_NAME_MAX];
	struct message message;
	struct message_facts facts = { .rule = rule,
		                       .subject = subject,
		                       .event = entry->event,
		                       .rate_bps = entry->rate_bps,
		                       .end_s = data->end_s,
		                       .since_s = rule->since_s,
		                       .base_url = options->settings->base_url };
	int rc = db_alert_subject_text(db, rule, subject, sizeof(subject));

	if (rc < 0)
		return rc;
	message_format_short(&facts, &message);
	rc = message_format_long(db, &facts, &message);
	if (rc < 0)
		return rc;
	(void)alert_rule_format(rule, subject, entry->detail, sizeof(entry->detail));
	return write_event(db, rule, entry, &message);
}

static int
run_rule(struct db *db, const struct watch_options *options, const struct watch_data *data,
         const struct alert_rule *rule, struct watch_counts *counts)
{
	struct alert_log entry = { .at_s = options->now_s };
	enum watch_verdict verdict;
	char name[4 * ALERT_NAME_MAX], rate[RATE_TEXT_MAX];
	int rc = watch_judge(db, options, data, rule, &entry.rate_bps, &verdict);

	if (rc < 0)
		return rc;
	counts->rules++;
	(void)log_safe(name, sizeof(name), rule->name, strlen(rule->name));
	if (verdict == WATCH_NO_SUBJECT)
		log_warn("rule %s watches what is gone: remove it", name);
	if (verdict != WATCH_FIRES && verdict != WATCH_RECOVERS)
		return NM_OK;
	entry.event = verdict == WATCH_FIRES ? ALERT_FIRED : ALERT_RECOVERED;
	rc = raise_event(db, options, data, rule, &entry);
	/* somebody changed the rule meanwhile: the next run sees what it is now */
	if (rc == NM_EORDER)
		return NM_OK;
	if (rc < 0)
		return rc;
	counts->fired += verdict == WATCH_FIRES;
	counts->recovered += verdict == WATCH_RECOVERS;
	log_info("rule %s %s at %s", name, verdict_names[verdict],
	         rate_format(entry.rate_bps, rate, sizeof(rate)));
	return NM_OK;
}

int
watch_run(struct db *db, const struct watch_options *options, const struct watch_data *data,
          struct watch_counts *ret_counts)
{
	struct watch_counts counts = { 0 };
	struct rules rules;
	int rc = load_rules(db, &rules);

	for (size_t i = 0; i < rules.n && rc == NM_OK; i++)
		if (rules.list[i].enabled)
			rc = run_rule(db, options, data, &rules.list[i], &counts);
	free(rules.list);
	*ret_counts = counts;
	return rc;
}

int
watch_print(struct db *db, const struct watch_options *options, const struct watch_data *data)
{
	char name[4 * ALERT_NAME_MAX], subject[ALERT_NAME_MAX], text[ALERT_RULE_TEXT_MAX];
	char safe[4 * ALERT_RULE_TEXT_MAX], rate[RATE_TEXT_MAX];
	enum watch_verdict verdict = WATCH_QUIET;
	uint64_t rate_bps = 0;
	struct rules rules;
	int rc = load_rules(db, &rules);

	for (size_t i = 0; i < rules.n && rc == NM_OK; i++) {
		const struct alert_rule *r = &rules.list[i];

		rc = watch_judge(db, options, data, r, &rate_bps, &verdict);
		if (rc == NM_OK)
			rc = db_alert_subject_text(db, r, subject, sizeof(subject));
		if (rc < 0)
			break;
		(void)alert_rule_format(r, subject, text, sizeof(text));
		printf("%s: %s: %s: %s\n", log_safe(name, sizeof(name), r->name, strlen(r->name)),
		       log_safe(safe, sizeof(safe), text, strlen(text)),
		       rate_format(rate_bps, rate, sizeof(rate)),
		       r->enabled ? verdict_names[verdict] : "disabled");
	}
	free(rules.list);
	return rc;
}
