/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection, in plain TCP or in TLS 1.3, behind one pair of functions. The descriptor is non-blocking and stays the
 * caller's, who waits for it with poll() or select() for what stream_wants() says. Life cycle: stream_plain() or stream_tls(),
 * stream_handshake() until it is done, stream_read() and stream_write(), stream_free(), close(). One thread. The program ignores
 * SIGPIPE.
 */
#ifndef NETMON_LIB_STREAM_H
#define NETMON_LIB_STREAM_H

#include "lib/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stream;

#define STREAM_READ  1u
#define STREAM_WRITE 2u

/* NULL: out of memory. */
struct stream *stream_plain(int fd);
/* `tls` outlives the stream. On the connecting side `host` is the name or address that the other end's certificate has to
 * be for; NULL on the accepting side. NULL: out of memory. */
struct stream *stream_tls(struct tls *tls, int fd, const char *host);
/* Says goodbye where the socket takes it at once. NULL is fine. */
void stream_free(struct stream *stream);

/* 0: done (a plain stream at once); -EAGAIN: call again when the descriptor is ready; NM_EFORMAT: no TLS, or the other end
 * is not who it must be: stream_error() says why. */
int stream_handshake(struct stream *stream);

/* Octets read or written, at least 1; 0 at the end of stream_read(): the other end closed in order; -EAGAIN; another negative
 * code: the connection is of no more use. A write that was answered with -EAGAIN is repeated with the same bytes. */
ssize_t stream_read(struct stream *stream, void *bytes, size_t size);
ssize_t stream_write(struct stream *stream, const void *bytes, size_t len);

/* STREAM_* that the last -EAGAIN of either direction waits for. STREAM_WRITE without anything to be written: TLS has to write
 * in order to read; call stream_read() again then. 0: none yet. */
unsigned stream_wants(const struct stream *stream);
/* Whether stream_read() may give more without the descriptor getting ready, because it filled all of `size`. */
bool stream_pending(const struct stream *stream);

bool stream_is_tls(const struct stream *stream);
/* The name in the other end's certificate: its subject's common name, or without one the first DNS name; printable ASCII. Empty
 * for a plain stream, and for a certificate with no such name. Lives as long as the stream. */
const char *stream_peer(const struct stream *stream);
/* Whether the other end's certificate is refused now: revoked since, or expired; stream_error() says which. False for a plain
 * stream. Cheap while neither files changed nor time ran out. */
bool stream_is_revoked(struct stream *stream);
/* When the other end's certificate runs out, seconds UTC; INT64_MAX for a plain stream. */
int64_t stream_peer_end(const struct stream *stream);
/* Words for the last failure; never NULL. */
const char *stream_error(const struct stream *stream);

#endif
