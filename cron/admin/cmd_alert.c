/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon alert: rules, and a test of a contact. */
#include "cron/admin/cmd.h"
#include "lib/alert_text.h"
#include "lib/db_group.h"
#include "lib/db_usage.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/rate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUNNER "netmon-alert"

/* The contacts that a new rule tells. */
struct told {
	size_t n;
	int64_t ids[ALERT_CONTACTS_MAX];
};

/* --- what a rule watches ---------------------------------------------------------------------------------------------- */

static void
take_host(struct cmd_context *ctx, struct alert_rule *rule, const char *text)
{
	struct addr addr;

	(void)ctx;
	if (addr_parse(text, &addr) < 0)
		opts_usage("--host must be an address, not \"%s\"", text);
	rule->subject = ALERT_HOST;
	(void)addr_format(&addr, rule->host, sizeof(rule->host));
}

static void
take_group(struct cmd_context *ctx, struct alert_rule *rule, const char *text)
{
	struct db_group group;
	int rc = db_group_find(ctx->db, text, &group);

	if (rc == NM_ENOTFOUND)
		opts_usage("no group \"%s\": netmon groups list shows them", text);
	if (rc < 0)
		log_fatal(1, "group: %s", db_error(ctx->db));
	rule->subject = ALERT_GROUP;
	rule->group = group.id;
}

struct app_search {
	const char *name;
	struct alert_rule *rule;
};

static int
match_app(void *arg, const struct application *app)
{
	struct app_search *search = arg;

	if (strcasecmp(app->name, search->name) != 0)
		return 0;
	search->rule->subject = ALERT_APP;
	search->rule->app = app->id;
	return 1;
}

static void
take_app(struct cmd_context *ctx, struct alert_rule *rule, const char *text)
{
	struct app_search search = { text, rule };
	int rc = db_app_each(ctx->db, match_app, &search);

	if (rc == 0)
		opts_usage("no application \"%s\": netmon apps list shows them", text);
	if (rc < 0)
		log_fatal(1, "applications: %s", db_error(ctx->db));
}

static void
take_total(struct cmd_context *ctx, struct alert_rule *rule, const char *text)
{
	(void)ctx;
	(void)text;
	rule->subject = ALERT_TOTAL;
}

static const struct {
	const char *option;
	void (*take)(struct cmd_context *ctx, struct alert_rule *rule, const char *text);
} subjects[] = {
	{ "host", take_host },
	{ "group", take_group },
	{ "app", take_app },
	{ "total", take_total },
};

#define N_SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static void
read_subject(struct cmd_context *ctx, struct alert_rule *rule)
{
	size_t given = 0;

	for (size_t i = 0; i < N_SUBJECTS; i++)
		given += cmd_value(ctx, subjects[i].option) != NULL;
	if (given != 1)
		opts_usage("name one of --host, --group, --app and --total");
	for (size_t i = 0; i < N_SUBJECTS; i++)
		if (cmd_value(ctx, subjects[i].option))
			subjects[i].take(ctx, rule, cmd_value(ctx, subjects[i].option));
}

/* --- the rest of a rule ----------------------------------------------------------------------------------------------- */

static void
read_condition(const struct cmd_context *ctx, struct alert_rule *rule)
{
	const char *above = cmd_value(ctx, "above"), *below = cmd_value(ctx, "below");
	const char *over = cmd_value(ctx, "over");

	if (!cmd_value(ctx, "in") == !cmd_value(ctx, "out"))
		opts_usage("name one of --in and --out");
	if (!above == !below)
		opts_usage("name one of --above and --below");
	rule->direction = cmd_value(ctx, "in") ? ALERT_IN : ALERT_OUT;
	rule->comparison = above ? ALERT_ABOVE : ALERT_BELOW;
	if (rate_parse(above ? above : below, &rule->rate_bps) < 0)
		opts_usage("a rate is bits per second like 500k, 2M or 1.5G, not \"%s\"",
		           above ? above : below);
	if (below && rule->rate_bps == 0)
		opts_usage("no rate is below 0");
	if (!over || alert_window_parse(over, &rule->window_s) < 0)
		opts_usage("--over must be now, 1h or 6h");
}

static void
read_hours(const struct cmd_context *ctx, struct alert_rule *rule)
{
	const char *hours = cmd_value(ctx, "hours"), *days = cmd_value(ctx, "days");

	rule->to_minute = ALERT_DAY_MINUTES;
	rule->days = ALERT_DAYS_ALL;
	if (hours && alert_hours_parse(hours, &rule->from_minute, &rule->to_minute) < 0)
		opts_usage("--hours must be like 08:00-18:00, not \"%s\"", hours);
	if (days && alert_days_parse(days, &rule->days) < 0)
		opts_usage("--days must be like mon-fri or sat,sun, not \"%s\"", days);
}

