/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The collector's own authority. */
#include "cron/admin/pki.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CA_DAYS 7305 /* 20 years */
#define CURVE   "P-256"

bool
pki_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= PKI_NAME_MAX && name[0] != '.' && name[0] != '-' &&
	       strspn(name, PKI_NAME_CHARS) == len;
}

/* --- opening ----------------------------------------------------------------------------------------------------------- */

static int
make_folder(struct pki *pki, const char *path)
{
	if (mkdir(path, 0755) == 0)
		return chmod(path, 0755) == 0 ? 0 : pki_fail(pki, path, "chmod");
	return errno == EEXIST ? 0 : pki_fail(pki, path, "cannot be made");
}

static int
take_lock(struct pki *pki, bool create)
{
	char path[PKI_PATH_MAX];

	if (pki_path(pki, ".lock", path) < 0)
		return -1;
	errno = 0;
	pki->lock = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
	if (pki->lock < 0 && errno == ENOENT) {
		(void)snprintf(pki->error, sizeof(pki->error),
		               "%s: there is no authority yet: netmon probe add NAME makes it",
		               pki->folder);
		return -1;
	}
	if (pki->lock < 0 || flock(pki->lock, LOCK_EX) < 0)
		return pki_fail(pki, path, "cannot be locked");
	return 0;
}

/* An authority's name tells it from that of another machine. */
static int
make_authority(struct pki *pki, const char *cert_path, const char *key_path)
{
	char host[64] = "", name[PKI_NAME_MAX + 1];

	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(name, sizeof(name), "netmon CA %.50s", host);
	const struct pki_request request = { .name = name, .days = CA_DAYS };
	EVP_PKEY *key = EVP_EC_gen(CURVE);
	X509 *cert = key ? pki_build(pki, &request, key) : NULL;
	int rc = cert ? pki_write(pki, key_path, true, pki_put_key, key) : -1;
	if (rc == 0)
		rc = pki_write(pki, cert_path, false, pki_put_cert, cert);
	EVP_PKEY_free(key);
	X509_free(cert);
	return rc;
}

static int
read_authority(struct pki *pki, const char *cert_path, const char *key_path)
{
	errno = 0;
	FILE *in = fopen(key_path, "re");
	pki->key = in ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;
	if (in)
		(void)fclose(in);
	if (!pki->key)
		return pki_fail(pki, key_path, "cannot be read");
	in = fopen(cert_path, "re");
	pki->cert = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
	if (in)
		(void)fclose(in);
	if (!pki->cert)
		return pki_fail(pki, cert_path, "cannot be read");
	return X509_check_private_key(pki->cert, pki->key) == 1
	           ? 0
	           : pki_fail(pki, key_path, "does not belong to ca.pem");
}

static int
replace_crl(struct pki *pki, const ASN1_INTEGER *serial)
{
	char path[PKI_PATH_MAX];
	X509_CRL *crl = pki_build_crl(pki, serial);

	if (!crl || pki_path(pki, "crl.pem", path) < 0 ||
	    pki_write(pki, path, false, pki_put_crl, crl) < 0) {
		X509_CRL_free(crl);
		return -1;
	}
	X509_CRL_free(pki->crl);
	pki->crl = crl;
	return 0;
}

/* A list that is not there is made only with the authority: in the place of a lost one an empty one would let the revoked in
 * again. */
static int
read_crl(struct pki *pki)
{
	char path[PKI_PATH_MAX];

	if (pki_path(pki, "crl.pem", path) < 0)
		return -1;
	errno = 0;
	FILE *in = fopen(path, "re");
	pki->crl = in ? PEM_read_X509_CRL(in, NULL, NULL, NULL) : NULL;
	if (in)
		(void)fclose(in);
	return pki->crl ? 0 : pki_fail(pki, path, "cannot be read");
}

int
pki_open(struct pki *pki, const char *folder, bool create)
{
	char cert[PKI_PATH_MAX], key[PKI_PATH_MAX], issued[PKI_PATH_MAX];

	memset(pki, 0, sizeof(*pki));
	pki->lock = -1;
	int n = snprintf(pki->folder, sizeof(pki->folder), "%s", folder);
	errno = ENAMETOOLONG;
	if (n < 0 || n >= (int)sizeof(pki->folder))
		return pki_fail(pki, "the folder of the authority", "its name");
	if (pki_path(pki, "ca.pem", cert) < 0 || pki_path(pki, "ca.key", key) < 0 ||
	    pki_path(pki, "issued", issued) < 0)
		return -1;
	if (create && make_folder(pki, pki->folder) < 0)
		return -1;
	/* as others will have to name it */
	char *whole = realpath(folder, NULL);
	if (whole && strlen(whole) < sizeof(pki->folder))
		memcpy(pki->folder, whole, strlen(whole) + 1);
	free(whole);
	if (take_lock(pki, create) < 0 || (create && make_folder(pki, issued) < 0))
		return -1;
	/* the certificate is written last: without it there is no authority yet */
	bool fresh = create && access(cert, F_OK) < 0;
	if (fresh && make_authority(pki, cert, key) < 0)
		return -1;
	if (read_authority(pki, cert, key) < 0)
		return -1;
	return fresh ? replace_crl(pki, NULL) : read_crl(pki);
}

