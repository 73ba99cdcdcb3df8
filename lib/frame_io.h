/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shared by frame.c and frame_batch.c only: the frame header around what is written. Any thread.
 */
#ifndef NETMON_LIB_FRAME_IO_H
#define NETMON_LIB_FRAME_IO_H

#include "lib/frame.h"
#include "lib/wireout.h"

#include <netmon/wire.h>

/* Puts a header whose length is filled by frame_end(); returns its offset. */
size_t frame_begin(struct wireout *w, enum frame_type type);

/* Fills the length of the frame that began at `at`, and *ret_len (unless NULL) with all that was written. 0, or
 * NM_ELIMIT when it did not fit or is above FRAME_MAX. */
int frame_end(struct wireout *w, size_t at, size_t *ret_len);

#endif
