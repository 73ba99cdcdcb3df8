/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A flow's packets and octets over the minutes that it spans, in proportion to time; the shares of a flow add up to the
 * flow, because the last minute gets what is left. Whoever spreads flows does it here, so that graphs and tables agree.
 *
 *   struct spread s = spread_init(record);
 *   while (spread_next(&s))
 *           use(s.minute, s.octets, s.packets);
 *
 * Header-only, plain values, any thread.
 */
#ifndef NETMON_LIB_SPREAD_H
#define NETMON_LIB_SPREAD_H

#include "lib/record.h"

#include <stdbool.h>
#include <stdint.h>

#define SPREAD_MINUTE_TICKS (60u * 256u) /* a tick is 1/256 s, as in the record */
/* A longer flow is a lie, or an option that makes no sense: all of it goes to its last minute. */
#define SPREAD_MINUTES_MAX 1440u

struct spread {
	/* the answer of the last spread_next() */
	uint32_t minute; /* its beginning, seconds UTC */
	uint64_t octets;
	uint64_t packets;
	/* what is left */
	uint64_t at;  /* ticks */
	uint64_t end; /* ticks */
	uint64_t octets_left;
	uint64_t packets_left;
};

static inline struct spread
spread_init(const struct record *r)
{
	struct spread s = { .at = (uint64_t)r->started * 256 + r->start_frac,
		            .end = (uint64_t)r->expires * 256 + r->end_frac,
		            .octets_left = r->octets,
		            .packets_left = r->packets };

	if (s.at >= s.end || s.end - s.at > (uint64_t)SPREAD_MINUTES_MAX * SPREAD_MINUTE_TICKS)
		s.at = s.end;
	if (s.at == s.end) /* an instant: a span of one tick, which lies in one minute */
		s.end++;
	return s;
}

/* The next minute's share; false when there is none. */
static inline bool
spread_next(struct spread *s)
{
	if (s->at >= s->end)
		return false;
	uint64_t minute = s->at / SPREAD_MINUTE_TICKS;
	uint64_t next = (minute + 1) * SPREAD_MINUTE_TICKS;
	uint64_t left = s->end - s->at;
	uint64_t part = (next < s->end ? next : s->end) - s->at;

	/* both factors are below 2^32: no overflow */
	s->minute = (uint32_t)(minute * 60);
	s->octets = part == left ? s->octets_left : s->octets_left * part / left;
	s->packets = part == left ? s->packets_left : s->packets_left * part / left;
	s->octets_left -= s->octets;
	s->packets_left -= s->packets;
	s->at += part;
	return true;
}

#endif
