/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmonc's options. */
#include "probe/options.h"

#include "lib/err.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "lib/loopback.h"
#include "lib/opttable.h"
#include "lib/paths.h"
#include "probe/filter.h"
#include "probe/flow.h"
#include "probe/hosts.h"
#include "probe/meter.h"
#include "probe/sink_text.h"

#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_LINE_ONLY true
#define AT(field)         offsetof(struct options, field)

/* In the order of --help. Names in the file are the long ones with '_' for '-'. */
static const struct opt_row rows[] = {
	{ "interface", 'i', OPT_LIST, AT(interfaces), 0, 0, 0, "IF",
	  "capture from an interface (repeatable)", false },
	{ "read", 'r', OPT_LIST, AT(files), 0, 0, 0, "FILE",
	  "read a capture file, - for standard input (repeatable)", COMMAND_LINE_ONLY },
	{ "host", 'h', OPT_TEXT, AT(host), 0, 0, 0, "HOST", "collector (localhost)", false },
	{ "port", 'p', OPT_NUMBER, AT(port), 1, 65535, FRAME_PORT, "PORT", "its port (5000)",
	  false },
	{ "tls-cert", '\0', OPT_FILE, AT(tls_cert), 0, 0, 0, "FILE",
	  "own certificate, for TLS to the collector", false },
	{ "tls-key", '\0', OPT_FILE, AT(tls_key), 0, 0, 0, "FILE", "its key", false },
	{ "tls-ca", '\0', OPT_FILE, AT(tls_ca), 0, 0, 0, "FILE",
	  "authority of the collector's certificate", false },
	{ "tls-crl", '\0', OPT_FILE, AT(tls_crl), 0, 0, 0, "FILE", "certificates that it revoked",
	  false },
	{ "insecure", '\0', OPT_FLAG, AT(insecure), 0, 0, 0, NULL,
	  "send without TLS to a collector elsewhere", false },
	{ "spool", '\0', OPT_TEXT, AT(spool), 0, 0, 0, "DIR",
	  "keep records there until the collector has them (in memory)", false },
	{ "spool-size", '\0', OPT_NUMBER, AT(spool_mb), 1, 1ul << 24, 1024, "MB",
	  "most that it may hold (1024)", false },
	{ "spool-policy", '\0', OPT_TEXT, AT(spool_policy), 0, 0, 0, "POLICY",
	  "when it is full: drop-newest or drop-oldest (drop-newest)", false },
	{ "output", 'o', OPT_TEXT, AT(output), 0, 0, 0, "FORMAT",
	  "print records: csv, json, sql or records (binary)", COMMAND_LINE_ONLY },
	{ "probe", '\0', OPT_TEXT, AT(probe), 0, 0, 0, "NAME", "this probe's name (the host's)",
	  false },
	{ "link", '\0', OPT_LIST, AT(links), 0, 0, 0, "NAME",
	  "name of the link (the interface's or file's; repeatable)", false },
	{ "modules", '\0', OPT_TEXT, AT(modules), 0, 0, 0, "FILE", "list of classifier modules",
	  false },
	{ "module-dir", '\0', OPT_TEXT, AT(module_dir), 0, 0, 0, "DIR", "where they are", false },
	{ "services", '\0', OPT_TEXT, AT(services), 0, 0, 0, "FILE",
	  "services by the names of hosts", false },
	{ "rules", '\0', OPT_TEXT, AT(rules), 0, 0, 0, "FILE",
	  "your own rules, which beat all modules", false },
	{ "no-behaviour", '\0', OPT_FLAG, AT(no_behaviour), 0, 0, 0, NULL,
	  "no guesses from what a host does", false },
	{ "state-dir", '\0', OPT_TEXT, AT(state_dir), 0, 0, 0, "DIR",
	  "keep there what outlives a restart (with -i: $STATE_DIRECTORY)", false },
	{ "active-timeout", '\0', OPT_NUMBER, AT(active_s), 1, FLOW_TIMEOUT_MAX, FLOW_ACTIVE_S, "S",
	  "a record spans at most so many seconds (60)", false },
	{ "idle-timeout", '\0', OPT_NUMBER, AT(idle_s), 1, FLOW_TIMEOUT_MAX, FLOW_IDLE_S, "S",
	  "a flow ends after so many seconds without a packet (30)", false },
	{ "max-octets", '\0', OPT_NUMBER, AT(max_octets), 1, 4000000000, FLOW_OCTETS_MAX, "N",
	  "octets of a record (1000000)", false },
	{ "max-packets", '\0', OPT_NUMBER, AT(max_packets), 1, FLOW_RECORD_LIMIT, FLOW_PACKETS_MAX,
	  "N", "packets of a record (1000)", false },
	{ "max-flows", '\0', OPT_NUMBER, AT(max_flows), 1, 1ul << 28, FLOW_TABLE_MAX, "N",
	  "conversations at a time (1048576)", false },
	{ "snapshot", '\0', OPT_DURATION, AT(snapshot_ms), FLOW_SNAPSHOT_MIN_MS,
	  FLOW_SNAPSHOT_MAX_MS, 0, "TIME",
	  "cut all flows at each multiple of this time, 100ms to 60s (off)", false },
	{ "sample", '\0', OPT_NUMBER, AT(sampling), 1, FLOW_SAMPLING_MAX, 1, "N",
	  "meter one packet in N and scale up (1)", false },
	{ "no-decap", '\0', OPT_FLAG, AT(no_decap), 0, 0, 0, NULL,
	  "meter tunnels by their outer addresses", false },
	{ "max-fragments", '\0', OPT_NUMBER, AT(max_fragments), 1, 1ul << 20, METER_FRAGMENTS_MAX,
	  "N", "fragmented datagrams followed at a time (4096)", false },
	{ "max-tags", '\0', OPT_NUMBER, AT(max_tags), 1, 1ul << 24, 65536, "N",
	  "learned endpoints at a time (65536)", false },
	{ "max-names", '\0', OPT_NUMBER, AT(max_names), 1, 1ul << 24, HOSTS_NAMES_MAX, "N",
	  "names of hosts at a time (65536)", false },
	{ "snaplen", '\0', OPT_NUMBER, AT(snaplen), 64, 262144, 2048, "N",
	  "octets taken of a packet of an interface (2048)", false },
	{ "buffer", '\0', OPT_NUMBER, AT(buffer_mb), 1, 2047, 64, "MB",
	  "kernel buffer of each interface (64)", false },
	{ "workers", '\0', OPT_NUMBER, AT(workers), 1, OPTIONS_WORKERS_MAX, 1, "N",
	  "threads that share the packets of each interface (1)", false },
	{ "no-sandbox", '\0', OPT_FLAG, AT(no_sandbox), 0, 0, 0, NULL,
	  "do without the system call filter and the file filter", false },
	{ "user", '\0', OPT_TEXT, AT(user), 0, 0, 0, "NAME",
	  "become this user once the interfaces are open", false },
	{ "filter", '\0', OPT_TEXT, AT(filter), 0, 0, 0, "BPF", "same as the filter's words",
	  false },
	{ "config", '\0', OPT_TEXT, AT(config), 0, 0, 0, "FILE", "configuration (netmonc.conf(5))",
	  COMMAND_LINE_ONLY },
	{ "check", '\0', OPT_FLAG, AT(check), 0, 0, 0, NULL,
	  "check configuration and modules, say what would run, exit", COMMAND_LINE_ONLY },
	{ "explain", '\0', OPT_FLAG, AT(explain), 0, 0, 0, NULL,
	  "say step by step what makes each verdict of a capture file", COMMAND_LINE_ONLY },
	{ "endpoint", '\0', OPT_TEXT, AT(endpoint), 0, 0, 0, "ADDR:PORT",
	  "say what rules and saved tags make of an endpoint, exit", COMMAND_LINE_ONLY },
	{ "verbose", 'v', OPT_COUNT, AT(verbose), 0, 0, 0, NULL, "say more (twice: everything)",
	  COMMAND_LINE_ONLY },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct opt_table table = {
	.program = "netmonc",
	.words = "[FILTER WORDS]",
	.rows = rows,
	.n_rows = N_ROWS,
	.file = "netmonc.conf",
	.file_offset = AT(config),
};

/* --- checks ------------------------------------------------------------------------------------------------------ */

/* The words behind the options, joined, are the filter. */
static void
take_filter_words(struct options *o, const char **words)
{
	size_t size = 1;

	if (!words || !*words)
		return;
	for (const char **w = words; *w; w++)
		size += strlen(*w) + 1;
	free(o->filter);
	o->filter = malloc(size);
	if (!o->filter)
		log_fatal(1, "out of memory");
	char *end = o->filter;
	for (const char **w = words; *w; w++)
		end += snprintf(end, size - (size_t)(end - o->filter), "%s%s",
		                w == words ? "" : " ", *w);
}

/* Tries the filter as an Ethernet interface would have it. */
static void
check_filter(const struct options *o)
{
	struct bpf_program program;
	char err[512];

	if (!o->filter)
		return;
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	if (!dead)
		log_fatal(1, "out of memory");
	if (filter_compile(dead, o->filter, &program, err, sizeof(err)) < 0)
		opts_usage("filter \"%s\": %s", o->filter, err);
	pcap_freecode(&program);
	pcap_close(dead);
}

/* Names go over the wire, into the store and onto pages. */
static void
check_name(const char *what, const char *name, size_t max)
{
	size_t len = strlen(name);

	for (const char *c = name; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			opts_usage("%s must be printable ASCII", what);
	if (len == 0 || len > max)
		opts_usage("%s must have 1 to %zu characters", what, max);
}

static void
check_endpoint(const struct options *o)
{
	struct addr addr;
	uint16_t port;

	if (addr_port_parse(o->endpoint, &addr, &port) < 0)
		opts_usage(
		    "--endpoint must be ADDR:PORT such as 192.0.2.1:80 or [2001:db8::1]:80, not "
		    "\"%s\"",
		    o->endpoint);
}

static void
check_sources(const struct options *o)
{
	size_t n_links = o->interfaces.n ? o->interfaces.n : 1;

	if (o->endpoint) {
		check_endpoint(o);
		return;
	}

	/* with a spool there is something to do: what is in it goes to the collector */
	if (!o->interfaces.n && !o->files.n && (!o->spool || o->output))
		opts_usage("nothing to do: name an interface with -i or a capture file with -r");
	if (o->interfaces.n && o->files.n)
		opts_usage("-i and -r exclude each other");
	if (o->interfaces.n > METER_LINKS_MAX)
		opts_usage("more than %d interfaces: start another netmonc", METER_LINKS_MAX);
	if (o->links.n > n_links)
		opts_usage("%zu names given with --link for %zu %s", o->links.n, n_links,
		           n_links == 1 ? "link" : "links");
	for (size_t i = 0; i < o->links.n; i++)
		check_name("--link", o->links.v[i], LINK_NAME_MAX - 1);
}

static void
check_tls(const struct options *o)
{
	if (!o->tls_cert != !o->tls_key || !o->tls_cert != !o->tls_ca || (o->tls_crl && !o->tls_ca))
		opts_usage("--tls-cert, --tls-key and --tls-ca go together, --tls-crl with them");
	if (!o->tls_cert && !o->insecure && !o->output && !o->explain && o->host &&
	    loopback_is_beyond(o->host))
		opts_usage("collector %s is beyond this machine, and without TLS everybody between "
		           "can read and forge records: netmon probe add, there, makes "
		           "certificates, or say --insecure",
		           o->host);
}

/* Records that are printed need no spool: what the file says of it is for other runs. */
static void
check_spool(struct options *o)
{
	if (o->output || o->explain || o->endpoint) {
		free(o->spool);
		o->spool = NULL;
		return;
	}
	if (!o->spool_policy)
		return;
	if (strcmp(o->spool_policy, "drop-newest") != 0 &&
	    strcmp(o->spool_policy, "drop-oldest") != 0)
		opts_usage("--spool-policy must be drop-newest or drop-oldest, not \"%s\"",
		           o->spool_policy);
	if (!o->spool)
		opts_usage("--spool-policy goes with --spool: name the spool's folder");
}

static void
check_output(const struct options *o)
{
	enum sink_format format;

	if (o->explain && !o->files.n)
		opts_usage("--explain is for capture files: name one with -r");
	if (o->explain && (o->output || o->workers > 1))
		opts_usage("--explain goes without --output and with one worker");

	if (!o->output)
		return;
	if (sink_format_parse(o->output, &format) < 0)
		opts_usage("--output must be csv, json, sql or records, not \"%s\"", o->output);
	if (format == SINK_RECORDS && !o->check && isatty(STDOUT_FILENO))
		opts_usage("--output=records is binary: send it to a file or a pipe, "
		           "not to a terminal");
}

/* --- defaults ---------------------------------------------------------------------------------------------------- */

/* A link without a name has its interface's, or its first file's without folders; what a name must not hold becomes
 * '_'. */
static void
default_link(struct options *o, const char *source)
{
	const char *slash = strrchr(source, '/');
	const char *base = strcmp(source, "-") == 0 ? "stdin" : slash ? slash + 1 : source;
	char name[LINK_NAME_MAX];

	(void)snprintf(name, sizeof(name), "%s", *base ? base : source);
	for (char *c = name; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '_';
	opt_list_add(&o->links, "--link", name);
}

static void
default_path(char **at, enum paths_kind kind, const char *name)
{
	char path[PATHS_MAX];

	if (*at)
		return;
	if (paths_find(kind, name, path, sizeof(path)) < 0)
		log_fatal(1, "the path of this program is too long");
	*at = opt_copy(path);
}

/* A file that need not be there, unless it was asked for. */
static void
default_file(char **at, const char *name)
{
	bool asked = *at != NULL;

	default_path(at, PATHS_CONFIG, name);
	if (!asked && access(*at, F_OK) < 0) {
		free(*at);
		*at = NULL;
	}
}

static void
fill_defaults(struct options *o)
{
	char host[FRAME_NAME_MAX + 1] = "";

	if (!o->host)
		o->host = opt_copy("localhost");
	if (!o->probe) {
		(void)gethostname(host, sizeof(host) - 1);
		o->probe = opt_copy(*host ? host : "probe");
	}
	default_path(&o->modules, PATHS_CONFIG, "modules");
	default_path(&o->module_dir, PATHS_MODULES, NULL);
	default_file(&o->services, "services.conf");
	default_file(&o->rules, "rules.conf");
	const char *state = getenv("STATE_DIRECTORY");
	if (!o->state_dir && o->interfaces.n && state && *state)
		o->state_dir = opt_copy(state);
	for (size_t i = o->links.n; i < o->interfaces.n; i++)
		default_link(o, o->interfaces.v[i]);
	if (o->links.n == 0 && o->files.n)
		default_link(o, o->files.v[0]);
}

/* --- entry ------------------------------------------------------------------------------------------------------- */

void
options_parse(int argc, const char *const *argv, struct options *ret_options)
{
	bool given[N_ROWS];

	memset(ret_options, 0, sizeof(*ret_options));
	poptContext con = opt_table_line(&table, argc, argv, ret_options, given);
	if (ret_options->files.n) /* what the file says of interfaces is for a run that has some */
		for (size_t i = 0; i < N_ROWS; i++)
			given[i] |= rows[i].offset == AT(interfaces) ||
			            rows[i].offset == AT(workers) || rows[i].offset == AT(spool) ||
			            rows[i].offset == AT(spool_policy);
	opt_table_file(&table, ret_options, given);
	take_filter_words(ret_options, poptGetArgs(con));
	poptFreeContext(con);
	check_sources(ret_options);
	check_output(ret_options);
	check_tls(ret_options);
	check_spool(ret_options);
	fill_defaults(ret_options);
	check_name("--probe", ret_options->probe, FRAME_NAME_MAX);
	check_filter(ret_options);
}

void
options_free(struct options *o)
{
	opt_table_free(&table, o);
}

void
options_print(const struct options *o)
{
	if (o->config)
		printf("configuration  %s\n", o->config);
	for (size_t i = 0; i < o->interfaces.n; i++)
		printf("capture        interface %s as link \"%s\"\n", o->interfaces.v[i],
		       o->links.v[i]);
	for (size_t i = 0; i < o->files.n; i++)
		printf("capture        file %s as link \"%s\"\n", o->files.v[i], o->links.v[0]);
	if (!o->interfaces.n && !o->files.n)
		printf("capture        nothing: what is in the spool is delivered\n");
	printf("filter         %s\n", o->filter ? o->filter : "none");
	if (o->explain)
		printf("records        explained on standard output\n");
	else if (o->output)
		printf("records        %s to standard output\n", o->output);
	else
		printf("records        to %s port %lu as probe \"%s\", %s\n", o->host, o->port,
		       o->probe, o->tls_cert ? "with TLS" : "without TLS");
	if (o->spool)
		printf("spool          %s, at most %lu MB, %s when it is full\n", o->spool,
		       o->spool_mb, o->spool_policy ? o->spool_policy : "drop-newest");
	printf("flows          active %lu s, idle %lu s, %lu octets, %lu packets, at most %lu\n",
	       o->active_s, o->idle_s, o->max_octets, o->max_packets, o->max_flows);
	printf("fragments      at most %lu datagrams at a time\n", o->max_fragments);
	if (o->snapshot_ms)
		printf("snapshot       all flows are cut every %lu ms\n", o->snapshot_ms);
	if (o->sampling > 1)
		printf("sampling       one packet in %lu is metered, and scaled up\n", o->sampling);
	if (o->no_decap)
		printf("tunnels        by their outer addresses\n");
	if (o->workers > 1)
		printf("workers        %lu threads share the packets\n", o->workers);
	if (o->no_sandbox)
		printf("sandbox        without file and system call filter\n");
	printf("modules        %s in %s\n", o->modules, o->module_dir);
	printf("services       %s\n", o->services ? o->services : "none");
	printf("rules          %s\n", o->rules ? o->rules : "none");
	if (o->no_behaviour)
		printf("behaviour      does not count\n");
	printf("state          %s\n", o->state_dir ? o->state_dir : "not kept");
}
