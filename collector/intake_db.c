/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches into the store. */
#include "collector/intake.h"

#include "collector/turn.h"
#include "lib/db_labels.h"
#include "lib/err.h"
#include "lib/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FENCED_QUIET_S 600

struct intake_db {
	struct intake intake; /* first */
	struct db *db;
	bool away; /* the last transaction failed */
	bool mine; /* it has its turn */
	/* raised with each transaction and each hello: who speaks for a link may be another one then */
	unsigned long turn;
	struct log_limit failures;
	struct log_limit conflicts;
};

static struct intake_db *
db_of(struct intake *intake)
{
	return (struct intake_db *)(void *)intake;
}

/* Says what the store said. */
static int
report(struct intake_db *in, int rc, const char *what)
{
	if (rc != NM_ESTORE)
		return rc;
	in->away = true;
	if (log_allowed(&in->failures))
		log_error("store: cannot write %s: %s; it is tried again, and what is not "
		          "acknowledged stays with the probes",
		          what, db_error(in->db));
	return rc;
}

static void
give_turn(struct intake_db *in)
{
	if (in->mine)
		turn_give(in->intake.turn);
	in->mine = false;
}

static int
db_begin(struct intake *intake)
{
	struct intake_db *in = db_of(intake);

	in->turn++;
	turn_take(in->intake.turn);
	in->mine = true;
	if (db_begin_write(in->db) == NM_OK)
		return NM_OK;
	(void)report(in, NM_ESTORE, "at all");
	give_turn(in);
	return NM_ESTORE;
}

static int
db_end(struct intake *intake)
{
	struct intake_db *in = db_of(intake);

	if (db_commit(in->db) < 0)
		return report(in, NM_ESTORE, "what came last");
	give_turn(in);
	if (in->away)
		log_info("store: it takes what comes again");
	in->away = false;
	return NM_OK;
}

static void
db_undo(struct intake *intake)
{
	struct intake_db *in = db_of(intake);

	db_rollback(in->db);
	give_turn(in);
}

static int
db_hello(struct intake *intake, struct intake_probe *probe, uint32_t now_s)
{
	struct intake_db *in = db_of(intake);
	const struct frame_hello *h = &probe->hello;

	in->turn++;
	int rc = db_probe_hello(in->db, h, now_s, &probe->place);
	if (rc == NM_OK && h->labels)
		rc = db_labels_add(in->db, probe->place.probe, h->labels, now_s);
	return report(in, rc, "a probe");
}

static int
db_apps(struct intake *intake, struct intake_probe *probe, const struct application *apps, size_t n)
{
	struct intake_db *in = db_of(intake);
	size_t conflicts = 0;

	int rc = db_app_add(in->db, apps, n, &conflicts);
	if (conflicts > 0 && log_allowed(&in->conflicts))
		log_warn("probe %s: %zu applications have other names in the store; the store's "
		         "names stay: give the probes the same modules",
		         probe->hello.probe, conflicts);
	return report(in, rc, "applications");
}

static int
db_labels(struct intake *intake, struct intake_probe *probe, uint32_t labels, uint32_t now_s)
{
	struct intake_db *in = db_of(intake);

	return report(in, db_labels_add(in->db, probe->place.probe, labels, now_s),
	              "a version of labels");
}

/* Once a transaction: another collector may have let another probe speak for the links. */
static int
check_speaker(struct intake_db *in, struct intake_probe *probe)
{
	const struct frame_hello *h = &probe->hello;

	if (probe->spoke == in->turn)
		return NM_OK;
	int rc = db_probe_speaks(in->db, h->epoch, probe->place.links, h->n_links);
	if (rc == NM_OK)
		probe->spoke = in->turn;
	return rc;
}

static int
note_fenced(struct intake_db *in, const struct intake_probe *probe, uint32_t now_s)
{
	const struct db_probe_event event = {
		probe->hello.probe, "fenced",
		"another probe has gone on with its name or numbering", now_s, FENCED_QUIET_S
	};

	return db_probe_event_add(in->db, &event) < 0 ? NM_ESTORE : NM_EFENCED;
}

static int
note_lost(struct intake_db *in, const struct intake_probe *probe, const struct batch *b,
          uint32_t now_s)
{
	char detail[160];

	(void)snprintf(detail, sizeof(detail),
	               "%" PRIu64 " records of batches %" PRIu64 " to %" PRIu64
	               " are gone from its spool",
	               b->lost, b->first, b->sequence);
	const struct db_probe_event event = { probe->hello.probe, "lost", detail, now_s, 0 };
	return db_probe_event_add(in->db, &event) < 0 ? NM_ESTORE : NM_OK;
}

static int
db_batch(struct intake *intake, struct intake_probe *probe, const struct batch *batch,
         uint32_t now_s)
{
	struct intake_db *in = db_of(intake);
	const struct db_probe_place *place = &probe->place;

	int rc = check_speaker(in, probe);
	if (rc == NM_OK)
		rc = db_batch_add(in->db, place->probe, place->links, probe->hello.n_links, batch,
		                  now_s);
	if (rc == NM_EFENCED)
		rc = note_fenced(in, probe, now_s);
	else if (rc == NM_OK && batch->n_records == 0 && batch->lost > 0)
		rc = note_lost(in, probe, batch, now_s);
	return report(in, rc, "a batch");
}

static int
db_event(struct intake *intake, const struct db_probe_event *event)
{
	struct intake_db *in = db_of(intake);

	return report(in, db_probe_event_add(in->db, event), "what happened to a probe");
}

static void
db_free(struct intake *intake)
{
	free(db_of(intake));
}

static const struct intake_ops db_ops = { db_begin,  db_end,   db_undo,  db_hello, db_apps,
	                                  db_labels, db_batch, db_event, db_free };

struct intake *
intake_db_new(struct db *db)
{
	struct intake_db *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->intake.ops = &db_ops;
	in->db = db;
	in->failures = (struct log_limit){ .burst = 1, .period_s = 60 };
	in->conflicts = (struct log_limit){ .burst = 1, .period_s = 60 };
	return &in->intake;
}
