/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The collector's numbers, and its answer in JSON. */
#include "collector/status.h"

#include "collector/feed.h"
#include "collector/retention.h"
#include "collector/status_numbers.h"
#include "collector/writer.h"
#include "lib/err.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef NETMON_VERSION
#	define NETMON_VERSION "0"
#endif

#define ALL(field) offsetof(struct status_all, field)
#define ONE(field) offsetof(struct status_one, field)
#define GAUGE      false
#define COUNTER    true
#define EXACT_MAX  9007199254740992.0 /* 2^53: a larger one is about that much */

const struct status_row status_all_rows[] = {
	{ "started", "start_time_seconds", GAUGE, "When the collector was started", ALL(started) },
	{ "uptime_s", NULL, GAUGE, NULL, ALL(uptime) },
	{ "worker", NULL, GAUGE, NULL, ALL(worker) },
	{ "probes", "probes", GAUGE, "Probes that are known, connected or not", ALL(probes) },
	{ "connected", "probes_connected", GAUGE, "Probes that are connected", ALL(connected) },
	{ "accepted", "connections_total", COUNTER, "Connections that were accepted",
	  ALL(accepted) },
	{ "turned_away", "connections_turned_away_total", COUNTER,
	  "Connections for which there was no room", ALL(turned_away) },
	{ "strangers", "connections_strangers_total", COUNTER,
	  "Connections that ended before it was known whose they are", ALL(strangers) },
	{ "half_open", "connections_half_open", GAUGE,
	  "Connections of which it is not known yet whose they are", ALL(half_open) },
	{ "shed", "connections_shed_total", COUNTER,
	  "Silent connections that were ended in favour of others", ALL(shed) },
	{ "commits", "store_commits_total", COUNTER, "Transactions that the store committed",
	  ALL(commits) },
	{ "rows", "store_rows_total", COUNTER, "Flow records that were stored", ALL(rows) },
	{ "errors", "store_errors_total", COUNTER, "Transactions that failed", ALL(errors) },
	{ "backlog", "store_backlog_batches", GAUGE,
	  "Batches and the like that wait for their commit", ALL(backlog) },
	{ "backlog_octets", "store_backlog_bytes", GAUGE, "Memory that they take",
	  ALL(backlog_octets) },
	{ "away_s", "store_away_seconds", GAUGE, "How long the store has not worked, 0: it works",
	  ALL(away) },
	{ "ack_mean_s", NULL, GAUGE, NULL, ALL(ack_mean) },
	{ "ack_p99_s", NULL, GAUGE, NULL, ALL(ack_p99) },
	{ "commit_last_s", "store_commit_last_seconds", GAUGE, "How long the last transaction took",
	  ALL(last) },
	{ "commit_mean_s", "store_commit_mean_seconds", GAUGE,
	  "How long a transaction took on average", ALL(mean) },
	{ "commit_p50_s", "store_commit_p50_seconds", GAUGE,
	  "How long half of the transactions took at most", ALL(p50) },
	{ "commit_p99_s", "store_commit_p99_seconds", GAUGE,
	  "How long 99 of 100 transactions took at most", ALL(p99) },
	{ "size", "store_size_bytes", GAUGE, "What the store has in use, 0 when it is not known",
	  ALL(size) },
	{ "file", "store_file_bytes", GAUGE,
	  "What the store takes on the disk, 0 when it is not known", ALL(file) },
	{ "size_max", "store_size_max_bytes", GAUGE, "Cap of the store's size, 0 for none",
	  ALL(size_max) },
	{ "removed_by_age", "store_flows_expired_total", COUNTER,
	  "Flow records that were removed because of their age", ALL(removed_by_age) },
	{ "removed_by_size", "store_flows_evicted_total", COUNTER,
	  "Flow records that were removed to keep the store below its cap", ALL(removed_by_size) },
	{ "removed_others", "store_rows_expired_total", COUNTER,
	  "Rows of the ledger and the like that were removed", ALL(removed_others) },
	{ "removal_errors", "store_removal_errors_total", COUNTER, "Steps of removing that failed",
	  ALL(removal_errors) },
	{ "size_waits", "store_cap_not_held_total", COUNTER,
	  "Times that the store was above its size, and nothing could be removed", ALL(waits) },
	{ "journal_blocked", "store_journal_blocked_total", COUNTER,
	  "Times that the store's journal could not be emptied", ALL(blocked) },
	{ "rrd_backlog", "rrd_backlog_values", GAUGE, "Values that wait to be written to RRDs",
	  ALL(rrd_backlog) },
	{ "rrd_written", "rrd_values_total", COUNTER, "Values that were written to RRDs",
	  ALL(rrd_written) },
	{ "rrd_failed", "rrd_failures_total", COUNTER, "Values that could not be written to RRDs",
	  ALL(rrd_failed) },
	{ "rrd_broken", "rrd_files_broken_total", COUNTER, "RRDs that were put aside",
	  ALL(rrd_broken) },
	{ "rrd_late", "rrd_late_bytes_total", COUNTER,
	  "Octets that came when their minute was in the RRDs already", ALL(rrd_late) },
	{ "rrd_refused", "rrd_refused_bytes_total", COUNTER, "Octets for which there was no memory",
	  ALL(rrd_refused) },
	{ "rrd_ahead", "rrd_ahead_bytes_total", COUNTER, "Octets of minutes still to come",
	  ALL(rrd_ahead) },
	{ "rrd_feeds", "rrd_feeds", GAUGE, "1: this process feeds the RRDs, 0: another one does",
	  ALL(rrd_feeds) },
	{ "rrd_stalled", "rrd_stalled", GAUGE, "1: the RRDs' disk is full, and their minutes wait",
	  ALL(rrd_stalled) },
	{ "rrd_behind", "rrd_behind", GAUGE,
	  "1: flows of the store are being added up again for the RRDs", ALL(rrd_behind) },
	{ "rrd_rereads", "rrd_rereads_total", COUNTER,
	  "Times that memory was full and the RRDs' minutes came from the store instead",
	  ALL(rrd_rereads) },
	{ "rrd_watermark", "rrd_watermark_seconds", GAUGE,
	  "Minutes that began before this time, seconds UTC, are in the RRDs", ALL(rrd_watermark) },
	{ "rrd_flushes", "rrd_flushes_total", COUNTER, "Requests to write what a page reads",
	  ALL(rrd_flushes) },
	{ "rrd_flushes_cut", "rrd_flushes_cut_total", COUNTER,
	  "Such requests that would have taken too long, and were done in part",
	  ALL(rrd_flushes_cut) },
};
const size_t status_all_n = sizeof(status_all_rows) / sizeof(status_all_rows[0]);

