/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes and their links: what each link carried in the last 24 hours, and what became of every packet. */
#include "lib/db_event.h"
#include "lib/db_labels.h"
#include "lib/db_ledger.h"
#include "lib/err.h"
#include "web/format.h"
#include "web/html.h"
#include "web/page.h"
#include "web/pages.h"

#include <inttypes.h>
#include <stdio.h>

#define N(a)       (sizeof(a) / sizeof((a)[0]))
#define LINKS_MAX  500 /* on one page; more are counted */
#define EVENTS_MAX 50  /* the newest */
#define LABELS_MAX 50  /* changes of labels on it: the newest */

/* What a cause means, in the words of netmonc(8). */
static const char *const meanings[LEDGER_CAUSE_MAX] = {
	[LEDGER_SEEN] = "Offered by the kernel, behind the filter.",
	[LEDGER_METERED] = "In a flow.",
	[LEDGER_KERNEL_DROPPED] =
	    "The kernel's buffer was full: give netmonc more --buffer or --workers.",
	[LEDGER_IF_DROPPED] = "The interface or its driver dropped them.",
	[LEDGER_TRUNCATED] = "Cut before the headers were whole: give netmonc more --snaplen.",
	[LEDGER_NOT_IP] = "ARP, spanning tree and their like: no loss.",
	[LEDGER_BAD_LINK] = "The link layer does not decode.",
	[LEDGER_BAD_IP] = "The IP header does not decode.",
	[LEDGER_BAD_TRANSPORT] = "The header of TCP, UDP or a tunnel does not decode.",
	[LEDGER_TOO_DEEP] = "More headers than netmonc follows.",
	[LEDGER_TABLE_OVERFLOW] =
	    "The flow table was full: in the totals, but attributed to nobody. Give netmonc more --max-flows.",
	[LEDGER_EXPORTED] = "Of records that were sent to the collector.",
	[LEDGER_EXPORT_DROPPED] =
	    "Of records that were lost because the collector was away for too long.",
	[LEDGER_SAMPLED_OUT] = "Left out on purpose, by --sample: no loss, counts are scaled up.",
	[LEDGER_LATE] = "Their time stamp was behind an earlier packet's. They are metered.",
	[LEDGER_NO_TIME] = "They had no time stamp. They are metered.",
	[LEDGER_WORKER_FULL] =
	    "The queue to the worker that counts their flow was full: it is too slow.",
	[LEDGER_GAP] =
	    "Passed by the interface while no probe counted, by its own counters: at most so many.",
	[LEDGER_SPOOL_DROPPED] =
	    "Of records that the probe's spool had no room for: give it more, or the collector back.",
	[LEDGER_SPOOL_DAMAGED] = "Of records that the probe could not read back from its disk.",
	[LEDGER_CRASHED] = "In flows that ended with their probe: they are in no record.",
	[LEDGER_DUPLICATE] = "Another link that overlaps has them too: they are in totals once.",
	[LEDGER_ORPHAN] =
	    "Fragments whose first one was not seen. They are metered, without ports.",
};

struct writing {
	struct web *web;
	struct buf *out;
	size_t links;
	size_t labels;
	size_t events;
};

static void
put_cause(const struct link_ledger *l, unsigned cause, struct buf *out)
{
	char text[FORMAT_MAX];
	bool lost = ledger_cause_kind(cause) == LEDGER_KIND_LOST ||
	            (ledger_cause_kind(cause) == LEDGER_KIND_RECORDS && cause != LEDGER_EXPORTED &&
	             cause != LEDGER_DUPLICATE);

	buf_printf(out, "<tr><th scope=\"row\" class=\"name\">%s%s%s<small>%s</small></th>",
	           lost ? "<b class=\"state failed\">" : "", ledger_cause_name(cause),
	           lost ? "</b>" : "", meanings[cause] ? meanings[cause] : "");
	buf_printf(out, "<td data-label=\"Packets\">%" PRIu64 "</td>", l->packets[cause]);
	buf_printf(
	    out, "<td data-label=\"Of seen\">%s</td>",
	    ledger_cause_kind(cause) == LEDGER_KIND_RECORDS
		? ""
		: format_coverage(l->packets[cause], l->packets[LEDGER_SEEN], text, sizeof(text)));
	buf_printf(out, "<td data-label=\"Volume\">%s</td></tr>\n",
	           format_volume(l->octets[cause], text, sizeof(text)));
}

