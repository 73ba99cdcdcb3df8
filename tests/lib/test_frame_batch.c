/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches of the export protocol: what is written is read back, and nothing that is cut, changed or too large is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/* for its checksum */
#include "lib/frame_batch.c" /* NOLINT(bugprone-suspicious-include) */
#include "tests/lib/frame_exact.h"

static uint8_t buf[FRAME_MAX + 64];
static struct record records[BATCH_RECORDS_MAX + 1];
static struct ledger_delta ledger[BATCH_LEDGER_MAX + 1];

/* --- helpers ------------------------------------------------------------------------------------------------------ */

static struct record
make_record(const char *saddr, const char *daddr, uint16_t link, uint16_t vlan)
{
	struct record r = { .sport = 50000,
		            .dport = 443,
		            .protocol = 6,
		            .start_frac = 1,
		            .end_frac = 255,
		            .packets = 65535,
		            .application = 7,
		            .octets = 1000000,
		            .started = 1700000000,
		            .expires = 4294967295u,
		            .vlan = vlan,
		            .link = link };

	assert_int_equal(addr_parse(saddr, &r.saddr), 0);
	assert_int_equal(addr_parse(daddr, &r.daddr), 0);
	return r;
}

static const struct ledger_delta some_ledger[2] = {
	{ .minute = 1700000040, .link = 0, .cause = LEDGER_SEEN, .packets = 1, .octets = 60 },
	{ .minute = 1700000040, .link = 1, .cause = LEDGER_NOT_IP, .packets = 1ull << 40 },
};

/* Both families, two links, some VLANs, tunnels and sampled records. */
static size_t
encode_mix(struct record mix[5])
{
	struct ledger_delta rows[2] = { some_ledger[0], some_ledger[1] };
	size_t len = 0;

	mix[0] = make_record("10.0.0.1", "192.0.2.1", 0, VLAN_NONE);
	mix[1] = make_record("10.0.0.2", "192.0.2.2", 0, 4094);
	mix[2] = make_record("2001:db8::1", "2001:db8::2", 0, 1);
	mix[3] = make_record("2001:db8::1", "2001:db8::2", 1, VLAN_NONE);
	mix[4] = make_record("10.0.0.3", "192.0.2.3", 1, 100);
	mix[1].tunnel = 0x0104;
	mix[3].tunnel = 0x0d0f0403;
	mix[3].sampling = 1000;
	mix[4].sampling = 2;
	struct batch b = { .epoch = 0x0102030405060708u,
		           .sequence = 9,
		           .previous = 0xfeedbeef,
		           .n_records = 5,
		           .records = mix,
		           .n_ledger = 2,
		           .ledger = rows };
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &len), 0);
	return len;
}

/* Decodes what is behind the header of the frame in buf. */
static int
decode(size_t len, struct batch *ret)
{
	*ret = (struct batch){ .records = records, .ledger = ledger };
	return frame_decode_batch(buf + FRAME_HEADER_SIZE, len - FRAME_HEADER_SIZE, ret);
}

