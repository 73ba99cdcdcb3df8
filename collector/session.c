/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection with a probe. */
#include "collector/session.h"

#include "collector/session_parts.h"
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

#define PATIENCE_MS 8000 /* for the store's answer to a hello; the probe waits 10 s */
#define ALIVE_MS \
	5000 /* a probe whose records wait for the store hears so often that somebody is there */
#define PART_MS   15000 /* a frame takes so long, and longer by its octets at this rate: */
#define PART_RATE 4096  /* octets in a second */
#define SHRINK_MS 10000
#define HOUR_S    3600
#define DAY_S     86400
#define WEEK_D    7 /* days before its end in which a certificate is spoken of daily */

const char *
session_name(const struct session *s)
{
	return s->hello.probe[0] ? s->hello.probe : "(no name yet)";
}

bool
session_is_ending(const struct session *s)
{
	return s->state == SESSION_CLOSED || s->state == SESSION_CLOSING;
}

void
session_due(struct session *s)
{
	struct session_shared *shared = s->shared;

	if (s->due)
		return;
	s->due = true;
	s->due_next = NULL;
	*shared->due_end = s;
	shared->due_end = &s->due_next;
}

static void
close_now(struct session *s)
{
	s->state = SESSION_CLOSED;
	s->more = false;
	session_due(s);
	strangers_remove(&s->shared->strangers, s);
	if (s->tally)
		tally_gone(s->tally);
	else if (!s->hello.probe[0])
		s->shared->tallies->sums.strangers++;
	s->tally = NULL;
	loop_remove(s->shared->loop, s->fd);
	if (s->source) {
		s->source->clean = s->clean;
		writer_release(s->shared->writer, s->source);
	}
	s->source = NULL;
}

void
session_drop(struct session *s, const char *why)
{
	if (s->state == SESSION_CLOSED)
		return;
	if (s->hello.probe[0])
		log_info("probe %s (%s): gone: %s; %" PRIu64 " batches, %" PRIu64
		         " records in this session",
		         session_name(s), s->peer, why, s->batches, s->n_records);
	else if (log_allowed(&s->shared->drops))
		log_warn("%s: dropped: %s", s->peer, why);
	close_now(s);
}

/* --- answers ---------------------------------------------------------------------------------------------------------- */

/* Reading waits while frames are left over; TLS may have to write in order to read. */
static void
want(struct session *s)
{
	bool reads =
	    (s->state == SESSION_HELLO || s->state == SESSION_STREAM) && !s->more && !s->blocked;
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
		if (s->ack_due)
			session_due(s);
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
	s->said_ms = loop_now_ms(s->shared->loop);
	flush(s);
}

void
session_send_hello_ack(struct session *s, enum frame_status status, const char *text)
{
	struct frame_hello_ack ack = { .version = FRAME_VERSION,
		                       .status = (uint16_t)status,
		                       .committed = s->stored.sequence,
		                       .crc = s->stored.crc };
	size_t len = 0;

	(void)snprintf(ack.text, sizeof(ack.text), "%s", text);
	int rc =
	    frame_encode_hello_ack(&ack, s->out + s->out_len, sizeof(s->out) - s->out_len, &len);
	queue_out(s, rc, len);
}

/* One for all that was stored meanwhile. */
static void
send_ack(struct session *s)
{
	struct frame_ack ack = { s->hello.epoch, s->stored.sequence };
	size_t len = 0;

	/* it takes no answers just now: this one will say it all, later */
	if (s->out_len > sizeof(s->out) / 2)
		return;
	s->ack_due = false;
	int rc = frame_encode_ack(&ack, s->out + s->out_len, sizeof(s->out) - s->out_len, &len);
	queue_out(s, rc, len);
}

void
session_send_heartbeat(struct session *s)
{
	size_t len = 0;

	int rc = frame_encode_heartbeat(s->out + s->out_len, sizeof(s->out) - s->out_len, &len);
	queue_out(s, rc, len);
}

