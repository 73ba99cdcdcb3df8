/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of usage, for pages and alerts. */
#include "lib/db_usage.h"

#include "lib/db_sql.h"
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

#define ROWS_DEFAULT 10000

/*
 * Every table is one SELECT with the same columns, so one reader serves all. What is not there is 0 or ''. `label` is
 * what USAGE_BY_NAME sorts by: hosts and peers by number, through their key where there is one.
 */
#define APP   ", a.name AS app_name, a.category, a.colour, a.colour_dark"
#define NOAPP ", 0 AS application, '' AS app_name, '' AS category, 0 AS colour, 0 AS colour_dark"
#define NOUSE ", '' AS peer, 0 AS port, 0 AS peer_port, 0 AS protocol"
#define USE   ", u.in_octets, u.out_octets, 0 AS transit_octets, u.in_packets, u.out_packets"
#define NAMED " LEFT JOIN application a ON a.id = u.application"
#define KEY   "(SELECT i.addr_key FROM ip i WHERE i.addr = u.addr)"

#define APPS_COLUMNS                                                                  \
	"SELECT '' AS addr, 0 AS group_id, '' AS group_name, u.application" APP NOUSE \
	", u.in_octets, u.out_octets, "
#define APPS_OF_ALL(table)                                                             \
	APPS_COLUMNS "u.transit_octets, u.in_packets, u.out_packets, a.name AS label " \
		     "FROM " table " u" NAMED
#define APPS_OF_SOME                                                                      \
	APPS_COLUMNS "0 AS transit_octets, u.in_packets, u.out_packets, a.name AS label " \
		     "FROM "
#define HOSTS                                                                                  \
	"SELECT u.addr, 0 AS group_id, '' AS group_name" NOAPP NOUSE USE ", " KEY " AS label " \
	"FROM "
#define GROUPS                                                                \
	"SELECT '' AS addr, u.group_id, g.name AS group_name" NOAPP NOUSE USE \
	", g.name AS label FROM "

/* Narrowing, as bits, in the order in which its parameters are bound. */
enum { OF_PERIOD = 1, OF_HOST = 2, OF_GROUP = 4, OF_APP = 8 };

/* Sorting has parameters too: direction (1 or -1) and column, so that a table is one statement and no text is built. */
#define ORDER                                                                                   \
	" ORDER BY ? * CASE ? WHEN 0 THEN in_octets + out_octets + transit_octets "             \
	"WHEN 1 THEN in_octets WHEN 2 THEN out_octets ELSE 0 END, "                             \
	"CASE ? WHEN 1 THEN lower(label) END, CASE ? WHEN 1 THEN lower(label) END DESC, addr, " \
	"application, group_id, peer, peer_port, port LIMIT ?"
#define SOURCE(select)                                                                     \
	"SELECT * FROM (" select ") t" ORDER,                                              \
	    "SELECT count(*), coalesce(sum(in_octets), 0), coalesce(sum(out_octets), 0), " \
	    "coalesce(sum(transit_octets), 0), coalesce(sum(in_packets), 0), "             \
	    "coalesce(sum(out_packets), 0) FROM (" select ") t"

static const struct source {
	enum usage_table table;
	unsigned of;
	uint32_t period; /* 0: any, bound as a parameter */
	const char *rows;
	const char *sums;
} sources[] = {
	{ USAGE_APPS, 0, USAGE_CURR, SOURCE(APPS_OF_ALL("app_usage_curr")) },
	{ USAGE_APPS, 0, USAGE_1HR, SOURCE(APPS_OF_ALL("app_usage_1hr")) },
	{ USAGE_APPS, 0, USAGE_6HR, SOURCE(APPS_OF_ALL("app_usage_6hr")) },
	{ USAGE_APPS, 0, USAGE_24HR, SOURCE(APPS_OF_ALL("app_usage_24hr")) },
	{ USAGE_APPS, OF_PERIOD | OF_HOST, 0,
	  SOURCE(APPS_OF_SOME "host_app_totals u" NAMED " WHERE u.period = ? AND u.addr = ?") },
	{ USAGE_APPS, OF_PERIOD | OF_GROUP, 0,
	  SOURCE(APPS_OF_SOME "group_app_totals u" NAMED
	                      " WHERE u.period = ? AND u.group_id = ?") },
	{ USAGE_HOSTS, OF_PERIOD, 0, SOURCE(HOSTS "host_totals u WHERE u.period = ?") },
	{ USAGE_HOSTS, OF_PERIOD | OF_GROUP, 0,
	  SOURCE(HOSTS "ip_group m JOIN host_totals u ON u.addr = m.addr AND u.period = ? "
	               "WHERE m.group_id = ?") },
	{ USAGE_HOSTS, OF_PERIOD | OF_APP, 0,
	  SOURCE(HOSTS "host_app_totals u WHERE u.period = ? AND u.application = ?") },
	{ USAGE_HOSTS, OF_PERIOD | OF_GROUP | OF_APP, 0,
	  SOURCE(HOSTS "ip_group m JOIN host_app_totals u ON u.addr = m.addr AND u.period = ? "
	               "WHERE m.group_id = ? AND u.application = ?") },
	{ USAGE_GROUPS, OF_PERIOD, 0,
	  SOURCE(GROUPS
	         "group_totals u JOIN host_group g ON g.id = u.group_id WHERE u.period = ?") },
	{ USAGE_GROUPS, OF_PERIOD | OF_APP, 0,
	  SOURCE(GROUPS "group_app_totals u JOIN host_group g ON g.id = u.group_id "
	                "WHERE u.period = ? AND u.application = ?") },
	{ USAGE_GROUPS, OF_PERIOD | OF_HOST, 0,
	  SOURCE(GROUPS "ip_group m JOIN group_totals u ON u.group_id = m.group_id "
	                "JOIN host_group g ON g.id = u.group_id "
	                "WHERE u.period = ? AND m.addr = ?") },
	{ USAGE_UNKNOWN, OF_PERIOD | OF_HOST, 0,
	  SOURCE("SELECT u.addr, 0 AS group_id, '' AS group_name" NOAPP
	         ", u.peer, u.port, u.peer_port, u.protocol" USE ", u.peer AS label "
	         "FROM host_traffic_unknown u WHERE u.period = ? AND u.addr = ?") },
};

