/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A spool in a folder of its own, filled with batches that say by themselves what is in them, and read back with a check of each.
 * For cmocka tests: what is wrong fails the test. Life cycle: spool_fill_setup() and spool_fill_teardown() around each test.
 */
#ifndef NETMON_TESTS_SUPPORT_SPOOL_FILL_H
#define NETMON_TESTS_SUPPORT_SPOOL_FILL_H

#include "probe/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILL_RECORDS     40  /* that a batch says it has */
#define FILL_BATCHES_MAX 600 /* in a test */
#define FILL_SIZE_MAX    (UINT64_C(64) << 20)

struct spool_file {
	uint64_t name;
	size_t len;
	uint8_t *bytes; /* malloc */
};

int spool_fill_setup(void **state);
int spool_fill_teardown(void **state);

/* The path of a file in the folder; NULL: the folder's. `ret` has 128 octets. */
void spool_fill_path(const char *name, char *ret);
void spool_fill_segment_path(uint64_t name, char *ret);

/* As spool_open(). */
int spool_fill_try(const char *probe, uint64_t size_max, bool drops_oldest, struct spool **ret);
/* Opens and begins. */
struct spool *spool_fill_open(void);
/* Ends it as a kill does: what it would write at its end is not written. */
void spool_fill_kill(struct spool *s);

/* Writes `n` more batches, three in each group, each of `records` records (40 or less). What spool_write() said last. */
int spool_fill_write(struct spool *s, unsigned n, size_t records);
/* `n` more batches as one group, not written yet. */
struct spool_out *spool_fill_make(const struct spool *s, unsigned n);
/* One that was made, by its sequence; NULL: none was. */
struct spool_out *spool_fill_batch(uint64_t sequence);
/* Reads all there is behind `from` and checks it; the last sequence. *ret_lost gets how many batches were declared. */
uint64_t spool_fill_read(struct spool *s, uint64_t from, uint64_t *ret_lost);

/* Reads all segments, at most `max`, by name; their number. */
size_t spool_fill_files(struct spool_file *ret_files, size_t max);
void spool_fill_put_file(uint64_t name, const uint8_t *bytes, size_t len);
/* The sum of what all files of the folder take on the disk, in octets. */
uint64_t spool_fill_usage(void);

#endif
