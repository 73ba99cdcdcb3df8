/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Query strings, forms and paths, hostile ones above all. */
#include "lib/err.h"
#include "web/query.h"
#include "web/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define N(a)   (sizeof(a) / sizeof((a)[0]))
#define K(key) KEY_BIT(KEY_##key)
#define ALL    (KEY_BIT(KEY_COUNT) - 1)

static int
parse(const char *text, unsigned allowed, struct query *q)
{
	char err[256] = "";
	int rc = query_parse(text, strlen(text), allowed, q, err, sizeof(err));

	assert_int_equal(rc < 0, err[0] != '\0');
	return rc;
}

static void
an_empty_query_gives_the_defaults(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(parse("", 0, &q), NM_OK);
	assert_int_equal(q.present, 0);
	assert_int_equal(q.period, PERIOD_DAY);
	assert_int_equal(q.sort, COLUMN_SHARE);
	assert_int_equal(q.order, ORDER_DESC);
	assert_int_equal(q.show, SHOW_TEN);
	assert_int_equal(q.width, 1100);
	assert_int_equal(q.scale, 1);
	assert_string_equal(q.q, "");
}

static void
choices_are_taken_by_name(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(parse("period=6h&sort=out1h&order=asc&show=hosts&theme=dark", ALL, &q),
	                 NM_OK);
	assert_int_equal(q.period, PERIOD_6H);
	assert_int_equal(q.sort, COLUMN_OUT_1H);
	assert_int_equal(q.order, ORDER_ASC);
	assert_int_equal(q.show, SHOW_HOSTS);
	assert_int_equal(q.theme, THEME_DARK);
	assert_string_equal(query_choice(KEY_PERIOD, PERIOD_YEAR), "year");
	assert_null(query_choice(KEY_PERIOD, PERIOD_COUNT));
}

static void
a_key_that_the_page_does_not_know_is_refused(void **state)
{
	static const char *const bad[] = { "nonsense=1", "period", "PERIOD=day", "period[]=day",
		                           "=day",       "&",      "width=300",  "a%00b=1" };
	struct query q;

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		assert_int_equal(parse(bad[i], K(PERIOD), &q), NM_EFORMAT);
}

static void
a_key_that_is_given_twice_is_refused(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(parse("period=day&period=day", K(PERIOD), &q), NM_EFORMAT);
}

static void
a_value_outside_its_choices_is_refused_and_never_repeated(void **state)
{
	static const char text[] = "period=%3Cscript%3E";
	struct query q;
	char err[256] = "";

	(void)state;
	assert_int_equal(query_parse(text, strlen(text), K(PERIOD), &q, err, sizeof(err)),
	                 NM_EFORMAT);
	assert_null(strstr(err, "script"));
	assert_non_null(strstr(err, "6h, day, week, month, year"));
	assert_int_equal(q.period, PERIOD_DAY);
}

static void
a_number_has_limits(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ "width=280", NM_OK },
		{ "width=2000", NM_OK },
		{ "width=279", NM_EFORMAT },
		{ "width=2001", NM_EFORMAT },
		{ "width=", NM_EFORMAT },
		{ "width=-300", NM_EFORMAT },
		{ "width=3e2", NM_EFORMAT },
		{ "width=99999999999999999999999", NM_EFORMAT },
		{ "width=300%00", NM_EFORMAT },
		{ "scale=3", NM_EFORMAT },
		{ "scale=2", NM_OK },
		{ "before=4294967295", NM_OK },
		{ "before=4294967296", NM_EFORMAT },
	};
	struct query q;

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(parse(cases[i].text, ALL, &q), cases[i].rc);
}

static void
text_is_decoded(void **state)
{
	struct query q;

	(void)state;
	assert_int_equal(parse("q=10.1%2e0+%3cx%3E%26%C3%B6", K(Q), &q), NM_OK);
	assert_string_equal(q.q, "10.1.0 <x>&\xc3\xb6");
}

static void
text_with_bad_encoding_or_a_nul_is_refused(void **state)
{
	static const char *const bad[] = { "q=%", "q=%4", "q=%zz", "q=%00", "q=a%00b", "q=%4g" };
	struct query q;

	(void)state;
	for (size_t i = 0; i < N(bad); i++) {
		assert_int_equal(parse(bad[i], K(Q), &q), NM_EFORMAT);
		assert_string_equal(q.q, "");
	}
}

static void
text_fits_exactly_and_one_byte_more_is_refused(void **state)
{
	char text[80] = "q=";
	struct query q;

	(void)state;
	memset(text + 2, 'x', QUERY_Q_MAX - 1);
	text[2 + QUERY_Q_MAX - 1] = '\0';
	assert_int_equal(parse(text, K(Q), &q), NM_OK);
	assert_int_equal(strlen(q.q), QUERY_Q_MAX - 1);
	text[2 + QUERY_Q_MAX - 1] = 'x';
	text[2 + QUERY_Q_MAX] = '\0';
	assert_int_equal(parse(text, K(Q), &q), NM_EFORMAT);
}

