/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exporter: the sink that the capture thread calls. */
#include "probe/export.h"

#include "lib/err.h"
#include "lib/log.h"
#include "probe/export_queue.h"
#include "probe/export_send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_RECORDS    1000000
#define BATCH_AGE_MS     1000
#define FINISH_S         30
#define SPOOL_FINISH_S   5 /* of files with a spool: nothing is lost when it is over */
#define SPOOL_LIVE_MS    1000
#define MERGE_ROWS       64 /* ledger rows, newest first, in which a new count looks for its like */
#define LOG_DROPS_EACH_S 60

struct exporter {
	struct sink sink; /* first */
	struct export_queue queue;
	struct export_sender sender;
	bool wait_when_full;
	bool stalled; /* waiting was given up; no waiting until there is room again */
	unsigned batch_age_ms;
	unsigned finish_ms;
	size_t batch_records;
	/* the batch that is being filled */
	struct batch batch;
	int64_t begun_ms; /* when its first row came */
	struct record records[BATCH_RECORDS_MAX];
	struct ledger_delta ledger[BATCH_LEDGER_MAX];
	/* what was lost */
	uint64_t dropped_records;
	uint64_t lost_rows; /* ledger rows */
	struct log_limit drop_log;
	size_t scratch_size;
	uint8_t *scratch;                /* where batches are encoded */
	struct gap *gap;                 /* NULL: no interfaces, or no spool */
	bool kept;                       /* at the end nothing is left but on disk */
	uint16_t links[FRAME_LINKS_MAX]; /* a link's index in batches, by that in records */
};

