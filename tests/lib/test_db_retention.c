/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removing what is old from the store. */
#include "lib/db_retention.h"

#include "lib/db_aggregate.h"
#include "lib/db_flow.h"
#include "lib/db_sql.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY  86400u
#define NOW  1700000000u
#define MANY 1000

static const char links[1][LINK_NAME_MAX] = { "eth0" };
static const struct db_probe_names names = { "core", links, 1 };
static uint64_t sequence;
static uint32_t crc;

static struct db *
db_of(void **state)
{
	return ((struct store *)*state)->db;
}

static int
setup(void **state)
{
	sequence = 0;
	crc = 0;
	return store_setup(state);
}

/* A batch of flows that all ended at `end_s`, and a ledger row of that minute. */
static int
put_flows(void **state, size_t n, uint32_t end_s)
{
	struct record *records = calloc(n, sizeof(*records));
	struct ledger_delta ledger = { .minute = end_s / 60 * 60,
		                       .cause = LEDGER_SEEN,
		                       .packets = n };
	struct batch b = {
		.epoch = 1, .sequence = sequence + 1, .first = sequence + 1, .previous = crc
	};
	int64_t probe, link;

	assert_non_null(records);
	for (size_t i = 0; i < n; i++) {
		struct record *r = &records[i];

		(void)addr_parse("10.0.0.1", &r->saddr);
		(void)addr_parse("2001:db8::1234:5678:9abc", &r->daddr);
		r->packets = 1;
		r->octets = 100;
		r->protocol = 17;
		r->started = r->expires = end_s;
	}
	b.records = records;
	b.n_records = n;
	b.ledger = &ledger;
	b.n_ledger = 1;
	b.crc = crc + 1;
	assert_int_equal(db_probe_put(db_of(state), &names, end_s, &probe, &link), 0);
	int rc = db_batch_put(db_of(state), probe, &link, 1, &b, end_s);
	free(records);
	if (rc == NM_OK) {
		sequence++;
		crc++;
	}
	return rc;
}

static int64_t
number(void **state, const char *sql)
{
	struct db_stmt *q;

	assert_int_equal(db_query(db_of(state), sql, &q), 0);
	assert_int_equal(db_step(q), 1);
	int64_t value = db_column_int(q, 0);
	db_done(q);
	return value;
}

static int64_t
flows(void **state)
{
	return number(state, "SELECT COUNT(*) FROM flow");
}

/* Steps until nothing is left to do. */
static struct db_kept
all_steps(void **state, const struct db_keep *keep, uint32_t now_s)
{
	struct db_kept sum = { 0 }, kept;

	do {
		assert_int_equal(db_retention_step(db_of(state), keep, now_s, MANY, &kept), 0);
		assert_true(kept.by_age <= MANY && kept.by_size <= MANY);
		sum.by_age += kept.by_age;
		sum.by_size += kept.by_size;
		sum.others += kept.others;
		sum.unread |= kept.unread;
		sum.full |= kept.full;
		sum.blocked |= kept.blocked;
	} while (kept.more);
	return sum;
}

static const struct db_keep keep_ten_days = { .flows_s = 10 * DAY };

static void
flows_go_when_they_are_older_than_they_may_be(void **state)
{
	assert_int_equal(put_flows(state, 2500, NOW - 11 * DAY), 0);
	assert_int_equal(put_flows(state, 10, NOW - 9 * DAY), 0);
	assert_int_equal(put_flows(state, 10, NOW), 0);
	struct db_kept kept = all_steps(state, &keep_ten_days, NOW);
	assert_int_equal(kept.by_age, 2500);
	assert_int_equal(kept.by_size, 0);
	assert_int_equal(flows(state), 20);
	assert_int_equal(number(state, "SELECT MIN(expires) FROM flow"), NOW - 9 * DAY);
}

static void
a_step_removes_no_more_than_it_may(void **state)
{
	struct db_kept kept;

	assert_int_equal(put_flows(state, 50, NOW - 11 * DAY), 0);
	assert_int_equal(put_flows(state, 1, NOW), 0);
	assert_int_equal(db_retention_step(db_of(state), &keep_ten_days, NOW, 20, &kept), 0);
	assert_int_equal(kept.by_age, 20);
	assert_true(kept.more);
	assert_int_equal(flows(state), 31);
}

static void
old_flows_that_came_late_go_too(void **state)
{
	assert_int_equal(put_flows(state, 10, NOW - DAY), 0);
	assert_int_equal(put_flows(state, 10, NOW - 20 * DAY), 0);
	assert_int_equal(put_flows(state, 10, NOW), 0);
	assert_int_equal(all_steps(state, &keep_ten_days, NOW).by_age, 10);
	assert_int_equal(number(state, "SELECT MIN(expires) FROM flow"), NOW - DAY);
}

