/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The collector's numbers in Prometheus' text format, version 0.0.4. */
#include "collector/status_numbers.h"

#include <math.h>

#ifndef NETMON_VERSION
#	define NETMON_VERSION "0"
#endif

#define PREFIX "netmon_collector_"

/* In a label's value a backslash, a quote and a line's end are escaped. */
static void
put_label(FILE *out, const char *name, const char *value)
{
	(void)fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			(void)fputs("\\n", out);
		else
			(void)fprintf(out, *value == '\\' || *value == '"' ? "\\%c" : "%c", *value);
	}
	(void)fputc('"', out);
}

static void
put_value(FILE *out, double value)
{
	(void)fprintf(out, value == floor(value) ? " %.0f\n" : " %.9g\n", value);
}

static void
put_head(FILE *out, const char *metric, const char *type, const char *help)
{
	(void)fprintf(out, "# HELP " PREFIX "%s %s.\n# TYPE " PREFIX "%s %s\n", metric, help,
	              metric, type);
}

static const char *
type_of(const struct status_row *row)
{
	return row->counter ? "counter" : "gauge";
}

static void
put_all(const struct status *status, FILE *out)
{
	struct status_all all;

	status_get_all(status, &all);
	for (size_t i = 0; i < status_all_n; i++) {
		const struct status_row *row = &status_all_rows[i];

		if (!row->metric)
			continue;
		put_head(out, row->metric, type_of(row), row->help);
		(void)fprintf(out, PREFIX "%s", row->metric);
		put_value(out, status_value(&all, row));
	}
}

static void
put_info(const struct status *status, FILE *out)
{
	put_head(out, "info", "gauge", "What it is that runs");
	(void)fputs(PREFIX "info{", out);
	put_label(out, "version", NETMON_VERSION);
	(void)fputc(',', out);
	put_label(out, "store", status->from.store->kind);
	(void)fprintf(out, ",worker=\"%u\"} 1\n", status->from.worker);
}

/* A histogram's buckets count all that took at most so long. */
static void
put_latency(const struct status *status, FILE *out)
{
	const struct latency_counts *all = &status->from.store->latency.all;
	uint64_t sum = 0;

	put_head(out, "batch_seconds", "histogram",
	         "From the arrival of a batch to the end of its commit");
	for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
		sum += all->by[i];
		if (i + 1 < LATENCY_BUCKETS)
			(void)fprintf(out, PREFIX "batch_seconds_bucket{le=\"%g\"}",
			              latency_bound(i));
		else
			(void)fputs(PREFIX "batch_seconds_bucket{le=\"+Inf\"}", out);
		put_value(out, (double)sum);
	}
	(void)fprintf(out, PREFIX "batch_seconds_sum %.6f\n", all->sum_s);
	(void)fputs(PREFIX "batch_seconds_count", out);
	put_value(out, (double)all->n);
}

/* All values of a metric stand together. */
static void
put_probes(const struct status *status, FILE *out)
{
	const struct tallies *tallies = status->from.tallies;
	struct status_one one;

	for (size_t i = 0; i < status_one_n; i++) {
		const struct status_row *row = &status_one_rows[i];

		put_head(out, row->metric, type_of(row), row->help);
		for (size_t j = 0; j < tallies->n; j++) {
			status_get_one(status, tallies->list[j], &one);
			(void)fprintf(out, PREFIX "%s{", row->metric);
			put_label(out, "probe", tallies->list[j]->probe);
			(void)fputc('}', out);
			put_value(out, status_value(&one, row));
		}
	}
}

void
status_metrics(const struct status *status, FILE *out)
{
	put_info(status, out);
	put_all(status, out);
	put_latency(status, out);
	put_probes(status, out);
}
