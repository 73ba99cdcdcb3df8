/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tag table. */
#include "probe/tag.h"

#include "lib/err.h"
#include "probe/tag_ends.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW  1700000000U
#define MANY 1000

static struct tag_key
key_of(uint32_t n)
{
	struct tag_key key = { .port = 80, .transport = 6 };

	memcpy(key.addr.b, &n, sizeof(n));
	return key;
}

static const struct tag_fact fact = { .app = 8, .reason = 3, .ttl_s = 60, .confidence = 60 };

static int
set_up(void **state)
{
	struct tag_table *t;

	assert_int_equal(tag_new(MANY, 12345, &t), NM_OK);
	*state = t;
	return 0;
}

static int
tear_down(void **state)
{
	tag_free(*state);
	return 0;
}

static void
a_tag_is_found_by_address_port_and_transport(void **state)
{
	struct tag_key key = key_of(1);
	struct tag_key other_port = key;
	struct tag_key other_transport = key;
	struct tag_fact got = { 0 };

	other_port.port++;
	other_transport.transport = 17;
	assert_int_equal(tag_learn(*state, &key, &fact, NOW), NM_OK);
	assert_true(tag_find(*state, &key, NOW, &got));
	assert_int_equal(got.app, 8);
	assert_int_equal(got.reason, 3);
	assert_false(tag_find(*state, &other_port, NOW, &got));
	assert_false(tag_find(*state, &other_transport, NOW, &got));
}

static bool
is_let_through(const struct tag_table *t, const struct tag_key *key)
{
	return ends_may_have(tag_ends(t), &key->addr, ends_port(key->port, key->transport));
}

static void
the_filter_lets_tags_through_and_keeps_nearly_all_others(void **state)
{
	unsigned others = 0;

	for (unsigned i = 0; i < 64; i++) {
		struct tag_key key = key_of(i);

		assert_int_equal(tag_learn(*state, &key, &fact, NOW), NM_OK);
		assert_true(is_let_through(*state, &key));
	}
	for (unsigned i = 1000; i < 2000; i++) {
		struct tag_key key = key_of(i);

		others += is_let_through(*state, &key);
	}
	assert_in_range(others, 0, 50);
}

static void
a_tag_is_gone_after_its_time_to_live(void **state)
{
	struct tag_key key = key_of(1);
	struct tag_fact got;

	(void)tag_learn(*state, &key, &fact, NOW);
	assert_true(tag_find(*state, &key, NOW + 60, &got));
	assert_false(tag_find(*state, &key, NOW + 60 + 61, &got));
	assert_int_equal(tag_count(*state), 0);
}

static void
each_use_begins_the_time_to_live_anew(void **state)
{
	struct tag_key key = key_of(1);
	struct tag_fact got;

	(void)tag_learn(*state, &key, &fact, NOW);
	for (uint32_t at = NOW; at < NOW + 600; at += 50)
		assert_true(tag_find(*state, &key, at, &got));
}

static void
time_that_jumps_back_far_ends_a_tag_and_a_little_does_not(void **state)
{
	struct tag_key key = key_of(1);
	struct tag_fact got;

	(void)tag_learn(*state, &key, &fact, NOW);
	assert_true(tag_find(*state, &key, NOW - 5, &got));
	assert_false(tag_find(*state, &key, NOW - 100000, &got));
}

static void
a_forgotten_tag_is_not_found(void **state)
{
	struct tag_key key = key_of(1);
	struct tag_fact got;

	(void)tag_learn(*state, &key, &fact, NOW);
	tag_forget(*state, &key);
	tag_forget(*state, &key);
	assert_false(tag_find(*state, &key, NOW, &got));
	assert_int_equal(tag_count(*state), 0);
}

static void
less_confidence_does_not_replace_a_live_tag(void **state)
{
	struct tag_key key = key_of(1);
	struct tag_fact weaker = { .app = 9, .ttl_s = 60, .confidence = 30 };
	struct tag_fact as_good = { .app = 10, .ttl_s = 60, .confidence = 60 };
	struct tag_fact got;

	(void)tag_learn(*state, &key, &fact, NOW);
	(void)tag_learn(*state, &key, &weaker, NOW);
	assert_true(tag_find(*state, &key, NOW, &got));
	assert_int_equal(got.app, 8);
	(void)tag_learn(*state, &key, &as_good, NOW);
	assert_true(tag_find(*state, &key, NOW, &got));
	assert_int_equal(got.app, 10);
	(void)tag_learn(*state, &key, &weaker, NOW + 100);
	assert_true(tag_find(*state, &key, NOW + 100, &got));
	assert_int_equal(got.app, 9);
}

static void
tags_beyond_the_cap_are_refused_and_counted(void **state)
{
	unsigned learned = 0;

	for (uint32_t i = 0; i < 2 * MANY; i++) {
		struct tag_key key = key_of(i);

		learned += tag_learn(*state, &key, &fact, NOW) == NM_OK;
	}
	assert_true(learned <= MANY);
	assert_true(learned > MANY - MANY / 50);
	assert_int_equal(tag_count(*state), learned);
	assert_int_equal(tag_refused(*state), 2 * MANY - learned);
}

