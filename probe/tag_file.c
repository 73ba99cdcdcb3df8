/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tag table in a file. */
#include "probe/tag_file.h"

#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/wireout.h"

#include <errno.h>
#include <fcntl.h>
#include <netmon/wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC     "netmtags"
#define MAGIC_LEN 8
#define VERSION   1
#define HEAD_SIZE 28
#define TAG_SIZE  30
#define CRC_SIZE  4
#define WORD_MAX  255 /* octets of a name, or of a reason's words */
#define FILE_MODE 0600
#define IDS       65536      /* of applications, and of reasons */
#define NOT_HERE  UINT16_MAX /* no place: there are never so many applications or reasons */
#define TCP       6
#define UDP       17

/* --- saving ------------------------------------------------------------------------------------------------------ */

struct save {
	const struct tag_words *words;
	struct tag_entry *entries;
	size_t n, room;
	size_t left_out;
	uint32_t newest_s;
	bool no_memory;
	uint16_t *app_place;    /* by id: where in the file, NOT_HERE for one that no tag has */
	uint16_t *reason_place; /* by number, same */
	uint16_t n_apps, n_reasons;
};

static const char *
app_name(const struct tag_words *words, uint16_t id)
{
	size_t low = 0, high = words->n_apps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (words->apps[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < words->n_apps && words->apps[low].id == id ? words->apps[low].name : NULL;
}

static const char *
reason_text(const struct tag_words *words, uint16_t reason)
{
	return reason < words->n_reasons ? words->reasons[reason] : "";
}

/* Room for one more entry. */
static bool
grow(struct save *s)
{
	if (s->n < s->room)
		return true;
	size_t room = s->room ? s->room * 2 : 1024;
	struct tag_entry *grown = reallocarray(s->entries, room, sizeof(*grown));
	if (!grown)
		return false;
	s->entries = grown;
	s->room = room;
	return true;
}

/* A tag_walk() of all that is there. */
static bool
collect(void *ctx, const struct tag_entry *entry)
{
	struct save *s = ctx;

	/* what was learned a moment ago may be of a module that these words do not know yet */
	if (!app_name(s->words, entry->fact.app))
		return true;
	if (s->n == TAG_FILE_TAGS_MAX) {
		s->left_out++;
		return true;
	}
	if (!grow(s)) {
		s->no_memory = true;
		return false;
	}
	if (s->n == 0 || (int32_t)(entry->used_s - s->newest_s) > 0)
		s->newest_s = entry->used_s;
	s->app_place[entry->fact.app] = 0;
	s->reason_place[entry->fact.reason] = 0;
	s->entries[s->n++] = *entry;
	return true;
}

/* Gives what the tags refer to their places, in order. Returns the octets that they take. */
static size_t
place(struct save *s)
{
	size_t octets = 0;

	for (unsigned i = 0; i < IDS; i++)
		if (s->app_place[i] != NOT_HERE) {
			s->app_place[i] = s->n_apps++;
			octets += 3 + strnlen(app_name(s->words, (uint16_t)i), WORD_MAX);
		}
	for (unsigned i = 0; i < IDS; i++)
		if (s->reason_place[i] != NOT_HERE) {
			s->reason_place[i] = s->n_reasons++;
			octets += 1 + strnlen(reason_text(s->words, (uint16_t)i), WORD_MAX);
		}
	return octets;
}

static void
put_text(struct wireout *w, const char *text)
{
	size_t len = strnlen(text, WORD_MAX);

	wireout_u8(w, (uint8_t)len);
	wireout_bytes(w, text, len);
}

static void
put_words(struct wireout *w, const struct save *s)
{
	for (unsigned i = 0; i < IDS; i++)
		if (s->app_place[i] != NOT_HERE) {
			wireout_u16(w, (uint16_t)i);
			put_text(w, app_name(s->words, (uint16_t)i));
		}
	for (unsigned i = 0; i < IDS; i++)
		if (s->reason_place[i] != NOT_HERE)
			put_text(w, reason_text(s->words, (uint16_t)i));
}

static void
put_tag(struct wireout *w, const struct save *s, const struct tag_entry *e)
{
	wireout_bytes(w, e->key.addr.b, sizeof(e->key.addr.b));
	wireout_u16(w, e->key.port);
	wireout_u8(w, e->key.transport);
	wireout_u8(w, e->fact.confidence);
	wireout_u16(w, e->fact.ttl_s);
	wireout_u16(w, s->app_place[e->fact.app]);
	wireout_u16(w, s->reason_place[e->fact.reason]);
	wireout_u32(w, e->used_s);
}

static void
put_all(struct wireout *w, const struct save *s, uint64_t saved_s)
{
	wireout_bytes(w, MAGIC, MAGIC_LEN);
	wireout_u16(w, VERSION);
	wireout_u16(w, s->n_apps);
	wireout_u16(w, s->n_reasons);
	wireout_u16(w, 0);
	wireout_u32(w, (uint32_t)s->n);
	wireout_u64(w, saved_s);
	put_words(w, s);
	for (size_t i = 0; i < s->n; i++)
		put_tag(w, s, &s->entries[i]);
	wireout_u32(w, crc32c(w->bytes, w->len));
}

int
tag_file_encode(const struct tag_table *t, const struct tag_words *words, uint64_t now_s,
                uint8_t **ret_bytes, size_t *ret_len, struct tag_file_result *ret)
{
	const size_t places = IDS * sizeof(uint16_t);
	struct save s = { .words = words,
		          .app_place = malloc(places),
		          .reason_place = malloc(places) };
	uint8_t *bytes = NULL;

	if (s.app_place && s.reason_place) {
		memset(s.app_place, 0xff, places);
		memset(s.reason_place, 0xff, places);
		tag_walk(t, collect, &s);
		size_t size = HEAD_SIZE + place(&s) + s.n * TAG_SIZE + CRC_SIZE;
		bytes = s.no_memory ? NULL : malloc(size);
		struct wireout w = wireout_init(bytes, size);
		if (bytes)
			put_all(&w, &s, now_s ? now_s : s.newest_s);
		*ret_len = w.len;
		*ret = (struct tag_file_result){ .tags = s.n, .no_room = s.left_out };
	}
	free(s.app_place);
	free(s.reason_place);
	free(s.entries);
	*ret_bytes = bytes;
	return bytes ? NM_OK : -ENOMEM;
}

/* --- loading ----------------------------------------------------------------------------------------------------- */

struct load {
	struct wire w;
	uint16_t n_apps, n_reasons;
	uint32_t n_tags;
	uint64_t saved_s;
	uint16_t *apps;    /* by place: today's id, APP_UNKNOWN for none */
	uint16_t *reasons; /* by place: today's number, 0 for none */
};

static int
fail(struct tag_file_result *ret, const char *words)
{
	(void)snprintf(ret->fault, sizeof(ret->fault), "%s", words);
	return NM_EFORMAT;
}

/* Today's id of an application: that of its name; the old id wins when several have the name. */
static uint16_t
find_app(const struct tag_words *words, uint16_t id, const char *name)
{
	const char *same = app_name(words, id);

	if (same && strcmp(same, name) == 0)
		return id;
	for (size_t i = 0; i < words->n_apps; i++)
		if (strcmp(words->apps[i].name, name) == 0)
			return words->apps[i].id;
	return APP_UNKNOWN;
}

static uint16_t
find_reason(const struct tag_words *words, const char *text)
{
	for (size_t i = 1; i < words->n_reasons; i++)
		if (strcmp(words->reasons[i], text) == 0)
			return (uint16_t)i;
	return 0;
}

static void
get_text(struct wire *w, char ret_text[WORD_MAX + 1])
{
	uint8_t len = wire_u8(w);

	memset(ret_text, 0, WORD_MAX + 1);
	wire_copy(w, ret_text, len);
}

static void
get_words(struct load *l, const struct tag_words *words)
{
	char text[WORD_MAX + 1];

	for (unsigned i = 0; i < l->n_apps && wire_ok(&l->w); i++) {
		uint16_t id = wire_u16(&l->w);

		get_text(&l->w, text);
		l->apps[i] = find_app(words, id, text);
	}
	for (unsigned i = 0; i < l->n_reasons && wire_ok(&l->w); i++) {
		get_text(&l->w, text);
		l->reasons[i] = find_reason(words, text);
	}
}

/* The head, judged before anything is believed. */
static int
get_head(struct load *l, const uint8_t *bytes, size_t len, struct tag_file_result *ret)
{
	const size_t least = HEAD_SIZE + CRC_SIZE;

	if (len < MAGIC_LEN || memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
		return fail(ret, "it is no file of tags");
	if (len < least || len > TAG_FILE_SIZE_MAX)
		return fail(ret, len < least ? "it breaks off" : "it is too large");
	struct wire crc = wire_init(bytes + len - CRC_SIZE, CRC_SIZE);
	if (wire_u32(&crc) != crc32c(bytes, len - CRC_SIZE))
		return fail(ret, "it breaks off, or was damaged (its checksum is wrong)");
	l->w = wire_init(bytes + MAGIC_LEN, len - MAGIC_LEN - CRC_SIZE);
	if (wire_u16(&l->w) != VERSION)
		return fail(ret, "it is of another version of netmonc");
	l->n_apps = wire_u16(&l->w);
	l->n_reasons = wire_u16(&l->w);
	wire_skip(&l->w, 2);
	l->n_tags = wire_u32(&l->w);
	l->saved_s = wire_u64(&l->w);
	return NM_OK;
}

/* One tag as it is in the file. False when it cannot be one. */
static bool
get_tag(struct wire *w, const struct load *l, struct tag_entry *ret_entry)
{
	struct tag_entry e = { .used_s = 0 };

	wire_copy(w, e.key.addr.b, sizeof(e.key.addr.b));
	e.key.port = wire_u16(w);
	e.key.transport = wire_u8(w);
	e.fact.confidence = wire_u8(w);
	e.fact.ttl_s = wire_u16(w);
	uint16_t app = wire_u16(w);
	uint16_t reason = wire_u16(w);
	e.used_s = wire_u32(w);
	if (!wire_ok(w) || app >= l->n_apps || reason >= l->n_reasons || e.key.port == 0 ||
	    (e.key.transport != TCP && e.key.transport != UDP) || e.fact.confidence == 0 ||
	    e.fact.confidence > 100)
		return false;
	e.fact.app = l->apps[app];
	e.fact.reason = l->reasons[reason];
	*ret_entry = e;
	return true;
}

/* Looks at all tags before the first one is believed. */
static bool
tags_are_sound(const struct load *l)
{
	struct wire w = l->w;
	struct tag_entry entry;

	if (!wire_ok(&w) || wire_left(&w) != (size_t)l->n_tags * TAG_SIZE)
		return false;
	for (uint32_t i = 0; i < l->n_tags; i++)
		if (!get_tag(&w, l, &entry))
			return false;
	return true;
}

static void
restore(struct load *l, uint64_t now_s, struct tag_table *t, struct tag_file_result *count)
{
	uint32_t now = (uint32_t)(now_s ? now_s : l->saved_s);
	struct tag_entry entry;

	for (uint32_t i = 0; i < l->n_tags && get_tag(&l->w, l, &entry); i++) {
		if (now_s && tag_entry_is_over(&entry, now))
			count->over++;
		else if (entry.fact.app == APP_UNKNOWN)
			count->unknown++;
		else if (tag_restore(t, &entry, now) < 0)
			count->no_room++;
		else
			count->tags++;
	}
}

static int
decode(struct load *l, const struct tag_words *words, uint64_t now_s, struct tag_table *t,
       struct tag_file_result *ret)
{
	get_words(l, words);
	if (!tags_are_sound(l))
		return fail(ret, "what it says cannot be");
	if (now_s && l->saved_s > now_s + TAG_FILE_AHEAD_S)
		return fail(ret, "it is from the future: the clock was set back");
	*ret = (struct tag_file_result){ .age_s = now_s > l->saved_s ? now_s - l->saved_s : 0 };
	restore(l, now_s, t, ret);
	return NM_OK;
}

int
tag_file_decode(const uint8_t *bytes, size_t len, const struct tag_words *words, uint64_t now_s,
                struct tag_table *t, struct tag_file_result *ret)
{
	struct load l = { .n_tags = 0 };
	int rc = get_head(&l, bytes, len, ret);

	if (rc < 0)
		return rc;
	l.apps = calloc(l.n_apps + 1u, sizeof(*l.apps));
	l.reasons = calloc(l.n_reasons + 1u, sizeof(*l.reasons));
	if (l.apps && l.reasons) {
		rc = decode(&l, words, now_s, t, ret);
	} else {
		(void)fail(ret, "out of memory");
		rc = -ENOMEM;
	}
	free(l.apps);
	free(l.reasons);
	return rc;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static int
fail_errno(struct tag_file_result *ret)
{
	int error = errno;

	(void)snprintf(ret->fault, sizeof(ret->fault), "%s", strerror(error));
	return -error;
}

static bool
write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* Writes a file of its own beside the old one. What was left of another attempt, whatever it is, goes first. */
static int
write_temp(int folder, const uint8_t *bytes, size_t len, struct tag_file_result *ret)
{
	(void)unlinkat(folder, TAG_FILE_TEMP, 0);
	int fd = openat(folder, TAG_FILE_TEMP, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	                FILE_MODE);
	if (fd < 0)
		return fail_errno(ret);
	int rc = NM_OK;
	if (!write_all(fd, bytes, len) || fsync(fd) < 0)
		rc = fail_errno(ret);
	if (close(fd) < 0 && rc == NM_OK)
		rc = fail_errno(ret);
	return rc;
}

int
tag_file_save(int folder, const struct tag_table *t, const struct tag_words *words, uint64_t now_s,
              struct tag_file_result *ret)
{
	uint8_t *bytes;
	size_t len;

	int rc = tag_file_encode(t, words, now_s, &bytes, &len, ret);
	if (rc < 0) {
		(void)fail(ret, "out of memory");
		return rc;
	}
	rc = write_temp(folder, bytes, len, ret);
	if (rc == NM_OK && renameat(folder, TAG_FILE_TEMP, folder, TAG_FILE_NAME) < 0)
		rc = fail_errno(ret);
	if (rc < 0)
		(void)unlinkat(folder, TAG_FILE_TEMP, 0);
	else
		(void)fsync(
		    folder); /* where it fails, an old file may come back: it is whole, too */
	free(bytes);
	return rc;
}

/* Reads an open file as a whole. It may grow or shrink meanwhile: what was read is judged later. */
static int
read_all(int fd, uint8_t **ret_bytes, size_t *ret_len, struct tag_file_result *ret)
{
	struct stat st;
	size_t len = 0;

	if (fstat(fd, &st) < 0)
		return fail_errno(ret);
	if (!S_ISREG(st.st_mode))
		return fail(ret, "it is no regular file");
	if (st.st_size > (off_t)TAG_FILE_SIZE_MAX)
		return fail(ret, "it is too large");
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return fail_errno(ret);
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + len, (size_t)st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int rc = fail_errno(ret);
			free(bytes);
			return rc;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return NM_OK;
}

int
tag_file_load(int folder, const struct tag_words *words, uint64_t now_s, struct tag_table *t,
              struct tag_file_result *ret)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	/* a pipe or a device is not waited for, but refused */
	int fd = openat(folder, TAG_FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(ret);
	int rc = read_all(fd, &bytes, &len, ret);
	if (rc == NM_OK)
		rc = tag_file_decode(bytes, len, words, now_s, t, ret);
	free(bytes);
	(void)close(fd);
	return rc;
}
