/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slows down guessing of passwords. */
#include "web/throttle.h"

#include <string.h>

#define V6_NETWORK_OCTETS 8 /* a /64: what one customer has */

/* Clients without an address that parses (a unix socket) share one network: the unspecified address. */
static struct addr
network_of(const char *client)
{
	struct addr a = { .b = { 0 } };

	(void)addr_parse(client, &a);
	if (!addr_is_v4(&a))
		memset(a.b + V6_NETWORK_OCTETS, 0, sizeof(a.b) - V6_NETWORK_OCTETS);
	return a;
}

static bool
is_current(const struct throttle *t, size_t i, const struct addr *network, int64_t now_s)
{
	return t->slots[i].begin_s && t->slots[i].begin_s + THROTTLE_WINDOW_S > now_s &&
	       addr_compare(&t->slots[i].network, network) == 0;
}

unsigned
throttle_wait_s(const struct throttle *t, const char *client, int64_t now_s)
{
	struct addr network = network_of(client);

	for (size_t i = 0; i < THROTTLE_SLOTS; i++)
		if (is_current(t, i, &network, now_s) && t->slots[i].wrong >= THROTTLE_FREE)
			return (unsigned)(t->slots[i].begin_s + THROTTLE_WINDOW_S - now_s);
	return 0;
}

void
throttle_wrong(struct throttle *t, const char *client, int64_t now_s)
{
	struct addr network = network_of(client);
	size_t oldest = 0;

	for (size_t i = 0; i < THROTTLE_SLOTS; i++) {
		if (is_current(t, i, &network, now_s)) {
			t->slots[i].wrong++;
			return;
		}
		if (t->slots[i].begin_s < t->slots[oldest].begin_s)
			oldest = i;
	}
	t->slots[oldest].network = network;
	t->slots[oldest].begin_s = now_s;
	t->slots[oldest].wrong = 1;
}
