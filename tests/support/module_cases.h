/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of messages for the tests of classifier modules, what has to hold for each of them, and the tests that say so of a
 * table, for a list of tests in main(). Tags do not pass from one message to the next. Failures end the test and say the
 * message's name.
 */
#ifndef NETMON_TESTS_MODULE_CASES_H
#define NETMON_TESTS_MODULE_CASES_H

#include "tests/support/all_modules.h"
#include "tests/support/module_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define USUAL(port)    "10.0.0.1:40000 192.0.2.1:" port
#define ANYWHERE       "10.0.0.1:40000 192.0.2.1:9123"
#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define CASE_UDP(port) NM_UDP, USUAL(port)
#define CASE_TCP(port) NM_TCP, USUAL(port)

/* A message by itself: transport, the usual ends, the application, the message. */
struct module_case {
	uint8_t transport;
	const char *ends;
	const char
	    *app; /* what it is called; in a table of look-alikes, what it must not be called */
	struct sample sample;
};

/* Is a conversation that consists of this message called `app` by all modules, none of which knows a tag? */
static inline bool
case_is_called(const struct module_case *c, const char *ends, const char *app)
{
	struct harness *h = harness_new(all_modules);
	bool same = strcmp(harness_one(h, c->transport, ends, &c->sample), app) == 0;

	harness_free(h);
	return same;
}

static inline void
case_is(const struct module_case *c, const char *ends, const char *app)
{
	if (!case_is_called(c, ends, app))
		fail_msg("%s at %s is not called %s", c->sample.name, ends, app);
}

static inline void
case_is_recognised_cut(const struct module_case *c)
{
	struct harness *h = harness_new(all_modules);

	harness_cut(h, c->transport, c->ends, &c->sample, c->app);
	harness_free(h);
}

/* Behind packets that say nothing. */
static inline void
case_is_recognised_in_the_middle(const struct module_case *c)
{
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, c->transport, c->ends);

	(void)talk_say(&t, CLIENT, "\x99\x81\xf7");
	(void)talk_say(&t, SERVER, "\x9a\xe3\x93\xf1");
	if (strcmp(talk_send(&t, c->sample.from_client, c->sample.bytes, c->sample.len), c->app) !=
	    0)
		fail_msg("%s in the middle: %s", c->sample.name, talk_app(&t));
	harness_free(h);
}

/* A conversation that has this message tags its server: another one, of which only what is encrypted is seen, is known. */
static inline void
case_tags_its_server(const struct module_case *c)
{
	struct harness *h = harness_new(all_modules);
	char later[128];

	(void)harness_one(h, c->transport, c->ends, &c->sample);
	(void)snprintf(later, sizeof(later), "10.0.0.7:41000 %s", strchr(c->ends, ' ') + 1);
	struct talk t = talk_begin(h, c->transport, later);
	if (strcmp(talk_say(&t, CLIENT, "\x99\x81\xf7"), c->app) != 0)
		fail_msg("%s tags nothing: %s", c->sample.name, talk_app(&t));
	assert_true(t.state.confidence < NM_CONF_TAG);
	harness_free(h);
}

/* --- tests of a whole table, which cmocka hands over as their state ----------------------------------------------- */

/* Messages of several protocols, or, without `cases`, `samples` of one, which share their transport, ends and application. */
struct case_table {
	const struct module_case *cases;
	const struct sample *samples;
	size_t n;
	struct module_case shared;
};

static inline struct module_case
case_at(const struct case_table *table, size_t i)
{
	struct module_case c = table->shared;

	if (table->cases)
		return table->cases[i];
	c.sample = table->samples[i];
	return c;
}

static inline void
each_message_is_recognised_cut_anywhere_and_in_the_middle(void **state)
{
	const struct case_table *table = *state;

	for (size_t i = 0; i < table->n; i++) {
		struct module_case c = case_at(table, i);

		case_is(&c, c.ends, c.app);
		case_is_recognised_cut(&c);
		case_is_recognised_in_the_middle(&c);
	}
}

static inline void
each_message_is_recognised_on_any_port(void **state)
{
	const struct case_table *table = *state;

	for (size_t i = 0; i < table->n; i++) {
		struct module_case c = case_at(table, i);

		case_is(&c, ANYWHERE, c.app);
	}
}

static inline void
what_needs_its_port_is_recognised_there(void **state)
{
	each_message_is_recognised_cut_anywhere_and_in_the_middle(state);
}

static inline void
what_needs_its_port_is_unknown_elsewhere(void **state)
{
	const struct case_table *table = *state;

	for (size_t i = 0; i < table->n; i++) {
		struct module_case c = case_at(table, i);

		case_is(&c, ANYWHERE, "Unknown");
	}
}

/* None is called what its `app` says, be it on the port that it stands beside. */
static inline void
what_only_looks_like_it_is_not(void **state)
{
	const struct case_table *table = *state;

	for (size_t i = 0; i < table->n; i++) {
		struct module_case c = case_at(table, i);

		if (case_is_called(&c, c.ends, c.app))
			fail_msg("%s is called %s", c.sample.name, c.app);
	}
}

#define TABLE_TEST(name, ...) cmocka_unit_test_prestate(name, (&(struct case_table){ __VA_ARGS__ }))
#define CASES(table)          .cases = (table), .n = COUNT(table)
#define SAMPLES(table, ...)   .samples = (table), .n = COUNT(table), .shared = { __VA_ARGS__, { 0 } }

/* Of messages that say by themselves what they are. The arguments are CASES(table), or SAMPLES(table, transport, ends, app). */
#define TESTS_OF_MESSAGES(...)                                                              \
	TABLE_TEST(each_message_is_recognised_cut_anywhere_and_in_the_middle, __VA_ARGS__), \
	    TABLE_TEST(each_message_is_recognised_on_any_port, __VA_ARGS__)
/* Of messages that are too little for any other port than their own. */
#define TESTS_OF_PORT_MESSAGES(...)                                       \
	TABLE_TEST(what_needs_its_port_is_recognised_there, __VA_ARGS__), \
	    TABLE_TEST(what_needs_its_port_is_unknown_elsewhere, __VA_ARGS__)
/* Of what must not be taken for the module's own. */
#define TESTS_OF_LOOK_ALIKES(...) TABLE_TEST(what_only_looks_like_it_is_not, __VA_ARGS__)

#endif
