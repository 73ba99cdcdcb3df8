/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection, plain or in TLS. */
#include "lib/stream.h"

#include "lib/err.h"
#include "lib/tls_inner.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PEER_MAX    64  /* a common name's limit, RFC 5280 appendix A.1 */
#define WORDS_MAX   256 /* of an error */
#define SECONDS_MAX (10L * 365 * 86400)
/* New keys are due after 2^24 records or so (RFC 8446 section 5.5), and netmon's own programs never ask for any: who sends so many
 * messages only wants to be worked for. */
#define MESSAGES_MAX 1000
#define REFUSED      "its certificate is refused: "

struct stream {
	int fd;
	bool server;
	struct tls *tls; /* NULL: plain */
	SSL *ssl;
	unsigned read_wants; /* STREAM_* of the last -EAGAIN of each direction */
	unsigned write_wants;
	bool pending;
	unsigned messages; /* of TLS's own, that came */
	bool broken;       /* no goodbye any more */
	/* what stream_is_revoked() found out last */
	bool checked;
	unsigned checked_generation; /* struct tls */
	time_t good_until;           /* UTC */
	char peer[PEER_MAX + 1];
	char error[WORDS_MAX];
};

static void
say(struct stream *s, const char *words, const char *more)
{
	(void)snprintf(s->error, sizeof(s->error), "%s%s", words, more);
}

static int
say_errno(struct stream *s, int error)
{
	say(s, nm_strerror(-error), "");
	return -error;
}

/* --- faults of TLS --------------------------------------------------------------------------------------------------- */

/* What the other end's certificate is refused for, or what the other end says of ours. */
static void
say_tls(struct stream *s)
{
	unsigned long code = ERR_peek_last_error(); /* below it are those that led to it */
	int reason = ERR_GET_REASON(code);
	long verify = SSL_get_verify_result(s->ssl);

	if (verify != X509_V_OK)
		say(s, REFUSED, X509_verify_cert_error_string(verify));
	else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		say(s, "it has no certificate", "");
	else if (reason == SSL_R_UNSUPPORTED_PROTOCOL ||
	         reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
		say(s, "it does not speak TLS 1.3", "");
	else if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST)
		say(s, "it does not speak TLS, but plain TCP", "");
	else if (reason >= SSL_AD_REASON_OFFSET)
		say(s, "the other end refuses this one: ",
		    SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
	else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		say(s,
		    SSL_is_init_finished(s->ssl) ? "it closed the connection without a goodbye"
		                                 : "it closed the connection instead of "
		                                   "speaking TLS",
		    "");
	else if (!SSL_is_init_finished(s->ssl))
		say(s, "it does not speak TLS as it should: ",
		    code ? ERR_reason_error_string(code) : "no reason");
	else
		say(s, "TLS: ", code ? ERR_reason_error_string(code) : "no reason");
}

/* What became of a call that gave no octets: -EAGAIN with *wants set, 0 for an orderly end, another code. */
static int
outcome(struct stream *s, int ret, unsigned *wants)
{
	int error = errno;

	switch (SSL_get_error(s->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		*wants = STREAM_READ;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		*wants = STREAM_WRITE;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		if (!s->broken) /* else this is what comes after an alert, and its words stay */
			say(s, "it closed the connection", "");
		return 0;
	case SSL_ERROR_SYSCALL:
		error = error ? error : ECONNRESET;
		if (!s->broken)
			(void)say_errno(s, error);
		s->broken = true;
		return -error;
	default:
		s->broken = true;
		say_tls(s);
		return NM_EFORMAT;
	}
}

/* --- the other end --------------------------------------------------------------------------------------------------- */

/* Copies a name that a frame could hold; false for any other. */
static bool
take_name(struct stream *s, const ASN1_STRING *name)
{
	const unsigned char *text = name ? ASN1_STRING_get0_data(name) : NULL;
	int len = name ? ASN1_STRING_length(name) : 0;

	if (len < 1 || len > PEER_MAX)
		return false;
	for (int i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	memcpy(s->peer, text, (size_t)len);
	s->peer[len] = '\0';
	return true;
}

/* The first name of a host that the certificate is for, where its subject has none. */
static void
take_alternative(struct stream *s, X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		found = name->type == GEN_DNS && take_name(s, name->d.dNSName);
	}
	GENERAL_NAMES_free(names);
}

static void
note_peer(struct stream *s)
{
	X509 *cert = SSL_get0_peer_certificate(s->ssl);
	const X509_NAME *subject = cert ? X509_get_subject_name(cert) : NULL;
	int at = subject ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1) : -1;

	if (!cert)
		return;
	if (at < 0 || !take_name(s, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))))
		take_alternative(s, cert);
}

