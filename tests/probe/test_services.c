/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Services by the names of their hosts: the file, what it refuses, and which domain wins. */
#include "probe/services.h"

#include "lib/err.h"
#include "tests/probe/list_fixture.h"

#include <stdlib.h>

static struct services *
load(const char *text)
{
	struct services *s = NULL;
	char path[64], err[512] = "";
	int fd = list_file(text, strlen(text), path);

	if (services_load(path, &s, err, sizeof(err)) != NM_OK)
		fail_msg("%s", err);
	(void)close(fd);
	return s;
}

/* The name of the service that a host's name leads to, "-" for none. */
static const char *
found(const struct services *s, const char *host)
{
	const struct service *service = services_find(s, host, strlen(host));

	return service ? service->name : "-";
}

static void
refused_as(const char *text, int rc, unsigned line, const char *words)
{
	struct services *s = NULL;
	char path[64], err[512] = "";
	int fd = list_file(text, strlen(text), path);

	assert_int_equal(services_load(path, &s, err, sizeof(err)), rc);
	assert_null(s);
	assert_complaint(err, path, line, words);
	(void)close(fd);
}

static void
refused(const char *text, unsigned line, const char *words)
{
	refused_as(text, NM_EFORMAT, line, words);
}

static void
a_domain_holds_for_itself_and_all_names_below_it(void **state)
{
	struct services *s = load("YouTube [Video] = youtube.com, ytimg.com\n");

	(void)state;
	assert_string_equal(found(s, "youtube.com"), "YouTube");
	assert_string_equal(found(s, "www.youtube.com"), "YouTube");
	assert_string_equal(found(s, "a.b.c.d.e.f.youtube.com"), "YouTube");
	assert_string_equal(found(s, "i.ytimg.com"), "YouTube");
	assert_string_equal(found(s, "notyoutube.com"), "-");
	assert_string_equal(found(s, "youtube.com.example.org"), "-");
	assert_string_equal(found(s, "com"), "-");
	assert_string_equal(found(s, "outube.com"), "-");
	services_unref(s);
}

static void
the_longest_domain_wins_wherever_it_stands(void **state)
{
	struct services *s = load("Org = org\n"
	                          "Mail = mail.example.org\n"
	                          "Example = example.org\n"
	                          "Deep = a.b.mail.example.org\n");

	(void)state;
	assert_string_equal(found(s, "org"), "Org");
	assert_string_equal(found(s, "other.org"), "Org");
	assert_string_equal(found(s, "www.example.org"), "Example");
	assert_string_equal(found(s, "imap.mail.example.org"), "Mail");
	assert_string_equal(found(s, "b.mail.example.org"), "Mail");
	assert_string_equal(found(s, "x.a.b.mail.example.org"), "Deep");
	services_unref(s);
}

static void
names_without_sense_lead_nowhere(void **state)
{
	struct services *s = load("Org = org\n");
	char longest[300];

	(void)state;
	assert_string_equal(found(s, ""), "-");
	assert_string_equal(found(s, "."), "-");
	assert_string_equal(found(s, "org."), "-"); /* hosts_name() gives none with a dot */
	assert_string_equal(found(s, "...org"), "Org");
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 253 - 4, ".org", 4);
	assert_non_null(services_find(s, longest, 253));
	memcpy(longest + 254 - 4, ".org", 4);
	assert_null(services_find(s, longest, 254));
	services_unref(s);
}

static void
a_service_may_have_several_lines_and_one_category(void **state)
{
	struct services *s = load("# all of them\n"
	                          "\n"
	                          "YouTube [Video] = youtube.com,youtu.be\n"
	                          "My Firm = example.net # no category\n"
	                          " YouTube=\tgooglevideo.com\r\n"
	                          "YouTube [Video] = ytimg.com");

	(void)state;
	assert_int_equal(services_count(s), 2);
	assert_string_equal(services_at(s, 0)->name, "YouTube");
	assert_string_equal(services_at(s, 0)->category, "Video");
	assert_string_equal(services_at(s, 1)->name, "My Firm");
	assert_string_equal(services_at(s, 1)->category, "Other");
	assert_string_equal(found(s, "r1.googlevideo.com"), "YouTube");
	assert_string_equal(found(s, "i.ytimg.com"), "YouTube");
	services_unref(s);
	s = load("Late = example.org\nLate [Web] = example.net\n");
	assert_string_equal(services_at(s, 0)->category, "Web");
	services_unref(s);
}

