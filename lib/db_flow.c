/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows into the store, batch by batch. */
#include "lib/db_flow.h"

#include "lib/db_sql.h"
#include "lib/err.h"
#include "lib/plant.h"
#include "lib/tunnel.h"

#include <stdio.h>
#include <string.h>

#define APP_FLOWS_MAX 100000 /* walked through in some 20 ms */

/* --- applications --------------------------------------------------------------------------------------------------- */

/* Which applications have flows in the store. */
struct used_apps {
	bool asked;
	bool all; /* there are too many flows to look: each may have some */
	uint8_t seen[(UINT16_MAX + 1) / 8];
};

/* 1: the store has so many flows that nobody should walk through them while the probes wait. Where rows were removed among the
 * others it may be less. */
static int
has_many_flows(struct db *db)
{
	struct db_stmt *q;
	int64_t span = 0;

	/* one of the two alone is looked up in the index */
	if (db_query(db,
	             "SELECT coalesce((SELECT max(id) FROM flow) - (SELECT min(id) FROM flow), 0)",
	             &q) < 0)
		return NM_ESTORE;
	int rc = db_step(q);
	if (rc > 0)
		span = db_column_int(q, 0);
	db_done(q);
	return rc < 0 ? NM_ESTORE : span >= APP_FLOWS_MAX;
}

