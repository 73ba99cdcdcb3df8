/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ordinary traffic: many conversations at a time, some long and most short (Zipf-Mandelbrot over their ranks), between
 * hosts of which few are very popular. A wheel of ticks says which conversation has its next packet when.
 */
#include "tests/bench/gen/app.h"
#include "tests/bench/gen/writer.h"

#include <math.h>
#include <stdlib.h>

#define TICK_US     100u
#define WHEEL_SIZE  131072u /* ticks: 13 s, longer than any gap */
#define GAP_MAX     (WHEEL_SIZE - 2u)
#define NONE        UINT32_MAX
#define CLIENTS     20000u
#define SERVERS     50000u
#define CLIENT_BASE 0x0a000000u /* 10.0.0.0 */
#define SERVER_BASE 0x2d000000u /* 45.0.0.0 */
#define PORT_FIRST  2048u
#define PORTS       60000u
#define RANK_STEP   2654435761u /* a prime: ranks come in an order that looks random */

struct traffic {
	const struct gen_options *o;
	struct writer *out;
	struct app_talk talk;
	uint64_t random;
	uint64_t begun;     /* conversations so far */
	uint64_t left;      /* packets that the lengths of the rest must add up to */
	double weight_sum;  /* of all ranks */
	double carry;       /* fraction of a packet that rounding has left over */
	uint64_t arrive_us; /* the last conversation begins then */
	struct flow *flows; /* as many as there can be at a time */
	uint32_t free;      /* list */
	uint32_t used;      /* flows[] that were ever in use */
	uint32_t active;
	uint32_t wheel[WHEEL_SIZE]; /* list heads */
};

/* --- conversations ----------------------------------------------------------------------------------------------- */

static double
weight(const struct gen_options *o, uint64_t rank)
{
	return o->skew ? pow((double)(rank + 1 + o->offset), -(double)o->skew / 100) : 1;
}

/* Packets of the next conversation: its share of what is above one packet for each, and all the rest for the last. */
static uint32_t
next_life(struct traffic *t)
{
	uint64_t rank = (t->begun * RANK_STEP + t->o->seed) % t->o->flows;
	uint64_t others = t->o->flows - t->begun - 1;
	double share = (double)(t->o->packets - t->o->flows) * weight(t->o, rank) / t->weight_sum;
	uint64_t more = (uint64_t)(share + t->carry);

	t->carry += share - (double)more;
	if (others == 0 || more + 1 > t->left - others)
		more = t->left - others - 1;
	t->left -= more + 1;
	return (uint32_t)more + 1;
}

/* 0 <= x < n, small ones much more often: its logarithm is uniform, which is Zipf's law with exponent 1. */
static uint32_t
draw_popular(uint64_t *random, uint32_t n)
{
	double share = (double)(draw(random) >> 11) / (double)(UINT64_C(1) << 53);

	return (uint32_t)exp(share * log(n));
}

static void
draw_hosts(struct traffic *t, struct flow *f)
{
	uint32_t scanned = (uint32_t)t->begun;

	f->client = CLIENT_BASE + draw_popular(&t->random, CLIENTS);
	f->server = SERVER_BASE + draw_popular(&t->random, SERVERS);
	f->client_port = (uint16_t)(PORT_FIRST + t->begun % PORTS);
	f->ipv6 = draw_below(&t->random, 100) < t->o->ipv6;
	f->gre = draw_below(&t->random, 100) < t->o->gre;
	f->vlan = draw_below(&t->random, 100) < t->o->vlan ? (uint16_t)(100 + scanned % 4) : 0;
	app_begin(&t->talk, t->o->mix, f);
	if (f->app == APP_SCAN) /* few hosts look at all addresses */
		f->server = SERVER_BASE + 0x1000000u + scanned % 0x1000000u;
}

static void
schedule(struct traffic *t, uint32_t index, uint64_t tick)
{
	uint32_t *head = &t->wheel[tick % WHEEL_SIZE];

	t->flows[index].next = *head;
	*head = index;
}

/* Long conversations are faster than the mean gap, so that they end with the others. */
static uint32_t
mean_gap(const struct traffic *t, uint32_t life)
{
	uint64_t gap = t->o->gap_ms * 1000 / TICK_US;
	uint64_t share = t->o->packets * 1000000 / t->o->rate / TICK_US / life;

	gap = gap < share ? gap : share;
	return gap < 1 ? 1 : gap > GAP_MAX / 2 ? GAP_MAX / 2 : (uint32_t)gap;
}

static void
begin_flow(struct traffic *t, uint64_t tick)
{
	uint32_t index = t->free != NONE ? t->free : t->used++;
	struct flow *f = &t->flows[index];

	if (index == t->free)
		t->free = f->next;
	*f = (struct flow){ .life = next_life(t) };
	f->gap = mean_gap(t, f->life);
	draw_hosts(t, f);
	t->begun++;
	t->active++;
	schedule(t, index, tick);
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static void
send_packet(struct traffic *t, uint32_t index, uint64_t tick, uint64_t us)
{
	struct flow *f = &t->flows[index];
	uint8_t frame[2048];
	struct segment segment;
	uint32_t ip_octets;

	app_next(&t->talk, f, &segment);
	uint32_t len = frame_put(frame, f, &segment, &ip_octets);
	writer_put(t->out, us, frame, len, ip_octets);
	if (++f->sent < f->life) {
		schedule(t, index, tick + 1 + draw_below(&t->random, 2 * f->gap));
		return;
	}
	f->next = t->free;
	t->free = index;
	t->active--;
}

static void
run_tick(struct traffic *t, uint64_t tick)
{
	const struct gen_options *o = t->o;
	uint64_t us = tick * TICK_US, most = us + TICK_US - 1;

	while (t->begun < o->flows && t->begun * t->arrive_us <= us * o->flows)
		begin_flow(t, tick);
	uint32_t at = t->wheel[tick % WHEEL_SIZE];
	t->wheel[tick % WHEEL_SIZE] = NONE;
	while (at != NONE) {
		uint32_t next = t->flows[at].next;
		send_packet(t, at, tick, us);
		us += us < most;
		at = next;
	}
}

static int
traffic_begin(struct traffic *t, const struct gen_options *o, struct writer *out)
{
	t->o = o;
	t->out = out;
	t->random = o->seed;
	t->left = o->packets;
	t->free = NONE;
	t->arrive_us = o->arrive_ms ? o->arrive_ms * 1000 : o->packets * 1000000 / o->rate;
	t->flows = calloc(o->flows, sizeof(t->flows[0]));
	if (!t->flows)
		return -1;
	for (uint64_t rank = 0; rank < o->flows; rank++)
		t->weight_sum += weight(o, rank);
	for (uint32_t i = 0; i < WHEEL_SIZE; i++)
		t->wheel[i] = NONE;
	app_talk_init(&t->talk, o);
	return 0;
}

int
traffic_generate(const struct gen_options *o, struct writer *out)
{
	struct traffic *t = calloc(1, sizeof(*t));

	if (o->flows > o->packets || !t || traffic_begin(t, o, out) < 0) {
		free(t);
		return -1;
	}
	for (uint64_t tick = 0; (t->active || t->begun < o->flows) && !out->failed; tick++)
		run_tick(t, tick);
	out->flows = t->begun;
	free(t->flows);
	free(t);
	return 0;
}
