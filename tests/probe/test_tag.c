/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tag table. */
#include "probe/tag.h"

#include "lib/err.h"

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

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_tag_is_found_by_address_port_and_transport),
		CASE(a_tag_is_gone_after_its_time_to_live),
		CASE(each_use_begins_the_time_to_live_anew),
		CASE(time_that_jumps_back_far_ends_a_tag_and_a_little_does_not),
		CASE(a_forgotten_tag_is_not_found),
		CASE(less_confidence_does_not_replace_a_live_tag),
		CASE(tags_beyond_the_cap_are_refused_and_counted),
		CASE(more_confidence_takes_the_room_of_less_when_there_is_none),
		CASE(tags_that_are_over_make_room_without_being_looked_up),
		CASE(every_learned_tag_is_found_again_among_many),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
