/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows into the RRD tree. */
#include "collector/feed.h"

#include "collector/feed_groups.h"
#include "collector/feed_parts.h"
#include "collector/prune.h"
#include "collector/rrdcached.h"
#include "lib/err.h"
#include "lib/spread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GROUPS_A_HOST  64 /* groups that one address may be in; more are counted out */
#define GROUPS_EACH_MS 60000
#define CLOCK_EACH_MS  1000
#define FUTURE_S       60 /* how far ahead of the clock a record is believed */
/* A machine that went down loses what was not written back yet: by default half a minute, here with much to spare. */
#define LOST_S 600u

int64_t
feed_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- adding ----------------------------------------------------------------------------------------------------------- */

/* The groups at both ends of a flow. */
struct ends {
	size_t n_src;
	size_t n_dst;
	uint32_t src[GROUPS_A_HOST];
	uint32_t dst[GROUPS_A_HOST];
};

static size_t
groups_of(const struct feed *feed, const struct addr *addr, uint32_t *ret_groups)
{
	size_t n = group_set_lookup(feed->groups, addr, ret_groups, GROUPS_A_HOST);

	return n < GROUPS_A_HOST ? n : GROUPS_A_HOST;
}

/* Keeps in mind that there are series of this application. */
static void
note_app(struct feed *feed, uint16_t app)
{
	uint8_t bit = (uint8_t)(1u << app % 8);

	if (feed->app_seen[app / 8] & bit)
		return;
	feed->app_seen[app / 8] |= bit;
	feed->apps[feed->n_apps++] = app;
}

/* Adds to a series of one application and to that of all. */
static void
add_both(struct feed *feed, struct minute *minute, struct rrd_series key, uint64_t in, uint64_t out)
{
	(void)minutes_add(&feed->minutes, minute, &key, in, out);
	key.app = RRD_APP_ALL;
	(void)minutes_add(&feed->minutes, minute, &key, in, out);
}

/* The part of a flow that lies in one minute. */
static void
add_part(struct feed *feed, struct minute *minute, const struct record *r, const struct ends *e,
         uint64_t octets)
{
	uint64_t in = e->n_dst > 0 ? octets : 0;
	uint64_t out = e->n_src > 0 ? octets : 0;
	struct rrd_series key = { .scope = RRD_TOTALS, .app = r->application };

	if (e->n_dst == 0 && e->n_src == 0) {
		key.app = RRD_TRANSIT;
		(void)minutes_add(&feed->minutes, minute, &key, octets, 0);
		return;
	}
	note_app(feed, r->application);
	add_both(feed, minute, key, in, out);
	key.scope = RRD_GROUP;
	for (size_t i = 0; i < e->n_dst; i++) {
		key.group = e->dst[i];
		add_both(feed, minute, key, octets, 0);
	}
	for (size_t i = 0; i < e->n_src; i++) {
		key.group = e->src[i];
		add_both(feed, minute, key, 0, octets);
	}
	key.scope = RRD_HOST;
	key.group = 0;
	key.host = r->daddr;
	if (in > 0)
		add_both(feed, minute, key, octets, 0);
	key.host = r->saddr;
	if (out > 0)
		add_both(feed, minute, key, 0, octets);
}

/* The latest second that is believed. A probe whose clock is wrong must not make everybody else late, and a minute that is
 * still to come must not be written: the files and the watermark would refuse all that comes before it. */
static uint32_t
latest_s(const struct feed *feed)
{
	return (feed->loop ? loop_wall_s(feed->loop) : (uint32_t)time(NULL)) + FUTURE_S;
}

void
feed_add(struct feed *feed, const struct record *r)
{
	struct ends ends;
	struct spread s = spread_init(r);
	uint32_t latest = latest_s(feed);
	/* a group that holds every address does not hold nobody's */
	bool overflow = record_is_overflow(r->protocol, &r->saddr, &r->daddr);

	ends.n_src = overflow ? 0 : groups_of(feed, &r->saddr, ends.src);
	ends.n_dst = overflow ? 0 : groups_of(feed, &r->daddr, ends.dst);
	while (spread_next(&s)) {
		if (feed->rebuilding && s.minute < feed->minutes.floor)
			continue;
		if (s.minute > latest) {
			feed->ahead_octets += s.octets;
			continue;
		}
		struct minute *minute = minutes_open(&feed->minutes, s.minute, s.octets);
		if (minute && s.octets > 0)
			add_part(feed, minute, r, &ends, s.octets);
	}
	uint32_t end_s = r->expires < latest ? r->expires : latest;
	if (end_s > feed->newest_s)
		feed->newest_s = end_s;
}

/* --- closing ---------------------------------------------------------------------------------------------------------- */

bool
feed_is_short(const struct feed *feed)
{
	return feed->minutes.entries > feed->minutes.entries_max / 4 * 3;
}

