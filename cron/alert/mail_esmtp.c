/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mail by libesmtp (RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954). What its return value hides is looked at here: the
 * statuses of sender, recipient and message, and whether a login that was asked for took place.
 */
#include "cron/alert/mail.h"

/* libesmtp declares parts of itself only behind these */
#include <auth-client.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <libesmtp.h>

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD 3 /* not the standard streams */
#define MAX_FD   256

struct dialogue {
	const struct mail_parcel *parcel;
	bool logged_in;
	bool cut;         /* the connection was closed because the login was refused or missing */
	long verify_code; /* X509_V_*: what is wrong with the certificate */
};

/* Sets the context with which libesmtp begins TLS: the server must show a certificate for the host that was asked for. */
static SSL_CTX *
tls_context(const struct mail_parcel *p, struct send_result *ret)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	X509_VERIFY_PARAM *param = tls ? SSL_CTX_get0_param(tls) : NULL;
	const char *ca = p->settings->smtp_ca_file;

	if (!tls) {
		send_failed(ret, "out of memory");
		return NULL;
	}
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	/* Not TLS 1.3: a server may send tickets behind its handshake (RFC 8446 section 4.6.1), libesmtp takes the readable
	 * socket for an answer and waits for it with its own command still unsent, until the time-out. */
	int ok = SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) &&
	         SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
	if (ok && !X509_VERIFY_PARAM_set1_ip_asc(param, p->host))
		ok = X509_VERIFY_PARAM_set1_host(param, p->host, 0);
	if (ok)
		ok = *ca ? SSL_CTX_load_verify_locations(tls, ca, NULL)
		         : SSL_CTX_set_default_verify_paths(tls);
	/* a host name is no address, and that failure would be taken for one of the connection's (SSL_get_error(3)) */
	ERR_clear_error();
	if (ok)
		return tls;
	send_failed(ret, "smtp_ca_file %s cannot be used", ca);
	SSL_CTX_free(tls);
	return NULL;
}

/* libesmtp asks for the fields of a login. */
static int
give_login(auth_client_request_t request, char **result, int fields, void *arg)
{
	const struct mail_parcel *p = ((const struct dialogue *)arg)->parcel;

	for (int i = 0; i < fields; i++) {
		/* it only reads them */
		if (request[i].flags & AUTH_PASS)
			result[i] = (char *)(uintptr_t)p->password;
		else if (request[i].flags & AUTH_USER)
			result[i] = (char *)(uintptr_t)p->settings->smtp_user;
		else
			result[i] = NULL;
	}
	return 1;
}

/* Ends every connection of this process, which is one that only sends this mail. */
static void
cut_connections(void)
{
	for (int fd = FIRST_FD; fd < MAX_FD; fd++)
		(void)shutdown(fd, SHUT_RDWR);
}

/* libesmtp shows what it read and is about to write. It would go on to MAIL FROM after a refused login, so that is the
 * moment to stop: nothing of it has left yet. */
static void
watch_login(const char *buf, int len, int writing, void *arg)
{
	static const char accepted[] = "235", mail[] = "MAIL FROM";
	struct dialogue *d = arg;

	if (writing == 0 && len >= 3 && memcmp(buf, accepted, 3) == 0)
		d->logged_in = true;
	if (writing == 1 && len >= 9 && memcmp(buf, mail, 9) == 0 && d->parcel->password &&
	    !d->logged_in) {
		d->cut = true;
		cut_connections();
	}
}

/* The certificate's name was checked by OpenSSL, which also knows addresses; libesmtp's own check knows names only. */
static void
watch_tls(smtp_session_t session, int event, void *arg, ...)
{
	struct dialogue *d = arg;
	struct in6_addr ignored;
	va_list ap;

	(void)session;
	va_start(ap, arg);
	if (event == SMTP_EV_INVALID_PEER_CERTIFICATE) {
		d->verify_code = va_arg(ap, long);
	} else if (event == SMTP_EV_WRONG_PEER_CERTIFICATE) {
		int *ok = va_arg(ap, int *);
		*ok = inet_pton(AF_INET, d->parcel->host, &ignored) == 1 ||
		      inet_pton(AF_INET6, d->parcel->host, &ignored) == 1;
	}
	va_end(ap);
}

static void
set_timeouts(smtp_session_t session, unsigned timeout_s)
{
	static const int stages[] = { Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA,
		                      Timeout_TRANSFER, Timeout_DATA2 };

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		(void)smtp_set_timeout(session, stages[i] | Timeout_OVERRIDE_RFC2822_MINIMUM,
		                       (long)timeout_s * 1000);
}

static bool
is_2xx(const smtp_status_t *status)
{
	return status && status->code / 100 == 2;
}

