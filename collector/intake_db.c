/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches into the store. */
#include "collector/intake.h"

#include "lib/db_labels.h"
#include "lib/err.h"
#include "lib/log.h"

#include <stdlib.h>

struct intake_db {
	struct intake intake; /* first */
	struct db *db;
	struct log_limit failures;
	struct log_limit conflicts;
};

static struct intake_db *
db_of(struct intake *intake)
{
	return (struct intake_db *)(void *)intake;
}

/* Says what the store said, and that the probe is to come again. */
static int
report(struct intake_db *in, int rc, const char *what)
{
	if (rc == NM_ESTORE && log_allowed(&in->failures))
		log_error("store: cannot write %s: %s", what, db_error(in->db));
	return rc;
}

static int
db_hello(struct intake *intake, struct intake_probe *probe, uint32_t now_s)
{
	struct intake_db *in = db_of(intake);
	const struct frame_hello *h = probe->hello;

	const struct db_probe_names names = { h->probe, h->links, h->n_links };

	int rc = db_probe_put(in->db, &names, now_s, &probe->id, probe->links);
	if (rc == NM_OK)
		rc = db_watermark_get(in->db, probe->id, h->epoch, &probe->committed);
	if (rc == NM_OK && h->labels)
		rc = db_labels_put(in->db, probe->id, h->labels, now_s);
	return report(in, rc, "a probe");
}

static int
db_start(struct intake *intake, struct intake_probe *probe, const struct db_watermark *mark,
         uint32_t now_s)
{
	struct intake_db *in = db_of(intake);

	int rc = db_watermark_start(in->db, probe->id, probe->hello->epoch, mark, now_s);
	if (rc == NM_OK)
		probe->committed = *mark;
	return report(in, rc, "a watermark");
}

static int
db_apps(struct intake *intake, struct intake_probe *probe, const struct application *apps, size_t n)
{
	struct intake_db *in = db_of(intake);
	size_t conflicts = 0;

	int rc = db_app_put(in->db, apps, n, &conflicts);
	if (conflicts > 0 && log_allowed(&in->conflicts))
		log_warn("probe %s: %zu applications have other names in the store; the store's "
		         "names stay: give the probes the same modules",
		         probe->hello->probe, conflicts);
	return report(in, rc, "applications");
}

static int
db_labels(struct intake *intake, struct intake_probe *probe, uint32_t labels, uint32_t now_s)
{
	struct intake_db *in = db_of(intake);

	return report(in, db_labels_put(in->db, probe->id, labels, now_s), "a version of labels");
}

static int
db_batch(struct intake *intake, struct intake_probe *probe, const struct batch *batch,
         uint32_t now_s)
{
	struct intake_db *in = db_of(intake);

	int rc = db_batch_put(in->db, probe->id, probe->links, probe->hello->n_links, batch, now_s);
	if (rc == NM_OK)
		probe->committed = (struct db_watermark){ batch->sequence, batch->crc };
	return report(in, rc, "a batch");
}

static void
db_free(struct intake *intake)
{
	free(db_of(intake));
}

static const struct intake_ops db_ops = {
	db_hello, db_start, db_apps, db_labels, db_batch, db_free
};

struct intake *
intake_db_new(struct db *db)
{
	struct intake_db *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->intake.ops = &db_ops;
	in->db = db;
	in->failures = (struct log_limit){ .burst = 3, .period_s = 60 };
	in->conflicts = (struct log_limit){ .burst = 1, .period_s = 60 };
	return &in->intake;
}
