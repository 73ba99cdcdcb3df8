/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon-aggregate: works out the tables of usage, each minute. */
#include "cron/aggregate/run.h"
#include "lib/db.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROGRAM "netmon-aggregate"

struct options {
	char *config;
	char *store;
	char *now;
	int verbose;
};

static int
no_option(void *ctx, int val, const char *arg)
{
	(void)ctx;
	(void)val;
	(void)arg;
	return 0;
}

static void
parse_options(int argc, const char *const *argv, struct options *o)
{
	const struct poptOption table[] = {
		{ "config", '\0', POPT_ARG_STRING, &o->config, 0, "read settings from FILE",
		  "FILE" },
		{ "store", '\0', POPT_ARG_STRING, &o->store, 0,
		  "the store, instead of the settings'", "sqlite:PATH" },
		{ "now", '\0', POPT_ARG_STRING, &o->now, 0,
		  "take this for the time, seconds since 1970 UTC", "TS" },
		{ "verbose", 'v', POPT_ARG_NONE, &o->verbose, 0, "print one line of figures",
		  NULL },
		OPTS_COMMON,
		POPT_TABLEEND
	};
	poptContext words = opts_parse(PROGRAM, table, "", argc, argv, no_option, NULL);

	if (poptPeekArg(words))
		opts_usage("unexpected word \"%s\"", poptPeekArg(words));
	(void)poptFreeContext(words);
}

static uint32_t
read_clock(const struct options *o)
{
	if (o->now)
		return (uint32_t)opts_number("--now", o->now, RUN_NOW_MIN, UINT32_MAX - 86400);
	return (uint32_t)time(NULL);
}

static void
report(const struct run_result *r, double seconds)
{
	const struct feed_result *f = &r->feed;
	time_t end = (time_t)r->end;
	char text[32];
	struct tm tm;

	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%MZ", gmtime_r(&end, &tm));
	if (f->malformed > 0)
		log_warn("%" PRIu64 " rows of flow are malformed and were left out", f->malformed);
	if (f->refused > 0)
		log_warn("%" PRIu64 " hosts are beyond the limit and count in totals only: "
		         "make the groups smaller",
		         f->refused);
	log_info("windows end %s, %" PRIu64 " new flows (%" PRIu64 " outside the windows), %s"
	         "%" PRIu64 " old slots deleted, %.2f s",
	         text, f->flows, f->outside, r->rebuilt ? "rebuilt for changed groups, " : "",
	         r->pruned, seconds);
}

static double
seconds_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
aggregate(const char *store, uint32_t now)
{
	struct run_result result;
	double begin = seconds_now();
	char err[512];
	struct db *db;

	/* first, so that a store that is not there is told before a lock file lies beside it */
	if (db_open(store, DB_WRITE, &db, err, sizeof(err)) < 0) {
		log_error("%s", err);
		return 1;
	}
	int rc = db_lock_job(db, "aggregate");
	if (rc == NM_EEXISTS) {
		log_info("another run is still at work: nothing done");
		db_close(db);
		return 0;
	}
	if (rc < 0)
		log_error("cannot take the lock of the store: %s", nm_strerror(rc));
	if (rc == NM_OK) {
		rc = run_once(db, now, &result);
		if (rc < 0)
			log_error("the store failed: %s (%s)", nm_strerror(rc), db_error(db));
		else
			report(&result, seconds_now() - begin);
	}
	db_close(db);
	return rc < 0 ? 1 : 0;
}

int
main(int argc, const char *const *argv)
{
	static struct settings settings;
	struct options o = { .verbose = 0 };
	char err[512];

	log_init(PROGRAM, LOG_LEVEL_WARN);
	parse_options(argc, argv, &o);
	if (o.verbose)
		log_set_level(LOG_LEVEL_INFO);
	uint32_t now = read_clock(&o);
	if (settings_load(o.config, &settings, err, sizeof(err)) < 0)
		log_fatal(1, "%s", err);
	int status = aggregate(o.store ? o.store : settings.store, now);
	free(o.config);
	free(o.store);
	free(o.now);
	return status;
}
