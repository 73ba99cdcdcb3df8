/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connecting to a collector. */
#include "probe/export_dial.h"

#include "lib/err.h"
#include "lib/loopback.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 5000 /* for one address */

int64_t
export_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
export_drain_wakeups(const struct export_queue *q)
{
	uint64_t count;

	/* an empty eventfd is as good */
	if (read(q->wake_fd, &count, sizeof(count)) < 0)
		return;
}

/* Waits for a connect that is under way. 0 or -errno; -ECANCELED when the queue stops. */
static int
await_connect(const struct export_sender *s, int fd)
{
	int64_t end = export_now_ms() + CONNECT_MS;

	for (int64_t left = CONNECT_MS; left > 0; left = end - export_now_ms()) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLOUT },
			               { .fd = s->queue->wake_fd, .events = POLLIN } };
		int error = 0;
		socklen_t len = sizeof(error);

		(void)poll(p, 2, (int)left);
		if (export_queue_stopped(s->queue))
			return -ECANCELED;
		if (p[1].revents)
			export_drain_wakeups(s->queue);
		if (!p[0].revents)
			continue;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			error = errno;
		return -error;
	}
	return -ETIMEDOUT;
}

/* A connected, non-blocking socket or -errno. */
static int
dial_one(const struct export_sender *s, const struct addrinfo *ai)
{
	int on = 1;
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int rc = connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 ? -errno : 0;
	if (rc == -EINPROGRESS)
		rc = await_connect(s, fd);
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	/* Acknowledgements are small and wanted at once; batches are written whole. No TCP_USER_TIMEOUT: it would also end
	 * connections to a collector that is alive and does not read just now, because its store is slow (tcp(7)). Who is dead
	 * answers no heartbeat. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int
export_dial(const struct export_sender *s, char *why, size_t size)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	char port[8];
	int fd = -1;

	(void)snprintf(port, sizeof(port), "%u", s->port);
	int rc = getaddrinfo(s->host, port, &hints, &list);
	if (rc != 0) {
		(void)snprintf(why, size, "%s", gai_strerror(rc));
		return -1;
	}
	for (const struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
		if (!s->tls && !s->insecure && !loopback_is(ai->ai_addr)) {
			(void)snprintf(
			    why, size,
			    "its address is beyond this machine, and there is no TLS: "
			    "netmon probe add, there, makes certificates, or say --insecure");
			continue;
		}
		fd = dial_one(s, ai);
		if (fd < 0)
			(void)snprintf(why, size, "%s", nm_strerror(fd));
	}
	freeaddrinfo(list);
	return fd < 0 ? -1 : fd;
}
