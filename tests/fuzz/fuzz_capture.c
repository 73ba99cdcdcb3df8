/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a capture file, metered to its end; the ledger must close. */
#include "probe/capture.h"

#include "lib/log.h"
#include "tests/probe/memory_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct memory_sink sink = { .sink.ops = &memory_ops };

static bool
between(void *ctx)
{
	(void)ctx;
	return true;
}

static struct meter *
new_meter(void)
{
	struct flow_limits limits = flow_limits_default;
	struct classifier *classifier;
	struct meter *meter;

	limits.table_max = 1024;
	log_init("# fuzz", LOG_LEVEL_ERROR);
	if (classify_new(&(struct classify_limits){ 0 }, &classifier) < 0 ||
	    meter_new(&(struct meter_config){ .flow = limits }, classifier, &sink.sink, &meter) < 0)
		abort();
	return meter;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct meter *meter;
	char path[64];

	if (!meter)
		meter = new_meter();
	const struct capture_config config = { .meter = meter, .between = between };
	int fd = memfd_create("capture", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)capture_file(path, 0, &config);
	(void)close(fd);
	meter_finish(meter);
	if (sink.ledger[LEDGER_SEEN] != sink.ledger[LEDGER_METERED] + memory_lost(&sink) ||
	    sink.packets != sink.ledger[LEDGER_METERED])
		abort();
	return 0;
}