/* Makes the checksum right again after a change. */
static void
sign(size_t len)
{
	struct wireout w = wireout_init(buf, sizeof(buf));
	size_t body = FRAME_HEADER_SIZE + 4;

	wireout_patch_u32(&w, FRAME_HEADER_SIZE, crc32c(buf + body, len - body));
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static void
the_checksum_is_that_of_rfc_3720_b_4(void **state)
{
	/* the RFC prints the octets as sent, least significant first */
	uint8_t bytes[32];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32c(bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(bytes, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(crc32c(bytes, 32), 0x46dd794e);
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(bytes, 32), 0x113fdb5c);
}

static void
an_ipv4_record_has_32_octets_in_the_documented_order(void **state)
{
	static const uint8_t want[RECORD4_SIZE] = {
		10,   0,    0,    1,    192,  0,    2,    1, /* addresses */
		0xc3, 0x50, 0x01, 0xbb, 0,    0x0f, 0x42, 0x40, 0xff, 0xff,
		0,    6,    0,    7,                                        /* .. application */
		1,    255,  0x65, 0x53, 0xf1, 0,    0xff, 0xff, 0xff, 0xff, /* times */
	};
	struct record r = make_record("10.0.0.1", "192.0.2.1", 0, 0);
	uint8_t out[RECORD4_SIZE];

	(void)state;
	frame_put_record4(&r, out);
	assert_memory_equal(out, want, sizeof(want));
}

static void
an_ipv6_record_has_56_octets_and_the_same_tail(void **state)
{
	struct record r4 = make_record("10.0.0.1", "192.0.2.1", 0, 0);
	struct record r6 = make_record("2001:db8::1", "2001:db8::2", 0, 0);
	uint8_t out4[RECORD4_SIZE], out6[RECORD6_SIZE];

	(void)state;
	frame_put_record4(&r4, out4);
	frame_put_record6(&r6, out6);
	assert_memory_equal(out6, r6.saddr.b, 16);
	assert_memory_equal(out6 + 16, r6.daddr.b, 16);
	assert_memory_equal(out6 + 32, out4 + 8, 24);
}

static void
a_batch_of_both_families_links_annotations_and_ledger_comes_back_as_it_was(void **state)
{
	struct record mix[5];
	struct batch b;
	size_t len = encode_mix(mix);

	(void)state;
	assert_int_equal(decode(len, &b), 0);
	assert_true(b.epoch == 0x0102030405060708u && b.first == 9 && b.sequence == 9);
	assert_int_equal(b.previous, 0xfeedbeef);
	assert_int_equal(b.crc, frame_batch_crc(buf));
	assert_int_equal(b.n_records, 5);
	assert_memory_equal(b.records, mix, sizeof(mix));
	assert_int_equal(b.packets, 5 * 65535);
	assert_int_equal(b.octets, 5 * 1000000);
	assert_int_equal(b.n_ledger, 2);
	assert_memory_equal(b.ledger, some_ledger, sizeof(some_ledger));
}

static void
an_empty_batch_is_a_batch(void **state)
{
	struct batch b = { .sequence = 1 };
	size_t len;

	(void)state;
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &len), 0);
	assert_int_equal(decode(len, &b), 0);
	assert_int_equal(b.n_records + b.n_ledger, 0);
}

static int
decode_batch_only(const uint8_t *bytes, size_t len)
{
	struct batch b = { .records = records, .ledger = ledger };

	return frame_decode_batch(bytes, len, &b);
}

static void
a_batch_cut_at_any_length_is_refused(void **state)
{
	struct record mix[5];
	size_t len = encode_mix(mix) - FRAME_HEADER_SIZE;

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(decode_exact(decode_batch_only, buf + FRAME_HEADER_SIZE, cut),
		                 NM_EFORMAT);
	assert_int_equal(decode_exact(decode_batch_only, buf + FRAME_HEADER_SIZE, len), 0);
}

/* True when a cut so many octets before the end of encode_mix() takes whole sections off that hold no record: all sums
 * still hold, so that is a batch. */
static bool
is_section_end(size_t from_end)
{
	static const size_t sizes[] = { 2 * LEDGER_ROW_SIZE, 2 * SAMPLING_SIZE, 2 * TUNNEL_SIZE,
		                        3 * VLAN_SIZE };
	size_t end = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		end += FRAME_HEADER_SIZE + sizes[i];
		if (from_end == end)
			return true;
	}
	return false;
}

static void
a_batch_cut_at_any_length_and_signed_anew_is_refused(void **state)
{
	struct record mix[5];
	size_t len = encode_mix(mix);

	(void)state;
	for (size_t cut = FRAME_HEADER_SIZE + 4; cut < len; cut++) {
		(void)encode_mix(mix);
		sign(cut);
		int want = is_section_end(len - cut) ? 0 : NM_EFORMAT;
		assert_int_equal(decode_exact(decode_batch_only, buf + FRAME_HEADER_SIZE,
		                              cut - FRAME_HEADER_SIZE),
		                 want);
	}
}

