/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The undo record of the RRD tree. librrd updates a file in place, through a shared mapping, in many steps: the sums of the
 * unfinished rows, the pointer to each ring's newest row, that row, and last of all the time of the update. A program that
 * is killed in between leaves a file that says it has not got the minute while some of its rings have moved: when the
 * minute comes again, everything in those rings stands a row early for good. So what an update is going to change is
 * copied into the record before, the record is emptied after, and a record that is not empty at the next start is put back.
 * One file is updated at a time, so there is one record.
 *
 * The record is a shared mapping too, file .netmond.undo in the tree: no system call for it. What a killed program has
 * stored into a mapping stays in the kernel's page cache, in program order, so nothing is synced to the disk. When the
 * machine itself goes down, record and files are on the disk as of different moments, and the record must not be believed;
 * the caller knows (feed_state.h).
 *
 *   0  magic, 8 octets         "nmundo1\n"
 *   8  length u32, native      0: empty. Written last, cleared first
 *  16  checksum u64, native    XXH3 of the `length` octets that follow
 *  24  n u16, path             n octets, below the root, no NUL           } big endian
 *      offset u64, n u32, n octets of the file, as often as they fit      }
 *
 * Life cycle: rrd_undo_open() under the tree's lock, then rrd_undo_begin(), the update, rrd_undo_end() for each call of
 * librrd, rrd_undo_close(). One thread.
 */
#ifndef NETMON_COLLECTOR_RRDFILE_UNDO_H
#define NETMON_COLLECTOR_RRDFILE_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RRD_UNDO_NAME ".netmond.undo"
#define RRD_UNDO_SIZE \
	(128u         \
	 << 10) /* a file of the tree has 75 kB, all of which may change after a long silence */

struct rrd_undo;

/* Makes the record when it is missing. What is in it is put back if `believed`, else forgotten; *ret_undone tells whether
 * a file was put back. `root` is not copied and outlives the record. 0 with *ret_undo the caller's, or -errno with one line
 * in `err`. */
int rrd_undo_open(const char *root, bool believed, struct rrd_undo **ret_undo, bool *ret_undone,
                  char *err, size_t err_size);

/* Removes the record, between updates; NULL is fine. */
void rrd_undo_close(struct rrd_undo *undo);

/* Copies what updates of `path`, a file below the root, up to `end_s` are going to change. 0; NM_EFORMAT: it is no RRD or a
 * damaged one; NM_ELIMIT: there is no room, the file is not one of the tree; -errno, above all -ENOENT. */
int rrd_undo_begin(struct rrd_undo *undo, const char *path, uint32_t end_s);
/* The update is done, or was not begun. */
void rrd_undo_end(struct rrd_undo *undo);

#endif