static void
a_clock_that_jumps_ahead_removes_nothing(void **state)
{
	assert_int_equal(put_flows(state, 10, NOW - 5 * DAY), 0);
	assert_int_equal(put_flows(state, 10, NOW), 0);
	assert_int_equal(all_steps(state, &keep_ten_days, NOW + 4000 * DAY).by_age, 0);
	assert_int_equal(flows(state), 20);
}

static void
a_flow_from_the_future_does_not_make_the_others_old(void **state)
{
	assert_int_equal(put_flows(state, 10, NOW - 5 * DAY), 0);
	assert_int_equal(put_flows(state, 1, NOW + 4000 * DAY), 0);
	assert_int_equal(all_steps(state, &keep_ten_days, NOW).by_age, 0);
}

static void
the_newest_flow_stays_whatever_its_age(void **state)
{
	assert_int_equal(put_flows(state, 10, NOW), 0);
	assert_int_equal(put_flows(state, 10, NOW - 100 * DAY), 0);
	int64_t newest = number(state, "SELECT MAX(id) FROM flow");
	assert_int_equal(all_steps(state, &keep_ten_days, NOW).by_age, 9);
	assert_int_equal(number(state, "SELECT MAX(id) FROM flow"), newest);
}

static void
flows_that_were_not_aggregated_are_not_removed_by_age(void **state)
{
	assert_int_equal(put_flows(state, 20, NOW - 11 * DAY), 0);
	assert_int_equal(put_flows(state, 1, NOW), 0);
	assert_int_equal(db_begin_write(db_of(state)), 0);
	assert_int_equal(db_aggregate_set(db_of(state), AGGREGATE_FLOW, 5), 0);
	assert_int_equal(db_commit(db_of(state)), 0);
	assert_int_equal(all_steps(state, &keep_ten_days, NOW).by_age, 5);
	assert_int_equal(number(state, "SELECT MIN(id) FROM flow"), 6);
}

static void
an_empty_store_has_nothing_to_remove(void **state)
{
	const struct db_keep keep = { .flows_s = DAY, .ledger_s = DAY, .octets = 1 };

	struct db_kept kept = all_steps(state, &keep, NOW);
	assert_int_equal(kept.by_age + kept.by_size + kept.others, 0);
}

static void
the_ledger_and_the_like_go_by_their_own_age(void **state)
{
	const struct db_keep keep = { .ledger_s = 400 * DAY };

	for (uint32_t day = 401; day < 406; day++)
		assert_int_equal(put_flows(state, 1, NOW - day * DAY), 0);
	assert_int_equal(put_flows(state, 1, NOW), 0);
	assert_int_equal(db_run(db_of(state),
	                        "INSERT INTO watermark (probe, epoch, sequence, updated) "
	                        "VALUES (1, 'aa', 1, 1000), (1, 'bb', 1, 1000)"),
	                 0);
	assert_int_equal(db_run(db_of(state), "UPDATE link SET epoch = 'bb'"), 0);
	assert_int_equal(db_run(db_of(state),
	                        "INSERT INTO probe_event (at, probe, event, detail) VALUES "
	                        "(1000, 'core', 'gap', ''), (1700000000, 'core', 'gap', '')"),
	                 0);
	assert_int_equal(db_run(db_of(state),
	                        "INSERT INTO label_version (probe, since, labels) VALUES "
	                        "(1, 1000, 1), (1, 2000, 2), (2, 1000, 3)"),
	                 0);
	struct db_kept kept = all_steps(state, &keep, NOW);
	assert_int_equal(kept.others, 5 + 1 + 1 + 1);
	assert_int_equal(number(state, "SELECT COUNT(*) FROM ledger"), 1);
	assert_int_equal(number(state, "SELECT COUNT(*) FROM watermark WHERE epoch = 'aa'"), 0);
	assert_int_equal(number(state, "SELECT COUNT(*) FROM watermark WHERE epoch = 'bb'"), 1);
	assert_int_equal(number(state, "SELECT MIN(at) FROM probe_event"), 1700000000);
	assert_int_equal(number(state, "SELECT COUNT(*) FROM label_version"), 2);
	assert_int_equal(flows(state), 6);
}

