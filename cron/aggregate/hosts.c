/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of this run and what they are: an open-addressed hash table. */
#include "cron/aggregate/hosts.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define SIZE_FIRST 1024u /* places; a power of two */
#define SIZE_TRIM \
	1048576u /* addresses that are remembered at most before all are forgotten: 90 MB */

struct hosts {
	struct db *db;
	const struct group_set *groups;
	int64_t n_stored; /* rows of ip */
	uint64_t refused;
	size_t n;
	size_t places;
	uint32_t *index; /* number in `list` + 1; 0: free */
	struct host *list;
};

static size_t
place_of(const struct hosts *h, const struct addr *addr)
{
	struct addr key = *addr;

	return (size_t)XXH64(&key, sizeof(key), 0) & (h->places - 1);
}

static int
resize(struct hosts *h, size_t places)
{
	uint32_t *index = calloc(places, sizeof(*index));
	struct host *list = index ? reallocarray(h->list, places / 2, sizeof(*list)) : NULL;

	if (!list) {
		free(index);
		return -ENOMEM;
	}
	free(h->index);
	h->index = index;
	h->list = list;
	h->places = places;
	for (size_t i = 0; i < h->n; i++) {
		size_t at = place_of(h, &list[i].addr);

		while (index[at])
			at = (at + 1) & (places - 1);
		index[at] = (uint32_t)i + 1;
	}
	return NM_OK;
}

int
hosts_new(struct db *db, const struct group_set *groups, struct hosts **ret_hosts)
{
	struct hosts *h = calloc(1, sizeof(*h));
	int rc = h ? resize(h, SIZE_FIRST) : -ENOMEM;

	if (rc == NM_OK)
		rc = db_aggregate_count_hosts(db, &h->n_stored);
	if (rc < 0) {
		hosts_free(h);
		return rc;
	}
	h->db = db;
	h->groups = groups;
	*ret_hosts = h;
	return NM_OK;
}

static void
forget_all(struct hosts *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->list[i].groups);
	h->n = 0;
}

void
hosts_free(struct hosts *hosts)
{
	if (!hosts)
		return;
	forget_all(hosts);
	free(hosts->index);
	free(hosts->list);
	free(hosts);
}

/* Finds or makes the row of an internal host. */
static int
find_row(struct hosts *h, struct host *host, uint32_t seen)
{
	int rc = db_aggregate_find_host(h->db, &host->addr, &host->id);

	if (rc != NM_ENOTFOUND)
		return rc;
	if (h->n_stored >= HOSTS_MAX) {
		h->refused++;
		host->id = 0;
		return NM_OK;
	}
	h->n_stored++;
	return db_aggregate_new_host(h->db, &host->addr, seen, host->groups, host->n_groups,
	                             &host->id);
}

/* Fills in what an address is. */
static int
learn(struct hosts *h, struct host *host, uint32_t seen)
{
	uint32_t ids[AGGREGATE_GROUPS_PER_HOST];
	size_t n = group_set_lookup(h->groups, &host->addr, ids, AGGREGATE_GROUPS_PER_HOST);

	if (n == 0)
		return NM_OK;
	host->internal = true;
	host->n_groups = n < AGGREGATE_GROUPS_PER_HOST ? n : AGGREGATE_GROUPS_PER_HOST;
	host->groups = malloc(host->n_groups * sizeof(*host->groups));
	if (!host->groups)
		return -ENOMEM;
	memcpy(host->groups, ids, host->n_groups * sizeof(*host->groups));
	host->first_seen = host->last_seen = seen;
	return find_row(h, host, seen);
}

int
hosts_find(struct hosts *h, const struct addr *addr, uint32_t seen, struct host **ret_host)
{
	if (h->n == h->places / 2) {
		int rc = h->places > UINT32_MAX / 2 ? -ENOMEM : resize(h, 2 * h->places);

		if (rc < 0)
			return rc;
	}
	size_t at = place_of(h, addr);
	for (; h->index[at]; at = (at + 1) & (h->places - 1)) {
		*ret_host = &h->list[h->index[at] - 1];
		if (addr_compare(&(*ret_host)->addr, addr) == 0)
			return NM_OK;
	}
	struct host *host = &h->list[h->n];
	*host = (struct host){ .addr = *addr };
	h->index[at] = (uint32_t)++h->n;
	*ret_host = host;
	return learn(h, host, seen);
}

void
hosts_seen(struct host *host, uint32_t first, uint32_t last)
{
	if (first < host->first_seen)
		host->first_seen = first;
	if (last > host->last_seen)
		host->last_seen = last;
	host->touched = true;
}

int
hosts_write(struct hosts *hosts)
{
	int rc = NM_OK;

	for (size_t i = 0; i < hosts->n && rc == NM_OK; i++) {
		struct host *host = &hosts->list[i];

		if (!host->touched || host->id == 0)
			continue;
		rc = db_aggregate_host_seen(hosts->db, host->id, host->first_seen, host->last_seen);
		host->touched = false;
	}
	return rc;
}

uint64_t
hosts_refused(const struct hosts *hosts)
{
	return hosts->refused;
}

void
hosts_trim(struct hosts *hosts)
{
	if (hosts->n < SIZE_TRIM)
		return;
	forget_all(hosts);
	memset(hosts->index, 0, hosts->places * sizeof(*hosts->index));
}
