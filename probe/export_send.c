/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter's sender thread. */
#include "probe/export_send.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/stream.h"
#include "probe/export_dial.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ANSWER_MS    10000 /* for TLS, and from HELLO to HELLO_ACK */
#define HEARTBEAT_MS 5000  /* sent when nothing else was for so long; the collector answers each */
#define DEAD_MS      15000 /* nothing heard for so long: connect anew */
#define BACKOFF_MIN  200   /* ms; doubles after each failure */
#define BACKOFF_MAX  10000
#define FENCED_MS    60000 /* until the next try, when the numbering is not this probe's alone */
#define WINDOW \
	64 /* batches on the way without an acknowledgement: small ones are many after an outage */
#define WINDOW_OCTETS 4194304 /* and their size, so that full ones do not fill the memory */

enum conn_state { CONN_HANDSHAKE, CONN_HELLO, CONN_STREAM };

/* A batch that was begun and is not acknowledged. */
struct flight {
	uint64_t sequence;
	size_t len;
};

/* One connection. */
struct conn {
	struct export_sender *sender;
	int fd;
	struct stream *stream;
	enum conn_state state;
	int64_t rx_ms; /* when something was heard last */
	int64_t tx_ms; /* when something was sent last */
	/* what is being sent: at..len of bytes */
	const uint8_t *bytes;
	size_t len;
	size_t at;
	uint8_t *owned;                /* freed when it is sent */
	struct export_item *last_item; /* the last batch that was begun; NULL: none yet */
	uint64_t sent;                 /* its sequence, or what was committed before */
	uint64_t done;                 /* the last one that is written whole, likewise */
	uint64_t acked;
	struct flight flights[WINDOW]; /* a ring */
	unsigned flight_first;
	unsigned n_flights;
	size_t flight_octets;
	unsigned apps_version; /* of the APPS frame that was sent */
	/* what is being received */
	size_t in_len;
	size_t skip; /* octets of an unknown frame that are still to come */
	uint8_t control[FRAME_HEADER_SIZE + 64 + (FRAME_LINKS_MAX + 1) * (LINK_NAME_MAX + 1)];
	uint8_t in[1024];
};

/* The thread's own limits on log lines. */
struct limits {
	struct log_limit refused;
	unsigned backoff_ms;
};

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void
send_control(struct conn *c, size_t len)
{
	c->bytes = c->control;
	c->len = len;
	c->at = 0;
}

static int
begin_hello(struct conn *c)
{
	struct frame_hello *h = &c->sender->hello;
	size_t len;

	h->version = FRAME_VERSION;
	uint32_t labels = export_queue_labels(c->sender->queue);
	if (labels)
		h->labels = labels;
	export_queue_bounds(c->sender->queue, h);
	int rc = frame_encode_hello(h, c->control, sizeof(c->control), &len);
	if (rc == NM_OK) {
		c->state = CONN_HELLO;
		send_control(c, len);
	}
	return rc;
}

static void
begin_batch(struct conn *c, struct export_item *item)
{
	c->flights[(c->flight_first + c->n_flights++) % WINDOW] =
	    (struct flight){ item->sequence, item->len };
	c->flight_octets += item->len;
	c->last_item = item;
	c->sent = item->sequence;
	c->bytes = item->bytes;
	c->len = item->len;
	c->at = 0;
}

static bool
window_is_open(const struct conn *c)
{
	return c->n_flights < WINDOW && (c->n_flights == 0 || c->flight_octets < WINDOW_OCTETS);
}

/* Chooses what goes out next when the last thing is out: applications, a batch, a heartbeat, or nothing. */
static void
choose_next(struct conn *c)
{
	struct export_queue *q = c->sender->queue;
	size_t len;

	free(c->owned);
	c->bytes = c->owned = NULL;
	if (c->state != CONN_STREAM)
		return;
	c->owned = export_queue_apps(q, &c->apps_version, &len);
	if (c->owned) {
		c->bytes = c->owned;
		c->len = len;
		c->at = 0;
		return;
	}
	struct export_item *item = window_is_open(c) ? export_queue_next(q, c->last_item) : NULL;
	if (item)
		begin_batch(c, item);
	else if (export_now_ms() - c->tx_ms >= HEARTBEAT_MS &&
	         frame_encode_heartbeat(c->control, sizeof(c->control), &len) == NM_OK)
		send_control(c, len);
}

