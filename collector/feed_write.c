/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From closed minutes into files. A walk over the closed minutes, oldest first, looks for entries that are due, and takes all
 * that is closed of their series along; it begins anew when more has closed. A minute whose entries are all written is
 * forgotten, if it is the oldest, and then the watermark rises.
 */
#include "collector/feed_parts.h"
#include "collector/rrdcached.h"
#include "lib/err.h"

#include <inttypes.h>

#define WRITES_A_LOOK \
	16 /* updates between two looks at the clock: one takes 50 us, or 1 ms from the disk */
#define ENTRIES_A_LOOK 8192  /* the same for entries that are only looked at */
#define PATIENCE_MS    10000 /* at the end, for an rrdcached and for what the next start can write */

void
feed_collect(struct feed *feed, const struct rrd_series *key, enum minute_mark mark, size_t max,
             struct feed_taken *ret_taken)
{
	struct minute *minute;
	size_t n = 0;

	for (size_t i = 0; n < max && (minute = minutes_closed(&feed->minutes, i)); i++) {
		struct series_entry *e = series_find(&minute->table, key);

		if (!e || e->last_end != MINUTE_WAITS)
			continue;
		ret_taken->values[n] = (struct rrdfile_value){ minute->minute, e->in, e->out };
		ret_taken->sent[n++] =
		    (struct feed_sent){ .minute = minute->minute,
			                .entry = (uint32_t)(e - minute->table.entries) };
		minutes_mark(minute, e, mark);
	}
	ret_taken->n = n;
}

struct series_entry *
feed_file(struct feed *feed, const struct rrd_series *key)
{
	return feed->files.n < FEED_FILES_MAX ? series_get(&feed->files, key)
	                                      : series_find(&feed->files, key);
}

/* Errors that concern all files, and end by themselves. */
static bool
is_full(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT || rc == -EROFS;
}

bool
feed_stall(struct feed *feed, const struct feed_taken *taken, int rc, const char *why)
{
	if (!is_full(rc))
		return false;
	for (size_t i = 0; i < taken->n; i++) {
		struct minute *minute = minutes_find(&feed->minutes, taken->sent[i].minute);

		if (minute)
			minutes_mark(minute, &minute->table.entries[taken->sent[i].entry],
			             MINUTE_WAITS);
	}
	feed->walk_floor = 0; /* the walk is beyond them */
	feed->stats.stalls++;
	if (feed->stall_ms == 0)
		log_error("RRD: %s; minutes wait until there is room", why);
	feed->stall_ms = feed_now_ms();
	return true;
}

bool
feed_is_stalled(const struct feed *feed)
{
	return feed->stall_ms != 0 && feed_now_ms() - feed->stall_ms < FEED_STALL_S * 1000;
}

static void
note_written(struct feed *feed, size_t n)
{
	feed->stats.written += n;
	if (feed->stall_ms == 0)
		return;
	feed->stall_ms = 0;
	log_info("RRD: there is room again, what waited is written");
}

void
feed_failed(struct feed *feed, size_t n, const char *why)
{
	feed->stats.failed += n;
	if (log_allowed(&feed->failure_log))
		log_error("RRD: %s (%" PRIu64 " values failed so far)", why, feed->stats.failed);
}

bool
feed_write_series(struct feed *feed, const struct rrd_series *key)
{
	struct feed_taken taken;
	uint32_t unknown = 0;
	char err[256];

	if (feed_is_stalled(feed))
		return false;
	if (feed_cached_is_used(feed))
		return feed_cached_series(feed, key);
	feed_collect(feed, key, MINUTE_WRITTEN, FEED_SHEAF, &taken);
	if (taken.n == 0)
		return true;
	struct rrdfile_update u = { key, taken.values, taken.n };
	struct series_entry *file = feed_file(feed, key);
	int rc = rrdfile_put(&feed->tree, &u, file ? &file->last_end : &unknown, err, sizeof(err));
	feed->stats.updates++;
	if (rc == NM_OK)
		note_written(feed, u.n);
	else if (feed_stall(feed, &taken, rc, err))
		return false;
	else if (rc == NM_EFORMAT && feed->tree.leave_broken)
		feed->broken_seen = true;
	else if (rc != NM_EEXISTS)
		/* NM_EEXISTS: written before a crash, and added up again from the store */
		feed_failed(feed, u.n, err);
	return true;
}