void
pki_close(struct pki *pki)
{
	EVP_PKEY_free(pki->key);
	X509_free(pki->cert);
	X509_CRL_free(pki->crl);
	if (pki->lock >= 0)
		(void)close(pki->lock);
	pki->lock = -1;
	pki->key = NULL;
	pki->cert = NULL;
	pki->crl = NULL;
}

/* --- issuing ----------------------------------------------------------------------------------------------------------- */

static void
format_serial(const X509 *cert, char ret_serial[PKI_SERIAL_MAX])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *text = number ? BN_bn2hex(number) : NULL;

	(void)snprintf(ret_serial, PKI_SERIAL_MAX, "%s", text ? text : "");
	OPENSSL_free(text);
	BN_free(number);
}

/* Known before it is given away: what is not known cannot be revoked. */
static int
note_issued(struct pki *pki, const X509 *cert)
{
	char serial[PKI_SERIAL_MAX], name[PKI_SERIAL_MAX + 16], path[PKI_PATH_MAX];

	format_serial(cert, serial);
	(void)snprintf(name, sizeof(name), "issued/%s.pem", serial);
	if (pki_path(pki, name, path) < 0)
		return -1;
	return pki_write(pki, path, false, pki_put_cert, cert);
}

int
pki_issue(struct pki *pki, const struct pki_request *request)
{
	EVP_PKEY *key = EVP_EC_gen(CURVE);
	X509 *cert = key ? pki_build(pki, request, key) : NULL;
	int rc = cert ? note_issued(pki, cert) : -1;

	if (rc == 0)
		rc = pki_write(pki, request->key_path, true, pki_put_key, key);
	if (rc == 0)
		rc = pki_write(pki, request->cert_path, false, pki_put_cert, cert);
	EVP_PKEY_free(key);
	X509_free(cert);
	return rc;
}

/* --- what was issued --------------------------------------------------------------------------------------------------- */

static bool
describe(const struct pki *pki, X509 *cert, struct pki_entry *ret_entry)
{
	X509_REVOKED *revoked;
	struct tm end;
	/* OpenSSL says the size that it needs when the name is longer */
	int len = X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName,
	                                    ret_entry->name, sizeof(ret_entry->name));

	if (len < 1 || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
		return false;
	format_serial(cert, ret_entry->serial);
	ret_entry->cert = cert;
	ret_entry->not_after = timegm(&end);
	ret_entry->revoked =
	    X509_CRL_get0_by_serial(pki->crl, &revoked, X509_get_serialNumber(cert)) == 1;
	ret_entry->collector = (X509_get_extended_key_usage(cert) & XKU_SSL_SERVER) != 0;
	return true;
}

static int
visit(struct pki *pki, const char *file, int (*each)(void *ctx, const struct pki_entry *entry),
      void *ctx)
{
	char name[NAME_MAX + 16], path[PKI_PATH_MAX];
	struct pki_entry entry;
	int rc = 0;

	(void)snprintf(name, sizeof(name), "issued/%s", file);
	if (pki_path(pki, name, path) < 0)
		return -1;
	errno = 0;
	FILE *in = fopen(path, "re");
	X509 *cert = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
	if (in)
		(void)fclose(in);
	if (!cert)
		return pki_fail(pki, path, "cannot be read");
	if (describe(pki, cert, &entry))
		rc = each(ctx, &entry);
	X509_free(cert);
	return rc;
}

int
pki_each(struct pki *pki, int (*each)(void *ctx, const struct pki_entry *entry), void *ctx)
{
	char folder[PKI_PATH_MAX];
	const struct dirent *e;
	int rc = 0;

	if (pki_path(pki, "issued", folder) < 0)
		return -1;
	DIR *dir = opendir(folder);
	if (!dir)
		return pki_fail(pki, folder, "cannot be read");
	while (rc == 0 && (e = readdir(dir)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len > 4 && strcmp(e->d_name + len - 4, ".pem") == 0)
			rc = visit(pki, e->d_name, each, ctx);
	}
	(void)closedir(dir);
	return rc;
}

struct revoking {
	struct pki *pki;
	const char *name;
	size_t n;
};

static int
revoke_one(void *ctx, const struct pki_entry *entry)
{
	struct revoking *r = ctx;

	if (entry->revoked || entry->collector != !r->name ||
	    (r->name && strcmp(entry->name, r->name) != 0))
		return 0;
	r->n++;
	return replace_crl(r->pki, X509_get0_serialNumber(entry->cert));
}

int
pki_revoke(struct pki *pki, const char *name, size_t *ret_n)
{
	struct revoking r = { pki, name, 0 };
	int rc = pki_each(pki, revoke_one, &r);

	if (rc == 0)
		*ret_n = r.n;
	return rc;
}