/* The connecting side says beforehand whom it wants to find. */
static bool
expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	unsigned char address[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN + 1];
	char *name; /* OpenSSL's macro wants one that it could change */

	/* an address of a link has its interface's name behind it, which no certificate knows */
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(host, "%"), host);
	if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(param, text) == 1;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	                                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	name = strdup(host);
	bool good = name && SSL_set_tlsext_host_name(ssl, name) == 1 &&
	            X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
	free(name);
	return good;
}

/* When the first certificate of a chain runs out. */
static time_t
end_of(const STACK_OF(X509) * chain)
{
	time_t now = time(NULL), end = now + SECONDS_MAX;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		const ASN1_TIME *at = X509_get0_notAfter(sk_X509_value(chain, i));
		int days = 0, seconds = 0;

		if (ASN1_TIME_diff(&days, &seconds, NULL, at) != 1)
			return now;
		time_t this_end = now + (time_t)days * 86400 + seconds;
		end = this_end < end ? this_end : end;
	}
	return end;
}

int64_t
stream_peer_end(const struct stream *s)
{
	X509 *cert = s->ssl ? SSL_get0_peer_certificate(s->ssl) : NULL;
	struct tm end;

	if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
		return INT64_MAX;
	return (int64_t)timegm(&end);
}

bool
stream_is_revoked(struct stream *s)
{
	if (!s->ssl || (s->checked && s->checked_generation == s->tls->generation &&
	                time(NULL) < s->good_until))
		return false;
	X509 *cert = SSL_get0_peer_certificate(s->ssl);
	X509_STORE_CTX *verify = cert ? X509_STORE_CTX_new() : NULL;
	bool good = false;
	/* the context's store of now, not that of the connection's beginning */
	if (verify &&
	    X509_STORE_CTX_init(verify, SSL_CTX_get_cert_store(s->tls->ctx), cert,
	                        SSL_get_peer_cert_chain(s->ssl)) == 1 &&
	    X509_STORE_CTX_set_default(verify, s->server ? "ssl_client" : "ssl_server") == 1)
		good = X509_verify_cert(verify) == 1;
	if (good)
		s->good_until = end_of(X509_STORE_CTX_get0_chain(verify));
	else
		say(s, REFUSED,
		    verify ? X509_verify_cert_error_string(X509_STORE_CTX_get_error(verify))
		           : "out of memory");
	s->checked = good;
	s->checked_generation = s->tls->generation;
	X509_STORE_CTX_free(verify);
	ERR_clear_error();
	return !good;
}

/* Called by OpenSSL for each message of TLS itself. */
static void /* NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's */
on_message(int sent, int version, int type, const void *bytes, size_t len, SSL *ssl, void *ctx)
{
	struct stream *s = ctx;

	(void)version;
	(void)bytes;
	(void)len;
	(void)ssl;
	s->messages += !sent && type == SSL3_RT_HANDSHAKE;
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

struct stream *
stream_plain(int fd)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s)
		s->fd = fd;
	return s;
}

struct stream *
stream_tls(struct tls *tls, int fd, const char *host)
{
	struct stream *s = stream_plain(fd);

	if (!s)
		return NULL;
	s->server = tls->server;
	s->tls = tls;
	s->ssl = SSL_new(tls->ctx);
	if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1 || (host && !expect_host(s->ssl, host))) {
		s->broken = true;
		stream_free(s);
		return NULL;
	}
	SSL_set_msg_callback(s->ssl, on_message);
	(void)SSL_set_msg_callback_arg(s->ssl, s);
	if (s->server)
		SSL_set_accept_state(s->ssl);
	else
		SSL_set_connect_state(s->ssl);
	return s;
}

