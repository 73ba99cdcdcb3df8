/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A spool whose files were damaged, renamed, copied or lost: what is whole arrives once and in order, the rest is declared. */
#include "lib/err.h"
#include "tests/support/spool_fill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FILES_MAX 64
#define FLIPS     10000

static struct spool_file files[FILES_MAX];
static size_t n_files;

/* These stand before libc's. No test takes the power away, so there is no need to wait for the disk. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

/* A spool of `n` batches, after an orderly end, with its segments in `files`. */
static void
fill(unsigned n)
{
	struct spool *s = spool_fill_open();

	assert_int_equal(spool_fill_write(s, n, FILL_RECORDS), 0);
	spool_close(s, true);
	n_files = spool_fill_files(files, FILES_MAX);
	assert_true(n_files >= 3);
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < n_files; i++)
		free(files[i].bytes);
	n_files = 0;
	return spool_fill_teardown(state);
}

static void
remove_segment(uint64_t name)
{
	char path[128];

	spool_fill_segment_path(name, path);
	assert_int_equal(unlink(path), 0);
}

/* All `n` batches come, `lost` of them as declared; then the spool goes on. */
static void
expect_all(unsigned n, uint64_t lost_min, uint64_t lost_max)
{
	struct spool *s = spool_fill_open();
	uint64_t lost;

	assert_int_equal(spool_tail(s)->sequence, n);
	assert_int_equal(spool_fill_read(s, 0, &lost), n);
	assert_in_range(lost, lost_min, lost_max);
	assert_int_equal(spool_fill_write(s, 3, FILL_RECORDS), 0);
	assert_int_equal(spool_fill_read(s, n, &lost), n + 3);
	assert_int_equal(lost, 0);
	spool_close(s, true);
	s = spool_fill_open();
	assert_int_equal(spool_fill_read(s, 0, &lost), n + 3);
	assert_in_range(lost, lost_min, lost_max);
	spool_close(s, true);
}

static void
flip(uint8_t *bytes, size_t len, unsigned n)
{
	while (n-- > 0)
		bytes[(size_t)random() % len] ^= (uint8_t)(1u << random() % 8);
}

static void
write_damaged(const struct spool_file *f, unsigned flips)
{
	uint8_t *bytes = malloc(f->len);

	assert_non_null(bytes);
	memcpy(bytes, f->bytes, f->len);
	flip(bytes, f->len, flips);
	spool_fill_put_file(f->name, bytes, f->len);
	free(bytes);
}

static void
of_10000_flipped_bits_each_batch_is_exact_or_declared(void **state)
{
	uint64_t lost, all_lost = 0;
	unsigned flips = 0;

	(void)state;
	fill(FILL_BATCHES_MAX);
	srandom(1);
	for (unsigned round = 0; flips < FLIPS; round++) {
		unsigned each = round % 2 ? 100 : 10;
		for (size_t i = 0; i < n_files; i++)
			write_damaged(&files[i], each);
		flips += each * (unsigned)n_files;
		struct spool *s = spool_fill_open();
		/* also at the very end, where nobody is behind who knows what was there */
		assert_int_equal(spool_fill_read(s, 0, &lost), FILL_BATCHES_MAX);
		all_lost += lost;
		spool_close(s, false);
		/* what the end was replaced by */
		char path[128];
		for (uint64_t name = FILL_BATCHES_MAX - 10; name <= FILL_BATCHES_MAX + 1; name++) {
			spool_fill_segment_path(name, path);
			if (name != files[n_files - 1].name)
				(void)unlink(path);
		}
	}
	assert_true(all_lost > 0);
}

static size_t
read_small(const char *name, uint8_t *ret, size_t size)
{
	char path[128];

	spool_fill_path(name, path);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t len = fread(ret, 1, size, f);
	(void)fclose(f);
	return len;
}

