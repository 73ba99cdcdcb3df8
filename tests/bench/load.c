/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: load [OPTION...] HOST PORT
 *
 * Speaks as many probes do: each connects, says HELLO, and sends batches of made-up flows, at most 16 on the way, for some
 * seconds. Prints one JSON object: records and batches acknowledged, seconds, records_s, latencies of acknowledgements (from the
 * first octet's hand-over to the kernel) in ms as p50, p99 and max, connections refused and lost, own CPU seconds.
 *
 *   --probes N     that send (1)           --rate N      records a second in all, 0: as fast as they are taken (0)
 *   --idle N       that are silent (0)     --batch N     records of a batch (4096)
 *   --seconds N    (10)                    --hosts N     internal hosts in the flows (2000)
 *   --certs DIR    with TLS: DIR/NAME/probe.pem, probe.key and ca.pem of each probe p0, p1 ...
 *   --first N      number of the first probe's name (0)
 */
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/stream.h"

#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW            16
#define EVENTS            256
#define LATENCIES         (1u << 22) /* that are kept */
#define HEARTBEAT_S       5.0
#define CONNECT_AT_A_TIME 64

struct options {
	const char *host, *port, *certs;
	unsigned long probes, idle, seconds, rate, batch, hosts, first;
};

enum state { CONNECTING, GREETING, STREAMING, GONE };

struct client {
	struct load *load;
	unsigned number;
	int fd;
	enum state state;
	bool idle;
	struct tls *tls;
	struct stream *stream;
	uint64_t epoch, sent, acked;
	uint32_t crc;      /* of the batch that was sent last */
	double due;        /* when the next batch is, monotonic seconds */
	double beat;       /* when something was sent last */
	double at[WINDOW]; /* when batches were begun, by sequence */
	unsigned records[WINDOW];
	uint8_t *out;
	size_t out_size, out_len, out_at;
	uint8_t in[1024];
	size_t in_len;
};

struct load {
	struct options options;
	const struct addrinfo *to;
	int epoll;
	double begun, end;
	size_t n;
	struct client *clients;
	size_t opened, streaming, refused, lost;
	uint64_t records, batches;
	size_t n_latencies;
	float *latencies;
	uint32_t flow; /* number of the next made-up flow */
	struct record batch[BATCH_RECORDS_MAX];
};

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, why);
	exit(1);
}

/* --- what is sent ----------------------------------------------------------------------------------------------------- */

static void
make_address(struct addr *a, uint32_t v4)
{
	static const uint8_t prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memcpy(a->b, prefix, sizeof(prefix));
	for (int i = 0; i < 4; i++)
		a->b[12 + i] = (uint8_t)(v4 >> (24 - 8 * i));
}

static void
make_records(struct load *l, size_t n)
{
	uint32_t wall = (uint32_t)time(NULL);

	for (size_t i = 0; i < n; i++) {
		struct record *r = &l->batch[i];
		uint32_t x = l->flow++ * 2654435761u;

		*r = (struct record){ .sport = (uint16_t)(1024 + (x & 0x7fff)),
			              .dport = 443,
			              .protocol = 6,
			              .packets = (uint16_t)(1 + (x >> 20 & 63)),
			              .octets = 60 + (x & 0xffff),
			              .application = (uint16_t)(x >> 8 & 7),
			              .started = wall - (x & 31),
			              .expires = wall };
		make_address(&r->saddr, 0x0a000000u + x % (uint32_t)l->options.hosts);
		make_address(&r->daddr, 0xc6336400u + (x >> 16));
	}
}

