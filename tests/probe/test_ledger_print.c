/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger for people: aligned, and honest about whether it closes. */
#include "probe/ledger_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define LINES_MAX 32

static char lines[LINES_MAX][160];
static size_t n_lines;

static void __attribute__((format(printf, 1, 2))) keep(const char *fmt, ...)
{
	va_list args;

	assert_true(n_lines < LINES_MAX);
	va_start(args, fmt);
	(void)vsnprintf(lines[n_lines++], sizeof(lines[0]), fmt, args);
	va_end(args);
}

static void
print(const struct meter_count *counts)
{
	n_lines = 0;
	ledger_print("eth0", counts, keep);
}

/* The line of a cause, or NULL. */
static const char *
line_of(enum ledger_cause cause)
{
	char begin[64];

	(void)snprintf(begin, sizeof(begin), "link eth0: %s ", ledger_cause_name(cause));
	for (size_t i = 0; i < n_lines; i++)
		if (strncmp(lines[i], begin, strlen(begin)) == 0)
			return lines[i];
	return NULL;
}

static void
a_ledger_that_closes_says_so_in_its_last_line(void **state)
{
	struct meter_count counts[LEDGER_CAUSE_MAX] = {
		[LEDGER_SEEN] = { 100, 9000 },       [LEDGER_METERED] = { 80, 7000 },
		[LEDGER_NOT_IP] = { 5, 300 },        [LEDGER_TABLE_OVERFLOW] = { 4, 240 },
		[LEDGER_SAMPLED_OUT] = { 11, 1000 },
	};

	(void)state;
	print(counts);
	assert_int_equal(n_lines, 6);
	assert_string_equal(lines[5], "link eth0: the ledger closes: seen = metered + every cause");
}

static void
a_ledger_that_does_not_close_says_by_how_much(void **state)
{
	struct meter_count counts[LEDGER_CAUSE_MAX] = {
		[LEDGER_SEEN] = { 100, 9000 }, [LEDGER_METERED] = { 97, 7000 }
	};

	(void)state;
	print(counts);
	assert_string_equal(lines[n_lines - 1], "link eth0: the ledger does not close: 3 packets "
	                                        "were seen and are under no cause");
	counts[LEDGER_BAD_IP].packets = 5;
	print(counts);
	assert_string_equal(lines[n_lines - 1], "link eth0: the ledger does not close: 2 packets "
	                                        "more are counted than were seen");
}

static void
every_line_is_aligned(void **state)
{
	struct meter_count counts[LEDGER_CAUSE_MAX];

	(void)state;
	for (unsigned i = 0; i < LEDGER_CAUSE_MAX; i++)
		counts[i] = (struct meter_count){ 1ull << (2 * i), 1ull << (5 * i / 2) };
	print(counts);
	assert_int_equal(n_lines, LEDGER_CAUSE_MAX); /* all causes but 0, and the last line */
	for (size_t i = 1; i + 1 < n_lines; i++) {
		assert_ptr_equal(strstr(lines[i], " packets") - lines[i],
		                 strstr(lines[0], " packets") - lines[0]);
		assert_ptr_equal(strstr(lines[i], " octets") - lines[i],
		                 strstr(lines[0], " octets") - lines[0]);
	}
}

static void
what_is_counted_twice_is_marked_and_not_added(void **state)
{
	struct meter_count counts[LEDGER_CAUSE_MAX] = {
		[LEDGER_SEEN] = { 10, 600 }, [LEDGER_METERED] = { 10, 600 },
		[LEDGER_LATE] = { 2, 120 },  [LEDGER_NO_TIME] = { 1, 60 },
		[LEDGER_ORPHAN] = { 3, 60 }, [LEDGER_EXPORTED] = { 10, 600 },
	};

	(void)state;
	print(counts);
	assert_non_null(strstr(lines[n_lines - 1], "closes"));
	assert_non_null(strstr(line_of(LEDGER_LATE), "(counted above too)"));
	assert_non_null(strstr(line_of(LEDGER_ORPHAN), "(counted above too)"));
	assert_null(strchr(line_of(LEDGER_METERED), '('));
}

static void
seen_and_metered_have_a_line_without_a_packet_and_others_none(void **state)
{
	struct meter_count counts[LEDGER_CAUSE_MAX] = { 0 };

	(void)state;
	print(counts);
	assert_int_equal(n_lines, 3);
	assert_non_null(line_of(LEDGER_SEEN));
	assert_non_null(line_of(LEDGER_METERED));
	assert_non_null(strstr(lines[2], "closes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ledger_that_closes_says_so_in_its_last_line),
		cmocka_unit_test(a_ledger_that_does_not_close_says_by_how_much),
		cmocka_unit_test(every_line_is_aligned),
		cmocka_unit_test(what_is_counted_twice_is_marked_and_not_added),
		cmocka_unit_test(seen_and_metered_have_a_line_without_a_packet_and_others_none),
	};

	return cmocka_run_group_tests_name("ledger_print", tests, NULL, NULL);
}
