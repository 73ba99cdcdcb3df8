/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Groups in the store and in memory. */
#include "lib/db_group.h"

#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static struct addr_range
range_of(const char *text)
{
	struct addr_range r;

	assert_int_equal(addr_range_parse(text, &r), NM_OK);
	return r;
}

static int
add(struct db *db, const char *name, const char *member)
{
	struct addr_range r = range_of(member);

	return db_group_add(db, name, &r);
}

static int
take_away(struct db *db, const char *name, const char *member)
{
	struct addr_range r = range_of(member);

	return db_group_remove(db, name, &r);
}

/* Writes the walk as "name[member member]..." */
static int
write_walk(void *ctx, const struct db_group *group, const struct addr_range *range)
{
	char *out = ctx, text[2 * ADDR_TEXT_MAX];
	size_t len = strlen(out);

	if (range)
		(void)snprintf(out + len, 512 - len, " %s",
		               addr_range_format(range, text, sizeof(text)));
	else
		(void)snprintf(out + len, 512 - len, "[%s]", group->name);
	return 0;
}

static void
members_are_listed_by_group_name_and_in_numeric_order(void **state)
{
	struct store *s = *state;
	char out[512] = "";

	assert_int_equal(add(s->db, "servers", "192.0.2.10"), NM_OK);
	assert_int_equal(add(s->db, "office", "10.0.0.0/8"), NM_OK);
	assert_int_equal(add(s->db, "office", "2001:db8::/32"), NM_OK);
	assert_int_equal(add(s->db, "office", "9.0.0.1-9.0.0.9"), NM_OK);
	assert_int_equal(db_group_each(s->db, write_walk, out), 0);
	assert_string_equal(
	    out, "[office] 9.0.0.1-9.0.0.9 10.0.0.0/8 2001:db8::/32[servers] 192.0.2.10");
}

static void
a_group_is_found_by_name_and_by_id(void **state)
{
	struct store *s = *state;
	struct db_group g, same;

	assert_int_equal(db_group_find(s->db, "office", &g), NM_ENOTFOUND);
	assert_int_equal(add(s->db, "office", "10.0.0.0/8"), NM_OK);
	assert_int_equal(db_group_find(s->db, "office", &g), NM_OK);
	assert_int_equal(db_group_get(s->db, g.id, &same), NM_OK);
	assert_string_equal(same.name, "office");
	assert_int_equal(db_group_get(s->db, g.id + 1, &same), NM_ENOTFOUND);
}

static void
a_member_is_added_once(void **state)
{
	struct store *s = *state;

	assert_int_equal(add(s->db, "office", "10.0.0.0/8"), NM_OK);
	assert_int_equal(add(s->db, "office", "10.0.0.0-10.255.255.255"), NM_EEXISTS);
	assert_int_equal(add(s->db, "office", "10.0.0.0/9"), NM_OK);
}

static void
a_group_goes_with_its_last_member(void **state)
{
	struct store *s = *state;
	struct db_group g;

	assert_int_equal(add(s->db, "office", "10.0.0.0/8"), NM_OK);
	assert_int_equal(add(s->db, "office", "192.0.2.1"), NM_OK);
	assert_int_equal(take_away(s->db, "office", "10.0.0.0/8"), NM_OK);
	assert_int_equal(db_group_find(s->db, "office", &g), NM_OK);
	assert_int_equal(take_away(s->db, "office", "10.0.0.0/8"), NM_ENOTFOUND);
	assert_int_equal(take_away(s->db, "office", "192.0.2.1"), NM_OK);
	assert_int_equal(db_group_find(s->db, "office", &g), NM_ENOTFOUND);
}

static void
a_whole_group_is_removed_and_others_stay(void **state)
{
	struct store *s = *state;
	char out[512] = "";

	assert_int_equal(add(s->db, "a", "10.0.0.0/8"), NM_OK);
	assert_int_equal(add(s->db, "a", "10.0.0.0/16"), NM_OK);
	assert_int_equal(add(s->db, "b", "10.0.0.0/8"), NM_OK);
	assert_int_equal(db_group_remove(s->db, "a", NULL), NM_OK);
	assert_int_equal(db_group_remove(s->db, "a", NULL), NM_ENOTFOUND);
	assert_int_equal(db_group_each(s->db, write_walk, out), 0);
	assert_string_equal(out, "[b] 10.0.0.0/8");
}