static void
more_confidence_takes_the_room_of_less_when_there_is_none(void **state)
{
	struct tag_fact weak = { .app = 5, .ttl_s = 60, .confidence = 50 };
	unsigned learned = 0;

	for (uint32_t i = 0; i < 2 * MANY; i++) {
		struct tag_key key = key_of(i);

		(void)tag_learn(*state, &key, &weak, NOW);
	}
	for (uint32_t i = 0; i < MANY / 10; i++) {
		struct tag_key key = key_of(3 * MANY + i);

		learned += tag_learn(*state, &key, &fact, NOW) == NM_OK;
	}
	assert_true(learned > MANY / 10 - MANY / 50);
	assert_true(tag_count(*state) <= MANY);
}

static void
tags_that_are_over_make_room_without_being_looked_up(void **state)
{
	unsigned learned = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		struct tag_key key = key_of(i);

		(void)tag_learn(*state, &key, &fact, NOW);
	}
	for (uint32_t i = 0; i < MANY / 2; i++) {
		struct tag_key key = key_of(MANY + i);

		learned += tag_learn(*state, &key, &fact, NOW + 1000) == NM_OK;
	}
	assert_true(learned > MANY / 2 - MANY / 50);
}

static void
a_full_table_is_searched_for_room_once_a_second_at_most(void **state)
{
	uint64_t before;

	for (uint32_t i = 0; i < 100 * MANY; i++) {
		struct tag_key key = key_of(i);

		(void)tag_learn(*state, &key, &fact, NOW);
	}
	/* it has as many buckets as there may be tags, or a few more */
	assert_true(tag_swept(*state) < 2 * MANY);
	before = tag_swept(*state);
	for (uint32_t i = 0; i < MANY; i++) {
		struct tag_key key = key_of(100 * MANY + i);

		(void)tag_learn(*state, &key, &fact, NOW + 1);
	}
	assert_true(tag_swept(*state) > before);
	assert_true(tag_swept(*state) < before + 2 * MANY);
}

static void
every_learned_tag_is_found_again_among_many(void **state)
{
	struct tag_fact got;

	for (uint32_t i = 0; i < MANY / 2; i++) {
		struct tag_key key = key_of(i);
		struct tag_fact own = fact;

		own.app = (uint16_t)(i + 1);
		assert_int_equal(tag_learn(*state, &key, &own, NOW), NM_OK);
	}
	for (uint32_t i = 0; i < MANY / 2; i++) {
		struct tag_key key = key_of(i);

		assert_true(tag_find(*state, &key, NOW, &got));
		assert_int_equal(got.app, i + 1);
	}
}

/* --- threads ----------------------------------------------------------------------------------------------------- */

#define THREADS  4
#define ROUNDS   20000
#define SHARED   64 /* endpoints that all threads learn, find and forget */
#define BUSY_MAX 48 /* so that the cap is met all the time */

struct busy {
	struct tag_table *table;
	uint32_t n; /* which thread */
	unsigned found;
	unsigned wrong; /* facts that were never learned of that endpoint */
};

static void *
use_table(void *arg)
{
	struct busy *b = arg;
	uint32_t random = b->n + 1;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		random = random * 1103515245U + 12345U;
		uint16_t n = (uint16_t)(random >> 16) % SHARED;
		struct tag_key key = key_of(n);
		/* every part of it follows from the endpoint */
		struct tag_fact own = {
			.app = n, .reason = n, .ttl_s = (uint16_t)(n + 1), .confidence = (uint8_t)n
		};
		struct tag_fact got;

		if (i % 4 == b->n)
			(void)tag_learn(b->table, &key, &own, NOW + i / 100);
		else if (i % 64 == 0)
			tag_forget(b->table, &key);
		else if (tag_find(b->table, &key, NOW + i / 100, &got)) {
			b->found++;
			b->wrong += got.app != n || got.reason != n || got.ttl_s != n + 1 ||
			            got.confidence != n;
		}
	}
	return NULL;
}

