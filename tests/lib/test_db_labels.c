/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The versions of the labels. */
#include "lib/db_flow.h"
#include "lib/db_labels.h"
#include "lib/db_sql.h"
#include "lib/err.h"
#include "tests/support/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1700000000U

/* What the walk met, as "probe labels@since ...". */
static char met[512];

static int
note(void *ctx, const struct labels_version *v)
{
	size_t len = strlen(met);

	(void)ctx;
	(void)snprintf(met + len, sizeof(met) - len, "%s %x@%u ", v->probe, v->labels,
	               v->since_s - NOW);
	return 0;
}

static const char *
all(struct store *s, uint32_t since_s)
{
	met[0] = '\0';
	assert_int_equal(db_labels_each(s->db, since_s, note, NULL), NM_OK);
	return met;
}

static int64_t
probe(struct store *s, const char *name)
{
	static const char links[1][LINK_NAME_MAX] = { "eth0" };
	int64_t id, link;

	assert_int_equal(
	    db_probe_put(s->db, &(struct db_probe_names){ name, links, 1 }, NOW, &id, &link),
	    NM_OK);
	return id;
}

static void
only_changes_are_noted(void **state)
{
	struct store *s = *state;
	int64_t edge = probe(s, "edge");

	assert_int_equal(db_labels_put(s->db, edge, 0xa, NOW), NM_OK);
	assert_int_equal(db_labels_put(s->db, edge, 0xa, NOW + 60), NM_OK);
	assert_int_equal(db_labels_put(s->db, edge, 0xb, NOW + 120), NM_OK);
	assert_int_equal(db_labels_put(s->db, edge, 0xa, NOW + 180), NM_OK);
	assert_string_equal(all(s, 0), "edge a@180 edge b@120 edge a@0 ");
}

static void
probes_are_apart(void **state)
{
	struct store *s = *state;
	int64_t edge = probe(s, "edge"), core = probe(s, "core");

	assert_int_equal(db_labels_put(s->db, edge, 0xa, NOW), NM_OK);
	assert_int_equal(db_labels_put(s->db, core, 0xa, NOW), NM_OK);
	assert_int_equal(db_labels_put(s->db, core, 0xb, NOW + 1), NM_OK);
	assert_string_equal(all(s, 0), "core b@1 core a@0 edge a@0 ");
}

/* What a graph wants to know: not that a probe began. */
static void
since_a_time_only_what_had_another_one_before(void **state)
{
	struct store *s = *state;
	int64_t edge = probe(s, "edge"), core = probe(s, "core");

	assert_int_equal(db_labels_put(s->db, edge, 0xa, NOW), NM_OK);
	assert_int_equal(db_labels_put(s->db, edge, 0xb, NOW + 10), NM_OK);
	assert_int_equal(db_labels_put(s->db, edge, 0xc, NOW + 20), NM_OK);
	assert_int_equal(db_labels_put(s->db, core, 0xa, NOW + 30), NM_OK);
	assert_string_equal(all(s, NOW + 10), "edge c@20 edge b@10 ");
	assert_string_equal(all(s, NOW + 31), "");
}

static void
two_in_one_second_leave_the_newer(void **state)
{
	struct store *s = *state;
	int64_t edge = probe(s, "edge");

	assert_int_equal(db_labels_put(s->db, edge, 0xfffffffe, NOW), NM_OK);
	assert_int_equal(db_labels_put(s->db, edge, 0xffffffff, NOW), NM_OK);
	assert_string_equal(all(s, 0), "edge ffffffff@0 ");
}

static int
count(void *ctx, const struct labels_version *v)
{
	unsigned *ret = ctx;

	(void)v;
	(*ret)++;
	return 0;
}

/* A probe that is not what it should be may name another version each second. */
static void
of_very_many_versions_of_a_probe_the_newest_are_kept(void **state)
{
	struct store *s = *state;
	int64_t edge = probe(s, "edge"), core = probe(s, "core");
	unsigned versions = 0;

	assert_int_equal(db_labels_put(s->db, core, 0xa, NOW), NM_OK);
	for (uint32_t i = 0; i < DB_LABELS_KEPT + 10; i++)
		assert_int_equal(db_labels_put(s->db, edge, 1 + i, NOW + i), NM_OK);
	assert_int_equal(db_labels_each(s->db, 0, count, &versions), NM_OK);
	assert_int_equal(versions, 1 + DB_LABELS_KEPT);
	assert_string_equal(all(s, NOW + DB_LABELS_KEPT + 8), "edge 3f2@1009 edge 3f1@1008 ");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(only_changes_are_noted),
		TEST(probes_are_apart),
		TEST(since_a_time_only_what_had_another_one_before),
		TEST(two_in_one_second_leave_the_newer),
		TEST(of_very_many_versions_of_a_probe_the_newest_are_kept),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
