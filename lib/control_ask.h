/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks the running collector over its control socket (netmond(8), THE CONTROL SOCKET). Any thread. */
#ifndef NETMON_LIB_CONTROL_ASK_H
#define NETMON_LIB_CONTROL_ASK_H

#include <stddef.h>

/* Where netmond's socket is unless something else is said. */
#define CONTROL_FOLDER "/run/netmon"
#define CONTROL_NAME   "netmond.sock"

/* Sends a line and reads the answer, cut to `size` and ended with NUL, for at most `timeout_ms`. 0, or -errno: nobody listens at
 * `path` (-ENOENT, -ECONNREFUSED), -ETIMEDOUT. */
int control_ask(const char *path, const char *line, unsigned timeout_ms, char *ret_answer,
                size_t size);

#endif
