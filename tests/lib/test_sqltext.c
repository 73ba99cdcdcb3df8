/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records as SQL text, judged by what SQLite makes of it. */
#include "lib/sqltext.h"

#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>

static const char *const links[] = { "eth0", "it's" };
static struct record records[SQLTEXT_ROWS_MAX * 2 + 1];

/* A stream into memory; close it, then run_text(). */
struct text {
	char *bytes;
	size_t len;
	struct sqltext sql;
};

static void
text_open(struct text *t)
{
	FILE *out = open_memstream(&t->bytes, &t->len);

	assert_non_null(out);
	t->sql = (struct sqltext){ .out = out, .probe = "o'hare", .links = links, .n_links = 2 };
}

/* Runs the text, as `sqlite3 netmon.db` would, and frees it. */
static void
text_run(struct text *t, const struct store *store)
{
	sqlite3 *db;
	char *words = NULL;

	assert_int_equal(fclose(t->sql.out), 0);
	assert_int_equal(sqlite3_open(store->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, t->bytes, NULL, NULL, &words) != SQLITE_OK)
		fail_msg("%s in: %.500s", words, t->bytes);
	(void)sqlite3_close(db);
	free(t->bytes);
}

/* One number of the store. */
static int64_t
ask(const struct store *store, const char *question)
{
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open(store->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, question, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t answer = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	return answer;
}

static struct batch
make_batch(size_t n_records)
{
	for (size_t i = 0; i < n_records; i++) {
		struct record *r = &records[i];

		*r = (struct record){ .sport = (uint16_t)i,
			              .dport = 53,
			              .protocol = 17,
			              .start_frac = 1,
			              .end_frac = 2,
			              .packets = 3,
			              .octets = 4294967295u,
			              .started = 4294967290u,
			              .expires = 4294967295u,
			              .vlan = 7,
			              .link = i & 1 };
		assert_int_equal(addr_parse("2001:db8::1", &r->saddr), 0);
		assert_int_equal(addr_parse("192.0.2.1", &r->daddr), 0);
	}
	return (struct batch){ .epoch = 0xfedcba9876543210u,
		               .sequence = 1,
		               .records = records,
		               .n_records = n_records };
}

static void
write_batch(const struct store *store, const struct batch *b)
{
	struct text t;

	text_open(&t);
	sqltext_probe(&t.sql, 100);
	assert_int_equal(sqltext_batch(&t.sql, b, 200), 0);
	text_run(&t, store);
}

static void
every_flow_is_stored_once_whatever_the_number_of_rows(void **state)
{
	static const size_t counts[] = { 0,
		                         1,
		                         SQLTEXT_ROWS_MAX - 1,
		                         SQLTEXT_ROWS_MAX,
		                         SQLTEXT_ROWS_MAX * 2,
		                         SQLTEXT_ROWS_MAX * 2 + 1 };
	const struct store *store = *state;
	size_t all = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct batch b = make_batch(counts[i]);
		all += counts[i];
		write_batch(store, &b);
		assert_int_equal(ask(store, "SELECT count(*) FROM flow"), all);
	}
	assert_true(ask(store, "SELECT sum(octets) FROM flow") == (int64_t)all * 4294967295);
	assert_int_equal(ask(store, "SELECT sum(packets) FROM flow"), all * 3);
}

static void
every_column_has_its_value(void **state)
{
	struct batch b = make_batch(2);

	records[0].tunnel = 0x0104;
	records[0].sampling = 65535;
	records[0].roles = RECORD_DUPLICATE;
	write_batch(*state, &b);
	assert_int_equal(
	    ask(*state, "SELECT count(*) FROM flow WHERE saddr='2001:db8::1' AND daddr='192.0.2.1' "
	                "AND sport=0 AND dport=53 AND protocol=17 AND packets=3 AND "
	                "octets=4294967295 AND application=0 AND fraction=258 AND vlan=7 AND "
	                "started=4294967290 AND expires=4294967295 AND tunnel='mpls/gre' "
	                "AND sampling=65535 AND duplicate=1"),
	    1);
	assert_int_equal(ask(*state, "SELECT count(*) FROM flow WHERE sport=1 AND tunnel='' AND "
	                             "sampling=1 AND duplicate=0"),
	                 1);
}

