/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What netmon-alert makes of foreign text: templates, mails, secrets, short messages; and its times. */
#include "cron/alert/mail.h"
#include "cron/alert/mailtext.h"
#include "cron/alert/message.h"
#include "cron/alert/outbox.h"
#include "cron/alert/secret.h"
#include "cron/alert/template.h"
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_S 86400u

/* --- templates ---------------------------------------------------------------------------------------------------------- */

static const struct template_slots slots = { "+49 1", "a&b={to}\"\\\n\xc3\xbc", "id.1" };

static void
a_slot_of_a_url_is_percent_encoded(void **state)
{
	char text[128];

	(void)state;
	assert_int_equal(template_expand(TEMPLATE_URL, "http://x/?t={to}&m={text}&i={id}", &slots,
	                                 text, sizeof(text)),
	                 NM_OK);
	assert_string_equal(text, "http://x/?t=%2B49%201&m=a%26b%3D%7Bto%7D%22%5C%0A%C3%BC&i=id.1");
}

static void
a_slot_of_json_is_escaped(void **state)
{
	char text[128];

	(void)state;
	assert_int_equal(template_expand(TEMPLATE_JSON, "{\"t\": {\"x\": \"{text}\"}}", &slots,
	                                 text, sizeof(text)),
	                 NM_OK);
	assert_string_equal(text, "{\"t\": {\"x\": \"a&b={to}\\\"\\\\\\u000a\xc3\xbc\"}}");
}

static void
a_url_with_a_slot_of_another_name_is_refused(void **state)
{
	static const char *const cases[] = { "{", "{}", "{To}", "{to", "http://x/{name}" };
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    template_expand(TEMPLATE_URL, cases[i], &slots, text, sizeof(text)),
		    NM_EFORMAT);
}

static void
what_does_not_fit_is_refused_at_the_first_byte_too_many(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(template_expand(TEMPLATE_URL, "1234567", &slots, text, sizeof(text)),
	                 NM_OK);
	assert_int_equal(template_expand(TEMPLATE_URL, "12345678", &slots, text, sizeof(text)),
	                 NM_ELIMIT);
	assert_int_equal(template_expand(TEMPLATE_URL, "{text}", &slots, text, sizeof(text)),
	                 NM_ELIMIT);
	assert_true(strlen(text) < sizeof(text));
}

/* --- mails ---------------------------------------------------------------------------------------------------------------- */

static void
plain_words_of_a_header_stay_as_they_are(void **state)
{
	char text[128];

	(void)state;
	assert_int_equal(mailtext_encode_word("ALERT uplink: 3 > 2", text, sizeof(text)), NM_OK);
	assert_string_equal(text, "ALERT uplink: 3 > 2");
}

static void
other_words_of_a_header_are_encoded_and_folded_between_characters(void **state)
{
	static const char *const cases[][2] = {
		{ "B\xc3\xbcro", "=?UTF-8?B?QsO8cm8=?=" },
		{ "a\r\nBcc: x@y", "=?UTF-8?B?YSAgQmNjOiB4QHk=?=" },
		{ "=?UTF-8?Q?x?=", "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=" },
	};
	char text[512], many[130];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(mailtext_encode_word(cases[i][0], text, sizeof(text)), NM_OK);
		assert_string_equal(text, cases[i][1]);
	}
	/* 43 characters of three bytes: each word holds whole ones, and no line is longer than 76 */
	for (size_t i = 0; i < 43; i++)
		memcpy(many + 3 * i, "\xe2\x82\xac", 4);
	assert_int_equal(mailtext_encode_word(many, text, sizeof(text)), NM_OK);
	for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
		size_t len = strlen(line);
		assert_in_range(len, 1, 76);
		assert_true(len < 4 || line[len - 3] != '=');
	}
	assert_int_equal(mailtext_encode_word(many, text, 20), NM_ELIMIT);
}

