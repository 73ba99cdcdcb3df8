/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The probe's spool: batches on disk until the collector has them (probe/spool_format.h). Life cycle: spool_open(),
 * spool_link() for each link, spool_begin(), then one thread writes (spool_write(), spool_acked(), spool_trim()) while another one reads
 * (spool_read()); spool_close() when both have ended.
 *
 * What was written is given out by spool_read() only when it is durable. A full disk and other errors of it leave the spool as
 * it was before the write.
 */
#ifndef NETMON_PROBE_SPOOL_H
#define NETMON_PROBE_SPOOL_H

#include "probe/spool_scan.h"

struct spool;

struct spool_config {
	const char *folder; /* is made when it is not there; not copied */
	const char *probe;  /* whose batches these are; not copied */
	uint64_t size_max;  /* octets of all segments */
	bool drop_oldest;   /* when it is full; else what comes is refused */
};

/* A batch on its way to the disk: head and frame, one behind the other. */
struct spool_out {
	struct spool_out *next;
	uint64_t sequence;
	uint32_t chain;
	size_t records;
	size_t weight; /* the queue's */
	size_t head;   /* octets of the head */
	size_t len;    /* octets of both */
	uint8_t bytes[];
};

/* Takes the spool for this process alone and cuts what was not written to its end. 0, or a negative code after one log line that
 * says what to do; then nothing was removed. */
int spool_open(const struct spool_config *config, struct spool **ret_spool);
/* The index of a link in this spool's batches, or NM_ELIMIT when there are too many. */
int spool_link(struct spool *s, const char *name);
const struct spool_meta *spool_meta(const struct spool *s);
/* Where the newest batch on disk stands. */
const struct spool_state *spool_tail(const struct spool *s);
/* The run begins; until spool_close() says otherwise it ends in a crash. `running`: bit N for link N that is captured live. */
int spool_begin(struct spool *s, uint64_t running);

/* --- the thread that writes --- */
/* Writes a list of batches and makes them durable. Sequences up to *ret_durable are, also after an error: NM_ELIMIT (the
 * spool is full) or -errno. */
int spool_write(struct spool *s, const struct spool_out *list, uint64_t *ret_durable);
/* Batches up to this one are acknowledged. */
void spool_acked(struct spool *s, uint64_t sequence);
/* Removes segments of which all is acknowledged. */
void spool_trim(struct spool *s);

/* --- the thread that reads --- */
/* The next batch, or what stands for lost ones. False: nothing is there now. */
bool spool_read(struct spool *s, struct spool_found *ret_found);

/* `clean`: all that was metered is in the spool or acknowledged. NULL is fine. */
void spool_close(struct spool *s, bool clean);

#endif
