/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates, keys and lists from files into OpenSSL. */
#include "lib/tls_inner.h"

#include "lib/err.h"
#include "lib/log.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define CHAIN_MAX \
	16384 /* octets of the certificates that a stranger sends; two of netmon's own are 1,500 */

/* What a failure is said about. */
struct load {
	const struct tls *tls;
	SSL_CTX *ctx;
	struct tls_seen *seen;
	char *err;
	size_t err_size;
};

void
tls_library(void)
{
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

const char *
tls_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "";
}

static int
fail(const struct load *l, enum tls_file file, const char *what)
{
	(void)snprintf(l->err, l->err_size, "%s: %s", l->tls->paths[file], what);
	ERR_clear_error();
	return NM_EFORMAT;
}

/* A key of a stranger's: asking for words that open it would stop a daemon. */
static int /* NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's */
no_password(char *buf, int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)ctx;
	return 0;
}

/* Opens a file and notes what it was. NULL after words in err. */
static FILE *
open_noted(const struct load *l, enum tls_file file, int *ret_rc)
{
	const char *path = l->tls->paths[file];
	FILE *in = fopen(path, "re");
	struct stat st;

	if (!in || fstat(fileno(in), &st) < 0) {
		*ret_rc = -errno;
		(void)snprintf(l->err, l->err_size, "%s: %s", path, nm_strerror(*ret_rc));
		if (in)
			(void)fclose(in);
		return NULL;
	}
	l->seen[file] = (struct tls_seen){ st.st_dev, st.st_ino, st.st_size, st.st_mtim };
	if (file == TLS_KEY && (st.st_mode & S_IRWXO) != 0) {
		(void)snprintf(l->err, l->err_size,
		               "%s: everybody may use this key: chmod 600 (or 640) the file, and "
		               "make a new key if others had access",
		               path);
		*ret_rc = -EPERM;
		(void)fclose(in);
		return NULL;
	}
	return in;
}

static void
warn_of_end(const char *path, const X509 *cert)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) != 1)
		return;
	if (days < 0 || seconds < 0)
		log_warn("%s: this certificate has expired: nobody will take it", path);
	else if (days < TLS_WARN_DAYS)
		log_warn("%s: this certificate expires in %d days", path, days);
}

/* --- each file ------------------------------------------------------------------------------------------------------- */