const struct status_row status_one_rows[] = {
	{ "connected", "probe_up", GAUGE, "1: the probe is connected", ONE(connected) },
	{ "connected_at", "probe_connected_timestamp_seconds", GAUGE,
	  "When the probe connected last", ONE(connected_at) },
	{ "seen_at", "probe_seen_timestamp_seconds", GAUGE,
	  "When something came from the probe last", ONE(seen_at) },
	{ "newest_at", "probe_newest_timestamp_seconds", GAUGE,
	  "End of the probe's newest record, 0 when none came", ONE(newest_at) },
	{ "lag_s", "probe_lag_seconds", GAUGE, "Age of the probe's newest record", ONE(lag) },
	{ "held", "probe_held_batches", GAUGE, "Batches that the probe holds and the store has not",
	  ONE(held) },
	{ "sessions", "probe_connections_total", COUNTER, "Connections of the probe",
	  ONE(sessions) },
	{ "batches", "probe_batches_total", COUNTER, "Batches that were stored", ONE(batches) },
	{ "records", "probe_records_total", COUNTER, "Records that were stored", ONE(records) },
	{ "packets", "probe_packets_total", COUNTER, "Packets in them", ONE(packets) },
	{ "octets", "probe_bytes_total", COUNTER, "Octets in them", ONE(octets) },
	{ "duplicates", "probe_duplicates_total", COUNTER,
	  "Batches that came again and were not stored again", ONE(duplicates) },
	{ "refused", "probe_refused_total", COUNTER, "Connections and batches that were refused",
	  ONE(refused) },
	{ "lost_batches", "probe_lost_batches_total", COUNTER,
	  "Batches that the probe said it can no longer give", ONE(lost_batches) },
	{ "lost_records", "probe_lost_records_total", COUNTER, "Records in them",
	  ONE(lost_records) },
};
const size_t status_one_n = sizeof(status_one_rows) / sizeof(status_one_rows[0]);

