/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where batches go: the store, or SQL text on standard output. A session asks by these functions and acknowledges what
 * they took. One thread.
 *
 * Results: 0; NM_EEXISTS, NM_EORDER, NM_EFENCED, NM_EFORMAT as db_batch_put() gives them; NM_ESTORE: it did not work now, the probe
 * may come again; another -errno: the output is gone for good and the program should end. A log line has been written
 * for the last two.
 */
#ifndef NETMON_COLLECTOR_INTAKE_H
#define NETMON_COLLECTOR_INTAKE_H

#include "lib/db_flow.h"
#include "lib/frame.h"

#include <stdint.h>

/* A probe's numbering, as one session knows it. */
struct intake_probe {
	const struct frame_hello *hello; /* names; lives as long as the session */
	struct db_watermark committed;   /* how far it is stored */
	int64_t id;                      /* the store's */
	int64_t links[FRAME_LINKS_MAX];  /* the store's */
};

struct intake;

struct intake_ops {
	/* Fills `probe` but for its hello, which is given. */
	int (*hello)(struct intake *intake, struct intake_probe *probe, uint32_t now_s);
	/* Begins the numbering in the middle: everything up to `mark` went elsewhere. */
	int (*start)(struct intake *intake, struct intake_probe *probe,
	             const struct db_watermark *mark, uint32_t now_s);
	int (*apps)(struct intake *intake, struct intake_probe *probe,
	            const struct application *apps, size_t n);
	/* The version of the labels from now on. */
	int (*labels)(struct intake *intake, struct intake_probe *probe, uint32_t labels,
	              uint32_t now_s);
	/* Stores a batch; probe->committed follows. */
	int (*batch)(struct intake *intake, struct intake_probe *probe, const struct batch *batch,
	             uint32_t now_s);
	void (*free)(struct intake *intake);
};

/* First member of both kinds. */
struct intake {
	const struct intake_ops *ops;
};

/* Into a store, which stays the caller's and must outlive the intake. NULL: out of memory. */
struct intake *intake_db_new(struct db *db);

/* As SQL text to a descriptor, which stays the caller's. What is stored is remembered only as long as the program runs:
 * a probe that comes again after a restart begins where it stands. NULL: out of memory. */
struct intake *intake_sql_new(int fd);

/* True for results after which the program cannot go on. */
static inline int
intake_is_fatal(int rc)
{
	return rc < 0 && rc > -2000;
}

#endif
