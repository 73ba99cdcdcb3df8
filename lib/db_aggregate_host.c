/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Internal hosts and the groups that hold them. */
#include "lib/db_aggregate.h"

#include "lib/db_sql.h"
#include "lib/err.h"

int
db_aggregate_find_host(struct db *db, const struct addr *addr, int64_t *ret_id)
{
	char text[ADDR_TEXT_MAX];
	struct db_stmt *q;
	int rc = db_query(db, "SELECT id FROM ip WHERE addr = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, addr_format(addr, text, sizeof(text)));
	rc = db_step(q);
	if (rc > 0)
		*ret_id = db_column_int(q, 0);
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}

static int
add_to_groups(struct db *db, const char *addr, const uint32_t *groups, size_t n)
{
	struct db_stmt *q;
	int rc = db_query(db,
	                  "INSERT INTO ip_group (addr, group_id) VALUES (?, ?) "
	                  "ON CONFLICT (addr, group_id) DO NOTHING",
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, addr);
	for (size_t i = 0; i < n && rc >= 0; i++) {
		db_again(q);
		db_bind_int(q, 2, groups[i]);
		rc = db_step(q);
	}
	db_done(q);
	return rc;
}

int
db_aggregate_new_host(struct db *db, const struct addr *addr, uint32_t seen, const uint32_t *groups,
                      size_t n_groups, int64_t *ret_id)
{
	char text[ADDR_TEXT_MAX], key[DB_KEY_SIZE];
	struct db_stmt *q;
	int rc = db_query(
	    db, "INSERT INTO ip (addr, addr_key, first_seen, last_seen) VALUES (?, ?, ?, ?)", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, addr_format(addr, text, sizeof(text)));
	db_bind_text(q, 2, db_key_format(addr, key));
	db_bind_int(q, 3, seen);
	db_bind_int(q, 4, seen);
	rc = db_finish(q);
	if (rc < 0)
		return rc;
	*ret_id = db_last_id(db);
	return add_to_groups(db, text, groups, n_groups);
}

int
db_aggregate_host_seen(struct db *db, int64_t id, uint32_t first, uint32_t last)
{
	struct db_stmt *q;
	int rc = db_query(db,
	                  "UPDATE ip SET "
	                  "first_seen = CASE WHEN first_seen < ? THEN first_seen ELSE ? END, "
	                  "last_seen = CASE WHEN last_seen > ? THEN last_seen ELSE ? END "
	                  "WHERE id = ?",
	                  &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, first);
	db_bind_int(q, 2, first);
	db_bind_int(q, 3, last);
	db_bind_int(q, 4, last);
	db_bind_int(q, 5, id);
	return db_finish(q);
}

int
db_aggregate_count_hosts(struct db *db, int64_t *ret_count)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT count(*) FROM ip", &q);

	if (rc < 0)
		return rc;
	rc = db_step(q);
	if (rc > 0)
		*ret_count = db_column_int(q, 0);
	db_done(q);
	return rc > 0 ? NM_OK : NM_ESTORE;
}

/* The first host with an id above `after`: 1, 0 when there is none, or an error. */
static int
next_host(struct db *db, int64_t after, int64_t *ret_id, char *ret_addr, size_t size)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT id, addr FROM ip WHERE id > ? ORDER BY id LIMIT 1", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, after);
	rc = db_step(q);
	if (rc > 0) {
		*ret_id = db_column_int(q, 0);
		db_column_copy(q, 1, ret_addr, size);
	}
	db_done(q);
	return rc;
}

static int
forget_host(struct db *db, int64_t id)
{
	struct db_stmt *q;
	int rc = db_query(db, "DELETE FROM ip WHERE id = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, id);
	return db_finish(q);
}

int
db_aggregate_regroup(struct db *db, const struct group_set *groups)
{
	uint32_t ids[AGGREGATE_GROUPS_PER_HOST];
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	int64_t id = 0;
	int rc = db_run(db, "DELETE FROM ip_group");

	if (rc < 0)
		return rc;
	while ((rc = next_host(db, id, &id, text, sizeof(text))) > 0) {
		size_t n = addr_parse(text, &addr) < 0
		               ? 0
		               : group_set_lookup(groups, &addr, ids, AGGREGATE_GROUPS_PER_HOST);
		if (n > AGGREGATE_GROUPS_PER_HOST)
			n = AGGREGATE_GROUPS_PER_HOST;
		rc = n == 0 ? forget_host(db, id) : add_to_groups(db, text, ids, n);
		if (rc < 0)
			break;
	}
	return rc;
}
