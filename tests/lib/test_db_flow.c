/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches into the store: each exactly once, whole or not at all. */
#include "lib/db_client.h"
#include "lib/db_flow.h"

#include "lib/db_sql.h"
#include "lib/err.h"
#include "lib/tunnel.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define EPOCH 0xfedcba9876543210u

static const char link_names[2][LINK_NAME_MAX] = { "eth0", "eth1" };
static const struct db_probe_names p1 = { "p1", link_names, 2 };
static const struct db_probe_names p2 = { "p2", link_names, 2 };
static struct record records[4];
static int64_t links[2];
static int64_t probe;

static struct db *
db_of(void **state)
{
	return ((struct store *)*state)->db;
}

static int64_t
ask(void **state, const char *question)
{
	struct db_stmt *q;

	assert_int_equal(db_query(db_of(state), question, &q), 0);
	assert_int_equal(db_step(q), 1);
	int64_t answer = db_column_int(q, 0);
	db_done(q);
	return answer;
}

static int
setup(void **state)
{
	if (store_setup(state) < 0)
		return -1;
	return db_probe_put(db_of(state), &p1, 100, &probe, links);
}

static struct batch
make_batch(uint64_t sequence)
{
	for (size_t i = 0; i < 4; i++) {
		records[i] = (struct record){ .sport = (uint16_t)(1000 + i),
			                      .dport = 80,
			                      .protocol = 6,
			                      .start_frac = 1,
			                      .end_frac = 2,
			                      .packets = 65535,
			                      .octets = 4294967295u,
			                      .application = 7,
			                      .started = 4294967000u,
			                      .expires = 4294967295u - (uint32_t)i,
			                      .vlan = 5,
			                      .link = i & 1 };
		(void)addr_parse(i < 2 ? "10.0.0.1" : "2001:db8::1", &records[i].saddr);
		(void)addr_parse("192.0.2.1", &records[i].daddr);
	}
	return (struct batch){ .epoch = EPOCH,
		               .first = sequence,
		               .sequence = sequence,
		               .records = records,
		               .n_records = 4 };
}

static int
put(void **state, const struct batch *b)
{
	return db_batch_put(db_of(state), probe, links, 2, b, 200);
}

static void
a_batch_is_stored_with_its_flows_and_its_watermark(void **state)
{
	struct batch b = make_batch(1);
	struct db_watermark mark = { 99, 9 };

	assert_int_equal(put(state, &b), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow WHERE link = (SELECT id FROM link "
	                            "WHERE name = 'eth1')"),
	                 2);
	assert_int_equal(ask(state,
	                     "SELECT count(*) FROM flow WHERE saddr = '10.0.0.1' AND "
	                     "daddr = '192.0.2.1' AND sport = 1000 AND dport = 80 AND protocol = 6 "
	                     "AND packets = 65535 AND octets = 4294967295 AND application = 7 AND "
	                     "fraction = 258 AND started = 4294967000 AND expires = 4294967295 "
	                     "AND vlan = 5"),
	                 1);
	assert_int_equal(db_watermark_get(db_of(state), probe, EPOCH, &mark), 0);
	assert_int_equal(mark.sequence, 1);
	assert_int_equal(ask(state, "SELECT last_seen FROM probe"), 200);
}

/* More than one statement takes, and some over. */
static void
every_row_of_a_large_batch_is_stored_as_it_is(void **state)
{
	enum { ROWS = 3 * DB_MANY + 5 };
	static struct record many[ROWS];
	static struct ledger_delta deltas[ROWS];
	struct batch b = make_batch(1);

	for (size_t i = 0; i < ROWS; i++) {
		many[i] = records[i % 4];
		many[i].sport = (uint16_t)i;
		many[i].octets = (uint32_t)(1000 + i);
		deltas[i] = (struct ledger_delta){ .minute = (uint32_t)(60 * i),
			                           .link = 1,
			                           .cause = LEDGER_SEEN,
			                           .packets = i,
			                           .octets = 2 * i };
	}
	b.records = many;
	b.n_records = ROWS;
	b.ledger = deltas;
	b.n_ledger = ROWS;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow WHERE octets = 1000 + sport"), ROWS);
	assert_int_equal(ask(state, "SELECT count(DISTINCT sport) FROM flow"), ROWS);
	assert_int_equal(
	    ask(state,
	        "SELECT count(*) FROM ledger WHERE minute = 60 * packets AND octets = 2 * packets"),
	    ROWS);
	b.first = b.sequence = 2;
	b.n_records = 0;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(
	    ask(state,
	        "SELECT count(*) FROM ledger WHERE 2 * minute = 60 * packets AND octets = 2 * packets"),
	    ROWS);
}

