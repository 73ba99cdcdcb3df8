/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a flow's note keeps from one packet for a later one. */
#include <netmon/dialogue.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define KIND  3
#define OTHER 4
#define VALUE UINT64_C(0x123456789abc)

static const struct nm_packet forth = { .direction = NM_FROM_CLIENT };
static const struct nm_packet back = { .direction = NM_FROM_SERVER };

static void
a_note_is_found_by_its_kind_side_and_value(void **state)
{
	uint64_t note = 0;
	struct nm_call call = { .note = &note };

	(void)state;
	nm_note_put(&forth, &call, KIND, VALUE);
	assert_true(nm_note_is(&forth, &call, KIND, NM_NOTE_SAME, VALUE));
	assert_true(nm_note_is(&back, &call, KIND, NM_NOTE_OTHER, VALUE));
	assert_true(nm_note_is(&back, &call, KIND, NM_NOTE_ANY, VALUE));
	assert_false(nm_note_is(&back, &call, KIND, NM_NOTE_SAME, VALUE));
	assert_false(nm_note_is(&forth, &call, KIND, NM_NOTE_OTHER, VALUE));
	assert_false(nm_note_is(&forth, &call, OTHER, NM_NOTE_ANY, VALUE));
	assert_false(nm_note_is(&forth, &call, KIND, NM_NOTE_ANY, VALUE + 1));
}

static void
of_a_value_48_bits_count(void **state)
{
	uint64_t note = 0;
	uint64_t value = 0;
	struct nm_call call = { .note = &note };

	(void)state;
	nm_note_put(&back, &call, 255, UINT64_MAX);
	assert_true(nm_note_get(&back, &call, 255, NM_NOTE_SAME, &value));
	assert_true(value == NM_NOTE_VALUE);
	assert_true(nm_note_is(&back, &call, 255, NM_NOTE_SAME, UINT64_MAX >> 8));
}

/* Another module has it. */
static void
where_there_is_no_note_every_answer_is_no(void **state)
{
	struct nm_call call = { .note = NULL };
	uint64_t value = 7;

	(void)state;
	nm_note_put(&forth, &call, KIND, VALUE);
	assert_false(nm_note_get(&forth, &call, KIND, NM_NOTE_ANY, &value));
	assert_int_equal(value, 7);
	assert_int_equal(nm_note_pair(&forth, &call, KIND, VALUE, NM_CONF_WEAK), NM_CONF_WEAK);
}

static void
a_pair_is_one_value_from_both_sides(void **state)
{
	uint64_t note = 0;
	struct nm_call call = { .note = &note };

	(void)state;
	assert_int_equal(nm_note_pair(&forth, &call, KIND, VALUE, NM_CONF_WEAK), NM_CONF_WEAK);
	assert_int_equal(nm_note_pair(&forth, &call, KIND, VALUE, 0), 0);
	assert_int_equal(nm_note_pair(&back, &call, KIND, VALUE + 1, 0), 0);
	assert_int_equal(nm_note_pair(&back, &call, KIND, VALUE + 2, 0), 0);
	assert_int_equal(nm_note_pair(&forth, &call, KIND, VALUE + 2, 0), NM_CONF_SIGNATURE);
}

static uint8_t
rate_pair(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	return nm_note_pair(pkt, call, KIND, wire_u8(&w), 0);
}

static uint8_t
rate_first(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	(void)call;
	(void)w;
	return pkt->nth == 1 ? NM_CONF_WEAK : 0;
}

static void
count(struct nm_call *call, const struct nm_tag *tag)
{
	(void)tag;
	(*call->note)++;
}

static void
the_surest_row_of_the_transport_speaks_and_a_signature_tags(void **state)
{
	static const struct nm_dialogue_row rows[] = {
		{ NM_UDP, 1, rate_first },
		{ NM_UDP, 2, rate_pair },
		{ NM_TCP, 3, rate_first },
	};
	static const uint8_t address[16];
	uint64_t note = 0;
	struct nm_call call = { .note = &note, .tag = count };
	struct nm_packet pkt = { .payload = (const uint8_t *)"x",
		                 .len = 1,
		                 .nth = 1,
		                 .transport = NM_UDP,
		                 .saddr = address,
		                 .daddr = address,
		                 .direction = NM_FROM_CLIENT };
	struct nm_verdict verdict = { 0 };

	(void)state;
	assert_int_equal(nm_dialogue_classify(rows, 3, &pkt, &call, &verdict), NM_MATCH);
	assert_int_equal(verdict.app, 1);
	pkt.nth = 2;
	verdict = (struct nm_verdict){ 0 };
	assert_int_equal(nm_dialogue_classify(rows, 3, &pkt, &call, &verdict), NM_MORE);
	pkt.direction = NM_FROM_SERVER;
	uint64_t before = note;
	assert_int_equal(nm_dialogue_classify(rows, 3, &pkt, &call, &verdict), NM_MATCH);
	assert_int_equal(verdict.app, 2);
	assert_int_equal(verdict.confidence, NM_CONF_SIGNATURE);
	assert_true(note == before + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_note_is_found_by_its_kind_side_and_value),
		cmocka_unit_test(of_a_value_48_bits_count),
		cmocka_unit_test(where_there_is_no_note_every_answer_is_no),
		cmocka_unit_test(a_pair_is_one_value_from_both_sides),
		cmocka_unit_test(the_surest_row_of_the_transport_speaks_and_a_signature_tags),
	};

	return cmocka_run_group_tests_name("dialogue", tests, NULL, NULL);
}
