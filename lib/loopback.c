/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses that stay on this machine. */
#include "lib/loopback.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define LOOPBACK_NET 127 /* first octet */

static bool
is_v6(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) ||
	       (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == LOOPBACK_NET);
}

bool
loopback_is(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	/* copied: the pointer may be to less than it says, in another alignment */
	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == LOOPBACK_NET;
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return is_v6(&v6.sin6_addr);
	default:
		return false;
	}
}

static int
look_up(const char *name, int flags, bool *ret_all)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		                        .ai_socktype = SOCK_STREAM,
		                        .ai_flags = flags };
	struct addrinfo *list;

	int rc = getaddrinfo(name, "0", &hints, &list);
	if (rc != 0)
		return rc;
	*ret_all = true;
	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
		*ret_all &= loopback_is(ai->ai_addr);
	freeaddrinfo(list);
	return 0;
}

int
loopback_name(const char *name, bool *ret_all)
{
	if (strcmp(name, "*") != 0)
		return look_up(name, 0, ret_all);
	*ret_all = false;
	return 0;
}

bool
loopback_is_beyond(const char *text)
{
	bool all;

	return look_up(text, AI_NUMERICHOST, &all) == 0 && !all;
}
