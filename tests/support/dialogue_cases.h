/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of messages that belong together, for the tests of modules whose protocols take two of them to know, and the tests
 * that say so of a table, for a list of tests in main(). Failures end the test and say the first message's name.
 */
#ifndef NETMON_TESTS_DIALOGUE_CASES_H
#define NETMON_TESTS_DIALOGUE_CASES_H

#include "tests/support/module_cases.h"

/* What two messages of a conversation are called together, and what one of them alone is ("Unknown", or the same). */
struct dialogue_case {
	uint8_t transport;
	const char *ends;
	const char *app;
	const char *alone;
	struct sample first;
	struct sample second;
};

struct dialogue_table {
	const struct dialogue_case *cases;
	size_t n;
};

static inline void
what_belongs_together_is_recognised(void **state)
{
	const struct dialogue_table *table = *state;

	for (size_t i = 0; i < table->n; i++) {
		const struct dialogue_case *c = &table->cases[i];
		struct harness *h = harness_new(all_modules);
		struct talk t = talk_begin(h, c->transport, c->ends);
		const char *app = talk_send(&t, c->first.from_client, c->first.bytes, c->first.len);

		if (strcmp(app, c->alone) != 0)
			fail_msg("%s alone is called %s", c->first.name, app);
		app = talk_send(&t, c->second.from_client, c->second.bytes, c->second.len);
		if (strcmp(app, c->app) != 0 || t.state.confidence < NM_CONF_SIGNATURE)
			fail_msg("%s and its second are called %s", c->first.name, app);
		harness_free(h);
	}
}

/* One octet of the second one, and another one of its length, do not belong to the first one. */
static inline void
what_does_not_fit_is_no_proof(void **state)
{
	const struct dialogue_table *table = *state;

	for (size_t i = 0; i < table->n; i++) {
		const struct dialogue_case *c = &table->cases[i];
		struct harness *h = harness_new(all_modules);
		struct talk t = talk_begin(h, c->transport, c->ends);
		char other[2048];

		assert_true(c->second.len <= sizeof(other));
		for (size_t at = 0; at < c->second.len; at++)
			other[at] = (char)(c->second.bytes[at] ^ 0x5a);
		(void)talk_send(&t, c->first.from_client, c->first.bytes, c->first.len);
		(void)talk_send(&t, c->second.from_client, c->second.bytes, 1);
		(void)talk_send(&t, c->second.from_client, other, c->second.len);
		if (strcmp(talk_app(&t), c->alone) != 0)
			fail_msg("%s and what does not fit are called %s", c->first.name,
			         talk_app(&t));
		harness_free(h);
	}
}

#define DIALOGUE_TEST(name, table) \
	cmocka_unit_test_prestate(name, (&(struct dialogue_table){ (table), COUNT(table) }))
#define TESTS_OF_DIALOGUES(table)                                  \
	DIALOGUE_TEST(what_belongs_together_is_recognised, table), \
	    DIALOGUE_TEST(what_does_not_fit_is_no_proof, table)

#endif