/* Says no; the connection ends when the probe has the answer. */
void
session_refuse(struct session *s, enum frame_status status, const char *why)
{
	if (log_allowed(&s->shared->drops))
		log_warn("probe %s (%s): refused: %s", session_name(s), s->peer, why);
	if (s->hello.probe[0])
		tally_of(s->shared->tallies, s->hello.probe)->refused++;
	s->state = SESSION_CLOSING;
	session_send_hello_ack(s, status, why);
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
	if (s->state == SESSION_HELLO && s->in[at] == TLS_HANDSHAKE) {
		session_drop(s, "it speaks TLS, and this collector has no certificate");
		return 0;
	}
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

/* Its next frame has to wait for the writer. */
static bool
is_waiting(const struct session *s)
{
	return s->blocked || s->state == SESSION_OPENING;
}

/* Since when a frame is there in part: `moved` when one before it was handled, `whole` is one that waits. */
static void
note_part(struct session *s, bool moved, size_t whole)
{
	if (s->in_len == 0 || whole > 0)
		s->part_ms = 0;
	else if (moved || s->part_ms == 0)
		s->part_ms = loop_now_ms(s->shared->loop);
	s->part_size = s->in_size;
}

/* Handles what is whole in the buffer; true when the turn was too short for all of it. */
static bool
take_frames(struct session *s)
{
	size_t at = 0, whole = 0;
	unsigned frames = 0;

	while (frames < SESSION_TURN_FRAMES && (whole = whole_frame(s, at)) > 0) {
		uint8_t type = s->in[at];

		if (s->state == SESSION_OPENING || session_must_wait(s, type))
			break;
		session_take_frame(s, type, s->in + at + FRAME_HEADER_SIZE,
		                   whole - FRAME_HEADER_SIZE);
		at += whole;
		frames++;
		if (session_is_ending(s))
			return false;
	}
	memmove(s->in, s->in + at, s->in_len - at);
	s->in_len -= at;
	if (session_is_ending(s))
		return false;
	note_part(s, at > 0, whole);
	bool left = frames == SESSION_TURN_FRAMES && s->in_len > 0;
	/* the other probes' frames come first; reading waits until these are done. What TLS has taken off the socket wakes no
	 * select(). */
	s->more = !is_waiting(s) && (left || stream_pending(s->stream));
	if (s->more)
		session_due(s);
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

/* A probe without a certificate gets words that it can read; no other octet of it is looked at. */
static bool
is_plain_probe(struct session *s)
{
	const struct frame_hello_ack ack = { .version = FRAME_VERSION,
		                             .status = FRAME_STATUS_REFUSED,
		                             .text = "this collector wants TLS: netmon probe add, "
		                                     "there, makes a certificate" };
	size_t len = 0;

	if (recv(s->fd, s->in, 1, MSG_PEEK) != 1 || s->in[0] != FRAME_HELLO)
		return false;
	if (frame_encode_hello_ack(&ack, s->out, sizeof(s->out), &len) == NM_OK)
		(void)!send(s->fd, s->out, len, MSG_NOSIGNAL);
	/* what is left unread would end the connection before these words are read */
	(void)!recv(s->fd, s->in, s->in_size, 0);
	session_drop(s, "it does not speak TLS: a netmonc without a certificate");
	return true;
}

/* TLS before anything else: not an octet of a frame is looked at until the other end has shown who it is. */
static void
shake_hands(struct session *s)
{
	bool begun = s->shaken;

	s->shaken = true;
	if (!begun && is_plain_probe(s))
		return;
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
	if (reads && !s->more && !session_is_ending(s) && !is_waiting(s))
		read_some(s);
}

void
session_continue(struct session *s)
{
	if (s->ack_due && s->state == SESSION_STREAM)
		send_ack(s);
	if (s->state == SESSION_HANDSHAKE || session_is_ending(s) || is_waiting(s) || !s->more)
		return;
	if (!take_frames(s) && s->more)
		read_some(s);
}

/* What it read once is longer than what it will need. */
static void
shrink(struct session *s)
{
	uint8_t *in =
	    s->in_len == 0 && s->in_size > SESSION_BUFFER ? realloc(s->in, SESSION_BUFFER) : NULL;

	if (in) {
		s->in = in;
		s->in_size = SESSION_BUFFER;
	}
}

/* One that is served. */
static void
check_stream(struct session *s, int64_t now, unsigned idle_s)
{
	unsigned outstanding = s->source->outstanding;

	if (outstanding > 0 && now - s->said_ms > ALIVE_MS)
		session_send_heartbeat(s);
	if (session_is_ending(s))
		return;
	if (s->blocked && outstanding == 0)
		session_unblock(s);
	if (s->blocked)
		return;
	if (now - s->heard_ms > (int64_t)idle_s * 1000)
		session_drop(s, "it has been silent for too long");
	else if (s->part_ms &&
	         now - s->part_ms > PART_MS + (int64_t)(s->part_size * 1000 / PART_RATE))
		session_drop(s, "its frame takes too long");
	else if (now - s->heard_ms > SHRINK_MS)
		shrink(s);
}

void
session_check_time(struct session *s, unsigned hello_s, unsigned idle_s)
{
	int64_t now = loop_now_ms(s->shared->loop);
	int64_t hello_ms = (int64_t)hello_s * 1000;

	switch (s->state) {
	case SESSION_HANDSHAKE:
	case SESSION_HELLO:
		if (now - s->opened_ms > hello_ms)
			session_drop(s, "it does not say who it is");
		break;
	case SESSION_OPENING:
		if (now - s->heard_ms > PATIENCE_MS)
			session_refuse(s, FRAME_STATUS_BUSY, "the store does not answer");
		break;
	case SESSION_STREAM:
		check_stream(s, now, idle_s);
		break;
	case SESSION_CLOSING:
		if (now - s->said_ms > hello_ms)
			session_drop(s, "it does not read what it is told");
		break;
	case SESSION_CLOSED:
		break;
	}
}

/* A certificate that soon runs out: in the log at each connection and each day, for everybody's eyes (probe_event) less often. */
static void
warn_of_end(struct session *s)
{
	uint32_t now_s = loop_wall_s(s->shared->loop);
	int64_t days = (stream_peer_end(s->stream) - now_s) / DAY_S;
	char text[128];

	if (days >= TLS_WARN_DAYS || (s->end_said_s && now_s - s->end_said_s < DAY_S))
		return;
	s->end_said_s = now_s;
	(void)snprintf(text, sizeof(text),
	               "its certificate expires in %" PRId64 " days (netmon probe renew)", days);
	log_warn("probe %s (%s): %s", session_name(s), s->peer, text);
	session_note(s, "expiring", text, days < WEEK_D ? DAY_S - HOUR_S : WEEK_D * DAY_S - HOUR_S);
}

void
session_check_certificate(struct session *s)
{
	if (s->state == SESSION_HANDSHAKE || session_is_ending(s))
		return;
	if (!stream_is_revoked(s->stream)) {
		if (s->state == SESSION_STREAM)
			warn_of_end(s);
		return;
	}
	session_note(
	    s, stream_peer_end(s->stream) > loop_wall_s(s->shared->loop) ? "revoked" : "expired",
	    stream_error(s->stream), HOUR_S);
	session_refuse(s, FRAME_STATUS_REFUSED, stream_error(s->stream));
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
