/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe's spool: writing, reading back, removing. */
#include "probe/spool.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/plant.h"
#include "probe/spool_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- writing ----------------------------------------------------------------------------------------------------------- */

int
spool_write_at(int fd, const uint8_t *bytes, size_t len, size_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
		at += (size_t)n;
	}
	return NM_OK;
}

/* Adds octets to the newest segment. */
static int
append(struct spool *s, const uint8_t *bytes, size_t len)
{
	int rc = spool_write_at(s->fd, bytes, len, s->tail->size);

	if (rc == NM_OK)
		s->tail->size += len;
	return rc;
}

/* What was written since the last time is durable when this succeeds. */
static int
sync_tail(struct spool *s)
{
	if (s->fd < 0 || s->tail->size == s->tail->durable)
		return NM_OK;
	if (!PLANTED("send-before-durable") && fdatasync(s->fd) < 0)
		return -errno;
	(void)pthread_mutex_lock(&s->lock);
	s->total += s->tail->size - s->tail->durable;
	s->tail->durable = s->tail->size;
	(void)pthread_mutex_unlock(&s->lock);
	s->before = s->last;
	return NM_OK;
}

/* Takes back what was written since: nothing torn stays in the middle. */
static void
take_back(struct spool *s)
{
	if (s->fd < 0 || s->tail->size == s->tail->durable)
		return;
	if (ftruncate(s->fd, (off_t)s->tail->durable) < 0)
		log_debug("spool %s: cannot be cut: %s", s->config.folder, nm_strerror(-errno));
	/* what is behind is written over the next time */
	s->tail->size = s->tail->durable;
}

/* The first entry of a segment says what was before it. */
static int
append_start(struct spool *s, uint64_t first)
{
	struct spool_entry e = { .kind = SPOOL_START,
		                 .epoch = s->meta.epoch,
		                 .first = first,
		                 .last = first - 1,
		                 .previous = s->last.chain,
		                 .chain = s->last.chain };

	size_t len = spool_head_encode(&e, &s->last.cp, s->scratch);
	return append(s, s->scratch, len);
}

/* A name that no file has: one of ours may have been given the name of another. */
static uint64_t
free_name(struct spool *s, uint64_t name)
{
	(void)pthread_mutex_lock(&s->lock);
	for (const struct segment *seg = s->head; seg;)
		if (seg->name == name) {
			name++;
			seg = s->head;
		} else {
			seg = seg->next;
		}
	(void)pthread_mutex_unlock(&s->lock);
	return name;
}

