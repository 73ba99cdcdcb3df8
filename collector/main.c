/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmond: takes flow records from probes into the store, or as SQL to standard output, and into the RRDs. */
#include "collector/feed.h"
#include "collector/intake.h"
#include "collector/listeners.h"
#include "collector/options.h"
#include "collector/retention.h"
#include "collector/server.h"
#include "collector/status.h"
#include "collector/status_show.h"
#include "collector/turn.h"
#include "collector/workers.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOLD_MS 1000

/* What the program consists of while it runs. */
struct collector {
	struct worker *me;
	struct db *db;      /* the writer's */
	struct db *feed_db; /* the loop's, to read */
	struct turn *turn;  /* to write to the store */
	struct intake *intake;
	struct session_shared shared;
	struct server *server;
	struct control *control; /* NULL: none */
	struct status *status;
	struct retention *retention; /* NULL: all stays */
};

static int
know_probe(void *ctx, const char *name, uint32_t seen_s)
{
	tally_known(ctx, name, seen_s);
	return 0;
}

static int
open_feed(struct collector *c, const struct options *o, char *err, size_t err_size)
{
	struct feed_config feed = { .root = o->rrd, .groups = o->groups };
	int rc = NM_OK;

	/* a handle belongs to one thread, and the store's thread has the other one */
	if (o->store)
		rc = db_open(o->store, DB_READ, &c->feed_db, err, err_size);
	if (rc < 0)
		return rc;
	feed.db = c->feed_db;
	feed.rrdcached = o->rrdcached;
	feed.keep_s = (uint32_t)o->keep_rrd_d * 86400;
	/* without a store nothing would bring back what waits in memory when the program is killed */
	feed.minutes = c->feed_db ? (unsigned)o->rrd_minutes : 1;
	/* no process has all batches where several store them */
	feed.tail = o->shared_store || o->workers > 1;
	rc = feed_new(&feed, &c->shared.feed, err, err_size);
	if (rc == NM_OK && c->feed_db)
		rc = feed_rebuild(c->shared.feed, c->feed_db);
	if (rc == NM_ESTORE)
		(void)snprintf(err, err_size, "store: %s", db_error(c->feed_db));
	return rc == NM_OK ? feed_attach(c->shared.feed, c->shared.loop) : rc;
}

/* The store and what stands on it. */
static int
open_outputs(struct collector *c, const struct options *o, char *err, size_t err_size)
{
	int rc = NM_OK;

	(void)snprintf(err, err_size, "out of memory");
	if (o->store)
		rc = db_open(o->store, DB_CREATE, &c->db, err, err_size);
	if (rc < 0)
		return rc;
	rc = overlap_new(&o->overlap, 0, &c->shared.overlap, err, err_size);
	if (rc == NM_OK && c->db)
		rc = overlap_warm(c->shared.overlap, c->db);
	if (rc == NM_ESTORE)
		(void)snprintf(err, err_size, "store: %s", db_error(c->db));
	if (rc < 0)
		return rc;
	(void)snprintf(err, err_size, "out of memory");
	if (c->db)
		(void)db_probe_each(c->db, TALLY_MAX / 2, know_probe, c->shared.tallies);
	(void)snprintf(c->shared.store.kind, sizeof(c->shared.store.kind), "%.*s",
	               o->store ? (int)strcspn(o->store, ":") : 4, o->store ? o->store : "text");
	c->intake = c->db ? intake_db_new(c->db) : intake_sql_new(STDOUT_FILENO);
	if (!c->intake || !(c->turn = turn_new()))
		return -ENOMEM;
	c->intake->turn = c->turn;
	/* one feeds the graphs, from the store, and one removes what is old */
	return o->rrd && c->me->number == 0 ? open_feed(c, o, err, err_size) : NM_OK;
}

/* Flows that the graphs have not got yet stay, and those that they would want again if the machine went down (feed_state.h). */
static void
hold_flows(void *ctx)
{
	const struct collector *c = ctx;
	struct feed_stats stats;

	feed_get_stats(c->shared.feed, &stats);
	retention_hold(c->retention,
	               stats.written_s > FEED_HOLD_S ? stats.written_s - FEED_HOLD_S : 1);
}

/* What removes old rows from the store. */
static int
open_retention(struct collector *c, const struct options *o, char *err, size_t err_size)
{
	const struct db_keep keep = { .flows_s = (uint32_t)o->keep_flows_d * 86400u,
		                      .ledger_s = (uint32_t)o->keep_ledger_d * 86400u,
		                      .octets = o->store_mb * 1000000u,
		                      .hold_s = c->shared.feed ? 1 : 0 };

	if (!c->db || (!keep.flows_s && !keep.ledger_s && !keep.octets))
		return NM_OK;
	c->shared.store.octets_max = keep.octets;
	int rc = db_retention_limit(c->db, keep.octets);
	if (rc < 0) {
		(void)snprintf(err, err_size, "store: %s", db_error(c->db));
		return rc;
	}
	/* one is enough, and the first worker's knows what is in the graphs */
	if (c->me->number > 0)
		return NM_OK;
	rc = retention_new(o->store, &keep, c->turn, &c->retention, err, err_size);
	if (rc == NM_OK && c->shared.feed)
		rc = loop_timer(c->shared.loop, HOLD_MS, hold_flows, c);
	return rc;
}

