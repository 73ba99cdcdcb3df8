/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names in the RRD tree. */
#include "lib/rrdpath.h"

#include "lib/err.h"

#include <stdio.h>

static int
host_folder(const char *root, const struct addr *host, char *ret_path, size_t size)
{
	const uint8_t *b = host->b;

	if (addr_is_v4(host))
		return snprintf(ret_path, size, "%s/hosts/%u/%u/%u/%u", root, b[12], b[13], b[14],
		                b[15]);
	unsigned h[8];
	for (int i = 0; i < 8; i++)
		h[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
	return snprintf(ret_path, size, "%s/hosts/%x/%x/%x/%x/%x/%x/%x/%x", root, h[0], h[1], h[2],
	                h[3], h[4], h[5], h[6], h[7]);
}

int
rrdpath_folder(const char *root, const struct rrd_series *series, char *ret_path, size_t size)
{
	int n = -1;

	switch (series->scope) {
	case RRD_TOTALS:
		n = snprintf(ret_path, size, "%s/totals", root);
		break;
	case RRD_GROUP:
		n = snprintf(ret_path, size, "%s/groups/%u", root, series->group);
		break;
	case RRD_HOST:
		n = host_folder(root, &series->host, ret_path, size);
		break;
	}
	return n < 0 || (size_t)n >= size ? NM_ELIMIT : NM_OK;
}

int
rrdpath_file(const char *root, const struct rrd_series *series, char *ret_path, size_t size)
{
	char folder[RRD_PATH_MAX];
	int n;

	if (rrdpath_folder(root, series, folder, sizeof(folder)) < 0)
		return NM_ELIMIT;
	if (series->app == RRD_APP_ALL)
		n = snprintf(ret_path, size, "%s/all.rrd", folder);
	else if (series->app == RRD_TRANSIT)
		n = snprintf(ret_path, size, "%s/transit.rrd", folder);
	else
		n = snprintf(ret_path, size, "%s/%d.rrd", folder, series->app);
	return n < 0 || (size_t)n >= size ? NM_ELIMIT : NM_OK;
}