static void
threads_that_share_a_table_find_whole_facts_within_the_cap(void **state)
{
	pthread_t threads[THREADS];
	struct busy busy[THREADS];
	struct tag_table *t;
	unsigned found = 0;

	(void)state;
	assert_int_equal(tag_new(BUSY_MAX, 1, &t), NM_OK);
	for (uint32_t i = 0; i < THREADS; i++) {
		busy[i] = (struct busy){ .table = t, .n = i };
		assert_int_equal(pthread_create(&threads[i], NULL, use_table, &busy[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(busy[i].wrong, 0);
		found += busy[i].found;
	}
	assert_true(found > ROUNDS / 4);
	assert_true(tag_count(t) <= BUSY_MAX);
	tag_free(t);
}

/* --- outside of the table ---------------------------------------------------------------------------------------- */

struct shown {
	struct tag_entry entries[MANY];
	size_t n;
	size_t enough;
};

static bool
keep(void *ctx, const struct tag_entry *entry)
{
	struct shown *shown = ctx;

	shown->entries[shown->n++] = *entry;
	return shown->n < shown->enough;
}

static void
a_walk_shows_each_tag_once_as_it_is(void **state)
{
	static struct shown shown;
	bool seen[100] = { false };

	shown = (struct shown){ .enough = MANY };
	for (uint32_t i = 0; i < 100; i++) {
		struct tag_key key = key_of(i);

		assert_int_equal(tag_learn(*state, &key, &fact, NOW + i % 10), NM_OK);
	}
	tag_walk(*state, keep, &shown);
	assert_int_equal(shown.n, 100);
	for (size_t i = 0; i < shown.n; i++) {
		const struct tag_entry *e = &shown.entries[i];
		uint32_t n;

		memcpy(&n, e->key.addr.b, sizeof(n));
		assert_true(n < 100 && !seen[n]);
		seen[n] = true;
		assert_int_equal(e->key.port, 80);
		assert_int_equal(e->key.transport, 6);
		assert_memory_equal(&e->fact, &fact, offsetof(struct tag_fact, confidence) + 1);
		assert_int_equal(e->used_s, NOW + n % 10);
	}
}

static void
a_walk_ends_when_enough_was_seen(void **state)
{
	static struct shown shown;

	shown = (struct shown){ .enough = 3 };
	for (uint32_t i = 0; i < 100; i++) {
		struct tag_key key = key_of(i);

		(void)tag_learn(*state, &key, &fact, NOW);
	}
	tag_walk(*state, keep, &shown);
	assert_int_equal(shown.n, 3);
}

static void
a_tag_that_is_put_back_lives_as_long_as_it_would_have(void **state)
{
	struct tag_entry entry = { .key = key_of(1), .fact = fact, .used_s = NOW };
	struct tag_fact got;

	assert_int_equal(tag_restore(*state, &entry, NOW + 40), NM_OK);
	assert_true(is_let_through(*state, &entry.key));
	assert_false(tag_find(*state, &entry.key, NOW + 61, &got));
	assert_int_equal(tag_restore(*state, &entry, NOW + 40), NM_OK);
	assert_true(tag_find(*state, &entry.key, NOW + 60, &got));
	assert_int_equal(got.app, 8);
	assert_true(tag_find(*state, &entry.key, NOW + 120, &got));
}

static void
a_tag_that_is_put_back_does_not_change_what_is_known(void **state)
{
	struct tag_entry entry = { .key = key_of(1), .fact = { 9, 1, 600, 100 }, .used_s = NOW };
	struct tag_fact got;

	(void)tag_learn(*state, &entry.key, &fact, NOW);
	assert_int_equal(tag_restore(*state, &entry, NOW), NM_OK);
	assert_true(tag_find(*state, &entry.key, NOW, &got));
	assert_int_equal(got.app, 8);
	assert_int_equal(tag_count(*state), 1);
}

static void
tags_are_put_back_up_to_the_cap_whatever_their_age(void **state)
{
	struct tag_fact got;
	unsigned refused = 0, found = 0;

	for (uint32_t i = 0; i < MANY + 50; i++) {
		struct tag_entry entry = { .key = key_of(i),
			                   .fact = { 8, 3, 7200, 60 },
			                   .used_s = NOW - i };

		refused += tag_restore(*state, &entry, NOW) != NM_OK;
	}
	assert_int_equal(refused, 50);
	assert_int_equal(tag_count(*state), MANY);
	for (uint32_t i = 0; i < MANY + 50; i++) {
		struct tag_key key = key_of(i);

		found += tag_find(*state, &key, NOW, &got);
	}
	assert_int_equal(found, MANY);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_tag_is_found_by_address_port_and_transport),
		CASE(the_filter_lets_tags_through_and_keeps_nearly_all_others),
		CASE(a_tag_is_gone_after_its_time_to_live),
		CASE(each_use_begins_the_time_to_live_anew),
		CASE(time_that_jumps_back_far_ends_a_tag_and_a_little_does_not),
		CASE(a_forgotten_tag_is_not_found),
		CASE(less_confidence_does_not_replace_a_live_tag),
		CASE(tags_beyond_the_cap_are_refused_and_counted),
		CASE(more_confidence_takes_the_room_of_less_when_there_is_none),
		CASE(tags_that_are_over_make_room_without_being_looked_up),
		CASE(a_full_table_is_searched_for_room_once_a_second_at_most),
		CASE(every_learned_tag_is_found_again_among_many),
		CASE(a_walk_shows_each_tag_once_as_it_is),
		CASE(a_walk_ends_when_enough_was_seen),
		CASE(a_tag_that_is_put_back_lives_as_long_as_it_would_have),
		CASE(a_tag_that_is_put_back_does_not_change_what_is_known),
		CASE(tags_are_put_back_up_to_the_cap_whatever_their_age),
		cmocka_unit_test(threads_that_share_a_table_find_whole_facts_within_the_cap),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