static void
next_batch(struct client *c, double t)
{
	struct load *l = c->load;
	size_t n = l->options.batch, size = frame_batch_size_max(n, 0);
	struct batch b = { .epoch = c->epoch,
		           .sequence = ++c->sent,
		           .previous = c->crc,
		           .n_records = n,
		           .records = l->batch };

	make_records(l, n);
	if (c->out_size < size) {
		free(c->out);
		c->out = malloc(size);
		c->out_size = size;
	}
	if (!c->out || frame_encode_batch(&b, c->out, c->out_size, &c->out_len) < 0)
		fail("batch", "cannot be encoded");
	c->crc = frame_batch_crc(c->out);
	c->out_at = 0;
	c->at[c->sent % WINDOW] = t;
	c->records[c->sent % WINDOW] = (unsigned)n;
	c->due +=
	    l->options.rate ? (double)n * (double)l->options.probes / (double)l->options.rate : 0;
}

static void
say_hello(struct client *c)
{
	struct frame_hello h = {
		.version = FRAME_VERSION, .epoch = c->epoch, .first = 1, .next = 1, .n_links = 1
	};

	(void)snprintf(h.probe, sizeof(h.probe), "p%u", c->number);
	(void)snprintf(h.links[0], sizeof(h.links[0]), "eth0");
	if (!c->out) {
		c->out_size = 4096;
		c->out = malloc(c->out_size);
	}
	if (!c->out || frame_encode_hello(&h, c->out, c->out_size, &c->out_len) < 0)
		fail("HELLO", "cannot be encoded");
	c->out_at = 0;
}

/* --- a connection ------------------------------------------------------------------------------------------------------ */

static void
end_client(struct client *c, size_t *count)
{
	if (c->state == GONE)
		return;
	c->load->streaming -= c->state == STREAMING;
	c->state = GONE;
	++*count;
	stream_free(c->stream);
	c->stream = NULL;
	(void)close(c->fd);
}

