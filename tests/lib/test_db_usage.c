/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of usage as pages and alerts read them. */
#include "lib/db_sql.h"
#include "lib/db_usage.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Two hosts in group 1, one of them in group 2 too; three applications; current window only. */
static const char *const scene[] = {
	"INSERT INTO application VALUES (1, 'http', 'Web', 255, 254), (2, 'SSH', 'Remote', 9, 8)",
	"INSERT INTO host_group (id, name) VALUES (1, 'office'), (2, 'Labs')",
	"INSERT INTO ip (id, addr, addr_key, first_seen, last_seen) VALUES "
	"(1, '10.0.0.2', '00000000000000000000ffff0a000002', 100, 200), "
	"(2, '10.0.0.10', '00000000000000000000ffff0a00000a', 300, 400), "
	"(3, '2001:db8::1', '20010db8000000000000000000000001', 1, 2)",
	"INSERT INTO ip_group VALUES ('10.0.0.2', 1), ('10.0.0.10', 1), ('10.0.0.10', 2)",
	"INSERT INTO app_usage_curr VALUES (1, 100, 20, 3, 10, 2, 1), (2, 50, 500, 0, 5, 50, 0), "
	"(0, 7, 0, 900, 1, 0, 9)",
	"INSERT INTO app_usage_1hr VALUES (9, 1, 1, 1, 1, 1, 1)",
	"INSERT INTO host_totals VALUES (300, '10.0.0.2', 60, 10, 6, 1), "
	"(300, '10.0.0.10', 90, 510, 9, 51), (3600, '10.0.0.2', 1, 1, 1, 1)",
	"INSERT INTO host_app_totals VALUES (300, '10.0.0.2', 1, 60, 10, 6, 1), "
	"(300, '10.0.0.10', 1, 40, 10, 4, 1), (300, '10.0.0.10', 2, 50, 500, 5, 50)",
	"INSERT INTO group_totals VALUES (300, 1, 150, 520, 15, 52), (300, 2, 90, 510, 9, 51), "
	"(300, 3, 1, 1, 1, 1)",
	"INSERT INTO group_app_totals VALUES (300, 1, 1, 100, 20, 10, 2), "
	"(300, 1, 2, 50, 500, 5, 50), (300, 2, 2, 50, 500, 5, 50)",
	"INSERT INTO host_traffic_unknown VALUES (300, '10.0.0.2', 17, 5000, '192.0.2.1', 53, 7, "
	"0, "
	"1, 0), (300, '10.0.0.2', 6, 6000, '192.0.2.2', 99, 8, 9, 1, 1)",
	"INSERT INTO aggregate_state VALUES ('window_end', 1700000040), ('generation', 4)",
	/* subject 1 is a host, -1 a group; generation 3 must not be read */
	"INSERT INTO usage_minute VALUES (4, 1699999980, 1, 1, 60, 1, 0, 1, 1, 0), "
	"(4, 1699999980, 1, 2, 5, 2, 0, 1, 1, 0), (4, 1699999920, 1, 1, 600, 3, 0, 1, 1, 0), "
	"(4, 1700000040, 1, 1, 9999, 9999, 0, 1, 1, 0), (3, 1699999980, 1, 1, 9999, 9999, 0, 1, 1, "
	"0), "
	"(4, 1699999980, -1, 1, 70, 7, 0, 1, 1, 0), (4, 1699999980, 0, 1, 80, 8, 9, 1, 1, 0)",
	"INSERT INTO usage_hour VALUES (4, 1699999200, 1, 1, 1000, 100, 0, 1, 1, 0), "
	"(4, 1699995600, 1, 1, 2000, 200, 0, 1, 1, 0)",
};

static int
setup(void **state)
{
	if (store_setup(state) < 0)
		return -1;
	struct store *s = *state;
	for (size_t i = 0; i < sizeof(scene) / sizeof(scene[0]); i++)
		if (db_run(s->db, scene[i]) < 0) {
			(void)fprintf(stderr, "# %s: %s\n", scene[i], db_error(s->db));
			return -1;
		}
	return 0;
}