static int
take_cert(const struct load *l, FILE *in)
{
	X509 *cert = PEM_read_X509(in, NULL, no_password, NULL);
	int rc = NM_OK;

	if (!cert || SSL_CTX_use_certificate(l->ctx, cert) != 1)
		rc = fail(l, TLS_CERT, "it holds no certificate in PEM form");
	else
		warn_of_end(l->tls->paths[TLS_CERT], cert);
	X509_free(cert);
	while (rc == NM_OK && (cert = PEM_read_X509(in, NULL, no_password, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(l->ctx, cert) != 1) {
			X509_free(cert);
			rc = fail(l, TLS_CERT, "a certificate behind the first is of no use");
		}
	ERR_clear_error(); /* the end of the file is an error to the reader */
	return rc;
}

static int
take_key(const struct load *l, FILE *in)
{
	EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, no_password, NULL);
	int rc = NM_OK;

	if (!key)
		rc = fail(l, TLS_KEY, "it holds no key in PEM form without a password");
	else if (SSL_CTX_use_PrivateKey(l->ctx, key) != 1 || SSL_CTX_check_private_key(l->ctx) != 1)
		rc = fail(l, TLS_KEY, "this key does not belong to the certificate");
	EVP_PKEY_free(key);
	return rc;
}

static int
take_ca(const struct load *l, FILE *in)
{
	X509_STORE *store = SSL_CTX_get_cert_store(l->ctx);
	X509 *cert;
	int n = 0, rc = NM_OK;

	while (rc == NM_OK && (cert = PEM_read_X509(in, NULL, no_password, NULL)) != NULL) {
		if (X509_check_ca(cert) == 0)
			rc = fail(l, TLS_CA, "this is not the certificate of an authority");
		else if (X509_STORE_add_cert(store, cert) != 1 ||
		         (l->tls->server && SSL_CTX_add_client_CA(l->ctx, cert) != 1))
			rc = fail(l, TLS_CA, tls_reason());
		X509_free(cert);
		n++;
	}
	ERR_clear_error();
	return rc == NM_OK && n == 0 ? fail(l, TLS_CA, "it holds no certificate in PEM form") : rc;
}

/* The authority that a list is of, which has to be in the store already, has signed it. */
static bool
is_ours(X509_STORE *store, X509_CRL *crl)
{
	X509_STORE_CTX *search = X509_STORE_CTX_new();
	X509_OBJECT *found = NULL;
	bool ours = false;

	if (search && X509_STORE_CTX_init(search, store, NULL, NULL) == 1)
		found = X509_STORE_CTX_get_obj_by_subject(search, X509_LU_X509,
		                                          X509_CRL_get_issuer(crl));
	X509 *issuer = found ? X509_OBJECT_get0_X509(found) : NULL;
	if (issuer)
		ours = X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1;
	X509_OBJECT_free(found);
	X509_STORE_CTX_free(search);
	return ours;
}

static int
take_crl(const struct load *l, FILE *in)
{
	X509_STORE *store = SSL_CTX_get_cert_store(l->ctx);
	X509_CRL *crl;
	int n = 0, rc = NM_OK;

	while (rc == NM_OK && (crl = PEM_read_X509_CRL(in, NULL, no_password, NULL)) != NULL) {
		const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

		if (!is_ours(store, crl))
			rc = fail(l, TLS_CRL, "this list is not signed by the authority");
		else if (X509_STORE_add_crl(store, crl) != 1)
			rc = fail(l, TLS_CRL, tls_reason());
		else if (next && X509_cmp_current_time(next) < 0)
			log_warn("%s: this list of revoked certificates should have been renewed; "
			         "what it says still counts",
			         l->tls->paths[TLS_CRL]);
		X509_CRL_free(crl);
		n++;
	}
	ERR_clear_error();
	if (rc == NM_OK && n == 0)
		return fail(l, TLS_CRL, "it holds no list of revoked certificates in PEM form");
	(void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return rc;
}

static int (*const takers[TLS_FILES])(const struct load *l, FILE *in) = {
	[TLS_CERT] = take_cert,
	[TLS_KEY] = take_key,
	[TLS_CA] = take_ca,
	[TLS_CRL] = take_crl,
};

/* --- verifying ------------------------------------------------------------------------------------------------------- */

/* Called by OpenSSL for each certificate of a chain and each fault (`ok` 0). A list that is not fresh is no fault: it is a
 * local file, and shutting every probe out because nobody renewed it would lose more than it guards. A certificate has to
 * say what it is for: one without an extended key usage would do for both sides. */
static int
on_verify(int ok, X509_STORE_CTX *verify)
{
	int error = X509_STORE_CTX_get_error(verify);

	if (!ok && (error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID)) {
		X509_STORE_CTX_set_error(verify, X509_V_OK);
		return 1;
	}
	X509 *cert = X509_STORE_CTX_get_current_cert(verify);
	if (ok && cert && X509_STORE_CTX_get_error_depth(verify) == 0 &&
	    (X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) == 0) {
		X509_STORE_CTX_set_error(verify, X509_V_ERR_INVALID_PURPOSE);
		return 0;
	}
	return ok;
}

/* TLS 1.3 alone, with certificates of both sides, and no session that a later connection takes up: each proves itself. */
static void
restrict_context(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
	                                   SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* buffers of idle connections are given back: a collector has hundreds */
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                                SSL_MODE_RELEASE_BUFFERS);
	/* a peer that sends records without contents, such as new keys, gets no turn that never ends */
	(void)SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	(void)SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_STORE_set_verify_cb(SSL_CTX_get_cert_store(ctx), on_verify);
}

int
tls_load(const struct tls *tls, SSL_CTX **ret_ctx, struct tls_seen *ret_seen, char *err,
         size_t err_size)
{
	struct load l = { tls, NULL, ret_seen, err, err_size };
	int rc = NM_OK;

	tls_library();
	ERR_clear_error();
	l.ctx = SSL_CTX_new(tls->server ? TLS_server_method() : TLS_client_method());
	if (!l.ctx) {
		(void)snprintf(err, err_size, "OpenSSL does not start: %s", tls_reason());
		return -ENOMEM;
	}
	restrict_context(l.ctx);
	for (int i = 0; i < TLS_FILES && rc == NM_OK; i++) {
		if (!tls->paths[i])
			continue;
		FILE *in = open_noted(&l, (enum tls_file)i, &rc);
		if (!in)
			break;
		rc = takers[i](&l, in);
		(void)fclose(in);
	}
	if (rc < 0) {
		SSL_CTX_free(l.ctx);
		return rc;
	}
	*ret_ctx = l.ctx;
	return NM_OK;
}
