/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a probe's frames mean, and what came of them. */
#include "collector/session_parts.h"
#include "lib/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- to the writer ------------------------------------------------------------------------------------------------------ */

bool
session_must_wait(struct session *s, uint8_t type)
{
	bool job =
	    type == FRAME_APPS || type == FRAME_BATCH || type == FRAME_LOST || type == FRAME_LABELS;

	s->blocked =
	    s->state == SESSION_STREAM && job && !writer_has_room(s->shared->writer, s->source);
	return s->blocked;
}

void
session_unblock(struct session *s)
{
	s->blocked = false;
	s->more = true;
	session_due(s);
	/* it could not be heard meanwhile */
	s->heard_ms = loop_now_ms(s->shared->loop);
}

static void
put(struct session *s, struct job *job)
{
	if (job)
		writer_put(s->shared->writer, job);
	else
		session_drop(s, "out of memory");
}

void
session_note(struct session *s, const char *event, const char *detail, uint32_t quiet_s)
{
	const struct db_probe_event note = { s->hello.probe, event, detail, 0, quiet_s };
	struct job *job = s->source ? job_event(s->source, &note) : NULL;

	if (job)
		writer_put(s->shared->writer, job);
}

/* --- frames ------------------------------------------------------------------------------------------------------------- */

/* The certificate says who it is, not the probe. */
static void
refuse_name(struct session *s)
{
	char claimed[FRAME_NAME_MAX + 1], text[256];

	memcpy(claimed, s->hello.probe, sizeof(claimed));
	(void)snprintf(s->hello.probe, sizeof(s->hello.probe), "%s", stream_peer(s->stream));
	(void)snprintf(text, sizeof(text), "it calls itself %s, but its certificate is for %s",
	               claimed, s->hello.probe);
	session_refuse(s, FRAME_STATUS_REFUSED, text);
}

static void
take_hello(struct session *s, const uint8_t *bytes, size_t len)
{
	int rc = frame_decode_hello(bytes, len, &s->hello);
	strangers_remove(&s->shared->strangers, s);
	if (rc == NM_EVERSION) {
		s->hello.probe[0] = '\0';
		session_refuse(s, FRAME_STATUS_VERSION, "this collector speaks version 2");
		return;
	}
	if (rc < 0) {
		s->hello.probe[0] = '\0';
		session_drop(s, "it does not greet as a probe does");
		return;
	}
	if (stream_is_tls(s->stream) && strcmp(s->hello.probe, stream_peer(s->stream)) != 0) {
		refuse_name(s);
		return;
	}
	if (writer_is_away(s->shared->writer)) {
		session_refuse(s, FRAME_STATUS_BUSY, "the store does not answer");
		return;
	}
	s->source = source_new(&s->hello, s);
	if (!s->source || !writer_has_room(s->shared->writer, s->source)) {
		session_refuse(s, FRAME_STATUS_BUSY, "the store has too much to do");
		return;
	}
	s->state = SESSION_OPENING;
	put(s, job_hello(s->source));
}

static void
take_apps(struct session *s, const uint8_t *bytes, size_t len)
{
	size_t n;

	if (frame_decode_apps(bytes, len, s->shared->apps, FRAME_APPS_MAX, &n) < 0) {
		session_drop(s, "its list of applications is malformed");
		return;
	}
	put(s, job_apps(s->source, s->shared->apps, n));
}

/* The probe was told to read its modules, services or rules again. */
static void
take_labels(struct session *s, const uint8_t *bytes, size_t len)
{
	uint32_t labels;

	if (frame_decode_labels(bytes, len, &labels) < 0) {
		session_drop(s, "its version of labels is malformed");
		return;
	}
	if (labels == s->hello.labels)
		return;
	s->hello.labels = labels;
	put(s, job_labels(s->source, labels));
}

/* A batch, or what stands in its place, on its way into the store. */
static void
put_batch(struct session *s, struct batch *b)
{
	tally_came(s->tally, b, loop_wall_s(s->shared->loop));
	/* what will be refused must not change which link counts */
	if (db_watermark_check(&s->received, b) == NM_OK) {
		overlap_mark(s->shared->overlap, &s->hello, b);
		s->received = (struct db_watermark){ b->sequence, b->crc };
	}
	put(s, job_batch(s->source, b));
}

static void
take_batch(struct session *s, const uint8_t *bytes, size_t len)
{
	struct batch b = { .records = s->shared->records, .ledger = s->shared->ledger };

	if (frame_decode_batch(bytes, len, &b) < 0 || b.epoch != s->hello.epoch)
		session_drop(s, "a batch is malformed");
	else
		put_batch(s, &b);
}

static void
take_lost(struct session *s, const uint8_t *bytes, size_t len)
{
	struct batch b = { .records = s->shared->records, .ledger = s->shared->ledger };

	if (frame_decode_lost(bytes, len, &b) < 0 || b.epoch != s->hello.epoch)
		session_drop(s, "a frame of lost batches is malformed");
	else
		put_batch(s, &b);
}

static void
take_heartbeat(struct session *s, const uint8_t *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	session_send_heartbeat(s);
}

/* What each state takes. A type that is in no row is of a later version, and skipped, once the probe is known. */
static const struct {
	enum session_state state;
	enum frame_type type;
	void (*take)(struct session *s, const uint8_t *bytes, size_t len);
} handlers[] = {
	{ SESSION_HELLO, FRAME_HELLO, take_hello },
	{ SESSION_STREAM, FRAME_APPS, take_apps },
	{ SESSION_STREAM, FRAME_BATCH, take_batch },
	{ SESSION_STREAM, FRAME_LOST, take_lost },
	{ SESSION_STREAM, FRAME_HEARTBEAT, take_heartbeat },
	{ SESSION_STREAM, FRAME_LABELS, take_labels },
};

