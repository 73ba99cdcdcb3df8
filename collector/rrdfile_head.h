/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an RRD file says of itself: where its parts lie, how far it is written. librrd answers neither without opening the
 * file for itself, and updates it in place (rrdfile_undo.h). The format is rrd_format.h's: native byte order and sizes,
 *
 *   stat_head, ds_def[n_ds], rra_def[n_rras]                   never change
 *   live_head, pdp_prep[n_ds], cdp_prep[n_ds * n_rras],
 *   rra_ptr[n_rras]                                            change with every update
 *   rows of each RRA, n_ds doubles a row                       an update writes the rows behind the current one
 *
 * One thread or many: no state.
 */
#ifndef NETMON_COLLECTOR_RRDFILE_HEAD_H
#define NETMON_COLLECTOR_RRDFILE_HEAD_H

#include <stddef.h>
#include <stdint.h>

#define RRD_HEAD_MAX \
	5120 /* octets before the rows; a file of the tree has 4,928, and copying is what reading costs */
#define RRD_HEAD_RRAS_MAX 64

struct rrd_head_rra {
	uint64_t offset;  /* of its first row in the file, octets */
	uint64_t n_rows;  /* in the ring */
	uint64_t steps;   /* of the file's step in a row */
	uint64_t cur_row; /* the newest, below n_rows */
};

struct rrd_head {
	uint32_t last_s; /* time of the last update, seconds UTC */
	uint32_t step_s;
	size_t row_size;      /* octets */
	uint64_t live_offset; /* of the part that changes; it ends at rows_offset */
	uint64_t rows_offset;
	size_t n_rras;
	struct rrd_head_rra rras[RRD_HEAD_RRAS_MAX];
};

/* Reads the first `len` octets of a file of `file_len`. 0, or NM_EFORMAT: it is no RRD, one that this program does not
 * make, or too short for what it says of itself. */
int rrd_head_parse(const uint8_t *bytes, size_t len, uint64_t file_len, struct rrd_head *ret_head);

/* The same of an open file, whose position stays; its first octets, as many as it has, go into ret_bytes. Also -errno. */
int rrd_head_read(int fd, uint8_t ret_bytes[RRD_HEAD_MAX], struct rrd_head *ret_head);

#endif
