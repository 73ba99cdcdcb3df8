/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening and closing the probe's spool. */
#include "lib/err.h"
#include "lib/log.h"
#include "lib/plant.h"
#include "probe/spool_inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_NAME "meta"
#define META_TEMP "meta.new"
#define META_COPY "meta.start"
#define LOCK_NAME "lock"

/* --- files ------------------------------------------------------------------------------------------------------------- */

void
spool_segment_name(uint64_t name, char ret_name[SPOOL_NAME_MAX])
{
	(void)snprintf(ret_name, SPOOL_NAME_MAX, "%016" PRIx64 ".seg", name);
}

void
spool_add_segment(struct spool *s, struct segment *seg)
{
	if (s->head)
		s->tail->next = seg;
	else
		s->head = seg;
	s->tail = seg;
}

static void
free_segment(struct segment *seg)
{
	free(seg->end);
	free(seg);
}

void
spool_remove_segment(struct spool *s, struct segment *seg)
{
	char name[SPOOL_NAME_MAX];

	spool_segment_name(seg->name, name);
	if (unlinkat(s->folder, name, 0) < 0)
		log_warn("spool %s: %s: %s", s->config.folder, name, nm_strerror(-errno));
	free_segment(seg);
}

static int
save_meta_as(struct spool *s, const char *name)
{
	s->meta.tail = s->last;
	size_t len = spool_meta_encode(&s->meta, s->scratch), at = 0;
	s->meta_len = len;
	int fd = openat(s->folder, META_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	                0600);

	if (fd < 0)
		return -errno;
	while (at < len) {
		ssize_t n = write(fd, s->scratch + at, len - at);

		if (n <= 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	bool good = at == len && fdatasync(fd) == 0;
	int rc = good ? NM_OK : -errno;
	(void)close(fd);
	if (rc == NM_OK && renameat(s->folder, META_TEMP, s->folder, name) < 0)
		rc = -errno;
	if (rc == NM_OK)
		(void)fsync(s->folder);
	return rc;
}

int
spool_save_meta(struct spool *s)
{
	return save_meta_as(s, META_NAME);
}

int
spool_read_file(const struct spool *s, const char *name, size_t max, uint8_t **ret_bytes,
                size_t *ret_len)
{
	struct stat st;
	size_t len = 0;
	int fd = openat(s->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = fstat(fd, &st) < 0 ? -errno : NM_OK;
	size_t size = rc == NM_OK && (uint64_t)st.st_size < max ? (size_t)st.st_size : max;
	uint8_t *bytes = malloc(size ? size : 1);
	if (!bytes)
		rc = -ENOMEM;
	while (rc == NM_OK && len < size) {
		ssize_t n = read(fd, bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* what cannot be read is damaged */
		len += (size_t)n;
	}
	(void)close(fd);
	if (rc < 0) {
		free(bytes);
		return rc;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return NM_OK;
}

/* --- folder ------------------------------------------------------------------------------------------------------------ */

static int
say(const struct spool *s, int rc, const char *what)
{
	log_error("spool %s: %s", s->config.folder, what ? what : nm_strerror(rc));
	return rc;
}

/* What is wrong with a folder that cannot be used, and what to do. */
static const struct {
	int error;
	const char *what;
} folder_errors[] = {
	{ ELOOP, "is a symbolic link: name the folder itself" },
	{ ENOTDIR, "is not a folder, or a symbolic link: name a folder with --spool" },
	{ ENOENT, "cannot be made: make the folder that it is to be in" },
	{ EACCES, "may not be used by this user: chown it to the one that netmonc runs as" },
	{ EPERM, "may not be used by this user: chown it to the one that netmonc runs as" },
	{ EROFS, "is on a read-only file system: name another folder with --spool" },
	{ ENOSPC, "has no room for a file: make room, or name another folder with --spool" },
};

static int
say_folder(const struct spool *s, int error)
{
	for (size_t i = 0; i < sizeof(folder_errors) / sizeof(folder_errors[0]); i++)
		if (folder_errors[i].error == error)
			return say(s, -error, folder_errors[i].what);
	return say(s, -error, NULL);
}

/* Another user's folder is not for us, whatever its mode lets us do: he could take the spool from under us. */
static int
check_owner(const struct spool *s)
{
	struct stat st;

	if (fstat(s->folder, &st) < 0)
		return say_folder(s, errno);
	if (st.st_uid != geteuid()) {
		log_error("spool %s: belongs to user %u and netmonc runs as user %u: chown it",
		          s->config.folder, (unsigned)st.st_uid, (unsigned)geteuid());
		return -EACCES;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		log_warn("spool %s: others may write in it: chmod it to 700", s->config.folder);
	return NM_OK;
}

static int
take_folder(struct spool *s)
{
	if (mkdir(s->config.folder, 0700) < 0 && errno != EEXIST && errno != EPERM &&
	    errno != EACCES && errno != EROFS)
		return say_folder(s, errno);
	s->folder = open(s->config.folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->folder < 0)
		return say_folder(s, errno);
	int rc = check_owner(s);
	if (rc < 0)
		return rc;
	s->lock_fd = openat(s->folder, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return say_folder(s, errno);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return NM_OK;
	return errno == EWOULDBLOCK ? say(s, NM_EEXISTS,
	                                  "another netmonc uses it: give each one a folder "
	                                  "of its own with --spool")
	                            : say(s, -errno, NULL);
}

static bool
parse_name(const char *name, uint64_t *ret_first)
{
	char again[SPOOL_NAME_MAX];

	if (strlen(name) != 20)
		return false;
	*ret_first = strtoull(name, NULL, 16);
	spool_segment_name(*ret_first, again);
	return strcmp(name, again) == 0 && *ret_first > 0;
}

/* The first sequence in a segment, as its first entry says; a file that was renamed says so. */
static uint64_t
first_in(struct spool *s, const char *name, uint64_t number)
{
	struct spool_entry e;
	int fd = openat(s->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	ssize_t n = fd < 0 ? -1 : pread(fd, s->scratch, SPOOL_HEAD_MAX, 0);
	if (fd >= 0)
		(void)close(fd);
	if (n <= 0 || spool_head_decode(s->scratch, (size_t)n, &e, NULL) < 0 ||
	    e.kind != SPOOL_START || e.epoch != s->meta.epoch || e.first == number)
		return number;
	log_warn("spool %s: %s was renamed or copied: its first batch is %" PRIu64,
	         s->config.folder, name, e.first);
	return e.first;
}

static int
add_file(struct spool *s, uint64_t number, const char *name)
{
	struct segment *seg = calloc(1, sizeof(*seg));
	struct segment **at = &s->head;
	struct stat st;

	if (!seg)
		return -ENOMEM;
	seg->name = number;
	seg->first = first_in(s, name, number);
	if (fstatat(s->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		seg->size = seg->durable = (size_t)st.st_size;
	s->total += seg->size + SPOOL_BLOCK;
	while (*at && (*at)->first < seg->first)
		at = &(*at)->next;
	seg->next = *at;
	*at = seg;
	if (!seg->next)
		s->tail = seg;
	return NM_OK;
}

static int
list_segments(struct spool *s)
{
	int fd = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t first;
	int rc = NM_OK;

	if (!dir)
		return say(s, -errno, NULL);
	while (rc == NM_OK && (entry = readdir(dir)))
		if (parse_name(entry->d_name, &first))
			rc = add_file(s, first, entry->d_name);
	(void)closedir(dir);
	return rc < 0 ? say(s, rc, NULL) : NM_OK;
}

/* --- meta -------------------------------------------------------------------------------------------------------------- */

static bool
has_segments(const struct spool *s)
{
	int fd = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t first;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = parse_name(entry->d_name, &first);
	if (dir)
		(void)closedir(dir);
	return found;
}

static int
make_meta(struct spool *s)
{
	if (has_segments(s))
		return say(s, NM_EFORMAT,
		           "has segments but no file \"meta\": bring that back, or move all of it "
		           "away to begin anew");
	memset(&s->meta, 0, sizeof(s->meta));
	s->meta.tail.known = true;
	if (getrandom(&s->meta.epoch, sizeof(s->meta.epoch), 0) != sizeof(s->meta.epoch))
		return say(s, -EIO, NULL);
	s->meta.clean = true;
	(void)snprintf(s->meta.probe, sizeof(s->meta.probe), "%s", s->config.probe);
	return NM_OK;
}

static int
read_meta(struct spool *s, const char *name)
{
	uint8_t *bytes = NULL;
	size_t len = 0;

	int rc = spool_read_file(s, name, SPOOL_META_MAX, &bytes, &len);
	if (rc < 0)
		return rc;
	rc = spool_meta_decode(bytes, len, &s->meta);
	free(bytes);
	s->meta_len = len;
	return rc;
}

static int
load_meta(struct spool *s)
{
	int rc = read_meta(s, META_NAME);
	if (rc < 0 && rc != NM_EVERSION && read_meta(s, META_COPY) == NM_OK) {
		log_warn("spool %s: its file \"meta\" is damaged or gone: that of its last start "
		         "stands in for it",
		         s->config.folder);
		rc = NM_OK;
	}
	if (rc == -ENOENT)
		return make_meta(s);
	if (rc < 0 && rc != NM_EFORMAT && rc != NM_EVERSION)
		return say(s, rc, NULL);
	if (rc == NM_EVERSION)
		return say(s, rc,
		           "is of another version of netmonc: let that one deliver it, or move it "
		           "away to begin anew");
	if (rc < 0)
		return say(s, rc,
		           "its file \"meta\" is damaged: move the folder away to begin anew");
	if (strcmp(s->meta.probe, s->config.probe) == 0)
		return NM_OK;
	log_error("spool %s: is of probe \"%s\": name that one with --probe, or use another folder",
	          s->config.folder, s->meta.probe);
	return NM_EEXISTS;
}

/* --- tail -------------------------------------------------------------------------------------------------------------- */

/* Finds the end of a segment. *ret_len gets the octets up to it and *ret_sequence the last batch, both 0 when nothing in it is
 * good. */
static int
walk(struct spool *s, const struct segment *seg, size_t *ret_len, uint64_t *ret_sequence)
{
	static const struct spool_state nowhere = { .known = false };
	char name[SPOOL_NAME_MAX];
	struct spool_found found;
	uint8_t *bytes = NULL;
	size_t len = 0;

	spool_segment_name(seg->name, name);
	int rc = spool_read_file(s, name, SPOOL_SEGMENT_READ_MAX, &bytes, &len);
	if (rc < 0)
		return say(s, rc, NULL);
	struct spool_scan *scan = spool_scan_new(s->meta.epoch, &nowhere);
	if (!scan) {
		free(bytes);
		return say(s, -ENOMEM, NULL);
	}
	spool_scan_bytes(scan, bytes, len, 0);
	while (spool_scan_next(scan, &found))
		;
	const struct spool_state *state = spool_scan_state(scan);
	*ret_len = state->known ? spool_scan_offset(scan) : 0;
	*ret_sequence = state->known ? state->sequence : 0;
	if (spool_scan_is_foreign(scan)) {
		log_error("spool %s: %s is of another spool: move it away", s->config.folder, name);
		rc = NM_EFORMAT;
	} else if (state->known && state->sequence > s->last.sequence) {
		s->last = *state;
	}
	spool_scan_free(scan);
	free(bytes);
	return rc;
}

/* Cuts the newest segment behind its last whole entry. */
static int
cut_tail(struct spool *s, struct segment *seg, size_t len)
{
	char name[SPOOL_NAME_MAX];

	spool_segment_name(seg->name, name);
	s->fd = openat(s->folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (s->fd < 0)
		return say(s, -errno, NULL);
	/* what the run before wrote and did not sync is given out from now on: a power cut must not take it any more */
	if (len == seg->size || PLANTED("tail-not-cut"))
		return fdatasync(s->fd) < 0 ? say(s, -errno, NULL) : NM_OK;
	if (ftruncate(s->fd, (off_t)len) < 0 || fdatasync(s->fd) < 0)
		return say(s, -errno, NULL);
	log_warn("spool %s: %s: %zu octets behind batch %" PRIu64
	         " were not written to their end: cut off",
	         s->config.folder, name, seg->size - len, s->last.sequence);
	s->total -= seg->size - len;
	seg->size = seg->durable = len;
	return NM_OK;
}

static struct segment *
segment_at(const struct spool *s, size_t index)
{
	struct segment *seg = s->head;

	while (index-- > 0)
		seg = seg->next;
	return seg;
}

/* The newest segment in which something is good, or a copy of it that has more, says where the spool ends. *ret_len gets the
 * octets of the newest one that are good, *ret_whole whether it is the one that says so. */
static int
find_end(struct spool *s, size_t n, size_t *ret_len, bool *ret_whole)
{
	uint64_t first = UINT64_MAX, sequence = 0, newest = 0;
	size_t len;

	*ret_len = 0;
	for (size_t i = n; i-- > 0;) {
		const struct segment *seg = segment_at(s, i);

		if (first != UINT64_MAX && seg->first != first)
			break;
		int rc = walk(s, seg, &len, &sequence);
		if (rc < 0)
			return rc;
		if (i == n - 1) {
			*ret_len = len;
			newest = sequence;
		}
		if (len > 0)
			first = seg->first;
	}
	*ret_whole =
	    *ret_len ? newest == s->last.sequence : n > 0 && s->tail->first == s->last.sequence + 1;
	return NM_OK;
}

/* Where numbering goes on. */
static int
find_tail(struct spool *s)
{
	size_t n = 0, len = 0;
	bool whole = false;

	s->last = (struct spool_state){ true, s->meta.sequence, s->meta.chain, s->meta.cp };
	for (const struct segment *seg = s->head; seg; seg = seg->next)
		n++;
	int rc = find_end(s, n, &len, &whole);
	if (rc < 0)
		return rc;
	if (s->last.sequence >= s->meta.tail.sequence)
		return whole ? cut_tail(s, s->tail, len) : NM_OK;
	log_error("spool %s: batches %" PRIu64 " to %" PRIu64
	          " were at its end and are gone: they are lost and declared",
	          s->config.folder, s->last.sequence + 1, s->meta.tail.sequence);
	s->last = s->meta.tail;
	s->end_lost = true;
	return NM_OK;
}

static struct spool *
allocate(const struct spool_config *config)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	s->damage_log = (struct log_limit){ .burst = 5, .period_s = 60 };
	s->drop_log = (struct log_limit){ .burst = 1, .period_s = 60 };
	s->folder = s->lock_fd = s->fd = -1;
	uint64_t share = config->size_max / 256;
	s->segment_max = share < SPOOL_SEGMENT_MIN   ? SPOOL_SEGMENT_MIN
	                 : share > SPOOL_SEGMENT_MAX ? SPOOL_SEGMENT_MAX
	                                             : (size_t)share;
	(void)pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void
give_back(struct spool *s)
{
	while (s->head) {
		struct segment *seg = s->head;
		s->head = seg->next;
		free_segment(seg);
	}
	const int fds[] = { s->fd, s->lock_fd, s->folder };
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	spool_scan_free(s->scan);
	free(s->bytes);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

int
spool_open(const struct spool_config *config, struct spool **ret_spool)
{
	struct spool *s = allocate(config);

	if (!s) {
		log_error("spool: %s", nm_strerror(-ENOMEM));
		return -ENOMEM;
	}
	int rc = take_folder(s);
	if (rc == NM_OK)
		rc = load_meta(s);
	if (rc == NM_OK)
		rc = list_segments(s);
	if (rc == NM_OK)
		rc = find_tail(s);
	if (rc == NM_OK) {
		const struct spool_state base = { true, s->meta.sequence, s->meta.chain,
			                          s->meta.cp };
		s->acked = base.sequence;
		if (PLANTED("sequence-reused"))
			s->last = base;
		s->scan = spool_scan_new(s->meta.epoch, &base);
		rc = s->scan ? NM_OK : say(s, -ENOMEM, NULL);
	}
	if (rc < 0) {
		give_back(s);
		return rc;
	}
	if (s->last.cp.records > s->meta.cp.records)
		log_info("spool %s: up to %" PRIu64 " records wait for the collector",
		         config->folder, s->last.cp.records - s->meta.cp.records);
	*ret_spool = s;
	return NM_OK;
}

int
spool_link(struct spool *s, const char *name)
{
	struct spool_meta *m = &s->meta;

	for (uint16_t i = 0; i < m->n_links; i++)
		if (strcmp(m->links[i], name) == 0)
			return i;
	if (m->n_links == FRAME_LINKS_MAX)
		return NM_ELIMIT;
	(void)snprintf(m->links[m->n_links], sizeof(m->links[0]), "%s", name);
	return m->n_links++;
}

const struct spool_meta *
spool_meta(const struct spool *s)
{
	return &s->meta;
}

const struct spool_state *
spool_tail(const struct spool *s)
{
	return &s->last;
}

int
spool_begin(struct spool *s, uint64_t running)
{
	s->meta.clean = false;
	s->running = running;
	s->meta.running |= running;
	int rc = spool_save_meta(s);
	if (rc == NM_OK)
		rc = save_meta_as(s, META_COPY);
	if (rc < 0)
		return say_folder(s, -rc);
	/* the first entry of a new segment tells the reader what is gone; if not now, with the first batch */
	if (s->end_lost && spool_begin_segment(s) < 0)
		log_debug("spool %s: no new segment yet", s->config.folder);
	return NM_OK;
}

void
spool_close(struct spool *s, bool clean)
{
	if (!s)
		return;
	s->meta.clean = clean;
	/* a link that another run captured, and that crashed, is still to be declared */
	if (clean)
		s->meta.running &= ~s->running;
	int rc = spool_save_meta(s);
	if (rc < 0)
		(void)say(s, rc, NULL);
	give_back(s);
}