/* Writes who the rows are, in their order: "10.0.0.2 10.0.0.10 ". */
static int
append_row(void *ctx, const struct usage_row *row)
{
	char *out = ctx;
	size_t len = strlen(out);
	const char *who = row->addr;

	if (*row->peer)
		who = row->peer;
	else if (!*who)
		who = *row->group_name ? row->group_name : row->app.name;
	(void)snprintf(out + len, 256 - len, "%s=%llu/%llu ", who,
	               (unsigned long long)row->in_octets, (unsigned long long)row->out_octets);
	return 0;
}

static void
assert_table(struct db *db, struct usage_query query, const char *want)
{
	char out[256] = "";

	assert_int_equal(db_usage_each(db, &query, append_row, out), 0);
	assert_string_equal(out, want);
}

/* A query for the current window. */
static struct usage_query
query_of(enum usage_table table, const char *host, int64_t group, int32_t app)
{
	return (struct usage_query){
		.table = table, .period = USAGE_CURR, .host = host, .group = group, .app = app
	};
}

static struct usage_query
sorted(struct usage_query query, enum usage_sort sort, bool ascending)
{
	query.sort = sort;
	query.ascending = ascending;
	return query;
}

static void
applications_are_told_of_all_of_a_group_and_of_a_host(void **state)
{
	struct store *s = *state;

	assert_table(s->db, query_of(USAGE_APPS, NULL, -1, -1),
	             "Unknown=7/0 SSH=50/500 http=100/20 ");
	assert_table(s->db, query_of(USAGE_APPS, NULL, 1, -1), "SSH=50/500 http=100/20 ");
	assert_table(s->db, query_of(USAGE_APPS, "10.0.0.2", -1, -1), "http=60/10 ");
	assert_table(s->db, query_of(USAGE_APPS, "10.9.9.9", -1, -1), "");
}

static void
hosts_are_told_of_all_of_a_group_of_an_application_and_of_both(void **state)
{
	struct store *s = *state;

	assert_table(s->db, query_of(USAGE_HOSTS, NULL, -1, -1),
	             "10.0.0.10=90/510 10.0.0.2=60/10 ");
	assert_table(s->db, query_of(USAGE_HOSTS, NULL, 2, -1), "10.0.0.10=90/510 ");
	assert_table(s->db, query_of(USAGE_HOSTS, NULL, -1, 1), "10.0.0.2=60/10 10.0.0.10=40/10 ");
	assert_table(s->db, query_of(USAGE_HOSTS, NULL, 2, 1), "10.0.0.10=40/10 ");
}

static void
groups_are_told_of_all_of_an_application_and_of_a_host(void **state)
{
	struct store *s = *state;

	/* group 3 was removed: it has a total but no name any more */
	assert_table(s->db, query_of(USAGE_GROUPS, NULL, -1, -1), "office=150/520 Labs=90/510 ");
	assert_table(s->db, query_of(USAGE_GROUPS, NULL, -1, 1), "office=100/20 ");
	assert_table(s->db, query_of(USAGE_GROUPS, "10.0.0.2", -1, -1), "office=150/520 ");
}

static void
unknown_traffic_is_told_by_peer_and_port(void **state)
{
	struct store *s = *state;

	assert_table(s->db, query_of(USAGE_UNKNOWN, "10.0.0.2", -1, -1),
	             "192.0.2.2=8/9 192.0.2.1=7/0 ");
}

