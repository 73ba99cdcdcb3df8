/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes in the store: which numbering speaks for a link, and who is fenced off. */
#include "lib/db_probe.h"

#include "lib/db_sql.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define NOW 1700000000u

static struct db_probe_place place;

static struct db *
db_of(void **state)
{
	return ((struct store *)*state)->db;
}

static int64_t
ask(void **state, const char *question)
{
	struct db_stmt *q;

	assert_int_equal(db_query(db_of(state), question, &q), 0);
	assert_int_equal(db_step(q), 1);
	int64_t answer = db_column_int(q, 0);
	db_done(q);
	return answer;
}

static struct frame_hello
hello_of(uint64_t epoch, uint64_t first, uint64_t next, const char *link)
{
	struct frame_hello h = { .epoch = epoch, .first = first, .next = next, .n_links = 1 };

	(void)snprintf(h.probe, sizeof(h.probe), "core");
	(void)snprintf(h.links[0], sizeof(h.links[0]), "%s", link);
	return h;
}

static int
greet(void **state, const struct frame_hello *h)
{
	assert_int_equal(db_begin_write(db_of(state)), 0);
	int rc = db_probe_hello(db_of(state), h, NOW, &place);
	assert_int_equal(db_commit(db_of(state)), 0);
	return rc;
}

static void
store_up_to(void **state, uint64_t epoch, uint64_t sequence, uint32_t crc)
{
	const struct db_watermark mark = { sequence, crc };

	assert_int_equal(db_watermark_start(db_of(state), place.probe, epoch, &mark, NOW), 0);
}

static void
a_probe_that_comes_again_finds_its_place(void **state)
{
	struct frame_hello h = hello_of(7, 1, 1, "eth0");

	assert_int_equal(greet(state, &h), 0);
	assert_int_equal(place.committed.sequence, 0);
	store_up_to(state, 7, 5, 55);
	h = hello_of(7, 3, 9, "eth0");
	assert_int_equal(greet(state, &h), 0);
	assert_int_equal(place.committed.sequence, 5);
	assert_int_equal(place.committed.crc, 55);
	assert_int_equal(place.taken, 0);
}

static void
a_new_numbering_takes_the_link_and_the_one_before_is_fenced_off(void **state)
{
	struct frame_hello one = hello_of(1, 1, 2, "eth0"), two = hello_of(2, 1, 1, "eth0");

	assert_int_equal(greet(state, &one), 0);
	assert_int_equal(db_probe_speaks(db_of(state), 1, place.links, 1), 0);
	assert_int_equal(greet(state, &two), 0);
	assert_int_equal(place.taken, 1);
	assert_int_equal(db_probe_speaks(db_of(state), 1, place.links, 1), NM_EFENCED);
	assert_int_equal(db_probe_speaks(db_of(state), 2, place.links, 1), 0);
	assert_int_equal(greet(state, &one), NM_EFENCED);
	assert_non_null(strstr(place.why, "eth0"));
	assert_int_equal(greet(state, &two), 0);
}

static void
probes_of_one_name_with_links_of_their_own_do_not_fence_each_other(void **state)
{
	struct frame_hello one = hello_of(1, 1, 2, "eth0"), two = hello_of(2, 1, 2, "eth1");

	for (int i = 0; i < 2; i++) {
		assert_int_equal(greet(state, &one), 0);
		assert_int_equal(greet(state, &two), 0);
		assert_int_equal(place.taken, 0);
	}
}

static void
a_numbering_that_contradicts_the_store_is_fenced_off(void **state)
{
	struct frame_hello h = hello_of(1, 1, 1, "eth0");

	assert_int_equal(greet(state, &h), 0);
	store_up_to(state, 1, 5, 55);
	h = hello_of(1, 1, 5, "eth0");
	assert_int_equal(greet(state, &h), NM_EFENCED);
	h = hello_of(1, 6, 7, "eth0");
	h.base = 66;
	assert_int_equal(greet(state, &h), NM_EFENCED);
	h.base = 55;
	assert_int_equal(greet(state, &h), 0);
}

static void
an_alarm_is_written_once_in_a_while(void **state)
{
	struct frame_hello h = hello_of(1, 1, 1, "eth0");

	assert_int_equal(greet(state, &h), 0);
	store_up_to(state, 1, 5, 55);
	for (int i = 0; i < 3; i++)
		assert_int_equal(greet(state, &h), NM_EFENCED);
	assert_int_equal(ask(state, "SELECT count(*) FROM probe_event WHERE event = 'fenced' AND "
	                            "probe = 'core'"),
	                 1);
}