static struct exporter *
exporter_of(struct sink *sink)
{
	/* the sink is the first member */
	return (struct exporter *)(void *)sink;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint16_t
link_of(const struct exporter *x, uint16_t link)
{
	return link < FRAME_LINKS_MAX ? x->links[link] : link;
}

static void
note_begin(struct exporter *x)
{
	if (x->batch.n_records == 0 && x->batch.n_ledger == 0)
		x->begun_ms = now_ms();
}

/* Adds a count to the batch that is being filled, to the row of the same minute, link and cause where there is one. */
static void
add_ledger(struct exporter *x, const struct ledger_delta *delta)
{
	struct batch *b = &x->batch;
	size_t stop = b->n_ledger > MERGE_ROWS ? b->n_ledger - MERGE_ROWS : 0;

	for (size_t i = b->n_ledger; i > stop; i--) {
		struct ledger_delta *d = &b->ledger[i - 1];

		if (d->minute == delta->minute && d->link == delta->link &&
		    d->cause == delta->cause) {
			d->packets += delta->packets;
			d->octets += delta->octets;
			return;
		}
	}
	if (b->n_ledger == BATCH_LEDGER_MAX) {
		x->lost_rows++;
		return;
	}
	note_begin(x);
	b->ledger[b->n_ledger++] = *delta;
}

static void
count_record(struct exporter *x, const struct record *r, enum ledger_cause cause)
{
	struct ledger_delta d = { .minute = r->expires - r->expires % 60,
		                  .link = r->link,
		                  .cause = (uint16_t)cause,
		                  .packets = r->packets,
		                  .octets = r->octets };

	add_ledger(x, &d);
}

static void
drop_record(struct exporter *x, const struct record *r)
{
	x->dropped_records++;
	count_record(x, r, LEDGER_EXPORT_DROPPED);
	if (log_allowed(&x->drop_log))
		log_warn("export queue is full: %llu records dropped so far",
		         (unsigned long long)x->dropped_records);
}

/* True when there is room, after waiting for it where that is wanted. */
static bool
has_room(struct exporter *x)
{
	if (!export_queue_is_full(&x->queue)) {
		x->stalled = false;
		return true;
	}
	if (!x->wait_when_full || x->stalled)
		return false;
	x->stalled = !export_queue_wait_room(&x->queue, x->finish_ms);
	return !x->stalled;
}

static void
put_batch(struct exporter *x)
{
	struct batch *b = &x->batch;

	int rc = export_queue_put(&x->queue, b, x->scratch, x->scratch_size);
	if (rc < 0) {
		/* out of memory, or a field that no record may hold: counted, so that the sums say so */
		log_error("a batch of %zu records is lost: %s", b->n_records, nm_strerror(rc));
		x->dropped_records += b->n_records;
		x->lost_rows += b->n_ledger;
	}
	b->n_records = b->n_ledger = 0;
}

/* Gives the batch to the sender. While there is no room it stays and goes on being filled: ledger rows merge. */
static void
hand_over(struct exporter *x)
{
	const struct batch *b = &x->batch;

	if ((b->n_records > 0 || b->n_ledger > 0) && has_room(x))
		put_batch(x);
}

static void
export_record(struct sink *sink, const struct record *record)
{
	struct exporter *x = exporter_of(sink);
	struct batch *b = &x->batch;

	if (b->n_records == x->batch_records)
		hand_over(x);
	if (b->n_records == x->batch_records) {
		struct record dropped = *record;
		dropped.link = link_of(x, record->link);
		drop_record(x, &dropped);
		return;
	}
	note_begin(x);
	struct record *r = &b->records[b->n_records++];
	*r = *record;
	r->link = link_of(x, record->link);
	count_record(x, r, LEDGER_EXPORTED);
	if (b->n_records == x->batch_records)
		hand_over(x);
}

static void
export_ledger(struct sink *sink, const struct ledger_delta *delta)
{
	struct exporter *x = exporter_of(sink);

	if (x->batch.n_ledger == BATCH_LEDGER_MAX)
		hand_over(x);
	struct ledger_delta d = *delta;
	d.link = link_of(x, delta->link);
	add_ledger(x, &d);
}

static void
export_apps(struct sink *sink, const struct application *apps, size_t n, uint32_t labels)
{
	struct exporter *x = exporter_of(sink);
	size_t size = 2 * FRAME_HEADER_SIZE + 6 + n * (12 + APP_NAME_MAX + APP_CATEGORY_MAX);
	size_t len, more = 0;

	uint8_t *frame = malloc(size);
	int rc = frame ? frame_encode_apps(apps, n, frame, size, &len) : -ENOMEM;
	/* one behind the other, so that they go out together */
	if (rc == NM_OK)
		rc = frame_encode_labels(labels, frame + len, size - len, &more);
	if (rc < 0) {
		log_error("the list of %zu applications is not sent: %s", n, nm_strerror(rc));
		free(frame);
		return;
	}
	export_queue_set_apps(&x->queue, frame, len + more, labels);
}

static void
export_tick(struct sink *sink)
{
	struct exporter *x = exporter_of(sink);

	gap_look(x->gap);
	if (now_ms() - x->begun_ms >= x->batch_age_ms)
		hand_over(x);
}

/* Says what was dropped; what finish() returns when all else is well. */
static int
say_dropped(const struct exporter *x)
{
	if (x->dropped_records > 0 || x->lost_rows > 0)
		log_error("export queue: %llu records and %llu ledger rows were dropped",
		          (unsigned long long)x->dropped_records, (unsigned long long)x->lost_rows);
	return x->dropped_records > 0 ? NM_ELIMIT : NM_OK;
}

/* What is on disk is safe: it waits for the collector a while only, and longer for a file than on a link that goes down. */
static int
finish_spool(struct exporter *x)
{
	size_t left = x->batch.n_records + export_queue_flush(&x->queue, x->finish_ms);

	x->kept = left == 0 && x->batch.n_ledger == 0;
	if (left > 0) {
		log_error("%zu records could be neither delivered nor kept in the spool", left);
	} else {
		left =
		    export_queue_drain(&x->queue, x->wait_when_full ? x->finish_ms : SPOOL_LIVE_MS);
		if (left > 0)
			log_info("%zu records are kept in the spool until the collector takes them",
			         left);
	}
	int rc = say_dropped(x);
	return x->kept ? rc : -ETIMEDOUT;
}

static int
export_finish(struct sink *sink)
{
	struct exporter *x = exporter_of(sink);

	if (!export_queue_wait_room(&x->queue, x->finish_ms))
		x->stalled = true;
	hand_over(x);
	if (x->queue.spool)
		return finish_spool(x);
	size_t left = x->batch.n_records + export_queue_drain(&x->queue, x->finish_ms);
	if (left > 0)
		log_error("collector %s port %u: %zu records were not delivered", x->sender.host,
		          x->sender.port, left);
	int rc = say_dropped(x);
	return left > 0 ? -ETIMEDOUT : rc;
}

bool
export_is_kept(const struct sink *sink)
{
	/* the sink is the first member */
	return ((const struct exporter *)(const void *)sink)->kept;
}

static void
export_free(struct sink *sink)
{
	struct exporter *x = exporter_of(sink);

	export_queue_stop(&x->queue);
	export_sender_join(&x->sender);
	export_queue_fini(&x->queue);
	free(x->scratch);
	free(x);
}

static const struct sink_ops export_ops = {
	.record = export_record,
	.ledger = export_ledger,
	.apps = export_apps,
	.tick = export_tick,
	.finish = export_finish,
	.free = export_free,
};

/* --- spool ------------------------------------------------------------------------------------------------------------- */

/* Batches that are in the spool have its links: it keeps a list of them, and adds those of this run. */
static int
map_links(struct exporter *x, const struct export_config *config)
{
	struct frame_hello *hello = &x->sender.hello;

	for (uint16_t i = 0; i < FRAME_LINKS_MAX; i++)
		x->links[i] = i;
	if (!config->spool)
		return NM_OK;
	for (size_t i = 0; i < config->n_links; i++) {
		int index = spool_link(config->spool, config->links[i]);
		if (index < 0) {
			log_error("the spool holds batches of %d links already: deliver them "
			          "first, or name another folder with --spool",
			          FRAME_LINKS_MAX);
			return index;
		}
		x->links[i] = (uint16_t)index;
	}
	const struct spool_meta *meta = spool_meta(config->spool);
	if (meta->n_links == 0) {
		log_error("the spool holds nothing: name an interface with -i or a capture file "
		          "with -r");
		return NM_ENOTFOUND;
	}
	hello->n_links = meta->n_links;
	memcpy(hello->links, meta->links, sizeof(hello->links));
	return NM_OK;
}

static void
declare(struct exporter *x, uint16_t link, enum ledger_cause cause, int64_t packets, int64_t octets)
{
	uint32_t now_s = (uint32_t)time(NULL);
	struct ledger_delta d = { .minute = now_s - now_s % 60,
		                  .link = link,
		                  .cause = (uint16_t)cause,
		                  .packets = packets > 0 ? (uint64_t)packets : 0,
		                  .octets = octets > 0 ? (uint64_t)octets : 0 };

	if (d.packets | d.octets)
		add_ledger(x, &d);
}

/* Records of a link that were ahead of their rows were metered all the same: what rows lack. */
static struct spool_sum
behind_of(const struct exporter *x, const struct spool_link *l)
{
	int64_t n = x->queue.sampling;

	return (struct spool_sum){
		l->open_packets < 0 ? (uint64_t)(-l->open_packets / n) : 0,
		l->open_octets < 0 ? (uint64_t)(-l->open_octets / n) : 0,
	};
}

/* What passed since. */
static void
declare_gap(struct exporter *x, uint16_t link, const struct checkpoint *cp,
            const struct spool_sum *behind)
{
	struct spool_sum gap;

	if (!gap_bound(x->gap, link, cp, behind, &gap))
		return;
	declare(x, link, LEDGER_SEEN, (int64_t)gap.packets, (int64_t)gap.octets);
	declare(x, link, LEDGER_GAP, (int64_t)gap.packets, (int64_t)gap.octets);
	log_warn("link %s: at most %llu packets passed while no probe counted: declared",
	         x->sender.hello.links[link], (unsigned long long)gap.packets);
}

/* The run before ended without a word: what it had metered and not exported is gone, and so is what passed since. */
static void
declare_crash(struct exporter *x, const struct spool *spool)
{
	const struct checkpoint *cp = &spool_tail(spool)->cp;
	const struct spool_meta *meta = spool_meta(spool);
	struct spool_sum behind[FRAME_LINKS_MAX] = { 0 };
	int64_t crashed = 0;

	for (uint16_t i = 0; !meta->clean && i < cp->n_links; i++) {
		const struct spool_link *l = &cp->links[i];

		behind[i] = behind_of(x, l);
		declare(x, i, LEDGER_CRASHED, l->open_packets, l->open_octets);
		declare(x, i, LEDGER_SEEN, (int64_t)behind[i].packets, (int64_t)behind[i].octets);
		declare(x, i, LEDGER_METERED, (int64_t)behind[i].packets,
		        (int64_t)behind[i].octets);
		crashed += l->open_packets > 0 ? l->open_packets : 0;
	}
	gap_begin(x->gap, x->links, cp, behind);
	uint64_t gaps = gap_links(x->gap) & meta->running;
	for (uint16_t i = 0; i < FRAME_LINKS_MAX; i++)
		if (gaps >> i & 1)
			declare_gap(x, i, cp, &behind[i]);
	if (!meta->clean)
		log_warn("the run before did not come to its end: %lld packets were in flows that "
		         "are lost: declared",
		         (long long)crashed);
}

static int
begin_spool(struct exporter *x, const struct export_config *config)
{
	if (!config->spool)
		return NM_OK;
	if (config->finish_s == 0 && config->wait_when_full)
		x->finish_ms = SPOOL_FINISH_S * 1000;
	int rc = export_queue_spool(&x->queue, config->spool, config->sampling);
	if (rc < 0)
		return rc;
	x->gap = config->gap;
	x->queue.gap = config->gap;
	declare_crash(x, config->spool);
	rc = spool_begin(config->spool, gap_links(x->gap));
	/* at once, also without rows: from here on the interfaces' counters are known */
	if (rc == NM_OK && (x->gap || x->batch.n_ledger > 0))
		put_batch(x);
	return rc;
}

/* Names for HELLO; encoding it once shows whether the wire takes them. */
static int
fill_hello(const struct export_config *config, struct frame_hello *ret)
{
	static uint8_t frame[8192];
	size_t len;

	/* with a spool there may be none: its own are those of what it holds */
	if ((config->n_links < 1 && !config->spool) || config->n_links > FRAME_LINKS_MAX)
		return NM_EFORMAT;
	*ret = (struct frame_hello){ .version = FRAME_VERSION,
		                     .first = 1,
		                     .next = 1,
		                     .labels = config->labels,
		                     .n_links = (uint16_t)config->n_links };
	int n = snprintf(ret->probe, sizeof(ret->probe), "%s", config->probe);
	if (n < 0 || (size_t)n >= sizeof(ret->probe))
		return NM_EFORMAT;
	for (size_t i = 0; i < config->n_links; i++) {
		n = snprintf(ret->links[i], sizeof(ret->links[i]), "%s", config->links[i]);
		if (n < 0 || (size_t)n >= sizeof(ret->links[i]))
			return NM_EFORMAT;
	}
	return ret->n_links ? frame_encode_hello(ret, frame, sizeof(frame), &len) : NM_OK;
}

static unsigned
or_default(unsigned value, unsigned dflt)
{
	return value ? value : dflt;
}

static void
configure(struct exporter *x, const struct export_config *config)
{
	x->sink.ops = &export_ops;
	x->wait_when_full = config->wait_when_full;
	x->batch_age_ms = or_default(config->batch_age_ms, BATCH_AGE_MS);
	x->finish_ms = or_default(config->finish_s, FINISH_S) * 1000;
	x->batch_records = config->batch_records && config->batch_records < BATCH_RECORDS_MAX
	                       ? config->batch_records
	                       : BATCH_RECORDS_MAX;
	x->batch.records = x->records;
	x->batch.ledger = x->ledger;
	x->drop_log = (struct log_limit){ .burst = 1, .period_s = LOG_DROPS_EACH_S };
	x->sender.queue = &x->queue;
	x->sender.host = config->host;
	x->sender.port = config->port;
	x->sender.tls = config->tls;
	x->sender.insecure = config->insecure;
}

int
export_new(const struct export_config *config, struct sink **ret_sink)
{
	struct exporter *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	int rc = fill_hello(config, &x->sender.hello);
	if (rc < 0)
		goto fail;
	configure(x, config);
	rc = map_links(x, config);
	if (rc < 0)
		goto fail;
	x->scratch_size = frame_batch_size_max(BATCH_RECORDS_MAX, BATCH_LEDGER_MAX);
	x->scratch = malloc(x->scratch_size);
	rc = x->scratch ? NM_OK : -ENOMEM;
	if (rc == NM_OK)
		rc = export_queue_init(&x->queue, config->queue_records_max
		                                      ? config->queue_records_max
		                                      : QUEUE_RECORDS);
	if (rc < 0)
		goto fail;
	rc = begin_spool(x, config);
	if (rc == NM_OK)
		rc = export_sender_start(&x->sender);
	if (rc < 0) {
		export_queue_fini(&x->queue);
		goto fail;
	}
	*ret_sink = &x->sink;
	return NM_OK;
fail:
	free(x->scratch);
	free(x);
	return rc;
}
