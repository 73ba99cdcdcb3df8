/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tag table in a file: round trips, ageing, and files that nobody wrote. */
#include "probe/tag_file.h"

#include "lib/checksum.h"
#include "lib/err.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW  1700000000U
#define MAX  1000
#define TAGS 20

static const struct application apps[] = {
	{ .id = 0, .name = "Unknown" },     { .id = 3, .name = "FTP" },
	{ .id = 8, .name = "BitTorrent" },  { .id = 40, .name = "RTP" },
	{ .id = 19999, .name = "Billing" },
};
static const char *const reasons[] = { "", "ftp port", "ftp tag", "bittorrent tag", "sip tag" };
static const struct tag_words words = { .apps = apps,
	                                .n_apps = sizeof(apps) / sizeof(apps[0]),
	                                .reasons = reasons,
	                                .n_reasons = sizeof(reasons) / sizeof(reasons[0]) };

static struct tag_table *from, *to;
static struct tag_file_result count;
static char folder_name[] = "/tmp/netmon-tags-XXXXXX";
static int folder;

static struct tag_key
key_of(uint32_t n)
{
	struct tag_key key = { .addr = { .b = { 0x20, 0x01, 0x0d, 0xb8 } },
		               .port = (uint16_t)(6881 + n),
		               .transport = n % 2 ? 6 : 17 };

	memcpy(key.addr.b + 12, &n, sizeof(n));
	return key;
}

static struct tag_fact
fact_of(uint32_t n)
{
	return (struct tag_fact){ .app = apps[1 + n % 4].id,
		                  .reason = (uint16_t)(1 + n % 4),
		                  .ttl_s = (uint16_t)(60 + n),
		                  .confidence = (uint8_t)(1 + n % 100) };
}

static void
learn(uint32_t n, uint32_t now_s)
{
	const struct tag_key key = key_of(n);
	const struct tag_fact fact = fact_of(n);

	assert_int_equal(tag_learn(from, &key, &fact, now_s), NM_OK);
}

static bool
is_same(uint32_t n, uint32_t now_s)
{
	const struct tag_key key = key_of(n);
	const struct tag_fact wanted = fact_of(n);
	struct tag_fact got;

	return tag_find(to, &key, now_s, &got) && got.app == wanted.app &&
	       got.reason == wanted.reason && got.ttl_s == wanted.ttl_s &&
	       got.confidence == wanted.confidence;
}

static int
set_up(void **state)
{
	(void)state;
	count = (struct tag_file_result){ 0 };
	assert_int_equal(tag_new(MAX, 1, &from), NM_OK);
	assert_int_equal(tag_new(MAX, 2, &to), NM_OK);
	(void)snprintf(folder_name, sizeof(folder_name), "/tmp/netmon-tags-XXXXXX");
	assert_non_null(mkdtemp(folder_name));
	folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlinkat(folder, TAG_FILE_NAME, 0);
	(void)unlinkat(folder, TAG_FILE_TEMP, 0);
	(void)close(folder);
	(void)rmdir(folder_name);
	tag_free(from);
	tag_free(to);
	return 0;
}

/* The table `from` as bytes, for free(). */
static uint8_t *
encode(uint64_t now_s, size_t *ret_len)
{
	uint8_t *bytes;

	assert_int_equal(tag_file_encode(from, &words, now_s, &bytes, ret_len, &count), NM_OK);
	return bytes;
}

static uint8_t *
encode_some(size_t *ret_len)
{
	for (uint32_t i = 0; i < TAGS; i++)
		learn(i, NOW);
	return encode(NOW, ret_len);
}

static int
decode(const uint8_t *bytes, size_t len, uint64_t now_s)
{
	return tag_file_decode(bytes, len, &words, now_s, to, &count);
}

