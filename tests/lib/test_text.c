/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words and lines of text protocols: what is found, where, and that nothing is read behind the end. */
#include <netmon/text.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The bytes in a block of their exact size, so that a sanitizer sees a read behind them. */
static uint8_t *
exact(const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	return copy;
}

/* Where `word` is found in `text`, or -1. */
static long
seek(const char *text, const char *word)
{
	size_t len = strlen(text);
	uint8_t *bytes = exact(text, len);
	struct wire w = wire_init(bytes, len);
	long at = text_seek(&w, word) ? (long)(w.at - bytes) : -1;

	if (at < 0)
		assert_ptr_equal(w.at, bytes);
	free(bytes);
	return at;
}

static void
a_word_is_found_at_its_first_place_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(seek("smtp", "smtp"), 0);
	assert_int_equal(seek("220 mail eSmTP ready", "smtp"), 10);
	assert_int_equal(seek("SMTP smtp", "smtp"), 0);
	assert_int_equal(seek("xsmtq SMTP", "smtp"), 6);
	assert_int_equal(seek("GET /a?info_hash=x&INFO_HASH=y", "info_hash="), 7);
	assert_int_equal(seek("a\r\n\r\r\n\r\nb", "\r\n\r\n"), 4);
	assert_int_equal(seek("v=v=0\r\n", "v=0\r\n"), 2);
}

static void
a_word_that_is_not_whole_is_not_found(void **state)
{
	(void)state;
	assert_int_equal(seek("", "smtp"), -1);
	assert_int_equal(seek("smt", "smtp"), -1);
	assert_int_equal(seek("x smt", "smtp"), -1);
	assert_int_equal(seek("mtp smt p", "smtp"), -1);
	assert_int_equal(seek("=0\r\n", "v=0\r\n"), -1);
}

/* Letters that are 0x20 apart from an octet that is none must not count as its other case. */
static void
only_letters_have_two_cases(void **state)
{
	(void)state;
	assert_int_equal(seek("a\x1d"
	                      "0",
	                      "a=0"),
	                 -1);
	assert_int_equal(seek("[|||", "(|||"), -1);
	assert_int_equal(seek("@", "`"), -1);
}

/* What text_seek() is: the first place from which the word stands. */
static long
seek_slowly(const uint8_t *bytes, size_t len, const char *word)
{
	for (size_t at = 0; at < len; at++) {
		struct wire w = wire_init(bytes + at, len - at);

		if (text_begins_nocase(&w, word))
			return (long)at;
	}
	return -1;
}

static void
every_text_of_a_small_alphabet_is_searched_as_slowly_as_can_be(void **state)
{
	static const char letters[] = { 'a', 'A', '=', 'b' };
	static const char *const words[] = { "a", "ab", "aa", "a=", "=a", "a=b", "==", "aab", "" };
	uint8_t bytes[6];

	(void)state;
	for (unsigned n = 0; n < 1u << (2 * sizeof(bytes)); n++)
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			for (size_t i = 0; i < len; i++)
				bytes[i] = (uint8_t)letters[n >> (2 * i) & 3];
			for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
				struct wire w = wire_init(bytes, len);
				long at = text_seek(&w, words[i]) ? (long)(w.at - bytes) : -1;

				assert_int_equal(at, seek_slowly(bytes, len, words[i]));
			}
		}
}

static void
one_octet_that_cannot_be_printed_is_seen_wherever_it_stands(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 40; len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned octet = 0; octet < 256; octet++) {
				uint8_t bytes[40];

				memset(bytes, at % 2 ? ' ' : '~', len);
				bytes[at] = (uint8_t)octet;
				struct wire w = wire_init(bytes, len);
				bool fine = octet == '\t' || (octet >= 0x20 && octet < 0x7f);
				assert_int_equal(text_all_print(&w), fine);
			}
}

static void
tabs_are_printed_among_text_of_any_length(void **state)
{
	struct wire nothing = wire_init(NULL, 0);

	(void)state;
	assert_true(text_all_print(&nothing));
	for (size_t len = 1; len <= 40; len++) {
		char text[40];

		memset(text, '\t', len);
		text[len / 2] = 'x';
		uint8_t *bytes = exact(text, len);
		struct wire w = wire_init(bytes, len);
		assert_true(text_all_print(&w));
		free(bytes);
	}
}

/* Somebody may send nothing but the octet that is looked for first. */
static void
a_word_behind_too_many_octets_that_may_begin_it_is_not_found(void **state)
{
	char text[TEXT_TRIES_MAX + sizeof("_hash")];

	(void)state;
	memset(text, '_', sizeof(text));
	memcpy(text + TEXT_TRIES_MAX, "_hash", sizeof("_hash"));
	assert_int_equal(seek(text + 1, "_hash"), TEXT_TRIES_MAX - 1);
	assert_int_equal(seek(text, "_hash"), -1);
}

static void
a_string_ends_with_its_nul(void **state)
{
	static const char bytes[] = { 'a', 'b', 0, 0, 'c', 'd' };
	struct wire w = wire_init(bytes, sizeof(bytes));
	struct wire text = text_string(&w, 2);

	(void)state;
	assert_ptr_equal(text.at, bytes);
	assert_int_equal(wire_left(&text), 2);
	text = text_string(&w, 2);
	assert_int_equal(wire_left(&text), 0);
	assert_int_equal(wire_left(&w), 2);
	text = text_string(&w, 2); /* no NUL comes */
	assert_int_equal(wire_left(&text), 0);
	assert_false(wire_ok(&w));
}

static void
a_string_that_is_too_long_is_none(void **state)
{
	static const char bytes[] = { 'a', 'b', 0 };
	struct wire w = wire_init(bytes, sizeof(bytes));

	(void)state;
	(void)text_string(&w, 1);
	assert_false(wire_ok(&w));
	w = wire_init(NULL, 0);
	(void)text_string(&w, 1);
	assert_false(wire_ok(&w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_behind_too_many_octets_that_may_begin_it_is_not_found),
		cmocka_unit_test(a_word_is_found_at_its_first_place_in_any_case),
		cmocka_unit_test(a_word_that_is_not_whole_is_not_found),
		cmocka_unit_test(only_letters_have_two_cases),
		cmocka_unit_test(every_text_of_a_small_alphabet_is_searched_as_slowly_as_can_be),
		cmocka_unit_test(one_octet_that_cannot_be_printed_is_seen_wherever_it_stands),
		cmocka_unit_test(tabs_are_printed_among_text_of_any_length),
		cmocka_unit_test(a_string_ends_with_its_nul),
		cmocka_unit_test(a_string_that_is_too_long_is_none),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
