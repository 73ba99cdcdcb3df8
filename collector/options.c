/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmond's options. */
#include "collector/options.h"

#include "lib/control_ask.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "lib/loopback.h"
#include "lib/paths.h"
#include "lib/settings.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#define COMMAND_LINE_ONLY true
#define AT(field)         offsetof(struct options, field)
#define HELLO_S           10
#define IDLE_S            90 /* probes send a heartbeat each 5 s */
#define KEEP_FLOWS_D      30
#define KEEP_LEDGER_D     400
#define KEEP_RRD_D        400
#define DAYS_MAX          36500

static const struct opt_row rows[] = {
	{ "port", 'p', OPT_NUMBER, AT(port), 0, 65535, FRAME_PORT, "PORT",
	  "port to listen on, 0: a free one (5000)", false },
	{ "listen", '\0', OPT_TEXT, AT(listen), 0, 0, 0, "ADDR",
	  "address or name to listen on, '*': every one (localhost)", false },
	{ "tls-cert", '\0', OPT_FILE, AT(tls_cert), 0, 0, 0, "FILE",
	  "own certificate; with it, probes need one, too", false },
	{ "tls-key", '\0', OPT_FILE, AT(tls_key), 0, 0, 0, "FILE", "its key", false },
	{ "tls-ca", '\0', OPT_FILE, AT(tls_ca), 0, 0, 0, "FILE",
	  "authority of the probes' certificates", false },
	{ "tls-crl", '\0', OPT_FILE, AT(tls_crl), 0, 0, 0, "FILE", "certificates that it revoked",
	  false },
	{ "insecure", '\0', OPT_FLAG, AT(insecure), 0, 0, 0, NULL,
	  "allow probes elsewhere without TLS", false },
	{ "store", '\0', OPT_TEXT, AT(store), 0, 0, 0, "STORE",
	  "store to write to, sqlite:PATH; without: SQL on standard output", false },
	{ "rrd", '\0', OPT_TEXT, AT(rrd), 0, 0, 0, "DIR", "folder of the RRD tree to write to",
	  false },
	{ "rrd-minutes", '\0', OPT_NUMBER, AT(rrd_minutes), 1, 60, 5, "N",
	  "minutes of a graph that are written together (5)", false },
	{ "rrdcached", '\0', OPT_TEXT, AT(rrdcached), 0, 0, 0, "ADDR",
	  "let this rrdcached write the RRDs", false },
	{ "groups", '\0', OPT_TEXT, AT(groups), 0, 0, 0, "FILE",
	  "groups for --rrd without a store, lines NAME = MEMBER, ...", false },
	{ "shared-store", '\0', OPT_FLAG, AT(shared_store), 0, 0, 0, NULL,
	  "other netmonds store there, too: RRDs are made from what is in the store", false },
	{ "overlap", '\0', OPT_LIST, AT(overlap), 0, 0, 0, "LINKS",
	  "links that see the same packets: PROBE/LINK, PROBE/LINK ... (repeatable)", false },
	{ "keep-flows", '\0', OPT_NUMBER, AT(keep_flows_d), 0, DAYS_MAX, KEEP_FLOWS_D, "DAYS",
	  "remove flows that are older, 0: never (30)", false },
	{ "keep-ledger", '\0', OPT_NUMBER, AT(keep_ledger_d), 0, DAYS_MAX, KEEP_LEDGER_D, "DAYS",
	  "remove ledger rows that are older, 0: never (400)", false },
	{ "keep-rrd", '\0', OPT_NUMBER, AT(keep_rrd_d), 0, DAYS_MAX, KEEP_RRD_D, "DAYS",
	  "remove graphs of hosts not seen for so long, 0: never (400)", false },
	{ "max-store", '\0', OPT_NUMBER, AT(store_mb), 0, 1ul << 24, 0, "MB",
	  "remove the oldest flows when the store has this size, 0: never (0)", false },
	{ "hello", '\0', OPT_NUMBER, AT(hello_s), 1, 3600, HELLO_S, "SECONDS",
	  "drop a connection that does not say who it is within so long (10)", false },
	{ "idle", '\0', OPT_NUMBER, AT(idle_s), 1, 86400, IDLE_S, "SECONDS",
	  "drop a probe that is silent for so long (90)", false },
	{ "probes", '\0', OPT_NUMBER, AT(probes_max), 1, FD_SETSIZE, 1000, "NUMBER",
	  "most probes at a time of each worker (1000)", false },
	{ "workers", '\0', OPT_NUMBER, AT(workers), 1, 64, 1, "N",
	  "processes that share the port (1)", false },
	{ "control", '\0', OPT_TEXT, AT(control), 0, 0, 0, "PATH",
	  "socket for --status, metrics and graphs", false },
	{ "status", '\0', OPT_FLAG, AT(status), 0, 0, 0, NULL,
	  "say how the running netmond is, exit", COMMAND_LINE_ONLY },
	{ "json", '\0', OPT_FLAG, AT(json), 0, 0, 0, NULL, "with --status: as JSON",
	  COMMAND_LINE_ONLY },
	{ "config", '\0', OPT_TEXT, AT(config), 0, 0, 0, "FILE",
	  "take store and rrd from this netmon.conf", COMMAND_LINE_ONLY },
	{ "netmond-conf", '\0', OPT_TEXT, AT(conf), 0, 0, 0, "FILE",
	  "configuration (netmond.conf(5); beside netmon.conf)", COMMAND_LINE_ONLY },
	{ "verbose", 'v', OPT_FLAG, AT(verbose), 0, 0, 0, NULL, "a log line for each batch",
	  COMMAND_LINE_ONLY },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct opt_table table = {
	.program = "netmond",
	.words = "",
	.rows = rows,
	.n_rows = N_ROWS,
	.file = "netmond.conf",
	.file_offset = AT(conf),
};

/* With --config, netmond.conf is looked for beside it. */
static void
find_beside(struct options *o)
{
	char path[PATHS_MAX];

	if (o->conf || !o->config)
		return;
	const char *slash = strrchr(o->config, '/');
	int n = snprintf(path, sizeof(path), "%.*snetmond.conf",
	                 slash ? (int)(slash - o->config + 1) : 0, o->config);
	if (n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0)
		o->conf = opt_copy(path);
}

static void
default_text(char **at, const char *text)
{
	if (!*at && *text)
		*at = opt_copy(text);
}

/* What netmon.conf says, where nothing else did. */
static void
read_settings(struct options *o)
{
	struct settings settings;
	char err[512];

	if (!o->config)
		return;
	if (settings_load(o->config, &settings, err, sizeof(err)) < 0)
		log_fatal(2, "%s", err);
	default_text(&o->store, settings.store);
	default_text(&o->rrd, settings.rrd);
}

/* Beyond this machine the certificates of netmon probe count, where nothing else is said. */
static void
find_certificates(struct options *o)
{
	static const struct {
		const char *name;
		size_t offset;
	} files[] = {
		{ "pki/collector.pem", AT(tls_cert) },
		{ "pki/collector.key", AT(tls_key) },
		{ "pki/ca.pem", AT(tls_ca) },
		{ "pki/crl.pem", AT(tls_crl) },
	};
	char path[PATHS_MAX];

	if (paths_find(PATHS_CONFIG, files[0].name, path, sizeof(path)) < 0 ||
	    access(path, F_OK) < 0)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (paths_find(PATHS_CONFIG, files[i].name, path, sizeof(path)) == NM_OK)
			*(char **)(void *)((char *)o + files[i].offset) = opt_copy(path);
}

/* Without TLS whoever reaches the port can write records, under any probe's name. */
static void
check_exposure(struct options *o)
{
	bool local = true;

	if (o->tls_cert || o->insecure || o->status)
		return;
	int rc = loopback_name(o->listen, &local);
	if (rc != 0)
		log_fatal(1, "cannot listen on %s: %s", o->listen, gai_strerror(rc));
	if (!local)
		find_certificates(o);
	if (!local && !o->tls_cert)
		opts_usage(
		    "--listen %s is beyond this machine, and without TLS everybody there can "
		    "forge records: netmon probe add NAME makes certificates, or say "
		    "--insecure",
		    o->listen);
}

static void
check(const struct options *o)
{
	if (o->groups && (o->store || !o->rrd))
		opts_usage(
		    "--groups goes with --rrd and without a store, which has its own groups");
	if (o->shared_store && !o->store)
		opts_usage("--shared-store goes with --store");
	if (o->rrdcached && !o->rrd)
		opts_usage("--rrdcached goes with --rrd");
	if (!o->tls_cert != !o->tls_key || !o->tls_cert != !o->tls_ca || (o->tls_crl && !o->tls_ca))
		opts_usage("--tls-cert, --tls-key and --tls-ca go together, --tls-crl with them");
	if (o->overlap.n > 0 && o->workers > 1)
		opts_usage(
		    "--overlap goes with one worker: which link counts is decided in one process");
	if (!o->store && o->workers > 1)
		opts_usage("--workers goes with --store: one process writes to a pipe");
	if (!o->store && !o->status && isatty(STDOUT_FILENO))
		log_warn(
		    "no --store: SQL goes to this terminal; meant is netmond | mariadb -D netmon");
}

void
options_parse(int argc, const char *const *argv, struct options *ret_options)
{
	bool given[N_ROWS];

	memset(ret_options, 0, sizeof(*ret_options));
	poptContext con = opt_table_line(&table, argc, argv, ret_options, given);
	const char *word = poptGetArg(con);
	if (word)
		opts_usage("\"%s\" is not understood", word);
	poptFreeContext(con);
	find_beside(ret_options);
	opt_table_file(&table, ret_options, given);
	read_settings(ret_options);
	default_text(&ret_options->listen, "localhost");
	check(ret_options);
	check_exposure(ret_options);
}

int
options_control(const struct options *o, unsigned worker, char *ret_path, size_t size)
{
	const char *folder =
	    getenv("RUNTIME_DIRECTORY"); /* systemd.exec(5); colons between several */
	char suffix[16] = "";
	int n;

	if (worker > 0)
		(void)snprintf(suffix, sizeof(suffix), ".%u", worker);
	if (o->control)
		n = snprintf(ret_path, size, "%s%s", o->control, suffix);
	else if (folder && *folder)
		n = snprintf(ret_path, size, "%.*s/" CONTROL_NAME "%s", (int)strcspn(folder, ":"),
		             folder, suffix);
	else
		n = snprintf(ret_path, size, CONTROL_FOLDER "/" CONTROL_NAME "%s", suffix);
	return n < 0 || (size_t)n >= size ? NM_ELIMIT : NM_OK;
}

void
options_free(struct options *o)
{
	opt_table_free(&table, o);
}
