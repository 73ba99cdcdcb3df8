/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tells every contact what happened to probes: one was fenced off, lost batches, left a gap, or was revoked. Each event is told
 * once. What comes within PROBES_QUIET_S after a message about the same probe waits and is summed up in the next one. Writes
 * messages, sends nothing.
 */
#ifndef NETMON_CRON_ALERT_PROBES_H
#define NETMON_CRON_ALERT_PROBES_H

#include "lib/db.h"

#include <stdint.h>

#define PROBES_QUIET_S 3600
#define PROBES_AGE_S   86400 /* older events are history */
#define PROBES_EVENTS  1000  /* in one run; the others wait */

/* `base_url` of the pages may be empty. *ret_told gets the number of probes that contacts are told of. 0, -ENOMEM or
 * NM_ESTORE. */
int probes_run(struct db *db, const char *base_url, uint32_t now_s, unsigned *ret_told);

#endif
