/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection with a probe. */
#include "collector/session.h"

#include "lib/err.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TLS_HANDSHAKE 22 /* first octet of a TLS connection, RFC 8446 section 5.1 */

/* Its name for log lines. Names are printable by the protocol. */
static const char *
name_of(const struct session *s)
{
	return s->hello.probe[0] ? s->hello.probe : "(no name yet)";
}

static bool
is_ending(const struct session *s)
{
	return s->state == SESSION_CLOSED || s->state == SESSION_CLOSING;
}

static void
close_now(struct session *s)
{
	s->state = SESSION_CLOSED;
	s->more = false;
	if (s->tally)
		tally_gone(s->tally);
	else if (!s->hello.probe[0])
		s->shared->tallies->sums.strangers++;
	s->tally = NULL;
	loop_remove(s->shared->loop, s->fd);
}

void
session_drop(struct session *s, const char *why)
{
	if (s->state == SESSION_CLOSED)
		return;
	if (s->hello.probe[0])
		log_info("probe %s (%s): gone: %s; %" PRIu64 " batches, %" PRIu64
		         " records in this session",
		         name_of(s), s->peer, why, s->batches, s->n_records);
	else if (log_allowed(&s->shared->drops))
		log_warn("%s: dropped: %s", s->peer, why);
	close_now(s);
}

/* --- answers ---------------------------------------------------------------------------------------------------------- */

/* Reading waits while frames are left over; TLS may have to write in order to read. */
static void
want(struct session *s)
{
	bool reads = s->state != SESSION_CLOSING && !s->more;
	bool writes = s->out_len > 0 || (reads && (stream_wants(s->stream) & STREAM_WRITE));

	loop_want(s->shared->loop, s->fd, (reads ? LOOP_READ : 0) | (writes ? LOOP_WRITE : 0));
}

static void
flush(struct session *s)
{
	ssize_t n = s->out_len ? stream_write(s->stream, s->out, s->out_len) : 0;

	if (n < 0 && n != -EAGAIN) {
		session_drop(s, stream_error(s->stream));
		return;
	}
	if (n > 0) {
		s->out_len -= (size_t)n;
		memmove(s->out, s->out + n, s->out_len);
	}
	if (s->state == SESSION_CLOSING && s->out_len == 0) {
		/* the probe reads the answer before it sees the end; TLS has an end of its own */
		if (!stream_is_tls(s->stream))
			(void)shutdown(s->fd, SHUT_WR);
		close_now(s);
		return;
	}
	want(s);
}

static void
queue_out(struct session *s, int rc, size_t len)
{
	if (rc < 0) {
		session_drop(s, "it takes no answers");
		return;
	}
	s->out_len += len;
	flush(s);
}

static void
send_hello_ack(struct session *s, enum frame_status status, const char *text)
{
	struct frame_hello_ack ack = { .version = FRAME_VERSION,
		                       .status = (uint16_t)status,
		                       .committed = s->probe.committed.sequence,
		                       .crc = s->probe.committed.crc };
	size_t len = 0;

	(void)snprintf(ack.text, sizeof(ack.text), "%s", text);
	int rc =
	    frame_encode_hello_ack(&ack, s->out + s->out_len, sizeof(s->out) - s->out_len, &len);
	queue_out(s, rc, len);
}

static void
send_ack(struct session *s)
{
	struct frame_ack ack = { s->hello.epoch, s->probe.committed.sequence };
	size_t len = 0;

	int rc = frame_encode_ack(&ack, s->out + s->out_len, sizeof(s->out) - s->out_len, &len);
	queue_out(s, rc, len);
}

static void
send_heartbeat(struct session *s)
{
	size_t len = 0;

	int rc = frame_encode_heartbeat(s->out + s->out_len, sizeof(s->out) - s->out_len, &len);
	queue_out(s, rc, len);
}

/* Says no; the connection ends when the probe has the answer. */
static void
refuse(struct session *s, enum frame_status status, const char *why)
{
	if (log_allowed(&s->shared->drops))
		log_warn("probe %s (%s): refused: %s", name_of(s), s->peer, why);
	if (s->hello.probe[0])
		tally_of(s->shared->tallies, s->hello.probe)->refused++;
	s->state = SESSION_CLOSING;
	send_hello_ack(s, status, why);
}

