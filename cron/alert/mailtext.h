/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mail as text: headers (RFC 5322), encoded words (RFC 2047), quoted-printable body (RFC 2045 section 6.7). Nothing that
 * goes in can make a header of its own or end the header early: what is not printable ASCII is encoded, line ends in a
 * header become blanks. Any thread.
 */
#ifndef NETMON_CRON_ALERT_MAILTEXT_H
#define NETMON_CRON_ALERT_MAILTEXT_H

#include <stddef.h>
#include <stdint.h>

#define MAILTEXT_MAX 65536 /* a whole mail */

struct mailtext {
	const char *from; /* mailboxes, checked by alert_address_ok() */
	const char *to;
	const char *subject; /* UTF-8, any bytes */
	const char *body;    /* UTF-8, lines end in '\n' */
	const char *id;      /* left side of the Message-ID: ASCII letters, digits, dots */
	uint32_t when_s;
};

/* The value of a header with white space and all else outside printable ASCII encoded, folded, into ret_text; bytes that
 * are no UTF-8 come out as '?'. 0 or NM_ELIMIT. */
int mailtext_encode_word(const char *text, char *ret_text, size_t size);
/* 0 or NM_ELIMIT; lines end in CRLF. */
int mailtext_encode_body(const char *text, char *ret_text, size_t size);
/* "Sat, 21 Nov 2026 03:02:42 +0000" (RFC 5322 section 3.3), whatever the locale. */
#define MAILTEXT_DATE_MAX 40
const char *mailtext_date(uint32_t when_s, char *buf, size_t size);

/* The whole mail with CRLF line ends, into ret_text. 0; NM_ELIMIT; NM_EFORMAT: a mailbox that is none. */
int mailtext_format(const struct mailtext *mail, char *ret_text, size_t size);

#endif
