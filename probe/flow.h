/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flow table. Life cycle: flow_table_new(), flow_add() for every packet, flow_advance() when time passes without
 * packets, flow_flush() at the end, flow_table_free(). One thread for each table.
 *
 * One entry is one conversation: key with the lower endpoint first, a counter for each direction, the classifier's
 * state. A cut makes one record of each direction that has packets since the last cut. Cuts happen
 *   - after FIN both ways or RST, once nothing more came for `linger_s` (trailing ACKs belong to the same record), or at
 *     once when a new SYN reuses the ports: that begins a new conversation, with a fresh classifier's state;
 *   - `active_s` after the record began;
 *   - when nothing came for `idle_s`: the conversation is forgotten;
 *   - before a packet that would bring a direction above `packets_max` or `octets_max`. Both directions are cut
 *     together, so that their records cover the same time;
 *   - at each multiple of `snapshot_ms` of packet time;
 *   - when the link's time steps, see below.
 * Only the first, the reuse and the idle cut end a conversation; after the others it keeps its label.
 *
 * A conversation is half-open while only one endpoint has sent, and of TCP nothing but SYNs after the first packet: what
 * scans and floods leave behind. When the table is filled to 7/8, half-open conversations end after FLOW_HALF_OPEN_S
 * without a packet, and when it is full the quietest of them ends for each new one. Where there is none, the packet
 * is counted in the overflow record of its link and IP version: addresses 0, ports 0, RECORD_OVERFLOW_PROTOCOL. The sum of all
 * records is the sum of all packets that were given to flow_add(), whatever happens.
 *
 * Time is packet time. Inside, one clock that never goes back decides what expires: a packet that is up to FLOW_STEP_S
 * late counts as now. A larger step back (another file, a clock that was set), or ahead by more than all time-outs and
 * FLOW_LEAP_S, moves the offset between the clock and the packet time of that link instead; so neither a wild time stamp
 * nor the way back from it ends what is open. A record that was begun before such a step is cut at the next packet of its
 * flow. A record starts at its first packet's own time and lasts as long as the clock went on, so it never ends before it
 * starts and never spans more than `active_s`.
 */
#ifndef NETMON_PROBE_FLOW_H
#define NETMON_PROBE_FLOW_H

#include "lib/record.h"
#include "probe/classify.h"
#include "probe/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_LINKS_MAX 64 /* packet.link is below it */
#define FLOW_STEP_S    10
#define FLOW_LEAP_S    3600
#define FLOW_ACTIVE_S  60 /* the original's active time-out */
#define FLOW_IDLE_S \
	30 /* between nfpcapd's 15 and softflowd's 60: a paused download stays one flow */
#define FLOW_LINGER_S    2
#define FLOW_HALF_OPEN_S 5
#define FLOW_PACKETS_MAX 1000
#define FLOW_OCTETS_MAX  1000000 /* 1 MB */
#define FLOW_TABLE_MAX \
	1048576 /* conversations; memory: see flow_table_new(), taken from the kernel when first used */
#define FLOW_TIMEOUT_MAX     86400 /* most seconds for any of the time-outs */
#define FLOW_SNAPSHOT_MIN_MS 100
#define FLOW_SNAPSHOT_MAX_MS 60000
#define FLOW_SAMPLING_MAX    1000
#define FLOW_RECORD_LIMIT    65535 /* most packets_max: a record counts them in 16 bits */

struct flow_limits {
	uint32_t active_s;
	uint32_t idle_s;
	uint32_t linger_s;
	uint32_t packets_max; /* of a record, 1..FLOW_RECORD_LIMIT */
	uint32_t octets_max;  /* of a record; a single packet above it is a record of its own */
	uint32_t table_max;   /* conversations, 1..2^28 */
	uint32_t
	    snapshot_ms; /* 0, or 100..60,000: every flow is cut at each multiple of it, and metered anew */
	uint32_t sampling; /* 1..FLOW_SAMPLING_MAX: counters are scaled by it (0 is 1) */
};

/* The defaults above. */
extern const struct flow_limits flow_limits_default;

struct flow_table;

/* Called for every record that is cut; `record` is valid during the call. Must not call back into the table. */
typedef void (*flow_cut_fn)(void *ctx, const struct record *record);

/* Reserves the table's memory; on success *ret_table is the caller's. -ENOMEM, -EIO without random numbers, or NM_ELIMIT
 * when a limit is outside its range.
 * Memory of a full table: table_max times 112 octets, 32 more for each IPv6 conversation, 8 more with snapshots; and 8
 * for each place of the index, which grows to the smallest power of two of them that is above 1.5 times table_max
 * (default: 112 MB and 16 MB). */
int flow_table_new(const struct flow_limits *limits, flow_cut_fn cut, void *ctx,
                   struct flow_table **ret_table);
/* Gives the memory back; open flows are dropped. NULL is fine. */
void flow_table_free(struct flow_table *t);

/* What is known of a packet's conversation; valid until the next call with the table. */
struct flow_hit {
	struct classify_state *state; /* NULL if it was settled */
	uint8_t *settled; /* to be set to 1 when no further packet of it has to see the state */
	bool
	    from_client; /* the packet was sent by the side that began: the sender of a SYN or receiver
	                               * of a SYN-ACK, else the first packet's sender */
};

#define FLOW_SALTS 11

/* Where a packet belongs, worked out ahead. Whole words, which are made in registers: a hash that reads what was just
 * written in smaller pieces waits for the memory. */
struct flow_key {
	uint32_t addr[2]; /* lower endpoint first, in an order that is only good for this; IPv6: 32
	                   * bits made of each address, and struct flow_place has the whole ones */
	uint32_t ports;   /* the lower endpoint's in the low half */
	uint32_t kind;    /* VLAN and a bit for IPv6, then 8 bits of link, 8 of protocol */
};
struct flow_place {
	struct flow_key key;
	uint32_t hash;
	uint32_t dir;        /* which of the key's endpoints sent the packet */
	uint32_t entry;      /* by flow_fetch(): 1 + the entry that may be the packet's, 0: none */
	struct addr addr[2]; /* only for IPv6 */
};

/* A packet is counted in four steps, so that with several packets at hand the memory that each needs is on its way while
 * the others are dealt with: flow_place() for all, flow_fetch() for all, flow_touch() for all, then flow_add() for each in
 * order. The first three change nothing in the table, and what they say stays good whatever happens to it in between. */
void flow_place(const struct flow_table *t, const struct packet *pkt, struct flow_place *ret_place);
void flow_fetch(const struct flow_table *t, struct flow_place *place);
void flow_touch(const struct flow_table *t, const struct flow_place *place);

/* Counts a packet in its conversation, which is made when it is new. False when the table is full: the packet is
 * counted in the overflow record. May cut records. */
bool flow_add(struct flow_table *t, const struct packet *pkt, const struct flow_place *place,
              struct flow_hit *ret_hit);

/* Time went on without a packet: expires what is due at `ts_ns`. */
void flow_advance(struct flow_table *t, uint64_t ts_ns);

/* Cuts every open record and forgets all conversations. */
void flow_flush(struct flow_table *t);

struct flow_stats {
	uint64_t conversations; /* in the table now */
	uint64_t records;       /* cut so far */
	uint64_t refused;       /* packets that found the table full: in overflow records */
	uint64_t evicted;       /* half-open conversations that ended early to make room */
};
void flow_get_stats(const struct flow_table *t, struct flow_stats *ret_stats);

#endif