static void
want(struct client *c, bool write)
{
	unsigned wants = stream_wants(c->stream);
	struct epoll_event e = { .events = EPOLLIN, .data = { .ptr = c } };

	if (write || (wants & STREAM_WRITE))
		e.events |= EPOLLOUT;
	(void)epoll_ctl(c->load->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* Writes what is begun, and begins what is due. */
static void
send_some(struct client *c)
{
	struct load *l = c->load;
	double t = now();

	for (;;) {
		if (c->out_at == c->out_len) {
			if (c->state != STREAMING || c->idle || c->sent - c->acked >= WINDOW ||
			    t < c->due || t > l->end)
				break;
			next_batch(c, t);
		}
		ssize_t n = stream_write(c->stream, c->out + c->out_at, c->out_len - c->out_at);
		if (n == -EAGAIN)
			break;
		if (n < 0) {
			end_client(c, &l->lost);
			return;
		}
		c->out_at += (size_t)n;
		c->beat = t;
	}
	want(c, c->out_at < c->out_len);
}

static void
take_ack(struct client *c, const struct frame_ack *ack)
{
	struct load *l = c->load;
	double t = now();

	if (ack->sequence > c->sent)
		fail("ACK", "of a batch that was never sent");
	while (c->acked < ack->sequence) {
		c->acked++;
		l->batches++;
		l->records += c->records[c->acked % WINDOW];
		if (l->n_latencies < LATENCIES)
			l->latencies[l->n_latencies++] =
			    (float)((t - c->at[c->acked % WINDOW]) * 1e3);
	}
}

static void
take_frame(struct client *c, uint8_t type, const uint8_t *bytes, size_t len)
{
	struct frame_hello_ack hello;
	struct frame_ack ack;

	if (type == FRAME_HELLO_ACK && frame_decode_hello_ack(bytes, len, &hello) == NM_OK) {
		if (hello.status != FRAME_STATUS_OK) {
			(void)fprintf(stderr, "load: p%u: %s\n", c->number, hello.text);
			end_client(c, &c->load->refused);
			return;
		}
		c->state = STREAMING;
		c->load->streaming++;
	} else if (type == FRAME_ACK && frame_decode_ack(bytes, len, &ack) == NM_OK) {
		take_ack(c, &ack);
	}
}

static void
receive_some(struct client *c)
{
	do {
		ssize_t n = stream_read(c->stream, c->in + c->in_len, sizeof(c->in) - c->in_len);
		size_t at = 0;

		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			end_client(c, &c->load->lost);
			return;
		}
		c->in_len += (size_t)n;
		while (c->state != GONE && c->in_len - at >= FRAME_HEADER_SIZE) {
			struct frame_header h;

			if (frame_decode_header(c->in + at, &h) < 0 ||
			    h.length > sizeof(c->in) - FRAME_HEADER_SIZE)
				fail("answer", "malformed");
			if (c->in_len - at < FRAME_HEADER_SIZE + h.length)
				break;
			take_frame(c, h.type, c->in + at + FRAME_HEADER_SIZE, h.length);
			at += FRAME_HEADER_SIZE + h.length;
		}
		memmove(c->in, c->in + at, c->in_len - at);
		c->in_len -= at;
	} while (c->state != GONE);
}

static void
on_ready(struct client *c)
{
	if (c->state == CONNECTING) {
		int rc = stream_handshake(c->stream);

		if (rc == -EAGAIN) {
			want(c, false);
			return;
		}
		if (rc < 0) {
			(void)fprintf(stderr, "load: p%u: %s\n", c->number,
			              stream_error(c->stream));
			end_client(c, &c->load->lost);
			return;
		}
		c->state = GREETING;
		say_hello(c);
	} else {
		receive_some(c);
	}
	if (c->state != GONE)
		send_some(c);
}

static void
load_certificate(struct client *c)
{
	char cert[512], key[512], ca[512], err[512];
	const char *dir = c->load->options.certs;
	struct tls_files files = { cert, key, ca, NULL };

	(void)snprintf(cert, sizeof(cert), "%s/p%u/probe.pem", dir, c->number);
	(void)snprintf(key, sizeof(key), "%s/p%u/probe.key", dir, c->number);
	(void)snprintf(ca, sizeof(ca), "%s/p%u/ca.pem", dir, c->number);
	if (tls_new(&files, false, &c->tls, err, sizeof(err)) < 0)
		fail("certificate", err);
}

static void
open_client(struct load *l)
{
	struct client *c = &l->clients[l->opened];
	int on = 1;

	c->load = l;
	c->number = (unsigned)(l->options.first + l->opened);
	c->idle = l->opened >= l->options.probes;
	l->opened++;
	(void)!getrandom(&c->epoch, sizeof(c->epoch), 0);
	c->fd = socket(l->to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 ||
	    (connect(c->fd, l->to->ai_addr, l->to->ai_addrlen) < 0 && errno != EINPROGRESS))
		fail("connect", strerror(errno));
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (l->options.certs)
		load_certificate(c);
	c->stream =
	    l->options.certs ? stream_tls(c->tls, c->fd, l->options.host) : stream_plain(c->fd);
	if (!c->stream)
		fail("connection", "out of memory");
	c->due = c->beat = l->begun;
	if (l->options.rate) /* spread over the first interval */
		c->due +=
		    (double)(l->opened - 1) * (double)l->options.batch / (double)l->options.rate;
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data = { .ptr = c } };
	(void)epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e);
}

/* --- the run ----------------------------------------------------------------------------------------------------------- */

static void
heartbeat(struct client *c, double t)
{
	size_t len;

	if (c->state != STREAMING || c->out_at < c->out_len || t - c->beat < HEARTBEAT_S)
		return;
	if (frame_encode_heartbeat(c->out, c->out_size, &len) == NM_OK) {
		c->out_len = len;
		c->out_at = 0;
	}
}

static bool
is_over(const struct load *l, double t)
{
	if (t <= l->end)
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (l->clients[i].state == STREAMING && l->clients[i].acked < l->clients[i].sent)
			return t > l->end + 30;
	return true;
}

/* Connects all before the clock begins to run. */
static void
turn(struct load *l, int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(l->epoll, events, EVENTS, wait_ms);

	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if (c->state != GONE)
			on_ready(c);
	}
}