static void
a_name_of_printable_text_is_taken(void **state)
{
	static const char *const good[] = { "a",       "Head office, 2nd floor", "Zürich", "東京",
		                            "'; DROP", "\xf0\x9f\x8f\xa2 HQ" };
	char longest[GROUP_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(db_group_name_valid(good[i]));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(db_group_name_valid(longest));
}

static void
a_name_with_controls_broken_text_or_outer_blanks_is_refused(void **state)
{
	static const char *const bad[] = { "",         " a",           "a ",
		                           "a\nb",     "a\x7f",        "\xc2\x85",
		                           "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		                           "\xff",     "\xe2\x82",     "a\x80" };
	char too_long[GROUP_NAME_MAX + 1];
	struct store *s = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(db_group_name_valid(bad[i]));
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_false(db_group_name_valid(too_long));
	assert_int_equal(add(s->db, "a\nb", "10.0.0.0/8"), NM_EFORMAT);
}

static size_t
lookup(const struct group_set *set, const char *text, uint32_t *ret, size_t max)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), NM_OK);
	return group_set_lookup(set, &a, ret, max);
}

static void
a_set_from_the_store_answers_for_both_families(void **state)
{
	struct store *s = *state;
	struct group_set *set;
	uint32_t ids[4];

	assert_int_equal(add(s->db, "a", "10.0.0.0/8"), NM_OK);
	assert_int_equal(add(s->db, "b", "2001:db8::1"), NM_OK);
	assert_int_equal(group_set_load(s->db, &set), NM_OK);
	assert_int_equal(lookup(set, "10.255.255.255", ids, 4), 1);
	assert_int_equal(lookup(set, "11.0.0.0", ids, 4), 0);
	assert_int_equal(lookup(set, "9.255.255.255", ids, 4), 0);
	assert_int_equal(lookup(set, "2001:db8::1", ids, 4), 1);
	assert_int_equal(lookup(set, "2001:db8::2", ids, 4), 0);
	group_set_free(set);
}

static void
an_empty_set_holds_nothing(void **state)
{
	struct group_set *set;
	uint32_t ids[1];

	(void)state;
	assert_int_equal(group_set_new(&set), NM_OK);
	assert_int_equal(lookup(set, "10.0.0.1", ids, 1), 0);
	group_set_free(set);
	group_set_free(NULL);
}

static void
a_group_with_overlapping_ranges_answers_once(void **state)
{
	static const char *const ranges[] = { "10.0.0.0/8", "10.0.0.0/16", "10.0.0.7",
		                              "10.0.0.0-11.0.0.5", "11.0.0.6-11.0.0.9" };
	struct group_set *set;
	struct addr_range r;
	uint32_t ids[4];

	(void)state;
	assert_int_equal(group_set_new(&set), NM_OK);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		r = range_of(ranges[i]);
		assert_int_equal(group_set_add(set, 3, &r), NM_OK);
	}
	assert_int_equal(lookup(set, "10.0.0.7", ids, 4), 1);
	assert_int_equal(ids[0], 3);
	assert_int_equal(lookup(set, "11.0.0.9", ids, 4), 1);
	assert_int_equal(lookup(set, "11.0.0.10", ids, 4), 0);
	group_set_free(set);
}

static void
the_whole_of_ipv6_does_not_wrap_round(void **state)
{
	struct addr_range all = range_of("::/0"), one = range_of("::1");
	struct group_set *set;
	uint32_t ids[4];

	(void)state;
	assert_int_equal(group_set_new(&set), NM_OK);
	assert_int_equal(group_set_add(set, 1, &all), NM_OK);
	assert_int_equal(group_set_add(set, 1, &one), NM_OK);
	assert_int_equal(lookup(set, "::", ids, 4), 1);
	assert_int_equal(lookup(set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ids, 4), 1);
	assert_int_equal(lookup(set, "10.0.0.1", ids, 4), 1);
	group_set_free(set);
}

static void
more_answers_than_fit_are_counted_and_not_written(void **state)
{
	struct addr_range r = range_of("10.0.0.0/8");
	struct group_set *set;
	uint32_t ids[3] = { 0, 0, 77 };

	(void)state;
	assert_int_equal(group_set_new(&set), NM_OK);
	for (uint32_t g = 1; g <= 5; g++)
		assert_int_equal(group_set_add(set, g, &r), NM_OK);
	assert_int_equal(lookup(set, "10.1.1.1", ids, 2), 5);
	assert_int_equal(ids[2], 77);
	group_set_free(set);
}

/* A small generator of its own, so that a failure can be repeated. */
static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct addr_range
random_range(uint32_t *seed, uint32_t space)
{
	uint32_t first = next_random(seed) % space;
	uint32_t len = next_random(seed) % 4 ? next_random(seed) % 8 : next_random(seed) % space;
	uint32_t last = first + len < space ? first + len : space - 1;
	uint8_t low[4] = { 10, 0, (uint8_t)(first >> 8), (uint8_t)first };
	uint8_t high[4] = { 10, 0, (uint8_t)(last >> 8), (uint8_t)last };

	return (struct addr_range){ addr_from_v4(low), addr_from_v4(high) };
}

