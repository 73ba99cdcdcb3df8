/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filling a spool and reading it back, for tests. */
#include "tests/support/spool_fill.h"

#include "lib/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static struct record records[BATCH_RECORDS_MAX];
static struct ledger_delta ledger[BATCH_LEDGER_MAX];
static struct spool_out *put[FILL_BATCHES_MAX + 2]; /* by sequence */
static struct checkpoint sums;

int
spool_fill_setup(void **state)
{
	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	log_set_level((enum log_level) - 1);
	(void)snprintf(folder, sizeof(folder), "/tmp/netmon-spool-XXXXXX");
	memset(&sums, 0, sizeof(sums));
	return mkdtemp(folder) ? 0 : -1;
}

void
spool_fill_path(const char *name, char *ret)
{
	(void)snprintf(ret, 128, "%s%s%s", folder, name ? "/" : "", name ? name : "");
}

void
spool_fill_segment_path(uint64_t name, char *ret)
{
	(void)snprintf(ret, 128, "%s/%016" PRIx64 ".seg", folder, name);
}

/* Calls `each` for the path of all that is in the folder. */
static void
for_files(void (*each)(const char *path, void *ctx), void *ctx)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		each(path, ctx);
	}
	if (dir)
		(void)closedir(dir);
}

static void
remove_file(const char *path, void *ctx)
{
	(void)ctx;
	(void)unlink(path);
}

int
spool_fill_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < FILL_BATCHES_MAX + 2; i++) {
		free(put[i]);
		put[i] = NULL;
	}
	for_files(remove_file, NULL);
	return rmdir(folder);
}

static void
add_usage(const char *path, void *ctx)
{
	struct stat st;

	if (stat(path, &st) == 0)
		*(uint64_t *)ctx += (uint64_t)st.st_blocks * 512;
}

uint64_t
spool_fill_usage(void)
{
	uint64_t sum = 0;

	for_files(add_usage, &sum);
	return sum;
}

/* --- opening ----------------------------------------------------------------------------------------------------------- */

int
spool_fill_try(const char *probe, uint64_t size_max, bool drops_oldest, struct spool **ret)
{
	const struct spool_config config = { folder, probe, size_max, drops_oldest };

	return spool_open(&config, ret);
}

struct spool *
spool_fill_open(void)
{
	struct spool *s;

	assert_int_equal(spool_fill_try("p", FILL_SIZE_MAX, false, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	return s;
}

void
spool_fill_kill(struct spool *s)
{
	static uint8_t bytes[SPOOL_META_MAX];
	char path[128];

	spool_fill_path("meta", path);
	int fd = open(path, O_RDONLY);
	ssize_t len = read(fd, bytes, sizeof(bytes));
	(void)close(fd);
	assert_true(len > 0);
	spool_close(s, false);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, bytes, (size_t)len), len);
	(void)close(fd);
}

/* --- writing ----------------------------------------------------------------------------------------------------------- */

/* The batch behind what the spool has, of its own contents. */
static struct spool_out *
make(const struct spool *s, uint64_t sequence, uint32_t previous, size_t n)
{
	static uint8_t frame[1 << 16], head[SPOOL_HEAD_MAX];
	struct ledger_delta rows[2] = {
		{ 60, 0, LEDGER_EXPORTED, FILL_RECORDS * sequence, FILL_RECORDS * 100 },
		{ 60, 0, LEDGER_SEEN, 3, 300 },
	};
	struct batch b = { .epoch = spool_meta(s)->epoch,
		           .sequence = sequence,
		           .first = sequence,
		           .previous = previous,
		           .n_records = n,
		           .records = records,
		           .n_ledger = 2,
		           .ledger = rows };
	size_t len;

	for (unsigned i = 0; i < FILL_RECORDS; i++) {
		records[i] = (struct record){ .packets = (uint16_t)sequence,
			                      .octets = 100,
			                      .protocol = 6,
			                      .sport = (uint16_t)i };
		assert_int_equal(addr_parse("10.0.0.1", &records[i].saddr), 0);
		assert_int_equal(addr_parse("10.0.0.2", &records[i].daddr), 0);
	}
	assert_int_equal(frame_encode_batch(&b, frame, sizeof(frame), &len), 0);
	struct spool_entry e = { .kind = SPOOL_BATCH,
		                 .frame = len,
		                 .epoch = b.epoch,
		                 .first = sequence,
		                 .last = sequence,
		                 .previous = previous,
		                 .chain = frame_batch_crc(frame) };
	checkpoint_add(&sums, &b, 1);
	size_t head_len = spool_head_encode(&e, &sums, head);
	struct spool_out *out = calloc(1, sizeof(*out) + head_len + len);
	assert_non_null(out);
	out->sequence = sequence;
	out->chain = e.chain;
	out->head = head_len;
	out->len = head_len + len;
	memcpy(out->bytes, head, head_len);
	memcpy(out->bytes + head_len, frame, len);
	return out;
}

