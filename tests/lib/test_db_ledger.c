/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loss ledger as pages read it: by link, and as coverage. */
#include "lib/db_client.h"
#include "lib/db_ledger.h"
#include "lib/db_retention.h"
#include "lib/db_sql.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const scene[] = {
	"INSERT INTO aggregate_state VALUES ('window_end', 1700000040), ('generation', 4)",
	"INSERT INTO probe VALUES (1, 'edge', 0)",
	"INSERT INTO link (id, probe, name) VALUES (1, 1, 'a'), (2, 1, 'b')",
	/* seen, metered, dropped by the kernel, not IP; a minute behind the end does not count */
	"INSERT INTO ledger VALUES (1, 1699999980, 1, 130, 0), (1, 1699999980, 2, 90, 0), "
	"(1, 1699999980, 3, 10, 0), (2, 1699999980, 6, 30, 0), (2, 1699999740, 2, 10, 0), "
	"(2, 1699999740, 13, 4, 0), (1, 1700000040, 2, 5000, 0)",
};

static int
setup(void **state)
{
	if (store_setup(state) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(scene) / sizeof(scene[0]); i++)
		if (db_run(((struct store *)*state)->db, scene[i]) < 0)
			return -1;
	return 0;
}

static int
append_link(void *ctx, const struct link_ledger *l)
{
	char *text = ctx;
	size_t used = strlen(text);

	(void)snprintf(text + used, 512 - used, "%s/%s@%u gap %lld;", l->probe, l->link,
	               l->last_seen_s, (long long)link_ledger_gap(l));
	return 0;
}

static int
first_only(void *ctx, const struct link_ledger *l)
{
	*(struct link_ledger *)ctx = *l;
	return 7;
}

static void
every_link_is_told_by_name_also_one_that_counted_nothing(void **state)
{
	struct store *s = *state;
	char text[512] = "";

	assert_int_equal(db_run(s->db, "INSERT INTO probe VALUES (2, 'core', 99)"), NM_OK);
	assert_int_equal(db_run(s->db, "INSERT INTO link (id, probe, name) VALUES (3, 2, 'quiet')"),
	                 NM_OK);
	assert_int_equal(db_ledger_each(s->db, USAGE_CURR, append_link, text), NM_OK);
	/* b: 30 of one minute are not IP, 10 of another are metered, and nothing was seen */
	assert_string_equal(text, "core/quiet@99 gap 0;edge/a@0 gap 30;edge/b@0 gap -40;");
}

static void
a_link_has_its_counts_by_cause_and_a_walk_ends_when_it_is_told_to(void **state)
{
	struct store *s = *state;
	struct link_ledger l;

	assert_int_equal(db_ledger_each(s->db, USAGE_CURR, first_only, &l), 7);
	assert_string_equal(l.link, "a");
	assert_int_equal(l.packets[LEDGER_SEEN], 130);
	assert_int_equal(l.packets[LEDGER_METERED], 90);
	assert_int_equal(l.packets[LEDGER_KERNEL_DROPPED], 10);
}

static void
sums_that_a_probe_lies_about_do_not_end_the_walk(void **state)
{
	struct store *s = *state;
	struct link_ledger l;

	/* more than 63 bits hold; an earlier version made such rows, too */
	for (unsigned minute = 0; minute < 300; minute += 60) {
		char sql[160];

		(void)snprintf(sql, sizeof(sql),
		               "INSERT INTO ledger VALUES (1, %u, 4, 9223372036854775807, "
		               "4611686018427387904)",
		               1699999680 + minute);
		assert_int_equal(s->db->client->script(s->db, sql), NM_OK);
	}
	assert_int_equal(db_ledger_each(s->db, USAGE_CURR, first_only, &l), 7);
	assert_int_equal(l.packets[LEDGER_SEEN], 130);
	assert_true(l.packets[4] == UINT64_C(1) << 56 && l.octets[4] == UINT64_C(1) << 56);
	assert_int_equal(db_ledger_life(s->db, first_only, &l), 7);
	assert_true(l.packets[4] == UINT64_C(1) << 56);
	assert_int_equal(db_ledger_minutes(s->db, 0, UINT32_MAX, first_only, &l), 7);
	assert_true(l.packets[4] == UINT64_C(1) << 56);
}

static void
coverage_counts_losses_and_leaves_out_what_is_not_ip(void **state)
{
	struct store *s = *state;
	struct usage_coverage c;

	assert_int_equal(db_coverage(s->db, USAGE_CURR, &c), NM_OK);
	assert_int_equal(c.carried, 90 + 10 + 10); /* two links metered, the kernel dropped */
	assert_int_equal(c.metered, 90 + 10 - 4);  /* the export queue refused four */
	assert_int_equal(c.sampling, 1);
	assert_int_equal(c.sampled_links, 0);
	assert_int_equal(c.overflow, 0);
}