static void
an_alarm_of_a_clock_that_was_ahead_does_not_keep_others_back(void **state)
{
	struct db_probe_event e = { "core", "fenced", "once", NOW + 86400 * 365, 600 };

	assert_int_equal(db_begin_write(db_of(state)), 0);
	assert_int_equal(db_probe_event_add(db_of(state), &e), 0);
	e.at_s = NOW;
	assert_int_equal(db_probe_event_add(db_of(state), &e), 0);
	assert_int_equal(db_probe_event_add(db_of(state), &e), 0);
	assert_int_equal(db_commit(db_of(state)), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM probe_event"), 2);
}

static void
what_neither_the_store_nor_the_probe_has_is_noted(void **state)
{
	struct frame_hello h = hello_of(1, 51, 60, "eth0");

	h.base = 50;
	assert_int_equal(greet(state, &h), 0);
	assert_int_equal(place.missing_first, 1);
	assert_int_equal(place.missing_last, 50);
	assert_int_equal(place.committed.sequence, 50);
	assert_int_equal(place.committed.crc, 50);
	assert_int_equal(ask(state, "SELECT count(*) FROM probe_event WHERE event = 'gap'"), 1);
}

static void
an_accepted_probe_speaks_again(void **state)
{
	struct frame_hello one = hello_of(1, 1, 2, "eth0"), two = hello_of(2, 1, 1, "eth0");

	assert_int_equal(greet(state, &one), 0);
	assert_int_equal(greet(state, &two), 0);
	assert_int_equal(greet(state, &one), NM_EFENCED);
	assert_int_equal(db_probe_accept(db_of(state), "core", NOW), 0);
	assert_int_equal(greet(state, &one), 0);
	assert_int_equal(greet(state, &two), NM_EFENCED);
	assert_int_equal(ask(state, "SELECT count(*) FROM probe_event WHERE event = 'accepted'"),
	                 1);
	assert_int_equal(db_probe_accept(db_of(state), "edge", NOW), NM_ENOTFOUND);
}

static void
a_probe_names_no_more_links_than_the_store_takes(void **state)
{
	struct frame_hello h = hello_of(1, 1, 1, "eth0");
	char name[16];
	int rc = 0;

	assert_int_equal(db_begin_write(db_of(state)), 0);
	for (int i = 1; i <= DB_LINKS_MAX && rc == 0; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		h = hello_of(1, 1, 1, name);
		rc = db_probe_hello(db_of(state), &h, NOW, &place);
	}
	assert_int_equal(rc, 0);
	h = hello_of(1, 1, 1, "another");
	assert_int_equal(db_probe_hello(db_of(state), &h, NOW, &place), NM_ELIMIT);
	/* those that it has serve on, and another probe is none of its business */
	h = hello_of(1, 1, 1, "l1");
	assert_int_equal(db_probe_hello(db_of(state), &h, NOW, &place), 0);
	(void)snprintf(h.probe, sizeof(h.probe), "edge");
	assert_int_equal(db_probe_hello(db_of(state), &h, NOW, &place), 0);
	assert_int_equal(db_commit(db_of(state)), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM link"), DB_LINKS_MAX + 1);
}

static void
of_many_numberings_the_oldest_are_forgotten(void **state)
{
	struct frame_hello h;
	int rc = 0;

	assert_int_equal(db_begin_write(db_of(state)), 0);
	for (unsigned i = 1; i <= DB_EPOCHS_MAX + 50 && rc == 0; i++) {
		h = hello_of(i, 1, 1, "eth0");
		rc = db_probe_hello(db_of(state), &h, NOW + i, &place);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(db_commit(db_of(state)), 0);
	assert_in_range(ask(state, "SELECT count(*) FROM watermark"), DB_EPOCHS_MAX,
	                DB_EPOCHS_MAX + 2);
	/* the newest are fenced off still */
	h = hello_of(DB_EPOCHS_MAX, 1, 1, "eth0");
	assert_int_equal(greet(state, &h), NM_EFENCED);
}

static void
of_many_events_the_first_of_an_hour_are_noted(void **state)
{
	struct db_probe_event e = { "core", "lost", "12 records", NOW, 0 };

	assert_int_equal(db_begin_write(db_of(state)), 0);
	for (int i = 0; i < DB_EVENTS_HOUR + 5; i++)
		assert_int_equal(db_probe_event_add(db_of(state), &e), 0);
	e.probe = "edge";
	assert_int_equal(db_probe_event_add(db_of(state), &e), 0);
	e = (struct db_probe_event){ "core", "lost", "12 records", NOW + 3600, 0 };
	assert_int_equal(db_probe_event_add(db_of(state), &e), 0);
	assert_int_equal(db_commit(db_of(state)), 0);
	assert_int_equal(ask(state, "SELECT count(*) FROM probe_event"), DB_EVENTS_HOUR + 2);
	assert_int_equal(ask(state, "SELECT count(*) FROM probe_event WHERE detail = '12 records; "
	                            "more within an hour is not noted'"),
	                 1);
}

static void
another_batch_of_the_same_number_is_fenced_off(void **state)
{
	const struct db_watermark mark = { 5, 55 };
	struct batch b = { .first = 5, .sequence = 5, .crc = 55 };

	(void)state;
	assert_int_equal(db_watermark_check(&mark, &b), NM_EEXISTS);
	b.crc = 56;
	assert_int_equal(db_watermark_check(&mark, &b), NM_EFENCED);
	b = (struct batch){ .first = 6, .sequence = 6, .previous = 56 };
	assert_int_equal(db_watermark_check(&mark, &b), NM_EFENCED);
	b.previous = 55;
	assert_int_equal(db_watermark_check(&mark, &b), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(a_probe_that_comes_again_finds_its_place),
		WITH_STORE(a_new_numbering_takes_the_link_and_the_one_before_is_fenced_off),
		WITH_STORE(probes_of_one_name_with_links_of_their_own_do_not_fence_each_other),
		WITH_STORE(a_numbering_that_contradicts_the_store_is_fenced_off),
		WITH_STORE(an_alarm_is_written_once_in_a_while),
		WITH_STORE(an_alarm_of_a_clock_that_was_ahead_does_not_keep_others_back),
		WITH_STORE(what_neither_the_store_nor_the_probe_has_is_noted),
		WITH_STORE(an_accepted_probe_speaks_again),
		WITH_STORE(a_probe_names_no_more_links_than_the_store_takes),
		WITH_STORE(of_many_numberings_the_oldest_are_forgotten),
		WITH_STORE(of_many_events_the_first_of_an_hour_are_noted),
		cmocka_unit_test(another_batch_of_the_same_number_is_fenced_off),
	};
	return cmocka_run_group_tests_name("db_probe", tests, NULL, NULL);
}
