/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The classifier module interface. A module is one shared object with one exported symbol, a constant descriptor; see
 * netmon-module(3) and modules/skeleton.c. Life cycle, in call order:
 *
 *   load()      once for each worker thread, when the module list is read (start, SIGHUP)
 *   classify()  for each packet that one of the descriptor's matches asks for, until the flow is settled
 *   unload()    once for each load(), before the shared object is closed
 *
 * Calls with the same context come from one thread at a time; workers have contexts of their own, and call at the same
 * time. A module keeps no state of its own that changes, but in its context, sees no header but this one and those that are
 * installed beside it (family.h, wire.h, text.h and others), and reaches the probe only through struct nm_call.
 */
#ifndef NETMON_MODULE_H
#define NETMON_MODULE_H

#include <netmon/wire.h>
#include <stddef.h>
#include <stdint.h>

/* Raised whenever a struct of this file changes its meaning; a module built for another one is refused. */
#define NM_ABI_VERSION 2

/* Transport protocols by IANA number. A match may name any other IP protocol too. */
#define NM_ICMP 1
#define NM_TCP  6
#define NM_UDP  17

/* Who sent a packet. The client is the sender of the SYN, or of the flow's first packet where no SYN was seen, so
 * in the middle of a connection it is a guess. */
enum nm_direction {
	NM_ANY_SIDE = 0,    /* in a match only: either */
	NM_FROM_CLIENT = 1, /* the side that began */
	NM_FROM_SERVER = 2, /* the other one */
};

/* How much a kind of evidence is worth: signature beats tag, tag beats behaviour, behaviour beats port. A verdict's
 * confidence is 1..100; these are the usual ones of each kind. */
#define NM_CONF_PORT      10  /* a port number alone: a weak hint, never proof */
#define NM_CONF_BEHAVIOUR 30  /* sizes, timing, fan-out */
#define NM_CONF_SERVICE   50  /* a server that was seen to speak the protocol: only for tags */
#define NM_CONF_TAG       60  /* an endpoint that another flow told us of */
#define NM_CONF_WEAK      75  /* a short or common signature */
#define NM_CONF_SIGNATURE 90  /* a signature that random payload does not show; settles the flow */
#define NM_CONF_PROOF     100 /* the whole structure of the message was checked */

/* A kind of evidence, for the record's reason. */
enum nm_evidence {
	NM_EV_NONE = 0,
	NM_EV_PORT,
	NM_EV_BEHAVIOUR,
	NM_EV_TAG,
	NM_EV_SIGNATURE,
	NM_EV_RULE, /* the admin's own rule; not for modules */
};

/* An application that a module can name. Ids 1..999 are netmon's own, 1000..19999 are free for local modules; 0 is
 * Unknown, and what is above belongs to services and rules, which get their ids from their names. The first module that names an id owns it; a second one with another name under the same id is refused. */
#define NM_APP_ID_MAX 19999
struct nm_app {
	uint16_t id;
	const char *name; /* as pages and CSV print it: 1..31 printable ASCII, no comma, no quote */
	const char *category; /* such as "Web", "Mail", "Peer-to-peer" */
	uint32_t colour;      /* 0xRRGGBB on light pages */
	uint32_t colour_dark; /* 0xRRGGBB on dark pages */
};

/* When to be asked. All conditions of one match must hold; the matches of a module are alternatives. The host compiles
 * the matches of all modules into one dispatch by transport, port and first byte, so a match that names a port or the
 * payload's first byte is much cheaper than one that names neither. */
struct nm_match {
	uint8_t transport;  /* NM_TCP, NM_UDP, or an IP protocol number */
	uint8_t direction;  /* enum nm_direction */
	uint16_t port;      /* this port on either side; 0: any port */
	uint16_t min_len;   /* octets of captured payload; TCP and UDP: always at least 1 */
	uint8_t offset;     /* where in the payload the pattern begins */
	uint8_t len;        /* octets of the pattern, 0..8; 0: no pattern */
	uint8_t pattern[8]; /* compared after the mask */
	uint8_t mask[8];    /* which bits count; all zero: all bits of `len` octets */
};

