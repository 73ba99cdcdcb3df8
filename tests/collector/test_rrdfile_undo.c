/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Updates of RRD files that are cut off, at every moment, and what the next start makes of them. */
#include "collector/rrdfile_undo.h"

#include "collector/rrdfile.h"
#include "collector/rrdfile_head.h"
#include "lib/err.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <rrd.h>

#define DAY        1700006400u     /* a midnight: the minute before it ends a row at every level */
#define MINUTE     (DAY - 20 * 60) /* the first in the file */
#define MOMENTS    4096
#define STEPS_MAX  2000000L
#define RECORD_LEN 8192u /* as much of the record as one minute's update uses, and more */

static char root[64];
static char file[128];
static char record[128];
static struct rrdfile_tree tree;
static char err[256];
/* records of killed programs, which nobody may free: held, so that LeakSanitizer does not find them */
static struct rrd_undo *killed[2 * MOMENTS] __attribute__((used));
static const struct rrd_series series = { .scope = RRD_TOTALS, .app = RRD_APP_ALL };

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/netmon-rrd-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	(void)snprintf(file, sizeof(file), "%s/totals/all.rrd", root);
	(void)snprintf(record, sizeof(record), "%s/" RRD_UNDO_NAME, root);
	return rrdfile_open(root, true, &tree, err, sizeof(err));
}

static int
teardown(void **state)
{
	char folder[128];

	(void)state;
	rrdfile_close(&tree);
	(void)snprintf(folder, sizeof(folder), "%s/totals", root);
	(void)unlink(file);
	(void)rmdir(folder);
	return rmdir(root);
}

static int
put(uint32_t minute)
{
	struct rrdfile_value value = { minute, minute % 977 * 7500, minute % 577 * 15 };
	struct rrdfile_update u = { &series, &value, 1 };
	uint32_t last_end = 0;

	return rrdfile_put(&tree, &u, &last_end, err, sizeof(err));
}

/* The program is killed: nothing is closed. Then it starts again. */
static void
start(bool believed)
{
	static size_t n;

	killed[n++ % (2 * MOMENTS)] = tree.undo;
	free(tree.image);
	assert_int_equal(rrdfile_open(root, believed, &tree, err, sizeof(err)), 0);
}

/* A file's octets, the caller's. */
static uint8_t *
contents(const char *path, size_t *ret_len)
{
	struct stat st;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	uint8_t *bytes = malloc((size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)st.st_size, f), st.st_size);
	(void)fclose(f);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

static void
overwrite(const char *path, const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(path, "r+");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* --- every moment ----------------------------------------------------------------------------------------------------- */

/* File and record as a program leaves them that is killed at one moment. */
struct moments {
	size_t n;
	size_t file_len;
	uint8_t *files[MOMENTS];
	uint8_t *records[MOMENTS];
	/* the running program's */
	const uint8_t *file;
	const uint8_t *record;
};

static void *
map(const char *path, size_t len)
{
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static void
note_moment(struct moments *m)
{
	if (m->n > 0 && memcmp(m->files[m->n - 1], m->file, m->file_len) == 0 &&
	    memcmp(m->records[m->n - 1], m->record, RECORD_LEN) == 0)
		return;
	assert_true(m->n < MOMENTS);
	m->files[m->n] = malloc(m->file_len);
	m->records[m->n] = malloc(RECORD_LEN);
	assert_non_null(m->files[m->n]);
	assert_non_null(m->records[m->n]);
	memcpy(m->files[m->n], m->file, m->file_len);
	memcpy(m->records[m->n], m->record, RECORD_LEN);
	m->n++;
}

/* Has a child store a minute, instruction by instruction. False when this system does not let us. */
static bool
step_through(struct moments *m, uint32_t minute)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		(void)raise(SIGSTOP);
		_exit(put(minute) == NM_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	for (long i = 0; i < STEPS_MAX && WIFSTOPPED(status); i++) {
		note_moment(m);
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) < 0)
			break;
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	if (WIFSTOPPED(status)) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, &status, 0);
		return false;
	}
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 1);
	return WEXITSTATUS(status) == 0;
}

