/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The undo record of the RRD tree. */
#include "collector/rrdfile_undo.h"

#include "collector/rrdfile_head.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/rrdpath.h"
#include "lib/wireout.h"
#include "netmon/wire.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC "nmundo1\n"

/* The mapped file; the header has the picture. */
struct undo_record {
	char magic[8];
	_Atomic uint32_t len;
	uint32_t zero;
	uint64_t checksum;
	uint8_t bytes[RRD_UNDO_SIZE - 24];
};
_Static_assert(sizeof(struct undo_record) == RRD_UNDO_SIZE, "the record has no padding");

struct rrd_undo {
	const char *root;
	struct undo_record *record;
};

/* --- putting back ----------------------------------------------------------------------------------------------------- */

static int
write_back(int fd, struct wire *w)
{
	while (wire_left(w) > 0) {
		uint64_t offset = wire_u64(w);
		uint32_t len = wire_u32(w);
		const uint8_t *bytes = wire_take(w, len);

		if (!bytes)
			return NM_EFORMAT;
		ssize_t n = pwrite(fd, bytes, len, (off_t)offset);
		if (n != (ssize_t)len)
			return n < 0 ? -errno : -EIO;
	}
	return NM_OK;
}

/* Puts a whole record back. 0, -ENOENT when its file is gone, NM_EFORMAT when it is damaged, or -errno. */
static int
put_back(const char *root, const struct undo_record *record, char *ret_path, size_t size)
{
	size_t len = record->len;

	if (len == 0 || memcmp(record->magic, MAGIC, sizeof(record->magic)) != 0 ||
	    len > sizeof(record->bytes) || XXH3_64bits(record->bytes, len) != record->checksum)
		return NM_EFORMAT;
	struct wire w = wire_init(record->bytes, len);
	size_t n = wire_u16(&w);
	const uint8_t *path = wire_take(&w, n);
	if (!path || snprintf(ret_path, size, "%s/%.*s", root, (int)n, (const char *)path) < 0)
		return NM_EFORMAT;
	int fd = open(ret_path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = write_back(fd, &w);
	(void)close(fd);
	return rc;
}

static bool
replay(const struct rrd_undo *undo)
{
	char path[RRD_PATH_MAX] = "";

	if (undo->record->len == 0)
		return false;
	int rc = put_back(undo->root, undo->record, path, sizeof(path));
	if (rc == NM_OK)
		log_info("RRD: %s: an update that was cut off is undone", path);
	else
		log_warn("RRD: %s: an update that was cut off cannot be undone: %s",
		         path[0] ? path : RRD_UNDO_NAME, nm_strerror(rc));
	return rc == NM_OK;
}

/* --- copying ---------------------------------------------------------------------------------------------------------- */

static int
save(struct wireout *w, int fd, uint64_t offset, uint64_t len)
{
	if (len == 0)
		return NM_OK;
	wireout_uint(w, offset, 8);
	wireout_uint(w, len, 4);
	uint8_t *bytes = wireout_take(w, len);
	if (!bytes)
		return NM_ELIMIT;
	ssize_t n = pread(fd, bytes, len, (off_t)offset);
	if (n < 0)
		return -errno;
	return (uint64_t)n == len ? NM_OK : NM_EFORMAT;
}

/* The rows that updates up to `end_s` write: those behind the current one, around the ring. */
static int
save_rows(struct wireout *w, int fd, const struct rrd_head *head, const struct rrd_head_rra *rra,
          uint32_t end_s)
{
	uint64_t span_s = rra->steps * head->step_s;
	uint64_t rows = end_s > head->last_s ? end_s / span_s - head->last_s / span_s : 0;
	uint64_t first = (rra->cur_row + 1) % rra->n_rows;

	if (rows >= rra->n_rows)
		return save(w, fd, rra->offset, rra->n_rows * head->row_size);
	uint64_t behind = rra->n_rows - first < rows ? rra->n_rows - first : rows;
	int rc = save(w, fd, rra->offset + first * head->row_size, behind * head->row_size);
	return rc == NM_OK ? save(w, fd, rra->offset, (rows - behind) * head->row_size) : rc;
}

static int
save_all(struct wireout *w, int fd, uint32_t end_s)
{
	uint8_t bytes[RRD_HEAD_MAX];
	struct rrd_head head;
	int rc = rrd_head_read(fd, bytes, &head);

	if (rc == NM_OK) {
		uint64_t len = head.rows_offset - head.live_offset;

		wireout_uint(w, head.live_offset, 8);
		wireout_uint(w, len, 4);
		wireout_bytes(w, bytes + head.live_offset, len);
	}
	for (size_t i = 0; rc == NM_OK && i < head.n_rras; i++)
		rc = save_rows(w, fd, &head, &head.rras[i], end_s);
	return rc;
}

int
rrd_undo_begin(struct rrd_undo *undo, const char *path, uint32_t end_s)
{
	struct undo_record *record = undo->record;
	struct wireout w = wireout_init(record->bytes, sizeof(record->bytes));
	size_t root_len = strlen(undo->root);
	size_t len = strlen(path);

	if (len <= root_len + 1 || len > RRD_PATH_MAX)
		return NM_ELIMIT;
	wireout_uint(&w, len - root_len - 1, 2);
	wireout_bytes(&w, path + root_len + 1, len - root_len - 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = save_all(&w, fd, end_s);
	(void)close(fd);
	if (rc == NM_OK) {
		record->checksum = XXH3_64bits(record->bytes, w.len);
		/* the thread is killed between two of its own instructions: only the compiler could change their order */
		atomic_signal_fence(memory_order_seq_cst);
		atomic_store(&record->len, (uint32_t)w.len);
		atomic_signal_fence(memory_order_seq_cst);
	}
	return rc;
}

void
rrd_undo_end(struct rrd_undo *undo)
{
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store(&undo->record->len, 0);
	atomic_signal_fence(memory_order_seq_cst);
}

/* --- life ------------------------------------------------------------------------------------------------------------- */

/* Maps the file at its full size; its blocks are there before they are stored to, which a full disk would punish with
 * SIGBUS. NULL, with errno, when that fails. */
static struct undo_record *
map_record(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return NULL;
	errno = posix_fallocate(fd, 0, RRD_UNDO_SIZE);
	void *map = errno == 0
	                ? mmap(NULL, RRD_UNDO_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
	                : MAP_FAILED;
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return map != MAP_FAILED ? map : NULL;
}

int
rrd_undo_open(const char *root, bool believed, struct rrd_undo **ret_undo, bool *ret_undone,
              char *err, size_t err_size)
{
	char path[RRD_PATH_MAX];
	struct rrd_undo *undo = calloc(1, sizeof(*undo));

	if (!undo) {
		(void)snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	(void)snprintf(path, sizeof(path), "%s/" RRD_UNDO_NAME, root);
	undo->root = root;
	undo->record = map_record(path);
	if (!undo->record) {
		int rc = errno ? -errno : -EIO;

		(void)snprintf(err, err_size, "%s: %s", path, nm_strerror(rc));
		free(undo);
		return rc;
	}
	*ret_undone = believed && replay(undo);
	rrd_undo_end(undo);
	memcpy(undo->record->magic, MAGIC, sizeof(undo->record->magic));
	*ret_undo = undo;
	return NM_OK;
}

void
rrd_undo_close(struct rrd_undo *undo)
{
	char path[RRD_PATH_MAX];

	if (!undo)
		return;
	(void)snprintf(path, sizeof(path), "%s/" RRD_UNDO_NAME, undo->root);
	(void)unlink(path);
	(void)munmap(undo->record, RRD_UNDO_SIZE);
	free(undo);
}