/* --- numbers ---------------------------------------------------------------------------------------------------------- */

static void
get_store(const struct status_sources *from, struct status_all *a)
{
	const struct status_store *store = from->store;
	struct writer_stats stats;

	writer_get_stats(from->writer, &stats);
	a->commits = (double)stats.commits;
	a->rows = (double)stats.rows;
	a->errors = (double)stats.failures;
	a->backlog = (double)stats.queue_jobs;
	a->backlog_octets = (double)stats.queue_octets;
	a->away = stats.away_s;
	a->last = stats.commit_last / 1000;
	a->mean = stats.commit_mean / 1000;
	a->p50 = stats.commit_p50 / 1000;
	a->p99 = stats.commit_p99 / 1000;
	a->ack_mean = latency_mean(&store->latency);
	a->ack_p99 = latency_percentile(&store->latency, 0.99);
	a->size_max = (double)store->octets_max;
}

static void
get_retention(struct retention *retention, struct status_all *a)
{
	struct retention_stats stats;

	retention_get_stats(retention, &stats);
	a->size = (double)stats.octets;
	a->file = (double)stats.file;
	a->waits = (double)stats.waits;
	a->blocked = (double)stats.blocked;
	a->removal_errors = (double)stats.errors;
	a->removed_others = (double)stats.others;
	a->removed_by_age = (double)stats.by_age;
	a->removed_by_size = (double)stats.by_size;
}

static void
get_feed(const struct feed *feed, struct status_all *a)
{
	struct feed_stats stats;

	feed_get_stats(feed, &stats);
	a->rrd_backlog = (double)stats.entries;
	a->rrd_written = (double)stats.written;
	a->rrd_failed = (double)stats.failed;
	a->rrd_broken = (double)stats.broken;
	a->rrd_late = (double)stats.late_octets;
	a->rrd_refused = (double)stats.refused_octets;
	a->rrd_ahead = (double)stats.ahead_octets;
	a->rrd_feeds = stats.source != FEED_STANDBY;
	a->rrd_stalled = stats.stalled;
	a->rrd_behind = stats.behind;
	a->rrd_rereads = (double)stats.rereads;
	a->rrd_watermark = stats.written_s;
	a->rrd_flushes = (double)stats.flushes;
	a->rrd_flushes_cut = (double)stats.flushes_cut;
}

void
status_get_all(const struct status *status, struct status_all *ret_all)
{
	const struct status_sources *from = &status->from;
	const struct tallies *tallies = from->tallies;

	*ret_all = (struct status_all){
		.started = status->begun_s,
		.uptime = floor((double)(loop_now_ms(from->loop) - status->begun_ms) / 1000),
		.worker = from->worker,
		.probes = (double)tallies->n,
		.accepted = (double)tallies->sums.accepted,
		.turned_away = (double)tallies->sums.turned_away,
		.strangers = (double)tallies->sums.strangers,
		.half_open = (double)tallies->sums.half_open,
		.shed = (double)tallies->sums.shed,
	};
	for (size_t i = 0; i < tallies->n; i++)
		ret_all->connected += tallies->list[i]->connections > 0;
	get_store(from, ret_all);
	if (from->retention)
		get_retention(from->retention, ret_all);
	if (from->feed)
		get_feed(from->feed, ret_all);
}

