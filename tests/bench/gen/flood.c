/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SYN flood: every packet from another address and port, none of them answered, beside marked conversations of
 * CONVERSATION packets each that begin one after another all through it.
 */
#include "tests/bench/gen/app.h"
#include "tests/bench/gen/writer.h"

#include <stdlib.h>

#define CONVERSATION 60u         /* packets */
#define MARKED_HOST  0x0a630000u /* 10.99.0.0: clients of the marked conversations */
#define VICTIM       0x2d000001u
#define SPREAD       2654435761u /* odd: what it multiplies modulo 2^32 stays distinct */

struct flood {
	const struct gen_options *o;
	struct writer *out;
	struct app_talk talk;
	uint64_t random;
	uint64_t sent;    /* packets in all */
	uint64_t strange; /* of them: of the flood */
	uint32_t source;  /* of the flood's last one, counted; its address is this times SPREAD */
	uint64_t begun;   /* conversations */
	uint64_t ended;   /* all before this one are over */
	struct flow *flows;
};

static uint64_t
now_us(const struct flood *f)
{
	return f->sent * 1000000 / f->o->rate;
}

static uint32_t
put_packet(struct flood *f, struct flow *flow, const struct segment *segment)
{
	uint8_t frame[2048];
	uint32_t ip_octets;
	uint32_t len = frame_put(frame, flow, segment, &ip_octets);

	writer_put(f->out, now_us(f), frame, len, ip_octets);
	f->sent++;
	return ip_octets;
}

static void
send_strange(struct flood *f)
{
	const struct segment segment = { .protocol = PROTO_TCP,
		                         .tcp_flags = TCP_SYN,
		                         .head = f->talk.scratch };
	do
		f->source++;
	while (f->source * SPREAD >> 16 == MARKED_HOST >> 16);
	struct flow flow = {
		.client = f->source * SPREAD,
		.client_port = (uint16_t)(1024 + f->strange % 60000),
		.server = VICTIM,
		.server_port = 80,
		.seq = { (uint32_t)draw(&f->random), 0 },
	};

	(void)put_packet(f, &flow, &segment);
	f->strange++;
}

/* The conversation whose turn it is, or the first that is not over. */
static void
send_marked(struct flood *f, uint64_t turn)
{
	uint64_t number = f->ended + turn % (f->begun - f->ended);
	struct segment segment;

	if (f->flows[number].sent == CONVERSATION)
		number = f->ended;
	struct flow *flow = &f->flows[number];

	app_next(&f->talk, flow, &segment);
	uint32_t ip_octets = put_packet(f, flow, &segment);
	writer_mark(f->out, number, flow->client, ip_octets);
	flow->sent++;
	while (f->ended < f->begun && f->flows[f->ended].sent == CONVERSATION)
		f->ended++;
}

static void
begin_marked(struct flood *f)
{
	struct flow *flow = &f->flows[f->begun];

	*flow = (struct flow){ .life = CONVERSATION,
		               .client = MARKED_HOST + (uint32_t)f->begun,
		               .client_port = (uint16_t)(10000 + f->begun % 50000),
		               .server = VICTIM + 1 + (uint32_t)f->begun % 1000 };
	app_begin(&f->talk, MIX_HOME, flow);
	flow->client = MARKED_HOST + (uint32_t)f->begun; /* also where another one was promised */
	f->begun++;
}

/* The marked conversations take turns; about a twentieth of them is open at a time. */
static void
run_flood(struct flood *f)
{
	uint64_t packets = f->o->packets, flows = f->o->flows;
	uint64_t marked = flows * CONVERSATION, done = 0, turn = 0;
	uint64_t open = flows / 20 + 1;

	while (f->sent < packets && !f->out->failed) {
		if (done * packets >= marked * f->sent || f->ended == flows) {
			send_strange(f);
			continue;
		}
		while (f->begun < flows && f->begun - f->ended < open)
			begin_marked(f);
		send_marked(f, turn++);
		done++;
	}
}

int
flood_generate(const struct gen_options *o, struct writer *out)
{
	struct flood f = { .o = o, .out = out, .random = o->seed };

	if (o->packets < o->flows * CONVERSATION)
		return -1;
	f.flows = calloc(o->flows, sizeof(f.flows[0]));
	out->marked = calloc(o->flows, sizeof(out->marked[0]));
	if (f.flows && out->marked) {
		app_talk_init(&f.talk, o);
		run_flood(&f);
	} else {
		out->failed = true;
	}
	out->flows = f.begun + f.strange;
	free(f.flows);
	return 0;
}
