/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What every way of telling a contact is given and gives back. A sender is called in a process of its own (outbox.c), so
 * it may take its time up to the limit; it prints nothing.
 */
#ifndef NETMON_CRON_ALERT_SEND_H
#define NETMON_CRON_ALERT_SEND_H

#include "lib/db_alert.h"
#include "lib/settings.h"

#include <stdbool.h>
#include <stdint.h>

#define SEND_ID_MAX 96

struct send_context {
	const struct settings *settings;
	unsigned timeout_s; /* for the whole of one message */
};

/* One message to one contact. Texts are UTF-8; nobody vouches for them. */
struct send_job {
	const struct alert_contact *contact;
	const char *short_text; /* one line */
	const char *long_text;
	const char *id;  /* the same at every try, ASCII: lets a receiver see a repetition */
	uint32_t when_s; /* of the event, seconds UTC */
};

/* Plain value: it goes through a pipe. */
struct send_result {
	bool ok;
	unsigned retry_after_s;        /* the receiver's own wish, 0 for none */
	char detail[ALERT_DETAIL_MAX]; /* one line for the log, printable ASCII, never a secret */
};

/* Fills a result that is no success. */
void send_failed(struct send_result *ret_result, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Fills a success. */
void send_succeeded(struct send_result *ret_result, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* By the contact's kind: mail_send() or sms_send(). */
void send_job(const struct send_context *ctx, const struct send_job *job,
              struct send_result *ret_result);

#endif