static void
any_set_answers_as_a_walk_over_all_ranges_does(void **state)
{
	enum { SPACE = 300, GROUPS = 12, RANGES = 60, ROUNDS = 40 };
	uint32_t seed = 20260101;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct addr_range ranges[RANGES];
		uint32_t groups[RANGES], ids[GROUPS + 1];
		struct group_set *set;

		assert_int_equal(group_set_new(&set), NM_OK);
		for (int i = 0; i < RANGES; i++) {
			ranges[i] = random_range(&seed, SPACE);
			groups[i] = next_random(&seed) % GROUPS;
			assert_int_equal(group_set_append(set, groups[i], &ranges[i]), NM_OK);
		}
		group_set_index(set);
		for (unsigned v = 0; v < SPACE; v++) {
			uint8_t b[4] = { 10, 0, (uint8_t)(v >> 8), (uint8_t)v };
			struct addr a = addr_from_v4(b);
			unsigned want = 0, got = 0;
			for (int i = 0; i < RANGES; i++)
				if (addr_range_holds(&ranges[i], &a))
					want |= 1u << groups[i];
			size_t n = group_set_lookup(set, &a, ids, GROUPS + 1);
			for (size_t i = 0; i < n; i++) {
				assert_false(got & 1u << ids[i]);
				got |= 1u << ids[i];
			}
			assert_int_equal(got, want);
		}
		group_set_free(set);
	}
}

static void
the_fingerprint_changes_with_the_addresses_only(void **state)
{
	struct addr_range low = range_of("10.0.0.0/9"), high = range_of("10.128.0.0/9");
	struct addr_range both = range_of("10.0.0.0/8"), other = range_of("10.0.0.0/7");
	struct group_set *a, *b;

	(void)state;
	assert_int_equal(group_set_new(&a), NM_OK);
	assert_int_equal(group_set_new(&b), NM_OK);
	assert_int_equal(group_set_add(a, 1, &high), NM_OK);
	assert_int_equal(group_set_add(a, 1, &low), NM_OK);
	assert_int_equal(group_set_add(b, 1, &both), NM_OK);
	assert_true(group_set_fingerprint(a) == group_set_fingerprint(b));
	assert_int_equal(group_set_add(b, 2, &both), NM_OK);
	assert_true(group_set_fingerprint(a) != group_set_fingerprint(b));
	assert_int_equal(group_set_add(a, 1, &other), NM_OK);
	assert_true(group_set_fingerprint(a) != group_set_fingerprint(b));
	group_set_free(a);
	group_set_free(b);
}

static void
the_limit_of_ranges_holds_and_the_largest_set_answers(void **state)
{
	struct group_set *set;
	struct addr_range r;
	uint32_t ids[2];

	(void)state;
	assert_int_equal(group_set_new(&set), NM_OK);
	for (uint32_t i = 0; i < GROUP_RANGES_MAX; i++) {
		/* every second address, so that nothing is merged */
		uint8_t b[4] = { 10, (uint8_t)(i >> 15), (uint8_t)(i >> 7), (uint8_t)(i << 1) };
		r.first = r.last = addr_from_v4(b);
		assert_int_equal(group_set_append(set, i % GROUPS_MAX, &r), NM_OK);
	}
	assert_int_equal(group_set_append(set, 1, &r), NM_ELIMIT);
	group_set_index(set);
	assert_int_equal(lookup(set, "10.1.1.2", ids, 2), 1);
	assert_int_equal(lookup(set, "10.1.1.3", ids, 2), 0);
	group_set_free(set);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(members_are_listed_by_group_name_and_in_numeric_order),
		TEST(a_group_is_found_by_name_and_by_id),
		TEST(a_member_is_added_once),
		TEST(a_group_goes_with_its_last_member),
		TEST(a_whole_group_is_removed_and_others_stay),
		TEST(a_name_of_printable_text_is_taken),
		TEST(a_name_with_controls_broken_text_or_outer_blanks_is_refused),
		TEST(a_set_from_the_store_answers_for_both_families),
		TEST(an_empty_set_holds_nothing),
		TEST(a_group_with_overlapping_ranges_answers_once),
		TEST(the_whole_of_ipv6_does_not_wrap_round),
		TEST(more_answers_than_fit_are_counted_and_not_written),
		TEST(any_set_answers_as_a_walk_over_all_ranges_does),
		TEST(the_fingerprint_changes_with_the_addresses_only),
		TEST(the_limit_of_ranges_holds_and_the_largest_set_answers),
	};

	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
