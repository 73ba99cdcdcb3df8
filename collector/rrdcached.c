/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection to an rrdcached. */
#include "collector/rrdcached.h"

#include "lib/err.h"
#include "lib/log.h"

#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_OUT 4096u /* rrdcached takes no longer ones */
#define OUT_FIRST    (64u << 10)
#define IN_MAX       (16u << 10) /* a line of an answer is far below */
#define BACKOFF_MAX  60000

enum state {
	AWAY,
	CONNECTING,
	READY,   /* lines may be put */
	GO,      /* a batch is on its way: "0 Go ahead" comes first */
	COUNT,   /* then "N errors" */
	REFUSALS /* then N lines */
};

struct rrdcached {
	struct rrdcached_config config;
	struct loop *loop; /* NULL: none yet */
	struct sockaddr_storage address;
	socklen_t address_len;
	int fd; /* -1: none */
	enum state state;
	int64_t next_ms;    /* when to connect */
	int64_t silence_ms; /* since when something is waited for */
	unsigned backoff_ms;
	char *out;
	size_t out_len;
	size_t out_size;
	size_t out_at;
	size_t lines; /* in the batch */
	bool cut;     /* there was no memory for one of them */
	size_t refusals_left;
	char in[IN_MAX];
	size_t in_len;
	bool told; /* that it is away */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- address ---------------------------------------------------------------------------------------------------------- */

static const char *
socket_path(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : *address == '/' ? address : NULL;
}

static int
resolve(struct rrdcached *c, char *host, char *err, size_t err_size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *port = RRDCACHED_PORT;
	struct addrinfo *found;
	char *colon = strrchr(host, ':');
	char *bracket = strrchr(host, ']');

	/* of several colons without brackets the last one is the address's own */
	if (colon && (bracket ? colon > bracket : strchr(host, ':') == colon)) {
		*colon = '\0';
		port = colon + 1;
	}
	if (bracket && *host == '[') {
		*bracket = '\0';
		host++;
	}
	int rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0) {
		(void)snprintf(err, err_size, "rrdcached: %s: %s", host, gai_strerror(rc));
		return NM_ENOTFOUND;
	}
	memcpy(&c->address, found->ai_addr, found->ai_addrlen);
	c->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return NM_OK;
}

static int
set_address(struct rrdcached *c, char *err, size_t err_size)
{
	const char *path = socket_path(c->config.address);
	struct sockaddr_un *un = (struct sockaddr_un *)&c->address;
	char host[512];

	(void)snprintf(err, err_size, "rrdcached: the address is too long");
	if (!path) {
		int n = snprintf(host, sizeof(host), "%s", c->config.address);
		return n < (int)sizeof(host) ? resolve(c, host, err, err_size) : NM_ELIMIT;
	}
	if (strlen(path) >= sizeof(un->sun_path))
		return NM_ELIMIT;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	c->address_len = sizeof(*un);
	return NM_OK;
}

/* --- connection ------------------------------------------------------------------------------------------------------- */

static void
lose(struct rrdcached *c, const char *why)
{
	bool sent = c->state >= GO;

	if (c->fd >= 0) {
		if (c->loop)
			loop_remove(c->loop, c->fd);
		(void)close(c->fd);
	}
	if (!c->told)
		log_warn("rrdcached %s: %s; values wait", c->config.address, why);
	c->told = true;
	c->fd = -1;
	c->state = AWAY;
	c->next_ms = now_ms() + c->backoff_ms;
	c->backoff_ms = c->backoff_ms * 2 < BACKOFF_MAX ? c->backoff_ms * 2 : BACKOFF_MAX;
	bool batch = sent || c->lines > 0;
	c->cut = false;
	c->out_len = c->out_at = c->lines = c->in_len = 0;
	if (batch)
		c->config.done(c->config.ctx, false);
}

static void
want(struct rrdcached *c)
{
	bool write = c->state == CONNECTING || (c->state >= GO && c->out_at < c->out_len);

	if (c->loop && c->fd >= 0)
		loop_want(c->loop, c->fd, LOOP_READ | (write ? LOOP_WRITE : 0));
}

