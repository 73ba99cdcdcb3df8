/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening sockets. */
#include "collector/listeners.h"

#include "lib/err.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024 /* whoever waits there costs nothing */

/* An address of either family. */
union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A listening socket on one address, or -errno. */
static int
listen_one(const struct addrinfo *ai, uint16_t port)
{
	union any_address address = { .v6 = { 0 } };
	int on = 1;

	if (ai->ai_addrlen > sizeof(address))
		return -EAFNOSUPPORT;
	memcpy(&address, ai->ai_addr, ai->ai_addrlen);
	if (ai->ai_family == AF_INET6)
		address.v6.sin6_port = htons(port);
	else
		address.v4.sin_port = htons(port);
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &address.any, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		int rc = -errno;
		(void)close(fd);
		return rc;
	}
	return fd;
}

static uint16_t
port_of(int fd)
{
	union any_address address = { .v6 = { 0 } };
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) < 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
	                                               : address.v4.sin_port);
}

/* Listens on every address of the name; IPv4 first, so that it chooses the port when any will do. One address that does
 * not work (a machine without IPv6) is no failure when another does. */
static int
listen_all(struct listeners *l, const struct addrinfo *list, int family)
{
	int rc = -EADDRNOTAVAIL;

	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
		if (ai->ai_family != family || l->n == LISTENERS_MAX)
			continue;
		int fd = listen_one(ai, l->port);
		if (fd >= 0) {
			l->fds[l->n++] = fd;
			l->port = port_of(fd);
			rc = NM_OK;
		} else if (rc != NM_OK) {
			rc = fd;
		}
	}
	return rc;
}

int
listeners_open(const char *name, uint16_t port, struct listeners *ret, char *err, size_t err_size)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		                  .ai_socktype = SOCK_STREAM,
		                  .ai_flags = AI_PASSIVE };
	struct addrinfo *list;

	*ret = (struct listeners){ .port = port };
	int gai = getaddrinfo(strcmp(name, "*") == 0 ? NULL : name, "0", &hints, &list);
	if (gai != 0) {
		(void)snprintf(err, err_size, "cannot listen on %s: %s", name, gai_strerror(gai));
		return -EADDRNOTAVAIL;
	}
	int rc = listen_all(ret, list, AF_INET);
	int rc6 = listen_all(ret, list, AF_INET6);
	freeaddrinfo(list);
	if (ret->n > 0)
		return NM_OK;
	rc = rc == -EADDRNOTAVAIL ? rc6 : rc;
	(void)snprintf(err, err_size, "cannot listen on %s port %u: %s", name, port,
	               nm_strerror(rc));
	return rc;
}

void
listeners_close(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++)
		(void)close(l->fds[i]);
	l->n = 0;
}
