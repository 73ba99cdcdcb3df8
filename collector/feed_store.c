/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the feed reads from the store: minutes that a crash took along, and flows that another process stores. */
#include "collector/feed_parts.h"
#include "lib/db_flow.h"
#include "lib/err.h"

static int
rebuild_one(void *ctx, const struct record *r)
{
	struct feed *feed = ctx;

	feed_add(feed, r);
	feed_close_due(feed);
	/* beyond what memory holds it goes on in steps (feed_tail.c) */
	return feed->broken_seen || feed->stall_ms != 0 || feed->minutes.refused_octets > 0;
}

/* Those of closed minutes were asked when they were written. */
void
feed_check_open(struct feed *feed)
{
	for (size_t i = 0; i < feed->minutes.n; i++) {
		const struct series_table *table = &feed->minutes.list[i]->table;

		for (size_t k = 0; k < table->n && !feed->broken_seen; k++)
			if (rrdfile_check(&feed->tree, &table->entries[k].key) == NM_EFORMAT)
				feed->broken_seen = true;
	}
}

void
feed_forget(struct feed *feed, uint32_t floor)
{
	uint64_t late = feed->minutes.late_octets;
	size_t entries_max = feed->minutes.entries_max;

	feed_cached_forget(feed);
	minutes_fini(&feed->minutes);
	minutes_init(&feed->minutes, entries_max);
	minutes_close(&feed->minutes, floor);
	feed->minutes.late_octets = late;
	feed->walk_floor = 0;
	feed->walk_minute = 0;
	feed->walk_entry = 0;
	feed->newest_s = 0;
	feed->ahead_octets = 0;
}

int
feed_rebuild(struct feed *feed, struct db *db)
{
	if (feed->tail.on)
		return NM_OK;
	feed->rebuilding = true;
	feed->tree.leave_broken = true;
	int rc = db_flow_each(db, feed->minutes.floor, rebuild_one, feed);
	if (rc == NM_OK && feed->state.lost)
		feed_check_open(feed);
	feed->tree.leave_broken = false;
	if (rc >= 0 && feed->broken_seen) {
		log_warn("RRD: files do not parse; all that the store has is added up again");
		feed_forget(feed, 0);
		feed->broken_seen = false;
		rc = db_flow_each(db, 0, rebuild_one, feed);
	}
	feed->rebuilding = false;
	if (rc == NM_OK)
		feed->state.lost = false;
	if (rc <= 0)
		return rc;
	feed_tail_begin(feed);
	return NM_OK;
}
