/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of the export protocol other than batches: what is written is read back, and nothing that is cut, changed or too large is taken. */
#include "lib/frame.h"

#include "lib/err.h"
#include "lib/wireout.h"
#include "tests/lib/frame_exact.h"

#include <stdio.h>
#include <string.h>

static uint8_t buf[FRAME_MAX + 64];

static struct frame_hello
make_hello(void)
{
	struct frame_hello h = { .version = FRAME_VERSION,
		                 .epoch = 0xfedcba9876543210u,
		                 .first = 3,
		                 .next = 7,
		                 .labels = 5,
		                 .probe = "core router",
		                 .n_links = 2,
		                 .links = { "eth0", "eth1" } };

	return h;
}

static int
decode_hello_only(const uint8_t *bytes, size_t len)
{
	struct frame_hello h;

	return frame_decode_hello(bytes, len, &h);
}

static void
hello_comes_back_as_it_was_and_is_refused_at_any_other_length(void **state)
{
	struct frame_hello h = make_hello(), back;
	size_t len;

	(void)state;
	memset(&back, 0, sizeof(back));
	assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), 0);
	assert_int_equal(buf[0], FRAME_HELLO);
	len -= FRAME_HEADER_SIZE;
	assert_int_equal(frame_decode_hello(buf + FRAME_HEADER_SIZE, len, &back), 0);
	assert_true(back.epoch == h.epoch && back.first == 3 && back.next == 7);
	assert_int_equal(back.labels, 5);
	assert_string_equal(back.probe, h.probe);
	assert_int_equal(back.n_links, 2);
	assert_string_equal(back.links[1], "eth1");
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(decode_exact(decode_hello_only, buf + FRAME_HEADER_SIZE, cut),
		                 NM_EFORMAT);
	assert_int_equal(decode_exact(decode_hello_only, buf + FRAME_HEADER_SIZE, len + 1),
	                 NM_EFORMAT);
}

static void
hello_of_another_version_or_without_the_magic_is_told_apart(void **state)
{
	struct frame_hello h = make_hello();
	size_t len;

	(void)state;
	h.version = FRAME_VERSION + 1;
	assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), 0);
	assert_int_equal(decode_hello_only(buf + 8, len - 8), NM_EVERSION);
	buf[8]++;
	assert_int_equal(decode_hello_only(buf + 8, len - 8), NM_EFORMAT);
}

static void
hello_with_names_that_are_not_printable_is_refused_by_both_sides(void **state)
{
	static const char *const bad[] = { "", "a\nb", "\x1b[31m", "caf\xc3\xa9", "\x7f" };
	struct frame_hello h;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h = make_hello();
		(void)snprintf(h.links[0], sizeof(h.links[0]), "%s", bad[i]);
		assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), NM_EFORMAT);
	}
	h = make_hello();
	assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), 0);
	uint8_t *name = memmem(buf, len, "core", 4);
	assert_non_null(name);
	name[0] = 0x1b;
	assert_int_equal(decode_hello_only(buf + 8, len - 8), NM_EFORMAT);
}

static void
hello_with_no_link_or_too_many_is_refused(void **state)
{
	struct frame_hello h = make_hello();
	size_t len;

	(void)state;
	h.n_links = 0;
	assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), NM_EFORMAT);
	h.n_links = FRAME_LINKS_MAX + 1;
	assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), NM_EFORMAT);
	h.n_links = FRAME_LINKS_MAX;
	for (size_t i = 0; i < FRAME_LINKS_MAX; i++)
		memset(h.links[i], 'x', LINK_NAME_MAX - 1);
	memset(h.probe, 'p', FRAME_NAME_MAX);
	assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), 0);
	assert_int_equal(decode_hello_only(buf + 8, len - 8), 0);
	assert_int_equal(frame_encode_hello(&h, buf, len - 1, &len), NM_ELIMIT);
}

static void
hello_whose_numbers_cannot_be_is_refused(void **state)
{
	static const uint64_t bad[][2] = { { 0, 1 }, { 5, 4 }, { 1, UINT64_MAX } };
	size_t len;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct frame_hello h = make_hello();
		h.first = bad[i][0];
		h.next = bad[i][1];
		assert_int_equal(frame_encode_hello(&h, buf, sizeof(buf), &len), 0);
		assert_int_equal(decode_hello_only(buf + 8, len - 8), NM_EFORMAT);
	}
}

static int
decode_hello_ack_only(const uint8_t *bytes, size_t len)
{
	struct frame_hello_ack a;

	return frame_decode_hello_ack(bytes, len, &a);
}

