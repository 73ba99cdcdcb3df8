/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: traffic [--seed N] --from SECONDS [--to SECONDS] [--live] FILE,WEIGHT,PROFILE,each|whole,REPEAT...
 *
 * Writes a pcap stream to standard output: conversations of the capture FILEs, placed on the clock from one time (seconds
 * UTC) to another along a day's curve. WEIGHT: sessions a minute at the busiest time (a fraction is fine). PROFILE: when in
 * the day, a row of the table below. each|whole: conversations for themselves, moved to several inside hosts, or the
 * capture as it is. REPEAT: mean number of times that a full segment is sent, for transfers of size. --live goes on for
 * ever at the clock's pace. The same arguments give the same stream.
 */
#include "tests/demo/traffic.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS          1000000000u
#define ENTRIES_MAX 64
#define BURST_S     900 /* how long a busy or quiet spell lasts */
#define LINGER_NS \
	(70 * (uint64_t)NS) /* a whole capture is not started again before its flows have expired */
#define SEGMENT_BITS (1500 * 8)

/* Share of the weight at each hour of the local day, per cent. */
static const struct profile {
	const char *name;
	uint8_t percent[24];
} profiles[] = {
	{ "office", { 14, 12, 10, 10, 11, 14, 24, 46, 75, 92, 100, 96,
	              70, 82, 95, 90, 80, 60, 40, 30, 26, 24, 20,  16 } },
	{ "evening", { 48, 34, 24, 16, 12, 10, 10, 12, 14, 16,  20, 24,
	               30, 24, 22, 24, 30, 44, 62, 82, 96, 100, 88, 66 } },
	{ "night",
	  { 60, 100, 90, 100, 70, 30, 8, 4, 4, 4, 4, 4, 8, 4, 4, 4, 4, 4, 6, 8, 10, 14, 24, 40 } },
	{ "flat", { 60, 60,  60,  60,  60, 60, 70, 80, 90, 100, 100, 100,
	            90, 100, 100, 100, 90, 80, 80, 70, 70, 70,  60,  60 } },
};

struct entry {
	struct capture capture;
	double weight;
	const struct profile *profile;
	double repeat;
};

struct plan {
	struct entry entries[ENTRIES_MAX];
	size_t n;
	uint64_t random; /* state of the generator */
	uint64_t seed;
};

/* splitmix64 by Sebastiano Vigna: one multiplication chain, any seed will do. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* Uniform in [0, 1). */
static double
uniform(struct plan *plan)
{
	plan->random += 0x9e3779b97f4a7c15u;
	return (double)(mix(plan->random) >> 11) / 9007199254740992.0;
}

/* Poisson, by Knuth's product of uniforms; mean below 500. */
static unsigned
poisson(struct plan *plan, double mean)
{
	double limit = exp(-mean), product = uniform(plan);
	unsigned n = 0;

	for (; product > limit && n < SESSIONS_MAX; n++)
		product *= uniform(plan);
	return n;
}

/* How busy an entry is in a minute: the day's curve, times a spell that lasts a quarter of an hour. */
static double
activity(const struct plan *plan, size_t i, uint64_t minute_s)
{
	time_t t = (time_t)minute_s;
	struct tm local;

	if (!localtime_r(&t, &local))
		return 0;
	const uint8_t *percent = plan->entries[i].profile->percent;
	double within = local.tm_min / 60.0;
	double curve =
	    percent[local.tm_hour] * (1 - within) + percent[(local.tm_hour + 1) % 24] * within;
	uint64_t spell = mix(plan->seed ^ mix(minute_s / BURST_S * ENTRIES_MAX + i));
	double burst = 0.45 + (double)(spell % 1000) / 1000.0;
	if (spell >> 32 & 7)
		return curve / 100 * burst;
	return curve / 100 * (burst + 1.2); /* every eighth spell is a rush */
}

/* Heavy-tailed around the mean, so that a few transfers make most of the volume, as they do everywhere. */
static unsigned
draw_repeat(struct plan *plan, double mean)
{
	double u = uniform(plan);
	double x = mean * 0.25 / sqrt(1 - u);

	if (mean <= 1)
		return 1;
	return x < 1 ? 1 : x > mean * 25 ? (unsigned)(mean * 25) : (unsigned)x;
}