static void on_ready(void *ctx, unsigned flags);

static void
watch(struct rrdcached *c)
{
	if (c->loop && c->fd >= 0 && loop_add(c->loop, c->fd, LOOP_READ, on_ready, c) < 0)
		lose(c, "too many descriptors are open");
	want(c);
}

static void
connect_now(struct rrdcached *c)
{
	c->fd = socket(c->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		lose(c, nm_strerror(-errno));
		return;
	}
	c->silence_ms = now_ms();
	if (connect(c->fd, (struct sockaddr *)&c->address, c->address_len) < 0 &&
	    errno != EINPROGRESS) {
		int rc = -errno;

		(void)close(c->fd);
		c->fd = -1;
		lose(c, nm_strerror(rc));
		return;
	}
	c->state = CONNECTING;
	watch(c);
}

static void
end_connect(struct rrdcached *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		lose(c, nm_strerror(-error));
		return;
	}
	log_info("rrdcached %s: connected", c->config.address);
	c->told = false;
	c->state = READY;
}

/* --- answers ---------------------------------------------------------------------------------------------------------- */

static void
end_batch(struct rrdcached *c)
{
	c->state = READY;
	c->lines = 0;
	c->out_len = c->out_at = 0;
	c->backoff_ms = 1000; /* it does its work again */
	c->config.done(c->config.ctx, true);
}

static bool
take_line(struct rrdcached *c, const char *line)
{
	char *rest;
	long n = strtol(line, &rest, 10);

	if (rest == line)
		return false;
	switch (c->state) {
	case GO:
		c->state = COUNT;
		return n == 0;
	case COUNT:
		if (n < 0 || (size_t)n > c->lines)
			return false;
		c->refusals_left = (size_t)n;
		c->state = REFUSALS;
		break;
	case REFUSALS:
		if (n < 1 || (size_t)n > c->lines)
			return false;
		c->config.refused(c->config.ctx, (size_t)n - 1, rest + strspn(rest, " "));
		c->refusals_left--;
		break;
	default:
		return false; /* nothing was asked */
	}
	if (c->refusals_left == 0)
		end_batch(c);
	return true;
}

/* False when it is no answer. */
static bool
take_lines(struct rrdcached *c)
{
	char *at = c->in, *end;
	bool good = true;

	while (good && (end = memchr(at, '\n', c->in_len - (size_t)(at - c->in)))) {
		*end = '\0';
		good = take_line(c, at);
		at = end + 1;
	}
	c->in_len -= (size_t)(at - c->in);
	memmove(c->in, at, c->in_len);
	return good && c->in_len < IN_MAX;
}

static void
receive(struct rrdcached *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, IN_MAX - c->in_len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose(c, n < 0 ? nm_strerror(-errno) : "it closed the connection");
		return;
	}
	c->in_len += (size_t)n;
	c->silence_ms = now_ms();
	if (!take_lines(c))
		lose(c, "its answer is not understood");
}

static void
transmit(struct rrdcached *c)
{
	ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		lose(c, nm_strerror(-errno));
		return;
	}
	if (n > 0) {
		c->out_at += (size_t)n;
		c->silence_ms = now_ms();
	}
}

static void
on_ready(void *ctx, unsigned flags)
{
	struct rrdcached *c = ctx;

	if (c->state == CONNECTING && (flags & LOOP_WRITE))
		end_connect(c);
	if (c->fd >= 0 && c->state != CONNECTING && (flags & LOOP_READ))
		receive(c);
	if (c->fd >= 0 && c->state >= GO && c->out_at < c->out_len)
		transmit(c);
	want(c);
}

/* --- for the feed ----------------------------------------------------------------------------------------------------- */

