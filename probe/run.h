/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run of netmonc: puts classifier, sink, meter and capture together, follows signals, and takes all down again.
 *
 * SIGINT, SIGTERM  cut all flows, deliver, end
 * SIGHUP           read the list of modules again; flows and tags stay
 * SIGUSR1          print the ledger
 */
#ifndef NETMON_PROBE_RUN_H
#define NETMON_PROBE_RUN_H

#include "probe/options.h"

/* Runs to the end of the files or until a signal. Returns the exit status: 0, or 1 after log lines. Once per process. */
int run_probe(const struct options *options);

/* --check: loads the modules and prints what would run. 0, or 2 after a log line. */
int run_check(const struct options *options);

#endif
