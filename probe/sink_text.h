/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sinks that print records: CSV, JSON lines, SQL statements, or the binary export frames. Ledger counts and
 * applications are in the last two only. Output that cannot be written ends the program with one line and exit status 1:
 * a probe that prints has nothing else to do. Each record is out at the latest at the sink's next tick().
 */
#ifndef NETMON_PROBE_SINK_TEXT_H
#define NETMON_PROBE_SINK_TEXT_H

#include "probe/classify.h"
#include "probe/sink.h"

#include <stddef.h>

enum sink_format { SINK_CSV, SINK_JSON, SINK_SQL, SINK_RECORDS };

/* The first line of CSV. Columns are only ever added at the end: scripts may count them. */
#define SINK_CSV_HEADER                                                                          \
	"saddr,daddr,sport,dport,protocol,packets,octets,application,confidence,reason,started," \
	"expires,link,vlan,tunnel,sampling,service,host"

struct sink_text_config {
	int fd;                              /* where to print; stays the caller's */
	const struct classifier *classifier; /* names and reasons; outlives the sink */
	const char *probe;                   /* this probe's name; not copied */
	const char *const *links;            /* names by index, at least one; not copied */
	size_t n_links;
};

/* "csv", "json", "sql" or "records". 0, or NM_ENOTFOUND. */
int sink_format_parse(const char *text, enum sink_format *ret_format);

/* On success *ret_sink is the caller's, to be freed by its own free(). -ENOMEM, or another -errno. */
int sink_text_new(enum sink_format format, const struct sink_text_config *config,
                  struct sink **ret_sink);

#endif
