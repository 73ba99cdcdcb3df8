/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Minutes that are being added up. */
#include "collector/minutes.h"

#include <stdlib.h>
#include <string.h>

void
minutes_init(struct minutes *m, size_t entries_max)
{
	memset(m, 0, sizeof(*m));
	m->entries_max = entries_max;
}

void
minutes_fini(struct minutes *m)
{
	while (m->n > 0)
		minutes_drop(m);
}

/* Index of the minute, or of the first one behind it. */
static size_t
find(const struct minutes *m, uint32_t minute)
{
	size_t i = m->n;

	/* from the newest: that is where nearly all of it goes */
	while (i > 0 && m->list[i - 1]->minute >= minute)
		i--;
	return i;
}

struct minute *
minutes_open(struct minutes *m, uint32_t minute, uint64_t octets)
{
	size_t at = find(m, minute);

	if (minute < m->floor) {
		m->late_octets += octets;
		return NULL;
	}
	if (at < m->n && m->list[at]->minute == minute)
		return m->list[at];
	struct minute *new = m->n < MINUTES_OPEN_MAX ? calloc(1, sizeof(*new)) : NULL;
	if (!new) {
		m->refused_octets += octets;
		return NULL;
	}
	new->minute = minute;
	for (size_t i = m->n; i > at; i--)
		m->list[i] = m->list[i - 1];
	m->list[at] = new;
	m->n++;
	return new;
}

bool
minutes_add(struct minutes *m, struct minute *minute, const struct rrd_series *key,
            uint64_t in_octets, uint64_t out_octets)
{
	size_t before = minute->table.n;
	struct series_entry *e = m->entries < m->entries_max ? series_get(&minute->table, key)
	                                                     : series_find(&minute->table, key);

	if (!e) {
		m->refused_octets += in_octets + out_octets;
		return false;
	}
	m->entries += minute->table.n - before;
	e->in += in_octets;
	e->out += out_octets;
	return true;
}

void
minutes_close(struct minutes *m, uint32_t floor)
{
	if (floor > m->floor)
		m->floor = floor;
}

struct minute *
minutes_closed(struct minutes *m, size_t i)
{
	return i < m->n && m->list[i]->minute < m->floor ? m->list[i] : NULL;
}

void
minutes_mark(struct minute *minute, struct series_entry *entry, enum minute_mark mark)
{
	minute->written += mark == MINUTE_WRITTEN;
	minute->written -= entry->last_end == MINUTE_WRITTEN;
	entry->last_end = mark;
}

struct minute *
minutes_find(struct minutes *m, uint32_t minute)
{
	size_t at = find(m, minute);

	return at < m->n && m->list[at]->minute == minute ? m->list[at] : NULL;
}

bool
minutes_is_due(const struct minutes *m, uint32_t minute, const struct rrd_series *key, unsigned n)
{
	uint32_t at = minute / RRD_STEP_S;
	uint32_t closed = m->floor / RRD_STEP_S; /* the first one that is open */

	if (closed >= at + n)
		return true;
	uint32_t turn = (uint32_t)(series_hash(key) >> 32) % n;
	return at + (turn + n - at % n) % n < closed;
}

void
minutes_drop(struct minutes *m)
{
	m->entries -= m->list[0]->table.n;
	series_fini(&m->list[0]->table);
	free(m->list[0]);
	m->n--;
	for (size_t i = 0; i < m->n; i++)
		m->list[i] = m->list[i + 1];
}
