/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frames of Initial packets (RFC 9000 section 12.4): which there may be, and what CRYPTO frames bring of the client's hello.
 * No state: any thread.
 */
#ifndef NETMON_MODULES_QUIC_FRAMES_H
#define NETMON_MODULES_QUIC_FRAMES_H

#include "modules/pieces.h"

/* Reads the frames of an Initial packet and adds those that are CRYPTO. False for what no Initial packet may hold. `cut`: the
 * last frame may go on where the capture ended. */
bool frames_read(struct wire w, bool cut, struct piece *piece);
/* The same for Google's frames, of which padding, pings and CRYPTO are known: what comes behind another one is not read. */
void frames_read_google(struct wire w, struct piece *piece);

#endif
