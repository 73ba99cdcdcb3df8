/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run: choose the generation, feed it, publish, prune. */
#include "cron/aggregate/run.h"

#include "lib/db_aggregate.h"
#include "lib/db_group.h"
#include "lib/err.h"

#define PRUNE_SLOTS_MAX \
	2000 /* minutes and hours that one run deletes at most, each in a transaction of its own */

struct run {
	struct db *db;
	struct group_set *groups;
	int64_t generation; /* that flows go into */
	int64_t published;
	struct run_result result;
};

/* Starts the next generation: it begins with the oldest flow that any window can still hold. */
static int
begin_generation(struct run *r, int64_t fingerprint)
{
	int64_t before;
	int rc = db_begin_write(r->db);

	r->generation++;
	if (rc == NM_OK)
		rc = db_aggregate_flow_before(r->db, r->result.end - AGGREGATE_HOURS_S, &before);
	if (rc == NM_OK)
		rc = db_aggregate_set(r->db, AGGREGATE_FLOW, before);
	if (rc == NM_OK)
		rc = db_aggregate_set(r->db, AGGREGATE_GROUPS, fingerprint);
	if (rc == NM_OK)
		rc = db_aggregate_set(r->db, AGGREGATE_BUILDING, r->generation);
	return db_end_write(r->db, rc);
}

/* Goes on with the generation that was built by the groups as they are, or starts one. */
static int
choose_generation(struct run *r)
{
	int64_t fingerprint = (int64_t)group_set_fingerprint(r->groups), built_by;
	int rc = db_aggregate_get(r->db, AGGREGATE_GENERATION, &r->published);

	if (rc == NM_OK)
		rc = db_aggregate_get(r->db, AGGREGATE_BUILDING, &r->generation);
	if (rc == NM_OK)
		rc = db_aggregate_get(r->db, AGGREGATE_GROUPS, &built_by);
	if (rc == NM_OK && (r->generation == 0 || built_by != fingerprint))
		rc = begin_generation(r, fingerprint);
	r->result.rebuilt = r->published != 0 && r->generation != r->published;
	return rc;
}

/* Readers see the old tables until the commit, and all of the new ones after it. */
static int
publish(struct run *r)
{
	int rc = db_aggregate_prepare(r->db, r->generation, r->result.end);

	if (rc == NM_OK)
		rc = db_begin_write(r->db);
	if (rc == NM_OK && r->generation != r->published)
		rc = db_aggregate_regroup(r->db, r->groups);
	if (rc == NM_OK)
		rc = db_aggregate_publish(r->db, r->generation, r->result.end);
	return db_end_write(r->db, rc);
}

static int
prune(struct run *r)
{
	bool more = true;
	int rc = NM_OK;

	while (rc == NM_OK && more && r->result.pruned < PRUNE_SLOTS_MAX) {
		rc = db_aggregate_prune(r->db, r->generation, r->result.end, &more);
		r->result.pruned += rc == NM_OK && more;
	}
	return rc;
}

int
run_once(struct db *db, uint32_t now, struct run_result *ret_result)
{
	struct run r = { .db = db };

	r.result.end = (now - RUN_DELAY_S) / 60 * 60;
	int rc = group_set_load(db, &r.groups);
	if (rc < 0)
		return rc;
	rc = choose_generation(&r);
	if (rc == NM_OK)
		rc = feed_run(db, r.groups, r.generation, r.result.end, &r.result.feed);
	if (rc == NM_OK)
		rc = publish(&r);
	if (rc == NM_OK)
		rc = prune(&r);
	group_set_free(r.groups);
	*ret_result = r.result;
	return rc;
}
