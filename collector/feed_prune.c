/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When old files of the tree go, and which must stay. */
#include "collector/feed_parts.h"
#include "collector/prune.h"
#include "lib/err.h"

#include <inttypes.h>

#define FIRST_MS (10 * 60 * 1000) /* after the start, which has other things to do */
#define EACH_MS  (24 * 3600 * 1000)

/* A series that has something in memory is seen again. */
static bool
may_remove(void *ctx, const struct rrd_series *series)
{
	struct feed *feed = ctx;

	for (size_t i = 0; i < feed->minutes.n; i++)
		if (series_find(&feed->minutes.list[i]->table, series))
			return false;
	struct series_entry *file = series_find(&feed->files, series);
	if (file)
		file->last_end = 0;
	return true;
}

int
feed_prune_new(struct feed *feed)
{
	const struct prune_config config = { feed->config.root, may_remove, feed };

	if (feed->config.keep_s == 0)
		return NM_OK;
	feed->prune_base_s = feed->state.written;
	feed->prune_base_ms = feed_now_ms();
	feed->prune_next_ms = feed->prune_base_ms + FIRST_MS;
	feed->prune = prune_new(&config);
	return feed->prune ? NM_OK : -ENOMEM;
}

/* Begins a walk, unless everything is younger than what is kept. */
static void
begin(struct feed *feed, int64_t now_ms)
{
	const struct prune_clocks clocks = {
		.newest_s = feed->newest_s,
		.wall_s = loop_wall_s(feed->loop),
		.base_s = feed->prune_base_s,
		.elapsed_s = (uint32_t)((now_ms - feed->prune_base_ms) / 1000),
	};
	uint32_t data_s = prune_data_time(&clocks);

	feed->prune_next_ms = now_ms + EACH_MS;
	if (data_s <= feed->config.keep_s)
		return;
	prune_begin(feed->prune, data_s - feed->config.keep_s, clocks.wall_s - feed->config.keep_s);
	feed->pruning = true;
	feed->pruned_before = prune_removed(feed->prune);
}

void
feed_prune_step(struct feed *feed)
{
	int64_t now_ms = loop_now_ms(feed->loop);

	if (!feed->prune)
		return;
	if (!feed->pruning && now_ms >= feed->prune_next_ms)
		begin(feed, now_ms);
	if (!feed->pruning || prune_step(feed->prune))
		return;
	feed->pruning = false;
	feed->stats.pruned = prune_removed(feed->prune);
	if (feed->stats.pruned > feed->pruned_before)
		log_info("RRD: %" PRIu64 " files removed: nothing came for them for %" PRIu32
		         " days",
		         feed->stats.pruned - feed->pruned_before, feed->config.keep_s / 86400);
}
