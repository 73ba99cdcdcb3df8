/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The aggregator's side of the store, and its lock. */
#include "lib/db_aggregate.h"
#include "lib/db_sql.h"
#include "lib/db_usage.h"
#include "lib/err.h"
#include "lib/lock.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define END 1700000040u /* a whole minute */

static int64_t
number_of(struct db *db, const char *sql)
{
	struct db_stmt *q;
	int64_t n = -1;

	assert_int_equal(db_query(db, sql, &q), NM_OK);
	if (db_step(q) > 0)
		n = db_column_int(q, 0);
	db_done(q);
	return n;
}

static struct addr
addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), NM_OK);
	return a;
}

static void
a_number_is_0_until_it_is_set_and_holds_64_bits(void **state)
{
	struct store *s = *state;
	int64_t value = 7;

	assert_int_equal(db_aggregate_get(s->db, AGGREGATE_GROUPS, &value), NM_OK);
	assert_int_equal(value, 0);
	assert_int_equal(db_aggregate_set(s->db, AGGREGATE_GROUPS, INT64_MIN), NM_OK);
	assert_int_equal(db_aggregate_set(s->db, AGGREGATE_FLOW, 5), NM_OK);
	assert_int_equal(db_aggregate_get(s->db, AGGREGATE_GROUPS, &value), NM_OK);
	assert_true(value == INT64_MIN);
}

static int
count_flow(void *ctx, const struct aggregate_flow *flow)
{
	int64_t *ids = ctx;

	*ids = *ids * 10 + flow->id + (flow->malformed ? 5 : 0);
	return 0;
}

static void
flows_come_by_id_behind_the_last_and_at_most_so_many(void **state)
{
	struct store *s = *state;
	int64_t ids = 0, before;

	assert_int_equal(
	    db_run(s->db, "INSERT INTO flow (id, link, vlan, saddr, daddr, sport, dport, protocol, "
	                  "packets, octets, application, fraction, started, expires, tunnel, "
	                  "sampling) VALUES "
	                  "(1,1,0,'10.0.0.1','::1',1,2,6,1,40,3,258,100,101,'',1),"
	                  "(2,1,0,'10.0.0.1','x',1,2,6,1,40,3,258,200,201,'',1),"
	                  "(3,1,0,'10.0.0.1','::1',1,2,6,1,40,3,258,300,301,'',1)"),
	    NM_OK);
	assert_int_equal(db_aggregate_flows(s->db, 0, 2, count_flow, &ids), 0);
	assert_int_equal(ids, 1 * 10 + 7); /* the second is malformed */
	ids = 0;
	assert_int_equal(db_aggregate_flows(s->db, 2, 10, count_flow, &ids), 0);
	assert_int_equal(ids, 3);
	assert_int_equal(db_aggregate_flow_before(s->db, 201, &before), NM_OK);
	assert_int_equal(before, 1);
	assert_int_equal(db_aggregate_flow_before(s->db, 302, &before), NM_OK);
	assert_int_equal(before, 3);
}

static void
a_flow_that_another_link_has_too_counts_once(void **state)
{
	struct store *s = *state;
	int64_t ids = 0;

	assert_int_equal(
	    db_run(s->db, "INSERT INTO flow (id, link, vlan, saddr, daddr, sport, dport, protocol, "
	                  "packets, octets, application, fraction, started, expires, duplicate) "
	                  "VALUES (1,1,0,'10.0.0.1','::1',1,2,6,1,40,3,258,100,101,0),"
	                  "(2,2,0,'10.0.0.1','::1',1,2,6,1,40,3,258,100,101,1),"
	                  "(3,1,0,'10.0.0.1','::1',1,2,6,1,40,3,258,300,301,0)"),
	    NM_OK);
	assert_int_equal(db_aggregate_flows(s->db, 0, 2, count_flow, &ids), 0);
	assert_int_equal(ids, 13);
}

static int
count_overflow(void *ctx, const struct aggregate_flow *flow)
{
	int64_t *ids = ctx;

	if (flow->overflow)
		*ids = *ids * 10 + flow->id;
	return 0;
}

