/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Closed minutes to an rrdcached (rrdcached.h). Files are made here, updates are its part. An entry is MINUTE_SENT while its
 * batch is on the way, and written when the answer says so: the watermark counts nothing else. What rrdcached has already,
 * from before a crash or a lost connection, it refuses, and that is as good. It buffers by itself, so nothing waits here for
 * its turn.
 *
 * When it is away for so long that memory gets short, files are written here after all.
 */
#include "collector/feed_parts.h"
#include "collector/rrdcached.h"
#include "lib/err.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_MAX   1024 /* a line of rrdcached's has 4096, with a backslash before each blank */
#define VALUES_MAX 8 /* of a series at a time, so that those and the longest silence fit a batch */
#define DAY_S      86400u
#define GAP_DAYS   366u
#define HAS_IT     "illegal attempt to update using time"
#define LINES_ROOM (VALUES_MAX * (GAP_DAYS + 2))

/* The minute's entry of a value that was sent. Its minute is there: it is not forgotten before all of it is written. */
static struct series_entry *
entry_of(struct feed *feed, const struct feed_sent *sent, struct minute **ret_minute)
{
	*ret_minute = minutes_find(&feed->minutes, sent->minute);
	return *ret_minute ? &(*ret_minute)->table.entries[sent->entry] : NULL;
}

static void
on_refused(void *ctx, size_t line, const char *why)
{
	struct feed *feed = ctx;
	struct feed_sent *sent = line < feed->n_lines ? &feed->sent[feed->line_sent[line]] : NULL;
	struct minute *minute;
	const struct series_entry *e = sent ? entry_of(feed, sent, &minute) : NULL;

	if (!e || sent->failed || sent->again || strncmp(why, HAS_IT, strlen(HAS_IT)) == 0)
		return;
	sent->again = rrdfile_check(&feed->tree, &e->key) == -ENOENT;
	sent->failed = !sent->again;
	if (sent->failed)
		feed_failed(feed, 1, why);
}

static void
on_done(void *ctx, bool taken)
{
	struct feed *feed = ctx;
	struct minute *minute;

	for (size_t i = 0; i < feed->n_sent; i++) {
		const struct feed_sent *sent = &feed->sent[i];
		struct series_entry *e = entry_of(feed, sent, &minute);
		bool written = taken && !sent->again;

		if (!e)
			continue;
		minutes_mark(minute, e, written ? MINUTE_WRITTEN : MINUTE_WAITS);
		feed->stats.written += written && !sent->failed;
		struct series_entry *file = written ? NULL : series_find(&feed->files, &e->key);
		if (file)
			file->last_end = 0; /* it is asked next time */
		if (!written)
			feed->walk_floor = 0; /* the walk is beyond it */
	}
	feed->n_sent = feed->n_lines = 0;
}

static void
put_line(struct feed *feed, const char *path, uint32_t end_s, const double bps[2])
{
	rrdcached_put(feed->cached, path, end_s, bps);
	feed->line_sent[feed->n_lines++] = (uint16_t)(feed->n_sent - 1);
}

/* Zeros for the silent minutes between, none of which counts further back than a day (rrdfile.c). */
static void
put_silence(struct feed *feed, const char *path, uint32_t last, uint32_t minute)
{
	const double none[2] = { 0, 0 };
	uint32_t days = (minute - last) / DAY_S;

	if (days <= GAP_DAYS)
		for (uint32_t i = 1; i <= days && last + i * DAY_S < minute; i++)
			put_line(feed, path, last + i * DAY_S, none);
	put_line(feed, path, minute, none);
}

/* Puts the values behind `last` into the batch; the others are in the file. Returns the end of the last one. */
static uint32_t
put_values(struct feed *feed, const char *path, const struct feed_taken *taken, uint32_t last)
{
	struct minute *minute;

	for (size_t i = 0; i < taken->n; i++) {
		const struct rrdfile_value *v = &taken->values[i];
		const double bps[2] = { (double)v->in_octets * 8 / RRD_STEP_S,
			                (double)v->out_octets * 8 / RRD_STEP_S };

		if (v->minute < last) {
			struct series_entry *e = entry_of(feed, &taken->sent[i], &minute);

			minutes_mark(minute, e, MINUTE_WRITTEN);
			continue;
		}
		feed->sent[feed->n_sent++] = taken->sent[i];
		if (v->minute > last)
			put_silence(feed, path, last, v->minute);
		last = v->minute + RRD_STEP_S;
		put_line(feed, path, last, bps);
	}
	return last;
}

