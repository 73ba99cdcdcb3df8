/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups of hosts in the store. */
#include "lib/db_group.h"

#include "lib/db_sql.h"
#include "lib/err.h"

#include <string.h>

/* How many octets the UTF-8 sequence at `s` has, 0 when it is malformed (RFC 3629 section 4) or a control character. */
static size_t
character_length(const unsigned char *s)
{
	static const struct {
		unsigned char first_min, first_max; /* lead octet */
		unsigned char second_min,
		    second_max; /* rules overlong forms, surrogates and > 10FFFF out */
		unsigned char length;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* U+0080..9F are controls */
		{ 0xc3, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first_min || s[0] > forms[i].first_max)
			continue;
		if (s[1] < forms[i].second_min || s[1] > forms[i].second_max)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

bool
db_group_name_valid(const char *name)
{
	size_t len = strnlen(name, GROUP_NAME_MAX);
	size_t at = 0;

	if (len == 0 || len == GROUP_NAME_MAX || name[0] == ' ' || name[len - 1] == ' ')
		return false;
	while (at < len) {
		size_t n = character_length((const unsigned char *)name + at);

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

/* Runs a query with one row of one number. */
static int
read_count(struct db *db, const char *sql, int64_t *ret_count)
{
	struct db_stmt *q;
	int rc = db_query(db, sql, &q);

	if (rc < 0)
		return rc;
	rc = db_step(q);
	if (rc > 0)
		*ret_count = db_column_int(q, 0);
	db_done(q);
	return rc > 0 ? NM_OK : NM_ESTORE;
}

int
db_group_check_limit(struct db *db)
{
	int64_t count;
	int rc = read_count(db, "SELECT count(*) FROM group_range", &count);

	if (rc < 0)
		return rc;
	return count > GROUP_RANGES_MAX ? NM_ELIMIT : NM_OK;
}

static void
fill_group(struct db_stmt *q, struct db_group *ret_group)
{
	ret_group->id = (uint32_t)db_column_int(q, 0);
	db_column_copy(q, 1, ret_group->name, sizeof(ret_group->name));
}

/* Ends a query that has at most one group. */
static int
take_group(struct db_stmt *q, struct db_group *ret_group)
{
	int rc = db_step(q);

	if (rc > 0)
		fill_group(q, ret_group);
	db_done(q);
	if (rc < 0)
		return rc;
	return rc > 0 ? NM_OK : NM_ENOTFOUND;
}

int
db_group_get(struct db *db, uint32_t id, struct db_group *ret_group)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT id, name FROM host_group WHERE id = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, id);
	return take_group(q, ret_group);
}

int
db_group_find(struct db *db, const char *name, struct db_group *ret_group)
{
	struct db_stmt *q;
	int rc = db_query(db, "SELECT id, name FROM host_group WHERE name = ?", &q);

	if (rc < 0)
		return rc;
	db_bind_text(q, 1, name);
	return take_group(q, ret_group);
}

/* The id of a new group. */
static int
create_group(struct db *db, const char *name, uint32_t *ret_id)
{
	struct db_stmt *q;
	int64_t count;
	int rc = read_count(db, "SELECT count(*) FROM host_group", &count);

	if (rc == NM_OK && count >= GROUPS_MAX)
		rc = NM_ELIMIT;
	if (rc == NM_OK)
		rc = db_query(db, "INSERT INTO host_group (name) VALUES (?)", &q);
	if (rc != NM_OK)
		return rc;
	db_bind_text(q, 1, name);
	rc = db_finish(q);
	*ret_id = (uint32_t)db_last_id(db);
	return rc;
}

int
db_group_add(struct db *db, const char *name, const struct addr_range *member)
{
	char text[2 * ADDR_TEXT_MAX], first[DB_KEY_SIZE], last[DB_KEY_SIZE];
	struct db_group group;
	struct db_stmt *q;

	if (!db_group_name_valid(name))
		return NM_EFORMAT;
	int rc = db_group_find(db, name, &group);
	if (rc == NM_ENOTFOUND)
		rc = create_group(db, name, &group.id);
	if (rc == NM_OK)
		rc = db_query(db,
		              "INSERT INTO group_range (group_id, member, first_key, last_key) "
		              "VALUES (?, ?, ?, ?)",
		              &q);
	if (rc != NM_OK)
		return rc;
	db_bind_int(q, 1, group.id);
	db_bind_text(q, 2, addr_range_format(member, text, sizeof(text)));
	db_bind_text(q, 3, db_key_format(&member->first, first));
	db_bind_text(q, 4, db_key_format(&member->last, last));
	return db_finish(q);
}

/* Deletes one range, or every range of the group for `member` NULL; *ret_n is how many went. */
static int
delete_ranges(struct db *db, uint32_t group, const struct addr_range *member, int64_t *ret_n)
{
	char first[DB_KEY_SIZE], last[DB_KEY_SIZE];
	struct db_stmt *q;
	int rc = db_query(
	    db,
	    member ? "DELETE FROM group_range WHERE group_id = ? AND first_key = ? AND last_key = ?"
		   : "DELETE FROM group_range WHERE group_id = ?",
	    &q);

	if (rc < 0)
		return rc;
	db_bind_int(q, 1, group);
	if (member) {
		db_bind_text(q, 2, db_key_format(&member->first, first));
		db_bind_text(q, 3, db_key_format(&member->last, last));
	}
	rc = db_finish(q);
	*ret_n = db_changes(db);
	return rc;
}

int
db_group_remove(struct db *db, const char *name, const struct addr_range *member)
{
	struct db_group group;
	struct db_stmt *q;
	int64_t n;
	int rc = db_group_find(db, name, &group);

	if (rc == NM_OK)
		rc = delete_ranges(db, group.id, member, &n);
	if (rc == NM_OK && member && n == 0)
		rc = NM_ENOTFOUND;
	if (rc == NM_OK)
		rc = db_query(db,
		              "DELETE FROM host_group WHERE id = ? AND NOT EXISTS "
		              "(SELECT 1 FROM group_range WHERE group_id = host_group.id)",
		              &q);
	if (rc != NM_OK)
		return rc;
	db_bind_int(q, 1, group.id);
	return db_finish(q);
}

int
db_group_clear(struct db *db, const char *name)
{
	struct db_group group;
	int64_t n;

	if (!name)
		return db_run(db, "DELETE FROM group_range");
	int rc = db_group_find(db, name, &group);
	if (rc == NM_OK)
		rc = delete_ranges(db, group.id, NULL, &n);
	return rc == NM_ENOTFOUND ? NM_OK : rc;
}

int
db_group_sweep(struct db *db)
{
	return db_run(db, "DELETE FROM host_group WHERE NOT EXISTS "
	                  "(SELECT 1 FROM group_range WHERE group_id = host_group.id)");
}

static int
read_range(struct db_stmt *q, int at, struct addr_range *ret_range)
{
	int rc = db_key_parse(db_column_text(q, at), &ret_range->first);

	return rc < 0 ? rc : db_key_parse(db_column_text(q, at + 1), &ret_range->last);
}

/* What a walk over the groups carries along. */
struct walk {
	struct db_group group; /* the last row's */
	bool started;
	int (*each)(void *ctx, const struct db_group *group, const struct addr_range *range);
	void *ctx;
};

/* One row of the walk: a group when it is the first of its rows, and a range when the group has any. */
static int
walk_row(struct walk *w, struct db_stmt *q)
{
	struct addr_range range;
	int rc = 0;

	if (!w->started || w->group.id != (uint32_t)db_column_int(q, 0)) {
		fill_group(q, &w->group);
		w->started = true;
		rc = w->each(w->ctx, &w->group, NULL);
	}
	if (rc == 0 && *db_column_text(q, 2)) {
		rc = read_range(q, 2, &range);
		if (rc == 0)
			rc = w->each(w->ctx, &w->group, &range);
	}
	return rc;
}

int
db_group_each(struct db *db,
              int (*each)(void *ctx, const struct db_group *group, const struct addr_range *range),
              void *ctx)
{
	struct walk w = { .each = each, .ctx = ctx };
	struct db_stmt *q;
	int rc = db_query(db,
	                  "SELECT g.id, g.name, r.first_key, r.last_key FROM host_group g "
	                  "LEFT JOIN group_range r ON r.group_id = g.id "
	                  "ORDER BY g.name, g.id, r.first_key, r.last_key",
	                  &q);

	if (rc < 0)
		return rc;
	while ((rc = db_step(q)) > 0) {
		rc = walk_row(&w, q);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

int
group_set_load(struct db *db, struct group_set **ret_set)
{
	struct addr_range range;
	struct group_set *set;
	struct db_stmt *q;
	int rc = group_set_new(&set);

	if (rc < 0)
		return rc;
	rc = db_query(db, "SELECT group_id, first_key, last_key FROM group_range", &q);
	if (rc < 0)
		goto fail;
	while ((rc = db_step(q)) > 0) {
		rc = read_range(q, 1, &range);
		if (rc == NM_OK)
			rc = group_set_append(set, (uint32_t)db_column_int(q, 0), &range);
		if (rc < 0)
			break;
	}
	db_done(q);
	if (rc < 0)
		goto fail;
	group_set_index(set);
	*ret_set = set;
	return NM_OK;
fail:
	group_set_free(set);
	return rc;
}