/* The control socket. Where the default folder is not there, or not ours, netmond runs without one. */
static int
open_control(struct collector *c, const struct options *o, char *err, size_t err_size)
{
	const struct status_sources sources = { .loop = c->shared.loop,
		                                .tallies = c->shared.tallies,
		                                .store = &c->shared.store,
		                                .writer = c->shared.writer,
		                                .feed = c->shared.feed,
		                                .retention = c->retention,
		                                .worker = c->me->number };
	char path[PATHS_MAX];

	(void)snprintf(err, err_size, "control socket: its path is too long");
	int rc = options_control(o, c->me->number, path, sizeof(path));
	if (rc == NM_OK)
		rc = control_new(path, c->shared.loop, &c->control, err, err_size);
	if (rc == NM_OK)
		rc = status_new(&sources, c->control, &c->status);
	if (rc == NM_OK && c->shared.feed)
		rc = control_command(c->control, "flush", feed_answer_flush, c->shared.feed);
	if (rc == NM_OK)
		return NM_OK;
	if (o->control)
		return rc;
	log_info("no control socket, so no --status: %s", err);
	return NM_OK;
}

/* Certificates, where there are any. */
static int
open_tls(struct collector *c, const struct options *o, char *err, size_t err_size)
{
	const struct tls_files files = { o->tls_cert, o->tls_key, o->tls_ca, o->tls_crl };

	return o->tls_cert ? tls_new(&files, true, &c->shared.tls, err, err_size) : NM_OK;
}

static int
open_writer(struct collector *c, char *err, size_t err_size)
{
	const struct writer_config config = { .intake = c->intake,
		                              .loop = c->shared.loop,
		                              .done = session_job_done,
		                              .gone = session_source_gone,
		                              .ctx = &c->shared };

	return writer_new(&config, &c->shared.writer, err, err_size);
}

/* Ends everything; what is in memory is written first. */
static void
close_outputs(struct collector *c)
{
	struct feed_stats stats;

	/* what came is stored and acknowledged first */
	if (c->shared.writer)
		writer_stop(c->shared.writer);
	if (c->server)
		server_finish(c->server);
	/* without a server it never began: the minutes in memory may be half added up */
	if (c->server && c->shared.feed)
		feed_flush(c->shared.feed);
	if (c->server)
		server_free(c->server);
	control_free(c->control);
	status_free(c->status);
	retention_free(c->retention);
	tls_free(c->shared.tls);
	if (c->shared.feed) {
		feed_get_stats(c->shared.feed, &stats);
		log_info("RRD: %llu values written, %llu failed, %llu files put aside",
		         (unsigned long long)stats.written, (unsigned long long)stats.failed,
		         (unsigned long long)stats.broken);
		feed_free(c->shared.feed);
	}
	writer_free(c->shared.writer);
	if (c->intake)
		c->intake->ops->free(c->intake);
	turn_free(c->turn);
	overlap_free(c->shared.overlap);
	db_close(c->feed_db);
	db_close(c->db);
	tallies_free(c->shared.tallies);
	loop_free(c->shared.loop);
	free(c);
}

/* What a worker needs that was there before it. */
struct service {
	const struct options *options;
	struct listeners listeners;
};

static int
open_all(struct collector *c, const struct service *service, char *err, size_t err_size)
{
	const struct options *o = service->options;
	const struct server_config server = { &service->listeners, c->me, (unsigned)o->hello_s,
		                              (unsigned)o->idle_s, (unsigned)o->probes_max };

	c->shared.verbose = o->verbose;
	c->shared.drops = (struct log_limit){ .burst = 20, .period_s = 10 };
	int rc = open_tls(c, o, err, err_size);
	if (rc == NM_OK)
		rc = open_outputs(c, o, err, err_size);
	if (rc == NM_OK)
		rc = open_retention(c, o, err, err_size);
	if (rc == NM_OK)
		rc = open_writer(c, err, err_size);
	if (rc == NM_OK)
		rc = open_control(c, o, err, err_size);
	if (rc == NM_OK)
		rc = server_new(&server, &c->shared, &c->server, err, err_size);
	return rc;
}

static void
say_ready(const struct collector *c, const struct service *service)
{
	char worker[32] = "";

	if (c->me->n > 0)
		(void)snprintf(worker, sizeof(worker), ", worker %u", c->me->number);
	log_info("ready: listening on %s port %u%s%s", service->options->listen,
	         service->listeners.port, c->shared.tls ? " with TLS" : "", worker);
}

/* All that a process does; its exit status. */
static int
serve(void *ctx, struct worker *me)
{
	const struct service *service = ctx;
	char err[512];

	loop_catch_signals();
	struct collector *c = calloc(1, sizeof(*c));
	if (!c || !(c->shared.loop = loop_new()) || !(c->shared.tallies = tallies_new()))
		log_fatal(1, "out of memory");
	c->me = me;
	int rc = open_all(c, service, err, sizeof(err));
	if (rc == NM_OK) {
		say_ready(c, service);
		worker_ready(me);
		rc = loop_run(c->shared.loop);
		(void)snprintf(err, sizeof(err), "select: %s", nm_strerror(rc));
	}
	if (rc < 0)
		log_error("%s", err);
	int status = rc < 0 || c->shared.fatal ? 1 : 0;
	close_outputs(c);
	return status;
}

int
main(int argc, char **argv)
{
	static struct options options;
	struct service service = { .options = &options };
	struct worker alone = { 0 };
	char err[512];

	log_init("netmond", LOG_LEVEL_INFO);
	options_parse(argc, (const char *const *)argv, &options);
	if (options.status)
		return status_show(&options, stdout);
	if (listeners_open(options.listen, (uint16_t)options.port, &service.listeners, err,
	                   sizeof(err)) < 0)
		log_fatal(1, "%s", err);
	int status = options.workers > 1 ? workers_run((unsigned)options.workers, serve, &service)
	                                 : serve(&service, &alone);
	listeners_close(&service.listeners);
	options_free(&options);
	return status;
}
