/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the probe makes of an endpoint, for people: netmonc --endpoint. Says which of the admin's rules meets it, what the tags that
 * running probes saved say of it, and which modules look at its port. Prints on standard output; one thread.
 */
#ifndef NETMON_PROBE_ENDPOINT_H
#define NETMON_PROBE_ENDPOINT_H

#include "probe/options.h"

/* Exit status: 0, or 1 or 2 after a log line. */
int endpoint_explain(const struct options *options);

#endif