/* Whether every packet is accounted for, and when the probe was heard. */
static void
put_closing(const struct writing *w, const struct link_ledger *l, struct buf *out)
{
	int64_t gap = link_ledger_gap(l), age_s = w->web->now_s - (int64_t)l->last_seen_s;
	char text[FORMAT_MAX];

	struct usage_coverage c = { .sampling = 1 };

	usage_coverage_add(&c, l);
	if (c.carried) {
		bool poor = (double)c.metered < 0.999 * (double)c.carried;
		buf_printf(out, "Coverage: <b%s>%s</b>. ", poor ? " class=\"state failed\"" : "",
		           format_coverage(c.metered, c.carried, text, sizeof(text)));
	}
	if (l->packets[LEDGER_SEEN] && gap == 0)
		buf_text(out, "Every packet is accounted for. ");
	else if (gap != 0)
		buf_printf(out, "<b class=\"state failed\">%" PRId64 " packets %s.</b> ",
		           gap > 0 ? gap : -gap,
		           gap > 0 ? "were seen and are under no cause"
		                   : "more are under causes than were seen");
	buf_printf(out, "The probe was heard %s ago.",
	           format_age(age_s > 0 ? (uint64_t)age_s : 0, text, sizeof(text)));
}

static int
put_link(void *ctx, const struct link_ledger *l)
{
	struct writing *w = ctx;
	struct buf rows = { 0 }, closing = { 0 };
	char id[32], heading[2 * LINK_NAME_MAX + 8];

	if (w->links++ >= LINKS_MAX)
		return 0;
	for (unsigned cause = 1; cause < LEDGER_CAUSE_MAX; cause++)
		if (l->packets[cause])
			put_cause(l, cause, &rows);
	put_closing(w, l, &closing);
	(void)snprintf(id, sizeof(id), "link-%" PRId64, l->id);
	(void)snprintf(heading, sizeof(heading), "%s · %s", l->probe, l->link);
	const struct tmpl_value values[] = {
		{ SLOT_ID, AS_TEXT, id },
		{ SLOT_HEADING, AS_TEXT, heading },
		{ SLOT_HEAD, AS_HTML,
		  rows.len
		      ? "<tr><th scope=\"col\" class=\"name\">Cause</th><th scope=\"col\">Packets</th>"
		        "<th scope=\"col\">Of seen</th><th scope=\"col\">Volume</th></tr>"
		      : "" },
		{ SLOT_ROWS, AS_HTML, buf_str(&rows) },
		{ SLOT_MORE, AS_HTML, buf_str(&closing) },
		{ SLOT_EMPTY, AS_TEXT,
		  rows.len ? "" : "Nothing was counted in the last 24 hours." },
	};
	tmpl_render(w->web->tmpl, TMPL_TABLE, values, N(values), w->out);
	buf_free(&rows);
	buf_free(&closing);
	return 0;
}

/* --- labels ------------------------------------------------------------------------------------------------------- */

static int
put_labels(void *ctx, const struct labels_version *v)
{
	struct writing *w = ctx;

	if (w->labels++ >= LABELS_MAX)
		return 1;
	buf_text(w->out, "<tr><th scope=\"row\" class=\"name\">");
	html_text(w->out, v->probe);
	buf_printf(w->out,
	           "</th><td data-label=\"Version\"><code>%08" PRIx32
	           "</code></td><td data-label=\"Since\">",
	           v->labels);
	html_time(w->out, v->since_s);
	buf_text(w->out, "</td></tr>\n");
	return 0;
}

/* Which modules, services and rules a probe goes by changes what its traffic is called: a jump in a graph may be that. */
static int
put_versions(struct writing *w)
{
	struct buf rows = { 0 };
	struct buf *page = w->out;

	w->out = &rows;
	int rc = db_labels_each(w->web->db, 0, put_labels, w);
	w->out = page;
	const struct tmpl_value values[] = {
		{ SLOT_ID, AS_TEXT, "labels" },
		{ SLOT_HEADING, AS_TEXT, "Labels" },
		{ SLOT_HEAD, AS_HTML,
		  "<tr><th scope=\"col\" class=\"name\">Probe</th><th scope=\"col\">Version</th>"
		  "<th scope=\"col\">Since</th></tr>" },
		{ SLOT_ROWS, AS_HTML, buf_str(&rows) },
		{ SLOT_MORE, AS_TEXT,
		  "A version stands for a probe's modules, services and rules. What traffic is called may "
		  "change with it: compare the time of a jump in a graph with these." },
		{ SLOT_EMPTY, AS_TEXT, "" },
	};
	if (rc >= 0 && w->labels)
		tmpl_render(w->web->tmpl, TMPL_TABLE, values, N(values), page);
	if (!buf_ok(&rows))
		page->failed = true;
	buf_free(&rows);
	return rc < 0 ? rc : NM_OK;
}