int
spool_fill_write(struct spool *s, unsigned n, size_t n_records)
{
	uint64_t at = spool_tail(s)->sequence, durable = at;
	int rc = 0;

	for (unsigned i = 1; i <= n && rc == 0; i++) {
		assert_true(at + i <= FILL_BATCHES_MAX + 1);
		put[at + i] = make(
		    s, at + i, i == 1 ? spool_tail(s)->chain : put[at + i - 1]->chain, n_records);
		if (i % 3 == 1) {
			durable = at + i;
		} else {
			put[at + i - 1]->next = put[at + i];
		}
		if (i % 3 == 0 || i == n) {
			struct spool_out *list = put[durable];
			rc = spool_write(s, list, &durable);
		}
	}
	return rc;
}

struct spool_out *
spool_fill_make(const struct spool *s, unsigned n)
{
	uint64_t at = spool_tail(s)->sequence;
	uint32_t chain = spool_tail(s)->chain;

	for (unsigned i = 1; i <= n; i++) {
		assert_true(at + i <= FILL_BATCHES_MAX + 1);
		put[at + i] = make(s, at + i, chain, FILL_RECORDS);
		chain = put[at + i]->chain;
		if (i > 1)
			put[at + i - 1]->next = put[at + i];
	}
	return put[at + 1];
}

struct spool_out *
spool_fill_batch(uint64_t sequence)
{
	return put[sequence];
}

/* --- reading ----------------------------------------------------------------------------------------------------------- */

static uint64_t
rows_of(const struct batch *b, enum ledger_cause cause)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < b->n_ledger; i++)
		if (b->ledger[i].cause == cause)
			packets += b->ledger[i].packets;
	return packets;
}

/* What stands for lost batches says how much was in them, and fits into the chain. */
static void
check_lost(const struct spool_found *f)
{
	struct batch b = { .records = records, .ledger = ledger };
	uint64_t packets = 0;
	enum ledger_cause cause = f->damaged ? LEDGER_SPOOL_DAMAGED : LEDGER_SPOOL_DROPPED;

	assert_int_equal(
	    frame_decode_lost(f->frame + FRAME_HEADER_SIZE, f->len - FRAME_HEADER_SIZE, &b), 0);
	for (uint64_t i = f->first; i <= f->sequence; i++)
		packets += FILL_RECORDS * i;
	assert_true(b.first == f->first && b.sequence == f->sequence);
	assert_int_equal(b.crc, put[f->sequence]->chain);
	assert_int_equal(b.previous, f->first > 1 ? put[f->first - 1]->chain : 0);
	assert_int_equal(b.lost, FILL_RECORDS * (f->sequence - f->first + 1));
	assert_int_equal(rows_of(&b, cause), packets);
	assert_int_equal(rows_of(&b, LEDGER_EXPORTED), packets);
	assert_int_equal(rows_of(&b, LEDGER_SEEN), 3 * (f->sequence - f->first + 1));
}

uint64_t
spool_fill_read(struct spool *s, uint64_t from, uint64_t *ret_lost)
{
	struct spool_found f;

	*ret_lost = 0;
	while (spool_read(s, &f)) {
		assert_true(f.first == from + 1);
		if (f.damaged || f.frame[0] == FRAME_LOST) {
			check_lost(&f);
			*ret_lost += f.sequence - f.first + 1;
		} else {
			const struct spool_out *o = put[f.sequence];
			assert_true(f.len == o->len - o->head && f.chain == o->chain);
			assert_memory_equal(f.frame, o->bytes + o->head, f.len);
		}
		from = f.sequence;
	}
	return from;
}

/* --- files ------------------------------------------------------------------------------------------------------------- */

size_t
spool_fill_files(struct spool_file *ret_files, size_t max)
{
	size_t n = 0;
	struct stat st;
	char path[128];

	for (uint64_t i = 1; i <= FILL_BATCHES_MAX && n < max; i++) {
		spool_fill_segment_path(i, path);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		assert_int_equal(fstat(fd, &st), 0);
		struct spool_file f = { i, (size_t)st.st_size, malloc((size_t)st.st_size + 1) };
		assert_non_null(f.bytes);
		assert_int_equal(read(fd, f.bytes, f.len), f.len);
		(void)close(fd);
		ret_files[n++] = f;
	}
	return n;
}

void
spool_fill_put_file(uint64_t name, const uint8_t *bytes, size_t len)
{
	char path[128];

	spool_fill_segment_path(name, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	(void)close(fd);
}
