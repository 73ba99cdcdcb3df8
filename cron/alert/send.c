/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Picks the way to tell a contact, and words results. */
#include "cron/alert/send.h"

#include "cron/alert/mail.h"
#include "cron/alert/sms.h"
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 3, 0)))
fill(struct send_result *r, bool ok, const char *fmt, va_list ap)
{
	char text[sizeof(r->detail)];

	/* a server's words are in it, and the log is read on terminals */
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)log_safe(r->detail, sizeof(r->detail), text, strlen(text));
	r->ok = ok;
}

void
send_failed(struct send_result *ret_result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(ret_result, false, fmt, ap);
	va_end(ap);
}

void
send_succeeded(struct send_result *ret_result, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(ret_result, true, fmt, ap);
	va_end(ap);
}

void
send_job(const struct send_context *ctx, const struct send_job *job, struct send_result *ret_result)
{
	memset(ret_result, 0, sizeof(*ret_result));
	if (job->contact->kind == ALERT_SMS)
		sms_send(ctx, job, ret_result);
	else
		mail_send(ctx, job, ret_result);
}
