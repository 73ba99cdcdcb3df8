/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The handshake messages in a stream of TLS records (RFC 8446 section 5.1), which may split and join them as they like. No
 * state: any thread.
 */
#ifndef NETMON_MODULES_TLS_RECORDS_H
#define NETMON_MODULES_TLS_RECORDS_H

#include "modules/pieces.h"

/* Copies what the records at the beginning of a stream of at most PIECES_MAX octets hold, as far as they are of type handshake,
 * to `bytes`, which have to be PIECES_MAX. Sets *ret_open false when no more will come: a record of another type, or none. */
struct wire records_messages(struct wire stream, uint8_t *bytes, bool *ret_open);

#endif
