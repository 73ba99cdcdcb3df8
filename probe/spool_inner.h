/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the spool's two files share. Not for others. */
#ifndef NETMON_PROBE_SPOOL_INNER_H
#define NETMON_PROBE_SPOOL_INNER_H

#include "lib/log.h"
#include "probe/spool.h"

#include <pthread.h>

#define SPOOL_NAME_MAX         32
#define SPOOL_SEGMENT_MIN      (128u << 10)
#define SPOOL_SEGMENT_MAX      (16u << 20)
#define SPOOL_SEGMENT_READ_MAX (64u << 20) /* larger than any of ours */
#define SPOOL_BLOCK            4096u /* octets: a file takes so many more than it has, at most */
/* What stands for dropped batches, while what it replaces is still there. */
#define SPOOL_DROP_ROWS_MAX 4000
#define SPOOL_DROP_MAX      (SPOOL_HEAD_MAX * 2 + FRAME_HEADER_SIZE + 64 + SPOOL_DROP_ROWS_MAX * 24)

struct segment {
	struct segment *next;
	uint64_t name;           /* of its file */
	uint64_t first;          /* sequence */
	size_t size;             /* octets; the writer's */
	size_t durable;          /* octets */
	bool lost;               /* only says what was in it */
	bool aside;              /* is being replaced: the reader waits */
	struct spool_state *end; /* behind its last entry, once the reader is through */
};

struct spool {
	struct spool_config config;
	int folder;
	int lock_fd;
	size_t segment_max;
	uint64_t running;       /* links of this run, as in meta */
	bool end_lost;          /* what meta says was there last is gone */
	size_t meta_len;        /* octets, as it was written last */
	struct spool_meta meta; /* before the threads begin, then the writer's */
	/* the writer's */
	int fd;                    /* of the newest segment, -1: none is open */
	struct spool_state last;   /* behind the newest batch */
	struct spool_state before; /* behind the newest batch that is durable */
	uint8_t scratch[SPOOL_META_MAX];
	/* both's */
	pthread_mutex_t lock;
	struct segment *head;
	struct segment *tail;
	uint64_t total; /* octets that are durable, and a block for each segment */
	uint64_t acked; /* sequence */
	uint64_t
	    leaving; /* while the first segments go: where the second of them begins, 0: none goes */
	struct segment *reading; /* changed by the reader only */
	/* the reader's */
	struct spool_scan *scan;
	uint8_t *bytes;
	size_t n_bytes;
	struct log_limit damage_log;
	struct log_limit drop_log; /* the writer's */
};

/* A segment that begins with this sequence or a later one was never sent, by no run since its batches were written: with
 * drop-oldest the reader begins none of these. So it can be given up as a whole, while one of which the collector has a part, and
 * this run does not know that yet, must stay. With the lock; there is a second segment. */
uint64_t spool_unsent(const struct spool *s);
void spool_segment_name(uint64_t name, char ret_name[SPOOL_NAME_MAX]);
/* Puts a segment behind all others. With the lock, once there are threads. */
void spool_add_segment(struct spool *s, struct segment *seg);
/* Removes its file, and frees it. */
void spool_remove_segment(struct spool *s, struct segment *seg);
/* Replaces the file as a whole. The writer's, and what it wrote last must be durable. 0 or -errno. */
int spool_save_meta(struct spool *s);
/* A new segment, the newest, with what is before it. 0 or -errno. */
int spool_begin_segment(struct spool *s);

/* All of a file, at most `max` octets; what cannot be read is left out. 0 with *ret_bytes the caller's, or -errno. */
int spool_read_file(const struct spool *s, const char *name, size_t max, uint8_t **ret_bytes,
                    size_t *ret_len);
/* 0 or -errno. */
int spool_write_at(int fd, const uint8_t *bytes, size_t len, size_t at);
/* The writer: gives a segment up, the oldest that may go. 0, NM_ELIMIT when there is none, or what went wrong. */
int spool_drop_oldest(struct spool *s);

#endif
