/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of the feed share (feed.h): feed.c adds up, feed_write.c writes what is due, feed_cached.c gives it to an
 * rrdcached instead, feed_ask.c answers the pages, feed_store.c reads the store at the start, feed_tail.c all the time. For those files only. One thread.
 */
#ifndef NETMON_COLLECTOR_FEED_PARTS_H
#define NETMON_COLLECTOR_FEED_PARTS_H

#include "collector/feed.h"
#include "collector/feed_state.h"
#include "collector/minutes.h"
#include "collector/rrdfile.h"
#include "lib/log.h"

#define FEED_SLICE_MS 20 /* writing in one turn of the loop */
#define FEED_FLUSH_MS 50 /* writing for pages in one turn of the loop */
#define FEED_SHEAF \
	64 /* minutes of a series that are written together at most; more than FEED_MINUTES_MAX */
#define FEED_FILES_MAX 1000000u
#define FEED_APPS      65536u

/* A value that is on its way to an rrdcached. */
struct feed_sent {
	uint32_t minute;
	uint32_t entry; /* index in the minute's table */
	bool failed;    /* counted already */
	bool again;     /* its file was missing: to be sent once more */
};

struct prune;
struct rrdcached;

/* Reading flows back from the store, while it runs. */
struct feed_tail {
	bool on;
	bool placed;       /* `after` and `fresh` are known */
	bool more;         /* look whether there is something behind `after` */
	bool whole;        /* from the first flow that the store has */
	int64_t after;     /* id of the last flow that was read */
	int64_t fresh;     /* up to this id, parts of minutes that are written are no news */
	int64_t retry_ms;  /* after the store failed: not before */
	unsigned failures; /* in a row */
	struct log_limit log;
};

struct feed {
	struct feed_config config;
	unsigned n_minutes;      /* of a series that are written together */
	struct loop *loop;       /* NULL until attached */
	struct feed_state state; /* watermark and lock */
	struct rrdfile_tree tree;
	struct group_set *groups;
	struct minutes minutes;
	struct series_table files; /* last updates that are known */
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

	/* the walk over closed minutes that looks for what is due */
	size_t walk_minute; /* index of the minute */
	size_t walk_entry;
	uint32_t walk_floor; /* what was closed when the walk began */
	bool hurry;          /* everything that is closed is due */

	struct feed_tail tail;
	int64_t flush_ms;   /* spent on requests of the pages since the loop came round */
	int64_t stall_ms;   /* when the disk was found full; 0: it is not */
	int64_t standby_ms; /* when the lock was asked for last; 0: the tree is open */

	/* applications that were ever seen, so that a subject's series can be asked for without a walk */
	uint8_t app_seen[FEED_APPS / 8];
	uint16_t apps[FEED_APPS];
	size_t n_apps;

	struct rrdcached *cached; /* NULL: files are written here */
	char *cached_root;        /* as rrdcached is told it */
	struct feed_sent *sent;   /* values of the batch, RRDCACHED_LINES_MAX of them */
	size_t n_sent;
	uint16_t *line_sent; /* by line of the batch: index in `sent` */
	size_t n_lines;

	struct prune *prune;   /* NULL: nothing is removed */
	uint32_t prune_base_s; /* the watermark at the start */
	int64_t prune_base_ms; /* the start */
	int64_t prune_next_ms;
	bool pruning;
	uint64_t pruned_before; /* files, by earlier walks */
};

int64_t feed_now_ms(void); /* monotonic */
/* Whether memory gets short: what is closed is due at once, and no more is read from the store. */
bool feed_is_short(const struct feed *feed);

/* --- feed.c ----------------------------------------------------------------------------------------------------------- */

/* What a start begins with: minutes before it are in the files, and on the disk. */
uint32_t feed_floor(const struct feed *feed);
/* Adds a record; `feed->rebuilding` decides what becomes of parts before the watermark. */
void feed_add(struct feed *feed, const struct record *r);
/* Closes what is old enough by data time, and makes room when memory gets short. */
void feed_close_due(struct feed *feed);

/* --- feed_store.c ----------------------------------------------------------------------------------------------------- */

/* Whether the files of minutes in memory parse; feed->broken_seen when one does not. */
void feed_check_open(struct feed *feed);
/* Back to an empty memory, with everything before `floor` closed. */
void feed_forget(struct feed *feed, uint32_t floor);

/* --- feed_tail.c ------------------------------------------------------------------------------------------------------ */

/* From now on flows come from the store: those from the first minute on that is not closed. */
void feed_tail_begin(struct feed *feed);
/* Whether there may be something to read, and room for it. */
bool feed_tail_can_read(const struct feed *feed);
/* Reads for at most `slice_ms`. */
void feed_tail_slice(struct feed *feed, int64_t slice_ms);
/* Each second: looks for new flows. */
void feed_tail_tick(struct feed *feed);

/* --- feed_write.c ----------------------------------------------------------------------------------------------------- */

/* Values of one series that are taken out of closed minutes. */
struct feed_taken {
	size_t n;
	struct rrdfile_value values[FEED_SHEAF];
	struct feed_sent sent[FEED_SHEAF]; /* where they are */
};

/* Takes at most `max` minutes of one series that are closed and neither written nor sent, from the oldest; they are marked
 * with `mark`. */
void feed_collect(struct feed *feed, const struct rrd_series *key, enum minute_mark mark,
                  size_t max, struct feed_taken *ret_taken);
/* What is known of a series' file; NULL when no more files are kept in mind. */
struct series_entry *feed_file(struct feed *feed, const struct rrd_series *key);
/* Writes all that is closed of a series into its file, or gives it to the rrdcached. False when that takes nothing now. */
bool feed_write_series(struct feed *feed, const struct rrd_series *key);
/* When the disk is full: takes back what was taken, and stops writing for a while. False for other errors. */
bool feed_stall(struct feed *feed, const struct feed_taken *taken, int rc, const char *why);
/* Whether nothing is to be written now. */
bool feed_is_stalled(const struct feed *feed);
/* Counts and logs values that could not be written. */
void feed_failed(struct feed *feed, size_t n, const char *why);
/* From now on all that is closed is due, until it is written. */
void feed_hurry(struct feed *feed);
/* Writes closed minutes for a slice, due or not. */
void feed_write_now(struct feed *feed);
/* Writes what is due for at most `slice_ms`. True when some is left that can be written now. */
bool feed_write_slice(struct feed *feed, int64_t slice_ms);
/* Writes everything that is closed; with a store or an rrdcached as far as it gets in ten seconds. */
void feed_write_all(struct feed *feed);

/* --- feed_cached.c ---------------------------------------------------------------------------------------------------- */

/* Makes the connection's state. 0, or a negative code with one line in `err`. */
int feed_cached_new(struct feed *feed, char *err, size_t err_size);
void feed_cached_free(struct feed *feed);
/* Whether values go to an rrdcached: not while it is away and memory is short. */
bool feed_cached_is_used(const struct feed *feed);
/* The minutes in memory are gone: what the batch says of them is no news. */
void feed_cached_forget(struct feed *feed);
/* Gives what is closed of a series to the rrdcached. False when it takes nothing now. */
bool feed_cached_series(struct feed *feed, const struct rrd_series *key);

/* --- feed_prune.c ----------------------------------------------------------------------------------------------------- */

/* 0 or -ENOMEM. */
int feed_prune_new(struct feed *feed);
/* Removes old files: once a second a small step. */
void feed_prune_step(struct feed *feed);

#endif
