/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A flow record and an application, as every program holds them in memory. The wire form is lib/frame.h. Plain values.
 */
#ifndef NETMON_LIB_RECORD_H
#define NETMON_LIB_RECORD_H

#include "lib/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define APP_UNKNOWN      0     /* application id of what no module, tag or rule named */
#define APP_OVERFLOW     65535 /* in the store, of what overflow records count; never on the wire */
#define APP_NAME_MAX     32
#define APP_CATEGORY_MAX 32
#define LINK_NAME_MAX    64
#define VLAN_NONE        0

/* One direction of one flow over one span of time. Numbers in host byte order. */
struct record {
	struct addr saddr;
	struct addr daddr;
	uint16_t sport;       /* ICMP: 0 */
	uint16_t dport;       /* ICMP: 0 */
	uint8_t protocol;     /* IP protocol number (IPv6: after the extension headers) */
	uint8_t start_frac;   /* 1/256 s behind `started` */
	uint8_t end_frac;     /* 1/256 s behind `expires` */
	uint8_t confidence;   /* 0..100 of the application */
	uint16_t packets;     /* 1..65,535 */
	uint16_t application; /* the protocol, or what the admin's rule calls it */
	uint32_t octets;      /* sum of the IP headers' total lengths */
	uint32_t started;     /* time of the first packet, seconds UTC */
	uint32_t expires;     /* time of the last packet that is in the record, seconds UTC */
	uint16_t vlan;        /* outermost VLAN id 1..4094, VLAN_NONE without a tag */
	uint16_t link;        /* index into the probe's links */
	uint16_t reason; /* index into the probe's reasons (classify_reason()); never on the wire */
	uint16_t
	    sampling; /* one packet in so many was looked at, and `packets` and `octets` are scaled up; 0, 1: all */
	uint16_t
	    service;   /* application id of the service that the host's name belongs to, 0: none */
	uint8_t roles; /* RECORD_*; never on the wire */
	uint32_t
	    host; /* name of the host that the flow is with (probe/hosts.h); never on the wire */
	uint32_t
	    tunnel; /* encapsulations that the flow's first packet was found in (lib/tunnel.h), 0: none */
};

/* Its sender is the server: the other end began. A guess, unless RECORD_OPENED says that the beginning was seen. */
#define RECORD_FROM_SERVER 0x01u
#define RECORD_OPENED      0x02u
/* Both ends sent payload. */
#define RECORD_ANSWERED 0x04u
/* In the collector: another link that overlaps with this one has the flow too, and it counts in totals there. */
#define RECORD_DUPLICATE 0x08u

/* The record of a link's packets that found the flow table full has this protocol (reserved by IANA), no ports and
 * unspecified addresses: sums over records stay exact, and nobody's traffic is made up. */
#define RECORD_OVERFLOW_PROTOCOL 255

/* The application that a record counts for, and goes out with: the service where one is known. */
static inline uint16_t
record_counts_as(const struct record *r)
{
	return r->service ? r->service : r->application;
}

/* True for an overflow record's protocol and addresses. */
static inline bool
record_is_overflow(unsigned protocol, const struct addr *saddr, const struct addr *daddr)
{
	return protocol == RECORD_OVERFLOW_PROTOCOL && addr_is_unspecified(saddr) &&
	       addr_is_unspecified(daddr);
}

/* An application as modules declare it and the store keeps it. */
struct application {
	uint16_t id;
	char name[APP_NAME_MAX];
	char category[APP_CATEGORY_MAX];
	uint32_t colour;      /* 0xRRGGBB on light pages */
	uint32_t colour_dark; /* 0xRRGGBB on dark pages */
};

/* What a ledger row counts: each packet that the link carried is METERED or under exactly one other cause. The numbers
 * are on the wire and in the store: only ever add at the end. */
enum ledger_cause {
	LEDGER_SEEN = 1,    /* packets that the kernel or the file offered, after the filter */
	LEDGER_METERED = 2, /* in a flow */
	LEDGER_KERNEL_DROPPED = 3, /* the kernel's buffer was full */
	LEDGER_IF_DROPPED = 4,     /* the interface or its driver dropped */
	LEDGER_TRUNCATED = 5,      /* capture cut before the headers were whole */
	LEDGER_NOT_IP = 6,        /* ARP, LLDP, STP and their like: octets are those of the frame */
	LEDGER_BAD_LINK = 7,      /* link layer that does not decode */
	LEDGER_BAD_IP = 8,        /* IP header that does not decode */
	LEDGER_BAD_TRANSPORT = 9, /* TCP, UDP or tunnel header that does not decode */
	LEDGER_TOO_DEEP = 10,     /* more layers than the decoder follows */
	LEDGER_TABLE_OVERFLOW = 11, /* the flow table was full: in the link's overflow record */
	LEDGER_EXPORTED = 12,       /* records' packets that were handed to the exporter */
	LEDGER_EXPORT_DROPPED = 13, /* records' packets that the export queue refused */
	LEDGER_SAMPLED_OUT = 14,    /* left out by 1:N sampling */
	/* these are metered too: what was odd about them */
	LEDGER_LATE = 15,    /* time stamp behind an earlier packet's, counted at that one's time */
	LEDGER_NO_TIME = 16, /* time stamp 0, counted at the packet's before */
	LEDGER_ORPHAN = 17,  /* later fragments whose first one was not seen: without ports */
	/* again a loss */
	LEDGER_WORKER_FULL = 18, /* the queue to the worker that counts the flow was full */
	/* passed by the interface while no probe counted, by the interface's own counters: at most so many */
	LEDGER_GAP = 19,
	/* of records, behind the meter: what became of them but for the store */
	LEDGER_SPOOL_DROPPED = 20, /* the spool was full, and the oldest went */
	LEDGER_SPOOL_DAMAGED = 21, /* the spool could not be read back */
	LEDGER_CRASHED = 22,       /* in flows that ended with their probe: in no record */
	LEDGER_DUPLICATE =
	    23, /* in the store; another link that overlaps with this one has them too */
	LEDGER_CAUSE_MAX = 24, /* one more than the largest */
};

/* What a cause says of a packet. For every link and minute, to the packet: SEEN = METERED + LOST + LEFT_OUT. */
enum ledger_kind {
	LEDGER_KIND_NONE = 0, /* no cause that this version knows */
	LEDGER_KIND_SEEN,     /* the whole */
	LEDGER_KIND_METERED,  /* in a flow */
	LEDGER_KIND_LOST,     /* should be in a flow and is in none: what coverage lacks */
	LEDGER_KIND_LEFT_OUT, /* not meant to be in a flow: no loss */
	LEDGER_KIND_RECORDS,  /* counts the packets of records, behind the meter */
	LEDGER_KIND_NOTE,     /* counted under one of the others too */
};

/* A count for one minute of one link; a delta since the last one that was sent. */
struct ledger_delta {
	uint32_t minute; /* seconds UTC, a multiple of 60 */
	uint16_t link;
	uint16_t cause; /* enum ledger_cause */
	uint64_t packets;
	uint64_t octets;
};

/* Short name of a cause for logs and pages ("kernel-dropped"); "?" for none. */
const char *ledger_cause_name(unsigned cause);
/* LEDGER_KIND_NONE for none. */
enum ledger_kind ledger_cause_kind(unsigned cause);

#endif