static void
add_told(struct cmd_context *ctx, const char *name, struct told *told)
{
	struct alert_contact contact;
	int rc = db_alert_contact_find(ctx->db, name, &contact);

	if (rc == NM_ENOTFOUND)
		opts_usage("no contact \"%s\": make it with netmon contact add", name);
	if (rc < 0)
		log_fatal(1, "contacts: %s", db_error(ctx->db));
	if (told->n == ALERT_CONTACTS_MAX)
		opts_usage("at most %d contacts", ALERT_CONTACTS_MAX);
	told->ids[told->n++] = contact.id;
}

/* --to may be given more than once, and each may hold several names. */
static void
read_told(struct cmd_context *ctx, struct told *told)
{
	char name[ALERT_NAME_MAX];

	for (size_t i = 0; i < ctx->n_given; i++) {
		if (strcmp(ctx->given[i].option->name, "to") != 0)
			continue;
		for (const char *at = ctx->given[i].value; *at;) {
			size_t len = strcspn(at, ",");
			if (len == 0 || len >= sizeof(name))
				opts_usage("--to must be contacts with commas between");
			memcpy(name, at, len);
			name[len] = '\0';
			add_told(ctx, name, told);
			at += len + (at[len] == ',');
		}
	}
	if (told->n == 0)
		opts_usage("--to must name who is told");
}

static int
write_rule(struct db *db, const struct alert_rule *rule, const struct told *told)
{
	int64_t id = 0;
	int rc = db_begin_write(db);

	if (rc == NM_OK)
		rc = db_alert_add(db, rule, &id);
	for (size_t i = 0; i < told->n && rc == NM_OK; i++)
		rc = db_alert_link(db, id, told->ids[i]);
	return db_end_write(db, rc);
}

static int
run_add(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct alert_rule rule = { 0 };
	struct told told = { 0 };

	(void)argc;
	if (!alert_name_ok(argv[0]))
		opts_usage("a name is 1 to %d bytes of text without control characters",
		           ALERT_NAME_MAX - 1);
	(void)snprintf(rule.name, sizeof(rule.name), "%s", argv[0]);
	read_subject(ctx, &rule);
	read_condition(ctx, &rule);
	read_hours(ctx, &rule);
	read_told(ctx, &told);
	int rc = write_rule(ctx->db, &rule, &told);
	return rc < 0 ? cmd_fail(ctx, argv[0], rc) : 0;
}

/* --- list ------------------------------------------------------------------------------------------------------------- */

struct listing {
	struct db *db;
	struct cmd_table table;
	char contacts[1024];
};

static int
add_contact(void *arg, const struct alert_contact *contact)
{
	struct listing *list = arg;
	size_t len = strlen(list->contacts);

	(void)snprintf(list->contacts + len, sizeof(list->contacts) - len, "%s%s", len ? "," : "",
	               contact->name);
	return 0;
}

static int
list_rule(void *arg, const struct alert_rule *rule)
{
	struct listing *list = arg;
	char subject[ALERT_NAME_MAX], text[ALERT_RULE_TEXT_MAX];

	list->contacts[0] = '\0';
	int rc = db_alert_subject_text(list->db, rule, subject, sizeof(subject));
	if (rc == NM_OK)
		rc = db_alert_contact_each(list->db, rule->id, add_contact, list);
	if (rc < 0)
		return rc;
	const char *cells[] = { rule->name, alert_rule_format(rule, subject, text, sizeof(text)),
		                !rule->enabled ? "disabled"
		                : rule->firing ? "firing"
		                               : "quiet",
		                list->contacts };
	cmd_table_row(&list->table, cells);
	return 0;
}

static int
run_list(struct cmd_context *ctx, int argc, const char *const *argv)
{
	static const char *const headings[] = { "NAME", "RULE", "STATE", "TELLS" };
	struct listing list = { .db = ctx->db };

	(void)argc;
	(void)argv;
	cmd_table_begin(&list.table, headings, 4);
	int rc = db_alert_each(ctx->db, list_rule, &list);
	cmd_table_end(&list.table);
	return rc < 0 ? cmd_fail(ctx, "rules", rc) : 0;
}

/* --- log -------------------------------------------------------------------------------------------------------------- */

static int
list_entry(void *arg, const struct alert_log *e)
{
	struct cmd_table *table = arg;
	char when[32] = "", rate[RATE_TEXT_MAX];
	time_t at = (time_t)e->at_s;
	struct tm local;

	if (localtime_r(&at, &local))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local);
	(void)rate_format(e->rate_bps, rate, sizeof(rate));
	const char *cells[] = { when,       alert_event_name(e->event),
		                e->name,    e->event <= ALERT_RECOVERED ? rate : "",
		                e->contact, e->detail };
	cmd_table_row(table, cells);
	return 0;
}

