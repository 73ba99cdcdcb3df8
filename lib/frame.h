/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The export protocol between probe and collector: frames over one TCP connection (netmon-frames(7)).
 *
 * Byte order: network, everywhere. Strings: u8 length, then that many octets of printable ASCII, no NUL.
 *
 * Frame                          a header of 8 octets, then `length` octets
 *   POS 1  u8   type             enum frame_type
 *   POS 2  u8   flags            0 (reserved; a receiver ignores them)
 *   POS 3  u16  reserved         0
 *   POS 4  u32  length           octets behind the header, <= FRAME_MAX
 * A receiver skips a type that it does not know by its length. A length above FRAME_MAX ends the connection.
 *
 * Order on a connection: probe HELLO, collector HELLO_ACK, probe APPS, then any number of probe BATCH and LOST and collector
 * ACK (and probe APPS and LABELS again after a reload). HEARTBEAT either way at any time after HELLO.
 *
 * The batches of an epoch are a chain: each has the CRC of the one before in it, so that the collector sees when two probes,
 * a probe and its copy, go on from the same batch in two ways, and stores the one only.
 *
 * HELLO (probe)
 *   POS 1  u32  magic            FRAME_MAGIC
 *   POS 2  u16  version          FRAME_VERSION
 *   POS 3  u16  features         0 (place for the spool and others)
 *   POS 4  u64  epoch            random, drawn when the probe's numbering began
 *   POS 5  u64  first            lowest sequence that the probe still holds
 *   POS 6  u64  next             sequence that the next new batch will get; the first ever is 1
 *   POS 7  u32  base             CRC of the batch first - 1; 0 when there was none
 *   POS 8  u32  labels           version of the set of modules, services and rules
 *   POS 9  str  probe            name, 1..FRAME_NAME_MAX
 *   POS 10 u16  links            how many names follow, 1..FRAME_LINKS_MAX
 *   POS 11 str  link name        (links times) index 0 first
 * HELLO_ACK (collector)
 *   POS 1  u16  version          FRAME_VERSION
 *   POS 2  u16  status           enum frame_status; anything but ok: the collector closes after it
 *   POS 3  u64  committed        highest sequence of this epoch in the store, 0 for none
 *   POS 4  u32  crc              of that batch; 0 for none
 *   POS 5  str  text             words for the probe's log, may be empty
 * APPS (probe)
 *   POS 1  u16  count
 *   POS 2  count times: u16 id, u32 colour, u32 colour_dark, str name, str category
 * BATCH (probe)
 *   POS 1  u32  crc              CRC32C (RFC 3720 appendix B.4) of everything behind it in this frame
 *   POS 2  u64  epoch
 *   POS 3  u64  sequence         1, 2, 3 ... without gaps within the epoch
 *   POS 4  u32  previous         CRC of the batch before; 0 in the first
 *   POS 5  u32  records          in all sections
 *   POS 6  u64  packets          sum over the records
 *   POS 7  u64  octets           sum over the records
 *   POS 8  sections              frames as above: RECORDS4, RECORDS6, VLANS, TUNNELS, SAMPLING, LEDGER, in any order
 * ACK (collector), after the commit
 *   POS 1  u64  epoch
 *   POS 2  u64  sequence         this one and all below are in the store
 * HEARTBEAT: length 0.
 * LABELS (probe), when it has changed since HELLO
 *   POS 1  u32  labels           as in HELLO
 * LOST (probe), in the place of batches that the probe can no longer give: dropped by its spool's limit, or damaged on its disk
 *   POS 1  u32  crc              CRC32C of everything behind it in this frame
 *   POS 2  u64  epoch
 *   POS 3  u64  first            sequences first to last are lost
 *   POS 4  u64  last
 *   POS 5  u32  previous         CRC of the batch first - 1
 *   POS 6  u32  resume           CRC that the batch last + 1 has as its previous
 *   POS 7  u64  records          that were in them
 *   POS 8  section LEDGER        their packets and octets, under the cause
 *
 * Sections of a batch
 * RECORDS4  u16 link, u16 reserved, then records of RECORD4_SIZE octets
 * RECORDS6  u16 link, u16 reserved, then records of RECORD6_SIZE octets
 *   a record: saddr, daddr (4 or 16 octets each), u16 sport, u16 dport, u32 octets, u16 packets, u16 protocol,
 *             u16 application, u16 fraction (high byte: start, low byte: end, 1/256 s), u32 started, u32 expires
 * VLANS     annotation: any number of u32 record, u16 vlan; `record` counts from 0 over the batch's records in order
 * TUNNELS   annotation: any number of u32 record, u32 chain (lib/tunnel.h), not 0
 * SAMPLING  annotation: any number of u32 record, u16 n, from 2: one packet in n was looked at, and the record's packets
 *           and octets are scaled up by it already
 *   records that no annotation names have no VLAN, no tunnel and are of every packet
 * LEDGER    any number of u32 minute, u16 link, u16 cause, u64 packets, u64 octets
 */