void
stream_free(struct stream *s)
{
	if (!s)
		return;
	if (s->ssl && !s->broken && SSL_is_init_finished(s->ssl)) {
		ERR_clear_error();
		(void)SSL_shutdown(s->ssl); /* one way: nobody waits for the answer */
	}
	ERR_clear_error();
	SSL_free(s->ssl);
	free(s);
}

int
stream_handshake(struct stream *s)
{
	unsigned wants = 0;

	if (!s->ssl)
		return NM_OK;
	s->read_wants = s->write_wants = 0;
	ERR_clear_error();
	errno = 0;
	int ret = SSL_do_handshake(s->ssl);
	if (ret == 1) {
		note_peer(s);
		return NM_OK;
	}
	int rc = outcome(s, ret, &wants);
	s->read_wants = wants;
	return rc == 0 ? NM_EFORMAT : rc;
}

/* --- octets ----------------------------------------------------------------------------------------------------------- */

static ssize_t
read_plain(struct stream *s, void *bytes, size_t size)
{
	ssize_t n = recv(s->fd, bytes, size, 0);

	s->read_wants = 0;
	if (n > 0)
		return n;
	if (n == 0) {
		say(s, "it closed the connection", "");
		return 0;
	}
	if (errno != EAGAIN && errno != EINTR)
		return say_errno(s, errno);
	s->read_wants = STREAM_READ;
	return -EAGAIN;
}

/* As many of TLS's records, 16 kB each, as there are and fit. */
static ssize_t
read_records(struct stream *s, unsigned char *bytes, size_t size)
{
	size_t at = 0, n = 0;
	int ret = 1;

	s->read_wants = 0;
	if (s->messages > MESSAGES_MAX) {
		say(s, "it changes its keys without an end", "");
		s->broken = true;
		return NM_EFORMAT;
	}
	ERR_clear_error();
	errno = 0;
	while (at < size && (ret = SSL_read_ex(s->ssl, bytes + at, size - at, &n)) == 1)
		at += n;
	s->pending = ret == 1 && SSL_has_pending(s->ssl) == 1;
	if (at > 0)
		return (ssize_t)at; /* what ended it comes again at the next call */
	return outcome(s, ret, &s->read_wants);
}

ssize_t
stream_read(struct stream *s, void *bytes, size_t size)
{
	return s->ssl ? read_records(s, bytes, size) : read_plain(s, bytes, size);
}

static ssize_t
write_plain(struct stream *s, const void *bytes, size_t len)
{
	ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL);

	s->write_wants = 0;
	if (n >= 0)
		return n;
	if (errno != EAGAIN && errno != EINTR)
		return say_errno(s, errno);
	s->write_wants = STREAM_WRITE;
	return -EAGAIN;
}

/* A connection that the other end cut has perhaps its reason still to be read. */
static void
look_for_reason(struct stream *s)
{
	unsigned wants;
	unsigned char one;
	size_t n;

	ERR_clear_error();
	errno = 0;
	int ret = SSL_peek_ex(s->ssl, &one, 1, &n);
	if (ret != 1 && SSL_get_error(s->ssl, ret) == SSL_ERROR_SSL)
		(void)outcome(s, ret, &wants);
}

static ssize_t
write_records(struct stream *s, const void *bytes, size_t len)
{
	size_t n = 0;

	s->write_wants = 0;
	ERR_clear_error();
	errno = 0;
	int ret = SSL_write_ex(s->ssl, bytes, len, &n);
	if (ret == 1)
		return (ssize_t)n;
	int rc = outcome(s, ret, &s->write_wants);
	if (rc == -EPIPE || rc == -ECONNRESET)
		look_for_reason(s);
	return rc == 0 ? -EPIPE : rc;
}

ssize_t
stream_write(struct stream *s, const void *bytes, size_t len)
{
	return s->ssl ? write_records(s, bytes, len) : write_plain(s, bytes, len);
}

/* --- questions ------------------------------------------------------------------------------------------------------- */

unsigned
stream_wants(const struct stream *s)
{
	return s->read_wants | s->write_wants;
}

bool
stream_pending(const struct stream *s)
{
	return s->pending;
}

bool
stream_is_tls(const struct stream *s)
{
	return s->ssl != NULL;
}

const char *
stream_peer(const struct stream *s)
{
	return s->peer;
}

const char *
stream_error(const struct stream *s)
{
	return s->error;
}
