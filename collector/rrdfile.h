/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of the RRD tree (lib/rrdpath.h): made when they are first written, one update a minute, silent minutes as 0.
 * One thread.
 */
#ifndef NETMON_COLLECTOR_RRDFILE_H
#define NETMON_COLLECTOR_RRDFILE_H

#include "lib/rrdpath.h"

#include <stddef.h>
#include <stdint.h>

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

/* Stores minutes into the series' file below `root`; those that the file is beyond are left out. *last_end is the time of
 * the file's last update as far as the caller knows (0: not at all) and is brought up to date. 0; NM_EEXISTS: the file is
 * beyond all of them, nothing is written; NM_ELIMIT: the path is too long; -errno: a folder cannot be made; NM_ESTORE:
 * librrd said no. For the last three, `err` has the words. */
int rrdfile_put(const char *root, const struct rrdfile_update *u, uint32_t *last_end, char *err,
                size_t err_size);

#endif