static void
one_changed_bit_anywhere_is_refused(void **state)
{
	struct record mix[5];
	size_t len = encode_mix(mix);
	struct batch b;

	(void)state;
	for (size_t at = FRAME_HEADER_SIZE; at < len; at++) {
		buf[at] ^= 0x10;
		assert_int_equal(decode(len, &b), NM_EFORMAT);
		buf[at] ^= 0x10;
	}
}

static void
a_wrong_count_or_sum_is_refused_even_with_a_right_checksum(void **state)
{
	static const size_t last_octets[] = { 35, 43, 51 }; /* of records, packets, octets */
	struct record mix[5];
	struct batch b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t len = encode_mix(mix);
		buf[last_octets[i]]++;
		sign(len);
		assert_int_equal(decode(len, &b), NM_EFORMAT);
	}
}

/* Appends a section to an empty batch and decodes it. */
static int
decode_section(uint8_t type, const uint8_t *bytes, size_t n, struct batch *ret)
{
	struct batch empty = { .sequence = 1 };
	size_t len;

	assert_int_equal(frame_encode_batch(&empty, buf, sizeof(buf), &len), 0);
	struct wireout w = { .bytes = buf, .size = sizeof(buf), .len = len };
	size_t at = frame_begin(&w, (enum frame_type)type);
	wireout_bytes(&w, bytes, n);
	(void)frame_end(&w, at, NULL);
	sign(w.len);
	return decode(w.len, ret);
}

static void
an_unknown_section_is_skipped(void **state)
{
	struct batch b;

	(void)state;
	assert_int_equal(decode_section(200, (const uint8_t *)"future", 6, &b), 0);
	assert_int_equal(b.n_records, 0);
}

static void
a_section_of_a_wrong_size_or_with_a_wrong_link_is_refused(void **state)
{
	static const uint8_t zeros[4 + RECORD6_SIZE];
	static const uint8_t bad_link[4] = { 0, FRAME_LINKS_MAX };
	static const uint8_t bad_row[24] = { 0, 0, 0, 0, 0, FRAME_LINKS_MAX };
	struct batch b;

	(void)state;
	assert_int_equal(decode_section(FRAME_RECORDS4, zeros, 3, &b), NM_EFORMAT);
	assert_int_equal(decode_section(FRAME_RECORDS4, zeros, 4 + 31, &b), NM_EFORMAT);
	assert_int_equal(decode_section(FRAME_RECORDS6, zeros, 4 + 55, &b), NM_EFORMAT);
	assert_int_equal(decode_section(FRAME_RECORDS4, bad_link, 4, &b), NM_EFORMAT);
	assert_int_equal(decode_section(FRAME_LEDGER, zeros, 23, &b), NM_EFORMAT);
	assert_int_equal(decode_section(FRAME_LEDGER, bad_row, 24, &b), NM_EFORMAT);
	assert_int_equal(decode_section(FRAME_VLANS, zeros, 5, &b), NM_EFORMAT);
	assert_int_equal(decode_section(FRAME_LEDGER, zeros, 24, &b), 0);
	assert_int_equal(decode_section(FRAME_RECORDS4, zeros, 4, &b), 0);
}

static void
a_vlan_for_a_record_that_is_not_there_is_refused(void **state)
{
	static const uint8_t annotation[VLAN_SIZE] = { 0, 0, 0, 0, 0, 5 };
	struct batch b;

	(void)state;
	assert_int_equal(decode_section(FRAME_VLANS, annotation, VLAN_SIZE, &b), NM_EFORMAT);
}

/* A batch with one record and a section behind it. */
static int
decode_annotation(uint8_t type, const uint8_t *bytes, size_t n, struct batch *ret)
{
	struct record r = make_record("10.0.0.1", "192.0.2.1", 0, 0);
	struct batch one = { .sequence = 1, .records = &r, .n_records = 1 };
	size_t len;

	assert_int_equal(frame_encode_batch(&one, buf, sizeof(buf), &len), 0);
	struct wireout w = { .bytes = buf, .size = sizeof(buf), .len = len };
	size_t at = frame_begin(&w, (enum frame_type)type);
	wireout_bytes(&w, bytes, n);
	(void)frame_end(&w, at, NULL);
	wireout_patch_u32(&w, 4, (uint32_t)(w.len - FRAME_HEADER_SIZE));
	sign(w.len);
	return decode(w.len, ret);
}

