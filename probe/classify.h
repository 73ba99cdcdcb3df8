/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Classification of flows: the tag table and the modules, behind one call per packet. Life cycle: classify_new(),
 * classify_load() with the list of modules (again at each reload: flows and tags are kept), classify_packet() for every
 * metered packet, classify_free(). One thread; threads have classifiers of their own, which classify_follow() one of them
 * and share a tag table.
 *
 * Both directions of a conversation share one struct classify_state, which lives inside the flow table's entry.
 */
#ifndef NETMON_PROBE_CLASSIFY_H
#define NETMON_PROBE_CLASSIFY_H

#include "lib/record.h"
#include "probe/packet.h"

#include <netmon/module.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLASSIFY_MODULES_MAX 255

/* What is known of one conversation. Zeroed when the conversation begins. 40 octets. */
struct classify_state {
	uint64_t refused[2]; /* bit i: module i (0..127) said NM_NO; one above is asked again */
	uint64_t note;       /* what module `note_owner` keeps from one packet to the next */
	uint16_t app;
	uint16_t reason; /* see classify_reason() */
	uint8_t confidence;
	uint8_t payloads;   /* packets with payload so far, both directions, stops at 255 */
	uint8_t owner;      /* 1 + index of the module whose verdict stands, 0 for none or a tag */
	uint8_t flags;      /* CLASSIFY_* */
	uint8_t note_owner; /* 1 + index, 0 for none */
	uint8_t generation; /* low octet of classify_labels() that the indices above belong to */
	uint16_t tagged;    /* application that a tag gave, 0 for none */
};
#define CLASSIFY_SETTLED 0x01u /* no module is asked any more, unless it watches */
#define CLASSIFY_WATCHED 0x02u /* the owner wants every packet with payload */
#define CLASSIFY_TAGGED  0x04u /* the tag table was asked */

struct classifier;
struct tag_table;

struct classify_limits {
	size_t tags_max; /* entries of the tag table, about 160 octets each; 0: 65,536 */
	struct tag_table *
	    tags; /* one that classifiers of several threads share, and the caller's; NULL: one of its own */
};

int classify_new(const struct classify_limits *limits, struct classifier **ret_classifier);
void classify_free(struct classifier *c);

/* Reads the list file, opens the modules in `dir`, compiles the dispatch, and only when all of that worked puts it in
 * the place of the old one. A module that is refused (ABI version, owner, mode, name, id taken) is a log line and is left
 * out; a list that cannot be read or does not parse is an error with one line in `err` (file:line), and the old set stays.
 * Flows keep their verdicts; what modules said no to is forgotten when a flow's next packet comes. 0, -errno,
 * NM_EFORMAT or NM_ELIMIT. */
int classify_load(struct classifier *c, const char *list, const char *dir, char *err,
                  size_t err_size);

/* The same with modules that are linked in (tests, fuzz targets). */
int classify_load_static(struct classifier *c, const struct nm_module *const *modules, size_t n);

/* Takes the modules that another classifier, which nobody uses meanwhile, has now, each loaded once more; what a packet is
 * labelled with means the same in both, but only that one knows the words. On failure the old modules stay. 0, -errno, or
 * NM_EFORMAT after a log line. */
int classify_follow(struct classifier *c, const struct classifier *leader);

/* Looks at one packet of a conversation; `from_client` by the flow table. The hot path: a settled flow returns at
 * once. */
void classify_packet_slow(struct classifier *c, const struct packet *pkt, bool from_client,
                          struct classify_state *st);
/* True when classify_packet() has nothing to do for further packets of the conversation. */
static inline bool
classify_is_settled(const struct classify_state *st)
{
	return (st->flags & (CLASSIFY_SETTLED | CLASSIFY_WATCHED)) == CLASSIFY_SETTLED;
}
static inline void
classify_packet(struct classifier *c, const struct packet *pkt, bool from_client,
                struct classify_state *st)
{
	if (!classify_is_settled(st))
		classify_packet_slow(c, pkt, from_client, st);
}

/* Looks a record's endpoints up once more when it is cut, for threads that share tags: what told of its flow may have been
 * seen by another thread a little later than the flow itself. */
void classify_record(struct classifier *c, struct record *record);

/* Unknown and the applications of all modules that are loaded, or were (open flows may still carry their ids), by id;
 * valid until the next classify_load(). */
size_t classify_apps(const struct classifier *c, const struct application **ret_apps);
/* Name of an application, "Unknown" for ids that nobody declared. Valid until the next classify_load(). */
const char *classify_app_name(const struct classifier *c, uint16_t app);
/* Words for a record's reason: "" for none, else "MODULE KIND" such as "http signature", "ftp tag". Stays valid. */
const char *classify_reason(const struct classifier *c, uint16_t reason);
/* A number that changes whenever the set of modules changes. */
uint32_t classify_labels(const struct classifier *c);

struct classify_stats {
	uint64_t tags; /* in the table now, those included whose time is up but not noticed */
	uint64_t
	    tags_refused; /* because it was full, or one packet after the other taught too many */
	uint64_t module_calls;
	unsigned modules;
};
void classify_get_stats(const struct classifier *c, struct classify_stats *ret_stats);

#endif
