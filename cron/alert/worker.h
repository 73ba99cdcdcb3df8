/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process that sends one message and says how it went. Life cycle: worker_start(), poll worker.fd for reading until
 * worker.deadline_ms, then worker_end(), always.
 */
#ifndef NETMON_CRON_ALERT_WORKER_H
#define NETMON_CRON_ALERT_WORKER_H

#include "cron/alert/send.h"

#include <stdint.h>
#include <sys/types.h>

struct worker {
	pid_t pid;
	int fd;              /* readable when it has ended or said its result */
	int64_t deadline_ms; /* worker_now_ms() when it has to be ended */
};

/* Monotonic milliseconds. */
int64_t worker_now_ms(void);

/* Starts a process that does `job`. 0 or -errno. */
int worker_start(const struct send_context *ctx, const struct send_job *job,
                 struct worker *ret_worker);
/* Reads the result, or ends the process when it has none (its time is up), and waits for it; the descriptor is closed. */
void worker_end(struct worker *worker, struct send_result *ret_result);

#endif
