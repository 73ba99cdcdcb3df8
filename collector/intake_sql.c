/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches as SQL text on a descriptor. */
#include "collector/intake.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/sqltext.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBERINGS_MAX 4096 /* probes' numberings that are remembered; beyond, the oldest goes */

/* How far one numbering of one probe was written. */
struct numbering {
	char probe[FRAME_NAME_MAX + 1];
	uint64_t epoch;
	struct db_watermark committed;
};

struct intake_sql {
	struct intake intake; /* first */
	int fd;
	size_t n; /* numberings so far; the newest NUMBERINGS_MAX are kept, in a ring */
	struct numbering ring[NUMBERINGS_MAX];
};

static struct intake_sql *
sql_of(struct intake *intake)
{
	return (struct intake_sql *)(void *)intake;
}

static struct numbering *
find_numbering(struct intake_sql *in, const struct frame_hello *hello)
{
	size_t n = in->n < NUMBERINGS_MAX ? in->n : NUMBERINGS_MAX;

	for (size_t i = 0; i < n; i++)
		if (in->ring[i].epoch == hello->epoch &&
		    strcmp(in->ring[i].probe, hello->probe) == 0)
			return &in->ring[i];
	return NULL;
}

/* Remembers how far the probe's numbering is written. */
static void
note_committed(struct intake_sql *in, const struct intake_probe *probe)
{
	struct numbering *n = find_numbering(in, probe->hello);

	if (!n) {
		n = &in->ring[in->n++ % NUMBERINGS_MAX];
		(void)snprintf(n->probe, sizeof(n->probe), "%s", probe->hello->probe);
		n->epoch = probe->hello->epoch;
	}
	n->committed = probe->committed;
}

/* Writes everything. 0 or -errno. */
static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (n < 0 && errno == EAGAIN)
			(void)poll(&p, 1, -1); /* somebody made the pipe non-blocking */
		else if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return NM_OK;
}

/* A text in memory, so that nothing of a statement that fails gets out. */
struct text {
	struct sqltext sql;
	const char *links[FRAME_LINKS_MAX];
	char *bytes;
	size_t len;
};

static int
text_open(struct text *t, const struct frame_hello *hello)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < hello->n_links; i++)
		t->links[i] = hello->links[i];
	t->sql = (struct sqltext){ .out = open_memstream(&t->bytes, &t->len),
		                   .probe = hello->probe,
		                   .links = t->links,
		                   .n_links = hello->n_links };
	return t->sql.out ? NM_OK : -ENOMEM;
}

/* Says why nothing more gets out, and what to look at: a client ends at the first column that its database lacks. */
static void
report_end(int rc)
{
	char hint[96] = "";

	if (rc == -EPIPE)
		(void)snprintf(hint, sizeof(hint),
		               "; has the client's database schema version %d (netmond(8))?",
		               DB_SCHEMA_VERSION);
	log_error("SQL output: %s; what is not acknowledged stays with the probes%s",
	          nm_strerror(rc), hint);
}

/* Closes the text and, when `rc` is 0, writes it. */
static int
text_end(struct text *t, const struct intake_sql *in, int rc)
{
	bool failed = ferror(t->sql.out) != 0;

	failed |= fclose(t->sql.out) != 0;
	if (rc == NM_OK && failed)
		rc = -ENOMEM;
	else if (rc == NM_OK)
		rc = write_all(in->fd, t->bytes, t->len);
	if (intake_is_fatal(rc))
		report_end(rc);
	free(t->bytes);
	return rc;
}

static int
sql_hello(struct intake *intake, struct intake_probe *probe, uint32_t now_s)
{
	struct intake_sql *in = sql_of(intake);
	const struct numbering *n = find_numbering(in, probe->hello);
	struct text t;

	/* after a restart nobody knows what the client at the other end has: what the probe still holds is sent */
	probe->committed =
	    n ? n->committed : (struct db_watermark){ probe->hello->first - 1, probe->hello->base };
	int rc = text_open(&t, probe->hello);
	if (rc < 0)
		return rc;
	sqltext_probe(&t.sql, now_s);
	if (probe->hello->labels)
		sqltext_labels(&t.sql, probe->hello->labels, now_s);
	return text_end(&t, in, NM_OK);
}

static int
sql_start(struct intake *intake, struct intake_probe *probe, const struct db_watermark *mark,
          uint32_t now_s)
{
	(void)now_s;
	probe->committed = *mark;
	note_committed(sql_of(intake), probe);
	return NM_OK;
}

static int
sql_apps(struct intake *intake, struct intake_probe *probe, const struct application *apps,
         size_t n)
{
	struct text t;
	int rc = text_open(&t, probe->hello);

	if (rc < 0)
		return rc;
	sqltext_apps(&t.sql, apps, n);
	return text_end(&t, sql_of(intake), NM_OK);
}

static int
sql_labels(struct intake *intake, struct intake_probe *probe, uint32_t labels, uint32_t now_s)
{
	struct text t;
	int rc = text_open(&t, probe->hello);

	if (rc < 0)
		return rc;
	sqltext_labels(&t.sql, labels, now_s);
	return text_end(&t, sql_of(intake), NM_OK);
}

static int
sql_batch(struct intake *intake, struct intake_probe *probe, const struct batch *batch,
          uint32_t now_s)
{
	struct intake_sql *in = sql_of(intake);
	struct text t;

	int rc = db_watermark_check(&probe->committed, batch);
	if (rc < 0)
		return rc;
	rc = text_open(&t, probe->hello);
	if (rc < 0)
		return rc;
	rc = text_end(&t, in, sqltext_batch(&t.sql, batch, now_s));
	if (rc == NM_OK) {
		probe->committed = (struct db_watermark){ batch->sequence, batch->crc };
		note_committed(in, probe);
	}
	return rc;
}

static void
sql_free(struct intake *intake)
{
	free(sql_of(intake));
}

static const struct intake_ops sql_ops = { sql_hello,  sql_start, sql_apps,
	                                   sql_labels, sql_batch, sql_free };

struct intake *
intake_sql_new(int fd)
{
	struct intake_sql *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->intake.ops = &sql_ops;
	in->fd = fd;
	return &in->intake;
}