/* Makes the checksum right again. */
static void
sign(uint8_t *bytes, size_t len)
{
	uint32_t crc = crc32c(bytes, len - 4);

	for (unsigned i = 0; i < 4; i++)
		bytes[len - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void
what_is_saved_is_loaded(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	assert_int_equal(count.tags, TAGS);
	assert_int_equal(decode(bytes, len, NOW + 10), NM_OK);
	assert_int_equal(count.tags, TAGS);
	assert_int_equal(count.age_s, 10);
	assert_int_equal(tag_count(to), TAGS);
	for (uint32_t i = 0; i < TAGS; i++)
		assert_true(is_same(i, NOW + 10));
	free(bytes);
}

static void
an_empty_table_is_saved_and_loaded(void **state)
{
	size_t len;
	uint8_t *bytes = encode(NOW, &len);

	(void)state;
	assert_int_equal(decode(bytes, len, NOW), NM_OK);
	assert_int_equal(tag_count(to), 0);
	free(bytes);
}

static void
time_goes_on_while_nobody_runs(void **state)
{
	size_t len;
	uint8_t *bytes;

	(void)state;
	learn(0, NOW);      /* lives 60 s */
	learn(1, NOW + 30); /* 61 s */
	bytes = encode(NOW + 30, &len);
	assert_int_equal(decode(bytes, len, NOW + 70), NM_OK);
	assert_int_equal(count.tags, 1);
	assert_int_equal(count.over, 1);
	assert_false(is_same(0, NOW + 70));
	/* the rest of its life, not a new one */
	assert_false(is_same(1, NOW + 92));
	assert_int_equal(decode(bytes, len, NOW + 70), NM_OK);
	assert_true(is_same(1, NOW + 91));
	free(bytes);
}

static void
packet_time_ages_tags_when_it_is_known(void **state)
{
	size_t len;
	uint8_t *bytes;

	(void)state;
	learn(0, NOW);
	learn(1, NOW + 30);
	bytes = encode(0, &len);
	assert_int_equal(decode(bytes, len, 0), NM_OK);
	assert_int_equal(count.tags, 2);
	assert_int_equal(count.over, 0);
	assert_false(is_same(0, NOW + 70));
	assert_true(is_same(1, NOW + 70));
	free(bytes);
	/* the file's time is the newest of them, so the wall clock may read it too */
	bytes = encode(0, &len);
	tag_free(to);
	assert_int_equal(tag_new(MAX, 3, &to), NM_OK);
	assert_int_equal(decode(bytes, len, NOW + 30 + 5), NM_OK);
	assert_int_equal(count.age_s, 5);
	assert_int_equal(count.tags, 2);
	free(bytes);
}

static void
a_clock_that_was_set_back_is_one_fault_and_no_tags(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	assert_int_equal(decode(bytes, len, NOW - TAG_FILE_AHEAD_S - 1), NM_EFORMAT);
	assert_non_null(strstr(count.fault, "clock"));
	assert_int_equal(tag_count(to), 0);
	assert_int_equal(decode(bytes, len, NOW - TAG_FILE_AHEAD_S), NM_OK);
	assert_int_equal(count.tags, TAGS);
	free(bytes);
}

static void
a_clock_that_went_ahead_leaves_nothing(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	assert_int_equal(decode(bytes, len, NOW + 1000000), NM_OK);
	assert_int_equal(count.over, TAGS);
	assert_int_equal(tag_count(to), 0);
	free(bytes);
}

static void
an_application_is_known_by_its_name(void **state)
{
	static const struct application moved[] = { { .id = 8, .name = "Icecast" },
		                                    { .id = 77, .name = "BitTorrent" } };
	static const char *const other[] = { "", "x tag", "bittorrent tag" };
	const struct tag_words then = { moved, 2, other, 3 };
	const struct tag_key key = key_of(1);
	struct tag_fact got;
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	assert_int_equal(tag_file_decode(bytes, len, &then, NOW, to, &count), NM_OK);
	assert_int_equal(count.tags, TAGS / 4);
	assert_int_equal(count.unknown, TAGS - TAGS / 4);
	assert_true(tag_find(to, &key, NOW, &got));
	assert_int_equal(got.app, 77);
	assert_int_equal(got.reason, 0); /* "ftp tag" is gone */
	free(bytes);
}

static void
the_table_of_today_may_be_smaller(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	tag_free(to);
	assert_int_equal(tag_new(5, 1, &to), NM_OK);
	assert_int_equal(decode(bytes, len, NOW), NM_OK);
	assert_int_equal(tag_count(to), 5);
	assert_true(count.no_room > 0);
	free(bytes);
}

static void
every_length_that_is_cut_is_refused(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		uint8_t *cut = malloc(i + 1);

		assert_non_null(cut);
		memcpy(cut, bytes, i);
		assert_int_equal(decode(cut, i, NOW), NM_EFORMAT);
		assert_true(*count.fault);
		free(cut);
	}
	assert_int_equal(tag_count(to), 0);
	free(bytes);
}

static void
every_octet_that_is_flipped_is_noticed(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(decode(bytes, len, NOW), NM_EFORMAT);
		bytes[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(tag_count(to), 0);
	free(bytes);
}

static void
a_longer_file_is_refused(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);
	uint8_t *longer = calloc(1, len + 8);

	(void)state;
	assert_non_null(longer);
	memcpy(longer, bytes, len);
	assert_int_equal(decode(longer, len + 8, NOW), NM_EFORMAT);
	sign(longer, len + 8);
	assert_int_equal(decode(longer, len + 8, NOW), NM_EFORMAT);
	assert_int_equal(tag_count(to), 0);
	free(longer);
	free(bytes);
}

/* Somebody who knows how to make a checksum. */
static void
lies_with_a_right_checksum_are_refused_or_harmless(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0xff };
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	for (size_t i = 0; i < len - 4; i++)
		for (size_t v = 0; v < sizeof(values); v++) {
			uint8_t was = bytes[i];

			bytes[i] = values[v];
			sign(bytes, len);
			int rc = decode(bytes, len, NOW);
			assert_true(rc == NM_OK || rc == NM_EFORMAT);
			bytes[i] = was;
		}
	assert_true(tag_count(to) <= MAX);
	free(bytes);
}

