/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names in the RRD tree, made from ids and addresses only. The collector writes the files, the pages read them.
 *
 *   totals/all.rrd            totals/APP.rrd          totals/transit.rrd (ds "in": neither end is internal)
 *   groups/GROUP/all.rrd      groups/GROUP/APP.rrd
 *   hosts/A/B/C/D/all.rrd     hosts/A/B/C/D/APP.rrd   IPv6: eight folders, one a hextet, lower case, no leading zeros
 *
 * Each file has two data sources, "in" and "out": GAUGE, bits per second, step 60 s, update time is the end of the
 * minute. Minutes without traffic inside a file's life are stored as 0.
 */
#ifndef NETMON_LIB_RRDPATH_H
#define NETMON_LIB_RRDPATH_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RRD_STEP_S   60
#define RRD_APP_ALL  (-1) /* the sum of all applications */
#define RRD_TRANSIT  (-2) /* only under totals */
#define RRD_PATH_MAX 4096

enum rrd_scope { RRD_TOTALS, RRD_GROUP, RRD_HOST };

struct rrd_series {
	enum rrd_scope scope;
	uint32_t group;   /* host_group.id, for RRD_GROUP */
	struct addr host; /* for RRD_HOST */
	int app;          /* application id, RRD_APP_ALL or RRD_TRANSIT */
};

/* Folder of a scope below `root`, into ret_path. 0 or NM_ELIMIT. `app` is ignored. */
int rrdpath_folder(const char *root, const struct rrd_series *series, char *ret_path, size_t size);
/* The file of a series below `root`. 0 or NM_ELIMIT. */
int rrdpath_file(const char *root, const struct rrd_series *series, char *ret_path, size_t size);

/* The series of a file's or folder's path below the root, as the two above make them and not otherwise; a folder's has `app`
 * RRD_APP_ALL. 0 or NM_EFORMAT. */
int rrdpath_parse(const char *path, struct rrd_series *ret_series, bool *ret_is_file);

#endif