static void
a_tunnel_is_of_a_record_that_is_there_and_not_zero(void **state)
{
	static const uint8_t good[8] = { 0, 0, 0, 0, 1, 4, 13, 99 };
	static const uint8_t none[8] = { 0 };
	static const uint8_t outside[8] = { 0, 0, 0, 1, 0, 0, 0, 4 };
	struct batch b;

	(void)state;
	assert_int_equal(decode_annotation(FRAME_TUNNELS, good, 8, &b), 0);
	assert_int_equal(b.records[0].tunnel, 0x01040d63);
	assert_int_equal(decode_annotation(FRAME_TUNNELS, good, 7, &b), NM_EFORMAT);
	assert_int_equal(decode_annotation(FRAME_TUNNELS, none, 8, &b), NM_EFORMAT);
	assert_int_equal(decode_annotation(FRAME_TUNNELS, outside, 8, &b), NM_EFORMAT);
}

static void
sampling_is_of_a_record_that_is_there_and_two_or_more(void **state)
{
	static const uint8_t good[6] = { 0, 0, 0, 0, 0, 2 };
	static const uint8_t one[6] = { 0, 0, 0, 0, 0, 1 };
	static const uint8_t outside[6] = { 0, 0, 0, 1, 0, 2 };
	struct batch b;

	(void)state;
	assert_int_equal(decode_annotation(FRAME_SAMPLING, good, 6, &b), 0);
	assert_int_equal(b.records[0].sampling, 2);
	assert_int_equal(decode_annotation(FRAME_SAMPLING, good, 5, &b), NM_EFORMAT);
	assert_int_equal(decode_annotation(FRAME_SAMPLING, one, 6, &b), NM_EFORMAT);
	assert_int_equal(decode_annotation(FRAME_SAMPLING, outside, 6, &b), NM_EFORMAT);
}

static void
a_record_of_every_packet_has_no_annotation(void **state)
{
	struct record r = make_record("10.0.0.1", "192.0.2.1", 0, 0);
	struct batch b = { .sequence = 1, .records = &r, .n_records = 1 };
	size_t plain, len;

	(void)state;
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &plain), 0);
	r.sampling = 1;
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &len), 0);
	assert_int_equal(len, plain);
	assert_int_equal(decode(len, &b), 0);
	assert_int_equal(b.records[0].sampling, 0);
}

/* What an older collector does: it passes over the types that it does not know. */
static void
a_batch_without_its_newer_annotations_is_the_same_batch(void **state)
{
	struct record mix[5];
	struct batch b;
	size_t len = encode_mix(mix);

	(void)state;
	for (uint8_t type = FRAME_TUNNELS; type <= FRAME_SAMPLING; type++) {
		uint8_t head[FRAME_HEADER_SIZE] = { type, 0, 0, 0,
			                            0,    0, 0, type == FRAME_TUNNELS ? 16 : 12 };
		uint8_t *at = memmem(buf, len, head, sizeof(head));
		assert_non_null(at);
		*at = 200;
	}
	sign(len);
	assert_int_equal(decode(len, &b), 0);
	assert_int_equal(b.packets, 5 * 65535);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(b.records[i].vlan, mix[i].vlan);
		assert_int_equal(b.records[i].tunnel | b.records[i].sampling, 0);
	}
}

static void
a_ledger_count_that_a_store_cannot_add_is_refused(void **state)
{
	static const uint8_t row[24] = { 0, 0, 0, 0, 0, 0, 0, 0, 0x80 };
	struct batch b;

	(void)state;
	assert_int_equal(decode_section(FRAME_LEDGER, row, 24, &b), NM_EFORMAT);
}