static void
a_body_is_quoted_printable_with_short_lines(void **state)
{
	char text[512], longest[200];

	(void)state;
	assert_int_equal(mailtext_encode_body("a=b \n\xc3\xbc\t\nc d\r\n.\n", text, sizeof(text)),
	                 NM_OK);
	assert_string_equal(text, "a=3Db=20\r\n=C3=BC=09\r\nc d\r\n.\r\n");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(mailtext_encode_body(longest, text, sizeof(text)), NM_OK);
	for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n"))
		assert_in_range(strlen(line), 1, 76);
	assert_int_equal(mailtext_encode_body(longest, text, 100), NM_ELIMIT);
}

static void
a_date_is_utc_and_english(void **state)
{
	char text[MAILTEXT_DATE_MAX];

	(void)state;
	assert_string_equal(mailtext_date(0, text, sizeof(text)),
	                    "Thu, 01 Jan 1970 00:00:00 +0000");
	assert_string_equal(mailtext_date(UINT32_MAX, text, sizeof(text)),
	                    "Sun, 07 Feb 2106 06:28:15 +0000");
}

static void
a_mail_to_or_from_what_is_no_mailbox_is_refused(void **state)
{
	struct mailtext mail = {
		.from = "a@b", .to = "c@d", .subject = "s", .body = "b\n", .id = "1"
	};
	char text[1024], least[1024];

	(void)state;
	assert_int_equal(mailtext_format(&mail, text, sizeof(text)), NM_OK);
	assert_non_null(strstr(text, "\r\nMessage-ID: <1@b>\r\n"));
	assert_int_equal(mailtext_format(&mail, least, strlen(text) + 1), NM_OK);
	assert_int_equal(mailtext_format(&mail, least, strlen(text)), NM_ELIMIT);
	mail.to = "c@d\r\nBcc: e@f";
	assert_int_equal(mailtext_format(&mail, text, sizeof(text)), NM_EFORMAT);
	mail.to = "c@d";
	mail.from = "nobody";
	assert_int_equal(mailtext_format(&mail, text, sizeof(text)), NM_EFORMAT);
}

static void
a_mail_server_is_host_and_port(void **state)
{
	static const char *const good[][3] = {
		{ "mail.example.org:2525", "mail.example.org", "2525" },
		{ "mail.example.org", "mail.example.org", "587" },
		{ "192.0.2.1:25", "192.0.2.1", "25" },
		{ "[2001:db8::1]:465", "2001:db8::1", "465" },
		{ "[::1]", "::1", "587" },
	};
	static const char *const bad[] = { "",      ":25",   "a:",     "a:b",      "a:123456",
		                           "a b:1", "a\r\n", "[::1:5", "[::1]x:1", "a:1:2" };
	struct mail_parcel parcel;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(mail_split_server(good[i][0], "587", &parcel), NM_OK);
		assert_string_equal(parcel.host, good[i][1]);
		assert_string_equal(parcel.port, good[i][2]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mail_split_server(bad[i], "587", &parcel), NM_EFORMAT);
}

/* --- secrets -------------------------------------------------------------------------------------------------------------- */

