/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmond: takes flow records from probes into the store, or as SQL to standard output, and into the RRDs. */
#include "collector/feed.h"
#include "collector/intake.h"
#include "collector/server.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#define HELLO_S 10
#define IDLE_S  90 /* probes send a heartbeat each 15 s */

struct options {
	struct server_config server;
	char store[PATHS_MAX]; /* empty: SQL on standard output */
	char rrd[PATHS_MAX];   /* empty: none */
	char groups[PATHS_MAX];
	char config[PATHS_MAX];
	char listen[256];
	bool verbose;
};

enum {
	OPT_PORT = 'p',
	OPT_VERBOSE = 'v',
	OPT_LISTEN = 1000,
	OPT_STORE,
	OPT_RRD,
	OPT_GROUPS,
	OPT_CONFIG,
	OPT_HELLO,
	OPT_IDLE,
	OPT_PROBES,
};

static const struct poptOption option_table[] = {
	{ NULL, 'p', POPT_ARG_STRING, NULL, OPT_PORT, "port to listen on, 0: a free one (5000)",
	  "PORT" },
	{ "listen", '\0', POPT_ARG_STRING, NULL, OPT_LISTEN,
	  "address or name to listen on, '*': every one (localhost)", "ADDR" },
	{ "store", '\0', POPT_ARG_STRING, NULL, OPT_STORE,
	  "store to write to; without: SQL on standard output", "sqlite:PATH" },
	{ "rrd", '\0', POPT_ARG_STRING, NULL, OPT_RRD, "folder of the RRD tree to write to",
	  "DIR" },
	{ "groups", '\0', POPT_ARG_STRING, NULL, OPT_GROUPS,
	  "groups for --rrd without a store, lines NAME = MEMBER, ...", "FILE" },
	{ "config", '\0', POPT_ARG_STRING, NULL, OPT_CONFIG,
	  "take store and rrd from this netmon.conf", "FILE" },
	{ "hello", '\0', POPT_ARG_STRING, NULL, OPT_HELLO,
	  "drop a connection that does not say who it is within so long (10)", "SECONDS" },
	{ "idle", '\0', POPT_ARG_STRING, NULL, OPT_IDLE,
	  "drop a probe that is silent for so long (90)", "SECONDS" },
	{ "probes", '\0', POPT_ARG_STRING, NULL, OPT_PROBES, "most probes at a time (1000)",
	  "NUMBER" },
	{ NULL, 'v', POPT_ARG_NONE, NULL, OPT_VERBOSE, "a log line for each batch", NULL },
	OPTS_COMMON,
	POPT_TABLEEND
};

static void
copy_text(const char *what, const char *arg, char *ret_text, size_t size)
{
	int n = snprintf(ret_text, size, "%s", arg);

	if (n <= 0 || (size_t)n >= size)
		opts_usage("%s is empty or too long", what);
}

static int
take_option(void *ctx, int val, const char *arg)
{
	struct options *o = ctx;

	switch (val) {
	case OPT_PORT:
		o->server.port = (uint16_t)opts_number("-p", arg, 0, 65535);
		break;
	case OPT_LISTEN:
		copy_text("--listen", arg, o->listen, sizeof(o->listen));
		break;
	case OPT_STORE:
		copy_text("--store", arg, o->store, sizeof(o->store));
		break;
	case OPT_RRD:
		copy_text("--rrd", arg, o->rrd, sizeof(o->rrd));
		break;
	case OPT_GROUPS:
		copy_text("--groups", arg, o->groups, sizeof(o->groups));
		break;
	case OPT_CONFIG:
		copy_text("--config", arg, o->config, sizeof(o->config));
		break;
	case OPT_HELLO:
		o->server.hello_s = (unsigned)opts_number("--hello", arg, 1, 3600);
		break;
	case OPT_IDLE:
		o->server.idle_s = (unsigned)opts_number("--idle", arg, 1, 86400);
		break;
	case OPT_PROBES:
		o->server.probes_max = (unsigned)opts_number("--probes", arg, 1, FD_SETSIZE);
		break;
	default:
		o->verbose = true;
		break;
	}
	return 0;
}