/* Forgets the oldest minutes that are written: so the watermark says. */
static void
end_minutes(struct feed *feed)
{
	struct minute *minute;
	bool any = false;

	while ((minute = minutes_closed(&feed->minutes, 0)) && minute->written == minute->table.n) {
		feed->state.written = minute->minute + RRD_STEP_S;
		minutes_drop(&feed->minutes);
		any = true;
		if (feed->walk_minute > 0)
			feed->walk_minute--;
		else
			feed->walk_entry = 0;
	}
	int rc = any ? feed_state_save(feed->config.root, &feed->state) : NM_OK;
	if (rc < 0 && log_allowed(&feed->failure_log))
		log_error("RRD: %s: the watermark cannot be written: %s", feed->config.root,
		          nm_strerror(rc));
}

/* The next entry that is due; NULL when there is none, or after so many entries that the clock wants to be looked at
 * (*ret_more). */
static const struct rrd_series *
next_due(struct feed *feed, bool *ret_more)
{
	const struct minute *minute;
	size_t looked = 0;

	*ret_more = false;
	while ((minute = minutes_closed(&feed->minutes, feed->walk_minute))) {
		for (; feed->walk_entry < minute->table.n; feed->walk_entry++) {
			const struct series_entry *e = &minute->table.entries[feed->walk_entry];

			if (++looked > ENTRIES_A_LOOK) {
				*ret_more = true;
				return NULL;
			}
			if (e->last_end == MINUTE_WAITS &&
			    (feed->hurry || minutes_is_due(&feed->minutes, minute->minute, &e->key,
			                                   feed->n_minutes)))
				return &e->key;
		}
		feed->walk_minute++;
		feed->walk_entry = 0;
	}
	return NULL;
}

/* Begins the walk anew when there is more to be found. */
static void
begin_walk(struct feed *feed)
{
	if (feed->walk_floor == feed->minutes.floor)
		return;
	feed->walk_floor = feed->minutes.floor;
	feed->walk_minute = 0;
	feed->walk_entry = 0;
}

/* Some of what is due. False when nothing more can be done now; *ret_end when nothing more is due. */
static bool
write_some(struct feed *feed, bool *ret_end)
{
	bool more = true;

	for (unsigned i = 0; i < WRITES_A_LOOK && more; i++) {
		const struct rrd_series *due = next_due(feed, &more);

		if (!due) {
			*ret_end = !more;
			return more;
		}
		more = feed_write_series(feed, due);
	}
	return more;
}

bool
feed_write_slice(struct feed *feed, int64_t slice_ms)
{
	int64_t end = feed_now_ms() + slice_ms;
	bool more, done = false;

	begin_walk(feed);
	do {
		more = write_some(feed, &done);
		end_minutes(feed);
	} while (more && feed_now_ms() < end);
	if (done)
		feed->hurry = false;
	if (!more && feed->cached)
		rrdcached_send(feed->cached);
	return more;
}

void
feed_hurry(struct feed *feed)
{
	if (!feed->hurry)
		feed->walk_floor = 0; /* what was not due is */
	feed->hurry = true;
}

void
feed_write_now(struct feed *feed)
{
	feed_hurry(feed);
	(void)feed_write_slice(feed, FEED_SLICE_MS);
	if (feed_cached_is_used(feed))
		rrdcached_wait(feed->cached, FEED_SLICE_MS);
}

/* Writes everything that is closed, with some patience. */
static void
write_closed(struct feed *feed)
{
	int64_t end = feed_now_ms() + PATIENCE_MS;

	while (minutes_closed(&feed->minutes, 0) && !feed_is_stalled(feed) &&
	       (!(feed->config.db || feed_cached_is_used(feed)) || feed_now_ms() < end))
		feed_write_now(feed);
}

void
feed_write_all(struct feed *feed)
{
	write_closed(feed);
	if (!minutes_closed(&feed->minutes, 0))
		return;
	if (feed->config.db) {
		log_warn("RRD: not everything is written; the next start adds it up again");
		return;
	}
	/* nothing would bring it back */
	feed_cached_free(feed);
	write_closed(feed);
	if (minutes_closed(&feed->minutes, 0))
		log_error("RRD: what was to be written is lost, there is no room");
}
