/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The collector's own authority (RFC 5280): a folder with its key, its certificate, the certificates that it issued, and the
 * list of those that it revoked. Life cycle: pki_open(), any calls, pki_close(). One process at a time has it open for
 * changes; others wait. One thread.
 *
 *   ca.key         the authority's key, for its owner only; whoever has it can be any probe
 *   ca.pem         its certificate, 20 years; also a copy for each probe
 *   crl.pem        the list, written anew at each change; 10 years, so that none that is forgotten runs out
 *   collector.pem  netmond's certificate, collector.key its key
 *   issued/        every certificate that was issued, by serial number
 */
#ifndef NETMON_CRON_ADMIN_PKI_H
#define NETMON_CRON_ADMIN_PKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define PKI_NAME_MAX   63  /* a probe's name, FRAME_NAME_MAX */
#define PKI_SERIAL_MAX 41  /* 20 octets in hexadecimal, RFC 5280 section 4.1.2.2, and the end */
#define PKI_HOSTS_MAX  64  /* of one certificate */
#define PKI_HOST_MAX   254 /* RFC 1035 section 2.3.4, and the end */
#define PKI_PATH_MAX   4096

struct pki {
	char folder[PKI_PATH_MAX];
	int lock; /* descriptor */
	EVP_PKEY *key;
	X509 *cert;
	X509_CRL *crl;
	char error[PKI_PATH_MAX + 256]; /* words for the last failure */
};

/* Names of a host: DNS names or addresses. */
struct pki_hosts {
	size_t n;
	char v[PKI_HOSTS_MAX][PKI_HOST_MAX];
};

/* What a certificate is to be. */
struct pki_request {
	const char *name;
	const struct pki_hosts *hosts; /* of a collector; NULL for a probe */
	unsigned days;
	const char *cert_path;
	const char *key_path;
};

/* What is known of a certificate. */
struct pki_entry {
	char name[PKI_NAME_MAX + 1];
	char serial[PKI_SERIAL_MAX];
	time_t not_after; /* UTC */
	bool revoked;
	bool collector;
	X509 *cert; /* until the callback returns */
};

/* Opens the folder; `create`: and makes it, with an authority, when there is none. 0, or -1 with words in pki->error, as all
 * that follow. pki_close() also after a failure. */
int pki_open(struct pki *pki, const char *folder, bool create);
void pki_close(struct pki *pki);

/* Makes a key and its certificate in the request's files, which nobody has in part. The key is for its owner, and for the
 * group netmon where root makes it and there is such a group. */
int pki_issue(struct pki *pki, const struct pki_request *request);

/* Revokes every probe's certificate of that name that is not revoked yet; NULL: every one of the collector. */
int pki_revoke(struct pki *pki, const char *name, size_t *ret_n);

/* Calls `each` for every certificate that was issued, in no order; a value other than 0 ends the walk and is returned. */
int pki_each(struct pki *pki, int (*each)(void *ctx, const struct pki_entry *entry), void *ctx);

/* Whether a probe may have that name, which is also a folder's and a word of command lines: 1 to PKI_NAME_MAX of PKI_NAME_CHARS, no dot
 * or dash in front. */
#define PKI_NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+@-"
bool pki_name_ok(const char *name);
/* Adds a host's name or address, once. False when it is none, or there are too many. */
bool pki_host_add(struct pki_hosts *hosts, const char *host);
/* The hosts that a certificate is for. */
void pki_hosts_of(const X509 *cert, struct pki_hosts *ret_hosts);

/* --- parts ------------------------------------------------------------------------------------------------------------- */

/* -1, with the words and those of OpenSSL or errno behind them. */
int pki_fail(struct pki *pki, const char *path, const char *words);
/* "FOLDER/name". 0 or -1. */
int pki_path(struct pki *pki, const char *name, char ret_path[PKI_PATH_MAX]);
/* Writes a file in one step: `put` writes the contents to a new file, which is made durable and takes the old one's place. */
int pki_write(struct pki *pki, const char *path, bool secret,
              int (*put)(BIO *out, const void *object), const void *object);
int pki_put_cert(BIO *out, const void *cert);
int pki_put_key(BIO *out, const void *key);
int pki_put_crl(BIO *out, const void *crl);

/* Builds a certificate for `key`, signed by the authority; for the authority itself while pki->cert is NULL. NULL with words in
 * pki->error. */
X509 *pki_build(struct pki *pki, const struct pki_request *request, EVP_PKEY *key);
/* Builds the list anew, with one more serial number if `serial` is not NULL. */
X509_CRL *pki_build_crl(struct pki *pki, const ASN1_INTEGER *serial);

#endif