static void
a_foreign_file_and_another_version_are_named(void **state)
{
	size_t len;
	uint8_t *bytes = encode_some(&len);

	(void)state;
	assert_int_equal(decode((const uint8_t *)"Dear admin, this is text", 24, NOW), NM_EFORMAT);
	assert_non_null(strstr(count.fault, "no file of tags"));
	bytes[9] = 2;
	sign(bytes, len);
	assert_int_equal(decode(bytes, len, NOW), NM_EFORMAT);
	assert_non_null(strstr(count.fault, "version"));
	free(bytes);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static int
save(void)
{
	return tag_file_save(folder, from, &words, NOW, &count);
}

static int
load(void)
{
	return tag_file_load(folder, &words, NOW, to, &count);
}

static void
put_file(const char *name, const void *bytes, size_t len)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	(void)close(fd);
}

static void
a_file_takes_the_place_of_the_old_one(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(load(), -ENOENT);
	learn(1, NOW);
	assert_int_equal(save(), NM_OK);
	learn(2, NOW);
	put_file(TAG_FILE_TEMP, "left over", 9);
	assert_int_equal(save(), NM_OK);
	assert_int_equal(fstatat(folder, TAG_FILE_TEMP, &st, 0), -1);
	assert_int_equal(fstatat(folder, TAG_FILE_NAME, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(load(), NM_OK);
	assert_int_equal(count.tags, 2);
}

static void
links_and_what_is_no_file_are_not_followed(void **state)
{
	(void)state;
	put_file("elsewhere", "mine", 4);
	assert_int_equal(symlinkat("elsewhere", folder, TAG_FILE_TEMP), 0);
	assert_int_equal(symlinkat("elsewhere", folder, TAG_FILE_NAME), 0);
	assert_int_equal(load(), -ELOOP);
	assert_int_equal(save(), NM_OK);
	assert_int_equal(load(), NM_OK);
	char text[8] = "";
	int fd = openat(folder, "elsewhere", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 4);
	assert_string_equal(text, "mine");
	(void)close(fd);
	(void)unlinkat(folder, "elsewhere", 0);
	(void)unlinkat(folder, TAG_FILE_NAME, 0);
	assert_int_equal(mkfifoat(folder, TAG_FILE_NAME, 0600), 0);
	assert_int_equal(load(), NM_EFORMAT);
	assert_non_null(strstr(count.fault, "regular"));
}

static void
a_file_that_is_too_large_is_not_read(void **state)
{
	(void)state;
	put_file(TAG_FILE_NAME, "netmtags", 8);
	int fd = openat(folder, TAG_FILE_NAME, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)TAG_FILE_SIZE_MAX + 1), 0);
	(void)close(fd);
	assert_int_equal(load(), NM_EFORMAT);
	assert_non_null(strstr(count.fault, "too large"));
}

static void
a_save_that_fails_leaves_the_old_file(void **state)
{
	struct rlimit limit;
	struct stat st;

	(void)state;
	learn(1, NOW);
	assert_int_equal(save(), NM_OK);
	for (uint32_t i = 0; i < TAGS; i++)
		learn(i, NOW);
	/* a full disk, as a limit on the size of files */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	const struct rlimit small = { 100, limit.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = save();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(count.fault, "too large"));
	assert_int_equal(fstatat(folder, TAG_FILE_TEMP, &st, 0), -1);
	assert_int_equal(load(), NM_OK);
	assert_int_equal(count.tags, 1);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_is_saved_is_loaded),
		CASE(an_empty_table_is_saved_and_loaded),
		CASE(time_goes_on_while_nobody_runs),
		CASE(packet_time_ages_tags_when_it_is_known),
		CASE(a_clock_that_was_set_back_is_one_fault_and_no_tags),
		CASE(a_clock_that_went_ahead_leaves_nothing),
		CASE(an_application_is_known_by_its_name),
		CASE(the_table_of_today_may_be_smaller),
		CASE(every_length_that_is_cut_is_refused),
		CASE(every_octet_that_is_flipped_is_noticed),
		CASE(a_longer_file_is_refused),
		CASE(lies_with_a_right_checksum_are_refused_or_harmless),
		CASE(a_foreign_file_and_another_version_are_named),
		CASE(a_file_takes_the_place_of_the_old_one),
		CASE(links_and_what_is_no_file_are_not_followed),
		CASE(a_file_that_is_too_large_is_not_read),
		CASE(a_save_that_fails_leaves_the_old_file),
	};

	return cmocka_run_group_tests_name("tag_file", tests, NULL, NULL);
}
