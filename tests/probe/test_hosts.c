/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of hosts. */
#include "probe/hosts.h"

#include "lib/err.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW    1700000000U
#define MANY   1000
#define THREAD 4

static struct hosts *h;

static int
set_up(void **state)
{
	(void)state;
	return hosts_new(MANY, 12345, &h);
}

static int
tear_down(void **state)
{
	(void)state;
	hosts_free(h);
	return 0;
}

static uint32_t
learn(const char *name, enum nm_name_source source)
{
	return hosts_learn(h, (const uint8_t *)name, strlen(name), source);
}

static const char *
name_of(uint32_t host)
{
	static char name[HOSTS_NAME_MAX + 1];

	(void)hosts_name(h, host, name, NULL);
	return name;
}

static void
a_name_has_a_number_and_keeps_it(void **state)
{
	(void)state;
	uint32_t host = learn("www.Example.ORG", NM_NAME_CLIENT);
	assert_int_not_equal(host, HOST_NONE);
	assert_string_equal(name_of(host), "www.example.org");
	assert_int_equal(learn("WWW.example.org.", NM_NAME_CLIENT), host);
	assert_int_not_equal(learn("www.example.com", NM_NAME_CLIENT), host);
}

static void
the_same_name_from_elsewhere_is_another_one(void **state)
{
	char name[HOSTS_NAME_MAX + 1];
	enum nm_name_source source;

	(void)state;
	uint32_t asked = learn("example.org", NM_NAME_DNS);
	uint32_t said = learn("example.org", NM_NAME_CLIENT);
	assert_int_not_equal(asked, said);
	assert_int_equal(hosts_name(h, asked, name, &source), strlen("example.org"));
	assert_int_equal(source, NM_NAME_DNS);
	assert_int_equal(hosts_source(h, said), NM_NAME_CLIENT);
	assert_int_equal(hosts_source(h, HOST_NONE), NM_NAME_NONE);
}