static void
letters_in_domains_do_not_matter_nor_does_the_roots_dot(void **state)
{
	struct services *s = load("Example = Example.ORG., xn--bcher-kva.example, example.org\n");

	(void)state;
	assert_string_equal(found(s, "www.example.org"), "Example");
	assert_string_equal(found(s, "xn--bcher-kva.example"), "Example");
	services_unref(s);
}

static void
what_is_bound_is_found(void **state)
{
	struct services *s = load("A = a.example\nB = b.example\n");

	(void)state;
	assert_int_equal(services_at(s, 1)->app, 0);
	services_bind(s, 1, 30000);
	assert_int_equal(services_find(s, "b.example", 9)->app, 30000);
	assert_int_equal(services_find(s, "a.example", 9)->app, 0);
	assert_ptr_equal(services_ref(s), s);
	services_unref(s);
	assert_int_equal(services_count(s), 2);
	services_unref(s);
	services_unref(NULL);
}

static void
no_file_is_an_empty_one(void **state)
{
	struct services *s = NULL;
	char err[64] = "";

	(void)state;
	assert_int_equal(services_load(NULL, &s, err, sizeof(err)), NM_OK);
	assert_int_equal(services_count(s), 0);
	assert_null(services_find(s, "example.org", 11));
	services_unref(s);
	s = load("# nothing\n");
	assert_null(services_find(s, "example.org", 11));
	services_unref(s);
}

