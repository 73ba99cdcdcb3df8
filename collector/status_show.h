/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmond --status: asks the running collector, all workers of it, and prints what they say. One thread. */
#ifndef NETMON_COLLECTOR_STATUS_SHOW_H
#define NETMON_COLLECTOR_STATUS_SHOW_H

#include "collector/options.h"

#include <stdio.h>

/* Prints to `out`, as a table or, when the options say so, as JSON. The program's exit status: 0, or 1 after a line on standard
 * error that says why there is no answer. */
int status_show(const struct options *o, FILE *out);

#endif
