/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A side of TLS: its files, read and read again. */
#include "lib/tls.h"

#include "lib/err.h"
#include "lib/tls_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int
copy_paths(struct tls *tls, const struct tls_files *files)
{
	const char *const given[TLS_FILES] = {
		[TLS_CERT] = files->cert,
		[TLS_KEY] = files->key,
		[TLS_CA] = files->ca,
		[TLS_CRL] = files->crl,
	};

	for (int i = 0; i < TLS_FILES; i++) {
		if (!given[i])
			continue;
		tls->paths[i] = strdup(given[i]);
		if (!tls->paths[i])
			return -ENOMEM;
	}
	return NM_OK;
}

int
tls_new(const struct tls_files *files, bool server, struct tls **ret_tls, char *err,
        size_t err_size)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int rc = tls ? copy_paths(tls, files) : -ENOMEM;

	if (rc < 0) {
		(void)snprintf(err, err_size, "out of memory");
	} else {
		tls->server = server;
		rc = tls_load(tls, &tls->ctx, tls->seen, err, err_size);
	}
	if (rc < 0) {
		tls_free(tls);
		return rc;
	}
	*ret_tls = tls;
	return NM_OK;
}

void
tls_free(struct tls *tls)
{
	if (!tls)
		return;
	for (int i = 0; i < TLS_FILES; i++)
		free(tls->paths[i]);
	SSL_CTX_free(tls->ctx);
	free(tls);
}

int64_t
tls_end(const struct tls *tls)
{
	const X509 *cert = SSL_CTX_get0_certificate(tls->ctx);
	struct tm end;

	if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
		return INT64_MAX;
	return (int64_t)timegm(&end);
}

/* --- reading again --------------------------------------------------------------------------------------------------- */

static bool
same(const struct tls_seen *a, const struct tls_seen *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec;
}

/* What the files are now; one that is not there is all zeros, one in a folder that is closed to us is as it was. */
static void
look(const struct tls *tls, struct tls_seen *ret_now)
{
	struct stat st;

	for (int i = 0; i < TLS_FILES; i++) {
		ret_now[i] = (struct tls_seen){ 0 };
		if (tls->paths[i] && stat(tls->paths[i], &st) == 0)
			ret_now[i] =
			    (struct tls_seen){ st.st_dev, st.st_ino, st.st_size, st.st_mtim };
	}
}

static bool
all_same(const struct tls_seen *a, const struct tls_seen *b)
{
	for (int i = 0; i < TLS_FILES; i++)
		if (!same(&a[i], &b[i]))
			return false;
	return true;
}

int
tls_reload(struct tls *tls, char *err, size_t err_size)
{
	struct tls_seen now[TLS_FILES], read[TLS_FILES] = { { 0 } };
	SSL_CTX *ctx;

	look(tls, now);
	if (all_same(now, tls->seen) || all_same(now, tls->failed))
		return 0;
	int rc = tls_load(tls, &ctx, read, err, err_size);
	if (rc < 0) {
		memcpy(tls->failed, now, sizeof(now));
		return rc;
	}
	SSL_CTX_free(tls->ctx); /* connections hold it on */
	tls->ctx = ctx;
	tls->generation++;
	memcpy(tls->seen, read, sizeof(read));
	memset(tls->failed, 0, sizeof(tls->failed));
	return 1;
}
