/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happened to probes that somebody should look at, as pages and alarms read it: a probe was fenced off, lost batches, left
 * a gap, had its certificate revoked, or was accepted again. Written by db_probe_event_add() (lib/db_probe.h).
 */
#ifndef NETMON_LIB_DB_EVENT_H
#define NETMON_LIB_DB_EVENT_H

#include "lib/db.h"
#include "lib/record.h"

#include <stddef.h>
#include <stdint.h>

#define DB_EVENT_DETAIL_MAX 256

struct probe_event {
	int64_t id;    /* higher for what came later */
	uint32_t at_s; /* UTC */
	char probe[LINK_NAME_MAX];
	char event[16]; /* "fenced", "lost", "gap", "expired", "expiring", "revoked", "accepted" */
	char detail[DB_EVENT_DETAIL_MAX];
};

/* Calls `each` for at most `limit` events, the newest first; a value other than 0 ends the walk and is returned. 0 or
 * NM_ESTORE. */
int db_event_newest(struct db *db, size_t limit,
                    int (*each)(void *ctx, const struct probe_event *event), void *ctx);
/* Events that nobody was told of (ALERT_PROBE in the log, lib/db_alert.h), but for 'accepted', by probe, then the oldest first. */
struct db_event_untold {
	uint32_t since_s; /* none that is older */
	uint32_t quiet_s; /* none of a probe of which somebody was told at that time or later */
	size_t limit;
};
int db_event_untold(struct db *db, const struct db_event_untold *untold,
                    int (*each)(void *ctx, const struct probe_event *event), void *ctx);

#endif