static void
overflow_is_protocol_255_without_addresses_and_nothing_else(void **state)
{
	struct store *s = *state;
	int64_t ids = 0;

	if (store_is_mysql())
		skip(); /* of files, or SQLite's own SQL */
	assert_int_equal(
	    db_run(s->db, "INSERT INTO flow (id, link, vlan, saddr, daddr, sport, dport, protocol, "
	                  "packets, octets, application, fraction, started, expires, tunnel, "
	                  "sampling) VALUES "
	                  "(1,1,0,'0.0.0.0','0.0.0.0',0,0,255,1,40,0,0,100,101,'',1),"
	                  "(2,1,0,'::','::',0,0,255,1,40,0,0,200,201,'',1),"
	                  "(3,1,0,'0.0.0.0','0.0.0.0',0,0,17,1,40,0,0,300,301,'',1),"
	                  "(4,1,0,'0.0.0.0','10.0.0.1',0,0,255,1,40,0,0,1,2,'',1),"
	                  "(5,1,0,'::1','::1',0,0,255,1,40,0,0,1,2,'',1),"
	                  "(6,1,0,'::','::',0,0,511,1,40,0,0,1,2,'',1)"),
	    NM_OK);
	assert_int_equal(db_aggregate_flows(s->db, 0, 10, count_overflow, &ids), 0);
	assert_int_equal(ids, 12);
}

static void
usage_adds_up(void **state)
{
	struct store *s = *state;
	struct aggregate_key key = { .generation = 1, .slot = 60, .subject = -2, .application = 9 };
	struct aggregate_usage usage = { 1, 2, 3, 4, 5, 6 };

	for (int i = 0; i < 3; i++) {
		assert_int_equal(db_aggregate_add_minute(s->db, &key, &usage), NM_OK);
		assert_int_equal(db_aggregate_add_hour(s->db, &key, &usage), NM_OK);
	}
	assert_int_equal(number_of(s->db, "SELECT count(*) FROM usage_minute"), 1);
	assert_int_equal(number_of(s->db,
	                           "SELECT in_octets * 100000 + out_octets * 10000 + "
	                           "transit_octets * 1000 + in_packets * 100 + out_packets * "
	                           "10 + transit_packets FROM usage_hour"),
	                 300000 + 60000 + 9000 + 1200 + 150 + 18);
}

static void
a_host_is_made_once_and_its_times_widen(void **state)
{
	static const uint32_t groups[] = { 4, 9 };
	struct store *s = *state;
	struct addr a = addr_of("2001:db8::1");
	int64_t id, found;

	assert_int_equal(db_aggregate_find_host(s->db, &a, &found), NM_ENOTFOUND);
	assert_int_equal(db_aggregate_new_host(s->db, &a, 500, groups, 2, &id), NM_OK);
	assert_int_equal(db_aggregate_find_host(s->db, &a, &found), NM_OK);
	assert_int_equal(found, id);
	assert_int_equal(db_aggregate_host_seen(s->db, id, 400, 450), NM_OK);
	assert_int_equal(db_aggregate_host_seen(s->db, id, 470, 600), NM_OK);
	assert_int_equal(number_of(s->db, "SELECT first_seen FROM ip"), 400);
	assert_int_equal(number_of(s->db, "SELECT last_seen FROM ip"), 600);
	assert_int_equal(number_of(s->db, "SELECT count(*) FROM ip_group"), 2);
}

static void
regrouping_forgets_hosts_that_no_group_holds(void **state)
{
	static const uint32_t old[] = { 1 };
	struct store *s = *state;
	struct addr in = addr_of("10.0.0.1"), out = addr_of("192.0.2.1");
	struct addr_range range;
	struct group_set *set;
	int64_t id;

	assert_int_equal(db_aggregate_new_host(s->db, &in, 1, old, 1, &id), NM_OK);
	assert_int_equal(db_aggregate_new_host(s->db, &out, 1, old, 1, &id), NM_OK);
	assert_int_equal(group_set_new(&set), NM_OK);
	assert_int_equal(addr_range_parse("10.0.0.0/8", &range), NM_OK);
	assert_int_equal(group_set_add(set, 2, &range), NM_OK);
	assert_int_equal(group_set_add(set, 3, &range), NM_OK);
	assert_int_equal(db_aggregate_regroup(s->db, set), NM_OK);
	assert_int_equal(number_of(s->db, "SELECT count(*) FROM ip"), 1);
	assert_int_equal(number_of(s->db, "SELECT sum(group_id) FROM ip_group"), 5);
	group_set_free(set);
}

