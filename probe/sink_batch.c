/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records as SQL statements and as export frames. */
#include "probe/sink_batch.h"

#include "lib/err.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "lib/sqltext.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define BATCH_RECORDS 1000 /* two of sqltext's statements; 32 kB of frames */
#define BATCH_LEDGER  1000

struct batch_sink {
	struct sink sink;
	struct sink_text_config config;
	FILE *out;
	struct sqltext sql;
	uint8_t *frame; /* for SINK_RECORDS: room for one frame of any kind */
	size_t frame_size;
	struct batch batch;
	struct record records[BATCH_RECORDS];
	struct ledger_delta ledger[BATCH_LEDGER];
};

static struct batch_sink *
of(struct sink *sink)
{
	return (struct batch_sink *)sink;
}

static void
flush_or_exit(struct batch_sink *b)
{
	if (fflush(b->out) != 0 || ferror(b->out))
		log_fatal(1, "standard output: cannot write: %s", nm_strerror(-errno));
}

static void
write_frame(struct batch_sink *b, int rc, size_t len)
{
	if (rc < 0)
		log_fatal(1, "export frame: %s", nm_strerror(rc));
	(void)fwrite(b->frame, 1, len, b->out);
}

static void
empty_batch(struct batch_sink *b)
{
	b->batch.n_records = 0;
	b->batch.n_ledger = 0;
	b->batch.packets = 0;
	b->batch.octets = 0;
}

static void
batch_out(struct batch_sink *b)
{
	size_t len = 0;

	if (!b->batch.n_records && !b->batch.n_ledger)
		return;
	if (b->frame) {
		b->batch.sequence++;
		int rc = frame_encode_batch(&b->batch, b->frame, b->frame_size, &len);
		write_frame(b, rc, len);
	} else {
		/* sequence 0: whoever reads statements keeps no watermark */
		(void)sqltext_batch(&b->sql, &b->batch, (uint32_t)time(NULL));
	}
	empty_batch(b);
}

static void
batch_record(struct sink *sink, const struct record *record)
{
	struct batch_sink *b = of(sink);

	if (b->batch.n_records == BATCH_RECORDS)
		batch_out(b);
	b->records[b->batch.n_records++] = *record;
	b->batch.packets += record->packets;
	b->batch.octets += record->octets;
}

static void
batch_ledger(struct sink *sink, const struct ledger_delta *delta)
{
	struct batch_sink *b = of(sink);

	if (b->batch.n_ledger == BATCH_LEDGER)
		batch_out(b);
	b->ledger[b->batch.n_ledger++] = *delta;
}

static void
batch_apps(struct sink *sink, const struct application *apps, size_t n, uint32_t labels)
{
	struct batch_sink *b = of(sink);
	size_t len = 0;

	batch_out(b);
	if (!b->frame) {
		sqltext_apps(&b->sql, apps, n);
		sqltext_labels(&b->sql, labels, (uint32_t)time(NULL));
		return;
	}
	if (n > FRAME_APPS_MAX)
		n = FRAME_APPS_MAX;
	int rc = frame_encode_apps(apps, n, b->frame, b->frame_size, &len);
	write_frame(b, rc, len);
	rc = frame_encode_labels(labels, b->frame, b->frame_size, &len);
	write_frame(b, rc, len);
}

static void
batch_tick(struct sink *sink)
{
	batch_out(of(sink));
	flush_or_exit(of(sink));
}

static int
batch_finish(struct sink *sink)
{
	batch_tick(sink);
	return NM_OK;
}

static void
batch_free(struct sink *sink)
{
	struct batch_sink *b = of(sink);

	if (b->out)
		(void)fclose(b->out);
	free(b->frame);
	free(b);
}

static const struct sink_ops batch_ops = {
	.record = batch_record,
	.ledger = batch_ledger,
	.apps = batch_apps,
	.tick = batch_tick,
	.finish = batch_finish,
	.free = batch_free,
};

/* HELLO, as on a connection: whoever reads the file learns probe and links from it. */
static int
begin_frames(struct batch_sink *b)
{
	size_t len = 0;

	b->frame_size = FRAME_HEADER_SIZE + FRAME_MAX;
	b->frame = malloc(b->frame_size);
	struct frame_hello *hello = calloc(1, sizeof(*hello));
	if (!b->frame || !hello || b->config.n_links > FRAME_LINKS_MAX) {
		free(hello);
		return b->config.n_links > FRAME_LINKS_MAX ? NM_ELIMIT : -ENOMEM;
	}
	if (getrandom(&b->batch.epoch, sizeof(b->batch.epoch), 0) != sizeof(b->batch.epoch)) {
		free(hello);
		return -EIO;
	}
	hello->version = FRAME_VERSION;
	hello->epoch = b->batch.epoch;
	hello->first = 1;
	hello->next = 1;
	hello->labels = classify_labels(b->config.classifier);
	hello->n_links = (uint16_t)b->config.n_links;
	(void)snprintf(hello->probe, sizeof(hello->probe), "%s", b->config.probe);
	for (size_t i = 0; i < b->config.n_links; i++)
		(void)snprintf(hello->links[i], sizeof(hello->links[i]), "%s", b->config.links[i]);
	int rc = frame_encode_hello(hello, b->frame, b->frame_size, &len);
	free(hello);
	if (rc == NM_OK)
		write_frame(b, rc, len);
	return rc;
}

static int
begin_sql(struct batch_sink *b)
{
	b->sql = (struct sqltext){
		.out = b->out,
		.probe = b->config.probe,
		.links = b->config.links,
		.n_links = b->config.n_links,
	};
	sqltext_probe(&b->sql, (uint32_t)time(NULL));
	return NM_OK;
}

int
sink_batch_new(enum sink_format format, const struct sink_text_config *config,
               struct sink **ret_sink)
{
	struct batch_sink *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->sink.ops = &batch_ops;
	b->config = *config;
	b->batch.records = b->records;
	b->batch.ledger = b->ledger;
	int fd = dup(config->fd);
	b->out = fd < 0 ? NULL : fdopen(fd, "w");
	int rc = -errno;
	if (b->out)
		rc = format == SINK_SQL ? begin_sql(b) : begin_frames(b);
	else if (fd >= 0)
		(void)close(fd);
	if (rc < 0) {
		batch_free(&b->sink);
		return rc;
	}
	*ret_sink = &b->sink;
	return NM_OK;
}
