/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes in the store. */
#include "lib/db_probe.h"

#include "lib/db_sql.h"
#include "lib/err.h"
#include "lib/plant.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EPOCH_TEXT_MAX 17
#define FENCED_QUIET_S 600

static const char *
epoch_text(uint64_t epoch, char buf[EPOCH_TEXT_MAX])
{
	(void)snprintf(buf, EPOCH_TEXT_MAX, "%016" PRIx64, epoch);
	return buf;
}

/* --- who they are --------------------------------------------------------------------------------------------------- */

/* 1: the store has the probe; 0: it has not. */
static int
probe_find(struct db *db, const char *name, int64_t *ret_id)
{
	struct db_stmt *q;

	if (db_query(db, "SELECT id FROM probe WHERE name = ?", &q) < 0)
		return NM_ESTORE;
	db_bind_text(q, 1, name);
	int rc = db_step(q);
	if (rc > 0)
		*ret_id = db_column_int(q, 0);
	db_done(q);
	return rc < 0 ? NM_ESTORE : rc;
}

static int
probe_seen(struct db *db, int64_t id, uint32_t now_s)
{
	struct db_stmt *q;

	if (db_query(db, "UPDATE probe SET last_seen = ? WHERE id = ?", &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, now_s);
	db_bind_int(q, 2, id);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* NM_ELIMIT when there are `max` of them; `q` counts. */
static int
check_room(struct db_stmt *q, int64_t max)
{
	int rc = db_step(q);
	int64_t n = rc > 0 ? db_column_int(q, 0) : 0;

	db_done(q);
	return rc < 0 ? NM_ESTORE : n < max ? NM_OK : NM_ELIMIT;
}

static int
check_probes(struct db *db)
{
	struct db_stmt *q;

	if (db_query(db, "SELECT count(*) FROM probe", &q) < 0)
		return NM_ESTORE;
	return check_room(q, DB_PROBES_MAX);
}

static int
check_links(struct db *db, int64_t probe)
{
	struct db_stmt *q;

	if (db_query(db, "SELECT count(*) FROM link WHERE probe = ?", &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	return check_room(q, DB_LINKS_MAX);
}

static int
probe_add(struct db *db, const char *name, uint32_t now_s, int64_t *ret_id)
{
	struct db_stmt *q;
	int rc = probe_find(db, name, ret_id);

	if (rc != 0)
		return rc < 0 ? rc : probe_seen(db, *ret_id, now_s);
	rc = check_probes(db);
	if (rc < 0)
		return rc;
	if (db_query(db, "INSERT INTO probe (name, last_seen) VALUES (?, ?)", &q) < 0)
		return NM_ESTORE;
	db_bind_text(q, 1, name);
	db_bind_int(q, 2, now_s);
	if (db_finish(q) < 0)
		return NM_ESTORE;
	*ret_id = db_last_id(db);
	return NM_OK;
}

/* A link and the epoch that speaks for it, empty for none. */
struct link_row {
	int64_t id;
	char epoch[EPOCH_TEXT_MAX];
};

static int
link_find(struct db *db, int64_t probe, const char *name, struct link_row *ret)
{
	struct db_stmt *q;

	if (db_query(db, "SELECT id, epoch FROM link WHERE probe = ? AND name = ?", &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	db_bind_text(q, 2, name);
	int rc = db_step(q);
	if (rc > 0) {
		ret->id = db_column_int(q, 0);
		db_column_copy(q, 1, ret->epoch, sizeof(ret->epoch));
	}
	db_done(q);
	return rc < 0 ? NM_ESTORE : rc;
}

static int
link_add(struct db *db, int64_t probe, const char *name, struct link_row *ret)
{
	struct db_stmt *q;
	int rc = link_find(db, probe, name, ret);

	if (rc != 0)
		return rc < 0 ? rc : NM_OK;
	rc = check_links(db, probe);
	if (rc < 0)
		return rc;
	if (db_query(db, "INSERT INTO link (probe, name) VALUES (?, ?)", &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	db_bind_text(q, 2, name);
	if (db_finish(q) < 0)
		return NM_ESTORE;
	*ret = (struct link_row){ .id = db_last_id(db) };
	return NM_OK;
}

int
db_probe_put(struct db *db, const struct db_probe_names *names, uint32_t now_s, int64_t *ret_probe,
             int64_t *ret_links)
{
	struct link_row link = { .id = 0 };

	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	int rc = probe_add(db, names->probe, now_s, ret_probe);
	for (size_t i = 0; i < names->n_links && rc == NM_OK; i++) {
		rc = link_add(db, *ret_probe, names->links[i], &link);
		ret_links[i] = link.id;
	}
	return db_end_write(db, rc);
}

/* --- how far they are ----------------------------------------------------------------------------------------------- */

/* 1: the store knows the epoch; 0: it does not, and *ret_mark is that of nothing. */
static int
watermark_find(struct db *db, int64_t probe, const char *epoch, struct db_watermark *ret_mark)
{
	struct db_stmt *q;

	if (db_query(db, "SELECT sequence, crc FROM watermark WHERE probe = ? AND epoch = ?", &q) <
	    0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	db_bind_text(q, 2, epoch);
	int rc = db_step(q);
	if (rc >= 0)
		*ret_mark = (struct db_watermark){ 0 };
	if (rc > 0)
		*ret_mark = (struct db_watermark){ (uint64_t)db_column_int(q, 0),
			                           (uint32_t)db_column_int(q, 1) };
	db_done(q);
	return rc < 0 ? NM_ESTORE : rc;
}

int
db_watermark_get(struct db *db, int64_t probe, uint64_t epoch, struct db_watermark *ret_mark)
{
	char text[EPOCH_TEXT_MAX];
	int rc = watermark_find(db, probe, epoch_text(epoch, text), ret_mark);

	return rc < 0 ? rc : NM_OK;
}

static int
watermark_write(struct db *db, int64_t probe, const char *epoch, const struct db_watermark *mark,
                uint32_t now_s)
{
	struct db_stmt *q;

	if (db_query(db,
	             "INSERT INTO watermark (probe, epoch, sequence, crc, updated) "
	             "VALUES (?, ?, ?, ?, ?) ON CONFLICT (probe, epoch) DO UPDATE SET "
	             "sequence = excluded.sequence, crc = excluded.crc, "
	             "updated = excluded.updated",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, probe);
	db_bind_text(q, 2, epoch);
	db_bind_int(q, 3, (int64_t)mark->sequence);
	db_bind_int(q, 4, mark->crc);
	db_bind_int(q, 5, now_s);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

int
db_watermark_set(struct db *db, int64_t probe, uint64_t epoch, const struct db_watermark *mark,
                 uint32_t now_s)
{
	char text[EPOCH_TEXT_MAX];

	return watermark_write(db, probe, epoch_text(epoch, text), mark, now_s);
}

int
db_watermark_start(struct db *db, int64_t probe, uint64_t epoch, const struct db_watermark *mark,
                   uint32_t now_s)
{
	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	return db_end_write(db, db_watermark_set(db, probe, epoch, mark, now_s));
}

int
db_watermark_check(const struct db_watermark *mark, const struct batch *batch)
{
	/* the same number again is the same batch, unless a copy of the probe has made another one of it */
	if (batch->sequence == mark->sequence && mark->crc != 0 && batch->crc != mark->crc)
		return NM_EFENCED;
	if (batch->sequence <= mark->sequence)
		return NM_EEXISTS;
	if (batch->first > mark->sequence + 1)
		return NM_EORDER;
	if (batch->first < mark->sequence + 1 ||
	    (mark->crc != 0 && batch->previous != mark->crc && !PLANTED("chain-not-checked")))
		return NM_EFENCED;
	return NM_OK;
}

/* --- events --------------------------------------------------------------------------------------------------------- */

/* 1: the same happened not long ago. What a clock that was ahead left behind does not keep alarms back. */
static int
event_is_known(struct db *db, const struct db_probe_event *e)
{
	struct db_stmt *q;

	if (db_query(
		db,
		"SELECT 1 FROM probe_event WHERE at > ? AND at <= ? AND probe = ? AND event = ? LIMIT 1",
		&q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, (int64_t)e->at_s - e->quiet_s);
	db_bind_int(q, 2, e->at_s);
	db_bind_text(q, 3, e->probe);
	db_bind_text(q, 4, e->event);
	int rc = db_step(q);
	db_done(q);
	return rc < 0 ? NM_ESTORE : rc;
}

/* How many of them came within an hour, as far as it matters. */
static int
count_events(struct db *db, const struct db_probe_event *e)
{
	struct db_stmt *q;
	int n = 0;

	if (db_query(db,
	             "SELECT count(*) FROM (SELECT id FROM probe_event WHERE at > ? AND at <= ? "
	             "AND probe = ? AND event = ? LIMIT ?) n",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, (int64_t)e->at_s - 3600);
	db_bind_int(q, 2, e->at_s);
	db_bind_text(q, 3, e->probe);
	db_bind_text(q, 4, e->event);
	db_bind_int(q, 5, DB_EVENTS_HOUR);
	int rc = db_step(q);
	if (rc > 0)
		n = (int)db_column_int(q, 0);
	db_done(q);
	return rc < 0 ? NM_ESTORE : n;
}

int
db_probe_event_add(struct db *db, const struct db_probe_event *e)
{
	char detail[256];
	struct db_stmt *q;
	int rc = e->quiet_s ? event_is_known(db, e) : 0;

	if (rc != 0)
		return rc < 0 ? rc : NM_OK;
	int n = strcmp(e->event, "accepted") != 0 ? count_events(db, e) : 0;
	if (n < 0 || n >= DB_EVENTS_HOUR)
		return n < 0 ? n : NM_OK;
	(void)snprintf(detail, sizeof(detail), "%.200s%s", e->detail,
	               n == DB_EVENTS_HOUR - 1 ? "; more within an hour is not noted" : "");
	if (db_query(db, "INSERT INTO probe_event (at, probe, event, detail) VALUES (?, ?, ?, ?)",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, e->at_s);
	db_bind_text(q, 2, e->probe);
	db_bind_text(q, 3, e->event);
	db_bind_text(q, 4, detail);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* --- hello ---------------------------------------------------------------------------------------------------------- */

/* A hello on its way through the store. */
struct arrival {
	struct db *db;
	const struct frame_hello *hello;
	uint32_t now_s;
	char epoch[EPOCH_TEXT_MAX];
	bool known; /* the store has seen the epoch */
	struct link_row links[FRAME_LINKS_MAX];
	struct db_probe_place *place;
};

static int
find_place(struct arrival *a)
{
	struct db_probe_place *p = a->place;
	int rc = probe_add(a->db, a->hello->probe, a->now_s, &p->probe);

	for (size_t i = 0; i < a->hello->n_links && rc == NM_OK; i++) {
		rc = link_add(a->db, p->probe, a->hello->links[i], &a->links[i]);
		p->links[i] = a->links[i].id;
	}
	if (rc == NM_OK) {
		rc = watermark_find(a->db, p->probe, a->epoch, &p->committed);
		a->known = rc > 0;
	}
	return rc < 0 ? rc : NM_OK;
}

static bool
is_others(const struct arrival *a, size_t link)
{
	const char *speaker = a->links[link].epoch;

	return speaker[0] && strcmp(speaker, a->epoch) != 0;
}

/* Whether the numbering can be this probe's: NM_EFENCED with words, or 0. */
static int
check_place(struct arrival *a)
{
	const struct frame_hello *h = a->hello;
	struct db_probe_place *p = a->place;

	if (p->committed.sequence >= h->next) {
		(void)snprintf(p->why, sizeof(p->why),
		               "the store has more of this numbering than this probe ever sent");
		return NM_EFENCED;
	}
	/* 0: the probe does not know it any more */
	if (p->committed.sequence > 0 && h->first == p->committed.sequence + 1 && h->base != 0 &&
	    p->committed.crc != 0 && h->base != p->committed.crc) {
		(void)snprintf(p->why, sizeof(p->why),
		               "the store has another batch %" PRIu64 " of this numbering",
		               p->committed.sequence);
		return NM_EFENCED;
	}
	for (size_t i = 0; i < h->n_links && a->known; i++) {
		if (is_others(a, i)) {
			(void)snprintf(p->why, sizeof(p->why),
			               "another probe of this name took over link %s", h->links[i]);
			return NM_EFENCED;
		}
	}
	return NM_OK;
}

static int
link_set_epoch(struct db *db, int64_t link, const char *epoch)
{
	struct db_stmt *q;

	if (db_query(db, "UPDATE link SET epoch = ? WHERE id = ?", &q) < 0)
		return NM_ESTORE;
	db_bind_text(q, 1, epoch);
	db_bind_int(q, 2, link);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* The epoch speaks for the link from now on. The one that did is known by its watermark, even if it stored nothing: so it
 * is told from a new one when it comes again. */
static int
take_link(struct arrival *a, size_t link)
{
	const char *before = a->links[link].epoch;
	struct db_watermark mark;
	int rc = NM_OK;

	if (strcmp(before, a->epoch) == 0)
		return NM_OK;
	if (is_others(a, link)) {
		a->place->taken++;
		rc = watermark_find(a->db, a->place->probe, before, &mark);
		if (rc == 0)
			rc = watermark_write(a->db, a->place->probe, before, &mark, a->now_s);
	}
	return rc < 0 ? rc : link_set_epoch(a->db, a->links[link].id, a->epoch);
}

/* A probe without a spool has a new numbering with each start. */
static int
forget_epochs(const struct arrival *a)
{
	struct db_stmt *q;

	if (a->known)
		return NM_OK;
	if (db_query(a->db,
	             "DELETE FROM watermark WHERE probe = ? AND updated < (SELECT updated FROM "
	             "(SELECT updated FROM watermark WHERE probe = ? ORDER BY updated DESC "
	             "LIMIT 1 OFFSET ?) oldest) AND epoch NOT IN "
	             "(SELECT epoch FROM link WHERE probe = ?)",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, a->place->probe);
	db_bind_int(q, 2, a->place->probe);
	db_bind_int(q, 3, DB_EPOCHS_MAX);
	db_bind_int(q, 4, a->place->probe);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* What is missing was acknowledged once and the probe holds it no more: no refusal brings it back. */
static int
start_in_the_middle(struct arrival *a)
{
	const struct db_watermark mark = { a->hello->first - 1, a->hello->base };
	struct db_probe_place *p = a->place;
	char detail[128];

	if (a->hello->first <= p->committed.sequence + 1)
		return NM_OK;
	p->missing_first = p->committed.sequence + 1;
	p->missing_last = mark.sequence;
	p->committed = mark;
	(void)snprintf(detail, sizeof(detail),
	               "batches %" PRIu64 " to %" PRIu64
	               " are neither in this store nor with the probe",
	               p->missing_first, p->missing_last);
	const struct db_probe_event event = { a->hello->probe, "gap", detail, a->now_s, 0 };
	if (db_probe_event_add(a->db, &event) < 0)
		return NM_ESTORE;
	return watermark_write(a->db, p->probe, a->epoch, &mark, a->now_s);
}

int
db_probe_hello(struct db *db, const struct frame_hello *hello, uint32_t now_s,
               struct db_probe_place *ret_place)
{
	struct arrival a = { .db = db, .hello = hello, .now_s = now_s, .place = ret_place };

	memset(ret_place, 0, sizeof(*ret_place));
	(void)epoch_text(hello->epoch, a.epoch);
	int rc = find_place(&a);
	if (rc == NM_OK)
		rc = check_place(&a);
	if (rc == NM_EFENCED) {
		const struct db_probe_event event = { hello->probe, "fenced", ret_place->why, now_s,
			                              FENCED_QUIET_S };
		return db_probe_event_add(db, &event) < 0 ? NM_ESTORE : rc;
	}
	for (size_t i = 0; i < hello->n_links && rc == NM_OK; i++)
		rc = take_link(&a, i);
	if (rc == NM_OK)
		rc = forget_epochs(&a);
	return rc < 0 ? rc : start_in_the_middle(&a);
}

/* --- fences --------------------------------------------------------------------------------------------------------- */

int
db_probe_speaks(struct db *db, uint64_t epoch, const int64_t *links, size_t n_links)
{
	char text[EPOCH_TEXT_MAX];
	struct db_stmt *q;
	int rc = NM_OK;

	if (db_query(db, "SELECT 1 FROM link WHERE id = ? AND epoch <> '' AND epoch <> ?", &q) < 0)
		return NM_ESTORE;
	(void)epoch_text(epoch, text);
	for (size_t i = 0; i < n_links && rc == NM_OK; i++) {
		db_bind_int(q, 1, links[i]);
		db_bind_text(q, 2, text);
		int row = db_step(q);
		rc = row < 0 ? NM_ESTORE : row > 0 ? NM_EFENCED : NM_OK;
		db_again(q);
	}
	db_done(q);
	return rc;
}

/* Runs a statement whose one parameter is the probe. */
static int
run_for_probe(struct db_stmt *q, int64_t probe)
{
	db_bind_int(q, 1, probe);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

/* The numberings that speak now are known from here on, even if they stored nothing: a new one would take the links back. */
static int
note_speakers(struct db *db, int64_t probe, uint32_t now_s)
{
	struct db_stmt *q;

	if (db_query(db,
	             "INSERT INTO watermark (probe, epoch, sequence, updated) "
	             "SELECT DISTINCT l.probe, l.epoch, 0, ? FROM link l WHERE l.epoch <> '' AND "
	             "NOT EXISTS (SELECT 1 FROM watermark w WHERE w.probe = l.probe AND "
	             "w.epoch = l.epoch) AND l.probe = ?",
	             &q) < 0)
		return NM_ESTORE;
	db_bind_int(q, 1, now_s);
	db_bind_int(q, 2, probe);
	return db_finish(q) < 0 ? NM_ESTORE : NM_OK;
}

static int
lift_fences(struct db *db, int64_t probe, uint32_t now_s)
{
	struct db_stmt *q;

	if (note_speakers(db, probe, now_s) < 0)
		return NM_ESTORE;
	if (db_query(db, "UPDATE link SET epoch = '' WHERE probe = ?", &q) < 0 ||
	    run_for_probe(q, probe) < 0)
		return NM_ESTORE;
	if (db_query(db, "UPDATE watermark SET crc = 0 WHERE probe = ?", &q) < 0)
		return NM_ESTORE;
	return run_for_probe(q, probe);
}

int
db_probe_each(struct db *db, size_t max, int (*each)(void *ctx, const char *name, uint32_t seen_s),
              void *ctx)
{
	struct db_stmt *q;
	int rc;

	if (db_query(db, "SELECT name, last_seen FROM probe ORDER BY last_seen DESC LIMIT ?", &q) <
	    0)
		return NM_ESTORE;
	db_bind_int(q, 1, (int64_t)max);
	while ((rc = db_step(q)) > 0) {
		rc = each(ctx, db_column_text(q, 0), (uint32_t)db_column_int(q, 1));
		if (rc != 0)
			break;
	}
	db_done(q);
	return rc;
}

int
db_probe_accept(struct db *db, const char *probe, uint32_t now_s)
{
	const struct db_probe_event event = { probe, "accepted", "whichever comes next", now_s, 0 };
	int64_t id;

	if (db_begin_write(db) < 0)
		return NM_ESTORE;
	int rc = probe_find(db, probe, &id);
	if (rc == 0)
		rc = NM_ENOTFOUND;
	else if (rc > 0)
		rc = lift_fences(db, id, now_s);
	if (rc == NM_OK)
		rc = db_probe_event_add(db, &event);
	return db_end_write(db, rc);
}
