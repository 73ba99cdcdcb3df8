/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking over the control socket. */
#include "lib/control_ask.h"

#include "lib/err.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MS 20 /* between attempts while the other end has no room */

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 0, or -ETIMEDOUT. */
static int
wait_for(int fd, short events, int64_t until_ms)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int64_t left = until_ms - now_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		int n = poll(&p, 1, (int)left);
		if (n > 0)
			return NM_OK;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* A Unix socket whose backlog is full says EAGAIN, and poll() does not tell when there is room. */
static int
connect_to(int fd, const struct sockaddr_un *at, int64_t until_ms)
{
	while (connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0) {
		const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };

		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (now_ms() >= until_ms)
			return -ETIMEDOUT;
		(void)nanosleep(&pause, NULL);
	}
	return NM_OK;
}

static int
send_all(int fd, const char *text, size_t len, int64_t until_ms)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		int rc = wait_for(fd, POLLOUT, until_ms);
		if (rc < 0)
			return rc;
	}
	return NM_OK;
}

/* Up to the end; what does not fit is read and forgotten. */
static int
read_answer(int fd, int64_t until_ms, char *ret_answer, size_t size)
{
	char rest[4096] = { 0 };
	size_t at = 0;

	for (;;) {
		bool full = at + 1 >= size;
		ssize_t n = recv(fd, full ? rest : ret_answer + at,
		                 full ? sizeof(rest) : size - 1 - at, MSG_DONTWAIT);

		if (n == 0)
			break;
		if (n > 0) {
			at += full ? 0 : (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		int rc = wait_for(fd, POLLIN, until_ms);
		if (rc < 0)
			return rc;
	}
	ret_answer[at] = '\0';
	return NM_OK;
}

int
control_ask(const char *path, const char *line, unsigned timeout_ms, char *ret_answer, size_t size)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int64_t until_ms = now_ms() + timeout_ms;

	if (size == 0)
		return -EINVAL;
	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = connect_to(fd, &at, until_ms);
	if (rc == NM_OK)
		rc = send_all(fd, line, strlen(line), until_ms);
	if (rc == NM_OK)
		rc = send_all(fd, "\n", 1, until_ms);
	/* who refuses a request may close before it is read whole, and says why */
	if (rc == NM_OK || rc == -EPIPE)
		rc = read_answer(fd, until_ms, ret_answer, size);
	(void)close(fd);
	return rc;
}