static void
write_small(const char *name, const uint8_t *bytes, size_t len)
{
	char path[128];

	spool_fill_path(name, path);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
whatever_becomes_of_meta_all_batches_come(void **state)
{
	static uint8_t whole[SPOOL_META_MAX], bytes[SPOOL_META_MAX];
	struct spool *s;
	uint64_t lost;

	(void)state;
	fill(500);
	size_t len = read_small("meta", whole, sizeof(whole));
	srandom(1);
	for (unsigned round = 0; round < 200; round++) {
		memcpy(bytes, whole, len);
		flip(bytes, len, 1 + round / 4);
		write_small("meta", bytes, round % 10 ? len : (size_t)random() % len);
		s = spool_fill_open();
		assert_int_equal(spool_fill_read(s, 0, &lost), 500);
		assert_int_equal(lost, 0);
		spool_close(s, true);
	}
	char path[128];
	spool_fill_path("meta", path);
	assert_int_equal(unlink(path), 0);
	expect_all(500, 0, 0);
}

static void
a_segment_that_is_missing_is_declared_to_the_packet(void **state)
{
	(void)state;
	fill(500);
	remove_segment(files[1].name);
	uint64_t n = files[2].name - files[1].name;
	expect_all(500, n, n);
}

static void
the_newest_segment_that_is_missing_is_declared_and_its_numbers_are_not_used_again(void **state)
{
	(void)state;
	fill(500);
	remove_segment(files[n_files - 1].name);
	uint64_t n = 501 - files[n_files - 1].name;
	expect_all(500, n, n);
}

static void
all_segments_that_are_missing_are_declared(void **state)
{
	(void)state;
	fill(500);
	for (size_t i = 0; i < n_files; i++)
		remove_segment(files[i].name);
	expect_all(500, 500, 500);
}

static void
segments_that_end_early_lose_only_what_was_behind(void **state)
{
	(void)state;
	fill(500);
	for (size_t i = 0; i < n_files; i++)
		spool_fill_put_file(files[i].name, files[i].bytes, files[i].len - 100);
	expect_all(500, n_files, n_files);
}

static void
segments_with_each_others_names_lose_nothing(void **state)
{
	(void)state;
	fill(500);
	spool_fill_put_file(files[0].name, files[2].bytes, files[2].len);
	spool_fill_put_file(files[2].name, files[0].bytes, files[0].len);
	expect_all(500, 0, 0);
}

static void
a_segment_of_another_name_loses_nothing(void **state)
{
	(void)state;
	fill(500);
	remove_segment(files[0].name);
	spool_fill_put_file(files[0].name ^ 1u << 16, files[0].bytes, files[0].len);
	remove_segment(files[n_files - 1].name);
	/* the name that the next new segment would have */
	spool_fill_put_file(501, files[n_files - 1].bytes, files[n_files - 1].len);
	expect_all(500, 0, 0);
}

static void
a_copy_of_a_segment_is_not_sent_twice(void **state)
{
	(void)state;
	fill(500);
	spool_fill_put_file(files[0].name + 1, files[0].bytes, files[0].len);
	spool_fill_put_file(700, files[1].bytes, files[1].len);
	/* of the newest, when it was shorter */
	spool_fill_put_file(701, files[n_files - 1].bytes, files[n_files - 1].len / 2);
	expect_all(500, 0, 0);
}

static void
segments_without_meta_are_left_alone(void **state)
{
	struct spool *other;
	char path[128];

	(void)state;
	fill(500);
	spool_fill_path("meta", path);
	assert_int_equal(unlink(path), 0);
	spool_fill_path("meta.start", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(spool_fill_try("p", FILL_SIZE_MAX, false, &other), NM_EFORMAT);
	spool_fill_segment_path(1, path);
	assert_int_equal(access(path, F_OK), 0);
}

static void
a_segment_of_another_spool_is_refused(void **state)
{
	struct spool *other;
	char path[128];

	(void)state;
	fill(500);
	for (size_t i = 0; i < n_files; i++)
		remove_segment(files[i].name);
	spool_fill_path("meta", path);
	assert_int_equal(unlink(path), 0);
	spool_fill_path("meta.start", path);
	assert_int_equal(unlink(path), 0);
	spool_close(spool_fill_open(), true);
	spool_fill_put_file(1, files[0].bytes, files[0].len);
	assert_int_equal(spool_fill_try("p", FILL_SIZE_MAX, false, &other), NM_EFORMAT);
	spool_fill_segment_path(1, path);
	assert_int_equal(access(path, F_OK), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_fill_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(of_10000_flipped_bits_each_batch_is_exact_or_declared),
		TEST(whatever_becomes_of_meta_all_batches_come),
		TEST(a_segment_that_is_missing_is_declared_to_the_packet),
		TEST(
		    the_newest_segment_that_is_missing_is_declared_and_its_numbers_are_not_used_again),
		TEST(all_segments_that_are_missing_are_declared),
		TEST(segments_that_end_early_lose_only_what_was_behind),
		TEST(segments_with_each_others_names_lose_nothing),
		TEST(a_segment_of_another_name_loses_nothing),
		TEST(a_copy_of_a_segment_is_not_sent_twice),
		TEST(segments_without_meta_are_left_alone),
		TEST(a_segment_of_another_spool_is_refused),
	};

	return cmocka_run_group_tests_name("spool_damage", tests, NULL, NULL);
}