/* The minute comes again after each of them; the file must be `want`, to the octet. How many of them were undone. */
static size_t
start_after_each(const struct moments *m, uint32_t minute, const uint8_t *want)
{
	size_t undone = 0;
	size_t len;

	for (size_t i = 0; i < m->n; i++) {
		overwrite(file, m->files[i], m->file_len);
		overwrite(record, m->records[i], RECORD_LEN);
		start(true);
		undone += tree.undone;
		int rc = put(minute);
		if (rc != NM_OK)
			assert_int_equal(rc, NM_EEXISTS);
		uint8_t *got = contents(file, &len);
		assert_int_equal(len, m->file_len);
		if (memcmp(got, want, len) != 0)
			fail_msg("killed at moment %zu of %zu: the file is another", i, m->n);
		free(got);
		rrdfile_close(&tree);
		start(true);
	}
	return undone;
}

static void
a_kill_at_any_moment_of_an_update_leaves_nothing_in_the_file(void **state)
{
	static struct moments m;
	size_t len;
	uint32_t minute = DAY - 60;

	(void)state;
	for (uint32_t at = MINUTE; at < minute; at += 60)
		assert_int_equal(put(at), 0);
	uint8_t *before = contents(file, &m.file_len);
	assert_int_equal(put(minute), 0);
	uint8_t *want = contents(file, &len);
	overwrite(file, before, m.file_len);
	m.file = map(file, m.file_len);
	m.record = map(record, RECORD_LEN);
	bool stepped = step_through(&m, minute);
	if (stepped) {
		size_t changed = 0;
		for (size_t i = 1; i < m.n; i++)
			changed += memcmp(m.files[i], m.files[i - 1], m.file_len) != 0;
		assert_true(changed > 30); /* librrd does it in so many steps at least */
		assert_true(start_after_each(&m, minute, want) >= changed);
	}
	for (size_t i = 0; i < m.n; i++) {
		free(m.files[i]);
		free(m.records[i]);
	}
	free(before);
	free(want);
	if (!stepped)
		skip();
}

/* --- what is copied --------------------------------------------------------------------------------------------------- */

/* Begins an update and never ends it. */
static void
cut_off(uint32_t end_s, int n, const char **args)
{
	assert_int_equal(rrd_undo_begin(tree.undo, file, end_s), 0);
	assert_int_equal(rrd_update_r(file, "in:out", n, args), 0);
}

static void
an_update_is_undone_to_the_octet_however_long_the_silence_before_it(void **state)
{
	static const uint32_t silences[] = { 1,    2,     5,      59,     60,    61,
		                             371,  372,   373,    700,    780,   1440,
		                             1500, 10320, 520000, 532800, 600000 };
	uint32_t end = MINUTE + 60;
	size_t len;

	(void)state;
	assert_int_equal(put(MINUTE), 0);
	for (size_t i = 0; i < sizeof(silences) / sizeof(silences[0]); i++) {
		char texts[2][64];
		const char *args[] = { texts[0], texts[1] };
		uint32_t next = end + silences[i] * 60;

		(void)snprintf(texts[0], sizeof(texts[0]), "%u:1.5:2", next - 30);
		(void)snprintf(texts[1], sizeof(texts[1]), "%u:3:4", next);
		uint8_t *before = contents(file, &len);
		cut_off(next, 2, args);
		start(true);
		assert_true(tree.undone);
		uint8_t *after = contents(file, &len);
		assert_memory_equal(after, before, len);
		free(before);
		free(after);
		/* and on from here, so that the rings stand elsewhere next time */
		(void)snprintf(texts[0], sizeof(texts[0]), "%u:1.5:2", next - 30);
		(void)snprintf(texts[1], sizeof(texts[1]), "%u:3:4", next);
		assert_int_equal(rrd_update_r(file, "in:out", 2, args), 0);
		end = next;
	}
}

static void
an_update_that_ended_is_not_undone(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(put(MINUTE), 0);
	uint8_t *before = contents(file, &len);
	start(true);
	assert_false(tree.undone);
	uint8_t *after = contents(file, &len);
	assert_memory_equal(after, before, len);
	free(before);
	free(after);
}

static void
a_record_of_another_start_of_the_machine_is_forgotten(void **state)
{
	char text[64];
	const char *args[] = { text };
	size_t len;

	(void)state;
	assert_int_equal(put(MINUTE), 0);
	(void)snprintf(text, sizeof(text), "%u:3:4", MINUTE + 120);
	cut_off(MINUTE + 120, 1, args);
	uint8_t *before = contents(file, &len);
	start(false);
	assert_false(tree.undone);
	start(true);
	assert_false(tree.undone);
	uint8_t *after = contents(file, &len);
	assert_memory_equal(after, before, len);
	free(before);
	free(after);
}