/* --- frames ----------------------------------------------------------------------------------------------------------- */

/* After a failure of the intake: the probe keeps what it has and comes again. */
static void
intake_failed(struct session *s, int rc)
{
	s->shared->fatal |= intake_is_fatal(rc);
	s->tally->refused++;
	session_drop(s, rc == NM_EORDER    ? "a batch is missing before this one"
	                : rc == NM_EFENCED ? "another probe has gone on with its numbering"
	                : rc == NM_EFORMAT ? "a batch speaks of a link that it never named"
	                                   : "its records cannot be stored now");
}

/* The store and the probe agree on where to go on. */
static int
align(struct session *s)
{
	const struct frame_hello *h = &s->hello;
	struct intake *in = s->shared->intake;
	uint64_t committed = s->probe.committed.sequence;
	const struct db_watermark mark = { h->first - 1, h->base };

	if (h->first <= committed + 1)
		return NM_OK;
	/* what is missing was acknowledged once and the probe holds it no more: no refusal brings it back */
	log_warn("probe %s: batches %" PRIu64 " to %" PRIu64
	         " are not in this store and no longer with the probe (another store, or an older "
	         "copy of this one?)",
	         name_of(s), committed + 1, h->first - 1);
	return in->ops->start(in, &s->probe, &mark, loop_wall_s(s->shared->loop));
}

/* The certificate says who it is, not the probe. */
static void
refuse_name(struct session *s)
{
	char claimed[FRAME_NAME_MAX + 1], text[256];

	memcpy(claimed, s->hello.probe, sizeof(claimed));
	(void)snprintf(s->hello.probe, sizeof(s->hello.probe), "%s", stream_peer(s->stream));
	(void)snprintf(text, sizeof(text), "it calls itself %s, but its certificate is for %s",
	               claimed, s->hello.probe);
	refuse(s, FRAME_STATUS_REFUSED, text);
}

