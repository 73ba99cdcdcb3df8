/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon-alert: judges the alert rules by the aggregates, tells contacts. Run each minute. */
#include "cron/alert/outbox.h"
#include "cron/alert/probes.h"
#include "cron/alert/watch.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_AGE_MIN  10
#define TIMEOUT_S    20
#define BUDGET_S     30 /* with one message's limit behind it a run ends within its minute */
#define LOG_KEPT_S   (400 * 86400) /* rows of the log that are older go */
#define LOG_PRUNED_S 86400         /* at the first run of a day */

struct alert_options {
	const char *config;
	const char *store;
	const char *test; /* contact */
	unsigned long now_s;
	unsigned long max_age_min;
	unsigned long timeout_s;
	bool check;
};

enum { OPT_CONFIG = 1, OPT_STORE, OPT_NOW, OPT_AGE, OPT_TIMEOUT, OPT_CHECK, OPT_TEST, OPT_VERBOSE };

static const struct poptOption table[] = {
	{ "config", '\0', POPT_ARG_STRING, NULL, OPT_CONFIG, "settings instead of netmon.conf",
	  "FILE" },
	{ "store", '\0', POPT_ARG_STRING, NULL, OPT_STORE, "store instead of the settings' one",
	  "SPEC" },
	{ "check", '\0', POPT_ARG_NONE, NULL, OPT_CHECK,
	  "print each rule's rate and verdict, change nothing", NULL },
	{ "test", '\0', POPT_ARG_STRING, NULL, OPT_TEST, "send a test message to a contact",
	  "CONTACT" },
	{ "now", '\0', POPT_ARG_STRING, NULL, OPT_NOW, "act as if it were that time, seconds UTC",
	  "TS" },
	{ "max-age", '\0', POPT_ARG_STRING, NULL, OPT_AGE,
	  "age at which aggregates are too old to judge by (10)", "MINUTES" },
	{ "timeout", '\0', POPT_ARG_STRING, NULL, OPT_TIMEOUT, "longest time for one message (20)",
	  "SECONDS" },
	{ "verbose", 'v', POPT_ARG_NONE, NULL, OPT_VERBOSE, "say more", NULL },
	OPTS_COMMON,
	POPT_TABLEEND
};

static char *
keep(const char *arg)
{
	char *copy = strdup(arg);

	if (!copy)
		log_fatal(1, "out of memory");
	return copy;
}

static int
take_option(void *ctx, int val, const char *arg)
{
	struct alert_options *o = ctx;

	switch (val) {
	case OPT_CONFIG:
		o->config = keep(arg);
		break;
	case OPT_STORE:
		o->store = keep(arg);
		break;
	case OPT_TEST:
		o->test = keep(arg);
		break;
	case OPT_NOW:
		o->now_s = opts_number("--now", arg, 1, UINT32_MAX);
		break;
	case OPT_AGE:
		o->max_age_min = opts_number("--max-age", arg, 1, 1440);
		break;
	case OPT_TIMEOUT:
		o->timeout_s = opts_number("--timeout", arg, 1, 300);
		break;
	case OPT_CHECK:
		o->check = true;
		break;
	default:
		log_set_level(LOG_LEVEL_DEBUG);
		break;
	}
	return 0;
}

/* One line for what the store did not do; status 1. */
static int
fail(const struct db *db, const char *what, int rc)
{
	log_error("%s: %s", what, rc == NM_ESTORE ? db_error(db) : nm_strerror(rc));
	return 1;
}

/* Says once in the log that the data are old, or no longer; and keeps the log in bounds. */
static int
note_data(struct db *db, const struct watch_options *w, const struct watch_data *data)
{
	char detail[ALERT_DETAIL_MAX] = "aggregates are recent";
	int64_t gone = 0;
	int rc = db_begin_write(db);

	if (data->stale && data->end_s == 0)
		(void)snprintf(detail, sizeof(detail), "nothing was aggregated yet");
	else if (data->stale)
		(void)snprintf(detail, sizeof(detail), "aggregates end %u minutes ago",
		               (w->now_s - data->end_s) / 60);
	if (data->stale)
		log_error("no rule was judged: %s: is netmon-aggregate running?", detail);
	if (rc == NM_OK)
		rc = db_alert_note_stale(db, data->stale, w->now_s, detail);
	if (rc == NM_OK && w->now_s % LOG_PRUNED_S < 60 && w->now_s > LOG_KEPT_S)
		rc = db_alert_log_prune(db, w->now_s - LOG_KEPT_S, &gone);
	return db_end_write(db, rc);
}

