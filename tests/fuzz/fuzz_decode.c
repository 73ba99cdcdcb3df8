/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a frame: the first octet picks the link type, the second how much more was sent than captured. Decoded,
 * metered and cut; a sanitizer or an assertion ends it. */
#include "probe/meter.h"

#include "tests/probe/memory_sink.h"

#include <pcap/dlt.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int dlts[] = { DLT_EN10MB, DLT_RAW,       DLT_NULL,       DLT_LOOP,
	                    DLT_IPV4,   DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_IPV6 };

static struct memory_sink sink = { .sink.ops = &memory_ops };

static struct meter *
new_meter(void)
{
	struct flow_limits limits = flow_limits_default;
	struct classifier *classifier;
	struct meter *meter;

	limits.table_max = 1024;
	if (classify_new(&(struct classify_limits){ 0 }, &classifier) < 0 ||
	    meter_new(&(struct meter_config){ .flow = limits }, classifier, &sink.sink, &meter) < 0)
		abort();
	return meter;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct meter *meter;

	if (size < 2)
		return 0;
	if (!meter)
		meter = new_meter();
	const struct frame_bytes frame = {
		.ts_ns = data[1] * UINT64_C(100000000),
		.bytes = data + 2,
		.len = (uint32_t)(size - 2),
		.wire_len = (uint32_t)(size - 2) + data[1],
	};
	meter_frame(meter, decode_link_find(dlts[data[0] % 8]), &frame);
	meter_finish(meter);
	if (sink.ledger[LEDGER_SEEN] != sink.ledger[LEDGER_METERED] + memory_lost(&sink) ||
	    sink.packets != sink.ledger[LEDGER_METERED])
		abort();
	return 0;
}