static int
new_segment(struct spool *s, uint64_t first)
{
	char name[SPOOL_NAME_MAX];
	uint64_t number = free_name(s, first);

	spool_segment_name(number, name);
	int fd = openat(s->folder, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	struct segment *seg = calloc(1, sizeof(*seg));
	if (!seg || fsync(s->folder) < 0) {
		int rc = seg ? -errno : -ENOMEM;
		free(seg);
		(void)close(fd);
		return rc;
	}
	seg->name = number;
	seg->first = first;
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = fd;
	(void)pthread_mutex_lock(&s->lock);
	spool_add_segment(s, seg);
	s->total += SPOOL_BLOCK;
	(void)pthread_mutex_unlock(&s->lock);
	return NM_OK;
}

int
spool_begin_segment(struct spool *s)
{
	int rc = new_segment(s, s->last.sequence + 1);

	if (rc == NM_OK)
		rc = append_start(s, s->last.sequence + 1);
	int synced = sync_tail(s);
	if (rc < 0 || synced < 0)
		take_back(s);
	return rc < 0 ? rc : synced;
}

/* Whether so many octets more, with all else that is in the folder or may have to be, are too many. */
static bool
is_over(const struct spool *s, size_t len)
{
	size_t fresh = s->tail ? s->tail->size - s->tail->durable : 0;
	/* meta, the next one, that of the start; the folder and the lock; a new segment */
	size_t more = 3 * (s->meta_len + SPOOL_BLOCK) + 3 * SPOOL_BLOCK;

	if (s->config.drop_oldest)
		more += SPOOL_DROP_MAX + SPOOL_BLOCK;
	return s->total + fresh + len + more > s->config.size_max;
}

/* Makes room for an entry: in this segment, or in a new one. */
static int
make_place(struct spool *s, const struct spool_out *out)
{
	int rc = NM_OK;

	while (rc == NM_OK && is_over(s, out->len))
		rc = s->config.drop_oldest ? spool_drop_oldest(s) : NM_ELIMIT;
	if (rc < 0)
		return rc;
	if (s->fd < 0 || (s->tail->size > 0 && s->tail->size + out->len > s->segment_max)) {
		rc = sync_tail(s);
		if (rc == NM_OK)
			rc = new_segment(s, out->sequence);
	}
	if (rc == NM_OK && s->tail->size == 0)
		rc = append_start(s, out->sequence);
	return rc;
}

int
spool_write(struct spool *s, const struct spool_out *list, uint64_t *ret_durable)
{
	struct spool_entry e;
	int rc = NM_OK;

	s->before = s->last;
	for (const struct spool_out *out = list; out && rc == NM_OK; out = out->next) {
		rc = make_place(s, out);
		if (rc == NM_OK)
			rc = append(s, out->bytes, out->len);
		if (rc == NM_OK) {
			s->last.sequence = out->sequence;
			s->last.chain = out->chain;
			/* the head is one of ours: it decodes */
			(void)spool_head_decode(out->bytes, out->head, &e, &s->last.cp);
		}
	}
	int synced = sync_tail(s);
	if (synced < 0 || rc < 0)
		take_back(s);
	/* nothing is known of what came behind the last sync that worked: it is written again */
	if (synced < 0)
		s->last = s->before;
	*ret_durable = s->last.sequence;
	return synced < 0 ? synced : rc;
}

void
spool_trim(struct spool *s)
{
	struct segment *gone = NULL, **end = &gone;
	const struct spool_state *base = NULL;

	(void)pthread_mutex_lock(&s->lock);
	while (s->head && s->head != s->reading && s->head->end &&
	       s->head->end->sequence <= s->acked + (PLANTED("ack-frees-too-much") ? 1000 : 0)) {
		struct segment *seg = s->head;

		s->head = seg->next;
		seg->next = NULL;
		s->total -= seg->durable + SPOOL_BLOCK;
		*end = seg;
		end = &seg->next;
		base = seg->end;
	}
	if (gone && s->head)
		s->leaving = gone->next ? gone->next->first : s->head->first;
	(void)pthread_mutex_unlock(&s->lock);
	int rc = NM_OK;
	if (base) {
		s->meta.sequence = base->sequence;
		s->meta.chain = base->chain;
		s->meta.cp = base->cp;
		rc = spool_save_meta(s);
	}
	while (gone) {
		struct segment *seg = gone;

		gone = seg->next;
		spool_remove_segment(s, seg);
	}
	/* a disk that was full has room now; what meta does not say is only looked for once more */
	if (rc < 0)
		(void)spool_save_meta(s);
	(void)pthread_mutex_lock(&s->lock);
	s->leaving = 0;
	(void)pthread_mutex_unlock(&s->lock);
}

/* --- reading ----------------------------------------------------------------------------------------------------------- */

enum fetched {
	FETCH_NOTHING, /* new, or the rest is gone */
	FETCH_MORE,
	FETCH_LATER, /* it may be there: whoever goes on without it loses it */
};

/* A segment that cannot be opened. */
static enum fetched
not_opened(struct spool *s, const char *name, int rc)
{
	if (rc == -ENOENT || rc == -ELOOP || rc == -EIO)
		return FETCH_NOTHING;
	if (log_allowed(&s->damage_log))
		log_warn("spool %s: %s: %s; trying again", s->config.folder, name, nm_strerror(rc));
	return FETCH_LATER;
}

/* Brings what is durable of the segment into memory. */
static enum fetched
fetch(struct spool *s, const struct segment *seg, size_t durable)
{
	char name[SPOOL_NAME_MAX];

	if (durable <= s->n_bytes || durable > SPOOL_SEGMENT_READ_MAX)
		return FETCH_NOTHING;
	spool_segment_name(seg->name, name);
	uint8_t *bytes = realloc(s->bytes, durable);
	if (!bytes)
		return not_opened(s, name, -ENOMEM);
	s->bytes = bytes;
	spool_scan_bytes(s->scan, bytes, s->n_bytes, spool_scan_offset(s->scan));
	int fd = openat(s->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return not_opened(s, name, -errno);
	size_t len = s->n_bytes;
	while (len < durable) {
		ssize_t n = pread(fd, bytes + len, durable - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	(void)close(fd);
	bool more = len > s->n_bytes;
	s->n_bytes = len;
	spool_scan_bytes(s->scan, bytes, len, spool_scan_offset(s->scan));
	return more ? FETCH_MORE : FETCH_NOTHING;
}

/* Sequences behind the first segment that may be on their way: about what the sender's window holds. */
#define SENT_MAX 64

uint64_t
spool_unsent(const struct spool *s)
{
	return (s->leaving ? s->leaving : s->head->next->first) + SENT_MAX;
}

/* Whether the reader has to wait before it begins this one. With the lock. */
static bool
must_wait(const struct spool *s, const struct segment *next)
{
	if (!next || next->aside)
		return true;
	/* what is acknowledged in front of it has to go first; the second segment never waits */
	return s->config.drop_oldest && s->head->next && next->first >= spool_unsent(s);
}

/* Goes on to the next segment, if there is one, and if the one that was read has no more than the `durable` octets that were there. */
static bool
next_segment(struct spool *s, size_t durable)
{
	struct segment *seg = s->reading;
	struct spool_state *end = NULL;

	(void)pthread_mutex_lock(&s->lock);
	struct segment *next = seg ? seg->next : s->head;
	bool waits = must_wait(s, next);
	(void)pthread_mutex_unlock(&s->lock);
	if (waits)
		return false;
	if (seg) {
		end = malloc(sizeof(*end));
		if (!end)
			return false;
		*end = *spool_scan_state(s->scan);
	}
	(void)pthread_mutex_lock(&s->lock);
	/* it may be another one by now */
	next = seg ? seg->next : s->head;
	waits = must_wait(s, next) || (seg && seg->durable != durable);
	if (!waits) {
		if (seg)
			seg->end = end;
		s->reading = next;
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (waits) {
		free(end);
		return false;
	}
	s->n_bytes = 0;
	spool_scan_bytes(s->scan, s->bytes, 0, 0);
	return true;
}

bool
spool_read(struct spool *s, struct spool_found *ret_found)
{
	for (;;) {
		if (s->reading && spool_scan_next(s->scan, ret_found))
			break;
		(void)pthread_mutex_lock(&s->lock);
		size_t durable = s->reading ? s->reading->durable : 0;
		(void)pthread_mutex_unlock(&s->lock);
		enum fetched fetched = s->reading ? fetch(s, s->reading, durable) : FETCH_NOTHING;
		if (fetched == FETCH_LATER ||
		    (fetched == FETCH_NOTHING && !next_segment(s, durable)))
			return false;
	}
	if (ret_found->damaged && log_allowed(&s->damage_log))
		log_error("spool %s: batches %" PRIu64 " to %" PRIu64 " are damaged: %" PRIu64
		          " records are lost and declared",
		          s->config.folder, ret_found->first, ret_found->sequence,
		          ret_found->records);
	return true;
}

void
spool_acked(struct spool *s, uint64_t sequence)
{
	(void)pthread_mutex_lock(&s->lock);
	s->acked = sequence;
	(void)pthread_mutex_unlock(&s->lock);
}
