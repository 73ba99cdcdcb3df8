/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and kinds of ledger causes. */
#include "lib/record.h"

static const struct {
	const char *name;
	enum ledger_kind kind;
} causes[LEDGER_CAUSE_MAX] = {
	[LEDGER_SEEN] = { "seen", LEDGER_KIND_SEEN },
	[LEDGER_METERED] = { "metered", LEDGER_KIND_METERED },
	[LEDGER_KERNEL_DROPPED] = { "kernel-dropped", LEDGER_KIND_LOST },
	[LEDGER_IF_DROPPED] = { "interface-dropped", LEDGER_KIND_LOST },
	[LEDGER_TRUNCATED] = { "truncated", LEDGER_KIND_LOST },
	[LEDGER_NOT_IP] = { "not-ip", LEDGER_KIND_LEFT_OUT },
	[LEDGER_BAD_LINK] = { "bad-link-layer", LEDGER_KIND_LOST },
	[LEDGER_BAD_IP] = { "bad-ip", LEDGER_KIND_LOST },
	[LEDGER_BAD_TRANSPORT] = { "bad-transport", LEDGER_KIND_LOST },
	[LEDGER_TOO_DEEP] = { "too-deep", LEDGER_KIND_LOST },
	[LEDGER_TABLE_OVERFLOW] = { "table-overflow", LEDGER_KIND_LOST },
	[LEDGER_EXPORTED] = { "exported", LEDGER_KIND_RECORDS },
	[LEDGER_EXPORT_DROPPED] = { "export-dropped", LEDGER_KIND_RECORDS },
	[LEDGER_SAMPLED_OUT] = { "sampled-out", LEDGER_KIND_LEFT_OUT },
	[LEDGER_LATE] = { "late", LEDGER_KIND_NOTE },
	[LEDGER_NO_TIME] = { "no-time", LEDGER_KIND_NOTE },
	[LEDGER_ORPHAN] = { "orphan-fragment", LEDGER_KIND_NOTE },
	[LEDGER_WORKER_FULL] = { "worker-queue-full", LEDGER_KIND_LOST },
	[LEDGER_GAP] = { "gap", LEDGER_KIND_LOST },
	[LEDGER_SPOOL_DROPPED] = { "spool-dropped", LEDGER_KIND_RECORDS },
	[LEDGER_SPOOL_DAMAGED] = { "spool-damaged", LEDGER_KIND_RECORDS },
	[LEDGER_CRASHED] = { "crashed", LEDGER_KIND_RECORDS },
	[LEDGER_DUPLICATE] = { "duplicate", LEDGER_KIND_RECORDS },
};

const char *
ledger_cause_name(unsigned cause)
{
	return cause < LEDGER_CAUSE_MAX && causes[cause].name ? causes[cause].name : "?";
}

enum ledger_kind
ledger_cause_kind(unsigned cause)
{
	return cause < LEDGER_CAUSE_MAX ? causes[cause].kind : LEDGER_KIND_NONE;
}
