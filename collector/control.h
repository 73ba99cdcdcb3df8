/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket: a Unix stream socket on which other programs of this machine ask the running collector. One request is
 * one line, "COMMAND [ARGUMENT]", the answer is text up to the end of the connection; what cannot be answered begins with
 * "error: ". Commands are rows that the owner of the answer registers; "status", "metrics" and "flush" (collector/status.h,
 * collector/feed.h) are there. Life cycle: control_new(), control_command() for each, control_free(). One thread.
 */
#ifndef NETMON_COLLECTOR_CONTROL_H
#define NETMON_COLLECTOR_CONTROL_H

#include "collector/loop.h"

#include <stddef.h>
#include <stdio.h>

#define CONTROL_LINE_MAX     4096 /* octets of a request */
#define CONTROL_CLIENTS_MAX  8    /* at a time; more wait to be accepted */
#define CONTROL_COMMANDS_MAX 8
#define CONTROL_PATIENCE_S   5 /* for a client that does not ask or does not read */

struct control;

/* Makes the socket at `path` with mode 0660, in place of one that nobody listens to any more. 0, or a negative code with one
 * line in `err`. */
int control_new(const char *path, struct loop *loop, struct control **ret_control, char *err,
                size_t err_size);
/* Removes the socket; NULL is fine. */
void control_free(struct control *control);

/* `answer` writes to `out`; it must not wait. `name` is not copied. 0 or NM_ELIMIT. */
int control_command(struct control *control, const char *name,
                    void (*answer)(void *ctx, const char *argument, FILE *out), void *ctx);

#endif
