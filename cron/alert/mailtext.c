/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mail as text. */
#include "cron/alert/mailtext.h"

#include "lib/db_alert.h"
#include "lib/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WORD_BYTES \
	42 /* 3/4 of what "=?UTF-8?B?" and "?=" leave of 75 characters (RFC 2047 section 2), less a bit */
#define LINE_CHARS 76 /* RFC 2045 section 6.7 rule 5 */

struct out {
	char *text;
	size_t size;
	size_t len;
	bool full; /* sticky */
};

static void
put(struct out *out, const char *bytes, size_t len)
{
	if (out->full || len >= out->size - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
	out->text[out->len] = '\0';
}

static struct out
out_init(char *text, size_t size)
{
	text[0] = '\0';
	return (struct out){ .text = text, .size = size };
}

static int
out_result(const struct out *out)
{
	return out->full ? NM_ELIMIT : NM_OK;
}

/* "=?" would be read as the beginning of an encoded word. */
static bool
is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			return false;
	return !strstr(text, "=?") && strlen(text) <= LINE_CHARS - 12;
}

static void
put_base64(struct out *out, const unsigned char *bytes, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned group = (unsigned)bytes[i] << 16;
		if (i + 1 < len)
			group |= (unsigned)bytes[i + 1] << 8;
		if (i + 2 < len)
			group |= bytes[i + 2];
		char quad[4] = { digits[group >> 18], digits[group >> 12 & 63],
			         i + 1 < len ? digits[group >> 6 & 63] : '=',
			         i + 2 < len ? digits[group & 63] : '=' };
		put(out, quad, sizeof(quad));
	}
}

/* How many bytes of `text` go into one encoded word: no character may be cut in two (RFC 2047 section 5). */
static size_t
word_length(const char *text)
{
	size_t len = strnlen(text, WORD_BYTES);

	if (text[len])
		while (len > WORD_BYTES - 4 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	return len;
}

int
mailtext_encode_word(const char *text, char *ret_text, size_t size)
{
	struct out out = out_init(ret_text, size);

	if (is_plain(text)) {
		put(&out, text, strlen(text));
		return out_result(&out);
	}
	for (size_t len; *text; text += len) {
		unsigned char bytes[WORD_BYTES];

		len = word_length(text);
		for (size_t i = 0; i < len; i++) {
			unsigned char c = (unsigned char)text[i];
			bytes[i] = c < 0x20 || c == 0x7f ? ' ' : c;
		}
		put(&out, "=?UTF-8?B?", 10);
		put_base64(&out, bytes, len);
		put(&out, "?=", 2);
		if (text[len])
			put(&out, "\r\n ", 3);
	}
	return out_result(&out);
}

/* One byte of a body as quoted-printable; *column counts the characters of the line. */
static void
put_quoted(struct out *out, const char *at, size_t *column)
{
	unsigned char c = (unsigned char)*at;
	bool blank_at_end = (c == ' ' || c == '\t') && (at[1] == '\n' || at[1] == '\0');
	bool plain = ((c >= 0x20 && c < 0x7f && c != '=') || c == '\t') && !blank_at_end;
	char hex[4];

	(void)snprintf(hex, sizeof(hex), "=%02X", c);
	if (*column + (plain ? 1 : 3) > LINE_CHARS - 1) {
		put(out, "=\r\n", 3);
		*column = 0;
	}
	put(out, plain ? at : hex, plain ? 1 : 3);
	*column += plain ? 1 : 3;
}

int
mailtext_encode_body(const char *text, char *ret_text, size_t size)
{
	struct out out = out_init(ret_text, size);
	size_t column = 0;

	for (; *text; text++) {
		if (*text == '\n') {
			put(&out, "\r\n", 2);
			column = 0;
		} else if (*text != '\r') {
			put_quoted(&out, text, &column);
		}
	}
	return out_result(&out);
}

const char *
mailtext_date(uint32_t when_s, char *buf, size_t size)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t when = (time_t)when_s;
	struct tm utc;

	/* names of our own: strftime() would take the locale's */
	if (gmtime_r(&when, &utc))
		(void)snprintf(buf, size, "%s, %02d %s %04d %02d:%02d:%02d +0000",
		               days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon],
		               utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
	else
		buf[0] = '\0';
	return buf;
}

/* The domain of the sender's mailbox: the right side of the Message-ID. */
static const char *
domain_of(const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');

	return at ? at + 1 : "localhost";
}

int
mailtext_format(const struct mailtext *mail, char *ret_text, size_t size)
{
	char date[MAILTEXT_DATE_MAX], subject[2048], header[4096];
	struct out out = out_init(ret_text, size);

	if (!alert_address_ok(ALERT_EMAIL, mail->from) || !alert_address_ok(ALERT_EMAIL, mail->to))
		return NM_EFORMAT;
	if (mailtext_encode_word(mail->subject, subject, sizeof(subject)) < 0)
		return NM_ELIMIT;
	int n = snprintf(header, sizeof(header),
	                 "Date: %s\r\n"
	                 "From: netmon <%s>\r\n"
	                 "To: <%s>\r\n"
	                 "Subject: %s\r\n"
	                 "Message-ID: <%s@%s>\r\n"
	                 "Auto-Submitted: auto-generated\r\n"
	                 "MIME-Version: 1.0\r\n"
	                 "Content-Type: text/plain; charset=UTF-8\r\n"
	                 "Content-Transfer-Encoding: quoted-printable\r\n"
	                 "\r\n",
	                 mailtext_date(mail->when_s, date, sizeof(date)), mail->from, mail->to,
	                 subject, mail->id, domain_of(mail->from));
	if (n < 0 || (size_t)n >= sizeof(header) || (size_t)n >= size)
		return NM_ELIMIT;
	put(&out, header, (size_t)n);
	if (out.full)
		return NM_ELIMIT;
	int rc = mailtext_encode_body(mail->body, ret_text + out.len, size - out.len);
	size_t len = strlen(ret_text);
	if (rc < 0 || len + 3 > size)
		return NM_ELIMIT;
	memcpy(ret_text + len, "\r\n", 3);
	return NM_OK;
}
