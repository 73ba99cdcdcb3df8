/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The printing sinks that work in batches, as the exporter does: SQL statements and export frames. Made by
 * sink_text_new().
 */
#ifndef NETMON_PROBE_SINK_BATCH_H
#define NETMON_PROBE_SINK_BATCH_H

#include "probe/sink_text.h"

/* `format` is SINK_SQL or SINK_RECORDS; otherwise as sink_text_new(). */
int sink_batch_new(enum sink_format format, const struct sink_text_config *config,
                   struct sink **ret_sink);

#endif
