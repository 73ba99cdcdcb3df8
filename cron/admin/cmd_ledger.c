/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmon ledger: what became of every packet of every link, and whether it all adds up. */
#include "cron/admin/cmd.h"

#include "lib/db_ledger.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/opts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HOUR     3600u
#define DAY      86400u
#define AHEAD_S  600u /* probes whose clocks are a little fast */
#define LIVE_S   60u  /* a probe that was heard so lately still counts */
#define FAULTS   20   /* lines about what does not close; more are counted */
#define TIME_MAX 32

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

struct report {
	struct cmd_context *ctx;
	enum format format;
	bool by_minute;
	uint32_t now_s;
	uint32_t from_s;
	uint32_t whole_s; /* flows are all there from this minute on */
	struct cmd_table table;
	struct link_ledger sum; /* of the link that is being read */
	uint64_t pruned; /* packets of it that were exported in minutes whose flows are gone */
	size_t rows;
	size_t links;
	size_t faults;
};

static const char *
time_text(uint32_t at_s, char *buf, size_t size)
{
	time_t at = (time_t)at_s;
	struct tm utc;

	buf[0] = '\0';
	if (gmtime_r(&at, &utc))
		(void)strftime(buf, size, "%Y-%m-%d %H:%M", &utc);
	return buf;
}

