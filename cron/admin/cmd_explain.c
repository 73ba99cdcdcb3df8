/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netmon explain: why flows have the application that they have. What the probe makes of something is the probe's to say, so
 * that is left to netmonc; what an endpoint was counted for is in the store.
 */
#include "cron/admin/cmd.h"
#include "lib/addr.h"
#include "lib/db_flow.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOURS_MAX    (24UL * 366)
#define HOURS        24
#define FIXED_WORDS  4
#define STATE_FOLDER "/var/lib/netmon/probe"

/* --- the probe's part --------------------------------------------------------------------------------------------- */

/* Runs netmonc with these words, without a shell, and waits for it. Its exit status, 1 after a log line. */
static int
run_netmonc(const char *const *words)
{
	char path[PATHS_MAX];
	int status = 0;

	if (paths_find(PATHS_PROGRAMS, "netmonc", path, sizeof(path)) < 0 ||
	    access(path, X_OK) < 0) {
		log_error("%s: it is netmonc that explains, and it is not there", path);
		return 1;
	}
	(void)fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		/* execv() takes its words as not const, and leaves them alone */
		(void)execv(path, (char *const *)(uintptr_t)words);
		log_error("%s: %s", path, nm_strerror(-errno));
		_exit(1);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		log_error("%s: %s", path, nm_strerror(-errno));
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int
explain_file(int argc, const char *const *argv)
{
	const char **words = calloc((size_t)argc + FIXED_WORDS + 1, sizeof(*words));
	size_t n = 0;

	if (!words)
		log_fatal(1, "out of memory");
	words[n++] = "netmonc";
	words[n++] = "--explain";
	words[n++] = "-r";
	words[n++] = argv[0];
	for (int i = 1; i < argc; i++)
		words[n++] = argv[i];
	int status = run_netmonc(words);
	free(words);
	return status;
}

/* --- the store's part --------------------------------------------------------------------------------------------- */

/* The table begins with its first row: what is not used has none. */
struct uses {
	struct cmd_table table;
	size_t n;
};

static int
list_use(void *ctx, const struct db_endpoint_use *use)
{
	static const char *const headings[] = { "APPLICATION", "PROTOCOL", "FLOWS",
		                                "PACKETS",     "OCTETS",   "LAST (UTC)" };
	struct uses *uses = ctx;
	char protocol[8], flows[24], packets[24], octets[24], last[32] = "";
	time_t at = (time_t)use->last_s;
	struct tm utc;

	(void)snprintf(protocol, sizeof(protocol), "%u", use->protocol);
	(void)snprintf(flows, sizeof(flows), "%" PRIu64, use->flows);
	(void)snprintf(packets, sizeof(packets), "%" PRIu64, use->packets);
	(void)snprintf(octets, sizeof(octets), "%" PRIu64, use->octets);
	if (gmtime_r(&at, &utc))
		(void)strftime(last, sizeof(last), "%Y-%m-%d %H:%M:%S", &utc);
	if (uses->n++ == 0)
		cmd_table_begin(&uses->table, headings, sizeof(headings) / sizeof(headings[0]));
	cmd_table_row(&uses->table, (const char *const[]){ use->application, protocol, flows,
	                                                   packets, octets, last });
	return 0;
}

static unsigned long
hours_of(const struct cmd_context *ctx)
{
	const char *text = cmd_value(ctx, "hours");

	return text ? opts_number("--hours", text, 1, HOURS_MAX) : HOURS;
}

static int
list_uses(struct cmd_context *ctx, const struct addr *addr, uint16_t port)
{
	unsigned long hours = hours_of(ctx);
	struct uses uses = { .n = 0 };

	time_t since = time(NULL) - (time_t)(hours * 3600);
	int rc = db_flow_endpoint(ctx->db, addr, port, (uint32_t)since, list_use, &uses);
	printf("in the store, flows of the last %lu hours with this end:%s\n", hours,
	       uses.n || rc < 0 ? "" : " none");
	if (uses.n)
		cmd_table_end(&uses.table);
	return rc < 0 ? cmd_fail(ctx, "flows", rc) : 0;
}

/* The store comes second: without it, what the probe says is still worth something. */
static int
explain_endpoint(struct cmd_context *ctx, const char *text, const struct addr *addr, uint16_t port)
{
	const char *state = cmd_value(ctx, "state-dir");
	char err[512];
	int status = run_netmonc((const char *const[]){
	    "netmonc", "--endpoint", text, "--state-dir", state ? state : STATE_FOLDER, NULL });

	if (db_open(ctx->store, DB_READ, &ctx->db, err, sizeof(err)) < 0) {
		log_error("%s", err);
		return 1;
	}
	int listed = list_uses(ctx, addr, port);
	db_close(ctx->db);
	ctx->db = NULL;
	return status ? status : listed;
}

static int
explain(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct addr addr;
	uint16_t port;

	(void)hours_of(ctx); /* refused before anything is printed */
	if (access(argv[0], F_OK) == 0 || strcmp(argv[0], "-") == 0)
		return explain_file(argc, argv);
	if (addr_port_parse(argv[0], &addr, &port) < 0)
		opts_usage(
		    "\"%s\" is neither a capture file nor an ADDR:PORT such as 192.0.2.1:80 or "
		    "[2001:db8::1]:80",
		    argv[0]);
	if (argc > 1)
		opts_usage("filter words are for capture files");
	return explain_endpoint(ctx, argv[0], &addr, port);
}

static const struct cmd_option options[] = {
	{ "hours", "N", "how far back the store is looked into (24)" },
	{ "state-dir", "DIR", "where probes keep their state (" STATE_FOLDER ")" },
	{ NULL, NULL, NULL },
};

static const struct cmd_verb verbs[] = {
	{ "", "FILE [FILTER WORDS] | ADDR:PORT",
	  "step by step, what decoding, tags, modules and rules make of a capture or of an endpoint",
	  1, -1, CMD_NO_STORE, options, explain },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_explain = { "explain", "why flows have the application that they have",
	                         verbs };