/* Judges, then sends. What waits is sent also when nothing could be judged. */
static int
run(struct db *db, const struct watch_options *w, const struct outbox_options *o)
{
	struct watch_data data;
	struct watch_counts judged = { 0 };
	struct outbox_counts told = { 0 };
	unsigned probes = 0;
	int rc = watch_look(db, w, &data);

	if (rc == NM_OK)
		rc = note_data(db, w, &data);
	if (rc == NM_OK && !data.stale)
		rc = watch_run(db, w, &data, &judged);
	/* whatever became of the rules */
	int noted = probes_run(db, w->settings->base_url, w->now_s, &probes);
	if (noted < 0)
		log_error("events of probes: %s",
		          noted == NM_ESTORE ? db_error(db) : nm_strerror(noted));
	if (rc < 0)
		log_error("rules: %s", rc == NM_ESTORE ? db_error(db) : nm_strerror(rc));
	int sent = outbox_run(db, o, &told);
	if (sent < 0)
		return fail(db, "messages", sent);
	if (rc < 0 || noted < 0)
		return 1;
	if (probes)
		log_info("something happened to %u probes", probes);
	if (judged.fired || judged.recovered || told.sent || told.failed || told.left)
		log_info("%u rules: %u fired, %u recovered; %u messages sent, %u failed, %u left",
		         judged.rules, judged.fired, judged.recovered, told.sent, told.failed,
		         told.left);
	else
		log_debug("%u rules, nothing to say", judged.rules);
	return data.stale || told.failed ? 1 : 0;
}

static int
check(struct db *db, const struct watch_options *w)
{
	struct watch_data data;
	int rc = watch_look(db, w, &data);

	if (rc == NM_OK)
		rc = watch_print(db, w, &data);
	if (rc < 0)
		return fail(db, "rules", rc);
	if (data.stale)
		log_error("aggregates are older than %u minutes: a run would judge no rule",
		          w->max_age_s / 60);
	return data.stale ? 1 : 0;
}

static int
test(struct db *db, const struct alert_options *a, const struct outbox_options *o)
{
	struct alert_contact contact;
	struct send_result result;
	char id[SEND_ID_MAX];
	int rc = db_alert_contact_find(db, a->test, &contact);
	struct send_job job = { .contact = &contact,
		                .short_text = "netmon test message: alerts reach you",
		                .long_text = "This is a test message of netmon-alert.\n\n"
		                             "Somebody asked for it; no rule went off.\n",
		                .id = id,
		                .when_s = o->now_s };

	if (rc == NM_ENOTFOUND)
		log_fatal(2, "no contact of that name; netmon contact list shows them");
	if (rc < 0)
		return fail(db, "contacts", rc);
	(void)snprintf(id, sizeof(id), "netmon.test.%lld.%u", (long long)contact.id, o->now_s);
	outbox_send_one(&o->send, &job, &result);
	if (result.ok)
		log_info("told: %s", result.detail);
	else
		log_error("could not tell: %s", result.detail);
	return result.ok ? 0 : 1;
}

static int
run_with_store(const struct alert_options *a, const struct settings *settings)
{
	uint32_t now_s = a->now_s ? (uint32_t)a->now_s : (uint32_t)time(NULL);
	struct watch_options w = { settings, now_s, (uint32_t)a->max_age_min * 60 };
	struct outbox_options o = { { settings, (unsigned)a->timeout_s }, now_s, BUDGET_S };
	const char *store = a->store ? a->store : settings->store;
	char err[512];
	struct db *db;
	int status;

	if (db_open(store, a->check || a->test ? DB_READ : DB_WRITE, &db, err, sizeof(err)) < 0)
		log_fatal(1, "%s", err);
	if (!a->check && !a->test) {
		int rc = db_lock_job(db, "alert");
		if (rc == NM_EEXISTS)
			log_fatal(0, "another run is under way, nothing done");
		if (rc < 0)
			log_fatal(1, "lock of %s: %s", store, nm_strerror(rc));
	}
	if (a->check)
		status = check(db, &w);
	else
		status = a->test ? test(db, a, &o) : run(db, &w, &o);
	db_close(db);
	return status;
}

int
main(int argc, const char *const *argv)
{
	struct alert_options a = { .max_age_min = MAX_AGE_MIN, .timeout_s = TIMEOUT_S };
	struct settings settings;
	char err[512];

	log_init("netmon-alert", LOG_LEVEL_INFO);
	poptContext con = opts_parse("netmon-alert", table, "", argc, argv, take_option, &a);
	if (poptPeekArg(con))
		opts_usage("unexpected word \"%s\"", poptPeekArg(con));
	if (settings_load(a.config, &settings, err, sizeof(err)) < 0)
		log_fatal(2, "%s", err);
	tzset();
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	int status = run_with_store(&a, &settings);
	curl_global_cleanup();
	(void)poptFreeContext(con);
	free((void *)(uintptr_t)a.config);
	free((void *)(uintptr_t)a.store);
	free((void *)(uintptr_t)a.test);
	return status;
}
