/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmond: takes flow records from probes into the store, or as SQL to standard output, and into the RRDs. */
#include "collector/feed.h"
#include "collector/intake.h"
#include "collector/options.h"
#include "collector/server.h"
#include "lib/err.h"
#include "lib/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the program consists of while it runs. */
struct collector {
	struct db *db;
	struct session_shared shared;
	struct server *server;
};

/* The store and what stands on it. */
static int
open_outputs(struct collector *c, const struct options *o, char *err, size_t err_size)
{
	struct feed_config feed = { .root = o->rrd, .groups = o->groups };
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
	c->shared.intake = c->db ? intake_db_new(c->db) : intake_sql_new(STDOUT_FILENO);
	if (!c->shared.intake)
		return -ENOMEM;
	if (!o->rrd)
		return NM_OK;
	feed.db = c->db;
	/* without a store nothing would bring back what waits in memory when the program is killed */
	feed.minutes = c->db ? (unsigned)o->rrd_minutes : 1;
	feed.keep_s = (uint32_t)o->keep_rrd_d * 86400;
	rc = feed_new(&feed, &c->shared.feed, err, err_size);
	if (rc == NM_OK && c->db)
		rc = feed_rebuild(c->shared.feed, c->db);
	if (rc == NM_ESTORE)
		(void)snprintf(err, err_size, "store: %s", db_error(c->db));
	return rc == NM_OK ? feed_attach(c->shared.feed, c->shared.loop) : rc;
}

/* Certificates, where there are any. */
static int
open_tls(struct collector *c, const struct options *o, char *err, size_t err_size)
{
	const struct tls_files files = { o->tls_cert, o->tls_key, o->tls_ca, o->tls_crl };

	return o->tls_cert ? tls_new(&files, true, &c->shared.tls, err, err_size) : NM_OK;
}

/* Ends everything; what is in memory is written first. */
static void
close_outputs(struct collector *c)
{
	struct feed_stats stats;

	/* without a server it never began: the minutes in memory may be half added up */
	if (c->server && c->shared.feed)
		feed_flush(c->shared.feed);
	if (c->server)
		server_free(c->server);
	tls_free(c->shared.tls);
	if (c->shared.feed) {
		feed_get_stats(c->shared.feed, &stats);
		log_info("RRD: %llu values written, %llu failed, %llu files put aside",
		         (unsigned long long)stats.written, (unsigned long long)stats.failed,
		         (unsigned long long)stats.broken);
		feed_free(c->shared.feed);
	}
	if (c->shared.intake)
		c->shared.intake->ops->free(c->shared.intake);
	overlap_free(c->shared.overlap);
	db_close(c->db);
	loop_free(c->shared.loop);
	free(c);
}

int
main(int argc, char **argv)
{
	static struct options options;
	char err[512];

	log_init("netmond", LOG_LEVEL_INFO);
	options_parse(argc, (const char *const *)argv, &options);
	loop_catch_signals();
	struct collector *c = calloc(1, sizeof(*c));
	if (!c || !(c->shared.loop = loop_new()))
		log_fatal(1, "out of memory");
	const struct server_config server = { options.listen, (uint16_t)options.port,
		                              (unsigned)options.hello_s, (unsigned)options.idle_s,
		                              (unsigned)options.probes_max };
	c->shared.verbose = options.verbose;
	c->shared.drops = (struct log_limit){ .burst = 20, .period_s = 10 };
	int rc = open_tls(c, &options, err, sizeof(err));
	if (rc == NM_OK)
		rc = open_outputs(c, &options, err, sizeof(err));
	if (rc == NM_OK)
		rc = server_new(&server, &c->shared, &c->server, err, sizeof(err));
	if (rc == NM_OK) {
		log_info("ready: listening on %s port %u%s", options.listen, server_port(c->server),
		         c->shared.tls ? " with TLS" : "");
		rc = loop_run(c->shared.loop);
		(void)snprintf(err, sizeof(err), "select: %s", nm_strerror(rc));
	}
	if (rc < 0)
		log_error("%s", err);
	int status = rc < 0 || c->shared.fatal ? 1 : 0;
	close_outputs(c);
	options_free(&options);
	return status;
}
