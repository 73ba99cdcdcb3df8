/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a page or a graph is about: all traffic, a group, an application, a group's application, a host, or what is
 * Unknown at a host; with the names that the store knows. Plain value; caller's thread only.
 */
#ifndef NETMON_WEB_SUBJECT_H
#define NETMON_WEB_SUBJECT_H

#include "lib/db_group.h"
#include "lib/record.h"
#include "web/buf.h"
#include "web/route.h"

struct subject {
	const struct route_params *params; /* ids and address; the caller's */
	struct db_group group;             /* when params->has_group */
	struct application app;            /* when params->has_app */
	uint32_t first_seen_s;             /* when params->has_host */
	uint32_t last_seen_s;
};

/* Looks the names up. 0; NM_ENOTFOUND: no such group or application, or the host was never seen; NM_ESTORE. `params`
 * must outlive *ret_subject. */
int subject_find(struct db *db, const struct route_params *params, struct subject *ret_subject);

/* "Campus · HTTPS" as plain text (not escaped) behind what is in `out`. */
void subject_name(const struct subject *s, struct buf *out);
/* Path of its graph below the base, without the ending: "/graph/group/1/app/3". */
void subject_graph_path(const struct subject *s, struct buf *out);

/* An application's name, or "application 7" for one that has none, into `buf`; returns it. */
const char *subject_app_name(const struct application *app, char *buf, size_t size);

#endif