/* Closes what is old enough by data time. */
void
feed_close_due(struct feed *feed)
{
	uint32_t behind = FEED_LATE_S + RRD_STEP_S;

	if (feed->newest_s > behind)
		minutes_close(&feed->minutes,
		              (feed->newest_s - behind) / RRD_STEP_S * RRD_STEP_S + RRD_STEP_S);
	if (feed_is_short(feed))
		feed_hurry(feed);
	/* the loop writes in its slices, and with a store nothing is lost when that is not enough; before there is a loop
	 * nobody waits */
	while (feed->minutes.entries > feed->minutes.entries_max / 8 * 7 &&
	       minutes_closed(&feed->minutes, 0) && !feed_is_stalled(feed) &&
	       !(feed->loop && feed->config.db)) {
		feed_write_now(feed);
		if (feed->loop)
			break;
	}
}

bool
feed_work(void *ctx)
{
	struct feed *feed = ctx;

	feed->flush_ms = 0;
	if (feed->standby_ms)
		return false;
	feed_tail_slice(feed, FEED_SLICE_MS);
	/* what is written makes room for more */
	return feed_write_slice(feed, FEED_SLICE_MS) || feed_tail_can_read(feed);
}

/* --- the tree --------------------------------------------------------------------------------------------------------- */

uint32_t
feed_floor(const struct feed *feed)
{
	uint32_t written = feed->state.written;

	if (!feed->state.lost)
		return written;
	return written > LOST_S ? written - LOST_S : 0;
}

/* Errors that end by themselves, while the store keeps what is to be written: another process has the tree, the disk is full. */
static bool
may_wait(const struct feed *feed, int rc)
{
	return (rc == NM_EEXISTS && feed->config.tail) ||
	       (feed->config.db && (rc == -ENOSPC || rc == -EDQUOT || rc == -EROFS));
}

/* Minutes before the watermark are closed; after a machine went down, the last of them may not have reached the disk. */
static void
begin_at_watermark(struct feed *feed)
{
	if (feed->state.lost)
		log_warn("RRD: the machine went down while netmond ran; the last minutes%s",
		         feed->config.db ? " are added up again from the store"
		                         : " may be missing");
	minutes_close(&feed->minutes, feed_floor(feed));
	if (!feed->config.db)
		feed->state.lost = false;
}

static void
close_tree(struct feed *feed)
{
	prune_free(feed->prune);
	feed->prune = NULL;
	feed_cached_free(feed);
	rrdfile_close(&feed->tree);
	feed_state_close(feed->config.root, &feed->state);
}

/* Takes the tree and begins with it. What failed is undone, so that it can be tried again. */
static int
open_tree(struct feed *feed, char *err, size_t err_size)
{
	int rc = feed_state_open(feed->config.root, &feed->state, err, err_size);

	if (rc == NM_OK)
		rc = rrdfile_open(feed->config.root, feed->state.same_boot, &feed->tree, err,
		                  err_size);
	if (rc == NM_OK)
		rc = feed_cached_new(feed, err, err_size);
	if (rc == NM_OK && feed_prune_new(feed) < 0) {
		(void)snprintf(err, err_size, "out of memory");
		rc = -ENOMEM;
	}
	if (rc < 0) {
		close_tree(feed);
		return rc;
	}
	begin_at_watermark(feed);
	/* what another process left, or came while there was no room, is in the store */
	if (feed->config.tail || feed->standby_ms)
		feed_tail_begin(feed);
	feed->standby_ms = 0;
	if (feed->cached && feed->loop)
		rrdcached_attach(feed->cached, feed->loop);
	return NM_OK;
}

/* --- the clock -------------------------------------------------------------------------------------------------------- */

static void
log_late(struct feed *feed)
{
	uint64_t late =
	    feed->minutes.late_octets + feed->minutes.refused_octets + feed->ahead_octets;

	if (late == feed->late_logged || !log_allowed(&feed->late_log))
		return;
	feed->late_logged = late;
	log_warn("RRD: %" PRIu64 " octets so far came too late for their minute, %" PRIu64
	         " found no room, %" PRIu64 " are of a time still to come; the store has them",
	         feed->minutes.late_octets, feed->minutes.refused_octets, feed->ahead_octets);
}

/* Closes what is old enough by the clock. */
static void
close_past(struct feed *feed)
{
	uint32_t wall_s = loop_wall_s(feed->loop);

	minutes_close(&feed->minutes,
	              (wall_s - FEED_LATE_S - RRD_STEP_S) / RRD_STEP_S * RRD_STEP_S + RRD_STEP_S);
}