static void
tunnels_are_stored_by_name_and_sampling_by_number(void **state)
{
	struct batch b = make_batch(1);

	records[1].tunnel = tunnel_push(tunnel_push(0, TUNNEL_MPLS), TUNNEL_GRE);
	records[2].sampling = 1000;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow WHERE tunnel = 'mpls/gre' AND "
	                            "sampling = 1 AND sport = 1001"),
	                 1);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow WHERE tunnel = '' AND "
	                            "sampling = 1000 AND sport = 1002"),
	                 1);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow WHERE tunnel = '' AND sampling = 1"),
	                 2);
}

static int
count_one(void *ctx, const struct record *r)
{
	(void)r;
	++*(size_t *)ctx;
	return 0;
}

static void
what_another_link_has_too_is_stored_as_a_duplicate(void **state)
{
	struct batch b = make_batch(1);

	records[1].roles = RECORD_DUPLICATE | RECORD_OPENED;
	records[2].roles = RECORD_OPENED;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(ask(state, "SELECT sport FROM flow WHERE duplicate = 1"), 1001);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow WHERE duplicate = 0"), 3);
	size_t n = 0;
	assert_int_equal(db_flow_each(db_of(state), 0, count_one, &n), 0);
	assert_int_equal(n, 3);
}

static void
a_batch_at_or_below_the_watermark_is_not_stored_again(void **state)
{
	struct batch b = make_batch(1);

	assert_int_equal(put(state, &b), 0);
	b.first = b.sequence = 2;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(put(state, &b), NM_EEXISTS);
	b.first = b.sequence = 1;
	assert_int_equal(put(state, &b), NM_EEXISTS);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow"), 8);
}

static void
a_gap_is_refused_and_writes_nothing(void **state)
{
	struct batch b = make_batch(2);

	assert_int_equal(put(state, &b), NM_EORDER);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow"), 0);
	b.first = b.sequence = 1;
	assert_int_equal(put(state, &b), 0);
	b.first = b.sequence = 3;
	assert_int_equal(put(state, &b), NM_EORDER);
}

static void
each_epoch_and_each_probe_counts_for_itself(void **state)
{
	struct batch b = make_batch(1);
	int64_t other, other_links[2];
	struct db_watermark mark;

	assert_int_equal(put(state, &b), 0);
	b.epoch = 1;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(db_probe_put(db_of(state), &p2, 100, &other, other_links), 0);
	assert_int_equal(db_batch_put(db_of(state), other, other_links, 2, &b, 200), 0);
	assert_int_equal(db_watermark_get(db_of(state), other, EPOCH, &mark), 0);
	assert_int_equal(mark.sequence, 0);
	assert_true(other_links[0] != links[0]);
}

static void
a_numbering_may_begin_in_the_middle_when_told_so(void **state)
{
	struct batch b = make_batch(51);

	assert_int_equal(
	    db_watermark_start(db_of(state), probe, EPOCH, &(struct db_watermark){ 50, 0 }, 1), 0);
	assert_int_equal(put(state, &b), 0);
	b.first = b.sequence = 50;
	assert_int_equal(put(state, &b), NM_EEXISTS);
}

static void
a_link_outside_the_probes_is_refused_before_anything_is_written(void **state)
{
	struct ledger_delta d = { .link = 2 };
	struct batch b = make_batch(1);

	records[3].link = 2;
	assert_int_equal(put(state, &b), NM_EFORMAT);
	b = make_batch(1);
	b.ledger = &d;
	b.n_ledger = 1;
	assert_int_equal(put(state, &b), NM_EFORMAT);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow"), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM watermark"), 0);
}

static void
a_failure_in_the_middle_leaves_nothing_behind(void **state)
{
	struct batch b = make_batch(1);

	if (store_is_mysql())
		skip(); /* of files, or SQLite's own SQL */
	assert_int_equal(db_run(db_of(state), "CREATE TRIGGER t BEFORE INSERT ON flow WHEN "
	                                      "NEW.sport = 1003 BEGIN SELECT RAISE(FAIL, 'x'); "
	                                      "END"),
	                 0);
	assert_int_equal(put(state, &b), NM_ESTORE);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow"), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM watermark"), 0);
	assert_int_equal(db_run(db_of(state), "DROP TRIGGER t"), 0);
	assert_int_equal(put(state, &b), 0);
}

