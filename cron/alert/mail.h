/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mail, by the settings smtp_*. With smtp_tls "starttls" and "none" it is libesmtp that speaks, with "tls" (TLS from the
 * first byte, RFC 8314 section 3.3), which libesmtp does not know, libcurl. A success is a 2xx for the sender, the
 * recipient and the message; a refused login sends nothing.
 */
#ifndef NETMON_CRON_ALERT_MAIL_H
#define NETMON_CRON_ALERT_MAIL_H

#include "cron/alert/send.h"

/* Only in a process of its own: a refused login closes the process's connections, and libesmtp connects without a
 * time-out. */
void mail_send(const struct send_context *ctx, const struct send_job *job,
               struct send_result *ret_result);

/* For mail_send(): what one way of speaking needs. Strings live as long as the call. */
struct mail_parcel {
	const struct settings *settings;
	unsigned timeout_s;
	char host[256]; /* of smtp_server, for the certificate; IPv6 without brackets */
	char port[8];
	const char *to;
	const char *text;     /* mailtext_format()'s */
	const char *password; /* NULL without smtp_user */
};

/* mail_esmtp.c, mail_curl.c */
void mail_by_esmtp(const struct mail_parcel *parcel, struct send_result *ret_result);
void mail_by_curl(const struct mail_parcel *parcel, struct send_result *ret_result);

/* Takes "host:port", "host" (port 25 is not assumed: `dflt`), "[ipv6]:port" apart. 0 or NM_EFORMAT. */
int mail_split_server(const char *server, const char *dflt, struct mail_parcel *ret_parcel);

#endif
