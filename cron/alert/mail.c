/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail: settings checked, text made, handed to the library that speaks the kind of connection. */
#include "cron/alert/mail.h"

#include "cron/alert/mailtext.h"
#include "cron/alert/secret.h"
#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *port; /* RFC 6409, RFC 8314 */
	void (*send)(const struct mail_parcel *parcel, struct send_result *ret_result);
} kinds[] = {
	{ "starttls", "587", mail_by_esmtp },
	{ "tls", "465", mail_by_curl },
	{ "none", "25", mail_by_esmtp },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

int
mail_split_server(const char *server, const char *dflt, struct mail_parcel *ret_parcel)
{
	static const char host_chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:";
	const char *host = server, *port = dflt;
	size_t len = strcspn(server, ":");

	if (*server == '[') {
		host = server + 1;
		len = strcspn(host, "]");
	}
	if (*server == '[' && host[len] != ']')
		return NM_EFORMAT;
	const char *rest = host + len + (*server == '[');
	if (*rest == ':')
		port = rest + 1;
	else if (*rest)
		return NM_EFORMAT;
	size_t port_len = strlen(port);
	if (len == 0 || len >= sizeof(ret_parcel->host) || strspn(host, host_chars) < len ||
	    port_len == 0 || port_len > 5 || strspn(port, "0123456789") != port_len)
		return NM_EFORMAT;
	(void)snprintf(ret_parcel->host, sizeof(ret_parcel->host), "%.*s", (int)len, host);
	(void)snprintf(ret_parcel->port, sizeof(ret_parcel->port), "%s", port);
	return NM_OK;
}

static int
find_kind(const char *name)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (int)i;
	return -1;
}

static bool
read_password(const struct settings *s, char *ret_password, size_t size, struct send_result *ret)
{
	int rc = secret_read_line(s->smtp_password_file, ret_password, size);

	if (rc < 0)
		send_failed(ret, "smtp_password_file: %s", secret_strerror(rc));
	return rc == NM_OK;
}

static bool
format_text(const struct settings *s, const struct send_job *job, char *text,
            struct send_result *ret)
{
	struct mailtext mail = { .from = s->smtp_from,
		                 .to = job->contact->address,
		                 .subject = job->short_text,
		                 .body = job->long_text,
		                 .id = job->id,
		                 .when_s = job->when_s };
	int rc = mailtext_format(&mail, text, MAILTEXT_MAX);

	if (rc == NM_EFORMAT)
		send_failed(ret, "smtp_from or the contact is no mailbox");
	else if (rc < 0)
		send_failed(ret, "mail: %s", nm_strerror(rc));
	return rc == NM_OK;
}

/* Everything that can be told wrong before a connection is made. */
static int
check_settings(const struct settings *s, struct mail_parcel *parcel, struct send_result *ret)
{
	int kind = find_kind(s->smtp_tls);

	if (!s->smtp_server[0])
		send_failed(ret, "no mail server: set smtp_server in netmon.conf");
	else if (kind < 0)
		send_failed(ret, "smtp_tls must be starttls, tls or none");
	else if (mail_split_server(s->smtp_server, kinds[kind].port, parcel) < 0)
		send_failed(ret, "smtp_server must be host:port");
	else
		return kind;
	return -1;
}

void
mail_send(const struct send_context *ctx, const struct send_job *job,
          struct send_result *ret_result)
{
	const struct settings *s = ctx->settings;
	struct mail_parcel parcel = { .settings = s,
		                      .timeout_s = ctx->timeout_s,
		                      .to = job->contact->address };
	char password[SECRET_MAX];
	int kind = check_settings(s, &parcel, ret_result);

	if (kind < 0)
		return;
	char *text = malloc(MAILTEXT_MAX);
	if (!text) {
		send_failed(ret_result, "out of memory");
		return;
	}
	if (!format_text(s, job, text, ret_result))
		goto out;
	parcel.text = text;
	if (s->smtp_user[0]) {
		if (!read_password(s, password, sizeof(password), ret_result))
			goto out;
		parcel.password = password;
	}
	kinds[kind].send(&parcel, ret_result);
	secret_wipe(password, sizeof(password));
out:
	free(text);
}