#ifndef NETMON_LIB_FRAME_H
#define NETMON_LIB_FRAME_H

#include "lib/record.h"

#include <stddef.h>
#include <stdint.h>

#define FRAME_PORT        5000
#define FRAME_MAGIC       0x4e4d4f4eu /* "NMON" */
#define FRAME_VERSION     2
#define FRAME_HEADER_SIZE 8
#define FRAME_MAX \
	(1u << 20) /* no honest frame comes near: BATCH_RECORDS_MAX IPv6 records are 230 kB */
#define FRAME_NAME_MAX    63
#define FRAME_LINKS_MAX   64
#define FRAME_APPS_MAX    4096
#define RECORD4_SIZE      32
#define RECORD6_SIZE      56
#define BATCH_RECORDS_MAX 4096
#define BATCH_LEDGER_MAX  4096

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_HELLO_ACK = 2,
	FRAME_APPS = 3,
	FRAME_BATCH = 4,
	FRAME_ACK = 5,
	FRAME_HEARTBEAT = 6,
	FRAME_LABELS = 7, /* a collector that does not know it skips it */
	FRAME_LOST = 8,
	/* inside a batch */
	FRAME_RECORDS4 = 16,
	FRAME_RECORDS6 = 17,
	FRAME_VLANS = 18,
	FRAME_LEDGER = 19,
	FRAME_TUNNELS = 20, /* a collector that does not know these two skips them */
	FRAME_SAMPLING = 21,
};

enum frame_status {
	FRAME_STATUS_OK = 0,
	FRAME_STATUS_VERSION = 1,
	FRAME_STATUS_BUSY = 2,
	FRAME_STATUS_REFUSED = 3,
	FRAME_STATUS_FENCED = 4, /* another probe has gone on with this one's name and numbering */
};

struct frame_header {
	uint8_t type;
	uint32_t length; /* octets behind the header */
};

struct frame_hello {
	uint16_t version;
	uint16_t features;
	uint64_t epoch;
	uint64_t first;
	uint64_t next;
	uint32_t base; /* CRC of batch first - 1 */
	uint32_t labels;
	char probe[FRAME_NAME_MAX + 1];
	uint16_t n_links;
	char links[FRAME_LINKS_MAX][LINK_NAME_MAX];
};

struct frame_hello_ack {
	uint16_t version;
	uint16_t status;
	uint64_t committed;
	uint32_t crc; /* of that batch */
	char text[256];
};

struct frame_ack {
	uint64_t epoch;
	uint64_t sequence;
};

/* A batch in memory, or, without records, what a LOST frame has in the place of batches first..sequence. The arrays belong
 * to whoever filled them. */
