/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The feed reads flows back from the store while it runs: because others store flows, too, or because it has forgotten sums for
 * want of memory. By id: there is one writer at a time (lib/db.h), so ids rise with the commits, and what is behind the last
 * id that was read is what was committed since, however old its minutes are.
 *
 * It begins at the first flow that ended in a minute that is not written yet. Up to the last one that was there then, it
 * reads again what it or another process had read before: parts of written minutes are no news there, and files that
 * a machine left damaged as it went down lead back to the very first flow (feed.h). No faster than minutes are written: while
 * half of the memory is taken by closed ones, it waits.
 */
#include "collector/feed_parts.h"
#include "collector/rrdcached.h"
#include "lib/db_aggregate.h"
#include "lib/err.h"

#include <inttypes.h>

#define ROWS_A_STEP 1000 /* of one query: a few ms */
#define RETRY_MS    1000 /* after a failure of the store; doubled up to */
#define RETRY_MOST  6    /* times: a minute */

void
feed_tail_begin(struct feed *feed)
{
	feed->tail.on = true;
	feed->tail.placed = false;
	feed->tail.more = true;
	feed_forget(feed, feed->tail.whole ? 0 : feed_floor(feed));
}

/* Where to begin. 0 or NM_ESTORE. */
static int
place(struct feed *feed)
{
	struct feed_tail *t = &feed->tail;
	int64_t after = 0, fresh = 0;
	int rc = db_aggregate_flow_before(feed->config.db, UINT32_MAX, &fresh);

	if (rc == NM_OK)
		rc = db_aggregate_flow_before(feed->config.db, feed->minutes.floor, &after);
	if (rc < 0)
		return rc;
	t->after = after;
	t->fresh = fresh;
	t->placed = true;
	feed->tree.leave_broken = feed->state.lost && !t->whole;
	if (fresh > after)
		log_info("RRD: %" PRId64 " flows of the store are added up again", fresh - after);
	return NM_OK;
}

/* Whether what is in memory has to be written first. */
static bool
is_full(const struct feed *feed)
{
	return feed_is_short(feed) && feed->minutes.n > 0 &&
	       feed->minutes.list[0]->minute < feed->minutes.floor;
}

static int
read_one(void *ctx, const struct aggregate_flow *flow)
{
	struct feed *feed = ctx;
	const struct record r = {
		.saddr = flow->saddr,
		.daddr = flow->daddr,
		.application = flow->application,
		.protocol = flow->overflow ? RECORD_OVERFLOW_PROTOCOL : 0,
		.octets = (uint32_t)flow->octets,
		.start_frac = flow->start_frac,
		.end_frac = flow->end_frac,
		.started = flow->started,
		.expires = flow->expires,
	};

	if (is_full(feed))
		return 1;
	feed->tail.after = flow->id;
	feed->rebuilding = flow->id <= feed->tail.fresh;
	if (!flow->malformed)
		feed_add(feed, &r);
	feed_close_due(feed);
	return NM_OK;
}

/* Some rows. Their number, or NM_ESTORE. */
static int
read_rows(struct feed *feed)
{
	struct feed_tail *t = &feed->tail;
	int64_t before;

	if (db_begin_read(feed->config.db) < 0)
		return NM_ESTORE;
	int rc = t->placed ? NM_OK : place(feed);
	before = t->after;
	if (rc == NM_OK)
		rc = db_aggregate_flows(feed->config.db, t->after, ROWS_A_STEP, read_one, feed);
	db_rollback(feed->config.db);
	feed->rebuilding = false;
	return rc < 0 ? rc : t->after > before;
}

/* What was read again is complete: from here on it is news. */
static void
end_again(struct feed *feed)
{
	struct feed_tail *t = &feed->tail;

	t->fresh = 0;
	t->whole = false;
	if (!feed->state.lost)
		return;
	if (feed->tree.leave_broken)
		feed_check_open(feed);
	feed->tree.leave_broken = false;
	if (!feed->broken_seen)
		feed->state.lost = false;
}

/* Files that do not parse are put aside and made up from all that the store has. */
static void
begin_whole(struct feed *feed)
{
	log_warn("RRD: files do not parse; all that the store has is added up again");
	feed->broken_seen = false;
	feed->tree.leave_broken = false;
	feed->tail.whole = true; /* until it is read */
	feed_tail_begin(feed);
}

static void
note_failure(struct feed *feed)
{
	struct feed_tail *t = &feed->tail;

	t->more = false;
	t->retry_ms = feed_now_ms() + (RETRY_MS << t->failures);
	if (t->failures < RETRY_MOST)
		t->failures++;
	if (log_allowed(&t->log))
		log_error("RRD: store: %s; it is read again later", db_error(feed->config.db));
}

bool
feed_tail_can_read(const struct feed *feed)
{
	return feed->tail.on && feed->tail.more && !feed->standby_ms && !is_full(feed);
}

void
feed_tail_slice(struct feed *feed, int64_t slice_ms)
{
	struct feed_tail *t = &feed->tail;
	int64_t end = feed_now_ms() + slice_ms;

	while (feed_tail_can_read(feed)) {
		int rc = read_rows(feed);

		if (rc < 0) {
			note_failure(feed);
			return;
		}
		t->failures = 0;
		t->more = rc > 0;
		if (rc > 0)
			feed->batch_ms = feed_now_ms();
		if (t->fresh > 0 && (t->after >= t->fresh || rc == 0))
			end_again(feed);
		if (feed->broken_seen)
			begin_whole(feed);
		if (feed_now_ms() >= end)
			break;
	}
}

void
feed_tail_tick(struct feed *feed)
{
	if (feed->tail.on && feed_now_ms() >= feed->tail.retry_ms)
		feed->tail.more = true;
}