/* Asks whether the tree can be had now. */
static void
stand_by(struct feed *feed, int64_t now_ms)
{
	char err[256];

	if (now_ms - feed->standby_ms < FEED_STANDBY_S * 1000)
		return;
	feed->standby_ms = now_ms;
	int rc = open_tree(feed, err, sizeof(err));
	if (rc < 0 && !may_wait(feed, rc) && log_allowed(&feed->failure_log))
		log_error("RRD: %s", err);
	if (rc == NM_OK)
		log_info("RRD: this process feeds the tree from now on");
}

static void
on_clock(void *ctx)
{
	struct feed *feed = ctx;
	int64_t now_ms = loop_now_ms(feed->loop);

	if (feed->standby_ms) {
		stand_by(feed, now_ms);
		return;
	}
	log_late(feed);
	feed_tail_tick(feed);
	feed_prune_step(feed);
	if (feed->cached)
		rrdcached_tick(feed->cached);
	/* other processes' connections are not known here: any may have been lost */
	int quiet_s = feed->config.tail ? FEED_HOLD_S : FEED_QUIET_S;
	if (now_ms - feed->batch_ms >= quiet_s * 1000 && now_ms >= feed->hold_until_ms)
		close_past(feed);
}

static void
on_reload(void *ctx)
{
	struct feed *feed = ctx;
	struct group_set *groups;
	char err[256];

	if (feed_groups_load(feed->config.db, feed->config.groups, &groups, err, sizeof(err)) < 0) {
		log_error("groups: %s; those read before stay", err);
		return;
	}
	group_set_free(feed->groups);
	feed->groups = groups;
}

void
feed_session_end(struct feed *feed, bool clean)
{
	if (!clean)
		feed->hold_until_ms = loop_now_ms(feed->loop) + FEED_HOLD_S * 1000;
}

void
feed_batch(struct feed *feed, const struct batch *batch)
{
	uint64_t refused = feed->minutes.refused_octets;

	if (feed->tail.on)
		return;
	feed->batch_ms = feed_now_ms();
	for (size_t i = 0; i < batch->n_records; i++)
		/* graphs are totals: what two links saw is in them once */
		if (!(batch->records[i].roles & RECORD_DUPLICATE))
			feed_add(feed, &batch->records[i]);
	feed_close_due(feed);
	if (feed->minutes.refused_octets == refused || !feed->config.db)
		return;
	log_warn("RRD: memory is full: minutes are added up again from the store, as fast as they "
	         "can be written");
	feed->stats.rereads++;
	feed_tail_begin(feed);
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

int
feed_attach(struct feed *feed, struct loop *loop)
{
	feed->loop = loop;
	feed->batch_ms = loop_now_ms(loop);
	if (feed->cached)
		rrdcached_attach(feed->cached, loop);
	int rc = loop_work(loop, feed_work, feed);
	if (rc == NM_OK)
		rc = loop_timer(loop, CLOCK_EACH_MS, on_clock, feed);
	if (rc == NM_OK)
		rc = loop_timer(loop, GROUPS_EACH_MS, on_reload, feed);
	return rc;
}

void
feed_flush(struct feed *feed)
{
	if (feed->standby_ms)
		return;
	/* minutes that still go on would be written without the rest of their flows; a store gives them whole to the
	 * next start */
	if (feed->config.db)
		close_past(feed);
	else
		minutes_close(&feed->minutes, UINT32_MAX);
	feed_write_all(feed);
	log_late(feed);
}

int
feed_new(const struct feed_config *config, struct feed **ret_feed, char *err, size_t err_size)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	feed->config = *config;
	if (!config->db)
		feed->config.tail = false; /* there is nothing to read */
	feed->state.lock_fd = -1;
	feed->failure_log = (struct log_limit){ .burst = 3, .period_s = 60 };
	feed->late_log = (struct log_limit){ .burst = 1, .period_s = 60 };
	feed->tail.log = (struct log_limit){ .burst = 1, .period_s = 60 };
	minutes_init(&feed->minutes, FEED_ENTRIES_MAX);
	feed->n_minutes = config->minutes;
	if (feed->n_minutes < 1)
		feed->n_minutes = 1;
	if (feed->n_minutes > FEED_MINUTES_MAX)
		feed->n_minutes = FEED_MINUTES_MAX;
	int rc = feed_groups_load(config->db, config->groups, &feed->groups, err, err_size);
	if (rc == NM_OK)
		rc = open_tree(feed, err, err_size);
	if (rc < 0 && may_wait(feed, rc)) {
		log_info("RRD: %s; this process waits until it can feed it", err);
		feed->standby_ms = feed_now_ms();
		feed->tail.on = true;
		rc = NM_OK;
	}
	if (rc < 0) {
		feed_free(feed);
		return rc;
	}
	*ret_feed = feed;
	return NM_OK;
}

void
feed_free(struct feed *feed)
{
	if (!feed)
		return;
	close_tree(feed);
	group_set_free(feed->groups);
	minutes_fini(&feed->minutes);
	series_fini(&feed->files);
	free(feed);
}
