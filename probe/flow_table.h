/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inside of the flow table, shared by the files that make it up and by nothing else: flow.c (life, and what is done
 * for each packet), flow_cut.c (records), flow_wheel.c (expiry, eviction, snapshots) and flow_index.h (finding entries).
 *
 * What is kept of a conversation lies in several arrays under the same number, by who needs it:
 *   flows  one cache line: all that a packet of a settled conversation touches
 *   cold   the classifier's state and what only records need
 *   six    its addresses if they are IPv6, in places of their own
 *   snaps  neighbours in the list of what a snapshot has to cut, when there are snapshots
 * All of them are reserved at once, and cost memory only as far as they are used: see flow_table_new().
 */
#ifndef NETMON_PROBE_FLOW_TABLE_H
#define NETMON_PROBE_FLOW_TABLE_H

#include "probe/flow.h"

#define TICKS_PER_S 256u     /* the resolution of a record's times */
#define TICK_NS     3906250u /* 1/256 s */
#define SLOT_SHIFT  6        /* a slot of the wheel is 64 ticks, a quarter of a second */
#define SLOTS       512u     /* 128 s; what is due later is looked at again by then */
#define STEP_TICKS  (FLOW_STEP_S * TICKS_PER_S)
#define BASE_MASK   ((UINT64_C(1) << 40) - 1) /* flow_base() is modulo 136 years */
#define PROTO_TCP   6

/* flags of an entry */
#define FLOW_FIN0   0x01u /* FIN from the lower endpoint; shifted by one: from the higher */
#define FLOW_FINS   0x03u
#define FLOW_CLOSED 0x04u /* FIN both ways or RST */
#define FLOW_ESTABLISHED \
	0x08u /* TCP: something else than SYN was seen, so that another SYN begins anew */
#define FLOW_CLIENT1 0x10u /* the higher endpoint is the client */
#define FLOW_SENDER1 0x20u /* the higher endpoint sent the first packet of the conversation */
#define FLOW_FIRST1  0x40u /* ... of the record */
#define FLOW_PROVEN  0x80u /* not half-open: see flow.h */

/* Clock times are the low 32 bits of the table's clock in ticks: differences are right up to 194 days. */
struct flow {
	struct flow_key key;
	uint32_t six; /* 1 + number of its addresses, 0: IPv4 */
	uint32_t
	    prev; /* neighbours in the slot of the wheel; `next` also in the list of free entries */
	uint32_t next;
	uint32_t created; /* clock when the record began */
	uint32_t base_s;  /* packet time then: seconds, and `base_frac` */
	uint32_t last
	    [2]; /* clock at each endpoint's last packet; at least when the conversation began */
	uint32_t octets[2]; /* sent by the lower endpoint, by the higher one, since the last cut */
	uint16_t packets[2];
	uint32_t
	    other; /* first packet of whom the record did not begin with, ticks behind `created` */
	uint8_t flags;     /* FLOW_* */
	uint8_t settled;   /* not 0: nobody needs `cold` for a packet */
	uint8_t base_frac; /* 1/256 s */
	uint8_t listed;    /* not 0: in its link's list for the next snapshot */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct flow) == 64, "an entry is one cache line");

/* What only the begin and the end of records, and flows that are not settled, need. */
struct flow_cold {
	struct classify_state state;
	uint32_t tunnel; /* of the packet that began the conversation */
};

/* Addresses of an IPv6 conversation, lower endpoint first. */
struct flow_six {
	struct addr addr[2];
};

/* A place of the hash index: open addressing, the next place in turn. */
struct flow_slot {
	uint32_t hash;
	uint32_t entry; /* 1 + number, 0: free */
};

struct flow_neighbours {
	uint32_t prev;
	uint32_t next;
};

/* Packets that found no place, of one link and IP version. */
struct flow_overflow {
	uint64_t base;    /* packet time of the first one, ticks */
	uint32_t created; /* clock then */
	uint32_t last;    /* clock at the last one */
	uint32_t packets; /* 0: no record is open */
	uint32_t octets;
};

/* What is particular to a link. */
struct flow_link {
	uint64_t tick_begin_ns;           /* packet time when the tick of the last packet begins */
	uint64_t tick;                    /* the same in ticks */
	uint64_t at;                      /* clock at the link's newest packet */
	uint64_t offset;                  /* clock minus packet time in ticks, modulo 2^64 */
	bool stepped;                     /* the offset was moved at least once */
	uint64_t snap_begin_ns;           /* packet time of the begin of the running interval */
	struct flow_overflow overflow[2]; /* IPv4, IPv6 */
};