/* True when a session was planned: the same capture may be on the way still. */
static bool
start_one(struct plan *plan, struct stream *stream, struct entry *e, uint64_t minute_ns)
{
	struct capture *c = &e->capture;
	struct session_shape shape = { .variant = 0, .repeat = 1, .stretch = 1 };
	uint64_t at_ns = minute_ns + (uint64_t)(uniform(plan) * 60 * NS);
	const struct conversation *conversation =
	    &c->conversations[(size_t)(uniform(plan) * (double)c->n)];

	if (c->whole) {
		if (at_ns < c->busy_until_ns)
			return false;
		c->busy_until_ns =
		    at_ns + conversation->packets[conversation->n - 1].offset_ns + LINGER_NS;
	} else {
		/* the captured hosts are busier than their neighbours */
		double who = uniform(plan);
		shape.variant = who < 0.4 ? 0 : (unsigned)((who - 0.4) / 0.6 * VARIANTS);
		shape.port_add = (uint16_t)(uniform(plan) * 32000);
		shape.repeat = draw_repeat(plan, e->repeat);
		shape.stretch = 1 + (unsigned)(uniform(plan) * 8);
		shape.copy_gap_ns = (uint64_t)(SEGMENT_BITS / (1e6 + uniform(plan) * 9e6) * NS);
	}
	return session_start(stream, conversation, c->whole, at_ns, &shape);
}

/* Plans one minute; at least one session begins in it. */
static void
plan_minute(struct plan *plan, struct stream *stream, uint64_t minute_s)
{
	unsigned started = 0;

	for (size_t i = 0; i < plan->n; i++) {
		unsigned n = poisson(plan, plan->entries[i].weight * activity(plan, i, minute_s));

		for (unsigned k = 0; k < n; k++)
			started += start_one(plan, stream, &plan->entries[i], minute_s * NS);
	}
	if (!started)
		(void)start_one(plan, stream, &plan->entries[0], minute_s * NS);
}

static const struct profile *
find_profile(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

/* "FILE,WEIGHT,PROFILE,each|whole,REPEAT" to an entry of the plan; 0 or -1. */
static int
add_entry(struct plan *plan, char *text)
{
	char *fields[5] = { text };
	struct entry *e = &plan->entries[plan->n];

	if (plan->n == ENTRIES_MAX)
		return -1;
	/* from the end, so that a path may hold commas */
	for (int i = 4; i > 0; i--) {
		char *comma = strrchr(text, ',');
		if (!comma)
			return -1;
		*comma = '\0';
		fields[i] = comma + 1;
	}
	e->weight = strtod(fields[1], NULL);
	e->profile = find_profile(fields[2]);
	e->repeat = strtod(fields[4], NULL);
	if (!(e->weight >= 0 && e->weight < 500) || !e->profile ||
	    !(e->repeat >= 1 && e->repeat <= REPEAT_MAX / 25))
		return -1;
	if (capture_load(fields[0], strcmp(fields[3], "whole") == 0, &e->capture) < 0)
		return -1;
	plan->n++;
	return 0;
}

struct options {
	uint64_t from_s;
	uint64_t to_s;
	uint64_t seed;
	bool live;
};

/* 0, or -1 for a usage error. */
static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "live", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;

		if (c == 'f')
			o->from_s = number;
		else if (c == 't')
			o->to_s = number;
		else if (c == 's')
			o->seed = number;
		else if (c == 'l')
			o->live = true;
		else
			return -1;
	}
	return o->from_s && (o->live || o->to_s > o->from_s) && optind < argc ? 0 : -1;
}

/* Plans minute after minute and writes what is due. A session that runs over the end is cut there. */
static int
run(struct plan *plan, const struct options *o)
{
	struct stream *stream = stream_new(o->live);
	int rc = stream ? 0 : -1;

	for (uint64_t t = o->from_s; rc == 0 && (o->live || t < o->to_s); t += 60) {
		plan_minute(plan, stream, t);
		uint64_t end = o->live || t + 60 < o->to_s ? t + 60 : o->to_s;
		rc = session_run(stream, end * NS);
	}
	if (rc == 0 && fflush(stdout) != 0)
		rc = -1;
	if (stream)
		(void)fprintf(stderr, "%llu packets\n", (unsigned long long)stream_packets(stream));
	stream_free(stream);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct plan plan;
	struct options options = { .seed = 1 };
	int rc = 0;

	if (read_options(argc, argv, &options) < 0) {
		(void)fprintf(stderr, "usage: traffic [--seed N] --from S [--to S] [--live] "
		                      "FILE,WEIGHT,PROFILE,each|whole,REPEAT...\n");
		return 2;
	}
	plan.seed = plan.random = mix(options.seed);
	for (int i = optind; rc == 0 && i < argc; i++) {
		rc = add_entry(&plan, argv[i]);
		if (rc < 0)
			(void)fprintf(stderr, "traffic: cannot use \"%s\"\n", argv[i]);
	}
	if (rc == 0)
		rc = run(&plan, &options);
	for (size_t i = 0; i < plan.n; i++)
		capture_free(&plan.entries[i].capture);
	return rc == 0 ? 0 : 1;
}
