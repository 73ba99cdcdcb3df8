/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection with a probe: a state machine over its frames, whose batches go to the writer (writer.h) and are acknowledged
 * when it says that they are stored. Everything that it reads is checked before use; whoever
 * sends what he should not is dropped with one log line, and nobody else notices. Belongs to the server (server.h).
 */
#ifndef NETMON_COLLECTOR_SESSION_H
#define NETMON_COLLECTOR_SESSION_H

#include "collector/feed.h"
#include "collector/loop.h"
#include "collector/overlap.h"
#include "collector/status.h"
#include "collector/strangers.h"
#include "collector/tally.h"
#include "collector/writer.h"
#include "lib/frame.h"
#include "lib/log.h"
#include "lib/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_OUT_MAX     4096 /* answers that the probe did not take yet; more: it is dropped */
#define SESSION_BUFFER      16384
#define SESSION_HELLO_MAX   8192 /* a HELLO is shorter; a stranger gets no more memory than that */
#define SESSION_TURN_OCTETS (256u << 10) /* read from one probe in one turn of the loop */
#define SESSION_TURN_FRAMES 8            /* handled for one probe in one turn */

enum session_state {
	SESSION_HANDSHAKE, /* TLS is being agreed on */
	SESSION_HELLO,     /* nothing but HELLO is taken */
	SESSION_OPENING,   /* the store is asked how far the probe is; nothing is read */
	SESSION_STREAM,    /* APPS, BATCH, LOST, LABELS, HEARTBEAT */
	SESSION_CLOSING,   /* the last answer goes out, nothing is read */
	SESSION_CLOSED,    /* to be freed by the server */
};

/* What sessions share; the server's. */
struct session_shared {
	struct loop *loop;
	struct writer *writer;
	struct feed *feed;       /* NULL: no RRDs */
	struct overlap *overlap; /* NULL: no links overlap */
	struct tls *tls;         /* NULL: plain TCP */
	bool verbose;            /* a log line for each batch */
	unsigned long greeted;   /* probes so far */
	bool fatal;              /* the intake is gone for good: end the program */
	struct log_limit drops;
	struct strangers strangers; /* sessions that have not said who they are */
	/* sessions that the server looks after in this turn, in the order in which they asked for it */
	struct session *due;
	struct session **due_end;
	struct tallies *tallies;
	struct status_store store; /* what the intake did */
	/* scratch for decoding: sessions take turns */
	struct record records[BATCH_RECORDS_MAX];
	struct ledger_delta ledger[BATCH_LEDGER_MAX];
	struct application apps[FRAME_APPS_MAX];
};

struct session {
	/* the server's list: the next one, and what points to this one */
	struct session *next;
	struct session **at;
	struct session *due_next; /* in session_shared's list of those that are due */
	bool due;                 /* it is in there */
	struct session_shared *shared;
	int fd;
	struct stream *stream;
	enum session_state state;
	char peer[80]; /* address and port */
	int64_t opened_ms;
	int64_t heard_ms; /* when a whole frame came last */
	bool shaken;      /* TLS has begun */
	bool fresh;       /* until the server has looked for an older session of the same probe */
	bool more;        /* whole frames are left in the buffer, or octets in the stream */
	bool clean;       /* it ended at a frame's edge, by its own wish */
	bool blocked;     /* the writer has no room for its next frame; reading waits */
	bool ack_due;     /* more is stored than was acknowledged */
	int64_t said_ms;  /* when something was sent last */
	int64_t part_ms;  /* since when a frame is there in part, 0: none is */
	size_t part_size; /* its octets */
	uint32_t
	    end_said_s; /* when it was last said that its certificate runs out, UTC; 0: never */
	unsigned long greeted; /* which one of all probes it was */
	struct frame_hello hello;
	struct tally *tally;          /* NULL until HELLO was accepted, and after the end */
	struct source *source;        /* NULL before HELLO */
	struct db_watermark stored;   /* as far as the writer said */
	struct db_watermark received; /* as far as it was given to the writer */
	uint64_t batches;             /* stored */
	uint64_t n_records;           /* stored */
	uint8_t *in;
	size_t in_size;
	size_t in_len;
	size_t out_len;
	uint8_t out[SESSION_OUT_MAX];
};

/* Takes over `fd`, which is non-blocking. NULL: out of memory, or a descriptor that select() cannot hold; `fd` is then
 * still the caller's. */
struct session *session_new(struct session_shared *shared, int fd, const char *peer);
/* Closes and frees. */
void session_free(struct session *s);

/* Puts it into the list of those that are due: frames are left over, something is to be acknowledged, or it has ended. */
void session_due(struct session *s);
/* Handles frames that were left over from the turn before, and acknowledges; it is due again when that was not all. */
void session_continue(struct session *s);
/* Ends it when its certificate does not count any more (stream_is_revoked()), and tells the probe why; says when it soon will not. */
void session_check_certificate(struct session *s);
/* Looks at its limits of time: `hello_s` and `idle_s` as in server_config. */
void session_check_time(struct session *s, unsigned hello_s, unsigned idle_s);
/* For struct writer_config; `ctx` is the struct session_shared. */
void session_job_done(void *ctx, const struct job *job);
void session_source_gone(void *ctx, const struct source *source);

/* Has the store note that something happened to the probe, unless the same came within `quiet_s` before. Not before its HELLO was
 * taken. `event` is not copied. */
void session_note(struct session *s, const char *event, const char *detail, uint32_t quiet_s);

/* Ends it, with one log line that says why; the server frees it. */
void session_drop(struct session *s, const char *why);

#endif