static void
windows_are_seen_when_they_are_published_and_not_before(void **state)
{
	struct store *s = *state;
	struct aggregate_key key = {
		.generation = 3, .slot = END - 60, .subject = 0, .application = 7
	};
	struct aggregate_usage usage = { .in_octets = 10 };
	uint32_t end = 1;

	assert_int_equal(db_aggregate_add_minute(s->db, &key, &usage), NM_OK);
	key.generation = 2; /* another generation is not read */
	assert_int_equal(db_aggregate_add_minute(s->db, &key, &usage), NM_OK);
	assert_int_equal(db_aggregate_prepare(s->db, 3, END), NM_OK);
	assert_int_equal(number_of(s->db, "SELECT count(*) FROM app_usage_curr"), 0);
	assert_int_equal(db_usage_end(s->db, &end), NM_OK);
	assert_int_equal(end, 0);
	assert_int_equal(db_begin_write(s->db), NM_OK);
	assert_int_equal(db_aggregate_publish(s->db, 3, END), NM_OK);
	assert_int_equal(db_commit(s->db), NM_OK);
	assert_int_equal(number_of(s->db, "SELECT in_octets FROM app_usage_curr"), 10);
	assert_int_equal(db_usage_end(s->db, &end), NM_OK);
	assert_int_equal(end, END);
}

static void
what_is_old_or_of_another_generation_is_deleted_slot_by_slot(void **state)
{
	struct store *s = *state;
	struct aggregate_key key = { .generation = 2, .subject = 0, .application = 7 };
	struct aggregate_usage usage = { .in_octets = 10 };
	bool more = true;
	int slots = 0;

	for (key.slot = END - AGGREGATE_MINUTES_S - 120; key.slot < END; key.slot += 60)
		assert_int_equal(db_aggregate_add_minute(s->db, &key, &usage), NM_OK);
	key.generation = 1;
	key.slot = END - 60;
	assert_int_equal(db_aggregate_add_minute(s->db, &key, &usage), NM_OK);
	key.generation = 2;
	key.slot = END / 3600 * 3600 - AGGREGATE_HOURS_S - 3600;
	assert_int_equal(db_aggregate_add_hour(s->db, &key, &usage), NM_OK);
	key.slot = END / 3600 * 3600;
	assert_int_equal(db_aggregate_add_hour(s->db, &key, &usage), NM_OK);
	while (more) {
		assert_int_equal(db_aggregate_prune(s->db, 2, END, &more), NM_OK);
		slots += more;
	}
	assert_int_equal(slots, 2 + 1 + 1);
	assert_int_equal(number_of(s->db, "SELECT count(*) FROM usage_minute"),
	                 AGGREGATE_MINUTES_S / 60);
	assert_int_equal(number_of(s->db, "SELECT count(*) FROM usage_hour"), 1);
}

static void
a_lock_holds_until_its_program_ends(void **state)
{
	struct store *s = *state;
	char path[160];
	int status;

	if (store_is_mysql())
		skip(); /* of files, or SQLite's own SQL */
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(lock_take(s->spec, "test") == NM_OK ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(lock_take(s->spec, "test"), NM_OK);
	assert_int_equal(lock_take(s->spec, "test"), NM_EEXISTS);
	assert_int_equal(lock_take(s->spec, "other"), NM_OK);
	assert_true(lock_take("sqlite:/nowhere/x", "test") < 0);
	(void)snprintf(path, sizeof(path), "%s.test.lock", s->path);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s.other.lock", s->path);
	(void)unlink(path);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_number_is_0_until_it_is_set_and_holds_64_bits),
		TEST(flows_come_by_id_behind_the_last_and_at_most_so_many),
		TEST(a_flow_that_another_link_has_too_counts_once),
		TEST(overflow_is_protocol_255_without_addresses_and_nothing_else),
		TEST(usage_adds_up),
		TEST(a_host_is_made_once_and_its_times_widen),
		TEST(regrouping_forgets_hosts_that_no_group_holds),
		TEST(windows_are_seen_when_they_are_published_and_not_before),
		TEST(what_is_old_or_of_another_generation_is_deleted_slot_by_slot),
		TEST(a_lock_holds_until_its_program_ends),
	};

	return cmocka_run_group_tests_name("aggregates", tests, NULL, NULL);
}