static uint64_t
size_of_file(void **state, const char *suffix)
{
	const struct store *s = *state;
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s", s->path, suffix);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void
a_store_stays_below_its_size_while_flows_come(void **state)
{
	const struct db_keep keep = { .octets = 4000000 };
	struct db_kept kept;
	size_t removed = 0;

	if (store_is_mysql())
		skip();
	assert_int_equal(db_retention_limit(db_of(state), keep.octets), 0);
	for (uint32_t i = 0; i < 60; i++) {
		assert_int_equal(put_flows(state, 2000, NOW + i), 0);
		assert_true(size_of_file(state, "") + size_of_file(state, "-wal") <= keep.octets);
		do {
			assert_int_equal(
			    db_retention_step(db_of(state), &keep, NOW + i, MANY, &kept), 0);
			removed += kept.by_size;
		} while (kept.more);
	}
	assert_int_equal(flows(state) + (int64_t)removed, 60 * 2000);
	assert_true(flows(state) > 10000);
	assert_int_equal(number(state, "SELECT MAX(expires) FROM flow"), NOW + 59);
	assert_int_equal(number(state, "SELECT MAX(id) - MIN(id) + 1 FROM flow"), flows(state));
	assert_int_equal(number(state, "SELECT SUM(packets) FROM ledger"), 60 * 2000);
}

static void
the_file_holds_its_size_when_nothing_is_removed_and_goes_on_after(void **state)
{
	const struct db_keep keep = { .octets = 4000000 };
	uint32_t i = 0;

	if (store_is_mysql())
		skip();
	assert_int_equal(db_retention_limit(db_of(state), keep.octets), 0);
	while (i < 100 && put_flows(state, 2000, NOW + i) == 0)
		i++;
	assert_true(i > 5 && i < 100);
	assert_int_equal(flows(state), i * 2000); /* the batch that did not fit left nothing */
	assert_true(size_of_file(state, "") + size_of_file(state, "-wal") <= keep.octets);
	assert_true(all_steps(state, &keep, NOW).by_size > 0);
	assert_int_equal(put_flows(state, 2000, NOW + i), 0);
}

static void
a_store_that_is_too_large_without_flows_says_so(void **state)
{
	const struct db_keep keep = { .octets = 1000 };

	assert_int_equal(put_flows(state, 10, NOW), 0);
	struct db_kept kept = all_steps(state, &keep, NOW);
	assert_true(kept.full);
	assert_int_equal(flows(state), 1);
}

static void
what_is_not_in_totals_yet_stays_over_the_size_and_that_is_told(void **state)
{
	const struct db_keep keep = { .octets = 1000 };

	assert_int_equal(put_flows(state, 10, NOW), 0);
	assert_int_equal(db_begin_write(db_of(state)), 0);
	assert_int_equal(db_aggregate_set(db_of(state), AGGREGATE_FLOW, 5), 0);
	assert_int_equal(db_commit(db_of(state)), 0);
	struct db_kept kept = all_steps(state, &keep, NOW);
	assert_int_equal(kept.by_size, 5);
	assert_true(kept.unread && !kept.full);
	assert_int_equal(number(state, "SELECT MIN(id) FROM flow"), 6);
}

static void
totals_that_are_made_anew_keep_all_flows(void **state)
{
	assert_int_equal(put_flows(state, 10, NOW - 11 * DAY), 0);
	assert_int_equal(put_flows(state, 1, NOW), 0);
	assert_int_equal(db_begin_write(db_of(state)), 0);
	assert_int_equal(db_aggregate_set(db_of(state), AGGREGATE_BUILDING, 2), 0);
	assert_int_equal(db_aggregate_set(db_of(state), AGGREGATE_FLOW, 0), 0);
	assert_int_equal(db_commit(db_of(state)), 0);
	assert_int_equal(all_steps(state, &keep_ten_days, NOW).by_age, 0);
}

static void
what_is_not_in_the_graphs_yet_stays_whatever_its_age_and_the_size(void **state)
{
	struct db_keep keep = { .flows_s = 10 * DAY, .octets = 1000, .hold_s = NOW - 20 * DAY };

	assert_int_equal(put_flows(state, 3, NOW - 30 * DAY), 0);
	assert_int_equal(put_flows(state, 5, NOW - 20 * DAY), 0);
	assert_int_equal(put_flows(state, 2, NOW), 0);
	struct db_kept kept = all_steps(state, &keep, NOW);
	assert_int_equal(kept.by_age + kept.by_size, 3);
	assert_true(all_steps(state, &keep, NOW).unread);
	assert_int_equal(flows(state), 7);
	keep.hold_s = 0;
	assert_int_equal(all_steps(state, &keep, NOW).by_age, 5);
	assert_int_equal(flows(state), 2);
}

static void
a_probe_whose_clock_is_ahead_does_not_drive_out_the_others(void **state)
{
	const struct db_keep keep = { .octets = 1000, .hold_s = NOW + 600 };
	int64_t removed = 0;

	assert_int_equal(put_flows(state, 10, NOW + 4000 * DAY), 0);
	assert_int_equal(put_flows(state, 10, NOW), 0);
	struct db_kept kept;
	assert_int_equal(db_retention_step(db_of(state), &keep, NOW, 15, &kept), 0);
	assert_int_equal(kept.by_size, 15);
	assert_int_equal(flows(state), 5);
	assert_int_equal(number(state, "SELECT MAX(expires) FROM flow"), NOW);
	assert_int_equal(db_aggregate_get(db_of(state), AGGREGATE_REMOVED, &removed), 0);
	assert_int_equal(removed, NOW);
}

/* A program that begins to read again before it has ended the time before, so that the journal never begins anew. */
static void
a_reader_that_never_lets_go_cannot_keep_the_journal_long(void **state)
{
	const struct db_keep keep = { .octets = 16000000 };
	const struct store *s = *state;
	struct db *readers[2];
	struct db_kept kept;
	char spec[160], err[256];
	uint64_t longest = 0;

	if (store_is_mysql())
		skip();
	(void)snprintf(spec, sizeof(spec), "sqlite:%s", s->path);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(db_open(spec, DB_READ, &readers[i], err, sizeof(err)), 0);
	assert_int_equal(db_retention_limit(db_of(state), keep.octets), 0);
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(db_begin_read(readers[i % 2]), 0);
		assert_int_equal(db_run(readers[i % 2], "SELECT MAX(id) FROM flow") < 0, 0);
		if (i > 0)
			(void)db_commit(readers[(i + 1) % 2]);
		assert_int_equal(put_flows(state, 2000, NOW + i), 0);
		if (i % 10 == 9)
			(void)db_commit(readers[i % 2]);
		assert_int_equal(db_retention_step(db_of(state), &keep, NOW + i, MANY, &kept), 0);
		uint64_t now = size_of_file(state, "-wal");
		longest = now > longest ? now : longest;
		if (i % 10 == 9)
			assert_true(now <= keep.octets / 4);
	}
	assert_true(longest < 8000000);
	for (size_t i = 0; i < 2; i++)
		db_close(readers[i]);
}

