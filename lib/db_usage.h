/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the pages and alerts read of the aggregates: tables of usage over a window, and names. Written by
 * netmon-aggregate (db_aggregate.h). All functions: 0, NM_ENOTFOUND where said, or NM_ESTORE.
 */
#ifndef NETMON_LIB_DB_USAGE_H
#define NETMON_LIB_DB_USAGE_H

#include "lib/db.h"
#include "lib/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The windows' lengths in seconds; each ends at usage_end(). */
enum usage_period { USAGE_CURR = 300, USAGE_1HR = 3600, USAGE_6HR = 21600, USAGE_24HR = 86400 };

struct usage_row {
	/* who: which of them are filled depends on the table */
	char addr[ADDR_TEXT_MAX]; /* host */
	uint32_t group;
	char group_name[64];
	struct application app;
	/* Unknown's peers */
	char peer[ADDR_TEXT_MAX];
	uint16_t port;
	uint16_t peer_port;
	uint8_t protocol;
	/* how much, over the window; rate in bits/s is octets * 8 / period */
	uint64_t in_octets;
	uint64_t out_octets;
	uint64_t transit_octets; /* USAGE_APPS with no host and no group only */
	uint64_t in_packets;
	uint64_t out_packets;
};

/* A table: what its rows are, narrowed to a host, group and application where these are set. Other narrowings than those
 * that are listed: NM_EFORMAT. */
enum usage_table {
	USAGE_APPS,    /* rows: applications. Of all, of a group, or of a host */
	USAGE_HOSTS,   /* rows: hosts. Of all, of a group, of an application, or of both */
	USAGE_GROUPS,  /* rows: groups. Of all, or of an application, or those that hold a host */
	USAGE_UNKNOWN, /* rows: peers of what is Unknown at a host (host must be set) */
};

enum usage_sort { USAGE_BY_TOTAL, USAGE_BY_IN, USAGE_BY_OUT, USAGE_BY_NAME };

struct usage_query {
	enum usage_table table;
	enum usage_period period;
	const char *host; /* canonical address text or NULL */
	int64_t group;    /* id, or -1 */
	int32_t app;      /* id, or -1 */
	enum usage_sort sort;
	bool ascending;
	size_t limit; /* most rows; 0: 10,000 */
};

/* Calls `each` for the rows in order; a value other than 0 ends the walk and is returned. Rows with no traffic in the
 * window do not occur. */
int db_usage_each(struct db *db, const struct usage_query *query,
                  int (*each)(void *ctx, const struct usage_row *row), void *ctx);
/* How many rows there are without the limit. */
int db_usage_count(struct db *db, const struct usage_query *query, size_t *ret_count);
/* Sum over all rows, into one row's counters. */
int db_usage_sum(struct db *db, const struct usage_query *query, struct usage_row *ret_sum);
/* When the windows end, seconds UTC, a whole minute; 0: nothing was aggregated yet. */
int db_usage_end(struct db *db, uint32_t *ret_end_s);

/* The windows end at a whole minute, one to two and a half minutes before netmon-aggregate ran: a flow is exported up to
 * a minute after its first packet, so what is later is not complete and would make every rate look low. */

/* Octets of one series over the `window_s` seconds before db_usage_end(), for alerts: exact to the minute up to 6 h.
 * host NULL, group -1, app -1: not narrowed. A host that was never seen has 0. Longer windows begin at a whole hour. A
 * host and a group together: NM_EFORMAT. */
int db_usage_window(struct db *db, const char *host, int64_t group, int32_t app, uint32_t window_s,
                    uint64_t *ret_in_octets, uint64_t *ret_out_octets);

int db_app_get(struct db *db, uint16_t id, struct application *ret_app); /* NM_ENOTFOUND */
int db_app_each(struct db *db, int (*each)(void *ctx, const struct application *app),
                void *ctx); /* by name */

/* A host that was seen: NM_ENOTFOUND when it never was, or is not internal. */
int db_host_get(struct db *db, const char *addr, uint32_t *ret_first_seen, uint32_t *ret_last_seen);
/* Hosts whose address begins with or contains `text` (no wildcards), by address, at most `limit`. */
int db_host_search(struct db *db, const char *text, size_t limit,
                   int (*each)(void *ctx, const char *addr), void *ctx);

#endif