/* Writes until there is nothing to write or the socket takes no more. 0 or a negative code. */
static int
send_some(struct conn *c)
{
	for (;;) {
		if (!c->bytes)
			choose_next(c);
		if (!c->bytes)
			return 0;
		ssize_t n = stream_write(c->stream, c->bytes + c->at, c->len - c->at);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		c->tx_ms = export_now_ms();
		c->at += (size_t)n;
		if (c->at < c->len)
			continue;
		if (c->last_item && c->bytes == c->last_item->bytes)
			c->done = c->sent;
		c->bytes = NULL;
	}
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

/* The CRC that this probe's batch `sequence` has, or had; false when it is not known any more. */
static bool
own_crc(const struct export_sender *s, uint64_t sequence, uint32_t *ret_crc)
{
	struct export_item *item = NULL;

	if (sequence + 1 == s->hello.first) {
		*ret_crc = s->hello.base;
		return true;
	}
	if (sequence < s->hello.first)
		return false;
	do
		item = export_queue_next(s->queue, item);
	while (item && item->sequence < sequence);
	if (!item || item->sequence != sequence)
		return false;
	*ret_crc = item->crc;
	return true;
}

/* Whether the store goes on from what this probe sent. */
static bool
is_own_chain(const struct export_sender *s, const struct frame_hello_ack *ack)
{
	uint32_t crc;

	if (ack->committed >= s->hello.next)
		return false;
	/* 0: none yet, or the store does not know */
	return ack->crc == 0 || !own_crc(s, ack->committed, &crc) || crc == 0 || crc == ack->crc;
}

static int
say_fenced(const struct conn *c, const char *words, struct limits *limits)
{
	const struct export_sender *s = c->sender;

	if (log_allowed(&limits->refused))
		log_error(
		    "collector %s port %u: %s: another probe has this one's name and spool, or "
		    "the spool was put back to an older state. Nothing is sent. Give each "
		    "probe a name and a spool of its own: stop netmonc, move the spool folder "
		    "away, start it again",
		    s->host, s->port, words);
	return NM_EFENCED;
}

static int
say_refused(const struct conn *c, const struct frame_hello_ack *ack, struct limits *limits)
{
	const struct export_sender *s = c->sender;
	char text[256];

	log_safe(text, sizeof(text), ack->text, strlen(ack->text));
	if (ack->status == FRAME_STATUS_FENCED)
		return say_fenced(c, text, limits);
	if (log_allowed(&limits->refused))
		log_error("collector %s port %u refuses this probe: %s", s->host, s->port, text);
	return NM_EEXISTS; /* said already */
}

static int
take_hello_ack(struct conn *c, const uint8_t *bytes, size_t len, struct limits *limits)
{
	const struct export_sender *s = c->sender;
	struct frame_hello_ack ack;
	char text[256];

	int rc = frame_decode_hello_ack(bytes, len, &ack);
	if (rc < 0)
		return rc;
	/* later, too: its certificate may be revoked */
	if (ack.status != FRAME_STATUS_OK)
		return say_refused(c, &ack, limits);
	if (c->state != CONN_HELLO)
		return NM_EORDER;
	if (!is_own_chain(s, &ack)) {
		(void)snprintf(text, sizeof(text), "it has a batch %llu that is not this probe's",
		               (unsigned long long)ack.committed);
		return say_fenced(c, text, limits);
	}
	if (ack.text[0])
		log_warn("collector %s port %u says: %s", s->host, s->port,
		         log_safe(text, sizeof(text), ack.text, strlen(ack.text)));
	export_queue_ack(s->queue, ack.committed);
	c->acked = ack.committed < s->hello.first ? s->hello.first - 1 : ack.committed;
	c->sent = c->done = c->acked;
	c->state = CONN_STREAM;
	limits->backoff_ms = BACKOFF_MIN;
	log_info("connected to collector %s port %u%s, batches up to %llu are stored", s->host,
	         s->port, s->tls ? " with TLS" : "", (unsigned long long)ack.committed);
	return 0;
}

static int
take_ack(struct conn *c, const uint8_t *bytes, size_t len)
{
	struct frame_ack ack;

	int rc = frame_decode_ack(bytes, len, &ack);
	if (rc < 0)
		return rc;
	/* a batch that is not written whole cannot have been stored */
	if (c->state != CONN_STREAM || ack.epoch != c->sender->queue->epoch ||
	    ack.sequence > c->done)
		return NM_EORDER;
	if (ack.sequence <= c->acked)
		return 0;
	if (c->last_item && ack.sequence >= c->last_item->sequence)
		c->last_item = NULL; /* it is freed now; what is left begins behind it */
	while (c->n_flights > 0 && c->flights[c->flight_first].sequence <= ack.sequence) {
		c->flight_octets -= c->flights[c->flight_first].len;
		c->flight_first = (c->flight_first + 1) % WINDOW;
		c->n_flights--;
	}
	c->acked = ack.sequence;
	export_queue_ack(c->sender->queue, ack.sequence);
	return 0;
}

static int
take_frame(struct conn *c, uint8_t type, const uint8_t *bytes, size_t len, struct limits *limits)
{
	switch (type) {
	case FRAME_HELLO_ACK:
		return take_hello_ack(c, bytes, len, limits);
	case FRAME_ACK:
		return take_ack(c, bytes, len);
	default:
		return 0; /* HEARTBEAT, or a type of a later version */
	}
}

/* Takes whole frames out of the buffer; a frame that does not fit into it is skipped. */
static int
take_frames(struct conn *c, struct limits *limits)
{
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && c->in_len - at >= FRAME_HEADER_SIZE) {
		struct frame_header h;

		rc = frame_decode_header(c->in + at, &h);
		if (rc < 0)
			break;
		size_t whole = FRAME_HEADER_SIZE + h.length;
		if (whole > sizeof(c->in)) {
			c->skip = whole - (c->in_len - at);
			at = c->in_len;
			break;
		}
		if (c->in_len - at < whole)
			break;
		rc = take_frame(c, h.type, c->in + at + FRAME_HEADER_SIZE, h.length, limits);
		at += whole;
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
	return rc;
}

static int
receive_some(struct conn *c, struct limits *limits)
{
	size_t room = sizeof(c->in) - c->in_len;

	ssize_t n =
	    stream_read(c->stream, c->in + c->in_len, c->skip && c->skip < room ? c->skip : room);
	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return n == -EAGAIN ? 0 : (int)n;
	c->rx_ms = export_now_ms();
	if (c->skip) {
		c->skip -= (size_t)n < c->skip ? (size_t)n : c->skip;
		return 0;
	}
	c->in_len += (size_t)n;
	return take_frames(c, limits);
}

/* The collector closed while this side was sending: perhaps it has said why. */
static int
last_words(struct conn *c, int rc, struct limits *limits)
{
	if (c->state == CONN_HANDSHAKE)
		return rc;
	int last = receive_some(c, limits);
	return last == NM_EEXISTS || last == NM_EFENCED ? last : rc;
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

/* Waits for the socket, the queue or a second; true when the socket has something. */
static bool
await_socket(struct conn *c, bool writing)
{
	struct pollfd p[2] = { { .fd = c->fd, .events = 0 },
		               { .fd = c->sender->queue->wake_fd, .events = POLLIN } };
	unsigned wants = stream_wants(c->stream);

	if (c->state != CONN_HANDSHAKE || wants & STREAM_READ)
		p[0].events |= POLLIN;
	if (writing || wants & STREAM_WRITE)
		p[0].events |= POLLOUT;
	(void)poll(p, 2, stream_pending(c->stream) ? 0 : 1000);
	if (p[1].revents)
		export_drain_wakeups(c->sender->queue);
	return p[0].revents != 0 || stream_pending(c->stream);
}

/* One step of the connection. 0, or an error that ends it. */
static int
turn(struct conn *c, struct limits *limits)
{
	int rc = 0;

	if (c->state == CONN_HANDSHAKE) {
		rc = stream_handshake(c->stream);
		if (rc == NM_OK)
			rc = begin_hello(c);
	}
	if (rc == NM_OK)
		rc = send_some(c);
	if (rc == -EPIPE || rc == -ECONNRESET)
		return last_words(c, rc, limits);
	if (rc < 0 && rc != -EAGAIN)
		return rc;
	if (await_socket(c, c->bytes != NULL) && c->state != CONN_HANDSHAKE) {
		rc = receive_some(c, limits);
		if (rc < 0)
			return rc;
	}
	int64_t quiet_ms = export_now_ms() - c->rx_ms;
	return quiet_ms > (c->state == CONN_STREAM ? DEAD_MS : ANSWER_MS) ? -ETIMEDOUT : 0;
}

/* One connection from TLS or HELLO to its end; the reason, and words for it in `why`. */
static int
converse(struct export_sender *s, int fd, struct limits *limits, char *why, size_t size)
{
	struct conn *c = calloc(1, sizeof(*c));
	int rc = 0;

	if (!c)
		return -ENOMEM;
	c->sender = s;
	c->fd = fd;
	c->stream = s->tls ? stream_tls(s->tls, fd, s->host) : stream_plain(fd);
	c->rx_ms = c->tx_ms = export_now_ms();
	if (!c->stream)
		rc = -ENOMEM;
	while (rc == 0 && !export_queue_stopped(s->queue))
		rc = turn(c, limits);
	const char *words = c->stream ? stream_error(c->stream) : "";
	(void)snprintf(why, size, "%s", *words ? words : nm_strerror(rc));
	stream_free(c->stream);
	free(c->owned);
	free(c);
	return rc;
}

/* Waits, or until the queue stops. */
static void
pause_for(const struct export_sender *s, unsigned wait_ms)
{
	int64_t end = export_now_ms() + wait_ms;

	for (int64_t left = wait_ms; left > 0 && !export_queue_stopped(s->queue);
	     left = end - export_now_ms()) {
		struct pollfd p = { .fd = s->queue->wake_fd, .events = POLLIN };

		if (poll(&p, 1, (int)left) > 0)
			export_drain_wakeups(s->queue);
	}
}

/* Waits between half and all of the back-off, and doubles it, so that many probes do not come back at one instant. */
static void
back_off(const struct export_sender *s, struct limits *limits)
{
	uint16_t noise = 0;

	(void)!getrandom(&noise, sizeof(noise), 0);
	unsigned wait_ms = limits->backoff_ms / 2 + noise % (limits->backoff_ms / 2 + 1);
	limits->backoff_ms =
	    limits->backoff_ms * 2 < BACKOFF_MAX ? limits->backoff_ms * 2 : BACKOFF_MAX;
	pause_for(s, wait_ms);
}

/* A certificate that was renewed counts from the next connection on. */
static void
renew(const struct export_sender *s)
{
	char err[512];
	int rc = s->tls ? tls_reload(s->tls, err, sizeof(err)) : 0;

	if (rc < 0)
		log_warn("%s: the old certificate stays until netmonc is started again", err);
	else if (rc > 0)
		log_info("certificate read again");
}

/* One try; what ended it. `why` is empty when that was said already. */
static int
try_once(struct export_sender *s, struct limits *limits, char *why, size_t size)
{
	renew(s);
	int fd = export_dial(s, why, size);
	if (fd < 0)
		return -ENOTCONN;
	int rc = converse(s, fd, limits, why, size);
	(void)close(fd);
	if (rc == NM_EEXISTS || rc == NM_EFENCED)
		why[0] = '\0';
	return rc;
}

static void *
sender_main(void *arg)
{
	struct export_sender *s = arg;
	struct log_limit lost = { .burst = 2, .period_s = 60 };
	struct limits limits = { .refused = { .burst = 1, .period_s = 60 },
		                 .backoff_ms = BACKOFF_MIN };

	while (!export_queue_stopped(s->queue)) {
		char why[256] = "";
		int rc = try_once(s, &limits, why, sizeof(why));

		if (export_queue_stopped(s->queue))
			break;
		if (why[0] && log_allowed(&lost))
			log_warn("no connection to collector %s port %u: %s; trying again", s->host,
			         s->port, why);
		if (rc == NM_EFENCED)
			pause_for(s, FENCED_MS);
		else
			back_off(s, &limits);
	}
	return NULL;
}

int
export_sender_start(struct export_sender *sender)
{
	sigset_t all, old;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&sender->thread, NULL, sender_main, sender);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

void
export_sender_join(struct export_sender *sender)
{
	(void)pthread_join(sender->thread, NULL);
}
