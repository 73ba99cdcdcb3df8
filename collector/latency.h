/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long something took, again and again: counts by duration, for a mean, a percentile of the last minutes, and a histogram
 * since the beginning. Zero-initialise; plain values, one thread at a time.
 */
#ifndef NETMON_COLLECTOR_LATENCY_H
#define NETMON_COLLECTOR_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#define LATENCY_BUCKETS  28
#define LATENCY_WINDOW_S 60

struct latency_counts {
	uint64_t n;
	double sum_s;
	uint64_t by[LATENCY_BUCKETS]; /* each: above the bound before and up to its own */
};

struct latency {
	double last_s;
	double max_s;
	int64_t window; /* number of the window that `now` counts */
	struct latency_counts all;
	struct latency_counts now;
	struct latency_counts before; /* the window before */
};

/* Upper bound of a bucket in seconds; the last one has none (infinity). */
double latency_bound(size_t bucket);

/* `at_ms`: a monotonic clock. */
void latency_add(struct latency *l, double took_s, int64_t at_ms);

/* Of the last one to two minutes that something was added in; 0 when nothing was. */
double latency_mean(const struct latency *l);
/* The upper bound of the bucket that holds the value which `share` (0.99) of all do not exceed; what is in the last bucket
 * counts as the longest ever seen. */
double latency_percentile(const struct latency *l, double share);

#endif