int
rrdcached_new(const struct rrdcached_config *config, struct rrdcached **ret_cached, char *err,
              size_t err_size)
{
	struct rrdcached *c = calloc(1, sizeof(*c));
	char *out = malloc(OUT_FIRST);

	(void)snprintf(err, err_size, "out of memory");
	if (!c || !out) {
		free(c);
		free(out);
		return -ENOMEM;
	}
	c->config = *config;
	c->out = out;
	c->out_size = OUT_FIRST;
	c->fd = -1;
	c->backoff_ms = 1000;
	int rc = set_address(c, err, err_size);
	if (rc < 0) {
		free(c->out);
		free(c);
		return rc;
	}
	*ret_cached = c;
	return NM_OK;
}

void
rrdcached_free(struct rrdcached *c)
{
	if (!c)
		return;
	if (c->fd >= 0) {
		if (c->loop)
			loop_remove(c->loop, c->fd);
		(void)close(c->fd);
	}
	free(c->out);
	free(c);
}

void
rrdcached_attach(struct rrdcached *c, struct loop *loop)
{
	c->loop = loop;
	watch(c);
}

void
rrdcached_tick(struct rrdcached *c)
{
	int64_t now = now_ms();

	if (c->state == AWAY && now >= c->next_ms)
		connect_now(c);
	else if (c->state != AWAY && c->state != READY &&
	         now - c->silence_ms > RRDCACHED_PATIENCE_S * 1000)
		lose(c, "it does not answer");
}

void
rrdcached_wait(struct rrdcached *c, int timeout_ms)
{
	struct pollfd p;

	rrdcached_tick(c);
	bool write = c->state == CONNECTING || (c->state >= GO && c->out_at < c->out_len);
	p = (struct pollfd){ .fd = c->fd, .events = (short)(POLLIN | (write ? POLLOUT : 0)) };
	if (poll(&p, 1, timeout_ms) > 0 && c->fd >= 0)
		on_ready(c, ((p.revents & (POLLIN | POLLHUP | POLLERR)) ? LOOP_READ : 0) |
		                ((p.revents & (POLLOUT | POLLHUP | POLLERR)) ? LOOP_WRITE : 0));
}

bool
rrdcached_is_connected(const struct rrdcached *c)
{
	return c->state >= READY;
}

bool
rrdcached_is_ready(const struct rrdcached *c)
{
	return c->state == READY;
}

size_t
rrdcached_room(const struct rrdcached *c)
{
	return RRDCACHED_LINES_MAX - c->lines;
}

/* Makes room for one more line. */
static bool
grow(struct rrdcached *c)
{
	if (c->out_size - c->out_len >= LINE_MAX_OUT)
		return true;
	char *out = realloc(c->out, c->out_size * 2);
	if (!out)
		return false;
	c->out = out;
	c->out_size *= 2;
	return true;
}

void
rrdcached_put(struct rrdcached *c, const char *path, uint32_t end_s, const double bps[2])
{
	char *at;

	if (c->lines == 0)
		c->out_len = (size_t)snprintf(c->out, c->out_size, "BATCH\n");
	c->lines++;
	c->cut |= !grow(c);
	if (c->cut)
		return;
	at = c->out + c->out_len;
	at += snprintf(at, c->out_size - c->out_len, "UPDATE ");
	for (; *path; path++) {
		/* fields end at blanks, unless a backslash is before them */
		if (*path == ' ' || *path == '\\')
			*at++ = '\\';
		*at++ = *path;
	}
	c->out_len = (size_t)(at - c->out);
	c->out_len += (size_t)snprintf(at, c->out_size - c->out_len, " %" PRIu32 ":%.6f:%.6f\n",
	                               end_s, bps[0], bps[1]);
}

void
rrdcached_send(struct rrdcached *c)
{
	if (c->state != READY || c->lines == 0)
		return;
	if (c->cut) {
		lose(c, "out of memory");
		return;
	}
	memcpy(c->out + c->out_len, ".\n", 2);
	c->out_len += 2;
	c->out_at = 0;
	c->state = GO;
	c->silence_ms = now_ms();
	transmit(c);
	want(c);
}

const char *
rrdcached_socket(const struct rrdcached *c)
{
	return socket_path(c->config.address);
}
