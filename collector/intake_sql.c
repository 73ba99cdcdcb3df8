/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches as SQL text on a descriptor. */
#include "collector/intake.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/sqltext.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS        200
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
	FILE *
	    out; /* the text since begin(), in memory: nothing of a statement that fails gets out */
	char *bytes;
	size_t len;
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

/* Remembers how far the probe's numbering is written. A write that fails ends the program, so nothing has to be undone. */
static void
note_committed(struct intake_sql *in, const struct intake_probe *probe)
{
	struct numbering *n = find_numbering(in, &probe->hello);

	if (!n) {
		n = &in->ring[in->n++ % NUMBERINGS_MAX];
		(void)snprintf(n->probe, sizeof(n->probe), "%s", probe->hello.probe);
		n->epoch = probe->hello.epoch;
	}
	n->committed = probe->place.committed;
}

/* Waits until the client at the other end has room; it may be stopped for long. False: the program is to end. */
static bool
wait_room(const struct intake_sql *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLOUT };

	while (poll(&p, 1, WAIT_MS) == 0)
		if (atomic_load(&in->intake.hurry))
			return false;
	return true;
}

/* Writes everything. 0 or -errno. A pipe that has room takes PIPE_BUF octets without a wait. */
static int
write_all(const struct intake_sql *in, const char *bytes, size_t len)
{
	while (len > 0) {
		if (!wait_room(in))
			return -ETIMEDOUT;
		ssize_t n = write(in->fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return NM_OK;
}

/* What the text is about. */
struct speaker {
	const char *links[FRAME_LINKS_MAX];
	struct sqltext sql;
};

static const struct sqltext *
speak(struct speaker *s, const struct intake_sql *in, const struct frame_hello *hello)
{
	for (size_t i = 0; i < hello->n_links; i++)
		s->links[i] = hello->links[i];
	s->sql = (struct sqltext){
		.out = in->out, .probe = hello->probe, .links = s->links, .n_links = hello->n_links
	};
	return &s->sql;
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

static int
sql_begin(struct intake *intake)
{
	struct intake_sql *in = sql_of(intake);

	in->out = open_memstream(&in->bytes, &in->len);
	return in->out ? NM_OK : -ENOMEM;
}

/* Closes the text and, when `rc` is 0, writes it. */
static int
text_end(struct intake_sql *in, int rc)
{
	bool failed = ferror(in->out) != 0;

	failed |= fclose(in->out) != 0;
	in->out = NULL;
	if (rc == NM_OK && failed)
		rc = -ENOMEM;
	else if (rc == NM_OK)
		rc = write_all(in, in->bytes, in->len);
	if (intake_is_fatal(rc))
		report_end(rc);
	free(in->bytes);
	in->bytes = NULL;
	return rc;
}

static int
sql_commit(struct intake *intake)
{
	return text_end(sql_of(intake), NM_OK);
}

static void
sql_rollback(struct intake *intake)
{
	if (sql_of(intake)->out)
		(void)text_end(sql_of(intake), NM_ESTORE);
}

static int
sql_hello(struct intake *intake, struct intake_probe *probe, uint32_t now_s)
{
	struct intake_sql *in = sql_of(intake);
	const struct numbering *n = find_numbering(in, &probe->hello);
	const struct frame_hello *h = &probe->hello;
	struct speaker speaker;

	/* after a restart nobody knows what the client at the other end has: what the probe still holds is sent */
	probe->place = (struct db_probe_place){
		.committed = n ? n->committed : (struct db_watermark){ h->first - 1, h->base }
	};
	if (n && n->committed.sequence >= h->next)
		return NM_EFENCED;
	if (n && h->first > n->committed.sequence + 1) {
		probe->place.missing_first = n->committed.sequence + 1;
		probe->place.missing_last = h->first - 1;
		probe->place.committed = (struct db_watermark){ h->first - 1, h->base };
		note_committed(in, probe);
	}
	sqltext_probe(speak(&speaker, in, h), now_s);
	if (h->labels)
		sqltext_labels(&speaker.sql, h->labels, now_s);
	return NM_OK;
}

static int
sql_apps(struct intake *intake, struct intake_probe *probe, const struct application *apps,
         size_t n)
{
	struct speaker speaker;

	sqltext_apps(speak(&speaker, sql_of(intake), &probe->hello), apps, n);
	return NM_OK;
}

static int
sql_labels(struct intake *intake, struct intake_probe *probe, uint32_t labels, uint32_t now_s)
{
	struct speaker speaker;

	sqltext_labels(speak(&speaker, sql_of(intake), &probe->hello), labels, now_s);
	return NM_OK;
}

static int
sql_batch(struct intake *intake, struct intake_probe *probe, const struct batch *batch,
          uint32_t now_s)
{
	struct intake_sql *in = sql_of(intake);
	const struct numbering *n = find_numbering(in, &probe->hello);
	struct speaker speaker;

	/* another connection of the probe may have gone on */
	if (n)
		probe->place.committed = n->committed;
	int rc = db_watermark_check(&probe->place.committed, batch);
	if (rc == NM_OK)
		rc = sqltext_batch(speak(&speaker, in, &probe->hello), batch, now_s);
	if (rc == NM_OK) {
		probe->place.committed = (struct db_watermark){ batch->sequence, batch->crc };
		note_committed(in, probe);
	}
	return rc;
}

/* The text has no events: the log has them. */
static int
sql_event(struct intake *intake, const struct db_probe_event *event)
{
	(void)intake;
	(void)event;
	return NM_OK;
}

static void
sql_free(struct intake *intake)
{
	free(sql_of(intake));
}

static const struct intake_ops sql_ops = { sql_begin, sql_commit, sql_rollback,
	                                   sql_hello, sql_apps,   sql_labels,
	                                   sql_batch, sql_event,  sql_free };

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
