/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Graphs over small RRDs of the collector's shape, and the merging and sorting of tables. */
#include "lib/err.h"
#include "web/graph.h"
#include "web/table.h"

#include <math.h>
#include <rrd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* librrd and what it draws with keep memory until the process ends; our own leaks still show. Their frames are only found
 * by the slow unwinder. */
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *
__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0:print_suppressions=0";
}

const char *
__lsan_default_suppressions(void)
{
	return "leak:librrd\nleak:libfontconfig\nleak:libpango\nleak:libcairo\nleak:libglib\n";
}

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define END  INT64_C(1800000000)

/* A folder with a ':' in it, which librrd would take for the end of the path. */
static char root[] = "/tmp/netmon:graph-XXXXXX";

static void
write_series_until(const char *scope, const char *name, unsigned in, unsigned out, int64_t end)
{
	static const char *const create[] = { "DS:in:GAUGE:120:0:U",   "DS:out:GAUGE:120:0:U",
		                              "RRA:AVERAGE:0.5:1:360", "RRA:MIN:0.5:1:360",
		                              "RRA:MAX:0.5:1:360",     "RRA:AVERAGE:0.5:60:200",
		                              "RRA:MIN:0.5:60:200",    "RRA:MAX:0.5:60:200" };
	char path[256], update[64];
	const char *words[1] = { update };

	(void)snprintf(path, sizeof(path), "%s/%s", root, scope);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s/%s.rrd", root, scope, name);
	rrd_clear_error();
	assert_int_equal(
	    rrd_create_r(path, 60, END - 7260, (int)N(create), (const char **)(uintptr_t)create),
	    0);
	for (int64_t t = END - 7200; t <= end; t += 60) {
		(void)snprintf(update, sizeof(update), "%lld:%u:%u", (long long)t, in, out);
		assert_int_equal(rrd_update_r(path, NULL, 1, words), 0);
	}
}

static void
write_series(const char *scope, const char *name, unsigned in, unsigned out)
{
	write_series_until(scope, name, in, out, END);
}

static int
make_tree(void **state)
{
	char path[256], name[16];

	(void)state;
	if (!mkdtemp(root))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/groups", root);
	(void)mkdir(path, 0700);
	for (unsigned app = 1; app <= 12; app++) {
		(void)snprintf(name, sizeof(name), "%u", app);
		write_series("totals", name, app * 1000, app * 500);
	}
	write_series("totals", "all", 78000, 39000);
	write_series("totals", "transit", 5, 5);
	write_series("groups/7", "3", 9, 9);
	write_series("groups/8", "all", 400, 40);
	write_series("groups/8", "3", 400, 40);
	write_series_until("groups/8", "4", 90000, 90000, END - 1200);
	return 0;
}

static int
drop_tree(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command); /* NOLINT: a test's own folder */
}

static struct graph
graph_of(enum rrd_scope scope, uint32_t group, int app)
{
	return (struct graph){
		.rrd = root,
		.scope = { .scope = scope, .group = group, .app = app },
		.title = "Title: 100 % \\l <b>",
		.end_s = END,
		.period_s = 6 * 3600,
		.width = 360,
		.scale = 1,
		.image = IMAGE_PNG,
	};
}

