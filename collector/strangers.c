/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections of which nobody knows yet whose they are. */
#include "collector/strangers.h"

#include <netinet/in.h>
#include <string.h>

void
stranger_init(struct stranger *s, const struct sockaddr *from, int64_t now_ms)
{
	const void *any = from;

	*s = (struct stranger){ .since_ms = now_ms, .family = from->sa_family };
	if (from->sa_family == AF_INET6)
		memcpy(s->from, ((const struct sockaddr_in6 *)any)->sin6_addr.s6_addr,
		       sizeof(s->from));
	else if (from->sa_family == AF_INET)
		memcpy(s->from, &((const struct sockaddr_in *)any)->sin_addr,
		       sizeof(struct in_addr));
}

static bool
are_neighbours(const struct stranger *a, const struct stranger *b)
{
	return a->family == b->family && memcmp(a->from, b->from, sizeof(a->from)) == 0;
}

/* How many there are, of those like `like` or of all (NULL), and the oldest of them. */
static size_t
count(const struct strangers *all, const struct stranger *like, const struct stranger **ret_oldest)
{
	size_t n = 0;

	*ret_oldest = NULL;
	for (const struct stranger *s = all->list; s < all->list + all->n; s++) {
		if (like && !are_neighbours(s, like))
			continue;
		n++;
		if (!*ret_oldest || s->since_ms < (*ret_oldest)->since_ms)
			*ret_oldest = s;
	}
	return n;
}

static void *
unless_young(const struct stranger *s, int64_t now_ms)
{
	return s && now_ms - s->since_ms >= STRANGERS_YOUNG_MS ? s->who : NULL;
}

bool
strangers_have_room(const struct strangers *all, const struct stranger *s, void **ret_shed)
{
	const struct stranger *oldest;

	*ret_shed = NULL;
	bool full = count(all, s, &oldest) >= STRANGERS_ADDRESS_MAX;
	if (!full)
		full = count(all, NULL, &oldest) >= STRANGERS_MAX;
	if (full)
		*ret_shed = unless_young(oldest, s->since_ms);
	return !full || *ret_shed;
}

void *
strangers_oldest(const struct strangers *all, int64_t now_ms)
{
	const struct stranger *oldest;

	(void)count(all, NULL, &oldest);
	return unless_young(oldest, now_ms);
}

void
strangers_add(struct strangers *all, const struct stranger *s, void *who)
{
	if (all->n == STRANGERS_MAX)
		return;
	all->list[all->n] = *s;
	all->list[all->n++].who = who;
}

void
strangers_remove(struct strangers *all, const void *who)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->list[i].who == who) {
			all->list[i] = all->list[--all->n];
			return;
		}
	}
}