/* What --config says, where the command line said nothing. */
static void
read_settings(struct options *o)
{
	struct settings settings;
	char err[512];

	if (!o->config[0])
		return;
	if (settings_load(o->config, &settings, err, sizeof(err)) < 0)
		log_fatal(2, "%s", err);
	if (!o->store[0])
		copy_text("store", settings.store, o->store, sizeof(o->store));
	if (!o->rrd[0])
		copy_text("rrd", settings.rrd, o->rrd, sizeof(o->rrd));
}

static void
read_options(struct options *o, int argc, const char *const *argv)
{
	*o = (struct options){ .server = { .port = FRAME_PORT,
		                           .hello_s = HELLO_S,
		                           .idle_s = IDLE_S,
		                           .probes_max = 1000 },
		               .listen = "localhost" };
	poptContext con = opts_parse("netmond", option_table, "", argc, argv, take_option, o);
	const char *word = poptGetArg(con);
	if (word)
		opts_usage("\"%s\" is not understood", word);
	poptFreeContext(con);
	read_settings(o);
	if (o->groups[0] && (o->store[0] || !o->rrd[0]))
		opts_usage(
		    "--groups goes with --rrd and without a store, which has its own groups");
	if (!o->store[0] && isatty(STDOUT_FILENO))
		log_warn(
		    "no --store: SQL goes to this terminal; meant is netmond | mariadb -D netmon");
	o->server.listen = o->listen;
}

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
	struct feed_config feed = { .root = o->rrd, .groups = o->groups[0] ? o->groups : NULL };
	int rc = NM_OK;

	(void)snprintf(err, err_size, "out of memory");
	if (o->store[0])
		rc = db_open(o->store, DB_CREATE, &c->db, err, err_size);
	if (rc < 0)
		return rc;
	c->shared.intake = c->db ? intake_db_new(c->db) : intake_sql_new(STDOUT_FILENO);
	if (!c->shared.intake)
		return -ENOMEM;
	if (!o->rrd[0])
		return NM_OK;
	feed.db = c->db;
	rc = feed_new(&feed, &c->shared.feed, err, err_size);
	if (rc == NM_OK && c->db)
		rc = feed_rebuild(c->shared.feed, c->db);
	if (rc == NM_ESTORE)
		(void)snprintf(err, err_size, "store: %s", db_error(c->db));
	return rc == NM_OK ? feed_attach(c->shared.feed, c->shared.loop) : rc;
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
	if (c->shared.feed) {
		feed_get_stats(c->shared.feed, &stats);
		log_info("RRD: %llu values written, %llu failed, %llu files put aside",
		         (unsigned long long)stats.written, (unsigned long long)stats.failed,
		         (unsigned long long)stats.broken);
		feed_free(c->shared.feed);
	}
	if (c->shared.intake)
		c->shared.intake->ops->free(c->shared.intake);
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
	read_options(&options, argc, (const char *const *)argv);
	loop_catch_signals();
	struct collector *c = calloc(1, sizeof(*c));
	if (!c || !(c->shared.loop = loop_new()))
		log_fatal(1, "out of memory");
	c->shared.verbose = options.verbose;
	c->shared.drops = (struct log_limit){ .burst = 20, .period_s = 10 };
	int rc = open_outputs(c, &options, err, sizeof(err));
	if (rc == NM_OK)
		rc = server_new(&options.server, &c->shared, &c->server, err, sizeof(err));
	if (rc == NM_OK) {
		log_info("ready: listening on %s port %u", options.listen, server_port(c->server));
		rc = loop_run(c->shared.loop);
		(void)snprintf(err, sizeof(err), "select: %s", nm_strerror(rc));
	}
	if (rc < 0)
		log_error("%s", err);
	int status = rc < 0 || c->shared.fatal ? 1 : 0;
	close_outputs(c);
	return status;
}
