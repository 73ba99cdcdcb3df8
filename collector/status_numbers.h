/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The collector's numbers by name, for status.c and metrics.c: a struct of doubles, which hold every count below 2^53, and a table
 * that says what each is. Plain values.
 */
#ifndef NETMON_COLLECTOR_STATUS_NUMBERS_H
#define NETMON_COLLECTOR_STATUS_NUMBERS_H

#include "collector/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Of the collector. */
struct status_all {
	double started, uptime, worker, probes, connected;
	double accepted, turned_away, strangers, half_open, shed;
	double commits, rows, errors, backlog, backlog_octets, away;
	double last, mean, p50, p99, ack_mean, ack_p99;
	double size, file, size_max, removed_by_age, removed_by_size, removed_others;
	double removal_errors, waits, blocked;
	double rrd_backlog, rrd_written, rrd_failed, rrd_broken, rrd_late, rrd_refused, rrd_ahead;
	double rrd_feeds, rrd_stalled, rrd_behind, rrd_rereads, rrd_watermark, rrd_flushes,
	    rrd_flushes_cut;
};

/* Of one probe. */
struct status_one {
	double connected, connected_at, seen_at, newest_at, lag, held;
	double sessions, batches, records, packets, octets, duplicates, refused;
	double lost_batches, lost_records;
};

struct status_row {
	const char *key;    /* in JSON */
	const char *metric; /* behind "netmon_collector_", NULL: not among them */
	bool counter;       /* it only grows */
	const char *help;
	size_t offset; /* of the double */
};

extern const struct status_row status_all_rows[];
extern const size_t status_all_n;
extern const struct status_row status_one_rows[];
extern const size_t status_one_n;

struct status {
	struct status_sources from;
	int64_t begun_ms;
	uint32_t begun_s;
};

void status_get_all(const struct status *status, struct status_all *ret_all);
void status_get_one(const struct status *status, const struct tally *t, struct status_one *ret_one);

static inline double
status_value(const void *numbers, const struct status_row *row)
{
	return *(const double *)(const void *)((const char *)numbers + row->offset);
}

#endif