static int
find_used(struct db *db, struct used_apps *used)
{
	struct db_stmt *q;
	int rc = has_many_flows(db);

	used->all = rc > 0;
	used->asked = true;
	if (rc != 0)
		return rc < 0 ? rc : NM_OK;
	if (db_query(db, "SELECT DISTINCT application FROM flow", &q) < 0)
		return NM_ESTORE;
	while ((rc = db_step(q)) > 0) {
		uint16_t id = (uint16_t)db_column_int(q, 0);
		used->seen[id / 8] |= (uint8_t)(1u << id % 8);
	}
	db_done(q);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

/* 1: a flow of the application is stored, or may be. */
static int
app_is_used(struct db *db, uint16_t id, struct used_apps *used)
{
	int rc = used->asked ? NM_OK : find_used(db, used);

	return rc < 0 ? rc : used->all || (used->seen[id / 8] >> id % 8 & 1);
}

/* 1: the store has the id under another name; 0: it has it not, or under this name. */
static int
app_name_differs(struct db *db, const struct application *app)
{
	struct db_stmt *q;

	if (db_query(db, "SELECT name FROM application WHERE id = ?", &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, app->id);
	int rc = db_step(q);
	if (rc > 0)
		rc = strcmp(db_column_text(q, 0), app->name) != 0;
	db_done(q);
	return rc;
}

static int
app_put_one(struct db *db, const struct application *app, struct used_apps *used, size_t *conflicts)
{
	struct db_stmt *q;

	int rc = app_name_differs(db, app);
	if (rc > 0 && app->id != APP_UNKNOWN)
		rc = app_is_used(db, app->id, used);
	if (rc < 0)
		return NM_ESTORE;
	if (rc > 0) {
		(*conflicts)++;
		return NM_OK;
	}
	if (db_query(db,
	             "INSERT INTO application (id, name, category, colour, colour_dark) "
	             "VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
	             "category = excluded.category, colour = excluded.colour, "
	             "colour_dark = excluded.colour_dark",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, app->id);
	db_bind_text(q, 2, app->name);
	db_bind_text(q, 3, app->category);
	db_bind_int(q, 4, app->colour);
	db_bind_int(q, 5, app->colour_dark);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

int
db_app_add(struct db *db, const struct application *apps, size_t n, size_t *ret_conflicts)
{
	struct used_apps used = { .asked = false };
	size_t conflicts = 0;
	int rc = NM_OK;

	for (size_t i = 0; i < n && rc == NM_OK; i++)
		rc = app_put_one(db, &apps[i], &used, &conflicts);
	if (rc == NM_OK)
		*ret_conflicts = conflicts;
	return rc;
}

int
db_app_put(struct db *db, const struct application *apps, size_t n, size_t *ret_conflicts)
{
	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	return db_end_write(db, db_app_add(db, apps, n, ret_conflicts));
}

/* --- batches --------------------------------------------------------------------------------------------------------- */

/* A flow's row, as db_put_rows() takes it. */
struct flow_row {
	int64_t link;
	int64_t vlan;
	int64_t sport;
	int64_t dport;
	int64_t protocol;
	int64_t packets;
	int64_t octets;
	int64_t application;
	int64_t fraction;
	int64_t started;
	int64_t expires;
	int64_t sampling;
	int64_t duplicate;
	unsigned long saddr_len;
	unsigned long daddr_len;
	unsigned long tunnel_len;
	char saddr[ADDR_TEXT_MAX];
	char daddr[ADDR_TEXT_MAX];
	char tunnel[TUNNEL_TEXT_MAX];
};

#define INT(row, name)                                \
	{                                             \
		DB_INT, offsetof(struct row, name), 0 \
	}
#define TEXT(row, name)                                                               \
	{                                                                             \
		DB_TEXT, offsetof(struct row, name), offsetof(struct row, name##_len) \
	}
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct db_column flow_columns[] = {
	INT(flow_row, link),        INT(flow_row, vlan),     TEXT(flow_row, saddr),
	TEXT(flow_row, daddr),      INT(flow_row, sport),    INT(flow_row, dport),
	INT(flow_row, protocol),    INT(flow_row, packets),  INT(flow_row, octets),
	INT(flow_row, application), INT(flow_row, fraction), INT(flow_row, started),
	INT(flow_row, expires),     TEXT(flow_row, tunnel),  INT(flow_row, sampling),
	INT(flow_row, duplicate),
};

/* A batch, and the store's ids of its links. */
struct put {
	const struct batch *batch;
	const int64_t *links;
};

static void
fill_flow(const void *ctx, size_t i, void *ret_row)
{
	const struct put *put = ctx;
	const struct record *r = &put->batch->records[i];
	struct flow_row *row = ret_row;

	row->link = put->links[r->link];
	row->vlan = r->vlan;
	row->sport = r->sport;
	row->dport = r->dport;
	row->protocol = r->protocol;
	row->packets = r->packets;
	row->octets = r->octets;
	row->application = r->application;
	row->fraction = (int64_t)r->start_frac << 8 | r->end_frac;
	row->started = r->started;
	row->expires = r->expires;
	row->sampling = r->sampling ? r->sampling : 1;
	row->duplicate = (r->roles & RECORD_DUPLICATE) != 0;
	row->saddr_len = strlen(addr_format(&r->saddr, row->saddr, sizeof(row->saddr)));
	row->daddr_len = strlen(addr_format(&r->daddr, row->daddr, sizeof(row->daddr)));
	row->tunnel_len = 0;
	if (r->tunnel)
		row->tunnel_len =
		    strlen(tunnel_format(r->tunnel, row->tunnel, sizeof(row->tunnel)));
}

#define PUT_FLOWS                                                                       \
	"INSERT INTO flow (link, vlan, saddr, daddr, sport, dport, protocol, packets, " \
	"octets, application, fraction, started, expires, tunnel, sampling, duplicate) VALUES "
#define FLOW_VALUES "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

static const struct db_rows flow_rows = {
	.one = PUT_FLOWS FLOW_VALUES,
	.many = PUT_FLOWS DB_ROWS(FLOW_VALUES),
	.columns = flow_columns,
	.n_columns = N(flow_columns),
	.row_size = sizeof(struct flow_row),
	.fill = fill_flow,
};

struct ledger_row {
	int64_t link;
	int64_t minute;
	int64_t cause;
	int64_t packets;
	int64_t octets;
};

static const struct db_column ledger_columns[] = {
	INT(ledger_row, link),    INT(ledger_row, minute), INT(ledger_row, cause),
	INT(ledger_row, packets), INT(ledger_row, octets),
};

static void
fill_ledger(const void *ctx, size_t i, void *ret_row)
{
	const struct put *put = ctx;
	const struct ledger_delta *d = &put->batch->ledger[i];

	*(struct ledger_row *)ret_row =
	    (struct ledger_row){ put->links[d->link], d->minute, d->cause, (int64_t)d->packets,
		                 (int64_t)d->octets };
}

#define PUT_LEDGER    "INSERT INTO ledger (link, minute, cause, packets, octets) VALUES "
#define LEDGER_VALUES "(?, ?, ?, ?, ?)"
/* A sum that a probe lies about stays below 63 bits: MariaDB refuses more, for ever, and SQLite makes a float of it. */
#define LEDGER_SUM(name)                                                       \
	name " = CASE WHEN ledger." name " > 281474976710656 - excluded." name \
	     " THEN 281474976710656 ELSE ledger." name " + excluded." name " END"
#define ADD_LEDGER                                                                                 \
	" ON CONFLICT (link, minute, cause) DO UPDATE SET " LEDGER_SUM("packets") ", " LEDGER_SUM( \
	    "octets")

static const struct db_rows ledger_rows = {
	.one = PUT_LEDGER LEDGER_VALUES ADD_LEDGER,
	.many = PUT_LEDGER DB_ROWS(LEDGER_VALUES) ADD_LEDGER,
	.columns = ledger_columns,
	.n_columns = N(ledger_columns),
	.row_size = sizeof(struct ledger_row),
	.fill = fill_ledger,
};

static int
put_rows(struct db *db, const int64_t *links, const struct batch *b)
{
	const struct put put = { b, links };
	int rc = db_put_rows(db, &flow_rows, b->n_records, &put);

	if (rc == NM_OK)
		rc = db_put_rows(db, &ledger_rows, b->n_ledger, &put);
	return rc < 0 ? NM_ESTORE : NM_OK;
}

static int
probe_seen(struct db *db, int64_t probe, uint32_t now_s)
{
	struct db_stmt *q;

	if (db_query(db, "UPDATE probe SET last_seen = ? WHERE id = ?", &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, now_s);
	db_bind_int(q, 2, probe);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* Every link that the batch speaks of is one of the probe's. */
static int
check_links(const struct batch *b, size_t n_links)
{
	for (const struct record *r = b->records; r < b->records + b->n_records; r++)
		if (r->link >= n_links)
			return NM_EFORMAT;
	for (const struct ledger_delta *d = b->ledger; d < b->ledger + b->n_ledger; d++)
		if (d->link >= n_links)
			return NM_EFORMAT;
	return NM_OK;
}

/* The batch is the one behind the watermark, and follows the one that is there. */
static int
check_sequence(struct db *db, int64_t probe, const struct batch *b)
{
	struct db_watermark mark;

	if (db_watermark_get(db, probe, b->epoch, &mark) < 0)
		return NM_ESTORE;
	return db_watermark_check(&mark, b);
}

int
db_batch_add(struct db *db, int64_t probe, const int64_t *links, size_t n_links,
             const struct batch *batch, uint32_t now_s)
{
	const struct db_watermark mark = { batch->sequence, batch->crc };

	int rc = check_links(batch, n_links);
	/* under the write lock, so that two collectors cannot both find the same watermark */
	if (rc == NM_OK)
		rc = check_sequence(db, probe, batch);
	if (rc == NM_OK)
		rc = put_rows(db, links, batch);
	if (rc == NM_OK && PLANTED("watermark-apart"))
		rc = db_commit(db) < 0 || db_begin_write(db) < 0 ? NM_ESTORE : NM_OK;
	if (rc == NM_OK)
		rc = db_watermark_set(db, probe, batch->epoch, &mark, now_s);
	if (rc == NM_OK)
		rc = probe_seen(db, probe, now_s);
	return rc;
}

int
db_batch_put(struct db *db, int64_t probe, const int64_t *links, size_t n_links,
             const struct batch *batch, uint32_t now_s)
{
	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	return db_end_write(db, db_batch_add(db, probe, links, n_links, batch, now_s));
}

/* --- reading back ---------------------------------------------------------------------------------------------------- */

static int
get_flow(struct db_stmt *q, struct record *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->application = (uint16_t)db_column_int(q, 2);
	ret->packets = (uint16_t)db_column_int(q, 3);
	ret->octets = (uint32_t)db_column_int(q, 4);
	unsigned fraction = (unsigned)db_column_int(q, 5);
	ret->start_frac = (uint8_t)(fraction >> 8);
	ret->end_frac = (uint8_t)fraction;
	ret->started = (uint32_t)db_column_int(q, 6);
	ret->expires = (uint32_t)db_column_int(q, 7);
	ret->protocol = (uint8_t)db_column_int(q, 8);
	if (addr_parse(db_column_text(q, 0), &ret->saddr) < 0)
		return NM_EFORMAT;
	return addr_parse(db_column_text(q, 1), &ret->daddr);
}

int
db_flow_each(struct db *db, uint32_t since_s, int (*each)(void *ctx, const struct record *r),
             void *ctx)
{
	struct db_stmt *q;
	struct record r;
	int rc, stop = 0;

	if (db_query(
		db,
		"SELECT saddr, daddr, application, packets, octets, fraction, started, expires, "
		"protocol FROM flow WHERE expires >= ? AND duplicate = 0 ORDER BY expires",
		&q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, since_s);
	/* a row that somebody else wrote with an address that is none is passed over */
	while (stop == 0 && (rc = db_step(q)) > 0)
		if (get_flow(q, &r) == NM_OK)
			stop = each(ctx, &r);
	db_done(q);
	return stop != 0 ? stop : rc;
}

static void
get_use(struct db_stmt *q, struct db_endpoint_use *ret)
{
	memset(ret, 0, sizeof(*ret));
	(void)snprintf(ret->application, sizeof(ret->application), "%s", db_column_text(q, 0));
	ret->protocol = (uint8_t)db_column_int(q, 1);
	ret->flows = (uint64_t)db_column_int(q, 2);
	ret->packets = (uint64_t)db_column_int(q, 3);
	ret->octets = (uint64_t)db_column_int(q, 4);
	ret->last_s = (uint32_t)db_column_int(q, 5);
}

int
db_flow_endpoint(struct db *db, const struct addr *addr, uint16_t port, uint32_t since_s,
                 int (*each)(void *ctx, const struct db_endpoint_use *use), void *ctx)
{
	char text[ADDR_TEXT_MAX];
	struct db_endpoint_use use;
	struct db_stmt *q;
	int rc, stop = 0;

	if (db_query(
		db,
		"SELECT coalesce(a.name, 'application ' || f.application), f.protocol, count(*), "
		"sum(f.packets), sum(f.octets), max(f.expires) FROM flow f "
		"LEFT JOIN application a ON a.id = f.application WHERE f.expires >= ? AND f.duplicate = 0 "
		"AND ((f.saddr = ? AND f.sport = ?) OR (f.daddr = ? AND f.dport = ?)) "
		"GROUP BY f.application, f.protocol ORDER BY sum(f.octets) DESC",
		&q) < 0)
		return NM_ESTORE;
	(void)addr_format(addr, text, sizeof(text));
	db_bind_int(q, 1, since_s);
	db_bind_text(q, 2, text);
	db_bind_int(q, 3, port);
	db_bind_text(q, 4, text);
	db_bind_int(q, 5, port);
	while (stop == 0 && (rc = db_step(q)) > 0) {
		get_use(q, &use);
		stop = each(ctx, &use);
	}
	db_done(q);
	return stop != 0 ? stop : rc;
}