static void
ledger_rows_of_the_same_minute_and_cause_add_up(void **state)
{
	struct ledger_delta d[2] = {
		{ .minute = 60, .link = 0, .cause = 2, .packets = 5, .octets = 100 },
		{ .minute = 60, .link = 1, .cause = 2, .packets = 7, .octets = 100 },
	};
	struct batch b = { .epoch = EPOCH, .first = 1, .sequence = 1, .ledger = d, .n_ledger = 2 };

	assert_int_equal(put(state, &b), 0);
	b.first = b.sequence = 2;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM ledger"), 2);
	assert_int_equal(ask(state, "SELECT sum(packets) FROM ledger"), 24);
}

static void
a_probe_and_its_links_keep_their_ids(void **state)
{
	int64_t again, again_links[2];

	assert_int_equal(db_probe_put(db_of(state), &p1, 300, &again, again_links), 0);
	assert_int_equal(again, probe);
	assert_memory_equal(again_links, links, sizeof(links));
	assert_int_equal(ask(state, "SELECT last_seen FROM probe"), 300);
	assert_int_equal(ask(state, "SELECT count(*) FROM link"), 2);
}

static void
a_sum_of_the_ledger_that_a_probe_lies_about_ends_at_its_limit(void **state)
{
	const struct ledger_delta lie = { 60, 0, LEDGER_SEEN, UINT64_C(1) << 48,
		                          (UINT64_C(1) << 48) - 1 };
	const struct ledger_delta next = { 60, 0, LEDGER_SEEN, 5, 1 };
	struct ledger_delta rows[] = { lie, lie, lie, next };
	struct batch b = { .epoch = 1, .first = 1, .sequence = 1, .ledger = rows, .n_ledger = 4 };

	assert_int_equal(put(state, &b), 0);
	assert_true(ask(state, "SELECT packets FROM ledger") == INT64_C(1) << 48);
	assert_true(ask(state, "SELECT octets FROM ledger") == INT64_C(1) << 48);
}

static void
an_application_is_renamed_only_while_no_flow_carries_it(void **state)
{
	struct application app = { .id = 7, .name = "Old", .category = "C", .colour = 1 };
	struct batch b = make_batch(1);
	size_t conflicts = 9;

	assert_int_equal(db_app_put(db_of(state), &app, 1, &conflicts), 0);
	assert_int_equal(conflicts, 0);
	(void)snprintf(app.name, sizeof(app.name), "New");
	assert_int_equal(db_app_put(db_of(state), &app, 1, &conflicts), 0);
	assert_int_equal(conflicts, 0);
	assert_int_equal(put(state, &b), 0);
	(void)snprintf(app.name, sizeof(app.name), "Newest");
	assert_int_equal(db_app_put(db_of(state), &app, 1, &conflicts), 0);
	assert_int_equal(conflicts, 1);
	assert_int_equal(ask(state, "SELECT count(*) FROM application WHERE name = 'New'"), 1);
	(void)snprintf(app.name, sizeof(app.name), "New");
	app.colour = 0xffffff;
	assert_int_equal(db_app_put(db_of(state), &app, 1, &conflicts), 0);
	assert_int_equal(conflicts, 0);
	assert_int_equal(ask(state, "SELECT colour FROM application WHERE id = 7"), 0xffffff);
}

static void
in_a_large_store_no_application_is_renamed(void **state)
{
	struct application app = { .id = 7, .name = "Old", .category = "C", .colour = 1 };
	size_t conflicts;

	assert_int_equal(db_app_put(db_of(state), &app, 1, &conflicts), 0);
	/* ids far apart: nobody walks through what may be between them while the probes wait */
	for (unsigned i = 0; i < 2; i++) {
		char sql[200];

		(void)snprintf(sql, sizeof(sql),
		               "INSERT INTO flow (id, link, vlan, saddr, daddr, sport, dport, "
		               "protocol, packets, octets, application, fraction, started, "
		               "expires) VALUES (%u, 1, 0, '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0)",
		               1 + i * 1000000);
		assert_int_equal(db_of(state)->client->script(db_of(state), sql), 0);
	}
	(void)snprintf(app.name, sizeof(app.name), "New");
	assert_int_equal(db_app_put(db_of(state), &app, 1, &conflicts), 0);
	assert_int_equal(conflicts, 1);
}