static void
coverage_without_a_ledger_is_unknown(void **state)
{
	struct store *s = *state;
	struct usage_coverage c = { .carried = 1, .metered = 1 };

	assert_int_equal(db_run(s->db, "DELETE FROM ledger"), NM_OK);
	assert_int_equal(db_coverage(s->db, USAGE_24HR, &c), NM_OK);
	assert_int_equal(c.carried, 0);
	assert_int_equal(c.metered, 0);
}

/* A ledger in place of the one that is there: rows of link (1 or 2), cause and packets. */
static void
make_ledger(struct store *s, const int64_t (*rows)[3], size_t n)
{
	uint32_t end;

	assert_int_equal(db_run(s->db, "DELETE FROM ledger"), NM_OK);
	assert_int_equal(db_run(s->db, "DELETE FROM link"), NM_OK);
	assert_int_equal(db_run(s->db, "INSERT INTO link (id, probe, name) VALUES (1, 1, 'a'), "
	                               "(2, 1, 'b')"),
	                 NM_OK);
	assert_int_equal(db_usage_end(s->db, &end), NM_OK);
	for (size_t i = 0; i < n; i++) {
		struct db_stmt *q;
		assert_int_equal(db_query(s->db, "INSERT INTO ledger VALUES (?, ?, ?, ?, 0)", &q),
		                 NM_OK);
		db_bind_int(q, 1, rows[i][0]);
		db_bind_int(q, 2, (int64_t)end - 60);
		db_bind_int(q, 3, rows[i][1]);
		db_bind_int(q, 4, rows[i][2]);
		assert_int_equal(db_finish(q), NM_OK);
	}
}

