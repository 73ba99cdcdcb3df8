/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a program needs for TLS 1.3 with certificates on both sides (RFC 8446): its own certificate and key, the authority
 * that the other side's has to come from, and the list of those that were revoked (RFC 5280 section 5). Through OpenSSL. One thread.
 */
#ifndef NETMON_LIB_TLS_H
#define NETMON_LIB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PEM files; not copied but by tls_new(). */
struct tls_files {
	const char *cert; /* own certificate, and those between it and the authority */
	const char *key;  /* its key; nobody but its owner and group may read it */
	const char *ca;   /* the authority */
	const char *crl;  /* revoked certificates, or NULL */
};

struct tls;

/* Reads all files. 0, or a negative code with one line in `err` that names the file, what is wrong with it and what to do. */
int tls_new(const struct tls_files *files, bool server, struct tls **ret_tls, char *err,
            size_t err_size);
/* NULL is fine. After its streams. */
void tls_free(struct tls *tls);

/* Reads files again that have changed, for connections to come and for stream_is_revoked(). What cannot be read leaves the
 * old contents. 1: something changed; 0; or a negative code with one line in `err`. Cheap when nothing changed: a stat() for each file. */
int tls_reload(struct tls *tls, char *err, size_t err_size);

/* A certificate that expires within so many days is to be spoken of: nobody looks at one until nothing works any more. */
#define TLS_WARN_DAYS 30
/* When the own certificate runs out, seconds UTC. */
int64_t tls_end(const struct tls *tls);

#endif