struct batch {
	uint64_t epoch;
	uint64_t first; /* the sequence, but for LOST */
	uint64_t sequence;
	uint32_t previous; /* CRC of batch first - 1, 0 for none */
	uint32_t
	    crc; /* what the next batch has as its previous: the frame's own, or LOST's `resume` */
	uint64_t lost;    /* LOST: records that were in them */
	uint64_t packets; /* sum over the records */
	uint64_t octets;  /* sum over the records */
	size_t n_records; /* <= BATCH_RECORDS_MAX */
	size_t n_ledger;  /* <= BATCH_LEDGER_MAX */
	struct record *records;
	struct ledger_delta *ledger;
};

/*
 * Encoders append one whole frame, header included, to `out` of `size` octets and set *ret_len to its length. 0, or
 * NM_ELIMIT when it does not fit, or NM_EFORMAT when a field is outside its limits; *ret_len is then untouched and the
 * contents of `out` are undefined. Any thread.
 */
int frame_encode_hello(const struct frame_hello *hello, uint8_t *out, size_t size, size_t *ret_len);
int frame_encode_hello_ack(const struct frame_hello_ack *ack, uint8_t *out, size_t size,
                           size_t *ret_len);
int frame_encode_apps(const struct application *apps, size_t n, uint8_t *out, size_t size,
                      size_t *ret_len);
int frame_encode_ack(const struct frame_ack *ack, uint8_t *out, size_t size, size_t *ret_len);
int frame_encode_labels(uint32_t labels, uint8_t *out, size_t size, size_t *ret_len);
int frame_encode_heartbeat(uint8_t *out, size_t size, size_t *ret_len);
/* Reorders nothing: records go out in their order, in runs of one family and link. Computes the sums and the CRC; the
 * batch's own, and `first`, are ignored. */
int frame_encode_batch(const struct batch *batch, uint8_t *out, size_t size, size_t *ret_len);
/* The CRC of an encoded BATCH frame, which the next batch has as its previous. */
uint32_t frame_batch_crc(const uint8_t *frame);
/* first, sequence, previous, crc, lost and the ledger rows are used, records are not. */
int frame_encode_lost(const struct batch *batch, uint8_t *out, size_t size, size_t *ret_len);
/* Octets that frame_encode_batch() needs at most for so many records and ledger rows. */
size_t frame_batch_size_max(size_t n_records, size_t n_ledger);

/*
 * Decoders read foreign bytes. frame_decode_header() wants FRAME_HEADER_SIZE octets; the others want what is behind the
 * header, exactly `len` octets. 0, or NM_EFORMAT (malformed, sums or CRC wrong), NM_EVERSION, NM_ELIMIT (a count or
 * length above its cap). On failure *ret is undefined. Any thread.
 */
int frame_decode_header(const uint8_t bytes[FRAME_HEADER_SIZE], struct frame_header *ret);
int frame_decode_hello(const uint8_t *bytes, size_t len, struct frame_hello *ret);
int frame_decode_hello_ack(const uint8_t *bytes, size_t len, struct frame_hello_ack *ret);
/* At most `max` applications into `ret_apps`. */
int frame_decode_apps(const uint8_t *bytes, size_t len, struct application *ret_apps, size_t max,
                      size_t *ret_n);
int frame_decode_labels(const uint8_t *bytes, size_t len, uint32_t *ret_labels);
int frame_decode_ack(const uint8_t *bytes, size_t len, struct frame_ack *ret);
/* Fills ret->records and ret->ledger, which the caller gives with room for BATCH_RECORDS_MAX and BATCH_LEDGER_MAX, and
 * checks counts, sums and CRC against them. Records carry link, vlan, tunnel and sampling (0 for every packet). */
int frame_decode_batch(const uint8_t *bytes, size_t len, struct batch *ret);
/* The same for LOST; n_records is 0. */
int frame_decode_lost(const uint8_t *bytes, size_t len, struct batch *ret);

/* One record's wire form, for tests and fuzzing. */
void frame_put_record4(const struct record *r, uint8_t out[RECORD4_SIZE]);
void frame_put_record6(const struct record *r, uint8_t out[RECORD6_SIZE]);

#endif