/* A file with that text and mode, at *ret_path of 64 bytes. */
static void
make_file(char *ret_path, const char *bytes, size_t len, mode_t mode)
{
	(void)snprintf(ret_path, 64, "/tmp/netmon-secret-XXXXXX");
	int fd = mkstemp(ret_path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static int
read_line_of(const char *bytes, size_t len, mode_t mode, char *ret_text, size_t size)
{
	char path[64];

	make_file(path, bytes, len, mode);
	int rc = secret_read_line(path, ret_text, size);
	(void)unlink(path);
	return rc;
}

static void
a_secret_is_the_first_line_of_its_file(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(read_line_of("p w\r\nmore\n", 10, 0600, text, sizeof(text)), NM_OK);
	assert_string_equal(text, "p w");
	assert_int_equal(read_line_of("123456789012345", 15, 0640, text, sizeof(text)), NM_OK);
	assert_string_equal(text, "123456789012345");
}

static void
a_secret_that_is_empty_too_long_or_open_to_all_is_refused(void **state)
{
	char text[16];

	(void)state;
	assert_int_equal(read_line_of("", 0, 0600, text, sizeof(text)), NM_ELIMIT);
	assert_int_equal(read_line_of("\nx\n", 3, 0600, text, sizeof(text)), NM_ELIMIT);
	assert_int_equal(read_line_of("a\0b\n", 4, 0600, text, sizeof(text)), NM_ELIMIT);
	assert_int_equal(read_line_of("1234567890123456", 16, 0600, text, sizeof(text)), NM_ELIMIT);
	assert_int_equal(read_line_of("x\n", 2, 0604, text, sizeof(text)), NM_EFORMAT);
	assert_int_equal(read_line_of("x\n", 2, 0602, text, sizeof(text)), NM_EFORMAT);
	assert_int_equal(secret_read("/dev/zero", text, sizeof(text)), NM_EFORMAT);
	assert_int_equal(secret_read("/nonexistent", text, sizeof(text)), -ENOENT);
}

/* --- messages and their times ------------------------------------------------------------------------------------------- */

static void
a_short_message_fits_an_sms_whatever_the_names(void **state)
{
	struct alert_rule rule = { .direction = ALERT_OUT,
		                   .comparison = ALERT_BELOW,
		                   .rate_bps = 999999999,
		                   .window_s = 21600 };
	struct message_facts facts = { .rule = &rule,
		                       .event = ALERT_RECOVERED,
		                       .rate_bps = UINT64_MAX,
		                       .end_s = DAY_S,
		                       .since_s = 2 * DAY_S,
		                       .base_url = "" };
	struct message message;
	char subject[ALERT_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < 31; i++)
		memcpy(rule.name + 2 * i, "\xc3\xbc", 3);
	memset(subject, 's', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	facts.subject = subject;
	message_format_short(&facts, &message);
	assert_true(strlen(message.short_text) < ALERT_SHORT_MAX - 1);
	assert_non_null(strstr(message.short_text, "\xc3\xbc: sss"));
	assert_non_null(strstr(message.short_text, "was below 999 Mbit/s (6 h) since "));
}

static void
a_try_is_repeated_ever_more_seldom_and_then_no_more(void **state)
{
	static const unsigned minutes[] = { 1, 1, 2, 4, 8, 15, 30, 30, 30 };
	const uint32_t now_s = 10 * DAY_S + 37;

	(void)state;
	for (unsigned i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++)
		assert_int_equal(outbox_next_try(i, now_s, 0), 10 * DAY_S + 60 * minutes[i]);
	assert_int_equal(outbox_next_try(OUTBOX_TRIES_MAX - 2, now_s, 0), 10 * DAY_S + 1800);
	assert_int_equal(outbox_next_try(OUTBOX_TRIES_MAX - 1, now_s, 0), 0);
	assert_int_equal(outbox_next_try(OUTBOX_TRIES_MAX, now_s, 0), 0);
	assert_int_equal(outbox_next_try(0, now_s, 600), now_s + 600);
	assert_int_equal(outbox_next_try(6, now_s, 600), 10 * DAY_S + 1800);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_of_a_url_is_percent_encoded),
		cmocka_unit_test(a_slot_of_json_is_escaped),
		cmocka_unit_test(a_url_with_a_slot_of_another_name_is_refused),
		cmocka_unit_test(what_does_not_fit_is_refused_at_the_first_byte_too_many),
		cmocka_unit_test(plain_words_of_a_header_stay_as_they_are),
		cmocka_unit_test(other_words_of_a_header_are_encoded_and_folded_between_characters),
		cmocka_unit_test(a_body_is_quoted_printable_with_short_lines),
		cmocka_unit_test(a_date_is_utc_and_english),
		cmocka_unit_test(a_mail_to_or_from_what_is_no_mailbox_is_refused),
		cmocka_unit_test(a_mail_server_is_host_and_port),
		cmocka_unit_test(a_secret_is_the_first_line_of_its_file),
		cmocka_unit_test(a_secret_that_is_empty_too_long_or_open_to_all_is_refused),
		cmocka_unit_test(a_short_message_fits_an_sms_whatever_the_names),
		cmocka_unit_test(a_try_is_repeated_ever_more_seldom_and_then_no_more),
	};

	return cmocka_run_group_tests_name("alert_text", tests, NULL, NULL);
}
