/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for what the classifier says. */
#include "probe/labels.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct labels *labels;

static int
begin(void **state)
{
	(void)state;
	return labels_new(&labels);
}

static int
end(void **state)
{
	(void)state;
	labels_free(labels);
	return 0;
}

static uint16_t
name(const char *text)
{
	uint16_t number = 0;

	assert_int_equal(labels_name(labels, text, &number), NM_OK);
	return number;
}

static void
a_reason_is_a_name_and_a_kind_of_evidence(void **state)
{
	uint16_t rule = name("rules.conf:12");

	(void)state;
	assert_string_equal(labels_reason_text(labels, labels_reason(rule, NM_EV_RULE)),
	                    "rules.conf:12 rule");
	assert_int_equal(name("rules.conf:12"), rule);
	assert_int_equal(labels_reason(rule, NM_EV_NONE), 0);
	assert_string_equal(labels_reason_text(labels, 0), "");
}

static void
there_is_a_reason_however_many_names_come(void **state)
{
	char text[32];
	uint16_t reason = 0;

	(void)state;
	for (unsigned i = 0; i < 9000; i++) {
		(void)snprintf(text, sizeof(text), "n%u", i);
		reason = labels_reason(name(text), NM_EV_RULE);
		assert_int_not_equal(reason, 0);
		if (i == 8000)
			assert_string_equal(labels_reason_text(labels, reason), "n8000 rule");
	}
	assert_string_equal(labels_reason_text(labels, reason), "other rule");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reason_is_a_name_and_a_kind_of_evidence, begin,
		                                end),
		cmocka_unit_test_setup_teardown(there_is_a_reason_however_many_names_come, begin,
		                                end),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
