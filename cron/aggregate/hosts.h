/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which of the addresses of this run are internal hosts, under which number, in which groups; so that each address is
 * looked up once. One thread.
 */
#ifndef NETMON_CRON_AGGREGATE_HOSTS_H
#define NETMON_CRON_AGGREGATE_HOSTS_H

#include "lib/db.h"
#include "lib/db_aggregate.h"
#include "lib/db_group.h"

/* Hosts that get rows of their own. More would be a group like 0.0.0.0/0, whose every peer is a host: those beyond count
 * in groups and totals only. */
#define HOSTS_MAX 500000

struct hosts;

struct host {
	struct addr addr;
	bool internal;
	int64_t id;   /* ip.id; 0: over HOSTS_MAX */
	bool touched; /* since the last hosts_write() */
	uint32_t first_seen;
	uint32_t last_seen;
	size_t n_groups;
	uint32_t *groups;
};

/* `db` and `groups` stay the caller's and must outlive it. */
int hosts_new(struct db *db, const struct group_set *groups, struct hosts **ret_hosts);
void hosts_free(struct hosts *hosts);

/* What an address is; a host that is new goes into the store (in the caller's transaction). Valid until the next call.
 * 0, -ENOMEM, NM_ESTORE. */
int hosts_find(struct hosts *hosts, const struct addr *addr, uint32_t seen, struct host **ret_host);
/* Notes that a host was seen from `first` to `last`. */
void hosts_seen(struct host *host, uint32_t first, uint32_t last);
/* Writes when the touched hosts were seen, in the caller's transaction. */
int hosts_write(struct hosts *hosts);
/* Internal addresses without a row of their own. */
uint64_t hosts_refused(const struct hosts *hosts);
/* When the memory of addresses is large, forgets them all; call after hosts_write(). */
void hosts_trim(struct hosts *hosts);

#endif
