/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Escaping, the growing buffer, templates, numbers. */
#include "lib/err.h"
#include "lib/paths.h"
#include "web/format.h"
#include "web/html.h"
#include "web/tmpl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void
check(void (*write)(struct buf *, const char *), const char *in, const char *out)
{
	struct buf b = { 0 };

	write(&b, in);
	assert_true(buf_ok(&b));
	assert_string_equal(buf_str(&b), out);
	buf_free(&b);
}

static void
markup_in_a_value_becomes_text(void **state)
{
	(void)state;
	check(html_text, "<script>alert(\"x\")</script> & 'y'",
	      "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;");
	check(html_attr, "a\" onload='x", "a&quot; onload=&#39;x");
	check(html_text, "", "");
}

static void
bytes_that_are_no_utf8_become_the_replacement_character(void **state)
{
	static const char *const cases[][2] = {
		{ "S\xc3\xb6hne", "S\xc3\xb6hne" },
		{ "\xf0\x9f\x90\x8c", "\xf0\x9f\x90\x8c" },
		{ "a\x80z", "a\xef\xbf\xbdz" },
		{ "a\xc3", "a\xef\xbf\xbd" },                               /* cut short */
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                 /* overlong '/' */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		check(html_text, cases[i][0], cases[i][1]);
}

static void
control_characters_become_the_replacement_character(void **state)
{
	(void)state;
	check(html_text, "a\x1b[1m\n", "a\xef\xbf\xbd[1m\xef\xbf\xbd");
	check(html_plain, "a\x7f<b>\xc2\x85", "a\xef\xbf\xbd<b>\xef\xbf\xbd");
}

static void
a_part_of_an_address_keeps_only_unreserved_characters(void **state)
{
	(void)state;
	check(html_url, "2001:db8::1", "2001:db8::1");
	check(html_url, "/a b?c=d&e\"<\xc3\xb6", "%2Fa%20b%3Fc%3Dd%26e%22%3C%C3%B6");
}

static void
a_time_is_for_machines_and_for_people(void **state)
{
	struct buf b = { 0 };

	(void)state;
	html_time(&b, 1700000000);
	assert_string_equal(buf_str(&b),
	                    "<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13 UTC</time>");
	buf_free(&b);
}

static void
a_buffer_beyond_its_limit_fails_and_stays_failed(void **state)
{
	static char block[1u << 20];
	struct buf b = { 0 };

	(void)state;
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < BUF_MAX / sizeof(block); i++)
		buf_put(&b, block, sizeof(block));
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, BUF_MAX);
	buf_put(&b, "y", 1);
	assert_false(buf_ok(&b));
	buf_text(&b, "");
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, BUF_MAX);
	buf_free(&b);
}

/* --- numbers -------------------------------------------------------------------------------------------------------- */

static void
rates_are_bits_per_second_with_three_digits(void **state)
{
	static const struct {
		uint64_t octets;
		unsigned period_s;
		const char *text;
	} cases[] = {
		{ 0, 300, "0 bit/s" },
		{ 300, 300, "8 bit/s" },
		{ 37500, 300, "1.00 kbit/s" },
		{ 450000000, 3600, "1.00 Mbit/s" },
		{ 124999999, 1, "1.00 Gbit/s" },
		{ 12345678, 1, "98.8 Mbit/s" },
		{ 12500000, 1, "100 Mbit/s" },
		{ UINT64_MAX, 1, "148 Ebit/s" },
		{ 5, 0, "0 bit/s" },
	};
	char buf[FORMAT_MAX];

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_string_equal(
		    format_rate(cases[i].octets, cases[i].period_s, buf, sizeof(buf)),
		    cases[i].text);
}

static void
volumes_are_bytes_with_si_prefixes(void **state)
{
	char buf[FORMAT_MAX];

	(void)state;
	assert_string_equal(format_volume(999, buf, sizeof(buf)), "999 B");
	assert_string_equal(format_volume(1000, buf, sizeof(buf)), "1.00 kB");
	assert_string_equal(format_volume(1500000000, buf, sizeof(buf)), "1.50 GB");
	assert_string_equal(format_volume(999600, buf, sizeof(buf)), "1.00 MB");
}

static void
a_loss_never_shows_as_full_coverage(void **state)
{
	char buf[FORMAT_MAX];

	(void)state;
	assert_string_equal(format_coverage(9998, 10000, buf, sizeof(buf)), "99.98 %");
	assert_string_equal(format_coverage(10000, 10000, buf, sizeof(buf)), "100.00 %");
	assert_string_equal(format_coverage(UINT64_MAX - 1, UINT64_MAX, buf, sizeof(buf)),
	                    "99.99 %");
	assert_string_equal(format_coverage(0, 10000, buf, sizeof(buf)), "0.00 %");
}

