/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netmonc's options: one table makes the command line, the configuration file and the help. Life cycle: options_parse()
 * once at start, options_free() at the end.
 *
 * The command line wins over the file, the file over the defaults. A list that is on the command line replaces the
 * file's. Anything wrong is one line on standard error and exit status 2.
 */
#ifndef NETMON_PROBE_OPTIONS_H
#define NETMON_PROBE_OPTIONS_H

#include "lib/opttable.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_WORKERS_MAX 64

struct options {
	/* where packets come from: interfaces or files, never both, never neither */
	struct opt_list interfaces;
	struct opt_list files;
	char *filter;            /* BPF; NULL: everything */
	unsigned long snaplen;   /* octets of a packet that a live capture takes */
	unsigned long buffer_mb; /* kernel's ring of each interface */
	unsigned long workers;   /* threads that share each interface */
	char *user;              /* to become after the interfaces are open, or NULL */
	bool no_sandbox;         /* without seccomp and Landlock */

	/* where records go: to the collector, or in a format to standard output */
	char *host;
	unsigned long port;
	char *output;   /* "csv", "json", "sql", "records", or NULL */
	bool insecure;  /* plain TCP beyond loopback */
	char *tls_cert; /* all three or none (lib/tls.h) */
	char *tls_key;
	char *tls_ca;
	char *tls_crl; /* or NULL */
	char *spool;   /* folder that keeps records until the collector has them; NULL: in memory */
	unsigned long spool_mb; /* its cap */
	char *spool_policy;     /* when it is full: "drop-newest" or "drop-oldest" */

	/* names */
	char *probe;
	struct opt_list links; /* one for each interface, or one for all files */

	/* classification */
	char *modules;     /* list file */
	char *module_dir;  /* folder of the shared objects */
	char *services;    /* services file (netmon-services(5)), or NULL for none */
	char *rules;       /* the admin's rules (netmon-rules(5)), or NULL for none */
	bool no_behaviour; /* without guesses from what a host does */
	unsigned long max_tags;
	unsigned long max_names; /* names of hosts that are known at a time */
	char *state_dir;         /* what outlives a restart is kept there; NULL: nowhere */

	/* flows */
	unsigned long active_s;
	unsigned long idle_s;
	unsigned long max_octets;
	unsigned long max_packets;
	unsigned long max_flows;
	unsigned long max_fragments; /* fragmented datagrams that are followed at a time */
	unsigned long snapshot_ms;   /* 0: none */
	unsigned long sampling;      /* one packet in so many */
	bool no_decap;               /* meter the outermost IP header */

	/* the program */
	char *config; /* the file that was read, or NULL */
	bool check;
	char *endpoint; /* ADDR:PORT to explain instead of a run, or NULL */
	bool explain;   /* say how the verdicts come about, instead of records */
	unsigned long verbose;
};

/* Parses the command line and the configuration file into *ret_options, checks names, combinations and the filter, and
 * fills in what has a default. Exits by itself for --help and --version (0) and for errors (2). */
void options_parse(int argc, const char *const *argv, struct options *ret_options);
void options_free(struct options *o);

/* Prints on standard output what would run, for --check. */
void options_print(const struct options *o);

#endif
