/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe's spool: what goes in comes out, or is declared, whatever becomes of the disk. */
#include "probe/spool.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RECORDS     40
#define BATCHES_MAX 600
#define SIZE_MAX_MB 64

static char folder[64];
static struct record records[BATCH_RECORDS_MAX];
static struct ledger_delta ledger[BATCH_LEDGER_MAX];
static struct spool_out *put[BATCHES_MAX + 2]; /* by sequence */
static struct checkpoint sums;
static bool drops_oldest;
static size_t n_records;         /* in each batch */
static int syncs_that_work = -1; /* until the disk is broken; -1: it never is */

/* Stands before libc's. */
int
fdatasync(int fd)
{
	if (syncs_that_work == 0) {
		errno = EIO;
		return -1;
	}
	if (syncs_that_work > 0)
		syncs_that_work--;
	return fsync(fd);
}

static int
setup(void **state)
{
	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	n_records = RECORDS;
	drops_oldest = false;
	(void)snprintf(folder, sizeof(folder), "/tmp/netmon-spool-XXXXXX");
	memset(&sums, 0, sizeof(sums));
	return mkdtemp(folder) ? 0 : -1;
}

static void
in_folder(const char *name, char path[128])
{
	(void)snprintf(path, 128, "%s/%s", folder, name);
}

static void
segment_path(uint64_t first, char path[128])
{
	(void)snprintf(path, 128, "%s/%016" PRIx64 ".seg", folder, first);
}

static int
teardown(void **state)
{
	char path[128];

	(void)state;
	for (uint64_t i = 1; i <= BATCHES_MAX + 1; i++) {
		segment_path(i, path);
		(void)unlink(path);
		free(put[i]);
		put[i] = NULL;
	}
	in_folder("meta", path);
	(void)unlink(path);
	in_folder("lock", path);
	(void)unlink(path);
	return rmdir(folder);
}

static int
try_open(const char *probe, uint64_t size_max, struct spool **ret)
{
	const struct spool_config config = { folder, probe, size_max, drops_oldest };

	return spool_open(&config, ret);
}