static void
expect_image(const struct graph *graph, const char *begin)
{
	struct buf out = { 0 };
	char err[256] = "";

	if (graph_draw(graph, &out, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	assert_true(out.len > 1000);
	assert_memory_equal(out.data, begin, strlen(begin));
	buf_free(&out);
}

static void
the_ten_heaviest_applications_are_ranked_and_the_rest_is_others(void **state)
{
	struct graph g = graph_of(RRD_TOTALS, 0, RRD_APP_ALL);

	(void)state;
	assert_int_equal(graph_rank(&g), NM_OK);
	assert_int_equal(g.n_apps, GRAPH_TOP);
	assert_true(g.others);
	assert_false(g.no_data);
	for (size_t i = 0; i < g.n_apps; i++)
		assert_int_equal(g.apps[i].id, 12 - (int)i);
	assert_true(fabs(g.apps[0].now[0] - 12000) < 1);
	assert_true(fabs(g.now[1] - 39000) < 1);
	expect_image(&g, "\x89PNG");
}

static void
now_is_the_same_minute_for_every_application(void **state)
{
	struct graph g = graph_of(RRD_GROUP, 8, RRD_APP_ALL);

	(void)state;
	assert_int_equal(graph_rank(&g), NM_OK);
	assert_int_equal(g.n_apps, 2);
	assert_int_equal(g.apps[0].id, 4);
	assert_true(fabs(g.apps[0].now[0]) < 1);
	assert_true(fabs(g.apps[1].now[0] - 400) < 1);
	assert_true(fabs(g.now[1] - 40) < 1);
}

static void
a_graph_of_one_application_has_no_others(void **state)
{
	struct graph g = graph_of(RRD_TOTALS, 0, 3);

	(void)state;
	assert_int_equal(graph_rank(&g), NM_OK);
	assert_int_equal(g.n_apps, 1);
	assert_false(g.others || g.no_data);
	expect_image(&g, "\x89PNG");
}

static void
hostile_names_are_drawn_as_they_are(void **state)
{
	static const char *const names[] = {
		"a:b\\l%s%n%lf",
		"::::",
		"\\",
		"%",
		"",
		"name that is much longer than its column has room for"
	};
	struct graph g = graph_of(RRD_TOTALS, 0, RRD_APP_ALL);

	(void)state;
	assert_int_equal(graph_rank(&g), NM_OK);
	for (size_t i = 0; i < N(names); i++)
		(void)snprintf(g.apps[i].name, sizeof(g.apps[i].name), "%s", names[i]);
	g.image = IMAGE_SVG;
	expect_image(&g, "<?xml");
	g.width = 1100;
	g.dark = true;
	expect_image(&g, "<?xml");
}

static void
without_data_there_is_an_image_that_says_so(void **state)
{
	struct graph none = graph_of(RRD_GROUP, 9, RRD_APP_ALL);
	struct graph no_total = graph_of(RRD_GROUP, 7, RRD_APP_ALL);
	struct graph no_app = graph_of(RRD_TOTALS, 0, 99);
	struct graph *const all[] = { &none, &no_total, &no_app };

	(void)state;
	for (size_t i = 0; i < N(all); i++) {
		assert_int_equal(graph_rank(all[i]), NM_OK);
		assert_true(all[i]->no_data);
		expect_image(all[i], "\x89PNG");
	}
}

static void
every_width_and_period_can_be_drawn(void **state)
{
	static const unsigned periods[] = { 6 * 3600, 86400, 7 * 86400, 31 * 86400, 366 * 86400 };
	static const unsigned widths[] = { 280, 639, 640, 2000 };

	(void)state;
	for (size_t p = 0; p < N(periods); p++) {
		for (size_t w = 0; w < N(widths); w++) {
			struct graph g = graph_of(RRD_TOTALS, 0, RRD_APP_ALL);
			g.period_s = periods[p];
			g.width = widths[w];
			g.scale = 1 + w % 2;
			assert_int_equal(graph_rank(&g), NM_OK);
			expect_image(&g, "\x89PNG");
		}
	}
}

static void
arguments_above_the_limit_are_an_error_and_no_overflow(void **state)
{
	static struct graph_args args;

	(void)state;
	for (int i = 0; i < GRAPH_ARGS_MAX; i++)
		graph_args_add(&args, "%d", i);
	assert_false(args.failed);
	graph_args_add(&args, "one more");
	assert_true(args.failed);
	assert_int_equal(args.n, GRAPH_ARGS_MAX);
	graph_args_free(&args);
}

/* --- tables --------------------------------------------------------------------------------------------------------- */

static void
add_host(struct table *t, const char *addr, uint64_t now, uint64_t hour)
{
	struct usage_row key = { .group = 0 };

	(void)snprintf(key.addr, sizeof(key.addr), "%s", addr);
	assert_int_equal(table_add(t, USAGE_HOSTS, &key), NM_OK);
	t->rows[t->n - 1].in[0] = now;
	t->rows[t->n - 1].out[1] = hour;
}

static void
expect_hosts(const struct table *t, const char *const *addrs)
{
	for (size_t i = 0; i < t->n; i++)
		assert_string_equal(t->rows[i].key.addr, addrs[i]);
}

static void
hosts_are_sorted_by_number_not_by_text(void **state)
{
	static const char *const order[] = { "9.0.0.1", "10.0.0.2", "10.0.0.10", "2001:db8::1" };
	static const char *const shuffled[] = { "10.0.0.10", "2001:db8::1", "9.0.0.1", "10.0.0.2" };
	struct table t = { 0 };

	(void)state;
	for (size_t i = 0; i < N(shuffled); i++)
		add_host(&t, shuffled[i], i, 0);
	table_sort(&t, USAGE_HOSTS, COLUMN_NAME, ORDER_ASC);
	expect_hosts(&t, order);
	table_free(&t);
}

static void
a_table_is_sorted_by_a_column_and_ties_by_name(void **state)
{
	static const char *const by_now[] = { "10.0.0.3", "10.0.0.1", "10.0.0.2" };
	static const char *const by_hour[] = { "10.0.0.2", "10.0.0.1", "10.0.0.3" };
	struct table t = { 0 };

	(void)state;
	add_host(&t, "10.0.0.2", 5, 9);
	add_host(&t, "10.0.0.1", 5, 9);
	add_host(&t, "10.0.0.3", 7, 1);
	table_sort(&t, USAGE_HOSTS, COLUMN_IN_5M, ORDER_DESC);
	expect_hosts(&t, by_now);
	table_sort(&t, USAGE_HOSTS, COLUMN_OUT_1H, ORDER_ASC);
	assert_string_equal(t.rows[0].key.addr, "10.0.0.3");
	t.rows[2].out[1] = 10;
	table_sort(&t, USAGE_HOSTS, COLUMN_OUT_1H, ORDER_DESC);
	expect_hosts(&t, by_hour);
	table_free(&t);
}

static void
shares_that_are_equal_now_are_told_apart_by_the_hour(void **state)
{
	static const char *const order[] = { "10.0.0.2", "10.0.0.3", "10.0.0.1" };
	struct table t = { 0 };

	(void)state;
	add_host(&t, "10.0.0.1", 0, 1);
	add_host(&t, "10.0.0.2", 0, 3);
	add_host(&t, "10.0.0.3", 0, 2);
	table_sort(&t, USAGE_HOSTS, COLUMN_SHARE, ORDER_DESC);
	expect_hosts(&t, order);
	table_free(&t);
}

static void
a_row_that_is_there_is_not_added_again(void **state)
{
	struct usage_row key = { .addr = "10.0.0.1" };
	struct table t = { 0 };

	(void)state;
	add_host(&t, "10.0.0.1", 1, 1);
	assert_int_equal(table_add(&t, USAGE_HOSTS, &key), NM_OK);
	assert_int_equal(t.n, 1);
	table_free(&t);
	table_sort(&t, USAGE_HOSTS, COLUMN_NAME, ORDER_ASC); /* nothing in it is fine */
}

/* A netmond that answers one request; the request's line, which may come in pieces. */
static void
answer_one(int listener, const char *answer, char *ret_line, size_t size)
{
	int fd = accept(listener, NULL, NULL);
	size_t len = 0;

	assert_true(fd >= 0);
	while (len == 0 || ret_line[len - 1] != '\n') {
		ssize_t n = recv(fd, ret_line + len, size - 1 - len, 0);

		assert_true(n > 0);
		len += (size_t)n;
	}
	ret_line[len] = '\0';
	assert_int_equal(send(fd, answer, strlen(answer), 0), (int)strlen(answer));
	(void)close(fd);
}

/* A worker's socket, the number behind its path. */
static int
listen_at(const char *suffix, char *ret_path, size_t size)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(ret_path, size, "%s/sock%s", root, suffix);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", ret_path);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	return listener;
}

/* What graph_rank() asks for; `other`: a first worker sends it on to a second one. */
static void
assert_asks(struct graph *graph, const char *want, bool other)
{
	static char path[100]; /* the graph keeps it */
	char line[128] = "", second[100];
	int done[2];

	int listener = listen_at("", path, sizeof(path));
	int next = other ? listen_at(".1", second, sizeof(second)) : -1;
	assert_int_equal(pipe(done), 0);
	graph->control = path;
	pid_t pid = fork();
	if (pid == 0) {
		if (other)
			answer_one(listener, "error: another process feeds the RRD tree\n", line,
			           sizeof(line));
		answer_one(other ? next : listener, "ok\n", line, sizeof(line));
		_exit(write(done[1], line, strlen(line)) > 0 ? 0 : 1);
	}
	assert_int_equal(graph_rank(graph), NM_OK);
	assert_true(read(done[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line, want);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(done[0]);
	(void)close(done[1]);
	(void)close(listener);
	(void)unlink(path);
	if (!other)
		return;
	(void)close(next);
	(void)unlink(second);
}

static void
netmond_is_asked_for_the_newest_minutes_of_what_is_read(void **state)
{
	struct graph all = graph_of(RRD_GROUP, 8, RRD_APP_ALL);
	struct graph one = graph_of(RRD_TOTALS, 0, 12);

	(void)state;
	assert_asks(&all, "flush groups/8\n", false);
	assert_asks(&one, "flush totals/12.rrd\n", false);
	/* nobody is there any more: no harm */
	assert_int_equal(graph_rank(&one), NM_OK);
	assert_false(one.no_data);
}

static void
of_several_workers_the_one_that_feeds_the_tree_is_asked(void **state)
{
	struct graph all = graph_of(RRD_GROUP, 8, RRD_APP_ALL);

	(void)state;
	assert_asks(&all, "flush groups/8\n", true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ten_heaviest_applications_are_ranked_and_the_rest_is_others),
		cmocka_unit_test(now_is_the_same_minute_for_every_application),
		cmocka_unit_test(a_graph_of_one_application_has_no_others),
		cmocka_unit_test(netmond_is_asked_for_the_newest_minutes_of_what_is_read),
		cmocka_unit_test(of_several_workers_the_one_that_feeds_the_tree_is_asked),
		cmocka_unit_test(hostile_names_are_drawn_as_they_are),
		cmocka_unit_test(without_data_there_is_an_image_that_says_so),
		cmocka_unit_test(every_width_and_period_can_be_drawn),
		cmocka_unit_test(arguments_above_the_limit_are_an_error_and_no_overflow),
		cmocka_unit_test(hosts_are_sorted_by_number_not_by_text),
		cmocka_unit_test(a_table_is_sorted_by_a_column_and_ties_by_name),
		cmocka_unit_test(shares_that_are_equal_now_are_told_apart_by_the_hour),
		cmocka_unit_test(a_row_that_is_there_is_not_added_again),
	};

	return cmocka_run_group_tests_name("graph", tests, make_tree, drop_tree);
}
