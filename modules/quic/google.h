/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Google's QUIC, from before the IETF's ("QUIC Wire Layout Specification" and "QUIC Crypto", Google, 2013 to 2020): the public
 * header of versions up to Q043, and the client's hello (CHLO) of all versions with Google's cryptography. No state: any
 * thread. All that is read lies within the caller's bytes.
 */
#ifndef NETMON_MODULES_QUIC_GOOGLE_H
#define NETMON_MODULES_QUIC_GOOGLE_H

#include <netmon/wire.h>

/* What precedes the frames of a packet whose key everybody has, or that has none: a hash of the rest. */
#define GOOGLE_HASH 12

/* A client's packet with a version (public flags, eight octets of connection id, "Q0nn", packet number); moves behind all of
 * it. False for what is none. */
bool google_read_header(struct wire *w);

/* Finds the CHLO in the frames of a client's packet, or in its bytes alone, and in it the server's name: hostile text, empty
 * for none. False when there is no CHLO. */
bool google_read_hello(struct wire frames, struct wire *ret_name);

#endif