static void
connect_all(struct load *l)
{
	double give_up = now() + 60;

	l->begun = now();
	l->end = l->begun - 1; /* nothing is sent yet */
	while (l->streaming + l->refused + l->lost < l->n && now() < give_up) {
		while (l->opened < l->n &&
		       l->opened - l->streaming - l->refused - l->lost < CONNECT_AT_A_TIME)
			open_client(l);
		turn(l, 10);
	}
}

static void
run(struct load *l)
{
	double shift = now() - l->begun;

	l->begun += shift;
	l->end = l->begun + (double)l->options.seconds;
	for (size_t i = 0; i < l->n; i++)
		l->clients[i].due += shift;
	for (double t = now(), swept = 0; !is_over(l, t); t = now()) {
		turn(l, 5);
		if (t - swept < 0.005)
			continue;
		swept = t;
		for (size_t i = 0; i < l->n; i++) {
			heartbeat(&l->clients[i], t);
			if (l->clients[i].state == STREAMING)
				send_some(&l->clients[i]);
		}
	}
}

static int
by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static double
percentile(const struct load *l, double p)
{
	return l->n_latencies ? (double)l->latencies[(size_t)((double)(l->n_latencies - 1) * p)]
	                      : 0;
}

static void
report(struct load *l)
{
	struct rusage u;
	double seconds = now() - l->begun;

	(void)getrusage(RUSAGE_SELF, &u);
	qsort(l->latencies, l->n_latencies, sizeof(*l->latencies), by_size);
	printf(
	    "{\"records\": %" PRIu64 ", \"batches\": %" PRIu64
	    ", \"seconds\": %.3f, \"records_s\": %.0f, "
	    "\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"refused\": %zu, \"lost\": %zu, \"cpu_s\": %.2f}\n",
	    l->records, l->batches, seconds, (double)l->records / seconds, percentile(l, 0.5),
	    percentile(l, 0.99), percentile(l, 1), l->refused, l->lost,
	    (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6);
}

static void
parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{ "probes", required_argument, NULL, 'p' },
		{ "idle", required_argument, NULL, 'i' },
		{ "seconds", required_argument, NULL, 's' },
		{ "rate", required_argument, NULL, 'r' },
		{ "batch", required_argument, NULL, 'b' },
		{ "hosts", required_argument, NULL, 'h' },
		{ "first", required_argument, NULL, 'f' },
		{ "certs", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};

	*o = (struct options){
		.probes = 1, .seconds = 10, .batch = BATCH_RECORDS_MAX, .hosts = 2000
	};
	unsigned long *numbers[256] = {
		['p'] = &o->probes, ['i'] = &o->idle,  ['s'] = &o->seconds, ['r'] = &o->rate,
		['b'] = &o->batch,  ['h'] = &o->hosts, ['f'] = &o->first
	};
	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (c == 'c')
			o->certs = optarg;
		else if (c > 0 && c < 256 && numbers[c])
			*numbers[c] = strtoul(optarg, NULL, 10);
		else
			exit(2);
	}
	if (argc - optind != 2 || o->batch < 1 || o->batch > BATCH_RECORDS_MAX || o->hosts < 1 ||
	    o->probes + o->idle < 1)
		fail("usage", "load [OPTION...] HOST PORT");
	o->host = argv[optind];
	o->port = argv[optind + 1];
}

int
main(int argc, char **argv)
{
	static struct load l;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *to;

	parse(argc, argv, &l.options);
	if (getaddrinfo(l.options.host, l.options.port, &hints, &to) != 0)
		fail(l.options.host, "is no address");
	l.to = to;
	l.n = l.options.probes + l.options.idle;
	l.clients = calloc(l.n, sizeof(*l.clients));
	l.latencies = calloc(LATENCIES, sizeof(*l.latencies));
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!l.clients || !l.latencies || l.epoll < 0)
		fail("start", "out of memory");
	connect_all(&l);
	run(&l);
	report(&l);
	freeaddrinfo(to);
	return 0;
}