/* A server's size follows what was removed only after a while, and no more than is over goes meanwhile. */
static void
a_server_store_comes_below_its_size_and_keeps_what_fits(void **state)
{
	struct db_keep keep = { .octets = 8000000 };
	struct db_kept kept;
	unsigned waited = 0;

	/* half a minute */
	if (!store_is_mysql() || !getenv("NETMON_TEST_SLOW"))
		skip();
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(put_flows(state, 4000, NOW + i), 0);
	do {
		assert_int_equal(db_retention_step(db_of(state), &keep, NOW + 20, 10000, &kept), 0);
		keep.owed = kept.owed;
		if (!kept.more)
			(void)sleep(1);
	} while ((kept.more || kept.by_size > 0) && waited++ < 60);
	assert_true(kept.octets > 0 && kept.octets <= keep.octets);
	assert_true(flows(state) > 5000 && flows(state) < 20 * 4000);
	assert_int_equal(number(state, "SELECT MAX(expires) FROM flow"), NOW + 19);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, store_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(flows_go_when_they_are_older_than_they_may_be),
		CASE(a_step_removes_no_more_than_it_may),
		CASE(old_flows_that_came_late_go_too),
		CASE(a_clock_that_jumps_ahead_removes_nothing),
		CASE(a_flow_from_the_future_does_not_make_the_others_old),
		CASE(the_newest_flow_stays_whatever_its_age),
		CASE(flows_that_were_not_aggregated_are_not_removed_by_age),
		CASE(an_empty_store_has_nothing_to_remove),
		CASE(the_ledger_and_the_like_go_by_their_own_age),
		CASE(a_store_that_is_too_large_without_flows_says_so),
		CASE(what_is_not_in_totals_yet_stays_over_the_size_and_that_is_told),
		CASE(totals_that_are_made_anew_keep_all_flows),
		CASE(what_is_not_in_the_graphs_yet_stays_whatever_its_age_and_the_size),
		CASE(a_probe_whose_clock_is_ahead_does_not_drive_out_the_others),
		CASE(a_store_stays_below_its_size_while_flows_come),
		CASE(the_file_holds_its_size_when_nothing_is_removed_and_goes_on_after),
		CASE(a_reader_that_never_lets_go_cannot_keep_the_journal_long),
		CASE(a_server_store_comes_below_its_size_and_keeps_what_fits),
	};

	return cmocka_run_group_tests_name("db_retention", tests, NULL, NULL);
}