/* What does not close; `minute_s` 0: over the whole life. */
static void __attribute__((format(printf, 4, 5)))
fault(struct report *r, const struct link_ledger *l, uint32_t minute_s, const char *fmt, ...)
{
	char what[160], at[TIME_MAX] = "its whole life";
	va_list ap;

	if (r->faults++ >= FAULTS)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (minute_s)
		(void)time_text(minute_s, at, sizeof(at));
	log_error("%s/%s, %s: does not close: %s", l->probe, l->link, at, what);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static const char *
kind_name(unsigned cause)
{
	static const char *const names[] = {
		[LEDGER_KIND_NONE] = "records",      [LEDGER_KIND_SEEN] = "seen",
		[LEDGER_KIND_METERED] = "metered",   [LEDGER_KIND_LOST] = "lost",
		[LEDGER_KIND_LEFT_OUT] = "left out", [LEDGER_KIND_RECORDS] = "records",
		[LEDGER_KIND_NOTE] = "note",
	};

	return names[ledger_cause_kind(cause)];
}

/* A name between quotes; names are printable by the protocol, but the store may have others. */
static void
print_quoted(const char *text, char escape)
{
	(void)putchar('"');
	for (const char *p = text; *p; p++) {
		unsigned char byte = (unsigned char)*p;

		if (byte == '"' || (escape == '\\' && byte == '\\'))
			(void)putchar(escape);
		(void)putchar(byte < 0x20 || byte == 0x7f ? '?' : byte);
	}
	(void)putchar('"');
}

static void
print_plain(struct report *r, const struct link_ledger *l, unsigned cause)
{
	bool json = r->format == FORMAT_JSON;
	char escape = json ? '\\' : '"';

	(void)fputs(json ? (r->rows ? ",\n {\"probe\":" : " {\"probe\":") : "", stdout);
	print_quoted(l->probe, escape);
	(void)fputs(json ? ",\"link\":" : ",", stdout);
	print_quoted(l->link, escape);
	if (r->by_minute)
		printf(json ? ",\"minute\":%" PRIu32 : ",%" PRIu32, l->minute_s);
	printf(json ? ",\"cause\":\"%s\",\"kind\":\"%s\",\"packets\":%" PRIu64
	              ",\"octets\":%" PRIu64 "}"
	            : ",%s,%s,%" PRIu64 ",%" PRIu64 "\n",
	       cause ? ledger_cause_name(cause) : "stored", kind_name(cause), l->packets[cause],
	       l->octets[cause]);
}

static void
print_row(struct report *r, const struct link_ledger *l, unsigned cause)
{
	char packets[24], octets[24], minute[TIME_MAX];
	const char *cells[7];
	size_t n = 0;

	if (r->format != FORMAT_TABLE) {
		print_plain(r, l, cause);
		r->rows++;
		return;
	}
	(void)snprintf(packets, sizeof(packets), "%" PRIu64, l->packets[cause]);
	(void)snprintf(octets, sizeof(octets), "%" PRIu64, l->octets[cause]);
	cells[n++] = l->probe;
	cells[n++] = l->link;
	if (r->by_minute)
		cells[n++] = time_text(l->minute_s, minute, sizeof(minute));
	cells[n++] = cause ? ledger_cause_name(cause) : "stored";
	cells[n++] = kind_name(cause);
	cells[n++] = packets;
	cells[n++] = octets;
	cmd_table_row(&r->table, cells);
	r->rows++;
}

/* Seen and metered always, the others when they count; what is stored comes last. */
static void
print_causes(struct report *r, const struct link_ledger *l)
{
	for (unsigned cause = 1; cause < LEDGER_CAUSE_MAX; cause++)
		if (l->packets[cause] || cause <= LEDGER_METERED)
			print_row(r, l, cause);
	print_row(r, l, LEDGER_STORED);
}

static void
begin_rows(struct report *r)
{
	static const char *const with[] = { "PROBE", "LINK",    "MINUTE (UTC)", "CAUSE",
		                            "KIND",  "PACKETS", "OCTETS" };
	static const char *const without[] = {
		"PROBE", "LINK", "CAUSE", "KIND", "PACKETS", "OCTETS"
	};

	if (r->format == FORMAT_TABLE)
		cmd_table_begin(&r->table, r->by_minute ? with : without, r->by_minute ? 7 : 6);
	else if (r->format == FORMAT_CSV)
		printf("probe,link,%scause,kind,packets,octets\n", r->by_minute ? "minute," : "");
	else
		(void)fputs("[\n", stdout);
}

static void
end_rows(struct report *r)
{
	if (r->format == FORMAT_TABLE)
		cmd_table_end(&r->table);
	else if (r->format == FORMAT_JSON)
		(void)fputs("\n]\n", stdout);
}

/* --- closing ------------------------------------------------------------------------------------------------------- */

static void
check_minute(struct report *r, const struct link_ledger *l)
{
	int64_t gap = link_ledger_gap(l);

	if (gap > 0)
		fault(r, l, l->minute_s, "%" PRId64 " packets were seen and are under no cause",
		      gap);
	else if (gap < 0)
		fault(r, l, l->minute_s, "%" PRId64 " packets more are under causes than were seen",
		      -gap);
	if (l->minute_s < r->whole_s) {
		r->pruned += l->packets[LEDGER_EXPORTED];
		return;
	}
	int64_t missing = link_ledger_missing(l), octets = link_ledger_missing_octets(l);
	if (missing != 0 || octets != 0)
		fault(r, l, l->minute_s, "%" PRId64 " packets and %" PRId64 " octets of records %s",
		      missing < 0 ? -missing : missing, octets < 0 ? -octets : octets,
		      missing < 0 || octets < 0 ? "are stored and were not exported"
		                                : "were exported and are not stored");
}

static void
end_link(struct report *r)
{
	char oldest[TIME_MAX];

	if (!r->sum.id)
		return;
	r->links++;
	if (!r->by_minute)
		print_causes(r, &r->sum);
	if (r->pruned && r->format == FORMAT_TABLE)
		log_info("%s/%s: flows before %s UTC were removed: %" PRIu64
		         " packets of records are not compared",
		         r->sum.probe, r->sum.link, time_text(r->whole_s, oldest, sizeof(oldest)),
		         r->pruned);
}

static int
take_minute(void *ctx, const struct link_ledger *l)
{
	struct report *r = ctx;

	if (l->id != r->sum.id) {
		end_link(r);
		r->sum = (struct link_ledger){ .id = l->id };
		memcpy(r->sum.probe, l->probe, sizeof(r->sum.probe));
		memcpy(r->sum.link, l->link, sizeof(r->sum.link));
		r->pruned = 0;
	}
	for (unsigned cause = 0; cause < LEDGER_CAUSE_MAX; cause++) {
		r->sum.packets[cause] += l->packets[cause];
		r->sum.octets[cause] += l->octets[cause];
	}
	if (r->by_minute)
		print_causes(r, l);
	check_minute(r, l);
	return 0;
}

/* Metered packets are in records, or in flows that go on. A probe that counts just now may have records a little ahead of
 * its ledger, and a ledger whose oldest rows were removed begins in the middle of flows. */
static int
take_life(void *ctx, const struct link_ledger *l)
{
	struct report *r = ctx;
	int64_t open = link_ledger_open(l);
	bool live = l->last_seen_s + LIVE_S > r->now_s, old = l->minute_s + DAY < r->now_s;

	if (l->packets[LEDGER_SAMPLED_OUT]) {
		if (r->format == FORMAT_TABLE)
			log_info("%s/%s: sampled: what is in flows that go on is not known",
			         l->probe, l->link);
	} else if (open < 0 && !(live && -open <= (int64_t)l->packets[LEDGER_METERED] / 100) &&
	           !(old && -open <= (int64_t)l->packets[LEDGER_METERED] / 1000)) {
		fault(r, l, 0, "%" PRId64 " packets more are in records than were metered", -open);
	} else if (r->format == FORMAT_TABLE) {
		log_info("%s/%s: %" PRId64 " packets are in flows that go on", l->probe, l->link,
		         open > 0 ? open : 0);
	}
	return 0;
}

/* --- the command --------------------------------------------------------------------------------------------------- */

static uint32_t
parse_last(const char *text)
{
	static const struct {
		const char *text;
		uint32_t span_s;
	} spans[] = { { "1h", HOUR }, { "24h", DAY }, { "7d", 7 * DAY } };

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (strcmp(spans[i].text, text) == 0)
			return spans[i].span_s;
	opts_usage("--last=%s: say 1h, 24h or 7d", text);
}

/* Seconds since 1970, or a date and time in UTC. */
static uint32_t
parse_since(const char *text)
{
	static const char *const formats[] = { "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm utc = { 0 };
		const char *end = strptime(text, formats[i], &utc);
		time_t at = end && *end == '\0' ? timegm(&utc) : -1;

		if (at >= 0 && at <= (time_t)UINT32_MAX)
			return (uint32_t)at;
	}
	return (uint32_t)opts_number("--since", text, 0, UINT32_MAX);
}

static void
read_options(struct report *r)
{
	const char *since = cmd_value(r->ctx, "since"), *last = cmd_value(r->ctx, "last");

	if (since && last)
		opts_usage("--since or --last, not both");
	if (cmd_value(r->ctx, "json") && cmd_value(r->ctx, "csv"))
		opts_usage("--json or --csv, not both");
	r->format = cmd_value(r->ctx, "json")  ? FORMAT_JSON
	            : cmd_value(r->ctx, "csv") ? FORMAT_CSV
	                                       : FORMAT_TABLE;
	r->by_minute = cmd_value(r->ctx, "minutes") != NULL;
	r->now_s = (uint32_t)time(NULL);
	r->from_s = since ? parse_since(since) : r->now_s - (last ? parse_last(last) : DAY);
	r->from_s -= r->from_s % 60;
}

static int
read_all(struct report *r)
{
	struct db *db = r->ctx->db;
	/* one state of the store: a batch's rows and its flows come together */
	int rc = db_begin_read(db);

	if (rc == NM_OK)
		rc = db_ledger_whole_since(db, &r->whole_s);
	if (rc != NM_OK)
		return rc;
	begin_rows(r);
	rc = db_ledger_minutes(db, r->from_s, r->now_s + AHEAD_S, take_minute, r);
	if (rc == NM_OK)
		end_link(r);
	end_rows(r);
	if (rc == NM_OK)
		rc = db_ledger_life(db, take_life, r);
	db_rollback(db);
	return rc;
}

static int
ledger(struct cmd_context *ctx, int argc, const char *const *argv)
{
	struct report report = { .ctx = ctx };

	(void)argc;
	(void)argv;
	read_options(&report);
	int rc = read_all(&report);
	if (rc < 0)
		return cmd_fail(ctx, "ledger", rc);
	if (report.faults > FAULTS)
		log_error("%zu more do not close", report.faults - FAULTS);
	if (report.format == FORMAT_TABLE && report.faults == 0)
		log_info("%zu links: the ledger closes", report.links);
	return report.faults ? 1 : 0;
}

static const struct cmd_option options[] = {
	{ "since", "TIME", "from then on: seconds since 1970, or YYYY-MM-DD [HH:MM], UTC" },
	{ "last", "1h|24h|7d", "the last hour, day (default) or week" },
	{ "minutes", NULL, "each minute by itself" },
	{ "json", NULL, "as JSON" },
	{ "csv", NULL, "as CSV" },
	{ NULL, NULL, NULL },
};

static const struct cmd_verb verbs[] = {
	{ "", "",
	  "each link's packets by cause, and whether they add up; status 1 when they do not", 0, 0,
	  CMD_READ, options, ledger },
	{ NULL, NULL, NULL, 0, 0, CMD_NO_STORE, NULL, NULL },
};

const struct cmd cmd_ledger = { "ledger", "what became of every packet", verbs };