static struct spool *
open_spool(void)
{
	struct spool *s;

	assert_int_equal(try_open("p", SIZE_MAX_MB << 20, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	return s;
}

/* The batch behind what the spool has, of its own contents. */
static struct spool_out *
make(const struct spool *s, uint64_t sequence, uint32_t previous)
{
	static uint8_t frame[1 << 16], head[SPOOL_HEAD_MAX];
	struct ledger_delta rows[2] = {
		{ 60, 0, LEDGER_EXPORTED, RECORDS * sequence, RECORDS * 100 },
		{ 60, 0, LEDGER_SEEN, 3, 300 },
	};
	struct batch b = { .epoch = spool_meta(s)->epoch,
		           .sequence = sequence,
		           .first = sequence,
		           .previous = previous,
		           .n_records = n_records,
		           .records = records,
		           .n_ledger = 2,
		           .ledger = rows };
	size_t len;

	for (unsigned i = 0; i < RECORDS; i++) {
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

/* Writes `n` more batches, three in each group. */
static int
write_batches(struct spool *s, unsigned n)
{
	uint64_t at = spool_tail(s)->sequence, durable = at;
	int rc = 0;

	for (unsigned i = 1; i <= n && rc == 0; i++) {
		put[at + i] =
		    make(s, at + i, i == 1 ? spool_tail(s)->chain : put[at + i - 1]->chain);
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
		packets += RECORDS * i;
	assert_true(b.first == f->first && b.sequence == f->sequence);
	assert_int_equal(b.crc, put[f->sequence]->chain);
	assert_int_equal(b.previous, f->first > 1 ? put[f->first - 1]->chain : 0);
	assert_int_equal(b.lost, RECORDS * (f->sequence - f->first + 1));
	assert_int_equal(rows_of(&b, cause), packets);
	assert_int_equal(rows_of(&b, LEDGER_EXPORTED), packets);
	assert_int_equal(rows_of(&b, LEDGER_SEEN), 3 * (f->sequence - f->first + 1));
}

/* Reads all there is behind `from`; returns the last sequence. */
static uint64_t
read_back(struct spool *s, uint64_t from, uint64_t *ret_lost)
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

static void
what_goes_in_comes_out_also_after_a_restart(void **state)
{
	struct spool *s = open_spool();
	uint64_t epoch = spool_meta(s)->epoch, lost;

	(void)state;
	assert_int_equal(write_batches(s, 300), 0);
	assert_int_equal(read_back(s, 0, &lost), 300);
	assert_int_equal(write_batches(s, 10), 0);
	assert_int_equal(read_back(s, 300, &lost), 310);
	spool_close(s, false);
	s = open_spool();
	assert_true(spool_meta(s)->epoch == epoch && !spool_meta(s)->clean);
	assert_int_equal(spool_tail(s)->sequence, 310);
	assert_int_equal(write_batches(s, 10), 0);
	assert_int_equal(read_back(s, 0, &lost), 320);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

static void
acknowledged_segments_go_and_numbers_never_come_back(void **state)
{
	struct spool *s = open_spool();
	struct stat st;
	char path[128];
	uint64_t lost;

	(void)state;
	assert_int_equal(write_batches(s, 300), 0);
	assert_int_equal(read_back(s, 0, &lost), 300);
	segment_path(1, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	spool_acked(s, 300);
	spool_trim(s);
	assert_int_not_equal(stat(path, &st), 0);
	uint64_t base = spool_meta(s)->sequence;
	assert_true(base > 100);
	spool_close(s, true);
	s = open_spool();
	assert_int_equal(spool_tail(s)->sequence, 300);
	assert_int_equal(spool_meta(s)->chain, put[base]->chain);
	assert_int_equal(read_back(s, base, &lost), 300);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

static void
a_tail_that_is_torn_at_any_length_is_cut(void **state)
{
	struct spool *s = open_spool();
	struct stat st;
	char path[128];
	uint64_t lost;

	(void)state;
	n_records = 1;
	assert_int_equal(write_batches(s, 5), 0);
	spool_close(s, false);
	segment_path(1, path);
	assert_int_equal(stat(path, &st), 0);
	off_t four = st.st_size - (off_t)put[5]->len;
	for (off_t len = four; len < st.st_size; len++) {
		int fd = open(path, O_WRONLY);
		assert_int_equal(pwrite(fd, put[5]->bytes, put[5]->len, four), put[5]->len);
		assert_int_equal(ftruncate(fd, len), 0);
		(void)close(fd);
		s = open_spool();
		assert_int_equal(spool_tail(s)->sequence, 4);
		assert_int_equal(spool_tail(s)->chain, put[4]->chain);
		assert_int_equal(read_back(s, 0, &lost), 4);
		assert_int_equal(lost, 0);
		spool_close(s, false);
		struct stat after;
		assert_int_equal(stat(path, &after), 0);
		assert_int_equal(after.st_size, four);
	}
}

static void
a_segment_that_is_missing_is_declared_to_the_packet(void **state)
{
	struct spool *s = open_spool();
	char path[128];
	uint64_t lost, second = 2;

	(void)state;
	assert_int_equal(write_batches(s, 500), 0);
	spool_close(s, false);
	for (;; second++) {
		segment_path(second, path);
		if (access(path, F_OK) == 0)
			break;
	}
	assert_int_equal(unlink(path), 0);
	s = open_spool();
	assert_int_equal(read_back(s, 0, &lost), 500);
	assert_true(lost > 10);
	spool_close(s, false);
}

struct copy {
	uint64_t first;
	size_t len;
	uint8_t *bytes;
};

static size_t
copy_segments(struct copy *copies)
{
	size_t n = 0;
	struct stat st;
	char path[128];

	for (uint64_t i = 1; i <= BATCHES_MAX; i++) {
		segment_path(i, path);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		assert_int_equal(fstat(fd, &st), 0);
		copies[n] = (struct copy){ i, (size_t)st.st_size, malloc((size_t)st.st_size) };
		assert_int_equal(read(fd, copies[n].bytes, copies[n].len), copies[n].len);
		(void)close(fd);
		n++;
	}
	return n;
}

static void
write_damaged(const struct copy *c, unsigned flips)
{
	char path[128];
	uint8_t *bytes = malloc(c->len);

	assert_non_null(bytes);
	memcpy(bytes, c->bytes, c->len);
	while (flips-- > 0)
		bytes[(size_t)random() % c->len] ^= (uint8_t)(1u << random() % 8);
	segment_path(c->first, path);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, bytes, c->len), c->len);
	(void)close(fd);
	free(bytes);
}

static void
of_10000_flipped_bits_each_batch_is_exact_or_declared(void **state)
{
	struct copy copies[64];
	struct spool *s = open_spool();
	uint64_t lost, all_lost = 0;
	unsigned flips = 0;

	(void)state;
	assert_int_equal(write_batches(s, BATCHES_MAX), 0);
	spool_close(s, false);
	size_t n = copy_segments(copies);
	srandom(1);
	for (unsigned round = 0; flips < 10000; round++) {
		unsigned each = round % 2 ? 100 : 10;
		for (size_t i = 0; i < n; i++)
			write_damaged(&copies[i], each);
		flips += each * (unsigned)n;
		s = open_spool();
		uint64_t end = read_back(s, 0, &lost);
		/* only at the very end nobody is behind who knows what was there */
		assert_true(end == spool_tail(s)->sequence);
		assert_true(end > BATCHES_MAX - 10);
		all_lost += lost;
		spool_close(s, false);
	}
	assert_true(all_lost > 0);
	for (size_t i = 0; i < n; i++)
		free(copies[i].bytes);
}

static void
a_full_spool_refuses_and_takes_again_what_fits(void **state)
{
	struct spool *s;
	uint64_t lost;

	(void)state;
	assert_int_equal(try_open("p", 400 << 10, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	assert_int_equal(write_batches(s, BATCHES_MAX), NM_ELIMIT);
	uint64_t end = spool_tail(s)->sequence;
	assert_true(end > 100 && end < BATCHES_MAX);
	assert_int_equal(read_back(s, 0, &lost), end);
	spool_acked(s, end);
	spool_trim(s);
	uint64_t durable;
	for (struct spool_out *o = put[end + 1]; o; o = o->next)
		end = o->sequence;
	assert_int_equal(spool_write(s, put[spool_tail(s)->sequence + 1], &durable), 0);
	assert_int_equal(durable, end);
	spool_close(s, true);
}

static void
what_is_oldest_goes_and_is_declared_where_that_is_wanted(void **state)
{
	struct spool *s;
	uint64_t lost, first = 0;
	struct spool_found f;

	(void)state;
	drops_oldest = true;
	assert_int_equal(try_open("p", 600 << 10, &s), 0);
	assert_int_equal(spool_begin(s, 0), 0);
	assert_int_equal(write_batches(s, 300), 0);
	/* the reader has begun, and what it has begun stays */
	for (first = 1; first <= 10; first++)
		assert_true(spool_read(s, &f) && f.sequence == first);
	assert_int_equal(write_batches(s, BATCHES_MAX - 300), 0);
	assert_int_equal(read_back(s, 10, &lost), BATCHES_MAX);
	assert_true(lost > 100 && lost < 400);
	spool_close(s, false);
	/* the declaration is as durable as what it stands for */
	assert_int_equal(try_open("p", 600 << 10, &s), 0);
	uint64_t again;
	assert_int_equal(read_back(s, 0, &again), BATCHES_MAX);
	assert_true(again == lost);
	spool_close(s, true);
}

/* The limit on a file's size stands for a disk that is full in the middle of a write. */
static void
a_full_disk_leaves_whole_batches_only(void **state)
{
	struct rlimit old, small = { 20000, 20000 };
	struct spool *s = open_spool();
	uint64_t lost, durable;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(write_batches(s, 30), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	uint64_t end = spool_tail(s)->sequence;
	assert_true(end > 3 && end < 30);
	assert_int_equal(read_back(s, 0, &lost), end);
	assert_int_equal(spool_write(s, put[end + 1], &durable), 0);
	assert_true(durable > end);
	assert_int_equal(read_back(s, end, &lost), durable);
	spool_close(s, false);
	s = open_spool();
	assert_int_equal(read_back(s, 0, &lost), durable);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

/* Each segment is synced before the next one begins: what those syncs made durable is not written again. */
static void
a_sync_that_fails_behind_a_new_segment_doubles_nothing(void **state)
{
	struct spool *s = open_spool();
	uint32_t chain = spool_tail(s)->chain;
	uint64_t lost, durable, again;

	(void)state;
	for (unsigned i = 1; i <= BATCHES_MAX; i++) {
		put[i] = make(s, i, chain);
		chain = put[i]->chain;
		if (i > 1)
			put[i - 1]->next = put[i];
	}
	syncs_that_work = 2;
	assert_int_equal(spool_write(s, put[1], &durable), -EIO);
	syncs_that_work = -1;
	assert_true(durable > 0 && durable < BATCHES_MAX);
	assert_int_equal(spool_tail(s)->sequence, durable);
	assert_int_equal(read_back(s, 0, &lost), durable);
	assert_int_equal(spool_write(s, put[durable + 1], &again), 0);
	assert_int_equal(again, BATCHES_MAX);
	assert_int_equal(read_back(s, durable, &lost), BATCHES_MAX);
	spool_close(s, false);
	s = open_spool();
	assert_int_equal(read_back(s, 0, &lost), BATCHES_MAX);
	assert_int_equal(lost, 0);
	spool_close(s, true);
}

static void
a_spool_is_of_one_process_and_one_probe(void **state)
{
	struct spool *s = open_spool(), *other;

	(void)state;
	assert_int_equal(try_open("p", 1 << 20, &other), NM_EEXISTS);
	assert_int_equal(spool_link(s, "eth0"), 0);
	assert_int_equal(spool_link(s, "eth1"), 1);
	assert_int_equal(spool_link(s, "eth0"), 0);
	spool_close(s, true);
	assert_int_equal(try_open("q", 1 << 20, &other), NM_EEXISTS);
	s = open_spool();
	assert_int_equal(spool_link(s, "eth1"), 1);
	spool_close(s, true);
}

static void
segments_without_meta_or_of_another_spool_are_left_alone(void **state)
{
	struct spool *s = open_spool(), *other;
	char path[128], kept[128];

	(void)state;
	assert_int_equal(write_batches(s, 3), 0);
	spool_close(s, true);
	in_folder("meta", path);
	in_folder("kept", kept);
	assert_int_equal(rename(path, kept), 0);
	assert_int_equal(try_open("p", 1 << 20, &other), NM_EFORMAT);
	segment_path(1, path);
	in_folder("seg", kept);
	assert_int_equal(rename(path, kept), 0);
	s = open_spool();
	spool_close(s, true);
	assert_int_equal(rename(kept, path), 0);
	assert_int_equal(try_open("p", 1 << 20, &other), NM_EFORMAT);
	assert_int_equal(access(path, F_OK), 0);
	in_folder("kept", kept);
	assert_int_equal(unlink(kept), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_goes_in_comes_out_also_after_a_restart),
		TEST(acknowledged_segments_go_and_numbers_never_come_back),
		TEST(a_tail_that_is_torn_at_any_length_is_cut),
		TEST(a_segment_that_is_missing_is_declared_to_the_packet),
		TEST(of_10000_flipped_bits_each_batch_is_exact_or_declared),
		TEST(a_full_spool_refuses_and_takes_again_what_fits),
		TEST(what_is_oldest_goes_and_is_declared_where_that_is_wanted),
		TEST(a_full_disk_leaves_whole_batches_only),
		TEST(a_sync_that_fails_behind_a_new_segment_doubles_nothing),
		TEST(a_spool_is_of_one_process_and_one_probe),
		TEST(segments_without_meta_or_of_another_spool_are_left_alone),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