struct flow_table {
	struct flow *flows; /* table_max of them, then the heads of the wheel's slots */
	struct flow_slot
	    *index; /* of the size that is in use; the other one waits for its growth */
	struct flow_slot *spare_index;
	struct flow_cold *cold;
	struct flow_six *six;
	struct flow_neighbours *snaps; /* table_max of them, then the heads of the links' lists */
	uint32_t mask;     /* places of the index that are in use, a power of two, minus 1 */
	uint32_t mask_max; /* the most that there will be */
	uint32_t grow_at;  /* conversations from which on the index is too small */
	uint32_t table_max;
	uint32_t nearly_full; /* conversations from which on half-open ones have less time */
	uint32_t used;        /* entries that were ever in use: the rest is untouched memory */
	uint32_t free;        /* 1 + number of the first entry that was given back */
	uint32_t six_used, six_free; /* the same of IPv6 addresses */
	uint64_t now;                /* the clock, ticks */
	uint64_t wheel_at;           /* slot that was run last */
	uint64_t half_at;            /* no slot before it has half-open conversations */
	uint64_t leap;               /* ticks: a longer step ahead moves the link's offset */
	uint32_t active, half_open;  /* ticks */
	uint32_t idle[2];            /* of open conversations, and of closed ones: linger */
	uint32_t packets_max, octets_max;
	uint32_t scale;            /* one packet counts for so many */
	uint64_t snap_ns;          /* length of an interval, 0: no snapshots */
	uint16_t n_links;          /* one more than the largest link that was seen */
	uint16_t clock_link;       /* the link that moved the clock last */
	unsigned overflows;        /* overflow records that are open */
	uint64_t salt[FLOW_SALTS]; /* random numbers, so that nobody can choose what collides */
	flow_cut_fn cut;
	void *ctx;
	struct flow_stats stats;
	struct flow_link links[FLOW_LINKS_MAX];
};

/* A key's `kind`. */
#define KEY_VLAN           0x7fffu
#define KEY_SIX            0x8000u /* the addresses are folded IPv6 ones */
#define KEY_LINK_SHIFT     16
#define KEY_PROTOCOL_SHIFT 24
#define KEY_NONE           0xff0000u /* a link that there is not: no conversation */

static inline uint16_t
flow_link_of(const struct flow *f)
{
	return f->key.kind >> KEY_LINK_SHIFT & 0xff;
}

/* Port of the lower endpoint (0), of the higher one (1). */
static inline uint16_t
flow_port_of(const struct flow *f, unsigned end)
{
	return (uint16_t)(f->key.ports >> (end ? 16 : 0));
}

/* Ticks since the last packet of a conversation. */
static inline uint32_t
flow_quiet(const struct flow_table *t, const struct flow *f)
{
	uint32_t quiet0 = (uint32_t)t->now - f->last[0], quiet1 = (uint32_t)t->now - f->last[1];

	return quiet0 < quiet1 ? quiet0 : quiet1;
}

/* Ticks without a packet after which a conversation is over. */
static inline uint32_t
flow_idle_of(const struct flow_table *t, const struct flow *f)
{
	return t->idle[(f->flags & FLOW_CLOSED) != 0];
}

static inline bool
flow_has_packets(const struct flow *f)
{
	return (f->packets[0] | f->packets[1]) != 0;
}

/* Packet time in ticks when the record began. */
static inline uint64_t
flow_base(const struct flow *f)
{
	return (uint64_t)f->base_s * TICKS_PER_S + f->base_frac;
}

/* --- flow_cut.c -------------------------------------------------------------------------------------------------- */

/* Makes the records of a conversation; the client's comes first. */
void flow_cut(struct flow_table *t, struct flow *f);
/* Counts a packet that found no place; `tick`: its packet time. */
void flow_overflow_count(struct flow_table *t, const struct packet *pkt, uint64_t tick);
/* Makes the overflow records of a link. */
void flow_overflow_cut(struct flow_table *t, uint16_t link);
/* Makes those of all links that are as old as a record may be. */
void flow_overflow_expire(struct flow_table *t);

/* --- flow_wheel.c ------------------------------------------------------------------------------------------------ */

/* Makes the wheel's slots and the lists of snapshots empty. */
void flow_wheel_init(struct flow_table *t);
/* Puts entry `i` where it will be looked at once `ticks` more have passed. */
void flow_wheel_insert(struct flow_table *t, uint32_t i, uint32_t ticks);
void flow_wheel_remove(struct flow_table *t, uint32_t i);
/* Runs the slots that the clock has passed. */
void flow_wheel_run(struct flow_table *t);
/* Makes room for a conversation, above `nearly_full`: ends half-open ones that were quiet for `half_open`, and the
 * quietest one whatever its age when there is no place left. */
void flow_make_room(struct flow_table *t);

/* Puts entry `i` into its link's list for the next snapshot. */
void flow_snapshot_list(struct flow_table *t, uint32_t i);
/* Cuts what is in the link's list, and begins the interval that `ts_ns` lies in. */
void flow_snapshot_turn(struct flow_table *t, uint16_t link, uint64_t ts_ns);

#endif
