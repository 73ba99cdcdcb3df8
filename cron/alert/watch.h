/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges every enabled rule by the aggregates and writes what changed: events and their messages. Sends nothing.
 */
#ifndef NETMON_CRON_ALERT_WATCH_H
#define NETMON_CRON_ALERT_WATCH_H

#include "lib/db_alert.h"
#include "lib/settings.h"

#include <stdbool.h>
#include <stdint.h>

enum watch_verdict {
	WATCH_QUIET,      /* not firing, and the rate is within the limit */
	WATCH_FIRES,      /* goes off now */
	WATCH_FIRING,     /* went off before and still is */
	WATCH_RECOVERS,   /* the rate is back */
	WATCH_OFF_HOURS,  /* would go off, were it within its hours */
	WATCH_PARTIAL,    /* "below" cannot be told: the store does not know the whole window */
	WATCH_NO_SUBJECT, /* the group or application is gone */
};

struct watch_options {
	const struct settings *settings;
	uint32_t now_s;
	uint32_t max_age_s; /* aggregates that end earlier are not judged by */
};

struct watch_counts {
	unsigned rules; /* judged */
	unsigned fired;
	unsigned recovered;
};

/* What the aggregates reach, and whether that is recent enough to judge by. 0 or NM_ESTORE. */
struct watch_data {
	uint32_t begin_s; /* 0: no data */
	uint32_t end_s;   /* 0: no data */
	bool stale;
};
int watch_look(struct db *db, const struct watch_options *options, struct watch_data *ret_data);

/* One rule: its rate and what is to be done. Writes nothing. 0 or NM_ESTORE. */
int watch_judge(struct db *db, const struct watch_options *options, const struct watch_data *data,
                const struct alert_rule *rule, uint64_t *ret_rate_bps,
                enum watch_verdict *ret_verdict);
/* "quiet", "fires" ...; static text. */
const char *watch_verdict_name(enum watch_verdict verdict);

/* Every enabled rule: events of those that fire or recover, each in a transaction of its own. A run that is killed in
 * between goes on with the next one. 0 or NM_ESTORE. */
int watch_run(struct db *db, const struct watch_options *options, const struct watch_data *data,
              struct watch_counts *ret_counts);
/* Prints a line for each rule, disabled ones too: its rate and verdict. */
int watch_print(struct db *db, const struct watch_options *options, const struct watch_data *data);

#endif
