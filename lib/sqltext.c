/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records as standard SQL text. */
#include "lib/sqltext.h"

#include "lib/err.h"
#include "lib/tunnel.h"

#include <inttypes.h>

#define LEDGER_SUM_MAX (UINT64_C(1) << 48) /* as in lib/db_flow.c */

/* A quoted text. */
static void
put_text(FILE *out, const char *text)
{
	(void)fputc('\'', out);
	for (const char *p = text; *p; p++) {
		if (*p == '\'')
			(void)fputc('\'', out);
		(void)fputc(*p >= 0x20 && *p <= 0x7e && *p != '\\' ? *p : '_', out);
	}
	(void)fputc('\'', out);
}

static void
put_probe_id(const struct sqltext *sql)
{
	(void)fputs("(SELECT id FROM probe WHERE name=", sql->out);
	put_text(sql->out, sql->probe);
	(void)fputc(')', sql->out);
}

static void
put_link_id(const struct sqltext *sql, size_t link)
{
	(void)fputs("(SELECT id FROM link WHERE name=", sql->out);
	put_text(sql->out, sql->links[link]);
	(void)fputs(" AND probe=", sql->out);
	put_probe_id(sql);
	(void)fputc(')', sql->out);
}

/* A row from nothing needs a table of one row in MySQL's older dialects; every store has schema_version. */
#define FROM_ONE_ROW " FROM schema_version WHERE NOT EXISTS (SELECT 1 FROM "

void
sqltext_probe(const struct sqltext *sql, uint32_t now_s)
{
	FILE *out = sql->out;

	(void)fputs("BEGIN;\nINSERT INTO probe (name,last_seen) SELECT ", out);
	put_text(out, sql->probe);
	(void)fprintf(out, ",%" PRIu32 FROM_ONE_ROW "probe WHERE name=", now_s);
	put_text(out, sql->probe);
	(void)fputs(");\n", out);
	for (size_t i = 0; i < sql->n_links; i++) {
		(void)fputs("INSERT INTO link (probe,name) SELECT ", out);
		put_probe_id(sql);
		(void)fputc(',', out);
		put_text(out, sql->links[i]);
		(void)fputs(FROM_ONE_ROW "link WHERE name=", out);
		put_text(out, sql->links[i]);
		(void)fputs(" AND probe=", out);
		put_probe_id(sql);
		(void)fputs(");\n", out);
	}
	(void)fputs("COMMIT;\n", out);
}

void
sqltext_apps(const struct sqltext *sql, const struct application *apps, size_t n)
{
	FILE *out = sql->out;

	(void)fputs("BEGIN;\n", out);
	for (const struct application *a = apps; a < apps + n; a++) {
		(void)fprintf(out,
		              "INSERT INTO application (id,name,category,colour,colour_dark) "
		              "SELECT %u,",
		              a->id);
		put_text(out, a->name);
		(void)fputc(',', out);
		put_text(out, a->category);
		(void)fprintf(out,
		              ",%" PRIu32 ",%" PRIu32 FROM_ONE_ROW "application WHERE id=%u);\n",
		              a->colour, a->colour_dark, a->id);
	}
	(void)fputs("COMMIT;\n", out);
}

void
sqltext_labels(const struct sqltext *sql, uint32_t labels, uint32_t now_s)
{
	FILE *out = sql->out;

	(void)fputs("BEGIN;\nINSERT INTO label_version (probe,since,labels) SELECT ", out);
	put_probe_id(sql);
	(void)fprintf(out,
	              ",%" PRIu32 ",%" PRIu32 FROM_ONE_ROW
	              "(SELECT labels,since FROM label_version WHERE probe=",
	              now_s, labels);
	put_probe_id(sql);
	(void)fprintf(out,
	              " ORDER BY since DESC LIMIT 1) newest WHERE labels=%" PRIu32
	              " OR since>=%" PRIu32 ");\nCOMMIT;\n",
	              labels, now_s);
}

/* One row of the derived table; the first names the columns. */
static void
put_flow(FILE *out, const struct record *r, bool first)
{
	char saddr[ADDR_TEXT_MAX], daddr[ADDR_TEXT_MAX], tunnel[TUNNEL_TEXT_MAX];

	(void)fprintf(out,
	              first ? "SELECT %u AS vlan,'%s' AS saddr,'%s' AS daddr,%u AS sport,"
	                      "%u AS dport,%u AS protocol,%u AS packets,%" PRIu32 " AS octets,"
	                      "%u AS application,%u AS fraction,%" PRIu32 " AS started,%" PRIu32
	                      " AS expires,'%s' AS tunnel,%u AS sampling,%u AS duplicate"
	                    : "\nUNION ALL SELECT %u,'%s','%s',%u,%u,%u,%u,%" PRIu32
	                      ",%u,%u,%" PRIu32 ",%" PRIu32 ",'%s',%u,%u",
	              r->vlan, addr_format(&r->saddr, saddr, sizeof(saddr)),
	              addr_format(&r->daddr, daddr, sizeof(daddr)), r->sport, r->dport, r->protocol,
	              r->packets, r->octets, record_counts_as(r),
	              (unsigned)r->start_frac << 8 | r->end_frac, r->started, r->expires,
	              tunnel_format(r->tunnel, tunnel, sizeof(tunnel)),
	              r->sampling ? r->sampling : 1u, (r->roles & RECORD_DUPLICATE) != 0);
}