static int
collect(void *ctx, const struct record *r)
{
	struct record *out = ctx;
	size_t n = out[0].packets++;

	out[1 + n] = *r;
	return 0;
}

static void
flows_are_read_back_in_the_order_of_their_end_from_a_time_on(void **state)
{
	struct batch b = make_batch(1);
	struct record out[5];

	assert_int_equal(put(state, &b), 0);
	memset(out, 0, sizeof(out));
	assert_int_equal(db_flow_each(db_of(state), 4294967293u, collect, out), 0);
	assert_int_equal(out[0].packets, 3);
	assert_true(out[1].expires == 4294967293u && out[3].expires == 4294967295u);
	assert_memory_equal(&out[1].saddr, &records[2].saddr, sizeof(struct addr));
	assert_int_equal(out[3].octets, 4294967295u);
	assert_int_equal(out[3].start_frac, 1);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, store_teardown)

static void
a_batch_that_follows_another_one_is_fenced_off(void **state)
{
	struct batch b = make_batch(1);
	struct db_watermark mark;

	b.crc = 111;
	assert_int_equal(put(state, &b), 0);
	b = make_batch(2);
	b.previous = 222;
	assert_int_equal(put(state, &b), NM_EFENCED);
	assert_int_equal(ask(state, "SELECT count(*) FROM flow"), 4);
	b.previous = 111;
	b.crc = 333;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(db_watermark_get(db_of(state), probe, EPOCH, &mark), 0);
	assert_int_equal(mark.sequence, 2);
	assert_int_equal(mark.crc, 333);
}

static void
lost_batches_move_the_watermark_and_leave_their_ledger(void **state)
{
	struct ledger_delta d = { 60, 0, LEDGER_SPOOL_DROPPED, 10, 1000 };
	struct batch lost = { .epoch = EPOCH,
		              .first = 2,
		              .sequence = 5,
		              .previous = 111,
		              .crc = 555,
		              .ledger = &d,
		              .n_ledger = 1 };
	struct batch b = make_batch(1);

	b.crc = 111;
	assert_int_equal(put(state, &b), 0);
	assert_int_equal(put(state, &lost), 0);
	assert_int_equal(put(state, &lost), NM_EEXISTS);
	assert_int_equal(ask(state, "SELECT packets FROM ledger WHERE cause = 20"), 10);
	/* what overlaps with what is stored is another probe's idea of the past */
	lost.first = 4;
	lost.sequence = 7;
	assert_int_equal(put(state, &lost), NM_EFENCED);
	b = make_batch(6);
	b.previous = 555;
	assert_int_equal(put(state, &b), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(a_batch_is_stored_with_its_flows_and_its_watermark),
		WITH_STORE(every_row_of_a_large_batch_is_stored_as_it_is),
		WITH_STORE(tunnels_are_stored_by_name_and_sampling_by_number),
		WITH_STORE(what_another_link_has_too_is_stored_as_a_duplicate),
		WITH_STORE(a_batch_at_or_below_the_watermark_is_not_stored_again),
		WITH_STORE(a_batch_that_follows_another_one_is_fenced_off),
		WITH_STORE(lost_batches_move_the_watermark_and_leave_their_ledger),
		WITH_STORE(a_gap_is_refused_and_writes_nothing),
		WITH_STORE(each_epoch_and_each_probe_counts_for_itself),
		WITH_STORE(a_numbering_may_begin_in_the_middle_when_told_so),
		WITH_STORE(a_link_outside_the_probes_is_refused_before_anything_is_written),
		WITH_STORE(a_failure_in_the_middle_leaves_nothing_behind),
		WITH_STORE(ledger_rows_of_the_same_minute_and_cause_add_up),
		WITH_STORE(a_probe_and_its_links_keep_their_ids),
		WITH_STORE(a_sum_of_the_ledger_that_a_probe_lies_about_ends_at_its_limit),
		WITH_STORE(an_application_is_renamed_only_while_no_flow_carries_it),
		WITH_STORE(in_a_large_store_no_application_is_renamed),
		WITH_STORE(flows_are_read_back_in_the_order_of_their_end_from_a_time_on),
	};

	return cmocka_run_group_tests_name("db_flow", tests, NULL, NULL);
}