/* A match for payload that begins with a literal of at most 8 octets. */
#define NM_MATCH_TEXT(transport_, min_len_, literal)                                          \
	{                                                                                     \
		.transport = (transport_), .min_len = (min_len_), .len = sizeof(literal) - 1, \
		.pattern = literal                                                            \
	}
/* The same for a word of four letters in upper or lower case: bit 5 of an ASCII letter does not count. */
#define NM_MATCH_WORD(transport_, min_len_, a, b, c, d)                     \
	{                                                                   \
		.transport = (transport_), .min_len = (min_len_), .len = 4, \
		.pattern = { a, b, c, d }, .mask = {                        \
			0xdf,                                               \
			0xdf,                                               \
			0xdf,                                               \
			0xdf                                                \
		}                                                           \
	}

/* A packet as a module sees it. Valid during the call only. Numbers are in host byte order, addresses in network byte
 * order: 16 octets, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct nm_packet {
	/* What is behind the transport header: bytes that nobody vouches for, so read them through wire.h. */
	const uint8_t *payload;
	uint32_t
	    len; /* octets of payload that were captured; of a packet of more than 9216, those */
	uint32_t wire_len; /* octets that were sent; more than len when that is not all */
	const uint8_t *saddr;
	const uint8_t *daddr;
	uint16_t sport;              /* 0 where the transport has no ports */
	uint16_t dport;              /* same */
	uint8_t transport;           /* IP protocol number */
	uint8_t tcp_flags;           /* RFC 9293 section 3.1, low octet; 0 unless TCP */
	uint16_t tagged;             /* application that a tag gave to this flow, 0 for none */
	enum nm_direction direction; /* NM_FROM_CLIENT or NM_FROM_SERVER */
	/* Which packet with payload of this flow, both directions counted: 1 is the first; stops at 255. */
	uint32_t nth;
	uint64_t ts_ns; /* packet time, nanoseconds since 1970-01-01 UTC */
	/* RFC 9293 section 3.1: sequence number of the payload's first octet; 0 unless TCP. What the capture lost, and what
	 * comes twice or out of order, shows in it. */
	uint32_t tcp_seq;
};

/* A learned fact: who goes to this endpoint speaks that application. It says nothing of TCP connections that the endpoint opens
 * itself, unless their beginning was not seen: then, and in UDP, an end that began counts where the other one has no tag. */
struct nm_tag {
	uint8_t addr[16];   /* network byte order, IPv4 as ::ffff:a.b.c.d */
	uint16_t port;      /* host byte order */
	uint8_t transport;  /* NM_TCP or NM_UDP */
	uint8_t confidence; /* NM_CONF_TAG or NM_CONF_SERVICE */
	uint16_t app;       /* one of this module's applications */
	uint16_t ttl_s;     /* seconds that the tag lives without being used */
};

/* What a module says of a packet. */
enum nm_result {
	/* Not mine: do not ask again for this flow. Of a watched flow: stop watching. */
	NM_NO = 0,
	/* Mine: *verdict is filled. */
	NM_MATCH = 1,
	/* Cannot tell yet, or nothing new: ask again at the next packet that a match asks for. */
	NM_MORE = 2,
};

struct nm_verdict {
	uint16_t app;       /* one of this module's applications */
	uint8_t confidence; /* 1..100 */
	uint8_t evidence;   /* enum nm_evidence */
	uint8_t flags;      /* NM_WATCH */
};

/* Verdict flag: when this verdict settles the flow, go on showing me each of its packets with payload, whatever the
 * matches and max_packets say, until I return NM_NO. For conversations that announce others (FTP control, SIP). */
#define NM_WATCH 0x01u

/* Where the name of a host was seen; what is further down is believed more. */
enum nm_name_source {
	NM_NAME_NONE = 0,
	NM_NAME_FRONT, /* a provider's, which its clients show for all of its sites alike (ECH) */
	NM_NAME_DNS,   /* the host keeps these itself: nm_call's resolved() */
	NM_NAME_CERTIFICATE, /* the server's certificate */
	NM_NAME_OUTER,       /* what a client shows that may hide the real name (ECH) */
	NM_NAME_CLIENT,      /* what the client asked for: SNI, Host, CONNECT */
};