static void
what_sampling_leaves_out_is_no_loss_and_stands_in_the_coverage(void **state)
{
	static const int64_t rows[][3] = {
		{ 1, LEDGER_SEEN, 10050 },        { 1, LEDGER_METERED, 90 },
		{ 1, LEDGER_NOT_IP, 10 },         { 1, LEDGER_SAMPLED_OUT, 9900 },
		{ 1, LEDGER_KERNEL_DROPPED, 50 }, { 2, LEDGER_SEEN, 1000 },
		{ 2, LEDGER_METERED, 1000 },
	};
	struct usage_coverage c;

	make_ledger(*state, rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(db_coverage(((struct store *)*state)->db, USAGE_CURR, &c), NM_OK);
	assert_int_equal(c.sampling, 100);
	assert_int_equal(c.links, 2);
	assert_int_equal(c.sampled_links, 1);
	assert_int_equal(c.metered, 9000 + 1000); /* 90 stand for 9,000 */
	assert_int_equal(c.carried, 9000 + 50 + 1000);
}

static void
what_overflowed_the_flow_table_was_carried_but_is_nobodys(void **state)
{
	static const int64_t rows[][3] = { { 1, LEDGER_SEEN, 100 },
		                           { 1, LEDGER_METERED, 60 },
		                           { 1, LEDGER_TABLE_OVERFLOW, 40 } };
	struct usage_coverage c;

	make_ledger(*state, rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(db_coverage(((struct store *)*state)->db, USAGE_CURR, &c), NM_OK);
	assert_int_equal(c.carried, 100);
	assert_int_equal(c.metered, 60);
	assert_int_equal(c.overflow, 40);
}

static void
what_was_odd_about_metered_packets_is_no_loss(void **state)
{
	static const int64_t rows[][3] = {
		{ 1, LEDGER_SEEN, 100 },   { 1, LEDGER_METERED, 100 }, { 1, LEDGER_LATE, 30 },
		{ 1, LEDGER_NO_TIME, 20 }, { 1, LEDGER_ORPHAN, 10 },   { 1, LEDGER_EXPORTED, 100 },
	};
	struct usage_coverage c;

	make_ledger(*state, rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(db_coverage(((struct store *)*state)->db, USAGE_CURR, &c), NM_OK);
	assert_int_equal(c.carried, 100);
	assert_int_equal(c.metered, 100);
}

static void
what_no_probe_counted_and_what_the_spool_lost_is_not_covered(void **state)
{
	static const int64_t rows[][3] = {
		{ 1, LEDGER_SEEN, 150 },         { 1, LEDGER_METERED, 100 },
		{ 1, LEDGER_GAP, 50 },           { 1, LEDGER_SPOOL_DROPPED, 5 },
		{ 1, LEDGER_SPOOL_DAMAGED, 6 },  { 1, LEDGER_CRASHED, 7 },
		{ 1, LEDGER_EXPORT_DROPPED, 8 }, { 1, LEDGER_DUPLICATE, 30 },
	};
	struct usage_coverage c;

	make_ledger(*state, rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(db_coverage(((struct store *)*state)->db, USAGE_CURR, &c), NM_OK);
	assert_int_equal(c.carried, 150);
	assert_int_equal(c.metered, 100 - 5 - 6 - 7 - 8);
}

static int
append_minute(void *ctx, const struct link_ledger *l)
{
	char *text = ctx;
	size_t used = strlen(text);

	(void)snprintf(text + used, 512 - used, "%s/%s@%u stored %llu missing %lld open %lld;",
	               l->probe, l->link, l->minute_s,
	               (unsigned long long)l->packets[LEDGER_STORED],
	               (long long)link_ledger_missing(l), (long long)link_ledger_open(l));
	return 0;
}

static void
what_was_exported_is_compared_with_what_is_stored_minute_by_minute(void **state)
{
	struct db *db = ((struct store *)*state)->db;
	uint32_t since = 7;
	char text[512] = "";

	assert_int_equal(db_run(db, "DELETE FROM ledger"), NM_OK);
	assert_int_equal(db_run(db, "INSERT INTO ledger VALUES (1,60,2,100,0), (1,60,12,40,400), "
	                            "(1,60,20,5,50), (1,120,12,50,500)"),
	                 NM_OK);
	assert_int_equal(
	    db_run(db, "INSERT INTO flow (link, vlan, saddr, daddr, sport, dport, protocol, "
	               "packets, octets, application, fraction, started, expires) VALUES "
	               "(1,0,'::1','::1',1,2,6,35,350,0,0,60,119),"
	               "(1,0,'::1','::1',1,2,6,49,500,0,0,60,120)"),
	    NM_OK);
	assert_int_equal(db_ledger_minutes(db, 0, 1000, append_minute, text), NM_OK);
	assert_string_equal(text, "edge/a@60 stored 35 missing 0 open 60;"
	                          "edge/a@120 stored 49 missing 1 open -50;");
	text[0] = '\0';
	assert_int_equal(db_ledger_minutes(db, 120, 180, append_minute, text), NM_OK);
	assert_string_equal(text, "edge/a@120 stored 49 missing 1 open -50;");
	text[0] = '\0';
	assert_int_equal(db_ledger_life(db, append_minute, text), NM_OK);
	assert_string_equal(text, "edge/a@60 stored 0 missing 85 open 10;");
	assert_int_equal(db_ledger_whole_since(db, &since), NM_OK);
	assert_int_equal(since, 0);
}

static void
minutes_with_flows_that_were_removed_are_known(void **state)
{
	struct db *db = ((struct store *)*state)->db;
	const struct db_keep keep = { .flows_s = 30 };
	struct db_kept kept;
	uint32_t since;

	for (uint32_t end_s = 170; end_s <= 260; end_s += 30) {
		struct db_stmt *q;

		assert_int_equal(
		    db_query(db,
		             "INSERT INTO flow (link, vlan, saddr, daddr, sport, dport, protocol, "
		             "packets, octets, application, fraction, started, expires) VALUES "
		             "(1,0,'::1','::1',1,2,6,35,350,0,0,60,?)",
		             &q),
		    NM_OK);
		db_bind_int(q, 1, end_s);
		assert_int_equal(db_finish(q), NM_OK);
	}
	/* a part of a minute's */
	assert_int_equal(db_retention_step(db, &keep, 260, 1, &kept), NM_OK);
	assert_int_equal(kept.by_age, 1);
	assert_int_equal(db_ledger_whole_since(db, &since), NM_OK);
	assert_int_equal(since, 180);
	assert_int_equal(db_retention_step(db, &keep, 260, 1, &kept), NM_OK);
	assert_int_equal(db_ledger_whole_since(db, &since), NM_OK);
	assert_int_equal(since, 240);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_link_is_told_by_name_also_one_that_counted_nothing),
		TEST(a_link_has_its_counts_by_cause_and_a_walk_ends_when_it_is_told_to),
		TEST(sums_that_a_probe_lies_about_do_not_end_the_walk),
		TEST(coverage_counts_losses_and_leaves_out_what_is_not_ip),
		TEST(coverage_without_a_ledger_is_unknown),
		TEST(what_sampling_leaves_out_is_no_loss_and_stands_in_the_coverage),
		TEST(what_overflowed_the_flow_table_was_carried_but_is_nobodys),
		TEST(what_was_odd_about_metered_packets_is_no_loss),
		TEST(what_no_probe_counted_and_what_the_spool_lost_is_not_covered),
		TEST(what_was_exported_is_compared_with_what_is_stored_minute_by_minute),
		TEST(minutes_with_flows_that_were_removed_are_known),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
