/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a sequence of frames through decoder, fragments, flow table, tags and all modules; the records' sums and
 * the ledger must close. The input is: an octet for the link type, an octet of options (OPTION_*), then frames, each of
 * an octet for the time since the one before (signed, 1/16 s), an octet for how many octets more were sent than
 * captured, two octets of length, and the bytes.
 */
#include "tests/support/all_modules.h"

#include "probe/meter.h"
#include "tests/probe/memory_sink.h"

#include <netmon/wire.h>
#include <stdlib.h>

#define FRAMES_MAX      256
#define DLT_LIMIT       512 /* link types that are looked for */
#define OPTION_NO_DECAP 0x01u
#define OPTION_SAMPLING 0x02u /* one frame in three */
#define OPTION_SNAPSHOT 0x04u
#define OPTION_TINY     0x08u /* a table of two conversations, which is soon full */
#define OPTION_BATCHES  0x10u /* frames in batches */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The checked sink: what no record may ever say. */
static void
check_record(struct sink *sink, const struct record *r)
{
	if (r->packets == 0 || r->started > r->expires || r->confidence > 100 ||
	    (r->application == APP_UNKNOWN) != (r->confidence == 0))
		abort();
	memory_record(sink, r);
}

static const struct sink_ops checked_ops = {
	.record = check_record,
	.ledger = memory_ledger,
	.apps = memory_apps,
	.tick = memory_tick,
	.finish = memory_finish,
	.free = memory_free,
};

static struct classifier *
new_classifier(void)
{
	struct classifier *c;

	if (classify_new(&(struct classify_limits){ .tags_max = 64 }, &c) != 0 ||
	    classify_load_static(c, all_modules,
	                         sizeof(all_modules) / sizeof(all_modules[0]) - 1) != 0)
		abort();
	return c;
}

/* The n-th link type that can be decoded, counted round and round. */
static const struct decode_link *
link_type(unsigned n)
{
	const struct decode_link *types[DLT_LIMIT];
	unsigned known = 0;

	for (int dlt = 0; dlt < DLT_LIMIT; dlt++)
		if (decode_link_find(dlt))
			types[known++] = decode_link_find(dlt);
	return types[n % known];
}

static struct meter *
new_meter(unsigned options, struct classifier *classifier, struct sink *sink)
{
	struct meter_config config = {
		.flow = flow_limits_default,
		.decode_flags = options & OPTION_NO_DECAP ? DECODE_NO_DECAP : 0,
		.fragments_max = 4,
	};
	struct meter *meter;

	config.flow.table_max = options & OPTION_TINY ? 2 : 64;
	config.flow.packets_max = 20;
	config.flow.sampling = options & OPTION_SAMPLING ? 3 : 1;
	config.flow.snapshot_ms = options & OPTION_SNAPSHOT ? 500 : 0;
	if (meter_new(&config, classifier, sink, &meter) != 0)
		abort();
	return meter;
}

/* The next frame of the input; its bytes stay in it. */
static struct frame_bytes
next_frame(struct wire *w, uint64_t *ts_ns)
{
	*ts_ns += (uint64_t)((int64_t)(int8_t)wire_u8(w) * 62500000);
	uint32_t missing = wire_u8(w);
	size_t len = wire_u16(w), left = wire_left(w);

	len = len < left ? len : left;
	const uint8_t *bytes = wire_take(w, len);
	return (struct frame_bytes){
		.ts_ns = *ts_ns,
		.bytes = bytes,
		.len = (uint32_t)len,
		.wire_len = (uint32_t)len + missing,
	};
}

static void
check_sums(const struct memory_sink *sink, uint64_t frames, unsigned scale)
{
	uint64_t counted = sink->ledger[LEDGER_METERED] + sink->ledger[LEDGER_TABLE_OVERFLOW];

	if (sink->ledger[LEDGER_SEEN] != frames ||
	    frames != sink->ledger[LEDGER_METERED] + memory_lost(sink) ||
	    sink->packets != scale * counted)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct classifier *classifier;
	struct memory_sink sink = { .sink.ops = &checked_ops };
	struct frame_bytes batch[METER_BATCH];
	struct wire w = wire_init(data, size);
	uint64_t ts_ns = UINT64_C(1700000000000000000), frames = 0;
	size_t n = 0;

	if (size < 2)
		return 0;
	if (!classifier)
		classifier = new_classifier();
	const struct decode_link *type = link_type(wire_u8(&w));
	unsigned options = wire_u8(&w);
	struct meter *meter = new_meter(options, classifier, &sink.sink);
	for (; frames < FRAMES_MAX && wire_left(&w) >= 4; frames++) {
		batch[n++] = next_frame(&w, &ts_ns);
		if (n == METER_BATCH || !(options & OPTION_BATCHES)) {
			meter_frames(meter, type, batch, n);
			n = 0;
		}
	}
	meter_frames(meter, type, batch, n);
	meter_finish(meter);
	check_sums(&sink, frames, options & OPTION_SAMPLING ? 3 : 1);
	meter_free(meter);
	return 0;
}