static void
rows_are_sorted_as_asked(void **state)
{
	struct store *s = *state;

	assert_table(s->db, sorted(query_of(USAGE_HOSTS, NULL, -1, -1), USAGE_BY_IN, true),
	             "10.0.0.2=60/10 10.0.0.10=90/510 ");
	assert_table(s->db, sorted(query_of(USAGE_HOSTS, NULL, -1, -1), USAGE_BY_OUT, false),
	             "10.0.0.10=90/510 10.0.0.2=60/10 ");
	/* numeric, not as text */
	assert_table(s->db, sorted(query_of(USAGE_HOSTS, NULL, -1, -1), USAGE_BY_NAME, true),
	             "10.0.0.2=60/10 10.0.0.10=90/510 ");
	assert_table(s->db, sorted(query_of(USAGE_HOSTS, NULL, -1, -1), USAGE_BY_NAME, false),
	             "10.0.0.10=90/510 10.0.0.2=60/10 ");
	assert_table(s->db, sorted(query_of(USAGE_APPS, NULL, -1, -1), USAGE_BY_NAME, true),
	             "http=100/20 SSH=50/500 Unknown=7/0 ");
}

static void
the_limit_cuts_rows_but_not_count_and_sum(void **state)
{
	struct store *s = *state;
	struct usage_query query = query_of(USAGE_HOSTS, NULL, -1, -1);
	struct usage_row sum;
	size_t count;

	query.limit = 1;
	assert_table(s->db, query, "10.0.0.10=90/510 ");
	assert_int_equal(db_usage_count(s->db, &query, &count), NM_OK);
	assert_int_equal(count, 2);
	assert_int_equal(db_usage_sum(s->db, &query, &sum), NM_OK);
	assert_int_equal(sum.in_octets, 150);
	assert_int_equal(sum.out_octets, 520);
	assert_int_equal(sum.in_packets, 15);
}

static int
keep_row(void *ctx, const struct usage_row *row)
{
	*(struct usage_row *)ctx = *row;
	return 7;
}

static void
a_walk_ends_with_what_its_function_said(void **state)
{
	struct store *s = *state;
	struct usage_query query = query_of(USAGE_APPS, NULL, -1, -1);
	struct usage_row row;

	assert_int_equal(db_usage_each(s->db, &query, keep_row, &row), 7);
	assert_int_equal(row.transit_octets, 900);
}

static void
an_application_without_a_name_yet_gets_its_number(void **state)
{
	struct store *s = *state;
	struct usage_query query = query_of(USAGE_APPS, NULL, -1, -1);
	struct usage_row row;

	query.period = USAGE_1HR;
	assert_int_equal(db_usage_each(s->db, &query, keep_row, &row), 7);
	assert_string_equal(row.app.name, "Application 9");
	assert_int_equal(row.app.id, 9);
}

static void
a_table_that_cannot_be_narrowed_so_is_refused(void **state)
{
	struct store *s = *state;
	struct usage_query queries[] = {
		query_of(USAGE_UNKNOWN, NULL, -1, -1),
		query_of(USAGE_APPS, NULL, -1, 1),
		query_of(USAGE_HOSTS, "10.0.0.2", -1, -1),
	};
	size_t count;

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		assert_int_equal(db_usage_count(s->db, &queries[i], &count), NM_EFORMAT);
}

static void
a_name_from_outside_is_data_and_never_sql(void **state)
{
	struct store *s = *state;

	assert_table(s->db, query_of(USAGE_APPS, "' OR 1=1 --", -1, -1), "");
}

/* `want` as "in/out". */
static void
assert_window(struct db *db, const char *host, int64_t group, int32_t app, uint32_t window_s,
              const char *want)
{
	uint64_t in, out;
	char got[64];

	assert_int_equal(db_usage_window(db, host, group, app, window_s, &in, &out), NM_OK);
	(void)snprintf(got, sizeof(got), "%llu/%llu", (unsigned long long)in,
	               (unsigned long long)out);
	assert_string_equal(got, want);
}

static void
a_window_ends_at_the_end_and_is_exact_to_the_minute(void **state)
{
	struct store *s = *state;

	assert_window(s->db, "10.0.0.2", -1, -1, 60, "65/3");
	assert_window(s->db, "10.0.0.2", -1, 1, 60, "60/1");
	assert_window(s->db, "10.0.0.2", -1, 1, 120, "660/4");
	assert_window(s->db, "10.0.0.2", -1, -1, USAGE_6HR, "665/6");
	assert_window(s->db, NULL, 1, -1, 60, "70/7");
	assert_window(s->db, NULL, -1, -1, 60, "80/8");
	assert_window(s->db, "10.9.9.9", -1, -1, 60, "0/0");
	assert_window(s->db, NULL, 77, -1, 60, "0/0");
	assert_window(s->db, NULL, 0, -1, 60, "0/0");
}