/* The source that the query asks for, or NULL for a table that cannot be narrowed so. */
static const struct source *
find_source(const struct usage_query *query)
{
	unsigned of = (query->host ? OF_HOST : 0) | (query->group >= 0 ? OF_GROUP : 0) |
	              (query->app >= 0 ? OF_APP : 0);

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (sources[i].table == query->table &&
		    (sources[i].of & ~(unsigned)OF_PERIOD) == of &&
		    (sources[i].period == 0 || sources[i].period == (uint32_t)query->period))
			return &sources[i];
	return NULL;
}

/* Binds what narrows the table; returns the next parameter's number. */
static int
bind_narrowing(struct db_stmt *q, const struct source *source, const struct usage_query *query)
{
	int at = 1;

	if (source->of & OF_PERIOD)
		db_bind_int(q, at++, query->period);
	if (source->of & OF_HOST)
		db_bind_text(q, at++, query->host);
	if (source->of & OF_GROUP)
		db_bind_int(q, at++, query->group);
	if (source->of & OF_APP)
		db_bind_int(q, at++, query->app);
	return at;
}

static void
bind_order(struct db_stmt *q, int at, const struct usage_query *query)
{
	bool by_name = query->sort == USAGE_BY_NAME;

	db_bind_int(q, at, query->ascending ? 1 : -1);
	db_bind_int(q, at + 1, query->sort);
	db_bind_int(q, at + 2, by_name && query->ascending);
	db_bind_int(q, at + 3, by_name && !query->ascending);
	db_bind_int(q, at + 4, query->limit ? (int64_t)query->limit : ROWS_DEFAULT);
}

static void
read_app(struct db_stmt *q, int at, struct application *app)
{
	app->id = (uint16_t)db_column_int(q, at);
	db_column_copy(q, at + 1, app->name, sizeof(app->name));
	db_column_copy(q, at + 2, app->category, sizeof(app->category));
	app->colour = (uint32_t)db_column_int(q, at + 3);
	app->colour_dark = (uint32_t)db_column_int(q, at + 4);
	/* flows may come before their application's name does */
	if (!app->name[0] && app->id != APP_UNKNOWN)
		(void)snprintf(app->name, sizeof(app->name), "Application %u", app->id);
}

static void
read_row(struct db_stmt *q, struct usage_row *row)
{
	db_column_copy(q, 0, row->addr, sizeof(row->addr));
	row->group = (uint32_t)db_column_int(q, 1);
	db_column_copy(q, 2, row->group_name, sizeof(row->group_name));
	read_app(q, 3, &row->app);
	db_column_copy(q, 8, row->peer, sizeof(row->peer));
	row->port = (uint16_t)db_column_int(q, 9);
	row->peer_port = (uint16_t)db_column_int(q, 10);
	row->protocol = (uint8_t)db_column_int(q, 11);
	row->in_octets = (uint64_t)db_column_int(q, 12);
	row->out_octets = (uint64_t)db_column_int(q, 13);
	row->transit_octets = (uint64_t)db_column_int(q, 14);
	row->in_packets = (uint64_t)db_column_int(q, 15);
	row->out_packets = (uint64_t)db_column_int(q, 16);
}

int
db_usage_each(struct db *db, const struct usage_query *query,
              int (*each)(void *ctx, const struct usage_row *row), void *ctx)
{
	const struct source *source = find_source(query);
	struct db_stmt *q;

	if (!source)
		return NM_EFORMAT;
	int rc = db_query(db, source->rows, &q);
	if (rc < 0)
		return rc;
	bind_order(q, bind_narrowing(q, source, query), query);
	while ((rc = db_step(q)) > 0) {
		struct usage_row row;

		read_row(q, &row);
		rc = each(ctx, &row);
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

/* Count and sums of a table in one go. */
static int
read_sums(struct db *db, const struct usage_query *query, size_t *ret_count,
          struct usage_row *ret_sum)
{
	const struct source *source = find_source(query);
	struct db_stmt *q;

	if (!source)
		return NM_EFORMAT;
	int rc = db_query(db, source->sums, &q);
	if (rc < 0)
		return rc;
	(void)bind_narrowing(q, source, query);
	rc = db_step(q);
	if (rc > 0) {
		*ret_count = (size_t)db_column_int(q, 0);
		*ret_sum = (struct usage_row){
			.in_octets = (uint64_t)db_column_int(q, 1),
			.out_octets = (uint64_t)db_column_int(q, 2),
			.transit_octets = (uint64_t)db_column_int(q, 3),
			.in_packets = (uint64_t)db_column_int(q, 4),
			.out_packets = (uint64_t)db_column_int(q, 5),
		};
	}
	db_done(q);
	return rc > 0 ? NM_OK : NM_ESTORE;
}

int
db_usage_count(struct db *db, const struct usage_query *query, size_t *ret_count)
{
	struct usage_row sum;

	return read_sums(db, query, ret_count, &sum);
}

int
db_usage_sum(struct db *db, const struct usage_query *query, struct usage_row *ret_sum)
{
	size_t count;

	return read_sums(db, query, &count, ret_sum);
}
