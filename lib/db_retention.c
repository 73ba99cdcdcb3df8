/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removing what is old. */
#include "lib/db_retention.h"

#include "lib/db_aggregate.h"
#include "lib/db_client.h"
#include "lib/err.h"
#include "lib/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define LEDGER_STEP_S 14400 /* of one link: some thousand rows at most */
#define ROOM_MAX      (64u << 20)
#define JOURNAL_MIN   (1u << 20)
#define JOURNAL_MAX   (256u << 20)
#define READERS_MS    100   /* that a checkpoint waits for who reads; who writes waits for it */
#define WRITERS_MS    10000 /* what lib/db_sqlite.c waits for the lock */
#define AHEAD_S       86400 /* a flow that ends later than that has its time from a wrong clock */
#define FLOW_OCTETS   100   /* that a flow takes in MariaDB at least, with its indexes */

/* --- size ------------------------------------------------------------------------------------------------------------- */

static int
ask_number(struct db *db, const char *sql, int64_t *ret_value)
{
	struct db_stmt *q;

	if (db_query(db, sql, &q) < 0)
		return NM_ESTORE;
	int rc = db_step(q);
	if (rc > 0)
		*ret_value = db_column_int(q, 0);
	db_done(q);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

/* For a statement that answers with rows of no interest. */
static int
run_through(struct db *db, const char *sql)
{
	struct db_stmt *q;
	int rc;

	if (db_query(db, sql, &q) < 0)
		return NM_ESTORE;
	while ((rc = db_step(q)) > 0)
		;
	db_done(q);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

/* The part of the cap that the journal beside the file may have: some transactions of the collector's, each of which may be
 * 20 MB, where the cap allows. */
static uint64_t
journal_octets(uint64_t cap)
{
	uint64_t part = cap / 4;

	return part < JOURNAL_MIN ? JOURNAL_MIN : part > JOURNAL_MAX ? JOURNAL_MAX : part;
}

/* What the file may have. */
static uint64_t
file_octets(uint64_t cap)
{
	uint64_t journal = journal_octets(cap);

	return cap > 2 * journal ? cap - journal : cap / 2;
}

/* Removing begins before the file is full, so that what is written meanwhile finds free pages. */
static uint64_t
mark_octets(const struct db *db, uint64_t cap)
{
	uint64_t file = db_kind(db) == DB_SQLITE ? file_octets(cap) : cap;

	return file - (file / 8 < ROOM_MAX ? file / 8 : ROOM_MAX);
}

static uint64_t
journal_size(struct db *db)
{
	char path[PATHS_MAX + sizeof("-wal")] = "";
	struct db_stmt *q;
	struct stat st;

	if (db_query(db, "SELECT file FROM pragma_database_list WHERE name = 'main'", &q) < 0)
		return 0;
	if (db_step(q) > 0)
		(void)snprintf(path, sizeof(path), "%s-wal", db_column_text(q, 0));
	db_done(q);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Empties a journal that became long because somebody read whenever it could have begun anew. Who writes waits for it, so who
 * reads gets little time. */
static int
empty_journal(struct db *db, struct db_kept *kept)
{
	char text[64];
	int64_t busy = 0;

	/* a pragma takes no parameters */
	(void)snprintf(text, sizeof(text), "PRAGMA busy_timeout = %d", READERS_MS);
	int rc = db->client->script(db, text);
	if (rc == NM_OK)
		rc = ask_number(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy);
	(void)snprintf(text, sizeof(text), "PRAGMA busy_timeout = %d", WRITERS_MS);
	(void)db->client->script(db, text);
	kept->blocked = rc < 0 || busy != 0;
	return NM_OK;
}

/* Pages in use: those that are free take new rows. */
static int
sqlite_size(struct db *db, const struct db_keep *keep, struct db_kept *kept)
{
	int64_t pages = 0, free_pages = 0, size = 0;
	uint64_t journal = journal_size(db);

	if (journal > journal_octets(keep->octets) / 2 && empty_journal(db, kept) == NM_OK)
		journal = journal_size(db);
	if (ask_number(db, "PRAGMA page_size", &size) < 0 ||
	    ask_number(db, "PRAGMA page_count", &pages) < 0 ||
	    ask_number(db, "PRAGMA freelist_count", &free_pages) < 0)
		return NM_ESTORE;
	kept->octets = (uint64_t)((pages - free_pages) * size);
	kept->file = (uint64_t)(pages * size) + journal;
	return NM_OK;
}

#define MYSQL_SUM(what)                                                                     \
	"SELECT CAST(COALESCE(SUM(" what "), 0) AS SIGNED) FROM information_schema.tables " \
	"WHERE table_schema = DATABASE()"

#define MYSQL_FLOW_OCTETS                                                                  \
	"SELECT CAST((data_length + index_length) DIV GREATEST(table_rows, 1) AS SIGNED) " \
	"FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'flow'"

/* The server's figures are some seconds old, or days, unless it is asked to look. */
static int
mysql_size(struct db *db, const struct db_keep *keep, struct db_kept *kept)
{
	int64_t used = 0, unused = 0, each = FLOW_OCTETS;
	uint64_t mark = mark_octets(db, keep->octets);

	if (keep->owed > 0)
		return NM_OK;
	if (run_through(db, "ANALYZE NO_WRITE_TO_BINLOG TABLE flow") < 0 ||
	    ask_number(db, MYSQL_SUM("data_length + index_length"), &used) < 0 ||
	    ask_number(db, MYSQL_SUM("data_free"), &unused) < 0 ||
	    ask_number(db, MYSQL_FLOW_OCTETS, &each) < 0)
		return NM_ESTORE;
	kept->octets = (uint64_t)used;
	kept->file = (uint64_t)(used + unused);
	if (kept->octets > mark)
		kept->owed =
		    (kept->octets - mark) / (uint64_t)(each > FLOW_OCTETS ? each : FLOW_OCTETS) + 1;
	return NM_OK;
}

static int
size_of(struct db *db, const struct db_keep *keep, struct db_kept *kept)
{
	kept->owed = keep->owed;
	kept->later = db_kind(db) != DB_SQLITE;
	return db_kind(db) == DB_SQLITE ? sqlite_size(db, keep, kept) : mysql_size(db, keep, kept);
}

int
db_retention_limit(struct db *db, uint64_t octets)
{
	char text[256];
	int64_t size = 0;

	if (octets == 0 || db_kind(db) != DB_SQLITE)
		return NM_OK;
	if (ask_number(db, "PRAGMA page_size", &size) < 0 || size <= 0)
		return NM_ESTORE;
	/* a pragma takes no parameters */
	(void)snprintf(text, sizeof(text),
	               "PRAGMA max_page_count = %" PRIu64 "; PRAGMA wal_autocheckpoint = %" PRIu64
	               "; PRAGMA journal_size_limit = %" PRIu64 ";",
	               file_octets(octets) / (uint64_t)size,
	               journal_octets(octets) / 4 / (uint64_t)size, journal_octets(octets));
	return db->client->script(db, text);
}

/* --- flows ------------------------------------------------------------------------------------------------------------ */

/* The end of the store's flows. */
struct newest {
	int64_t id;    /* 0: there are none */
	int64_t end_s; /* of the flow that ended last, or the clock when that is earlier */
	int64_t first; /* the oldest id */
	int64_t last;  /* the last one that may go: netmon-aggregate has read it, if it ever ran */
};

/* Ids of flows. */
struct oldest {
	size_t n;
	int64_t end_s; /* of the youngest */
	int64_t ids[DB_RETENTION_ROWS_MAX];
};

static int
by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Takes what a query for ids and ends gives, at most `rows`; ends ahead of `now_s` say nothing of age. */
static int
take_flows(struct db_stmt *q, size_t rows, int64_t now_s, struct oldest *ret)
{
	int rc = 0;

	ret->n = 0;
	ret->end_s = 0;
	while (ret->n < rows && (rc = db_step(q)) > 0) {
		int64_t end_s = db_column_int(q, 1);

		ret->ids[ret->n++] = db_column_int(q, 0);
		if (end_s > ret->end_s && end_s <= now_s)
			ret->end_s = end_s;
	}
	db_done(q);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

/* At most `rows` flows that ended before `before_s` and may go, those that ended first. */
static int
find_old(struct db *db, const struct newest *newest, int64_t before_s, size_t rows,
         struct oldest *ret)
{
	struct db_stmt *q;

	if (db_query(
		db,
		"SELECT id, expires FROM flow WHERE expires < ? AND id <= ? ORDER BY expires LIMIT ?",
		&q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, before_s);
	db_bind_int(q, 2, newest->last);
	db_bind_int(q, 3, (int64_t)rows);
	int rc = take_flows(q, rows, newest->end_s, ret);
	qsort(ret->ids, ret->n, sizeof(ret->ids[0]), by_id);
	return rc;
}

/* At most `rows` flows that may go, those that came first: by their ends, a probe whose clock is ahead would keep its own and
 * drive out all others'. Those that are ahead are not waited for in the graphs either. */
static int
find_first(struct db *db, const struct newest *newest, int64_t hold_s, size_t rows,
           struct oldest *ret)
{
	struct db_stmt *q;

	/* the sum keeps the index of ends out of it: ids give the order */
	if (db_query(db,
	             "SELECT id, expires FROM flow WHERE id <= ? AND "
	             "(expires + 0 < ? OR expires + 0 > ?) ORDER BY id LIMIT ?",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, newest->last);
	db_bind_int(q, 2, hold_s > 0 ? hold_s : INT64_MAX);
	db_bind_int(q, 3, newest->end_s + AHEAD_S);
	db_bind_int(q, 4, (int64_t)rows);
	return take_flows(q, rows, newest->end_s, ret);
}

static int
remove_range(struct db *db, int64_t first, int64_t last)
{
	struct db_stmt *q;

	if (db_query(db, "DELETE FROM flow WHERE id >= ? AND id <= ?", &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, first);
	db_bind_int(q, 2, last);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* Up to when flows may be missing, for who compares them with the ledger. */
static int
note_removed(struct db *db, int64_t end_s)
{
	int64_t before = 0;

	int rc = db_aggregate_get(db, AGGREGATE_REMOVED, &before);
	return rc == NM_OK && end_s > before ? db_aggregate_set(db, AGGREGATE_REMOVED, end_s) : rc;
}

/* Flows that are old have ids that follow each other: few statements remove many. */
static int
remove_flows(struct db *db, const struct oldest *o)
{
	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	int rc = note_removed(db, o->end_s);
	for (size_t i = 0, next; i < o->n && rc == NM_OK; i = next) {
		for (next = i + 1; next < o->n && o->ids[next] == o->ids[next - 1] + 1; next++)
			;
		rc = remove_range(db, o->ids[i], o->ids[next - 1]);
	}
	if (rc == NM_OK)
		rc = db_commit(db);
	if (rc < 0)
		db_rollback(db);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

static int
find_newest(struct db *db, uint32_t now_s, struct newest *ret)
{
	int64_t building = 0, aggregated = 0;

	*ret = (struct newest){ 0 };
	if (ask_number(db, "SELECT COALESCE(MAX(id), 0) FROM flow", &ret->id) < 0 ||
	    ask_number(db, "SELECT COALESCE(MIN(id), 0) FROM flow", &ret->first) < 0 ||
	    ask_number(db, "SELECT COALESCE(MAX(expires), 0) FROM flow", &ret->end_s) < 0 ||
	    db_aggregate_get(db, AGGREGATE_BUILDING, &building) < 0 ||
	    db_aggregate_get(db, AGGREGATE_FLOW, &aggregated) < 0)
		return NM_ESTORE;
	if (ret->end_s > now_s)
		ret->end_s = now_s;
	ret->last = ret->id - 1;
	if ((building > 0 || aggregated > 0) && aggregated < ret->last)
		ret->last = aggregated;
	return NM_OK;
}

static int
flows_by_age(struct db *db, const struct db_keep *keep, const struct newest *newest, size_t rows,
             struct oldest *room, struct db_kept *kept)
{
	int64_t before_s = newest->end_s - keep->flows_s;

	if (keep->hold_s > 0 && keep->hold_s < before_s)
		before_s = keep->hold_s;
	room->n = 0;
	int rc = NM_OK;
	if (newest->first <= newest->last)
		rc = find_old(db, newest, before_s, rows, room);
	if (rc == NM_OK && room->n > 0)
		rc = remove_flows(db, room);
	if (rc < 0)
		return rc;
	kept->by_age = room->n;
	kept->more = room->n == rows;
	return NM_OK;
}

static int
flows_by_size(struct db *db, const struct db_keep *keep, const struct newest *newest, size_t rows,
              struct oldest *room, struct db_kept *kept)
{
	if (kept->later && kept->owed < rows)
		rows = (size_t)kept->owed;
	int rc = find_first(db, newest, keep->hold_s, rows, room);
	if (rc == NM_OK && room->n > 0)
		rc = remove_flows(db, room);
	if (rc < 0)
		return rc;
	kept->by_size = room->n;
	kept->owed = kept->later && room->n > 0 ? kept->owed - room->n : 0;
	kept->more = room->n > 0 && (!kept->later || kept->owed > 0);
	kept->full = room->n == 0 && newest->first == newest->id;
	kept->unread = room->n == 0 && newest->first < newest->id;
	return NM_OK;
}

/* --- the rest --------------------------------------------------------------------------------------------------------- */

static int
run_for(struct db_stmt *q, int64_t a, int64_t b)
{
	db_bind_int(q, 1, a);
	db_bind_int(q, 2, b);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* Some hours of a link's oldest rows. */
static int
ledger_of_link(struct db *db, int64_t link, int64_t before_s, struct db_kept *kept)
{
	struct db_stmt *q;
	int64_t first = before_s;

	if (db_query(db, "SELECT minute FROM ledger WHERE link = ? ORDER BY minute LIMIT 1", &q) <
	    0)
		return NM_ESTORE;
	db_bind_int(q, 1, link);
	int rc = db_step(q);
	if (rc > 0)
		first = db_column_int(q, 0);
	db_done(q);
	if (rc < 0 || first >= before_s)
		return rc < 0 ? NM_ESTORE : NM_OK;
	int64_t end = first + LEDGER_STEP_S < before_s ? first + LEDGER_STEP_S : before_s;
	kept->more |= end < before_s;
	if (db_query(db, "DELETE FROM ledger WHERE link = ? AND minute < ?", &q) < 0 ||
	    run_for(q, link, end) < 0)
		return NM_ESTORE;
	kept->others += (size_t)db_changes(db);
	return NM_OK;
}

static int
old_ledger(struct db *db, int64_t before_s, struct db_kept *kept)
{
	struct db_stmt *links;
	int rc = NM_OK;

	if (db_query(db, "SELECT id FROM link ORDER BY id", &links) < 0)
		return NM_ESTORE;
	while (rc == NM_OK && (rc = db_step(links)) > 0)
		rc = ledger_of_link(db, db_column_int(links, 0), before_s, kept);
	db_done(links);
	return rc;
}

/* The newest version of each probe stays. */
static int
old_labels(struct db *db, int64_t before_s, struct db_kept *kept)
{
	struct db_stmt *probes, *q;
	int rc;

	if (db_query(db, "SELECT probe, MAX(since) FROM label_version GROUP BY probe", &probes) < 0)
		return NM_ESTORE;
	while ((rc = db_step(probes)) > 0) {
		int64_t newest = db_column_int(probes, 1);

		rc = db_query(db, "DELETE FROM label_version WHERE probe = ? AND since < ?", &q);
		if (rc == NM_OK)
			rc = run_for(q, db_column_int(probes, 0),
			             newest < before_s ? newest : before_s);
		if (rc < 0)
			break;
		kept->others += (size_t)db_changes(db);
	}
	db_done(probes);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

/* Tables whose rows are few. A numbering that speaks for a link stays. */
static const char *const few[] = {
	"DELETE FROM probe_event WHERE at < ?",
	"DELETE FROM watermark WHERE updated < ? AND epoch NOT IN (SELECT epoch FROM link)",
};

static int
old_others(struct db *db, int64_t before_s, struct db_kept *kept)
{
	struct db_stmt *q;

	if (old_ledger(db, before_s, kept) < 0 || old_labels(db, before_s, kept) < 0)
		return NM_ESTORE;
	for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++) {
		if (db_query(db, few[i], &q) < 0)
			return NM_ESTORE;
		db_bind_int(q, 1, before_s);
		if (db_finish(q) < 0)
			return NM_ESTORE;
		kept->others += (size_t)db_changes(db);
	}
	return NM_OK;
}

/* --- a step ----------------------------------------------------------------------------------------------------------- */

static int
step_others(struct db *db, int64_t before_s, struct db_kept *kept)
{
	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	int rc = old_others(db, before_s, kept);
	if (rc == NM_OK)
		rc = db_commit(db);
	if (rc < 0)
		db_rollback(db);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

static int
step_flows(struct db *db, const struct db_keep *keep, const struct newest *newest, size_t rows,
           struct db_kept *kept)
{
	bool over =
	    keep->octets && (kept->owed > 0 || kept->octets > mark_octets(db, keep->octets));
	struct oldest *room = malloc(sizeof(*room));
	int rc = NM_OK;

	if (!room)
		return -ENOMEM;
	if (keep->flows_s > 0)
		rc = flows_by_age(db, keep, newest, rows, room, kept);
	if (rc == NM_OK && over && kept->by_age == 0)
		rc = flows_by_size(db, keep, newest, rows, room, kept);
	free(room);
	return rc;
}

int
db_retention_step(struct db *db, const struct db_keep *keep, uint32_t now_s, size_t rows,
                  struct db_kept *ret_kept)
{
	struct db_kept kept = { 0 };
	struct newest newest;

	if (rows > DB_RETENTION_ROWS_MAX)
		rows = DB_RETENTION_ROWS_MAX;
	if ((keep->octets && size_of(db, keep, &kept) < 0) || find_newest(db, now_s, &newest) < 0)
		return NM_ESTORE;
	int rc = newest.id > 0 ? step_flows(db, keep, &newest, rows, &kept) : NM_OK;
	if (rc == NM_OK && !kept.more && keep->ledger_s && newest.end_s > keep->ledger_s)
		rc = step_others(db, newest.end_s - keep->ledger_s, &kept);
	if (rc == NM_OK)
		*ret_kept = kept;
	return rc;
}
