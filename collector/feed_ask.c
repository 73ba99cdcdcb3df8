/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others ask of the feed: the pages for files that are up to date, the status for counts. */
#include "collector/feed_parts.h"
#include "collector/rrdcached.h"
#include "lib/err.h"

#include <string.h>

/* Writes what is closed of a series, unless requests have taken their time. `begin_ms` is when they began. */
static bool
write_one(struct feed *feed, const struct rrd_series *key, int64_t begin_ms)
{
	if (feed_now_ms() - begin_ms >= FEED_FLUSH_MS)
		return false;
	(void)feed_write_series(feed, key);
	return true;
}

/* Writes what is closed of all series of a scope. */
static bool
write_scope(struct feed *feed, struct rrd_series key, int64_t begin_ms)
{
	static const int sums[] = { RRD_APP_ALL, RRD_TRANSIT };
	bool all = true;

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]) && all; i++) {
		key.app = sums[i];
		all = write_one(feed, &key, begin_ms);
	}
	for (size_t i = 0; i < feed->n_apps && all; i++) {
		key.app = feed->apps[i];
		all = write_one(feed, &key, begin_ms);
	}
	return all;
}

/* Brings one file, or all of a folder, up to date. 0, NM_EFORMAT, NM_ELIMIT: not all of it. */
static int
flush_path(struct feed *feed, const char *path)
{
	int64_t begin_ms = feed_now_ms() - feed->flush_ms;
	struct rrd_series series;
	bool is_file, all;

	if (rrdpath_parse(path, &series, &is_file) < 0)
		return NM_EFORMAT;
	feed->stats.flushes++;
	if (is_file)
		all = write_one(feed, &series, begin_ms);
	else
		all = write_scope(feed, series, begin_ms);
	if (feed->cached)
		rrdcached_send(feed->cached);
	feed->flush_ms = feed_now_ms() - begin_ms;
	feed->stats.flushes_cut += !all;
	return all ? NM_OK : NM_ELIMIT;
}

void
feed_answer_flush(void *ctx, const char *argument, FILE *out)
{
	struct feed *feed = ctx;

	int rc = NM_EFORMAT;

	if (feed->standby_ms) {
		(void)fputs("error: another process feeds the RRD tree, or it has no room\n", out);
		return;
	}
	if (argument)
		rc = flush_path(feed, argument);
	if (rc == NM_EFORMAT)
		(void)fputs("error: not a file or folder of the RRD tree\n", out);
	else if (rc < 0)
		(void)fputs("error: busy: not all of it is written yet\n", out);
	else if (feed->cached && rrdcached_socket(feed->cached))
		(void)fprintf(out, "ok rrdcached %s\n", rrdcached_socket(feed->cached));
	else
		(void)fputs("ok\n", out);
}

void
feed_get_stats(const struct feed *feed, struct feed_stats *ret_stats)
{
	*ret_stats = feed->stats;
	ret_stats->late_octets = feed->minutes.late_octets;
	ret_stats->refused_octets = feed->minutes.refused_octets;
	ret_stats->ahead_octets = feed->ahead_octets;
	ret_stats->broken = feed->tree.broken;
	ret_stats->created = feed->tree.created;
	ret_stats->entries = feed->minutes.entries;
	ret_stats->entries_max = feed->minutes.entries_max;
	ret_stats->oldest_s = feed->minutes.n > 0 ? feed->minutes.list[0]->minute : 0;
	ret_stats->written_s = feed->state.written;
	ret_stats->newest_s = feed->newest_s;
	ret_stats->files = feed->files.n;
	ret_stats->source = feed->standby_ms ? FEED_STANDBY
	                    : feed->tail.on  ? FEED_STORE
	                                     : FEED_BATCHES;
	ret_stats->stalled = feed->stall_ms != 0;
	ret_stats->behind = feed->tail.on && feed->tail.more;
	ret_stats->cached = !feed->cached                          ? FEED_CACHED_NONE
	                    : rrdcached_is_connected(feed->cached) ? FEED_CACHED_THERE
	                                                           : FEED_CACHED_AWAY;
}
