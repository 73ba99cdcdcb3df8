/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of the RRD tree (lib/rrdpath.h): made when they are first written, one update a minute, silent minutes as 0. An
 * update that a kill cut off is undone at the next start (rrdfile_undo.h). A file that does not parse, as a machine that
 * went down may leave it, is put aside: FILE.broken, one for each file, and begun anew.
 *
 * Life cycle: rrdfile_open() under the tree's lock, rrdfile_put(), rrdfile_close(). One thread.
 */
#ifndef NETMON_COLLECTOR_RRDFILE_H
#define NETMON_COLLECTOR_RRDFILE_H

#include "lib/log.h"
#include "lib/rrdpath.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rrd_undo;

struct rrdfile_tree {
	const char *root;
	struct rrd_undo *undo;
	bool
	    leave_broken; /* the caller's: files that do not parse stay where they are, NM_EFORMAT tells */
	bool undone;     /* an update was cut off last time, and is undone */
	uint64_t broken; /* files that were put aside */
	uint64_t created;
	/* a file without values that begins at image_start (0: none), for all that begin then */
	uint8_t *image;
	size_t image_len;
	uint32_t image_start;
	struct log_limit broken_log;
};

/* Opens the tree at `root`, which is there, is not copied and outlives it; `believed`: the machine is up since an update
 * may have been cut off. 0, or -errno with one line in `err`. */
int rrdfile_open(const char *root, bool believed, struct rrdfile_tree *ret_tree, char *err,
                 size_t err_size);
/* A zeroed tree is fine. */
void rrdfile_close(struct rrdfile_tree *tree);

/* A minute of a series. */
struct rrdfile_value {
	uint32_t minute; /* its beginning, seconds UTC */
	uint64_t in_octets;
	uint64_t out_octets;
};

/* Minutes of one series, oldest first. Opening a file costs far more than a value, so several go together. */
struct rrdfile_update {
	const struct rrd_series *series;
	const struct rrdfile_value *values;
	size_t n;
};

/* Stores minutes into the series' file; those that the file is beyond are left out. *last_end is the time of the file's
 * last update as far as the caller knows (0: not at all) and is brought up to date. 0; NM_EEXISTS: the file is beyond all of
 * them, nothing is written; NM_EFORMAT: it does not parse, and is left; NM_ELIMIT: the path is too long, or the file larger
 * than one of the tree; -errno: a folder cannot be made, the file cannot be read; NM_ESTORE: librrd said no. But for the
 * first two, `err` has the words. */
int rrdfile_put(struct rrdfile_tree *tree, const struct rrdfile_update *u, uint32_t *last_end,
                char *err, size_t err_size);

/* Makes a series' file that begins at `minute` when it is not there; *ret_last is the time of its last update. Codes as above;
 * for each but 0, `err` has the words. */
int rrdfile_make(struct rrdfile_tree *tree, const struct rrd_series *series, uint32_t minute,
                 uint32_t *ret_last, char *err, size_t err_size);

/* Whether a series' file parses: 0, NM_EFORMAT, -ENOENT, another -errno or NM_ELIMIT. */
int rrdfile_check(const struct rrdfile_tree *tree, const struct rrd_series *series);

#endif
