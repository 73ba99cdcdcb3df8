/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sends what waits. Each message goes out in a process of its own, some at a time, each with a time limit, so that a dead
 * server costs its own messages a try and nobody else anything. A message that was taken is settled in the store at once;
 * a run that is killed between the two sends it again, under the same message id. Messages of one rule to one contact keep
 * their order.
 */
#ifndef NETMON_CRON_ALERT_OUTBOX_H
#define NETMON_CRON_ALERT_OUTBOX_H

#include "cron/alert/send.h"

#include <stddef.h>
#include <stdint.h>

#define OUTBOX_TRIES_MAX 20 /* then it is given up: about 7 hours after the first */

struct outbox_options {
	struct send_context send;
	uint32_t now_s;
	unsigned budget_s; /* no message is begun later than this after the start */
};

struct outbox_counts {
	unsigned sent;
	unsigned failed; /* tries, those that were given up too */
	unsigned left;   /* due, but not begun */
};

/* 0 or NM_ESTORE, -errno. Blocks for at most budget_s and one message's limit. */
int outbox_run(struct db *db, const struct outbox_options *options,
               struct outbox_counts *ret_counts);

/* When a message is to be tried again that failed `attempts` times before and once more at `now_s`: 1, 1, 2, 4, 8, 15,
 * then every 30 minutes, not before the receiver's `retry_after_s`; 0: never again. */
uint32_t outbox_next_try(unsigned attempts, uint32_t now_s, unsigned retry_after_s);

/* One message to one contact now, outside the store; in a process of its own as above. */
void outbox_send_one(const struct send_context *ctx, const struct send_job *job,
                     struct send_result *ret_result);

#endif
