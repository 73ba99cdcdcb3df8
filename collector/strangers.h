/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections of which nobody knows yet whose they are: TLS is not agreed on, or no HELLO came. There may be so many from one
 * address and so many in all, so that whoever opens connections and says nothing takes the place of nobody but his like. When
 * there are too many, the one that has been silent longest goes; a probe says who it is at once. Zero-initialise. One thread.
 */
#ifndef NETMON_COLLECTOR_STRANGERS_H
#define NETMON_COLLECTOR_STRANGERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define STRANGERS_MAX         256u
#define STRANGERS_ADDRESS_MAX 128u /* of one IPv4 address, or one IPv6 network of 64 bits */
#define STRANGERS_YOUNG_MS    1000 /* one that is younger is left alone */

struct stranger {
	void *who;
	int64_t since_ms; /* monotonic */
	uint8_t from[8];  /* IPv4: the address and zeros; IPv6: the network */
	int family;
};

struct strangers {
	size_t n;
	struct stranger list[STRANGERS_MAX];
};

/* Fills in where it comes from, and since when. */
void stranger_init(struct stranger *s, const struct sockaddr *from, int64_t now_ms);

/* Whether one more like `s` may come. True with *ret_shed: if that one is ended first (it is still in the list); NULL: there is
 * room. */
bool strangers_have_room(const struct strangers *all, const struct stranger *s, void **ret_shed);
/* The one that has been there longest, if it is not young; NULL: none. */
void *strangers_oldest(const struct strangers *all, int64_t now_ms);

/* After strangers_have_room(). */
void strangers_add(struct strangers *all, const struct stranger *s, void *who);
/* It is known, or gone; nothing happens when it is not in the list. */
void strangers_remove(struct strangers *all, const void *who);

#endif
