/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and lists, built and signed. */
#include "cron/admin/pki.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SERIAL_BITS 127  /* random; the highest bit stays 0, RFC 5280 section 4.1.2.2 */
#define EARLY_S     3600 /* certificates count from an hour ago, for clocks that are behind */
#define CRL_DAYS    3652 /* 10 years */

/* --- hosts ------------------------------------------------------------------------------------------------------------- */

static bool
is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool
pki_host_add(struct pki_hosts *hosts, const char *host)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t len = strlen(host);

	if (!is_address(host) && (len == 0 || len >= PKI_HOST_MAX || strspn(host, allowed) != len ||
	                          host[0] == '-' || host[0] == '.'))
		return false;
	for (size_t i = 0; i < hosts->n; i++)
		if (strcasecmp(hosts->v[i], host) == 0)
			return true;
	if (hosts->n == PKI_HOSTS_MAX)
		return false;
	memcpy(hosts->v[hosts->n++], host, len + 1);
	return true;
}

static void
add_general(struct pki_hosts *hosts, const GENERAL_NAME *name)
{
	char text[PKI_HOST_MAX] = "";
	const ASN1_STRING *s = name->type == GEN_IPADD ? name->d.iPAddress : name->d.dNSName;
	int len = name->type == GEN_IPADD || name->type == GEN_DNS ? ASN1_STRING_length(s) : 0;

	if (name->type == GEN_IPADD && (len == 4 || len == 16))
		(void)inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), text,
		                sizeof(text));
	else if (name->type == GEN_DNS && len > 0 && len < PKI_HOST_MAX)
		memcpy(text, ASN1_STRING_get0_data(s), (size_t)len);
	(void)pki_host_add(hosts, text);
}

void
pki_hosts_of(const X509 *cert, struct pki_hosts *ret_hosts)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	ret_hosts->n = 0;
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++)
		add_general(ret_hosts, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
}

static bool
push_host(GENERAL_NAMES *names, const char *host)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = NULL;

	if (!name)
		return false;
	if (is_address(host)) {
		ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);

		if (address)
			GENERAL_NAME_set0_value(name, GEN_IPADD, address);
	} else if ((text = ASN1_IA5STRING_new()) != NULL &&
	           ASN1_STRING_set(text, host, (int)strlen(host)) == 1) {
		GENERAL_NAME_set0_value(name, GEN_DNS, text);
	}
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool
add_hosts(X509 *cert, const struct pki_hosts *hosts)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool good = names != NULL;

	for (size_t i = 0; i < hosts->n && good; i++)
		good = push_host(names, hosts->v[i]);
	if (good)
		good = X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
	GENERAL_NAMES_free(names);
	return good;
}

/* --- certificates ------------------------------------------------------------------------------------------------------ */

static bool
set_serial(X509 *cert)
{
	BIGNUM *number = BN_new();
	bool good = number &&
	            BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
	            !BN_is_zero(number) && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));

	BN_free(number);
	return good;
}

static bool
set_names(const struct pki *pki, X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
	                                  -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, pki->cert ? X509_get_subject_name(pki->cert) : subject) ==
	           1;
}

static bool
add_extension(const struct pki *pki, X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, pki->cert ? pki->cert : cert, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool good = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return good;
}

/* What each kind of certificate says of itself. */
static bool
add_extensions(const struct pki *pki, X509 *cert, const struct pki_request *request)
{
	bool authority = !pki->cert;
	bool good = add_extension(pki, cert, NID_basic_constraints,
	                          authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
	            add_extension(pki, cert, NID_key_usage,
	                          authority ? "critical,keyCertSign,cRLSign"
	                                    : "critical,digitalSignature") &&
	            add_extension(pki, cert, NID_subject_key_identifier, "hash") &&
	            add_extension(pki, cert, NID_authority_key_identifier, "keyid:always");

	if (good && !authority)
		good = add_extension(pki, cert, NID_ext_key_usage,
		                     request->hosts ? "serverAuth" : "clientAuth");
	if (good && request->hosts)
		good = add_hosts(cert, request->hosts);
	return good;
}

X509 *
pki_build(struct pki *pki, const struct pki_request *request, EVP_PKEY *key)
{
	X509 *cert = X509_new();

	errno = 0;
	if (cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -EARLY_S) &&
	    X509_time_adj_ex(X509_getm_notAfter(cert), (int)request->days, 0, NULL) &&
	    X509_set_pubkey(cert, key) == 1 && set_names(pki, cert, request->name) &&
	    add_extensions(pki, cert, request) &&
	    X509_sign(cert, pki->cert ? pki->key : key, EVP_sha256()) > 0)
		return cert;
	(void)pki_fail(pki, request->name, "no certificate can be made");
	X509_free(cert);
	return NULL;
}

/* --- list -------------------------------------------------------------------------------------------------------------- */

static bool
copy_revoked(const struct pki *pki, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *old = pki->crl ? X509_CRL_get_REVOKED(pki->crl) : NULL;

	for (int i = 0; old && i < sk_X509_REVOKED_num(old); i++) {
		X509_REVOKED *copy = X509_REVOKED_dup(sk_X509_REVOKED_value(old, i));

		if (!copy || X509_CRL_add0_revoked(crl, copy) != 1) {
			X509_REVOKED_free(copy);
			return false;
		}
	}
	return true;
}

static bool
add_revoked(X509_CRL *crl, const ASN1_INTEGER *serial, ASN1_TIME *now)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *copy = revoked ? ASN1_INTEGER_dup(serial) : NULL;
	bool good = copy && X509_REVOKED_set_serialNumber(revoked, copy) == 1 &&
	            X509_REVOKED_set_revocationDate(revoked, now) == 1 &&
	            X509_CRL_add0_revoked(crl, revoked) == 1;

	ASN1_INTEGER_free(copy);
	if (!good)
		X509_REVOKED_free(revoked);
	return good;
}

/* Lists are told apart by a number that rises, RFC 5280 section 5.2.3: the time does. */
static bool
add_number(X509_CRL *crl)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool good = number && ASN1_INTEGER_set_int64(number, (int64_t)time(NULL)) == 1 &&
	            X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;

	ASN1_INTEGER_free(number);
	return good;
}

X509_CRL *
pki_build_crl(struct pki *pki, const ASN1_INTEGER *serial)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	ASN1_TIME *begin = X509_gmtime_adj(NULL, -EARLY_S);
	ASN1_TIME *end = X509_time_adj_ex(NULL, CRL_DAYS, 0, NULL);
	bool good = crl && now && begin && end &&
	            X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	            X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki->cert)) == 1 &&
	            X509_CRL_set1_lastUpdate(crl, begin) == 1 &&
	            X509_CRL_set1_nextUpdate(crl, end) == 1 && add_number(crl) &&
	            copy_revoked(pki, crl) && (!serial || add_revoked(crl, serial, now)) &&
	            X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, pki->key, EVP_sha256()) > 0;

	ASN1_TIME_free(now);
	ASN1_TIME_free(begin);
	ASN1_TIME_free(end);
	if (good)
		return crl;
	errno = 0;
	(void)pki_fail(pki, pki->folder, "no list of revoked certificates can be made");
	X509_CRL_free(crl);
	return NULL;
}