/* What cannot be sent at all is counted, as what cannot be written is. */
static void
fail(struct feed *feed, const struct feed_taken *taken, int rc, const char *why)
{
	struct minute *minute;

	for (size_t i = 0; i < taken->n; i++) {
		struct series_entry *e = entry_of(feed, &taken->sent[i], &minute);

		minutes_mark(minute, e, MINUTE_WRITTEN);
	}
	if (rc == NM_EFORMAT && feed->tree.leave_broken)
		feed->broken_seen = true;
	else
		feed_failed(feed, taken->n, why);
}

bool
feed_cached_series(struct feed *feed, const struct rrd_series *key)
{
	struct feed_taken taken;
	uint32_t last;
	char path[RRD_PATH_MAX], err[256] = "the path is too long";

	if (!rrdcached_is_ready(feed->cached))
		return false;
	if (rrdcached_room(feed->cached) < LINES_ROOM) {
		rrdcached_send(feed->cached);
		return false;
	}
	feed_collect(feed, key, MINUTE_SENT, VALUES_MAX, &taken);
	if (taken.n == 0)
		return true;
	struct series_entry *file = feed_file(feed, key);
	last = file ? file->last_end : 0;
	int rc =
	    last ? NM_OK
		 : rrdfile_make(&feed->tree, key, taken.values[0].minute, &last, err, sizeof(err));
	if (rc == NM_OK)
		rc = rrdpath_file(feed->cached_root, key, path, sizeof(path));
	if (rc < 0) {
		if (feed_stall(feed, &taken, rc, err))
			return false;
		fail(feed, &taken, rc, err);
		return true;
	}
	last = put_values(feed, path, &taken, last);
	feed->stats.updates++;
	if (file)
		file->last_end = last;
	return rrdcached_is_ready(feed->cached);
}

void
feed_cached_forget(struct feed *feed)
{
	if (feed->cached)
		rrdcached_send(feed->cached);
	feed->n_sent = feed->n_lines = 0;
}

bool
feed_cached_is_used(const struct feed *feed)
{
	return feed->cached && (rrdcached_is_connected(feed->cached) || !feed_is_short(feed));
}

static int
check_root(struct feed *feed, char *err, size_t err_size)
{
	feed->cached_root = realpath(feed->config.root, NULL);
	if (!feed->cached_root) {
		(void)snprintf(err, err_size, "%s: %s", feed->config.root, nm_strerror(-errno));
		return -errno;
	}
	size_t len = strlen(feed->cached_root);
	for (size_t i = 0; i < len; i++)
		if (len > ROOT_MAX || (unsigned char)feed->cached_root[i] < ' ') {
			(void)snprintf(err, err_size,
			               "the path of the RRD folder is none for an rrdcached");
			return NM_ELIMIT;
		}
	return NM_OK;
}

int
feed_cached_new(struct feed *feed, char *err, size_t err_size)
{
	const struct rrdcached_config config = { feed->config.rrdcached, on_refused, on_done,
		                                 feed };

	if (!feed->config.rrdcached)
		return NM_OK;
	int rc = check_root(feed, err, err_size);
	if (rc < 0)
		return rc;
	feed->n_minutes = 1;
	feed->sent = calloc(RRDCACHED_LINES_MAX, sizeof(*feed->sent));
	feed->line_sent = calloc(RRDCACHED_LINES_MAX, sizeof(*feed->line_sent));
	(void)snprintf(err, err_size, "out of memory");
	return feed->sent && feed->line_sent ? rrdcached_new(&config, &feed->cached, err, err_size)
	                                     : -ENOMEM;
}

void
feed_cached_free(struct feed *feed)
{
	rrdcached_free(feed->cached);
	feed->cached = NULL;
	if (feed->n_sent > 0)
		on_done(feed, false);
	free(feed->cached_root);
	free(feed->sent);
	free(feed->line_sent);
	feed->cached_root = NULL;
	feed->sent = NULL;
	feed->line_sent = NULL;
}
