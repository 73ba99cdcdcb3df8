/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows into the RRD tree. */
#include "collector/feed.h"

#include "collector/feed_groups.h"
#include "collector/feed_state.h"
#include "collector/minutes.h"
#include "collector/rrdfile.h"
#include "lib/db_flow.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/spread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GROUPS_A_HOST  64 /* groups that one address may be in; more are counted out */
#define SLICE_MS       20 /* writing in one turn of the loop */
#define SHEAF          60 /* minutes of a series that are written together when many are closed (a replay) */
#define FILES_MAX      1000000u
#define GROUPS_EACH_MS 60000
#define CLOCK_EACH_MS  1000
#define ENTRIES_HIGH   (FEED_ENTRIES_MAX / 2) /* beyond, closed minutes are written at once */
#define FUTURE_S       60                     /* how far ahead of the clock a record is believed */
/* A machine that went down loses what was not written back yet: by default half a minute, here with much to spare. */
#define LOST_S 600u

struct feed {
	struct feed_config config;
	struct loop *loop;       /* NULL until attached */
	struct feed_state state; /* watermark and lock */
	struct rrdfile_tree tree;
	struct group_set *groups;
	struct minutes minutes;
	struct series_table files; /* last updates that are known */
	size_t at;                 /* entry of the closed minute that is written next */
	uint32_t newest_s;         /* latest end of a record so far */
	bool rebuilding;           /* parts of written minutes are no news */
	bool broken_seen;          /* while rebuilding: a file does not parse */
	int64_t batch_ms;          /* when a batch came last */
	int64_t hold_until_ms;
	struct feed_stats stats;
	struct log_limit failure_log;
	struct log_limit late_log;
	uint64_t ahead_octets; /* for minutes that are still to come */
	uint64_t late_logged;
};

static int64_t
monotonic_ms(void)
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

static void
add_record(struct feed *feed, const struct record *r)
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

/* --- writing ---------------------------------------------------------------------------------------------------------- */

/* Minutes of one series that are closed, from the oldest; they are marked as written. */
static size_t
collect(struct feed *feed, const struct rrd_series *key, struct rrdfile_value ret_values[SHEAF])
{
	struct minute *minute;
	size_t n = 0;

	for (size_t i = 0; i < SHEAF && (minute = minutes_closed(&feed->minutes, i)); i++) {
		struct series_entry *e = series_find(&minute->table, key);

		if (!e || e->last_end != 0)
			continue;
		ret_values[n++] = (struct rrdfile_value){ minute->minute, e->in, e->out };
		e->last_end = 1;
	}
	return n;
}

static void
write_series(struct feed *feed, const struct rrd_series *key)
{
	struct rrdfile_value values[SHEAF];
	struct rrdfile_update u = { key, values, collect(feed, key, values) };
	uint32_t unknown = 0;
	char err[256];

	struct series_entry *file = feed->files.n < FILES_MAX ? series_get(&feed->files, key)
	                                                      : series_find(&feed->files, key);
	int rc = rrdfile_put(&feed->tree, &u, file ? &file->last_end : &unknown, err, sizeof(err));
	if (rc == NM_OK) {
		feed->stats.written += u.n;
	} else if (rc == NM_EFORMAT && feed->tree.leave_broken) {
		feed->broken_seen = true;
	} else if (rc != NM_EEXISTS) {
		/* NM_EEXISTS: written before a crash, and added up again from the store */
		feed->stats.failed += u.n;
		if (log_allowed(&feed->failure_log))
			log_error("RRD: %s (%" PRIu64 " values failed so far)", err,
			          feed->stats.failed);
	}
}

/* The oldest minute is written: so the watermark says. */
static void
end_minute(struct feed *feed, const struct minute *minute)
{
	feed->state.written = minute->minute + RRD_STEP_S;
	int rc = feed_state_save(feed->config.root, &feed->state);
	if (rc < 0 && log_allowed(&feed->failure_log))
		log_error("RRD: %s: the watermark cannot be written: %s", feed->config.root,
		          nm_strerror(rc));
	minutes_drop(&feed->minutes);
	feed->at = 0;
}

/* Writes closed minutes for at most `slice_ms`. True when some are left. */
static bool
write_slice(struct feed *feed, int64_t slice_ms)
{
	int64_t end = monotonic_ms() + slice_ms;
	struct minute *minute;

	while ((minute = minutes_closed(&feed->minutes, 0)) != NULL) {
		if (feed->at == minute->table.n) {
			end_minute(feed, minute);
			continue;
		}
		const struct series_entry *e = &minute->table.entries[feed->at++];
		if (e->last_end == 0)
			write_series(feed, &e->key);
		/* the clock is asked now and then: an update takes 30 us */
		if (feed->at % 64 == 0 && monotonic_ms() >= end)
			return true;
	}
	return false;
}

/* Closes what is old enough by data time. */
static void
close_due(struct feed *feed)
{
	uint32_t behind = FEED_LATE_S + RRD_STEP_S;

	if (feed->newest_s > behind)
		minutes_close(&feed->minutes,
		              (feed->newest_s - behind) / RRD_STEP_S * RRD_STEP_S + RRD_STEP_S);
	while (feed->minutes.entries > ENTRIES_HIGH && minutes_closed(&feed->minutes, 0))
		(void)write_slice(feed, SLICE_MS);
}

