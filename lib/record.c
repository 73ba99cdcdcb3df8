/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of ledger causes. */
#include "lib/record.h"

static const char *const cause_names[LEDGER_CAUSE_MAX] = {
	[LEDGER_SEEN] = "seen",
	[LEDGER_METERED] = "metered",
	[LEDGER_KERNEL_DROPPED] = "kernel-dropped",
	[LEDGER_IF_DROPPED] = "interface-dropped",
	[LEDGER_TRUNCATED] = "truncated",
	[LEDGER_NOT_IP] = "not-ip",
	[LEDGER_BAD_LINK] = "bad-link-layer",
	[LEDGER_BAD_IP] = "bad-ip",
	[LEDGER_BAD_TRANSPORT] = "bad-transport",
	[LEDGER_TOO_DEEP] = "too-deep",
	[LEDGER_TABLE_OVERFLOW] = "table-overflow",
	[LEDGER_EXPORTED] = "exported",
	[LEDGER_EXPORT_DROPPED] = "export-dropped",
	[LEDGER_SAMPLED_OUT] = "sampled-out",
	[LEDGER_LATE] = "late",
	[LEDGER_NO_TIME] = "no-time",
	[LEDGER_ORPHAN] = "orphan-fragment",
};

const char *
ledger_cause_name(unsigned cause)
{
	return cause < LEDGER_CAUSE_MAX && cause_names[cause] ? cause_names[cause] : "?";
}
