/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From new flows to usage by minute and hour. */
#include "cron/aggregate/feed.h"

#include "cron/aggregate/hosts.h"
#include "cron/aggregate/spread.h"
#include "cron/aggregate/tally.h"
#include "lib/db_aggregate.h"
#include "lib/err.h"
#include "lib/record.h"

#define CHUNK_FLOWS 50000  /* rows of `flow` in a transaction: about 0.3 s of the write lock */
#define CHUNK_KEYS  200000 /* usage rows in a transaction, for flows that span many minutes */
#define HOUR        3600u
#define MINUTE      60u
#define STOP        1 /* ends the walk over a chunk's flows */

struct feed {
	struct db *db;
	struct hosts *hosts;
	struct tally *tally;
	int64_t generation;
	int64_t last; /* id of the last flow that is in the tally */
	uint32_t hours_from;
	uint32_t minutes_from; /* before it, only hours are kept; a whole hour */
	uint32_t until;
	uint64_t in_chunk;
	struct feed_result result;
};

/* What a flow is to one subject. */
enum direction { IN, OUT, TRANSIT };

static int
count(struct feed *f, const struct tally_entry *where, enum direction direction,
      const struct share *share)
{
	struct aggregate_usage *u = tally_add(f->tally, where->is_hour, where->key.slot,
	                                      where->key.subject, where->key.application);

	if (!u)
		return -ENOMEM;
	switch (direction) {
	case IN:
		u->in_octets += share->octets;
		u->in_packets += share->packets;
		break;
	case OUT:
		u->out_octets += share->octets;
		u->out_packets += share->packets;
		break;
	case TRANSIT:
		u->transit_octets += share->octets;
		u->transit_packets += share->packets;
		break;
	}
	return NM_OK;
}

/* One slot's share for the total, the host and its groups. */
static int
count_host(struct feed *f, struct tally_entry where, const struct host *host,
           enum direction direction, const struct share *share)
{
	int rc;

	where.key.subject = AGGREGATE_TOTAL;
	rc = count(f, &where, direction, share);
	where.key.subject = host->id;
	if (rc == NM_OK && host->id != 0)
		rc = count(f, &where, direction, share);
	for (size_t i = 0; i < host->n_groups && rc == NM_OK; i++) {
		where.key.subject = -(int64_t)host->groups[i];
		rc = count(f, &where, direction, share);
	}
	return rc;
}

/* The two ends of a flow; values, because a pointer into the hosts lives until the next lookup only. */
struct ends {
	struct host source;
	struct host destination;
};