/* What a DNS answer says: `client` asked for `name`, and is now likely to go to `addr` for it. */
struct nm_answer {
	uint8_t client[16]; /* who asked; network byte order, IPv4 as ::ffff:a.b.c.d */
	uint8_t addr[16];   /* the same, of an A or AAAA record */
	const uint8_t *
	    name; /* in dotted form, what was asked for, not what it is an alias of; not terminated */
	uint32_t name_len;
	uint32_t ttl_s; /* the record's */
};

/* One call's way back into the probe. */
struct nm_call {
	/* Learns a tag (copied). The table is capped: a tag that is refused is counted by the host and the module need
	 * not care. Also works when classify() then returns NM_NO. */
	void (*tag)(struct nm_call *call, const struct nm_tag *tag);
	/* The name of the host that this flow is with (copied, in small letters). The bytes are as they were on the wire:
	 * what cannot be a host's name (letters, digits, '-', '_', '.', at most 253 octets), or is an address, is ignored by
	 * the host, so the module need not check it. Of several names the best source counts, then the first one. */
	void (*host)(struct nm_call *call, const uint8_t *name, uint32_t len,
	             enum nm_name_source source);
	/* An answer of DNS (copied); checked in the same way. Flows of that client with that address get the name when
	 * they do not say one themselves. */
	void (*resolved)(struct nm_call *call, const struct nm_answer *answer);
	/* Eight octets that the flow keeps from one packet to the next, zero at first, for evidence that takes more
	 * than one packet. They belong to the first module that makes them other than zero, until it makes them zero
	 * again, says NM_NO, or another one's verdict counts; for the others, NULL. */
	uint64_t *note;
};

/* The module's services at load time. */
struct nm_host {
	uint32_t size; /* sizeof(struct nm_host) of the host */
	/* One line into the probe's log, prefixed with the module's name; rate-limited by the host. */
	void (*log)(const struct nm_host *host, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
};

/* The descriptor. Hooks that are not needed are NULL; classify is required. */
struct nm_module {
	uint32_t abi_version; /* NM_ABI_VERSION */
	uint32_t size;        /* sizeof(struct nm_module) */
	const char *name; /* as in etc/modules: [a-z0-9_-]{1,31}, the file's name without ".so" */
	const char *summary; /* one line for `netmonc --check -v` */
	/* How many of a flow's first packets with payload, both directions counted, it may be asked about: 1..254,
	 * 0 for 8. */
	uint16_t max_packets;
	uint16_t n_apps;    /* 1..32 */
	uint16_t n_matches; /* 1..128 */
	const struct nm_app *apps;
	const struct nm_match *matches;
	/* Returns 0 and sets *ret_ctx, or -1 after a log line: the module is then left out. `host` stays valid until
	 * unload() returns. */
	int (*load)(const struct nm_host *host, void **ret_ctx);
	void (*unload)(void *ctx);
	/* Looks at one packet. Must not keep pointers, block, allocate or read past pkt->len. `verdict` is zeroed. */
	enum nm_result (*classify)(void *ctx, const struct nm_packet *pkt, struct nm_call *call,
	                           struct nm_verdict *verdict);
};

/* The exported symbol, last in a module's file:  NM_MODULE(foo) = { .abi_version = NM_ABI_VERSION, ... };
 * With NM_MODULE_STATIC several modules can be linked into one program (tests, fuzz targets) as netmon_module_foo. */
#define NM_MODULE_SYMBOL "netmon_module"
#ifdef NM_MODULE_STATIC
#	define NM_MODULE(modname)                                     \
		extern const struct nm_module netmon_module_##modname; \
		const struct nm_module netmon_module_##modname
#else
#	define NM_MODULE(modname)                          \
		extern const struct nm_module netmon_module \
		    __attribute__((visibility("default"))); \
		const struct nm_module netmon_module
#endif

#endif
