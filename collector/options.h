/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netmond's options: netmond.conf(5) and the command line (lib/opttable.h), and netmon.conf(5) for the store and the RRDs that
 * all programs share. Life cycle: options_parse() once at start, options_free() at the end.
 */
#ifndef NETMON_COLLECTOR_OPTIONS_H
#define NETMON_COLLECTOR_OPTIONS_H

#include "lib/opttable.h"

#include <stdbool.h>
#include <stddef.h>

struct options {
	/* listening */
	char *listen; /* name or address; "*" is every address */
	unsigned long port;
	unsigned long hello_s;
	unsigned long idle_s;
	unsigned long probes_max;
	unsigned long workers; /* processes that share the port */
	bool insecure;         /* plain TCP beyond loopback */
	/* TLS: all of the first three or none (lib/tls.h) */
	char *tls_cert;
	char *tls_key;
	char *tls_ca;
	char *tls_crl;

	/* where records go */
	char *store;       /* NULL: SQL on standard output */
	char *rrd;         /* NULL: none */
	bool shared_store; /* other netmonds write it, too */
	char *groups;      /* file of groups for RRDs without a store, or NULL */
	struct opt_list
	    overlap; /* each "PROBE/LINK, PROBE/LINK, ...": links that see the same packets */
	unsigned long rrd_minutes; /* buffered before they are written */
	char *rrdcached;           /* address of an rrdcached that writes the RRDs, or NULL */

	/* how long it stays; 0: for ever */
	unsigned long keep_flows_d;  /* days */
	unsigned long keep_ledger_d; /* days: ledger, events, versions of labels */
	unsigned long keep_rrd_d;    /* days since a host was seen */
	unsigned long store_mb;      /* cap of the store's size */

	/* the program */
	char *control; /* path of the control socket (collector/control.h), NULL: the default one */
	char *conf;    /* netmond.conf that was read, or NULL */
	char *config;  /* netmon.conf, or NULL */
	bool status;   /* ask the running netmond instead of being one */
	bool json;     /* its answer as JSON */
	bool verbose;
};

/* Parses the command line and both files into *ret_options and checks what goes together. Exits by itself for --help and
 * --version (0) and for errors (2). */
void options_parse(int argc, const char *const *argv, struct options *ret_options);
void options_free(struct options *o);

/* Path of a worker's control socket: the first one has that of the options or the default, netmond.sock in the runtime folder; the
 * others have ".1" and so on behind it. 0 or NM_ELIMIT. */
int options_control(const struct options *o, unsigned worker, char *ret_path, size_t size);

#endif