static void
take_hello(struct session *s, const uint8_t *bytes, size_t len)
{
	struct intake *in = s->shared->intake;

	int rc = frame_decode_hello(bytes, len, &s->hello);
	if (rc == NM_EVERSION) {
		s->hello.probe[0] = '\0';
		refuse(s, FRAME_STATUS_VERSION, "this collector speaks version 2");
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
	s->probe.hello = &s->hello;
	rc = in->ops->hello(in, &s->probe, loop_wall_s(s->shared->loop));
	if (rc == NM_OK)
		rc = align(s);
	if (rc < 0) {
		s->shared->fatal |= intake_is_fatal(rc);
		refuse(s, FRAME_STATUS_BUSY, "the store does not answer");
		return;
	}
	if (s->probe.committed.sequence >= s->hello.next) {
		refuse(s, FRAME_STATUS_REFUSED, "the store has more than this probe ever sent");
		return;
	}
	s->state = SESSION_STREAM;
	s->tally = tally_of(s->shared->tallies, s->hello.probe);
	tally_connected(s->tally, &s->hello, s->peer, stream_is_tls(s->stream),
	                s->probe.committed.sequence, loop_wall_s(s->shared->loop));
	log_info("probe %s (%s): connected, %u links, stored up to batch %" PRIu64, name_of(s),
	         s->peer, s->hello.n_links, s->probe.committed.sequence);
	send_hello_ack(s, FRAME_STATUS_OK, "");
}

static void
take_apps(struct session *s, const uint8_t *bytes, size_t len)
{
	struct intake *in = s->shared->intake;
	size_t n;

	if (frame_decode_apps(bytes, len, s->shared->apps, FRAME_APPS_MAX, &n) < 0) {
		session_drop(s, "its list of applications is malformed");
		return;
	}
	int rc = in->ops->apps(in, &s->probe, s->shared->apps, n);
	if (rc < 0)
		intake_failed(s, rc);
}

/* The probe was told to read its modules, services or rules again. */
static void
take_labels(struct session *s, const uint8_t *bytes, size_t len)
{
	struct intake *in = s->shared->intake;
	uint32_t labels;

	if (frame_decode_labels(bytes, len, &labels) < 0) {
		session_drop(s, "its version of labels is malformed");
		return;
	}
	if (labels == s->hello.labels)
		return;
	s->hello.labels = labels;
	int rc = in->ops->labels(in, &s->probe, labels, loop_wall_s(s->shared->loop));
	if (rc < 0)
		intake_failed(s, rc);
}

static double
seconds_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A batch that is new. */
static int
store_batch(struct session *s, struct batch *b)
{
	struct session_shared *shared = s->shared;
	double begun = seconds_now();

	/* what will be refused must not change which link counts */
	if (db_watermark_check(&s->probe.committed, b) == NM_OK)
		overlap_mark(shared->overlap, &s->hello, b);
	int rc =
	    shared->intake->ops->batch(shared->intake, &s->probe, b, loop_wall_s(shared->loop));
	shared->store.errors += rc < 0 && rc != NM_EEXISTS;
	if (rc < 0)
		return rc;
	shared->store.commits++;
	shared->store.rows += b->n_records;
	latency_add(&shared->store.latency, seconds_now() - begun, loop_now_ms(shared->loop));
	tally_stored(s->tally, b);
	s->batches++;
	s->n_records += b->n_records;
	if (shared->verbose)
		log_info("probe %s: batch %" PRIu64 ": %zu records, %" PRIu64 " packets, %" PRIu64
		         " octets, %zu ledger rows, stored in %.1f ms",
		         name_of(s), b->sequence, b->n_records, b->packets, b->octets, b->n_ledger,
		         (seconds_now() - begun) * 1000);
	if (shared->feed)
		feed_batch(shared->feed, b);
	return NM_OK;
}

static void
take_batch(struct session *s, const uint8_t *bytes, size_t len)
{
	struct batch b = { .records = s->shared->records, .ledger = s->shared->ledger };

	if (frame_decode_batch(bytes, len, &b) < 0 || b.epoch != s->hello.epoch) {
		session_drop(s, "a batch is malformed");
		return;
	}
	tally_came(s->tally, &b, loop_wall_s(s->shared->loop));
	int rc = b.sequence <= s->probe.committed.sequence ? NM_EEXISTS : store_batch(s, &b);
	s->tally->duplicates += rc == NM_EEXISTS;
	if (rc == NM_EEXISTS && b.sequence > s->probe.committed.sequence)
		s->probe.committed.sequence = b.sequence; /* another session stored it */
	if (rc < 0 && rc != NM_EEXISTS) {
		intake_failed(s, rc);
		return;
	}
	send_ack(s);
}

static void
take_heartbeat(struct session *s, const uint8_t *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	send_heartbeat(s);
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
	{ SESSION_STREAM, FRAME_HEARTBEAT, take_heartbeat },
	{ SESSION_STREAM, FRAME_LABELS, take_labels },
};

static void
take_frame(struct session *s, uint8_t type, const uint8_t *bytes, size_t len)
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
		session_drop(s, type == TLS_HANDSHAKE
		                    ? "it speaks TLS, and this collector has no certificate"
		                    : "it does not greet as a probe does");
	else if (type <= FRAME_HEARTBEAT)
		session_drop(s, "it sends a frame out of turn");
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

/* Makes room for a whole frame. */
static bool
grow(struct session *s, size_t whole)
{
	if (whole <= s->in_size)
		return true;
	uint8_t *in = realloc(s->in, whole);
	if (!in) {
		session_drop(s, "out of memory");
		return false;
	}
	s->in = in;
	s->in_size = whole;
	return true;
}

/* Length of the frame at `at` with its header, 0 when it is not whole yet or the session has ended. */
static size_t
whole_frame(struct session *s, size_t at)
{
	struct frame_header h;

	if (s->in_len - at < FRAME_HEADER_SIZE)
		return 0;
	if (frame_decode_header(s->in + at, &h) < 0) {
		session_drop(s, "a frame is longer than any may be");
		return 0;
	}
	size_t whole = FRAME_HEADER_SIZE + h.length;
	if (s->state == SESSION_HELLO && whole > SESSION_HELLO_MAX) {
		session_drop(s, "it does not greet as a probe does");
		return 0;
	}
	if (s->in_len - at >= whole)
		return whole;
	(void)grow(s, whole);
	return 0;
}

/* Handles what is whole in the buffer; true when the turn was too short for all of it. */
static bool
take_frames(struct session *s)
{
	size_t at = 0, whole = 0;
	unsigned frames = 0;

	while (frames < SESSION_TURN_FRAMES && (whole = whole_frame(s, at)) > 0) {
		uint8_t type = s->in[at];

		take_frame(s, type, s->in + at + FRAME_HEADER_SIZE, whole - FRAME_HEADER_SIZE);
		at += whole;
		frames++;
		if (is_ending(s))
			return false;
	}
	memmove(s->in, s->in + at, s->in_len - at);
	s->in_len -= at;
	if (is_ending(s))
		return false;
	bool left = frames == SESSION_TURN_FRAMES && s->in_len > 0;
	/* the other probes' frames come first; reading waits until these are done. What TLS has taken off the socket wakes no
	 * select(). */
	s->more = left || stream_pending(s->stream);
	want(s);
	return left;
}

static void
read_some(struct session *s)
{
	size_t room = s->in_size - s->in_len;

	ssize_t n = stream_read(s->stream, s->in + s->in_len,
	                        room < SESSION_TURN_OCTETS ? room : SESSION_TURN_OCTETS);
	if (n == 0) {
		s->clean = s->in_len == 0;
		session_drop(s, s->clean ? "it closed the connection"
		                         : "it closed the connection in the middle of a frame");
		return;
	}
	if (n == -EAGAIN) {
		s->more = false;
		want(s);
		return;
	}
	if (n < 0) {
		session_drop(s, stream_error(s->stream));
		return;
	}
	s->in_len += (size_t)n;
	(void)take_frames(s);
}

/* TLS before anything else: not an octet of a frame is looked at until the other end has shown who it is. */
static void
shake_hands(struct session *s)
{
	int rc = stream_handshake(s->stream);

	if (rc == NM_OK)
		s->state = SESSION_HELLO;
	else if (rc != -EAGAIN)
		session_drop(s, stream_error(s->stream));
	if (s->state == SESSION_HANDSHAKE)
		loop_want(s->shared->loop, s->fd,
		          stream_wants(s->stream) & STREAM_WRITE ? LOOP_WRITE : LOOP_READ);
	else if (s->state == SESSION_HELLO)
		read_some(s);
}

static void
on_ready(void *ctx, unsigned flags)
{
	struct session *s = ctx;

	if (s->state == SESSION_HANDSHAKE) {
		shake_hands(s);
		return;
	}
	bool reads = (flags & LOOP_READ) || (stream_wants(s->stream) & STREAM_WRITE);
	if (flags & LOOP_WRITE)
		flush(s);
	if (reads && !s->more && !is_ending(s))
		read_some(s);
}

void
session_continue(struct session *s)
{
	if (!is_ending(s) && !take_frames(s) && s->more)
		read_some(s);
}

void
session_check_certificate(struct session *s)
{
	if ((s->state == SESSION_HELLO || s->state == SESSION_STREAM) &&
	    stream_is_revoked(s->stream))
		session_drop(s, "its certificate is revoked or expired");
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

struct session *
session_new(struct session_shared *shared, int fd, const char *peer)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->in = malloc(SESSION_BUFFER);
	s->stream = shared->tls ? stream_tls(shared->tls, fd, NULL) : stream_plain(fd);
	if (!s->in || !s->stream || loop_add(shared->loop, fd, LOOP_READ, on_ready, s) < 0) {
		stream_free(s->stream);
		free(s->in);
		free(s);
		return NULL;
	}
	s->state = shared->tls ? SESSION_HANDSHAKE : SESSION_HELLO;
	s->shared = shared;
	s->fd = fd;
	s->in_size = SESSION_BUFFER;
	s->fresh = true;
	s->opened_ms = s->heard_ms = loop_now_ms(shared->loop);
	(void)snprintf(s->peer, sizeof(s->peer), "%s", peer);
	return s;
}

void
session_free(struct session *s)
{
	if (s->state != SESSION_CLOSED)
		close_now(s);
	stream_free(s->stream);
	(void)close(s->fd);
	free(s->in);
	free(s);
}