void
session_take_frame(struct session *s, uint8_t type, const uint8_t *bytes, size_t len)
{
	s->heard_ms = loop_now_ms(s->shared->loop);
	if (s->tally)
		s->tally->seen_s = loop_wall_s(s->shared->loop);
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (handlers[i].state == s->state && handlers[i].type == type) {
			handlers[i].take(s, bytes, len);
			return;
		}
	}
	if (s->state == SESSION_HELLO)
		session_drop(s, "it does not greet as a probe does");
	else if (type <= FRAME_HEARTBEAT)
		session_drop(s, "it sends a frame out of turn");
}

/* --- results ------------------------------------------------------------------------------------------------------------ */

/* Two probes with one name, or a probe and its copy: somebody has to look. */
static void
fence_off(struct session *s, const char *why)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "fenced off: %.120s (netmon probe accept %s)", why,
	               s->hello.probe);
	if (log_allowed(&s->shared->drops))
		log_error("probe %s (%s): %s", session_name(s), s->peer, text);
	session_refuse(s, FRAME_STATUS_FENCED, text);
}

static void
hello_done(struct session *s, int rc)
{
	const struct db_probe_place *place = &s->source->probe.place;

	if (s->state != SESSION_OPENING)
		return;
	s->stored = s->received = place->committed;
	if (rc == NM_EFENCED) {
		fence_off(s, place->why);
		return;
	}
	if (rc == NM_ELIMIT) {
		session_refuse(
		    s, FRAME_STATUS_REFUSED,
		    "the store has as many probes, or links of this one, as it may have");
		return;
	}
	if (rc < 0) {
		session_refuse(s, FRAME_STATUS_BUSY, "the store does not answer");
		return;
	}
	if (place->missing_first)
		log_warn("probe %s: batches %" PRIu64 " to %" PRIu64
		         " are not in this store and no longer with the probe (another store, or "
		         "an older copy of this one?)",
		         session_name(s), place->missing_first, place->missing_last);
	s->state = SESSION_STREAM;
	s->greeted = ++s->shared->greeted;
	s->tally = tally_of(s->shared->tallies, s->hello.probe);
	tally_connected(s->tally, &s->hello, s->peer, stream_is_tls(s->stream), s->stored.sequence,
	                loop_wall_s(s->shared->loop));
	log_info("probe %s (%s): connected, %u links, stored up to batch %" PRIu64, session_name(s),
	         s->peer, s->hello.n_links, s->stored.sequence);
	session_send_hello_ack(s, FRAME_STATUS_OK, "");
	if (!session_is_ending(s))
		session_unblock(s);
}

/* It is not stored: the probe keeps what it has and comes again. */
static void
job_failed(struct session *s, int rc)
{
	/* a refusal counts by itself */
	if (rc != NM_EFENCED)
		s->tally->refused++;
	if (rc == NM_EFENCED)
		fence_off(s, "another probe has gone on with its name or numbering");
	else
		session_drop(s, rc == NM_EORDER    ? "a batch is missing before this one"
		                : rc == NM_EFORMAT ? "a batch speaks of a link that it never named"
		                                   : "its records cannot be stored now");
}

static double
ms_since(int64_t us)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6 - (double)us / 1e3;
}

static void
note_stored(struct session *s, const struct job *job)
{
	const struct batch *b = &job->batch;

	s->batches++;
	s->n_records += b->n_records;
	tally_stored(s->tally, b);
	if (b->lost > 0) {
		log_warn("probe %s: %" PRIu64 " records of batches %" PRIu64 " to %" PRIu64
		         " are gone from its spool",
		         session_name(s), b->lost, b->first, b->sequence);
	}
	if (s->shared->verbose)
		log_info("probe %s: batch %" PRIu64 ": %zu records, %" PRIu64 " packets, %" PRIu64
		         " octets, %zu ledger rows, stored in %.1f ms",
		         session_name(s), b->sequence, b->n_records, b->packets, b->octets,
		         b->n_ledger, ms_since(job->put_us));
}

static void
batch_done(struct session *s, const struct job *job)
{
	const struct batch *b = &job->batch;

	if (job->rc == NM_OK)
		note_stored(s, job);
	else
		s->tally->duplicates++;
	if (b->sequence > s->stored.sequence)
		s->stored = (struct db_watermark){ b->sequence, b->crc };
	/* another connection of the probe may have stored what this one sends */
	if (b->sequence > s->received.sequence)
		s->received = s->stored;
	s->ack_due = true;
	session_due(s);
}

static void
note_store(struct session_shared *shared, const struct job *job)
{
	if (job->rc < 0)
		return;
	latency_add(&shared->store.latency, ms_since(job->put_us) / 1000,
	            loop_now_ms(shared->loop));
}

void
session_job_done(void *ctx, const struct job *job)
{
	struct session_shared *shared = ctx;
	struct session *s = job->source->owner;
	bool stored = job->rc == NM_OK || job->rc == NM_EEXISTS;

	shared->fatal |= intake_is_fatal(job->rc);
	if (job->kind == JOB_BATCH)
		note_store(shared, job);
	if (job->kind == JOB_BATCH && job->rc == NM_OK && job->batch.n_records && shared->feed)
		feed_batch(shared->feed, &job->batch);
	if (!s || session_is_ending(s))
		return;
	if (s->blocked)
		session_unblock(s);
	if (job->kind == JOB_HELLO)
		hello_done(s, job->rc);
	else if (!stored)
		job_failed(s, job->rc);
	else if (job->kind == JOB_BATCH)
		batch_done(s, job);
}

void
session_source_gone(void *ctx, const struct source *source)
{
	struct session_shared *shared = ctx;

	if (shared->feed)
		feed_session_end(shared->feed, source->clean);
}