static void
a_query_above_its_limit_is_refused(void **state)
{
	static char text[QUERY_TEXT_MAX + 2];
	struct query q;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(parse(text, ALL, &q), NM_ELIMIT);
}

/* --- paths ---------------------------------------------------------------------------------------------------------- */

static void
a_path_fits_its_pattern(void **state)
{
	struct route_params p;

	(void)state;
	assert_true(route_match("/", "/", &p));
	assert_true(route_match("/group/:group/app/:app", "/group/7/app/65535", &p));
	assert_int_equal(p.group, 7);
	assert_int_equal(p.app, 65535);
	assert_true(p.has_group && p.has_app && !p.has_host);
	assert_true(route_match("/app/:app", "/app/0", &p));
	assert_true(route_match("/graph/total.image", "/graph/total.svg", &p));
	assert_int_equal(p.image, IMAGE_SVG);
	assert_true(route_match("/graph/host/:host.image", "/graph/host/10.0.0.1.png", &p));
	assert_int_equal(p.image, IMAGE_PNG);
	assert_string_equal(p.host_text, "10.0.0.1");
}

static void
an_address_in_a_path_is_made_canonical(void **state)
{
	struct route_params p;

	(void)state;
	assert_true(route_match("/host/:host/unknown", "/host/2001:DB8:0:0::0001/unknown", &p));
	assert_string_equal(p.host_text, "2001:db8::1");
	assert_true(route_match("/host/:host", "/host/::ffff:192.0.2.1", &p));
	assert_string_equal(p.host_text, "192.0.2.1");
}

static void
a_path_that_is_not_ours_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "/", "" },
		{ "/", "//" },
		{ "/groups", "/groups/" },
		{ "/groups", "/group" },
		{ "/group/:group", "/group/0" },
		{ "/group/:group", "/group/01" },
		{ "/group/:group", "/group/-1" },
		{ "/group/:group", "/group/4294967296" },
		{ "/group/:group", "/group/1/app/1" },
		{ "/group/:group", "/group/" },
		{ "/app/:app", "/app/65536" },
		{ "/host/:host", "/host/../../etc/passwd" },
		{ "/host/:host", "/host/10.0.0.1/.." },
		{ "/host/:host", "/host/10.0.0" },
		{ "/host/:host", "/host/fe80::1%eth0" },
		{ "/host/:host", "/host/" },
		{ "/graph/total.image", "/graph/total" },
		{ "/graph/total.image", "/graph/total.gif" },
		{ "/graph/total.image", "/graph/total.png.png" },
		{ "/graph/app/:app.image", "/graph/app/.png" },
	};
	struct route_params p = { .app = 4711 };

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_false(route_match(cases[i][0], cases[i][1], &p));
	assert_int_equal(p.app, 4711);
}

static void
a_file_name_cannot_leave_its_folder(void **state)
{
	static const char *const bad[] = { "/static/",         "/static/..",      "/static/.css",
		                           "/static/a",        "/static/a.",      "/static/a.b.c",
		                           "/static/../a.css", "/static/a/b.css", "/static/A.css",
		                           "/static/a\\b.css" };
	struct route_params p;

	(void)state;
	assert_true(route_match("/static/:file", "/static/netmon.css", &p));
	assert_string_equal(p.file, "netmon.css");
	for (size_t i = 0; i < N(bad); i++)
		assert_false(route_match("/static/:file", bad[i], &p));
}

static void
a_part_longer_than_any_address_is_refused(void **state)
{
	char path[256] = "/host/";
	struct route_params p;

	(void)state;
	memset(path + 6, '1', 200);
	assert_false(route_match("/host/:host", path, &p));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_query_gives_the_defaults),
		cmocka_unit_test(choices_are_taken_by_name),
		cmocka_unit_test(a_key_that_the_page_does_not_know_is_refused),
		cmocka_unit_test(a_key_that_is_given_twice_is_refused),
		cmocka_unit_test(a_value_outside_its_choices_is_refused_and_never_repeated),
		cmocka_unit_test(a_number_has_limits),
		cmocka_unit_test(text_is_decoded),
		cmocka_unit_test(text_with_bad_encoding_or_a_nul_is_refused),
		cmocka_unit_test(text_fits_exactly_and_one_byte_more_is_refused),
		cmocka_unit_test(a_query_above_its_limit_is_refused),
		cmocka_unit_test(a_path_fits_its_pattern),
		cmocka_unit_test(an_address_in_a_path_is_made_canonical),
		cmocka_unit_test(a_path_that_is_not_ours_is_refused),
		cmocka_unit_test(a_file_name_cannot_leave_its_folder),
		cmocka_unit_test(a_part_longer_than_any_address_is_refused),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