static void
a_flow_carries_the_id_of_its_own_link(void **state)
{
	struct batch b = make_batch(10);

	write_batch(*state, &b);
	assert_int_equal(ask(*state, "SELECT count(*) FROM link"), 2);
	assert_int_equal(ask(*state, "SELECT count(*) FROM flow f JOIN link l ON l.id=f.link JOIN "
	                             "probe p ON p.id=l.probe WHERE l.name='it''s' AND "
	                             "p.name='o''hare' AND f.sport%2=1"),
	                 5);
}

static void
probe_and_links_are_made_once_and_the_watermark_follows(void **state)
{
	struct batch b = make_batch(1);

	write_batch(*state, &b);
	b.sequence = 2;
	write_batch(*state, &b);
	assert_int_equal(ask(*state, "SELECT count(*) FROM probe"), 1);
	assert_int_equal(ask(*state, "SELECT count(*) FROM link"), 2);
	assert_int_equal(ask(*state, "SELECT count(*) FROM watermark"), 1);
	assert_int_equal(ask(*state, "SELECT sequence FROM watermark WHERE epoch="
	                             "'fedcba9876543210'"),
	                 2);
	assert_int_equal(ask(*state, "SELECT last_seen FROM probe"), 200);
}

static void
ledger_rows_of_the_same_minute_and_cause_add_up(void **state)
{
	struct ledger_delta d = { .minute = 60, .link = 1, .cause = 2, .packets = 5, .octets = 9 };
	struct batch b = { .sequence = 1, .ledger = &d, .n_ledger = 1 };

	write_batch(*state, &b);
	write_batch(*state, &b);
	assert_int_equal(ask(*state, "SELECT count(*) FROM ledger"), 1);
	assert_int_equal(ask(*state, "SELECT packets * 1000 + octets FROM ledger"), 10018);
}

static void
a_name_can_neither_end_its_quotes_nor_carry_a_backslash(void **state)
{
	struct application apps[] = {
		{ .id = 9, .name = "x'); DROP TABLE flow; --", .category = "a\\'b" },
		{ .id = 10, .name = "\\", .category = "\n\x1b" },
	};
	struct text t;

	text_open(&t);
	sqltext_apps(&t.sql, apps, 2);
	assert_int_equal(fflush(t.sql.out), 0);
	assert_null(strchr(t.bytes, '\\'));
	text_run(&t, *state);
	assert_int_equal(ask(*state, "SELECT count(*) FROM flow"), 0);
	assert_int_equal(ask(*state, "SELECT count(*) FROM application WHERE id=9 AND "
	                             "name='x''); DROP TABLE flow; --' AND category='a_''b'"),
	                 1);
	assert_int_equal(ask(*state, "SELECT count(*) FROM application WHERE id=10 AND name='_' "
	                             "AND category='__'"),
	                 1);
}

static void
an_application_that_is_there_keeps_its_name(void **state)
{
	struct application app = { .id = 0, .name = "Other", .category = "Other" };
	struct text t;

	text_open(&t);
	sqltext_apps(&t.sql, &app, 1);
	text_run(&t, *state);
	assert_int_equal(ask(*state, "SELECT count(*) FROM application WHERE name='Unknown'"), 1);
	assert_int_equal(ask(*state, "SELECT count(*) FROM application WHERE id=0"), 1);
}

static void
a_link_that_the_probe_never_named_is_refused_before_a_word_is_written(void **state)
{
	struct batch b = make_batch(2);
	struct ledger_delta d = { .link = 2 };
	struct text t;

	(void)state;
	text_open(&t);
	b.records[1].link = 2;
	assert_int_equal(sqltext_batch(&t.sql, &b, 0), NM_EFORMAT);
	b.records[1].link = 1;
	b.ledger = &d;
	b.n_ledger = 1;
	assert_int_equal(sqltext_batch(&t.sql, &b, 0), NM_EFORMAT);
	assert_int_equal(fclose(t.sql.out), 0);
	assert_int_equal(t.len, 0);
	free(t.bytes);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(every_flow_is_stored_once_whatever_the_number_of_rows),
		WITH_STORE(every_column_has_its_value),
		WITH_STORE(a_flow_carries_the_id_of_its_own_link),
		WITH_STORE(probe_and_links_are_made_once_and_the_watermark_follows),
		WITH_STORE(ledger_rows_of_the_same_minute_and_cause_add_up),
		WITH_STORE(a_name_can_neither_end_its_quotes_nor_carry_a_backslash),
		WITH_STORE(an_application_that_is_there_keeps_its_name),
		cmocka_unit_test(
		    a_link_that_the_probe_never_named_is_refused_before_a_word_is_written),
	};

	return cmocka_run_group_tests_name("sqltext", tests, NULL, NULL);
}
