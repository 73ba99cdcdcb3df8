/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loss ledger for people. */
#include "probe/ledger_print.h"

#include <inttypes.h>

/* What is said behind a count that is no part of the sum. */
static const char *
remark(enum ledger_kind kind)
{
	switch (kind) {
	case LEDGER_KIND_NOTE:
		return " (counted above too)";
	case LEDGER_KIND_RECORDS:
		return " (of records)";
	default:
		return "";
	}
}

static void
print_causes(const char *link, const struct meter_count *counts,
             void (*print)(const char *fmt, ...))
{
	for (unsigned cause = 1; cause < LEDGER_CAUSE_MAX; cause++)
		if (counts[cause].packets || cause <= LEDGER_METERED)
			print("link %s: %-18s %14" PRIu64 " packets %19" PRIu64 " octets%s", link,
			      ledger_cause_name(cause), counts[cause].packets, counts[cause].octets,
			      remark(ledger_cause_kind(cause)));
}

void
ledger_print(const char *link, const struct meter_count *counts,
             void (*print)(const char *fmt, ...))
{
	uint64_t named = 0, seen = counts[LEDGER_SEEN].packets;

	for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++) {
		enum ledger_kind kind = ledger_cause_kind(cause);
		if (kind == LEDGER_KIND_METERED || kind == LEDGER_KIND_LOST ||
		    kind == LEDGER_KIND_LEFT_OUT)
			named += counts[cause].packets;
	}
	print_causes(link, counts, print);
	if (named == seen)
		print("link %s: the ledger closes: seen = metered + every cause", link);
	else if (named < seen)
		print("link %s: the ledger does not close: %" PRIu64
		      " packets were seen and are under no cause",
		      link, seen - named);
	else
		print("link %s: the ledger does not close: %" PRIu64
		      " packets more are counted than were seen",
		      link, named - seen);
}