static void
a_file_that_cannot_be_read_is_said(void **state)
{
	struct services *s = NULL;
	char err[128] = "";

	(void)state;
	assert_int_equal(services_load("/nonexistent", &s, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "/nonexistent: No such file or directory");
	assert_int_equal(services_load("/", &s, err, sizeof(err)), -EISDIR);
	assert_string_equal(err, "/: Is a directory");
	assert_null(s);
}

static void
mistakes_are_said_with_their_line_and_remedy(void **state)
{
	(void)state;
	refused("A = a.example\nfoo\n", 2, "write NAME [CATEGORY] = DOMAIN, DOMAIN");
	refused("\n\nA =\n", 3, "no domain behind '='");
	refused("= a.example\n", 1, "is no name of a service");
	refused("A, B = a.example\n", 1, "without comma and quote");
	refused("A \"B\" = a.example\n", 1, "without comma and quote");
	refused("A [V = a.example\n", 1, "the brackets are not right");
	refused("A V] = a.example\n", 1, "the brackets are not right");
	refused("A ]V[ = a.example\n", 1, "the brackets are not right");
	refused("A [V] x = a.example\n", 1, "the brackets are not right");
	refused("A [] = a.example\n", 1, "is no category");
	refused("A = *.a.example\n", 1, "leave the \"*.\" out");
	refused("A = https://a.example/x\n", 1, "without scheme and path");
	refused("A = a.example:443\n", 1, "without port");
	refused("A = a.example b.example\n", 1, "write a comma");
	refused("A = b\xc3\xbc"
	        "cher.example\n",
	        1, "xn--");
	refused("A = 192.0.2.1\n", 1, "addresses belong into rules");
	refused("A = a.example,,b.example\n", 1, "is no domain");
	refused("A = .a.example\n", 1, "is no domain");
	refused("A = a..example\n", 1, "is no domain");
	refused("\xff = a.example\n", 1, "\"\\xff\" is no name");
}

static void
a_domain_in_two_services_names_both_lines(void **state)
{
	(void)state;
	refused("A = a.example\n\nB = b.example, A.example\n", 3,
	        "a.example belongs to \"A\" in line 1");
}

static void
two_names_that_differ_in_letters_only_are_one_mistake(void **state)
{
	(void)state;
	refused("YouTube = a.example\nYoutube = b.example\n", 2,
	        "\"Youtube\" is \"YouTube\" in line 1");
}

static void
two_categories_of_one_service_name_both_lines(void **state)
{
	(void)state;
	refused("A = a.example\nA [V] = b.example\nA [W] = c.example\n", 3, "\"V\" in line 2");
}

static void
names_and_domains_have_their_lengths(void **state)
{
	static const char thirty_one[] = "abcdefghijklmnopqrstuvwxyz01234";
	char text[600], label[65];

	(void)state;
	(void)snprintf(text, sizeof(text), "%s [%s] = a.example\n", thirty_one, thirty_one);
	services_unref(load(text));
	(void)snprintf(text, sizeof(text), "%s5 = a.example\n", thirty_one);
	refused(text, 1, "1 to 31");
	(void)snprintf(text, sizeof(text), "A [%s5] = a.example\n", thirty_one);
	refused(text, 1, "1 to 31");
	memset(label, 'x', 64);
	label[63] = '\0';
	(void)snprintf(text, sizeof(text), "A = %s.example\n", label);
	services_unref(load(text));
	(void)snprintf(text, sizeof(text), "A = x%s.example\n", label);
	refused(text, 1, "is no domain");
	/* 63 * 3 + 3 dots + 61 = 253 */
	(void)snprintf(text, sizeof(text), "A = %s.%s.%s.%.61s\n", label, label, label, label);
	services_unref(load(text));
	(void)snprintf(text, sizeof(text), "A = %s.%s.%s.%.62s\n", label, label, label, label);
	refused(text, 1, "is no domain");
}

/* "PREFIXn = dn.example" for each n, `each` domains a line. */
static char *
many(unsigned services, unsigned each)
{
	size_t size = (size_t)services * (16 + each * (size_t)20) + 1;
	char *text = malloc(size);
	size_t len = 0;

	assert_non_null(text);
	for (unsigned i = 0; i < services; i++) {
		len += (size_t)snprintf(text + len, size - len, "S%u = ", i);
		for (unsigned j = 0; j < each; j++)
			len += (size_t)snprintf(text + len, size - len, "%sd%u.example",
			                        j ? "," : "", i * each + j);
		len += (size_t)snprintf(text + len, size - len, "\n");
	}
	return text;
}

static void
there_are_so_many_and_no_more(void **state)
{
	char *text = many(SERVICES_MAX, SERVICES_DOMAINS_MAX / SERVICES_MAX);
	struct services *s = load(text);
	char host[32];

	(void)state;
	assert_int_equal(services_count(s), SERVICES_MAX);
	for (unsigned i = 0; i < SERVICES_DOMAINS_MAX; i += 97) {
		(void)snprintf(host, sizeof(host), "w.d%u.example", i);
		const struct service *service = services_find(s, host, strlen(host));
		assert_ptr_equal(service,
		                 services_at(s, i / (SERVICES_DOMAINS_MAX / SERVICES_MAX)));
	}
	services_unref(s);
	free(text);
	text = many(SERVICES_MAX + 1, 1);
	refused_as(text, NM_ELIMIT, SERVICES_MAX + 1, "more than 4096 services");
	free(text);
	text = many(SERVICES_MAX, SERVICES_DOMAINS_MAX / SERVICES_MAX + 1);
	refused_as(text, NM_ELIMIT, 3856, "more than 65536 domains");
	free(text);
}

static void
lines_that_hide_something_are_refused(void **state)
{
	static const char zero[] = "A = a.example\nB = b.ex\0ample\n";
	struct services *s = NULL;
	char path[64], err[512] = "";
	int fd = list_file(zero, sizeof(zero) - 1, path);

	(void)state;
	assert_int_equal(services_load(path, &s, err, sizeof(err)), NM_EFORMAT);
	assert_complaint(err, path, 2, "zero byte");
	(void)close(fd);
}

static void
the_digest_is_of_what_the_file_says(void **state)
{
	struct services *a = load("A = a.example\nB = b.example\n");
	struct services *same = load("# new\n\n  A = a.example # here\nB = b.example");
	struct services *other = load("A = a.example\nB = c.example\n");
	struct services *joined = load("A = a.example, b.example\n");

	(void)state;
	assert_true(services_digest(a) == services_digest(same));
	assert_true(services_digest(a) != services_digest(other));
	assert_true(services_digest(a) != services_digest(joined));
	services_unref(a);
	services_unref(same);
	services_unref(other);
	services_unref(joined);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_holds_for_itself_and_all_names_below_it),
		cmocka_unit_test(the_longest_domain_wins_wherever_it_stands),
		cmocka_unit_test(names_without_sense_lead_nowhere),
		cmocka_unit_test(a_service_may_have_several_lines_and_one_category),
		cmocka_unit_test(letters_in_domains_do_not_matter_nor_does_the_roots_dot),
		cmocka_unit_test(what_is_bound_is_found),
		cmocka_unit_test(no_file_is_an_empty_one),
		cmocka_unit_test(a_file_that_cannot_be_read_is_said),
		cmocka_unit_test(mistakes_are_said_with_their_line_and_remedy),
		cmocka_unit_test(a_domain_in_two_services_names_both_lines),
		cmocka_unit_test(two_names_that_differ_in_letters_only_are_one_mistake),
		cmocka_unit_test(two_categories_of_one_service_name_both_lines),
		cmocka_unit_test(names_and_domains_have_their_lengths),
		cmocka_unit_test(there_are_so_many_and_no_more),
		cmocka_unit_test(lines_that_hide_something_are_refused),
		cmocka_unit_test(the_digest_is_of_what_the_file_says),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