static void
the_largest_batch_fits_into_its_size_and_one_more_record_is_refused(void **state)
{
	struct record *many = calloc(BATCH_RECORDS_MAX + 1, sizeof(*many));
	struct ledger_delta *rows = calloc(BATCH_LEDGER_MAX + 1, sizeof(*rows));
	size_t size = frame_batch_size_max(BATCH_RECORDS_MAX, BATCH_LEDGER_MAX);
	size_t len = 0;

	(void)state;
	assert_true(size < FRAME_MAX && many && rows);
	for (size_t i = 0; i <= BATCH_RECORDS_MAX; i++)
		many[i] = make_record("2001:db8::1", "2001:db8::2", i & 1, 4094);
	for (size_t i = 0; i <= BATCH_RECORDS_MAX; i++) {
		many[i].tunnel = UINT32_MAX;
		many[i].sampling = UINT16_MAX;
	}
	struct batch b = { .sequence = 1,
		           .records = many,
		           .n_records = BATCH_RECORDS_MAX,
		           .ledger = rows,
		           .n_ledger = BATCH_LEDGER_MAX };
	struct batch back;
	assert_int_equal(frame_encode_batch(&b, buf, size, &len), 0);
	assert_int_equal(decode(len, &back), 0);
	assert_memory_equal(back.records, many, BATCH_RECORDS_MAX * sizeof(*many));
	assert_int_equal(frame_encode_batch(&b, buf, len - 1, &len), NM_ELIMIT);
	b.n_records++;
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &len), NM_EFORMAT);
	b.n_records--;
	b.n_ledger++;
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &len), NM_EFORMAT);
	free(many);
	free(rows);
}

static void
a_batch_of_more_records_than_the_cap_is_refused(void **state)
{
	size_t n = 4 + (BATCH_RECORDS_MAX + 1) * RECORD4_SIZE;
	uint8_t *zeros = calloc(1, n);
	struct batch b;

	(void)state;
	assert_non_null(zeros);
	assert_int_equal(decode_section(FRAME_RECORDS4, zeros, n, &b), NM_ELIMIT);
	assert_int_equal(decode_section(FRAME_LEDGER, zeros, 24 * (BATCH_LEDGER_MAX + 1), &b),
	                 NM_ELIMIT);
	free(zeros);
}

static void
a_record_whose_link_or_vlan_is_out_of_range_is_not_encoded(void **state)
{
	struct record r = make_record("10.0.0.1", "10.0.0.2", FRAME_LINKS_MAX, 0);
	struct batch b = { .sequence = 1, .records = &r, .n_records = 1 };
	size_t len;

	(void)state;
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &len), NM_EFORMAT);
	r.link = 0;
	r.vlan = 4095;
	assert_int_equal(frame_encode_batch(&b, buf, sizeof(buf), &len), NM_EFORMAT);
}

/* --- lost batches ------------------------------------------------------------------------------------------------- */

static int
decode_lost(size_t len, struct batch *ret)
{
	*ret = (struct batch){ .records = records, .ledger = ledger };
	return frame_decode_lost(buf + FRAME_HEADER_SIZE, len - FRAME_HEADER_SIZE, ret);
}

static size_t
encode_lost(uint64_t first, uint64_t last)
{
	struct ledger_delta rows[2] = { some_ledger[0], some_ledger[1] };
	struct batch b = { .epoch = 5,
		           .first = first,
		           .sequence = last,
		           .previous = 1,
		           .crc = 2,
		           .lost = 300,
		           .n_ledger = 2,
		           .ledger = rows };
	size_t len = 0;

	assert_int_equal(frame_encode_lost(&b, buf, sizeof(buf), &len), 0);
	return len;
}