static void
a_share_of_nothing_is_a_dash(void **state)
{
	char buf[FORMAT_MAX];

	(void)state;
	assert_string_equal(format_share(0, 0, buf, sizeof(buf)), "–");
	assert_string_equal(format_share(3, 8, buf, sizeof(buf)), "37.5 %");
}

/* --- templates ------------------------------------------------------------------------------------------------------ */

/* A folder of templates that are all `text`; the caller removes it with drop(). */
static char *
make_folder(const char *text)
{
	static const char *const names[] = { "layout", "bare",   "usage",  "table",
		                             "login",  "search", "alerts", "error" };
	char *folder = strdup("/tmp/netmon-tmpl-XXXXXX");

	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < N(names); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s/%s.html", folder, names[i]);
		FILE *file = fopen(path, "we");
		assert_non_null(file);
		assert_true(fputs(text, file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
	return folder;
}

static void
drop(char *folder)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r '%s'", folder);
	assert_int_equal(system(command), 0); /* NOLINT: a test's own folder */
	free(folder);
}

static void
expect_render(const char *text, const char *expected)
{
	const struct tmpl_value values[] = {
		{ SLOT_TITLE, AS_TEXT, "<t>" },
		{ SLOT_MAIN, AS_HTML, "<m>" },
		{ SLOT_USER, AS_TEXT, NULL },
	};
	struct tmpl_set *set;
	struct buf out = { 0 };
	char err[256];
	char *folder = make_folder(text);

	assert_int_equal(tmpl_load(folder, &set, err, sizeof(err)), NM_OK);
	tmpl_render(set, TMPL_ERROR, values, N(values), &out);
	assert_string_equal(buf_str(&out), expected);
	buf_free(&out);
	tmpl_free(set);
	drop(folder);
}

static void
a_slot_escapes_unless_template_and_filler_agree(void **state)
{
	(void)state;
	expect_render("a@@title@@b", "a&lt;t&gt;b");
	expect_render("@@!title@@", "&lt;t&gt;");
	expect_render("@@main@@", "&lt;m&gt;");
	expect_render("@@!main@@.", "<m>.");
}

static void
a_slot_that_nobody_fills_is_empty(void **state)
{
	(void)state;
	expect_render("[@@user@@@@crumbs@@]", "[]");
}

static void
a_template_with_an_unknown_or_open_slot_is_refused(void **state)
{
	static const char *const bad[] = { "@@nonsense@@", "@@title", "a@@ b", "@@@@" };

	(void)state;
	for (size_t i = 0; i < N(bad); i++) {
		struct tmpl_set *set = NULL;
		char err[256] = "";
		char *folder = make_folder(bad[i]);

		assert_int_equal(tmpl_load(folder, &set, err, sizeof(err)), NM_EFORMAT);
		assert_non_null(strstr(err, "layout.html"));
		assert_null(set);
		drop(folder);
	}
}

static void
the_programs_own_templates_load(void **state)
{
	struct tmpl_set *set;
	char folder[PATHS_MAX], err[256];

	(void)state;
	assert_int_equal(paths_find(PATHS_TEMPLATES, NULL, folder, sizeof(folder)), NM_OK);
	assert_int_equal(tmpl_load(folder, &set, err, sizeof(err)), NM_OK);
	tmpl_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_in_a_value_becomes_text),
		cmocka_unit_test(bytes_that_are_no_utf8_become_the_replacement_character),
		cmocka_unit_test(control_characters_become_the_replacement_character),
		cmocka_unit_test(a_part_of_an_address_keeps_only_unreserved_characters),
		cmocka_unit_test(a_time_is_for_machines_and_for_people),
		cmocka_unit_test(a_buffer_beyond_its_limit_fails_and_stays_failed),
		cmocka_unit_test(rates_are_bits_per_second_with_three_digits),
		cmocka_unit_test(volumes_are_bytes_with_si_prefixes),
		cmocka_unit_test(a_loss_never_shows_as_full_coverage),
		cmocka_unit_test(a_share_of_nothing_is_a_dash),
		cmocka_unit_test(a_slot_escapes_unless_template_and_filler_agree),
		cmocka_unit_test(a_slot_that_nobody_fills_is_empty),
		cmocka_unit_test(a_template_with_an_unknown_or_open_slot_is_refused),
		cmocka_unit_test(the_programs_own_templates_load),
	};

	return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
