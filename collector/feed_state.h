/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The RRD tree's watermark: file .netmond in its root, and a lock, so that two collectors never write one tree. Lines:
 *
 *   written SECONDS    every minute that began before is in the files
 *   boot UUID          a collector runs, or was killed, since this start of the machine; not there after an orderly end
 *   lost               what a machine that went down took with it has not been added up again yet
 *
 * A killed collector loses nothing that it gave to the kernel: the watermark holds. A machine that goes down under it loses
 * what was not on the disk yet, of each file something else; that is `lost`, and it is seen by another boot. One thread.
 */
#ifndef NETMON_COLLECTOR_FEED_STATE_H
#define NETMON_COLLECTOR_FEED_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed_state {
	int lock_fd;      /* -1: not open */
	uint32_t written; /* a whole minute; 0 for a new tree, or when the file does not parse */
	bool lost;        /* the caller's to clear */
	bool same_boot;   /* the machine is up since the last collector was */
	char boot[40];    /* this start of the machine */
};

/* Makes the folder when it is missing, takes the lock and notes that a collector runs. 0, or a negative code with one line
 * in `err`. */
int feed_state_open(const char *root, struct feed_state *ret_state, char *err, size_t err_size);

/* Replaces the watermark in one step. 0 or -errno. */
int feed_state_save(const char *root, const struct feed_state *state);

/* An orderly end: notes it and gives the lock back. */
void feed_state_close(const char *root, struct feed_state *state);

#endif