void
status_get_one(const struct status *status, const struct tally *t, struct status_one *ret_one)
{
	*ret_one = (struct status_one){
		.connected = t->connections > 0,
		.connected_at = t->connected_s,
		.seen_at = t->seen_s,
		.newest_at = t->newest_s,
		.lag = t->newest_s ? (double)loop_wall_s(status->from.loop) - t->newest_s : 0,
		.held = (double)tally_held(t),
		.sessions = (double)t->sessions,
		.batches = (double)t->batches,
		.records = (double)t->records,
		.packets = (double)t->packets,
		.octets = (double)t->octets,
		.duplicates = (double)t->duplicates,
		.refused = (double)t->refused,
		.lost_batches = (double)t->lost_batches,
		.lost_records = (double)t->lost_records,
	};
}

/* --- JSON ------------------------------------------------------------------------------------------------------------- */

static void
put_numbers(json_t *object, const void *numbers, const struct status_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double v = status_value(numbers, &rows[i]);

		(void)json_object_set_new(object, rows[i].key,
		                          v == floor(v) && fabs(v) < EXACT_MAX
		                              ? json_integer((json_int_t)v)
		                              : json_real(v));
	}
}

/* What memory was short for is missing, and the answer is one all the same. */
static json_t *
json_of_probe(const struct status *status, const struct tally *t)
{
	struct status_one one;
	json_t *object = json_object();

	(void)json_object_set_new(object, "probe", json_string(t->probe));
	(void)json_object_set_new(object, "links", json_string(t->links));
	(void)json_object_set_new(object, "peer", json_string(t->peer));
	(void)json_object_set_new(object, "tls", json_boolean(t->tls));
	status_get_one(status, t, &one);
	put_numbers(object, &one, status_one_rows, status_one_n);
	return object;
}

void
status_json(const struct status *status, FILE *out)
{
	const struct tallies *tallies = status->from.tallies;
	struct status_all all;
	json_t *object = json_object();
	json_t *list = json_array();

	(void)json_object_set_new(object, "version", json_string(NETMON_VERSION));
	(void)json_object_set_new(object, "pid", json_integer(getpid()));
	(void)json_object_set_new(object, "store", json_string(status->from.store->kind));
	(void)json_object_set_new(object, "rrd", json_boolean(status->from.feed != NULL));
	status_get_all(status, &all);
	put_numbers(object, &all, status_all_rows, status_all_n);
	for (size_t i = 0; i < tallies->n; i++)
		(void)json_array_append_new(list, json_of_probe(status, tallies->list[i]));
	(void)json_object_set_new(object, "list", list);
	(void)json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	(void)fputc('\n', out);
	json_decref(object);
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

static void
answer_status(void *ctx, const char *argument, FILE *out)
{
	(void)argument;
	status_json(ctx, out);
}

static void
answer_metrics(void *ctx, const char *argument, FILE *out)
{
	(void)argument;
	status_metrics(ctx, out);
}

int
status_new(const struct status_sources *sources, struct control *control,
           struct status **ret_status)
{
	struct status *status = calloc(1, sizeof(*status));

	if (!status)
		return -ENOMEM;
	status->from = *sources;
	status->begun_ms = loop_now_ms(sources->loop);
	status->begun_s = loop_wall_s(sources->loop);
	int rc = control_command(control, "status", answer_status, status);
	if (rc == NM_OK)
		rc = control_command(control, "metrics", answer_metrics, status);
	if (rc < 0) {
		free(status);
		return rc;
	}
	*ret_status = status;
	return NM_OK;
}

void
status_free(struct status *status)
{
	free(status);
}
