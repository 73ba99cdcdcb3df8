/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the collector has seen of each probe since it was started, whether it is connected or not: counts that outlive a
 * connection, for --status and metrics. A session has its probe's tally by tally_of() and counts in it. Life cycle:
 * tallies_new(), tallies_free() after the sessions. One thread.
 */
#ifndef NETMON_COLLECTOR_TALLY_H
#define NETMON_COLLECTOR_TALLY_H

#include "lib/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_MAX       4096 /* probes; the one that was seen least lately makes room, 700 octets each */
#define TALLY_LINKS_MAX 256 /* octets of their names */

struct tally {
	char probe[FRAME_NAME_MAX + 1];
	/* its connection, or the last one */
	char peer[80];               /* address and port */
	char links[TALLY_LINKS_MAX]; /* names with commas between, cut */
	unsigned n_links;
	unsigned connections; /* now; two while an older one is being closed */
	bool tls;
	uint32_t connected_s; /* when, seconds UTC */
	uint32_t seen_s;      /* when something came from it last, seconds UTC; 0: not known */
	uint64_t epoch;
	uint64_t next;      /* sequence behind the highest that it is known to have made */
	uint64_t committed; /* highest in the store */
	/* since the collector was started */
	uint32_t newest_s; /* end of the newest record, seconds UTC; 0: none came */
	uint64_t sessions;
	uint64_t batches; /* stored */
	uint64_t records;
	uint64_t packets;
	uint64_t octets;
	uint64_t duplicates;   /* batches that the store had already */
	uint64_t refused;      /* connections and batches that were not taken */
	uint64_t lost_batches; /* that it said it can no longer give */
	uint64_t lost_records;
};

/* Of the collector as a whole, since it was started. */
struct tally_sums {
	uint64_t accepted;    /* connections */
	uint64_t turned_away; /* no room: too many probes, strangers or descriptors */
	uint64_t strangers;   /* ended before it was known who they are */
	uint64_t half_open;   /* of which it is not known yet, now */
	uint64_t shed;        /* silent ones that were ended in favour of others */
};

struct tallies {
	struct tally_sums sums;
	size_t n;
	struct tally *list[TALLY_MAX];
	struct tally others; /* when there is no memory for one of its own */
};

/* NULL: out of memory. */
struct tallies *tallies_new(void);
void tallies_free(struct tallies *tallies);

/* Makes a tally for a probe that was there before the collector was started. */
void tally_known(struct tallies *tallies, const char *probe, uint32_t seen_s);

/* The tally of a probe, made when it is new; valid as long as it counts a connection, or until the next tally_of(). */
struct tally *tally_of(struct tallies *tallies, const char *probe);

/* The probe is connected, and the store has it up to `committed`. */
void tally_connected(struct tally *t, const struct frame_hello *hello, const char *peer, bool tls,
                     uint64_t committed, uint32_t now_s);
void tally_gone(struct tally *t);
/* A batch, or a LOST in the place of some, has come whole; it need not be stored yet. */
void tally_came(struct tally *t, const struct batch *batch, uint32_t now_s);
/* It is in the store now. */
void tally_stored(struct tally *t, const struct batch *batch);

/* Batches that the probe still holds, as far as it has told. */
uint64_t tally_held(const struct tally *t);

#endif
