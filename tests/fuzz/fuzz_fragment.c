/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a sequence of fragments: the first octet is the table's size, then each fragment is an octet of what it is
 * (bits 0-1: whole, first, later; bits 2-4: protocol; bits 5-7: link), one for its identification, one for the time since the
 * one before in half seconds (signed), and one for the ports of a first one. A model that remembers everything says what
 * the table may answer at most, and the ports it must give.
 */
#include "probe/fragment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define IDS    256u
#define KINDS  64u /* protocols and links together */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the last first fragment of each datagram said. */
struct model {
	bool seen;
	uint64_t first_ns;
	uint16_t sport;
};

static const uint8_t protocols[] = { 17, 6, 132, 136, 1, 33, 58, 255 };

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static bool
ports_are_known(uint8_t protocol)
{
	return protocol != 1 && protocol != 58 && protocol != 255;
}

static void
step(struct fragment_table *t, struct model *m, struct packet *pkt)
{
	const struct packet before = *pkt;
	enum fragment_found found = fragment_resolve(t, pkt);
	uint64_t age =
	    before.ts_ns > m->first_ns ? before.ts_ns - m->first_ns : m->first_ns - before.ts_ns;

	check(pkt->octets == before.octets && pkt->fragment == before.fragment);
	if (before.fragment != FRAGMENT_LATER || !ports_are_known(before.protocol)) {
		check(found == FRAGMENT_KNOWN && pkt->sport == before.sport);
		if (before.fragment == FRAGMENT_FIRST && before.sport)
			*m = (struct model){ true, before.ts_ns, before.sport };
		return;
	}
	/* what it knows is true; it may have forgotten */
	if (found == FRAGMENT_KNOWN)
		check(m->seen && age <= FRAGMENT_TTL_S * SECOND && pkt->sport == m->sport &&
		      pkt->dport == 53);
	else
		check(pkt->sport == 0 && pkt->dport == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model model[KINDS][IDS];
	struct fragment_table *t;
	struct fragment_stats stats;
	uint64_t now = 1000 * SECOND, laters = 0;

	if (size < 1 || fragment_table_new(data[0] + 1u, &t) < 0)
		return 0;
	memset(model, 0, sizeof(model));
	for (size_t i = 1; i + 4 <= size; i += 4) {
		const uint8_t *b = data + i;
		now += (uint64_t)(int64_t)(int8_t)b[2] * (SECOND / 2);
		struct packet pkt = { .ts_ns = now,
			              .protocol = protocols[b[0] >> 2 & 7],
			              .link = b[0] >> 5,
			              .octets = 100,
			              .fragment = (uint8_t)((b[0] & 3) % 3),
			              .fragment_id = b[1] };
		if (pkt.fragment == FRAGMENT_FIRST && b[3]) {
			pkt.sport = b[3];
			pkt.dport = 53;
		}
		laters += pkt.fragment == FRAGMENT_LATER && ports_are_known(pkt.protocol);
		step(t, &model[b[0] >> 2][b[1]], &pkt);
	}
	fragment_get_stats(t, &stats);
	check(stats.resolved + stats.orphans == laters && stats.replaced <= stats.firsts);
	fragment_table_free(t);
	return 0;
}
