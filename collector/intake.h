/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where batches go: the store, or SQL text on standard output. The writer (writer.h) asks by these functions, between begin()
 * and commit() or rollback(), and what they took is acknowledged after the commit. One thread, the writer's; intake_hurry() any.
 *
 * Results: 0; NM_EEXISTS, NM_EORDER, NM_EFENCED, NM_EFORMAT as db_batch_add() gives them, which leave the transaction as it was;
 * NM_ESTORE: it did not work now, all since begin() is to be rolled back and tried again; another -errno: the output is gone for good
 * and the program should end. A log line has been written for the last two.
 */
#ifndef NETMON_COLLECTOR_INTAKE_H
#define NETMON_COLLECTOR_INTAKE_H

#include "lib/db_flow.h"
#include "lib/db_probe.h"
#include "lib/frame.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A probe's numbering. */
struct intake_probe {
	struct frame_hello hello;    /* as it came; never changes */
	struct db_probe_place place; /* from hello() on */
	unsigned long
	    spoke; /* turn of the intake in which its epoch was seen to speak for its links */
};

struct intake;

struct turn;

struct intake_ops {
	int (*begin)(struct intake *intake);
	int (*commit)(struct intake *intake);
	void (*rollback)(struct intake *intake);
	/* Fills probe->place; NM_EFENCED too. */
	int (*hello)(struct intake *intake, struct intake_probe *probe, uint32_t now_s);
	int (*apps)(struct intake *intake, struct intake_probe *probe,
	            const struct application *apps, size_t n);
	/* The version of the labels from now on. */
	int (*labels)(struct intake *intake, struct intake_probe *probe, uint32_t labels,
	              uint32_t now_s);
	int (*batch)(struct intake *intake, struct intake_probe *probe, const struct batch *batch,
	             uint32_t now_s);
	/* Something happened to a probe that somebody should look at. */
	int (*event)(struct intake *intake, const struct db_probe_event *event);
	void (*free)(struct intake *intake);
};

/* First member of both kinds. */
struct intake {
	const struct intake_ops *ops;
	atomic_bool hurry; /* what waits for somebody else gives up */
	/* into a store: taken for each transaction; not owned. NULL: no other thread writes there */
	struct turn *turn;
};

/* Into a store, which stays the caller's and must outlive the intake. NULL: out of memory. */
struct intake *intake_db_new(struct db *db);

/* As SQL text to a descriptor, which stays the caller's. What is stored is remembered only as long as the program runs:
 * a probe that comes again after a restart begins where it stands. NULL: out of memory. */
struct intake *intake_sql_new(int fd);

/* True for results after which the program cannot go on. */
static inline bool
intake_is_fatal(int rc)
{
	return rc < 0 && rc > -2000;
}

#endif