static bool
work(void *ctx)
{
	struct feed *feed = ctx;

	return write_slice(feed, SLICE_MS);
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

static void
on_clock(void *ctx)
{
	struct feed *feed = ctx;
	int64_t now_ms = loop_now_ms(feed->loop);

	log_late(feed);
	if (now_ms - feed->batch_ms >= FEED_QUIET_S * 1000 && now_ms >= feed->hold_until_ms)
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
	feed->batch_ms = monotonic_ms();
	for (size_t i = 0; i < batch->n_records; i++)
		/* graphs are totals: what two links saw is in them once */
		if (!(batch->records[i].roles & RECORD_DUPLICATE))
			add_record(feed, &batch->records[i]);
	close_due(feed);
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static int
rebuild_one(void *ctx, const struct record *r)
{
	struct feed *feed = ctx;

	add_record(feed, r);
	close_due(feed);
	return feed->broken_seen;
}

/* Whether the files of minutes in memory parse; those of closed minutes were asked when they were written. */
static void
check_open(struct feed *feed)
{
	for (size_t i = 0; i < feed->minutes.n; i++) {
		const struct series_table *table = &feed->minutes.list[i]->table;

		for (size_t k = 0; k < table->n && !feed->broken_seen; k++)
			if (rrdfile_check(&feed->tree, &table->entries[k].key) == NM_EFORMAT)
				feed->broken_seen = true;
	}
}

/* Back to an empty memory, with nothing closed. */
static void
forget(struct feed *feed)
{
	minutes_fini(&feed->minutes);
	minutes_init(&feed->minutes, FEED_ENTRIES_MAX);
	feed->at = 0;
	feed->newest_s = 0;
	feed->ahead_octets = 0;
}

int
feed_rebuild(struct feed *feed, struct db *db)
{
	feed->rebuilding = true;
	feed->tree.leave_broken = true;
	int rc = db_flow_each(db, feed->minutes.floor, rebuild_one, feed);
	if (rc == NM_OK && feed->state.lost)
		check_open(feed);
	feed->tree.leave_broken = false;
	if (rc >= 0 && feed->broken_seen) {
		log_warn("RRD: files do not parse; all that the store has is added up again");
		forget(feed);
		feed->broken_seen = false;
		rc = db_flow_each(db, 0, rebuild_one, feed);
	}
	feed->rebuilding = false;
	if (rc == NM_OK)
		feed->state.lost = false;
	return rc;
}

int
feed_attach(struct feed *feed, struct loop *loop)
{
	feed->loop = loop;
	feed->batch_ms = loop_now_ms(loop);
	int rc = loop_work(loop, work, feed);
	if (rc == NM_OK)
		rc = loop_timer(loop, CLOCK_EACH_MS, on_clock, feed);
	if (rc == NM_OK)
		rc = loop_timer(loop, GROUPS_EACH_MS, on_reload, feed);
	return rc;
}

void
feed_flush(struct feed *feed)
{
	/* minutes that still go on would be written without the rest of their flows; a store gives them whole to the
	 * next start */
	if (feed->config.db)
		close_past(feed);
	else
		minutes_close(&feed->minutes, UINT32_MAX);
	while (write_slice(feed, SLICE_MS))
		;
	log_late(feed);
}

void
feed_get_stats(const struct feed *feed, struct feed_stats *ret_stats)
{
	*ret_stats = feed->stats;
	ret_stats->late_octets = feed->minutes.late_octets;
	ret_stats->refused_octets = feed->minutes.refused_octets;
	ret_stats->ahead_octets = feed->ahead_octets;
	ret_stats->broken = feed->tree.broken;
}

/* Minutes before the watermark are closed; after a machine went down, the last of them may not have reached the disk. */
static void
begin_at_watermark(struct feed *feed)
{
	uint32_t written = feed->state.written;

	if (feed->state.lost) {
		log_warn("RRD: the machine went down while netmond ran; the last minutes%s",
		         feed->config.db ? " are added up again from the store"
		                         : " may be missing");
		written = written > LOST_S ? written - LOST_S : 0;
	}
	if (!feed->config.db)
		feed->state.lost = false;
	minutes_close(&feed->minutes, written);
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
	feed->state.lock_fd = -1;
	feed->failure_log = (struct log_limit){ .burst = 3, .period_s = 60 };
	feed->late_log = (struct log_limit){ .burst = 1, .period_s = 60 };
	minutes_init(&feed->minutes, FEED_ENTRIES_MAX);
	int rc = feed_state_open(config->root, &feed->state, err, err_size);
	if (rc == NM_OK)
		rc = rrdfile_open(config->root, feed->state.same_boot, &feed->tree, err, err_size);
	if (rc == NM_OK)
		rc = feed_groups_load(config->db, config->groups, &feed->groups, err, err_size);
	if (rc < 0) {
		feed_free(feed);
		return rc;
	}
	begin_at_watermark(feed);
	*ret_feed = feed;
	return NM_OK;
}

void
feed_free(struct feed *feed)
{
	if (!feed)
		return;
	group_set_free(feed->groups);
	minutes_fini(&feed->minutes);
	series_fini(&feed->files);
	rrdfile_close(&feed->tree);
	feed_state_close(feed->config.root, &feed->state);
	free(feed);
}