static void
lost_batches_come_back_as_they_were(void **state)
{
	struct batch b;
	size_t len = encode_lost(7, 9);

	(void)state;
	assert_int_equal(buf[0], FRAME_LOST);
	assert_int_equal(decode_lost(len, &b), 0);
	assert_true(b.epoch == 5 && b.first == 7 && b.sequence == 9 && b.lost == 300);
	assert_true(b.previous == 1 && b.crc == 2 && b.n_records == 0);
	assert_memory_equal(b.ledger, some_ledger, sizeof(some_ledger));
	for (size_t cut = FRAME_HEADER_SIZE; cut < len; cut++)
		assert_int_equal(decode_lost(cut, &b), NM_EFORMAT);
}

static void
lost_batches_out_of_order_or_with_records_are_refused(void **state)
{
	struct batch bad = { .first = 3, .sequence = 2 }, b;
	struct wireout w = wireout_init(buf, sizeof(buf));
	size_t len = encode_lost(7, 9);

	(void)state;
	wireout_patch_u32(&w, FRAME_HEADER_SIZE + 16, 10); /* the low half of first */
	sign(len);
	assert_int_equal(decode_lost(len, &b), NM_EFORMAT);
	assert_int_equal(frame_encode_lost(&bad, buf, sizeof(buf), &len), NM_EFORMAT);
	bad.first = 0;
	assert_int_equal(frame_encode_lost(&bad, buf, sizeof(buf), &len), NM_EFORMAT);
}

static void
more_lost_batches_or_records_than_can_be_are_refused(void **state)
{
	struct wireout w = wireout_init(buf, sizeof(buf));
	struct batch b;
	size_t len = encode_lost(7, 9);

	(void)state;
	wireout_patch_u32(&w, FRAME_HEADER_SIZE + 20, 1u << 17); /* the high half of last */
	sign(len);
	assert_int_equal(decode_lost(len, &b), NM_EFORMAT);
	len = encode_lost(7, 9);
	wireout_patch_u32(&w, FRAME_HEADER_SIZE + 36, UINT32_MAX); /* the high half of records */
	sign(len);
	assert_int_equal(decode_lost(len, &b), NM_EFORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_that_of_rfc_3720_b_4),
		cmocka_unit_test(an_ipv4_record_has_32_octets_in_the_documented_order),
		cmocka_unit_test(an_ipv6_record_has_56_octets_and_the_same_tail),
		cmocka_unit_test(
		    a_batch_of_both_families_links_annotations_and_ledger_comes_back_as_it_was),
		cmocka_unit_test(an_empty_batch_is_a_batch),
		cmocka_unit_test(a_batch_cut_at_any_length_is_refused),
		cmocka_unit_test(a_batch_cut_at_any_length_and_signed_anew_is_refused),
		cmocka_unit_test(one_changed_bit_anywhere_is_refused),
		cmocka_unit_test(a_wrong_count_or_sum_is_refused_even_with_a_right_checksum),
		cmocka_unit_test(an_unknown_section_is_skipped),
		cmocka_unit_test(a_section_of_a_wrong_size_or_with_a_wrong_link_is_refused),
		cmocka_unit_test(a_vlan_for_a_record_that_is_not_there_is_refused),
		cmocka_unit_test(a_tunnel_is_of_a_record_that_is_there_and_not_zero),
		cmocka_unit_test(sampling_is_of_a_record_that_is_there_and_two_or_more),
		cmocka_unit_test(a_record_of_every_packet_has_no_annotation),
		cmocka_unit_test(a_batch_without_its_newer_annotations_is_the_same_batch),
		cmocka_unit_test(a_ledger_count_that_a_store_cannot_add_is_refused),
		cmocka_unit_test(
		    the_largest_batch_fits_into_its_size_and_one_more_record_is_refused),
		cmocka_unit_test(a_batch_of_more_records_than_the_cap_is_refused),
		cmocka_unit_test(a_record_whose_link_or_vlan_is_out_of_range_is_not_encoded),
		cmocka_unit_test(lost_batches_come_back_as_they_were),
		cmocka_unit_test(lost_batches_out_of_order_or_with_records_are_refused),
		cmocka_unit_test(more_lost_batches_or_records_than_can_be_are_refused),
	};

	return cmocka_run_group_tests_name("frame_batch", tests, NULL, NULL);
}