/* The first answer that was no 2xx, in the order of the dialogue. */
static void
tell_answer(smtp_message_t message, smtp_recipient_t recipient, struct send_result *ret)
{
	const struct {
		const char *what;
		const smtp_status_t *status;
	} answers[] = { { "sender", smtp_reverse_path_status(message) },
		        { "recipient", smtp_recipient_status(recipient) },
		        { "message", smtp_message_transfer_status(message) } };
	char why[128] = "";

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (is_2xx(answers[i].status))
			continue;
		if (answers[i].status && answers[i].status->code)
			send_failed(ret, "mail server refused the %s: %d %s", answers[i].what,
			            answers[i].status->code,
			            answers[i].status->text ? answers[i].status->text : "");
		else
			send_failed(ret, "mail server took no %s: %s", answers[i].what,
			            smtp_strerror(smtp_errno(), why, sizeof(why)));
		return;
	}
	send_succeeded(ret, "mail server took it");
}

static void
tell_result(const struct dialogue *d, int started, smtp_message_t message,
            smtp_recipient_t recipient, struct send_result *ret)
{
	const struct mail_parcel *p = d->parcel;
	char why[128] = "";

	if (d->cut)
		send_failed(ret, "mail server %s refused the login of %s", p->host,
		            p->settings->smtp_user);
	else if (d->verify_code)
		send_failed(ret, "certificate of mail server %s: %s", p->host,
		            X509_verify_cert_error_string(d->verify_code));
	else if (!started)
		send_failed(ret, "mail server %s port %s: %s", p->host, p->port,
		            smtp_strerror(smtp_errno(), why, sizeof(why)));
	else
		tell_answer(message, recipient, ret);
}

static bool
fill_session(smtp_session_t session, struct dialogue *d, smtp_message_t *ret_message,
             smtp_recipient_t *ret_recipient)
{
	const struct mail_parcel *p = d->parcel;
	bool v6 = strchr(p->host, ':') != NULL;
	char server[300];

	(void)snprintf(server, sizeof(server), "%s%s%s:%s", v6 ? "[" : "", p->host, v6 ? "]" : "",
	               p->port);
	*ret_message = smtp_add_message(session);
	if (!*ret_message)
		return false;
	*ret_recipient = smtp_add_recipient(*ret_message, p->to);
	set_timeouts(session, p->timeout_s);
	return *ret_recipient && smtp_set_server(session, server) &&
	       smtp_set_reverse_path(*ret_message, p->settings->smtp_from) &&
	       smtp_set_messagecb(*ret_message, _smtp_message_str_cb, (void *)(uintptr_t)p->text) &&
	       smtp_set_monitorcb(session, watch_login, d, 0) &&
	       smtp_set_eventcb(session, watch_tls, d);
}

static auth_context_t
login_context(smtp_session_t session, struct dialogue *d)
{
	auth_client_init();
	auth_context_t auth = auth_create_context();
	if (!auth)
		return NULL;
	(void)auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
	(void)auth_set_interact_cb(auth, give_login, d);
	(void)smtp_auth_set_context(session, auth);
	return auth;
}

/* A password goes over a wire only inside TLS. */
static bool
is_wire_safe(const struct mail_parcel *p)
{
	return !p->password || strcmp(p->settings->smtp_tls, "none") != 0 ||
	       strcmp(p->host, "localhost") == 0 || strncmp(p->host, "127.", 4) == 0 ||
	       strcmp(p->host, "::1") == 0;
}

void
mail_by_esmtp(const struct mail_parcel *parcel, struct send_result *ret_result)
{
	struct dialogue d = { .parcel = parcel };
	smtp_message_t message = NULL;
	smtp_recipient_t recipient = NULL;
	auth_context_t auth = NULL;
	SSL_CTX *tls = NULL;
	bool starttls = strcmp(parcel->settings->smtp_tls, "starttls") == 0;

	if (!is_wire_safe(parcel)) {
		send_failed(ret_result, "no password without TLS: set smtp_tls or empty smtp_user");
		return;
	}
	smtp_session_t session = smtp_create_session();
	if (!session || !fill_session(session, &d, &message, &recipient)) {
		send_failed(ret_result, "out of memory");
		goto out;
	}
	if (starttls) {
		tls = tls_context(parcel, ret_result);
		if (!tls)
			goto out;
		(void)smtp_starttls_set_ctx(session, tls);
	}
	(void)smtp_starttls_enable(session, starttls ? Starttls_REQUIRED : Starttls_DISABLED);
	if (parcel->password)
		auth = login_context(session, &d);
	tell_result(&d, smtp_start_session(session), message, recipient, ret_result);
out:
	if (session)
		(void)smtp_destroy_session(session);
	if (auth)
		(void)auth_destroy_context(auth);
	SSL_CTX_free(tls); /* the session had a reference of its own */
}