static void
what_is_no_hosts_name_has_no_number(void **state)
{
	static const char *const wrong[] = {
		"",       ".",        "localhost",   "a..b",         ".a.b",
		"a.b..",  "10.0.0.1", "2001:db8::1", "a b.org",      "<b>.org",
		"a.b\n",  "a/b.org",  "x.org:80",    "\xc3\xa4.org", "1.2.3.4.5",
		"a.b;c.d"
	};
	char longest[HOSTS_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (learn(wrong[i], NM_NAME_CLIENT) != HOST_NONE)
			fail_msg("\"%s\" is taken for a name", wrong[i]);
	assert_int_equal(hosts_learn(h, (const uint8_t *)"a.b\0c", 5, NM_NAME_CLIENT), HOST_NONE);
	memset(longest, 'a', sizeof(longest));
	longest[3] = '.';
	longest[HOSTS_NAME_MAX + 1] = '\0';
	assert_int_equal(learn(longest, NM_NAME_CLIENT), HOST_NONE);
	longest[HOSTS_NAME_MAX] = '\0';
	assert_string_equal(name_of(learn(longest, NM_NAME_CLIENT)), longest);
	assert_string_equal(name_of(learn("_sip._tcp.xn--e1afmkfd.example", NM_NAME_DNS)),
	                    "_sip._tcp.xn--e1afmkfd.example");
}

/* The oldest names go; nobody is ever told a wrong one. */
static void
a_flood_of_names_takes_the_place_of_the_oldest(void **state)
{
	static uint32_t hosts[100 * MANY];
	char name[64];
	size_t there = 0;

	(void)state;
	for (unsigned i = 0; i < 100 * MANY; i++) {
		(void)snprintf(name, sizeof(name), "%u.flood.example", i);
		hosts[i] = learn(name, NM_NAME_CLIENT);
	}
	for (unsigned i = 0; i < 100 * MANY; i++) {
		(void)snprintf(name, sizeof(name), "%u.flood.example", i);
		if (strcmp(name_of(hosts[i]), name) == 0)
			there++;
		else
			assert_string_equal(name_of(hosts[i]), "");
	}
	assert_in_range(there, MANY, 3 * MANY);
	assert_string_equal(name_of(hosts[100 * MANY - 1]), name);
	struct hosts_stats stats;
	hosts_get_stats(h, &stats);
	assert_int_equal(stats.names, 100 * MANY);
}

/* One that is used comes to the front again before it would be lost. */
static void
a_name_that_comes_again_stays(void **state)
{
	char name[64];

	(void)state;
	for (unsigned i = 0; i < 20 * MANY; i++) {
		uint32_t host = learn("often.example", NM_NAME_CLIENT);

		assert_string_equal(name_of(host), "often.example");
		(void)snprintf(name, sizeof(name), "%u.flood.example", i);
		(void)learn(name, NM_NAME_CLIENT);
	}
}

static struct addr
address(uint8_t last)
{
	return addr_from_v4((const uint8_t[4]){ 192, 0, 2, last });
}

static void
dns_answers_are_for_who_asked(void **state)
{
	const struct addr client = address(1), other = address(2), server = address(80);
	uint32_t host = learn("example.org", NM_NAME_DNS);

	(void)state;
	hosts_resolved(h, &client, &server, host, 60, NOW);
	assert_int_equal(hosts_find(h, &client, &server, NOW + 1), host);
	assert_int_equal(hosts_find(h, &other, &server, NOW + 1), HOST_NONE);
	assert_int_equal(hosts_find(h, &server, &client, NOW + 1), HOST_NONE);
	assert_int_equal(hosts_find(h, &client, &other, NOW + 1), HOST_NONE);
}

static void
the_newest_answer_counts(void **state)
{
	const struct addr client = address(1), server = address(80);
	uint32_t first = learn("first.example.org", NM_NAME_DNS);
	uint32_t second = learn("second.example.org", NM_NAME_DNS);

	(void)state;
	hosts_resolved(h, &client, &server, first, 60, NOW);
	hosts_resolved(h, &client, &server, second, 60, NOW);
	assert_int_equal(hosts_find(h, &client, &server, NOW + 1), second);
}

static void
answers_are_good_for_their_time_within_bounds(void **state)
{
	static const struct {
		uint32_t ttl_s, good_s, over_s;
	} rows[] = { { 0, 599, 601 }, { 3600, 3599, 3601 }, { 86400, 7199, 7201 } };
	const struct addr client = address(1);

	(void)state;
	for (uint8_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct addr early = address((uint8_t)(10 + i)),
				  late = address((uint8_t)(20 + i));
		uint32_t host = learn("example.org", NM_NAME_DNS);

		hosts_resolved(h, &client, &early, host, rows[i].ttl_s, NOW);
		hosts_resolved(h, &client, &late, host, rows[i].ttl_s, NOW);
		assert_int_equal(hosts_find(h, &client, &early, NOW + rows[i].good_s), host);
		assert_int_equal(hosts_find(h, &client, &late, NOW + rows[i].over_s), HOST_NONE);
	}
}

/* Who fills the table with answers that nobody uses does not keep out those that come later. */
static void
a_flood_of_answers_keeps_none_out(void **state)
{
	const struct addr client = address(1);
	uint32_t host = learn("example.org", NM_NAME_DNS);

	(void)state;
	for (uint32_t i = 0; i < 20 * MANY; i++) {
		const struct addr made_up = addr_from_v4(
		    (const uint8_t[4]){ 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i });

		hosts_resolved(h, &client, &made_up, host, 86400, NOW);
	}
	for (uint8_t last = 1; last < 250; last++) {
		const struct addr server = address(last);

		hosts_resolved(h, &client, &server, host, 60, NOW + 1);
		assert_int_equal(hosts_find(h, &client, &server, NOW + 1), host);
	}
}

static void *
learn_and_read(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	char name[64], got[HOSTS_NAME_MAX + 1];

	for (unsigned i = 0; i < 30000; i++) {
		(void)snprintf(name, sizeof(name), "%u.%u.example", i % 700, (me + i) % 3);
		uint32_t host = learn(name, NM_NAME_CLIENT);
		if (hosts_name(h, host, got, NULL) && strcmp(got, name) != 0)
			return (void *)1;
	}
	return NULL;
}

static void
threads_share_it(void **state)
{
	pthread_t threads[THREAD];
	void *wrong;

	(void)state;
	for (uintptr_t i = 0; i < THREAD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, learn_and_read, (void *)i), 0);
	for (unsigned i = 0; i < THREAD; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_has_a_number_and_keeps_it),
		TEST(the_same_name_from_elsewhere_is_another_one),
		TEST(what_is_no_hosts_name_has_no_number),
		TEST(a_flood_of_names_takes_the_place_of_the_oldest),
		TEST(a_name_that_comes_again_stays),
		TEST(dns_answers_are_for_who_asked),
		TEST(the_newest_answer_counts),
		TEST(answers_are_good_for_their_time_within_bounds),
		TEST(a_flood_of_answers_keeps_none_out),
		TEST(threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
