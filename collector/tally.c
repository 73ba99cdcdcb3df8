/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was seen of each probe. */
#include "collector/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tallies *
tallies_new(void)
{
	return calloc(1, sizeof(struct tallies));
}

void
tallies_free(struct tallies *tallies)
{
	if (!tallies)
		return;
	for (size_t i = 0; i < tallies->n; i++)
		free(tallies->list[i]);
	free(tallies);
}

/* The place of the probe that was seen least lately and is not connected, or NULL. */
static struct tally **
oldest(struct tallies *tallies)
{
	struct tally **found = NULL;

	for (size_t i = 0; i < tallies->n; i++)
		if (tallies->list[i]->connections == 0 &&
		    (!found || tallies->list[i]->seen_s < (*found)->seen_s))
			found = &tallies->list[i];
	return found;
}

static struct tally *
make(struct tallies *tallies, const char *probe)
{
	struct tally *t;

	if (tallies->n < TALLY_MAX) {
		t = calloc(1, sizeof(*t));
		if (t)
			tallies->list[tallies->n++] = t;
	} else {
		struct tally **at = oldest(tallies);
		t = at ? *at : NULL;
	}
	if (!t)
		return &tallies->others;
	memset(t, 0, sizeof(*t));
	(void)snprintf(t->probe, sizeof(t->probe), "%s", probe);
	return t;
}

/* Once a connection: there is no need for more than a walk. */
struct tally *
tally_of(struct tallies *tallies, const char *probe)
{
	for (size_t i = 0; i < tallies->n; i++)
		if (strcmp(tallies->list[i]->probe, probe) == 0)
			return tallies->list[i];
	return make(tallies, probe);
}

void
tally_known(struct tallies *tallies, const char *probe, uint32_t seen_s)
{
	tally_of(tallies, probe)->seen_s = seen_s;
}

static void
name_links(struct tally *t, const struct frame_hello *hello)
{
	size_t at = 0;

	t->n_links = hello->n_links;
	t->links[0] = '\0';
	for (size_t i = 0; i < hello->n_links && at < sizeof(t->links); i++)
		at += (size_t)snprintf(t->links + at, sizeof(t->links) - at, "%s%s", i ? "," : "",
		                       hello->links[i]);
	if (at >= sizeof(t->links))
		memcpy(t->links + sizeof(t->links) - 4, "...", 4);
}

void
tally_connected(struct tally *t, const struct frame_hello *hello, const char *peer, bool tls,
                uint64_t committed, uint32_t now_s)
{
	name_links(t, hello);
	(void)snprintf(t->peer, sizeof(t->peer), "%s", peer);
	t->tls = tls;
	t->connections++;
	t->sessions++;
	t->connected_s = t->seen_s = now_s;
	t->epoch = hello->epoch;
	t->next = hello->next;
	t->committed = committed;
}

void
tally_gone(struct tally *t)
{
	if (t->connections)
		t->connections--;
}

/* When the newest of its records or minutes ended. */
static uint32_t
newest_of(const struct batch *batch)
{
	uint32_t newest = 0;

	for (size_t i = 0; i < batch->n_records; i++)
		if (batch->records[i].expires > newest)
			newest = batch->records[i].expires;
	return newest;
}

void
tally_came(struct tally *t, const struct batch *batch, uint32_t now_s)
{
	t->seen_s = now_s;
	if (batch->epoch == t->epoch && batch->sequence >= t->next)
		t->next = batch->sequence + 1;
}

void
tally_stored(struct tally *t, const struct batch *batch)
{
	uint32_t newest = newest_of(batch);

	if (batch->epoch == t->epoch && batch->sequence > t->committed)
		t->committed = batch->sequence;
	if (newest > t->newest_s)
		t->newest_s = newest;
	if (batch->lost || batch->sequence != batch->first) {
		t->lost_batches += batch->sequence - batch->first + 1;
		t->lost_records += batch->lost;
		return;
	}
	t->batches++;
	t->records += batch->n_records;
	t->packets += batch->packets;
	t->octets += batch->octets;
}

uint64_t
tally_held(const struct tally *t)
{
	return t->next > t->committed + 1 ? t->next - t->committed - 1 : 0;
}