static void
hello_ack_comes_back_and_is_refused_at_any_other_length(void **state)
{
	struct frame_hello_ack a = { FRAME_VERSION, FRAME_STATUS_BUSY, 77, 0xc0ffee, "come again" },
			       back;
	size_t len;

	(void)state;
	assert_int_equal(frame_encode_hello_ack(&a, buf, sizeof(buf), &len), 0);
	assert_int_equal(frame_decode_hello_ack(buf + 8, len - 8, &back), 0);
	assert_int_equal(back.status, FRAME_STATUS_BUSY);
	assert_int_equal(back.committed, 77);
	assert_int_equal(back.crc, 0xc0ffee);
	assert_string_equal(back.text, "come again");
	for (size_t cut = 0; cut < len - 8; cut++)
		assert_int_equal(decode_exact(decode_hello_ack_only, buf + 8, cut), NM_EFORMAT);
	assert_int_equal(decode_exact(decode_hello_ack_only, buf + 8, len - 7), NM_EFORMAT);
}

static int
decode_apps_only(const uint8_t *bytes, size_t len)
{
	struct application apps[2];
	size_t n;

	return frame_decode_apps(bytes, len, apps, 2, &n);
}

/* Member by member: what lies between members is nobody's. */
static void
assert_same_application(const struct application *a, const struct application *b)
{
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->category, b->category);
	assert_int_equal(a->colour, b->colour);
	assert_int_equal(a->colour_dark, b->colour_dark);
}

static void
applications_come_back_and_are_refused_at_any_other_length(void **state)
{
	struct application apps[2] = { { 0, "Unknown", "Unknown", 0x010203, 0x040506 },
		                       { 80, "HTTP", "", 0xffffff, 0 } };
	struct application back[2];
	size_t len, n = 0;

	(void)state;
	memset(back, 0, sizeof(back));
	assert_int_equal(frame_encode_apps(apps, 2, buf, sizeof(buf), &len), 0);
	assert_int_equal(frame_decode_apps(buf + 8, len - 8, back, 2, &n), 0);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++)
		assert_same_application(&back[i], &apps[i]);
	assert_int_equal(frame_decode_apps(buf + 8, len - 8, back, 1, &n), NM_ELIMIT);
	for (size_t cut = 2; cut < len - 8; cut++)
		assert_int_equal(decode_exact(decode_apps_only, buf + 8, cut), NM_EFORMAT);
	assert_int_equal(decode_exact(decode_apps_only, buf + 8, len - 7), NM_EFORMAT);
	apps[1].name[0] = '\0';
	assert_int_equal(frame_encode_apps(apps, 2, buf, sizeof(buf), &len), NM_EFORMAT);
}

static void
ack_and_heartbeat_have_one_length(void **state)
{
	struct frame_ack a = { 1, UINT64_MAX }, back;
	struct frame_header header;
	size_t len;

	(void)state;
	assert_int_equal(frame_encode_ack(&a, buf, sizeof(buf), &len), 0);
	assert_int_equal(len, 8 + 16);
	assert_int_equal(frame_decode_ack(buf + 8, 16, &back), 0);
	assert_true(back.epoch == 1 && back.sequence == UINT64_MAX);
	for (size_t cut = 0; cut < 16; cut++)
		assert_int_equal(frame_decode_ack(buf + 8, cut, &back), NM_EFORMAT);
	assert_int_equal(frame_decode_ack(buf + 8, 17, &back), NM_EFORMAT);
	assert_int_equal(frame_encode_heartbeat(buf, 8, &len), 0);
	assert_int_equal(frame_decode_header(buf, &header), 0);
	assert_int_equal(header.type, FRAME_HEARTBEAT);
	assert_int_equal(header.length, 0);
	assert_int_equal(frame_encode_heartbeat(buf, 7, &len), NM_ELIMIT);
}

static void
a_frame_may_be_as_long_as_the_cap_and_no_longer(void **state)
{
	static const uint8_t at_cap[8] = { 99, 0xff, 0xff, 0xff, 0, 0x10, 0, 0 };
	static const uint8_t above[8] = { 99, 0, 0, 0, 0, 0x10, 0, 1 };
	struct frame_header header;

	(void)state;
	assert_int_equal(frame_decode_header(at_cap, &header), 0);
	assert_int_equal(header.length, FRAME_MAX);
	assert_int_equal(frame_decode_header(above, &header), NM_ELIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_comes_back_as_it_was_and_is_refused_at_any_other_length),
		cmocka_unit_test(hello_of_another_version_or_without_the_magic_is_told_apart),
		cmocka_unit_test(hello_with_names_that_are_not_printable_is_refused_by_both_sides),
		cmocka_unit_test(hello_with_no_link_or_too_many_is_refused),
		cmocka_unit_test(hello_whose_numbers_cannot_be_is_refused),
		cmocka_unit_test(hello_ack_comes_back_and_is_refused_at_any_other_length),
		cmocka_unit_test(applications_come_back_and_are_refused_at_any_other_length),
		cmocka_unit_test(ack_and_heartbeat_have_one_length),
		cmocka_unit_test(a_frame_may_be_as_long_as_the_cap_and_no_longer),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
