/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lib/tls.c and lib/stream.c share, and nobody else sees: OpenSSL's side of a struct tls.
 */
#ifndef NETMON_LIB_TLS_INNER_H
#define NETMON_LIB_TLS_INNER_H

#include "lib/tls.h"

#include <openssl/ssl.h>
#include <stdint.h>
#include <sys/stat.h>

enum tls_file { TLS_CERT, TLS_KEY, TLS_CA, TLS_CRL, TLS_FILES };

/* What a file was when it was read, to see that it changed. */
struct tls_seen {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

struct tls {
	bool server;
	SSL_CTX *
	    ctx; /* replaced as a whole when a file changed; connections hold the one that they began with */
	unsigned generation;    /* of ctx */
	char *paths[TLS_FILES]; /* NULL: none */
	struct tls_seen seen[TLS_FILES];
	struct tls_seen
	    failed[TLS_FILES]; /* what tls_reload() could not take: tried again when it changes */
};

/* Reads all files into a new context and notes in ret_seen what they were. 0, or a negative code with one line in `err`. */
int tls_load(const struct tls *tls, SSL_CTX **ret_ctx, struct tls_seen *ret_seen, char *err,
             size_t err_size);

/* Makes sure that OpenSSL is ready, without the system's openssl.cnf: what is allowed is said here alone. */
void tls_library(void);

/* A word for the newest error of OpenSSL in this thread, "" for none; never NULL. */
const char *tls_reason(void);

#endif
