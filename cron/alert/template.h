/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Templates of the SMS gateway's URL and body: text with the slots {to}, {text} and {id}. What goes into a slot is
 * encoded for the place, so that it stays one value whatever it holds; the rest is the admin's and is copied. Any thread.
 */
#ifndef NETMON_CRON_ALERT_TEMPLATE_H
#define NETMON_CRON_ALERT_TEMPLATE_H

#include <stddef.h>

enum template_kind {
	TEMPLATE_URL, /* percent-encoding, RFC 3986 section 2.1: also for bodies of application/x-www-form-urlencoded */
	TEMPLATE_JSON, /* inside a JSON string, RFC 8259 section 7 */
};

struct template_slots {
	const char *to;
	const char *text;
	const char *id;
};

/* Expands `template` into ret_text. 0; NM_ELIMIT: it does not fit; NM_EFORMAT: a slot of another name, or a '{' that is not
 * closed in a URL. In JSON a '{' that begins none of the three slots is copied. */
int template_expand(enum template_kind kind, const char *template,
                    const struct template_slots *slots, char *ret_text, size_t size);

#endif
