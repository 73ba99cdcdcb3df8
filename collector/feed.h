/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flows into the RRD tree (lib/rrdpath.h). Octets are spread over the minutes that a flow spans and added up in memory;
 * a minute is closed when nothing more is to be expected for it:
 *   - data time: a probe delivered a record of FEED_LATE_S after its end, or
 *   - clock: no batch came for FEED_QUIET_S, and the minute ended FEED_LATE_S ago; but not within FEED_HOLD_S after a
 *     connection was lost, because that probe still holds records of those minutes.
 * So a live link and the replay of an old capture both get each minute right. Octets for a minute that is written already
 * are counted and logged; the store has them. So are those for a minute that is still to come, which a probe with a wrong
 * clock sends: once written, it would stop the files that it is in until that time.
 *
 * To open a file costs more than to write a value. So closed minutes wait in memory, up to `minutes` of them, and those of a
 * series are written together; each series has its turn, and in each minute the same share of them is written. A page
 * that is going to read a file asks for it ("flush" on the control socket) and has all closed minutes of it. When memory
 * gets short, what is closed is written at once. Where an rrdcached is configured, closed minutes go there at once instead, and
 * count as written when it has confirmed them (feed_cached.c).
 *
 * Derived data with a watermark of its own: the file .netmond in the tree says which minutes are written. After a crash the
 * minutes behind it are added up again from the store (feed_rebuild()). The one file that was being updated when the
 * program was killed is put back to what it was before (rrdfile_undo.h); nothing is synced to the disk for that, because a
 * kill does not lose what the kernel has. When the machine went down (feed_state.h), the minutes of the last ten minutes
 * before the watermark are added up again too, which the files that have them refuse; and when one of the files does not
 * parse, all that the store has is added up, so that the file, which is put aside, comes again as far as the store goes.
 *
 * Where several processes write one store (netmond's workers, or several netmonds), no process sees all batches. There the feed
 * reads the flows back from the store, by their ids, which rise with the commits: whatever is committed late is read
 * late, nothing is missed. All processes open the feed alike, with `tail`; the one that has the tree's lock feeds it, the
 * others stand by and one of them takes over within FEED_STANDBY_S of its end, from the tree's watermark on. Duplicates
 * (collector/overlap.h) are left out, as they are of a batch.
 *
 * A feed with a store also reads back from there when it has lost something: when memory was full, because the files take less
 * than comes. It forgets its sums then, and reads on from the watermark as fast as the files take it.
 *
 * A full disk loses nothing either: what is closed waits in memory, writing is tried again every FEED_STALL_S, and beyond what
 * memory holds the store has it. Without a store, what finds no room is counted.
 *
 * Life cycle: feed_new(), feed_rebuild() if there is a store, feed_attach(), feed_batch() for each new batch,
 * feed_flush(), feed_free(). With `tail` the calls are the same ones, and feed_batch() does nothing. One thread.
 */
#ifndef NETMON_COLLECTOR_FEED_H
#define NETMON_COLLECTOR_FEED_H

#include "collector/loop.h"
#include "lib/db.h"
#include "lib/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Records come up to two minutes after their packets: a flow lives 60 s, idles, waits for its batch. */
#define FEED_LATE_S  180u
#define FEED_QUIET_S 20
#define FEED_HOLD_S  600
/* How often a process that stands by asks for the lock, and how long a full disk is left alone. */
#define FEED_STANDBY_S 2
#define FEED_STALL_S   10
/* Sums in memory, 60 octets each on average and 75 at most; a series in a minute is one. 100,000 series with 15 minutes that wait and
 * four that go on have 1.9 million of them. */
#define FEED_ENTRIES_MAX 3000000u
#define FEED_MINUTES_MAX 60u

struct feed_config {
	const char *root;   /* folder of the tree, made when it is missing; not copied */
	struct db *db;      /* groups come from here, each minute anew; NULL: from the file */
	const char *groups; /* file of groups, not copied; NULL: none, all traffic is transit */
	unsigned minutes; /* of a series that are written together, 1 to FEED_MINUTES_MAX; 0 is 1 */
	const char
	    *rrdcached;  /* address of an rrdcached that writes the files, not copied, or NULL */
	uint32_t keep_s; /* files without a value for so long are removed; 0: none */
	bool tail;       /* needs db: others write that store too, so flows are read from there */
};

struct feed;

/* 0, or a negative code with one line in `err`: the folder cannot be used, another netmond writes to it, the groups
 * cannot be read. With `tail` another netmond is no error but this one stands by; with a store a full disk is none
 * either, and the feed begins when there is room. */
int feed_new(const struct feed_config *config, struct feed **ret_feed, char *err, size_t err_size);
/* Without writing; NULL is fine. */
void feed_free(struct feed *feed);

/* Adds up again what the store has of minutes that were not written, and of files that do not parse. With `tail` that is done in
 * steps once it is attached. 0 or NM_ESTORE. */
int feed_rebuild(struct feed *feed, struct db *db);

/* Lets the loop write minutes in slices and reload the groups. 0 or NM_ELIMIT. */
int feed_attach(struct feed *feed, struct loop *loop);

/* Adds a batch that was not seen before, unless the feed reads from the store. Without a store writes minutes itself when memory
 * gets short, for about 20 ms. */
void feed_batch(struct feed *feed, const struct batch *batch);
/* A probe's connection ended; `clean`: by the probe's own wish, with nothing left to send. */
void feed_session_end(struct feed *feed, bool clean);

/* Writes what is due, for about 20 ms. True when more is left. The loop calls it once the feed is attached. */
bool feed_work(void *feed);

/* Answers "flush PATH" on the control socket (collector/control.h), `ctx` is the feed: PATH is a file or folder of the tree, below its root. What
 * is closed of it is written, and the answer is "ok", or "error: busy ..." when requests have taken 50 ms in this turn of the loop already; or it is given to an rrdcached, and the answer is "ok rrdcached SOCKET": there
 * FLUSH has to be asked for, too. */
void feed_answer_flush(void *ctx, const char *argument, FILE *out);

/* Writes what is old enough by the clock, and without a store, which would give the rest to the next start, every
 * minute. */
void feed_flush(struct feed *feed);

/* How the feed comes by its records. */
enum feed_source {
	FEED_BATCHES, /* by feed_batch() */
	FEED_STORE,   /* reads them back */
	FEED_STANDBY, /* another process feeds this tree, or there is no room to begin */
};

enum feed_cached { FEED_CACHED_NONE, FEED_CACHED_AWAY, FEED_CACHED_THERE };

struct feed_stats {
	uint64_t late_octets;    /* for minutes that were written already */
	uint64_t refused_octets; /* memory was full */
	uint64_t ahead_octets;   /* more than a minute ahead of this machine's clock */
	uint64_t failed;         /* values that librrd refused */
	uint64_t written;        /* values */
	uint64_t broken;         /* files that did not parse and were put aside */
	uint64_t updates;        /* of files: calls, each with several values */
	uint64_t created;        /* files */
	uint64_t pruned;  /* files that were removed, because nothing came for them for so long */
	uint64_t flushes; /* requests of the pages */
	uint64_t flushes_cut; /* that were not served whole, because they took too long */
	uint64_t stalls;      /* attempts to write that found the disk full */
	uint64_t rereads;     /* times that memory was full, so that it reads the store instead */
	/* now */
	size_t entries; /* in memory: sums that grow, and closed ones that wait for their turn */
	size_t entries_max;      /* beyond three quarters of it they are written at once */
	size_t files;            /* that are known */
	uint32_t oldest_s;       /* oldest minute in memory, 0: none */
	uint32_t newest_s;       /* latest end of a record so far */
	enum feed_cached cached; /* the rrdcached */
	enum feed_source source;
	bool stalled;       /* the disk is full: nothing is written */
	bool behind;        /* FEED_STORE: there are flows in the store that were not read yet */
	uint32_t written_s; /* the watermark: every minute before is in the files */
};
void feed_get_stats(const struct feed *feed, struct feed_stats *ret_stats);

#endif
