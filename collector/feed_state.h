/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The RRD tree's watermark: file .netmond in its root, one line "written SECONDS": every minute that began before is in the
 * files. And a lock, so that two collectors never write one tree. One thread.
 */
#ifndef NETMON_COLLECTOR_FEED_STATE_H
#define NETMON_COLLECTOR_FEED_STATE_H

#include <stddef.h>
#include <stdint.h>

/* Makes the folder when it is missing and takes the lock: *ret_lock_fd is the caller's, to be closed last. *ret_written is
 * 0 for a new tree. 0, or a negative code with one line in `err`. */
int feed_state_open(const char *root, int *ret_lock_fd, uint32_t *ret_written, char *err,
                    size_t err_size);

/* Replaces the watermark in one step. 0 or -errno. */
int feed_state_save(const char *root, uint32_t written);

#endif