static void
a_damaged_record_is_forgotten(void **state)
{
	char text[64];
	const char *args[] = { text };
	size_t len, record_len;

	(void)state;
	assert_int_equal(put(MINUTE), 0);
	(void)snprintf(text, sizeof(text), "%u:3:4", MINUTE + 120);
	cut_off(MINUTE + 120, 1, args);
	uint8_t *before = contents(file, &len);
	uint8_t *whole = contents(record, &record_len);
	assert_int_equal(record_len, RRD_UNDO_SIZE);
	for (size_t at = 0; at < 64; at++) {
		if (at >= 12 && at < 16)
			continue; /* nothing is there */
		whole[at] ^= 0xff;
		overwrite(record, whole, record_len);
		whole[at] ^= 0xff;
		start(true);
		assert_false(tree.undone);
	}
	uint8_t *after = contents(file, &len);
	assert_memory_equal(after, before, len);
	free(before);
	free(after);
	free(whole);
}

static void
a_record_whose_file_is_gone_is_forgotten(void **state)
{
	char text[64];
	const char *args[] = { text };

	(void)state;
	assert_int_equal(put(MINUTE), 0);
	(void)snprintf(text, sizeof(text), "%u:3:4", MINUTE + 120);
	cut_off(MINUTE + 120, 1, args);
	assert_int_equal(unlink(file), 0);
	start(true);
	assert_false(tree.undone);
	assert_int_not_equal(access(file, F_OK), 0);
}

/* --- heads ------------------------------------------------------------------------------------------------------------ */

static void
a_head_tells_where_the_parts_of_a_file_lie(void **state)
{
	struct rrd_head head;
	size_t len;

	(void)state;
	assert_int_equal(put(MINUTE), 0);
	uint8_t *bytes = contents(file, &len);
	assert_int_equal(rrd_head_parse(bytes, len, len, &head), 0);
	assert_int_equal(head.last_s, MINUTE + 60);
	assert_int_equal(head.step_s, 60);
	assert_int_equal(head.row_size, 16);
	assert_int_equal(head.n_rras, 15);
	assert_int_equal(head.rras[0].offset, head.rows_offset);
	assert_int_equal(head.rras[14].offset + head.rras[14].n_rows * 16, len);
	assert_int_equal(head.rras[14].steps, 1440);
	assert_int_equal(head.rras[14].n_rows, 370);
	free(bytes);
}

static void
a_head_that_is_cut_or_says_impossible_things_is_refused(void **state)
{
	struct rrd_head head, unused;
	size_t len;

	(void)state;
	assert_int_equal(put(MINUTE), 0);
	uint8_t *bytes = contents(file, &len);
	assert_int_equal(rrd_head_parse(bytes, len, len, &head), 0);
	assert_int_equal(rrd_head_parse(bytes, len, len - 1, &unused), NM_EFORMAT);
	for (size_t cut = 0; cut < head.rows_offset; cut++) {
		uint8_t *part = malloc(cut ? cut : 1); /* a byte behind it would be found by ASan */
		assert_non_null(part);
		memcpy(part, bytes, cut);
		assert_int_equal(rrd_head_parse(part, cut, len, &unused), NM_EFORMAT);
		free(part);
	}
	assert_int_equal(rrd_head_parse(bytes, head.rows_offset, len, &unused), 0);
	memset(bytes + head.rows_offset - sizeof(long), 0xff, sizeof(long));
	assert_int_equal(rrd_head_parse(bytes, len, len, &unused), NM_EFORMAT);
	memset(bytes, 0, head.rows_offset);
	assert_int_equal(rrd_head_parse(bytes, len, len, &unused), NM_EFORMAT);
	free(bytes);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(a_kill_at_any_moment_of_an_update_leaves_nothing_in_the_file),
		WITH_TREE(an_update_is_undone_to_the_octet_however_long_the_silence_before_it),
		WITH_TREE(an_update_that_ended_is_not_undone),
		WITH_TREE(a_record_of_another_start_of_the_machine_is_forgotten),
		WITH_TREE(a_damaged_record_is_forgotten),
		WITH_TREE(a_record_whose_file_is_gone_is_forgotten),
		WITH_TREE(a_head_tells_where_the_parts_of_a_file_lie),
		WITH_TREE(a_head_that_is_cut_or_says_impossible_things_is_refused),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("rrdfile_undo", tests, NULL, NULL);
}
