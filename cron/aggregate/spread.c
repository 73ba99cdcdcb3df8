/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flow's counts, spread over time. */
#include "cron/aggregate/spread.h"

/* octets (32 bits) times a time in 1/256 s (40 bits) does not fit 64 */
__extension__ typedef unsigned __int128 wide;

/* How much of `count` lies before `at`. Each share is the difference of two of these, so rounding cancels out. */
static uint64_t
before(const struct spread *s, uint64_t count, uint64_t at)
{
	if (at <= s->start)
		return 0;
	if (at >= s->end)
		return count;
	return (uint64_t)((wide)count * (at - s->start) / (s->end - s->start));
}

struct share
spread_share(const struct spread *s, uint32_t from_s, uint32_t to_s)
{
	uint64_t from = (uint64_t)from_s * 256, to = (uint64_t)to_s * 256;

	if (s->end <= s->start) {
		if (s->start >= from && s->start < to)
			return (struct share){ s->packets, s->octets };
		return (struct share){ 0, 0 };
	}
	return (struct share){
		.packets = before(s, s->packets, to) - before(s, s->packets, from),
		.octets = before(s, s->octets, to) - before(s, s->octets, from),
	};
}
