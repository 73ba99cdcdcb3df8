/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: rrdfeed FOLDER HOSTS APPS MINUTES TOGETHER [COLD [RRDCACHED]]
 *
 * What the RRD feed costs. Flows of HOSTS hosts, each with APPS applications each minute, go into feed_batch() as netmond's
 * sessions give them, MINUTES minutes one after the other as fast as they are written; of a series, TOGETHER minutes are
 * written at a time. Before each of the last COLD minutes the kernel's file cache is dropped (root). With the address of an
 * rrdcached a minute is over when that has taken it, and each waits for a line on standard input, until that ends. Prints a line for each
 * minute: its number, CPU seconds, wall seconds, files made, files updated, values written, megabytes in memory, sums in
 * memory.
 */
#include "collector/feed_parts.h"
#include "collector/rrdcached.h"
#include "lib/log.h"
#include "lib/rrdpath.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BATCH    500
#define DAY_S    86400u
#define PER_HOST 60000u /* octets of one application */

static double
cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 +
	       (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6;
}

static long
rss_mb(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss / 1024;
}

static double
wall_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Everything written, nothing cached. */
static void
drop_cache(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		log_fatal(1, "the file cache cannot be dropped");
	(void)close(fd);
}

static struct record
flow_of(unsigned host, unsigned app, uint32_t minute)
{
	struct record r = { .protocol = 6, .packets = 60, .octets = PER_HOST + app };

	r.daddr.b[10] = r.daddr.b[11] = 0xff;
	r.saddr = r.daddr;
	r.daddr.b[12] = 10;
	r.daddr.b[13] = (uint8_t)(host >> 16);
	r.daddr.b[14] = (uint8_t)(host >> 8);
	r.daddr.b[15] = (uint8_t)host;
	r.saddr.b[12] = 192;
	r.application = (uint16_t)(app + 1);
	r.started = minute + 1;
	r.expires = minute + 58;
	return r;
}

static void
feed_minute(struct feed *feed, unsigned hosts, unsigned apps, uint32_t minute)
{
	static struct record records[BATCH];
	struct batch b = { .records = records };

	for (unsigned h = 0; h < hosts; h++) {
		for (unsigned a = 0; a < apps; a++) {
			records[b.n_records++] = flow_of(h, a, minute);
			if (b.n_records == BATCH) {
				feed_batch(feed, &b);
				b.n_records = 0;
			}
		}
	}
	feed_batch(feed, &b);
}

/* Until everything is written that is due. */
static void
settle(struct feed *feed)
{
	do {
		while (feed_work(feed))
			;
		if (feed->cached)
			rrdcached_wait(feed->cached, FEED_SLICE_MS);
	} while (feed->cached && minutes_closed(&feed->minutes, 0));
}

static void
run(struct feed *feed, char **argv, unsigned cold)
{
	unsigned hosts = (unsigned)strtoul(argv[2], NULL, 10);
	unsigned apps = (unsigned)strtoul(argv[3], NULL, 10);
	unsigned minutes = (unsigned)strtoul(argv[4], NULL, 10);
	uint32_t start = ((uint32_t)time(NULL) - DAY_S) / RRD_STEP_S * RRD_STEP_S;

	for (unsigned m = 0; m < minutes; m++) {
		struct feed_stats before, after;
		char line[8];

		if (feed->cached && fgets(line, sizeof(line), stdin))
			(void)line;
		if (m + cold >= minutes)
			drop_cache();
		feed_get_stats(feed, &before);
		double cpu = cpu_s(), wall = wall_s();
		feed_minute(feed, hosts, apps, start + m * RRD_STEP_S);
		settle(feed);
		feed_get_stats(feed, &after);
		(void)printf("%u %.3f %.3f %llu %llu %llu %ld %zu\n", m, cpu_s() - cpu,
		             wall_s() - wall, (unsigned long long)(after.created - before.created),
		             (unsigned long long)(after.updates - before.updates),
		             (unsigned long long)(after.written - before.written), rss_mb(),
		             after.entries);
		(void)fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	struct feed_config config = { 0 };
	struct feed *feed;
	char groups[4096], err[256];

	if (argc < 6)
		log_fatal(2,
		          "usage: rrdfeed FOLDER HOSTS APPS MINUTES TOGETHER [COLD [RRDCACHED]]");
	(void)snprintf(groups, sizeof(groups), "%s.groups", argv[1]);
	FILE *file = fopen(groups, "we");
	if (!file || fputs("All = 10.0.0.0/8\n", file) < 0 || fclose(file) != 0)
		log_fatal(1, "%s cannot be written", groups);
	config.root = argv[1];
	config.groups = groups;
	config.minutes = (unsigned)strtoul(argv[5], NULL, 10);
	config.rrdcached = argc > 7 ? argv[7] : NULL;
	if (feed_new(&config, &feed, err, sizeof(err)) < 0)
		log_fatal(1, "%s", err);
	run(feed, argv, argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : 0);
	feed_free(feed);
	return 0;
}