static int
count_slot(struct feed *f, const struct ends *ends, const struct tally_entry *where,
           const struct share *share)
{
	int rc = NM_OK;

	if (!ends->source.internal && !ends->destination.internal)
		return count(f, where, TRANSIT, share);
	if (ends->destination.internal)
		rc = count_host(f, *where, &ends->destination, IN, share);
	if (rc == NM_OK && ends->source.internal)
		rc = count_host(f, *where, &ends->source, OUT, share);
	return rc;
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* All slots of a flow: hours as long as only these are kept, then minutes. */
static int
count_flow(struct feed *f, const struct ends *ends, const struct aggregate_flow *flow)
{
	struct spread s = {
		.start = (uint64_t)flow->started * 256 + flow->start_frac,
		.end = (uint64_t)flow->expires * 256 + flow->end_frac,
		.packets = flow->packets,
		.octets = flow->octets,
	};
	struct tally_entry where = { .key.application =
		                         flow->overflow ? APP_OVERFLOW : flow->application };
	uint32_t from = larger(flow->started, f->hours_from);
	uint32_t last = smaller(larger(flow->expires, flow->started), f->until - 1);
	int rc = NM_OK;

	while (from <= last && rc == NM_OK) {
		where.is_hour = from < f->minutes_from;
		uint32_t length = where.is_hour ? HOUR : MINUTE;
		where.key.slot = from / length * length;
		struct share share = spread_share(&s, where.key.slot, where.key.slot + length);
		if (share.octets > 0 || share.packets > 0)
			rc = count_slot(f, ends, &where, &share);
		from = where.key.slot + length;
	}
	return rc;
}

static int
find_ends(struct feed *f, const struct aggregate_flow *flow, struct ends *ret_ends)
{
	uint32_t last = smaller(larger(flow->expires, flow->started), f->until);
	const struct addr *addrs[] = { &flow->saddr, &flow->daddr };
	struct host *const ends[] = { &ret_ends->source, &ret_ends->destination };

	*ret_ends = (struct ends){ 0 };
	if (flow->overflow) /* nobody's: in the totals as what runs between hosts in no group */
		return NM_OK;
	for (size_t i = 0; i < 2; i++) {
		struct host *host;
		int rc = hosts_find(f->hosts, addrs[i], last, &host);

		if (rc < 0)
			return rc;
		if (host->internal)
			hosts_seen(host, flow->started, last);
		*ends[i] = *host;
	}
	return NM_OK;
}

static int
take_flow(void *ctx, const struct aggregate_flow *flow)
{
	struct feed *f = ctx;
	struct ends ends;

	f->last = flow->id;
	f->in_chunk++;
	f->result.flows++;
	if (flow->malformed) {
		f->result.malformed++;
		return NM_OK;
	}
	if (larger(flow->expires, flow->started) < f->hours_from || flow->started >= f->until) {
		f->result.outside++;
		return NM_OK;
	}
	int rc = find_ends(f, flow, &ends);
	if (rc == NM_OK)
		rc = count_flow(f, &ends, flow);
	if (rc < 0)
		return rc;
	return tally_count(f->tally) >= CHUNK_KEYS ? STOP : NM_OK;
}

static int
write_entry(void *ctx, const struct tally_entry *entry)
{
	struct feed *f = ctx;
	struct aggregate_key key = entry->key;
	int rc = NM_OK;

	key.generation = f->generation;
	if (!entry->is_hour)
		rc = db_aggregate_add_minute(f->db, &key, &entry->usage);
	key.slot = key.slot / HOUR * HOUR;
	if (rc == NM_OK)
		rc = db_aggregate_add_hour(f->db, &key, &entry->usage);
	return rc;
}

/* One transaction: at most a chunk of flows, their usage, and how far it got. */
static int
take_chunk(struct feed *f)
{
	f->in_chunk = 0;
	int rc = db_begin_write(f->db);
	if (rc == NM_OK)
		rc = db_aggregate_flows(f->db, f->last, CHUNK_FLOWS, take_flow, f);
	if (rc >= 0)
		rc = tally_each(f->tally, write_entry, f);
	if (rc == NM_OK)
		rc = hosts_write(f->hosts);
	if (rc == NM_OK)
		rc = db_aggregate_set(f->db, AGGREGATE_FLOW, f->last);
	rc = db_end_write(f->db, rc);
	tally_clear(f->tally);
	hosts_trim(f->hosts);
	return rc;
}

int
feed_run(struct db *db, const struct group_set *groups, int64_t generation, uint32_t end,
         struct feed_result *ret_result)
{
	struct feed f = {
		.db = db,
		.generation = generation,
		.hours_from = (end - AGGREGATE_HOURS_S) / HOUR * HOUR,
		.minutes_from = (end - AGGREGATE_MINUTES_S) / HOUR * HOUR,
		.until = end + FEED_AHEAD_S,
	};
	int rc = tally_new(&f.tally);

	if (rc == NM_OK)
		rc = hosts_new(db, groups, &f.hosts);
	if (rc == NM_OK)
		rc = db_aggregate_get(db, AGGREGATE_FLOW, &f.last);
	while (rc == NM_OK) {
		rc = take_chunk(&f);
		if (rc == NM_OK && f.in_chunk == 0)
			break;
	}
	f.result.refused = f.hosts ? hosts_refused(f.hosts) : 0;
	*ret_result = f.result;
	hosts_free(f.hosts);
	tally_free(f.tally);
	return rc;
}