static void
end_flows(const struct sqltext *sql, size_t link)
{
	(void)fputs("\n) v WHERE l.name=", sql->out);
	put_text(sql->out, sql->links[link]);
	(void)fputs(" AND p.name=", sql->out);
	put_text(sql->out, sql->probe);
	(void)fputs(";\n", sql->out);
}

/* The flows of one link. The link's id is looked up once a statement: a sub-select in each row of VALUES is 4 times
 * slower in MariaDB and 2 times in SQLite. */
static void
put_flows(const struct sqltext *sql, const struct batch *b, size_t link)
{
	size_t rows = 0;

	for (const struct record *r = b->records; r < b->records + b->n_records; r++) {
		if (r->link != link)
			continue;
		if (rows % SQLTEXT_ROWS_MAX == 0)
			(void)fputs("INSERT INTO flow (link,vlan,saddr,daddr,sport,dport,protocol,"
			            "packets,octets,application,fraction,started,expires,"
			            "tunnel,sampling,duplicate)\n"
			            "SELECT l.id,v.* FROM link l JOIN probe p ON p.id=l.probe "
			            "CROSS JOIN (\n",
			            sql->out);
		put_flow(sql->out, r, rows % SQLTEXT_ROWS_MAX == 0);
		if (++rows % SQLTEXT_ROWS_MAX == 0)
			end_flows(sql, link);
	}
	if (rows % SQLTEXT_ROWS_MAX != 0)
		end_flows(sql, link);
}

/* A sum that a probe lies about stays below 63 bits: a database that refuses more would end the whole program behind us. */
static void
put_sum(FILE *out, const char *name, uint64_t more)
{
	uint64_t room = more < LEDGER_SUM_MAX ? LEDGER_SUM_MAX - more : 0;

	(void)fprintf(out, "%s=CASE WHEN %s>%" PRIu64 " THEN %" PRIu64 " ELSE %s+%" PRIu64 " END",
	              name, name, room, LEDGER_SUM_MAX, name, more);
}

/* No upsert is standard: a row of zeros where there is none, then the addition. */
static void
put_ledger(const struct sqltext *sql, const struct ledger_delta *d)
{
	FILE *out = sql->out;

	(void)fputs("INSERT INTO ledger (link,minute,cause,packets,octets) SELECT ", out);
	put_link_id(sql, d->link);
	(void)fprintf(out,
	              ",%" PRIu32 ",%u,0,0" FROM_ONE_ROW "ledger WHERE minute=%" PRIu32
	              " AND cause=%u AND link=",
	              d->minute, d->cause, d->minute, d->cause);
	put_link_id(sql, d->link);
	(void)fputs(");\nUPDATE ledger SET ", out);
	put_sum(out, "packets", d->packets);
	(void)fputc(',', out);
	put_sum(out, "octets", d->octets);
	(void)fprintf(out, " WHERE minute=%" PRIu32 " AND cause=%u AND link=", d->minute, d->cause);
	put_link_id(sql, d->link);
	(void)fputs(";\n", out);
}

static void
put_watermark(const struct sqltext *sql, const struct batch *b, uint32_t now_s)
{
	FILE *out = sql->out;

	(void)fprintf(out,
	              "DELETE FROM watermark WHERE epoch='%016" PRIx64 "' AND probe=", b->epoch);
	put_probe_id(sql);
	(void)fputs(";\nINSERT INTO watermark (probe,epoch,sequence,crc,updated) VALUES (", out);
	put_probe_id(sql);
	(void)fprintf(out, ",'%016" PRIx64 "',%" PRIu64 ",%" PRIu32 ",%" PRIu32 ");\n", b->epoch,
	              b->sequence, b->crc, now_s);
	(void)fprintf(out, "UPDATE probe SET last_seen=%" PRIu32 " WHERE name=", now_s);
	put_text(out, sql->probe);
	(void)fputs(";\n", out);
}

static bool
links_known(const struct sqltext *sql, const struct batch *b)
{
	for (const struct record *r = b->records; r < b->records + b->n_records; r++)
		if (r->link >= sql->n_links)
			return false;
	for (const struct ledger_delta *d = b->ledger; d < b->ledger + b->n_ledger; d++)
		if (d->link >= sql->n_links)
			return false;
	return true;
}

int
sqltext_batch(const struct sqltext *sql, const struct batch *batch, uint32_t now_s)
{
	if (!links_known(sql, batch))
		return NM_EFORMAT;
	(void)fputs("BEGIN;\n", sql->out);
	for (size_t link = 0; link < sql->n_links; link++)
		put_flows(sql, batch, link);
	for (size_t i = 0; i < batch->n_ledger; i++)
		put_ledger(sql, &batch->ledger[i]);
	if (batch->sequence != 0)
		put_watermark(sql, batch, now_s);
	(void)fputs("COMMIT;\n", sql->out);
	return NM_OK;
}
