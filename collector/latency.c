/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts of durations. */
#include "collector/latency.h"

#include <math.h>

/* Five steps a decade: a percentile is at most a step too long. */
static const double bounds[LATENCY_BUCKETS - 1] = {
	0.0001, 0.00015, 0.00025, 0.0004, 0.0006, 0.001, 0.0015, 0.0025, 0.004,
	0.006,  0.01,    0.015,   0.025,  0.04,   0.06,  0.1,    0.15,   0.25,
	0.4,    0.6,     1,       1.5,    2.5,    4,     6,      10,     30,
};

double
latency_bound(size_t bucket)
{
	return bucket < LATENCY_BUCKETS - 1 ? bounds[bucket] : (double)INFINITY;
}

static void
count(struct latency_counts *c, double took_s, size_t bucket)
{
	c->n++;
	c->sum_s += took_s;
	c->by[bucket]++;
}

void
latency_add(struct latency *l, double took_s, int64_t at_ms)
{
	int64_t window = at_ms / (LATENCY_WINDOW_S * 1000);
	size_t bucket = 0;

	if (window != l->window) {
		l->before = l->now;
		l->now = (struct latency_counts){ 0 };
		l->window = window;
	}
	while (bucket < LATENCY_BUCKETS - 1 && took_s > bounds[bucket])
		bucket++;
	count(&l->now, took_s, bucket);
	count(&l->all, took_s, bucket);
	l->last_s = took_s;
	if (took_s > l->max_s)
		l->max_s = took_s;
}

double
latency_mean(const struct latency *l)
{
	uint64_t n = l->now.n + l->before.n;

	return n ? (l->now.sum_s + l->before.sum_s) / (double)n : 0;
}

double
latency_percentile(const struct latency *l, double share)
{
	uint64_t n = l->now.n + l->before.n;
	uint64_t wanted = (uint64_t)ceil(share * (double)n);
	uint64_t seen = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < LATENCY_BUCKETS - 1; i++) {
		seen += l->now.by[i] + l->before.by[i];
		if (seen >= wanted)
			return bounds[i] < l->max_s ? bounds[i] : l->max_s;
	}
	return l->max_s;
}
