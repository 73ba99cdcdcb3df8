/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the running collector says of itself on the control socket: "status" in JSON, for netmond --status
 * (collector/status_show.h), and "metrics" in Prometheus' text format. Both print the numbers of one table each, of the collector
 * and of each probe. Life cycle: status_new() registers the commands, status_free() after the control socket. One thread.
 */
#ifndef NETMON_COLLECTOR_STATUS_H
#define NETMON_COLLECTOR_STATUS_H

#include "collector/control.h"
#include "collector/latency.h"
#include "collector/tally.h"

#include <stdio.h>

struct feed;
struct retention;
struct writer;

/* Of the store. The loop's thread writes it. */
struct status_store {
	char kind[16];          /* "sqlite", "mysql", "text" */
	uint64_t octets_max;    /* cap of its size, 0: none */
	struct latency latency; /* of batches, from their arrival to the end of their commit */
};

/* Where the numbers come from; all outlive the status. */
struct status_sources {
	const struct loop *loop;
	const struct tallies *tallies;
	const struct status_store *store;
	struct writer *writer;
	const struct feed *feed;     /* NULL: none */
	struct retention *retention; /* NULL: none */
	unsigned worker;             /* which one of several this is, from 0 */
};

struct status;

/* 0, -ENOMEM or NM_ELIMIT. */
int status_new(const struct status_sources *sources, struct control *control,
               struct status **ret_status);
void status_free(struct status *status);

/* The answers to both commands. */
void status_json(const struct status *status, FILE *out);
void status_metrics(const struct status *status, FILE *out);

#endif