static void
a_window_of_a_day_is_read_by_the_hour(void **state)
{
	struct store *s = *state;

	assert_window(s->db, "10.0.0.2", -1, -1, USAGE_24HR, "3000/300");
}

static void
before_the_first_run_windows_are_empty_and_the_end_is_0(void **state)
{
	struct store *s = *state;
	uint32_t end = 1;

	assert_int_equal(db_run(s->db, "DELETE FROM aggregate_state"), NM_OK);
	assert_int_equal(db_usage_end(s->db, &end), NM_OK);
	assert_int_equal(end, 0);
	assert_window(s->db, "10.0.0.2", -1, -1, 60, "0/0");
}

static int
append_text(void *ctx, const char *addr)
{
	char *out = ctx;
	size_t len = strlen(out);

	(void)snprintf(out + len, 256 - len, "%s ", addr);
	return 0;
}

static void
hosts_are_found_by_a_part_of_the_address_and_wildcards_are_plain(void **state)
{
	struct store *s = *state;
	char out[256] = "";

	assert_int_equal(db_host_search(s->db, "10", 10, append_text, out), 0);
	assert_string_equal(out, "10.0.0.2 10.0.0.10 ");
	out[0] = '\0';
	assert_int_equal(db_host_search(s->db, "%", 10, append_text, out), 0);
	assert_int_equal(db_host_search(s->db, "0.0", 1, append_text, out), 0);
	assert_string_equal(out, "10.0.0.2 ");
}

static void
a_host_that_was_seen_has_its_times(void **state)
{
	struct store *s = *state;
	uint32_t first, last;

	assert_int_equal(db_host_get(s->db, "10.0.0.10", &first, &last), NM_OK);
	assert_int_equal(first, 300);
	assert_int_equal(last, 400);
	assert_int_equal(db_host_get(s->db, "10.0.0.11", &first, &last), NM_ENOTFOUND);
}

static int
append_app(void *ctx, const struct application *app)
{
	return append_text(ctx, app->name);
}

static void
applications_have_names_and_colours(void **state)
{
	struct store *s = *state;
	struct application app;
	char out[256] = "";

	assert_int_equal(db_app_get(s->db, 1, &app), NM_OK);
	assert_string_equal(app.category, "Web");
	assert_int_equal(app.colour, 255);
	assert_int_equal(app.colour_dark, 254);
	assert_int_equal(db_app_get(s->db, 99, &app), NM_ENOTFOUND);
	assert_int_equal(db_app_each(s->db, append_app, out), 0);
	assert_string_equal(out, "http SSH Table overflow (not attributed) Unknown ");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(applications_are_told_of_all_of_a_group_and_of_a_host),
		TEST(hosts_are_told_of_all_of_a_group_of_an_application_and_of_both),
		TEST(groups_are_told_of_all_of_an_application_and_of_a_host),
		TEST(unknown_traffic_is_told_by_peer_and_port),
		TEST(rows_are_sorted_as_asked),
		TEST(the_limit_cuts_rows_but_not_count_and_sum),
		TEST(a_walk_ends_with_what_its_function_said),
		TEST(an_application_without_a_name_yet_gets_its_number),
		TEST(a_table_that_cannot_be_narrowed_so_is_refused),
		TEST(a_name_from_outside_is_data_and_never_sql),
		TEST(a_window_ends_at_the_end_and_is_exact_to_the_minute),
		TEST(a_window_of_a_day_is_read_by_the_hour),
		TEST(before_the_first_run_windows_are_empty_and_the_end_is_0),
		TEST(hosts_are_found_by_a_part_of_the_address_and_wildcards_are_plain),
		TEST(a_host_that_was_seen_has_its_times),
		TEST(applications_have_names_and_colours),
	};

	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