/* --- events -------------------------------------------------------------------------------------------------------- */

static int
put_event(void *ctx, const struct probe_event *e)
{
	struct writing *w = ctx;

	w->events++;
	buf_text(w->out, "<tr><th scope=\"row\" class=\"name\">");
	html_text(w->out, e->probe);
	buf_text(w->out, "<small>");
	html_text(w->out, e->detail);
	buf_text(w->out, "</small></th><td data-label=\"Event\">");
	html_text(w->out, e->event);
	buf_text(w->out, "</td><td data-label=\"When\">");
	html_time(w->out, e->at_s);
	buf_text(w->out, "</td></tr>\n");
	return 0;
}

/* What happened to probes: fenced off, batches lost, gaps, certificates revoked, accepted again. */
static int
put_events(struct writing *w)
{
	struct buf rows = { 0 };
	struct buf *page = w->out;

	w->out = &rows;
	int rc = db_event_newest(w->web->db, EVENTS_MAX, put_event, w);
	w->out = page;
	const struct tmpl_value values[] = {
		{ SLOT_ID, AS_TEXT, "events" },
		{ SLOT_HEADING, AS_TEXT, "Events" },
		{ SLOT_HEAD, AS_HTML,
		  w->events
		      ? "<tr><th scope=\"col\" class=\"name\">Probe</th><th scope=\"col\">Event</th>"
		        "<th scope=\"col\">When</th></tr>"
		      : "" },
		{ SLOT_ROWS, AS_HTML, buf_str(&rows) },
		{ SLOT_MORE, AS_TEXT, "" },
		{ SLOT_EMPTY, AS_TEXT,
		  w->events ? ""
		            : "No probe was fenced off, lost batches, left a gap or was revoked." },
	};
	if (rc >= 0)
		tmpl_render(w->web->tmpl, TMPL_TABLE, values, N(values), page);
	if (!buf_ok(&rows))
		page->failed = true;
	buf_free(&rows);
	return rc < 0 ? rc : NM_OK;
}

int
page_probes(struct web *web, const struct request *req, struct response *resp)
{
	struct buf tables = { 0 }, main = { 0 };
	struct writing w = { .web = web, .out = &tables };
	char text[256] =
	    "<p class=\"coverage\">What each link carried in the last 24 hours, and what became of "
	    "every packet.</p>";
	int rc = db_ledger_each(web->db, USAGE_24HR, put_link, &w);

	/* before the first probe there is nothing to tell of */
	if (rc == NM_OK && w.links > 0)
		rc = put_events(&w);
	if (rc == NM_OK)
		rc = put_versions(&w);

	if (rc == NM_OK) {
		if (w.links == 0)
			(void)snprintf(
			    text, sizeof(text),
			    "<p class=\"empty\">No probe has reported yet. Start one with: "
			    "netmonc -i INTERFACE -h COLLECTOR</p>");
		else if (w.links > LINKS_MAX)
			(void)snprintf(
			    text, sizeof(text),
			    "<p class=\"coverage\">The first %d of %zu links, over the last "
			    "24 hours.</p>",
			    LINKS_MAX, w.links);
		const struct tmpl_value values[] = {
			{ SLOT_HEADING, AS_TEXT, "Probes" },
			{ SLOT_TEXT, AS_HTML, text },
			{ SLOT_TABLES, AS_HTML, buf_str(&tables) },
		};
		tmpl_render(web->tmpl, TMPL_USAGE, values, N(values), &main);
		if (!buf_ok(&main) || !buf_ok(&tables))
			resp->body.failed = true;
		page_frame(web, req, "Probes", "", buf_str(&main), resp);
	}
	buf_free(&tables);
	buf_free(&main);
	return rc == NM_OK ? 200 : rc;
}