static int
run_log(struct cmd_context *ctx, int argc, const char *const *argv)
{
	static const char *const headings[] = {
		"TIME", "EVENT", "RULE", "RATE", "CONTACT", "DETAIL"
	};
	const char *rows = cmd_value(ctx, "rows");
	struct alert_log_query query = { .limit = 50 };
	struct cmd_table table;

	(void)argc;
	(void)argv;
	if (rows)
		query.limit = opts_number("--rows", rows, 1, 10000);
	cmd_table_begin(&table, headings, 6);
	int rc = db_alert_log_each(ctx->db, &query, list_entry, &table);
	cmd_table_end(&table);
	return rc < 0 ? cmd_fail(ctx, "log", rc) : 0;
}

/* --- changes ---------------------------------------------------------------------------------------------------------- */

/* Finds the rule and changes it in one transaction. */
static int
change(struct cmd_context *ctx, const char *name, int (*each)(struct db *db, int64_t rule))
{
	struct alert_rule rule;
	int rc = db_begin_write(ctx->db);

	if (rc == NM_OK)
		rc = db_alert_find(ctx->db, name, &rule);
	if (rc == NM_OK)
		rc = each(ctx->db, rule.id);
	if (rc == NM_OK)
		rc = db_commit(ctx->db);
	if (rc == NM_OK)
		return 0;
	int status = cmd_fail(ctx, name, rc);
	db_rollback(ctx->db);
	return status;
}

static int
enable(struct db *db, int64_t rule)
{
	return db_alert_enable(db, rule, true);
}

static int
disable(struct db *db, int64_t rule)
{
	return db_alert_enable(db, rule, false);
}

static int
run_remove(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	return change(ctx, argv[0], db_alert_remove);
}

static int
run_enable(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	return change(ctx, argv[0], enable);
}

static int
run_disable(struct cmd_context *ctx, int argc, const char *const *argv)
{
	(void)argc;
	return change(ctx, argv[0], disable);
}

/* --- test ------------------------------------------------------------------------------------------------------------- */

/* Where the runner is: beside this program, or in sbin beside its bin. Nothing from $PATH. */
static const char *const places[] = { "", "/../sbin" };

/* netmon-alert is what can send; it takes this process over. */
static int
run_test(struct cmd_context *ctx, int argc, const char *const *argv)
{
	char folder[PATHS_MAX], path[PATHS_MAX + 32];
	ssize_t len = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	const char *words[10] = { RUNNER, "--test", argv[0], "--store", ctx->store };

	(void)argc;
	folder[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	if (ctx->settings->file[0]) {
		words[5] = "--config";
		words[6] = ctx->settings->file;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s/" RUNNER, folder, places[i]);
		(void)execv(path, (char *const *)(uintptr_t)words);
	}
	log_error(RUNNER " cannot be run: %s", nm_strerror(-errno));
	return 1;
}

static const struct cmd_option add_options[] = {
	{ "host", "ADDR", "watch a host" },
	{ "group", "NAME", "watch a group" },
	{ "app", "NAME", "watch an application" },
	{ "total", NULL, "watch all traffic" },
	{ "in", NULL, "towards the inside" },
	{ "out", NULL, "from the inside" },
	{ "above", "RATE", "fire above that many bits per second (500k, 2M, 1.5G)" },
	{ "below", "RATE", "fire below it" },
	{ "over", "now|1h|6h", "the window whose mean counts" },
	{ "hours", "HH:MM-HH:MM", "fire within these hours only, local time" },
	{ "days", "mon-fri", "fire on these days only" },
	{ "to", "CONTACT[,...]", "who is told" },
	{ NULL, NULL, NULL },
};

static const struct cmd_option log_options[] = {
	{ "rows", "N", "how many, newest first (50)" },
	{ NULL, NULL, NULL },
};

static const struct cmd_verb verbs[] = {
	{ "add", "NAME", "add a rule", 1, 1, CMD_WRITE, add_options, run_add },
	{ "list", "", "list the rules", 0, 0, CMD_READ, NULL, run_list },
	{ "log", "", "list what happened", 0, 0, CMD_READ, log_options, run_log },
	{ "remove", "NAME", "remove a rule", 1, 1, CMD_WRITE, NULL, run_remove },
	{ "enable", "NAME", "let a rule fire again", 1, 1, CMD_WRITE, NULL, run_enable },
	{ "disable", "NAME", "keep a rule from firing", 1, 1, CMD_WRITE, NULL, run_disable },
	{ "test", "CONTACT", "send a test message", 1, 1, CMD_NO_STORE, NULL, run_test },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_alert = { "alert", "alert rules", verbs };
