/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tag table in a file, so that a restart does not have to learn again. A save is encoded as a whole, written beside the old
 * one and put in its place; a load believes nothing that it reads. Plain functions: any thread that has the words to itself. The
 * table may be in use by others.
 *
 * The file, numbers in network byte order:
 *
 *     magic    8   "netmtags"
 *     version  2   1
 *     apps     2   how many applications follow
 *     reasons  2   how many reasons follow
 *     zero     2
 *     tags     4   how many tags follow
 *     saved    8   seconds since 1970 UTC: wall clock, or time of the newest packet
 *     apps:        id 2, length 1, the name. Ids of an application may change with the modules, so its name counts.
 *     reasons:     length 1, the words, "MODULE KIND"
 *     tags:        address 16, port 2, transport 1, confidence 1, ttl 2 (s), application 2, reason 2 (places above), last use 4
 *     crc      4   CRC32C of all that stands before it
 */
#ifndef NETMON_PROBE_TAG_FILE_H
#define NETMON_PROBE_TAG_FILE_H

#include "lib/record.h"
#include "probe/tag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAG_FILE_NAME     "tags"
#define TAG_FILE_TEMP     "tags.new"
#define TAG_FILE_TAGS_MAX (1u << 21) /* 60 MB; tags beyond are not saved */
#define TAG_FILE_SIZE_MAX (80u << 20)
#define TAG_FILE_AHEAD_S \
	60u                /* a file that is so much newer than now tells of a clock that jumped */
#define TAG_FILE_FAULT 128 /* room for the words of a refusal */

/* What the numbers in the facts of a table mean; the arrays are the caller's. Reason 0 is "". */
struct tag_words {
	const struct application *apps; /* by ascending id */
	size_t n_apps;
	const char *const *reasons; /* by number */
	size_t n_reasons;
};

struct tag_file_result {
	size_t tags;    /* saved, or put into the table */
	size_t over;    /* left out because their time was up */
	size_t unknown; /* left out because nobody declares their application any more */
	size_t no_room; /* left out because the table, or the file, was full */
	uint64_t age_s; /* of the file when it was loaded */
	char fault[TAG_FILE_FAULT]; /* words of a refusal */
};

/* Encodes what the table holds. `now_s` is the wall clock, 0 for the time of the newest use of a tag. 0 with a heap block in
 * *ret_bytes that is the caller's, or -ENOMEM. */
int tag_file_encode(const struct tag_table *t, const struct tag_words *words, uint64_t now_s,
                    uint8_t **ret_bytes, size_t *ret_len, struct tag_file_result *ret);

/* Puts what the bytes tell into the table. With the wall clock in `now_s`, tags whose time is up stay out, and a file from the
 * future is refused; with 0 they go in and are found to be over when packet time is known. 0, or NM_EFORMAT with words in
 * ret->fault and the table untouched. */
int tag_file_decode(const uint8_t *bytes, size_t len, const struct tag_words *words, uint64_t now_s,
                    struct tag_table *t, struct tag_file_result *ret);

/* The same with the file TAG_FILE_NAME in an open folder. Saving replaces the file as a whole or leaves it as it is. 0, or a
 * negative code with words in ret->fault; a file that is not there is -ENOENT. */
int tag_file_save(int folder, const struct tag_table *t, const struct tag_words *words,
                  uint64_t now_s, struct tag_file_result *ret);
int tag_file_load(int folder, const struct tag_words *words, uint64_t now_s, struct tag_table *t,
                  struct tag_file_result *ret);

#endif
