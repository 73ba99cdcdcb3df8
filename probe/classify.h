/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Classification of flows: rules, tags, modules, the names of hosts and behaviour, behind one call per packet. Life cycle: classify_new(),
 * classify_load() with the files that say how (again at each reload: flows and tags are kept), classify_packet() for every
 * metered packet, classify_free(). One thread; threads have classifiers of their own, which classify_follow() one of them
 * and share a tag table.
 *
 * Both directions of a conversation share one struct classify_state, which lives inside the flow table's entry.
 */
#ifndef NETMON_PROBE_CLASSIFY_H
#define NETMON_PROBE_CLASSIFY_H

#include "lib/record.h"
#include "probe/hosts.h"
#include "probe/packet.h"

#include <netmon/module.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLASSIFY_MODULES_MAX 255

/* What is known of one conversation. Zeroed when the conversation begins. There is one for each, so it is packed: what is
 * wider than 32 bits is copied in and out. */
struct classify_state {
	uint32_t refused[4]; /* bit i: module i (0..127) said NM_NO; one above is asked again */
	uint32_t note[2];    /* what module `note_owner` keeps from one packet to the next */
	uint32_t host;       /* name of the host that it is with, see hosts.h */
	uint16_t app;
	uint16_t reason; /* see classify_reason() */
	uint16_t tagged; /* application that a tag gave, 0 for none */
	uint16_t
	    service; /* application id of the service, 0 for none; with a rule, of what the rule says */
	uint16_t rule;      /* reason of the admin's rule that it meets, 0 for none */
	uint8_t confidence; /* of `app` */
	uint8_t payloads;   /* packets with payload so far, both directions, stops at 255 */
	uint8_t owner;      /* 1 + index of the module whose verdict stands, 0 for none or a tag */
	uint8_t flags;      /* CLASSIFY_* */
	uint8_t note_owner; /* 1 + index, 0 for none */
	uint8_t generation; /* of the modules that the indices above belong to */
};
_Static_assert(sizeof(struct classify_state) == 44, "there is one for each conversation");
#define CLASSIFY_SETTLED 0x01u /* no module is asked any more, unless it watches */
#define CLASSIFY_WATCHED 0x02u /* the owner wants every packet with payload */
#define CLASSIFY_BEGUN   0x04u /* rules, tags and DNS were asked */
#define CLASSIFY_OPENED  0x08u /* TCP that began with a SYN: who the client is is no guess */
#define CLASSIFY_ASKED   0x10u /* the client sent payload before it was settled */
#define CLASSIFY_TOLD    0x20u /* the same of the server */
#define CLASSIFY_NOTED   0x40u /* behaviour_seen() knows it as unknown */

struct classifier;
struct tag_table;

struct classify_limits {
	size_t tags_max;  /* entries of the tag table, about 160 octets each; 0: 65,536 */
	size_t names_max; /* names of hosts; 0: HOSTS_NAMES_MAX */
	/* Those that classifiers of several threads share, and the caller's; NULL: one of its own. */
	struct tag_table *tags;
	struct hosts *hosts;
	bool no_behaviour; /* do without guesses from what a host does */
};

/* Files that say how to classify. */
struct classify_files {
	const char *modules;    /* list of modules */
	const char *module_dir; /* their folder */
	const char *services;   /* netmon-services(5); NULL: none */
	const char *rules;      /* netmon-rules(5); NULL: none */
};

int classify_new(const struct classify_limits *limits, struct classifier **ret_classifier);
void classify_free(struct classifier *c);

/* Reads the files, opens the modules, compiles the dispatch, and only when all of that worked puts it in the place of the
 * old one. A module that is refused (ABI version, owner, mode, name, id taken) is a log line and is left out; a file that
 * cannot be read or does not parse is an error with one line in `err` (file:line), and everything old stays. Flows keep
 * their verdicts; what modules said no to is forgotten when a flow's next packet comes. 0, -errno, NM_EFORMAT or
 * NM_ELIMIT. */
int classify_load(struct classifier *c, const struct classify_files *files, char *err,
                  size_t err_size);

/* The same with modules that are linked in (tests, fuzz targets), without services and rules. */
int classify_load_static(struct classifier *c, const struct nm_module *const *modules, size_t n);

/* Takes what another classifier, which nobody uses meanwhile, has now, each module loaded once more; what a packet is
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

/* Did both ends send payload? */
static inline bool
classify_is_answered(const struct classify_state *st)
{
	return (st->flags & (CLASSIFY_ASKED | CLASSIFY_TOLD)) == (CLASSIFY_ASKED | CLASSIFY_TOLD);
}

/* What a record of the conversation, of the direction from or to its client, says of it. */
static inline void
classify_fill(const struct classify_state *st, bool from_client, struct record *record)
{
	record->roles = (uint8_t)((from_client ? 0 : RECORD_FROM_SERVER) |
	                          (st->flags & CLASSIFY_OPENED ? RECORD_OPENED : 0) |
	                          (classify_is_answered(st) ? RECORD_ANSWERED : 0));
	record->host = st->host;
	record->application = st->rule ? st->service : st->app;
	record->confidence = st->rule ? 100 : st->confidence;
	record->reason = st->rule ? st->rule : st->reason;
	record->service = st->rule ? 0 : st->service;
}

/* Looks a record's endpoints up once more when it is cut, for threads that share tags: what told of its flow may have been
 * seen by another thread a little later than the flow itself. */
void classify_record(struct classifier *c, struct record *record);

/* Says what a record that nothing names may be by what its hosts do, when it is cut: then most is known of them. Records come in
 * the order of time. */
void classify_guess(const struct classifier *c, struct record *record);

/* Unknown and the applications of all modules that are loaded, or were (open flows may still carry their ids), by id;
 * valid until the next classify_load(). */
size_t classify_apps(const struct classifier *c, const struct application **ret_apps);
/* Name of an application, "Unknown" for ids that nobody declared. Valid until the next classify_load(). */
const char *classify_app_name(const struct classifier *c, uint16_t app);
/* Words for a record's reason: "" for none, else "MODULE KIND" such as "http signature", "ftp tag", or "rules.conf:12 rule".
 * Stays valid. */
const char *classify_reason(const struct classifier *c, uint16_t reason);
/* How many reasons there are: numbers from 0 up. */
size_t classify_reasons(const struct classifier *c);
/* The version of the labels: a number made of what modules, services and rules there are and say, the same for the same files on
 * every machine of a kind, another one when any of them changed. Never 0. */
uint32_t classify_labels(const struct classifier *c);
/* The name of the host of a record, as hosts_name(). */
size_t classify_host(const struct classifier *c, uint32_t host, char ret_name[HOSTS_NAME_MAX + 1],
                     enum nm_name_source *ret_source);

/* --- explaining -------------------------------------------------------------------------------------------------- */

enum classify_step {
	CLASSIFY_LOOKED_UP, /* rules, tags and DNS were asked: the state has what they said */
	CLASSIFY_PACKET,    /* a packet with payload is shown to the modules that want it */
	CLASSIFY_SAID,      /* a module spoke: `module`, `said`, `verdict`, `accepted` */
	CLASSIFY_TAUGHT,    /* it told of an endpoint: `module`, `tag` */
	CLASSIFY_ANSWERED,  /* it told what DNS answered: `module`, `answer` */
	CLASSIFY_NAMED,     /* it named the host: the state has it */
	CLASSIFY_DECIDED,   /* no module is asked any more, but one that watches */
};

/* A step on the way to a verdict. What does not belong to the step is NULL or 0; all of it is good during the call only. */
struct classify_event {
	enum classify_step step;
	const struct packet *pkt;
	bool from_client;
	const struct classify_state *state;
	const char *module; /* its name */
	enum nm_result said;
	const struct nm_verdict *verdict;
	bool accepted; /* it stands now */
	const struct nm_tag *tag;
	const struct nm_answer *answer;
};

/* From now on `see` is called for each step, from classify_packet(); NULL: no more. Costs a test for each step without. */
void classify_trace(struct classifier *c,
                    void (*see)(void *ctx, const struct classify_event *event), void *ctx);

struct classify_stats {
	uint64_t tags; /* in the table now, those included whose time is up but not noticed */
	uint64_t
	    tags_refused; /* because it was full, or one packet after the other taught too many */
	uint64_t module_calls;
	struct hosts_stats hosts;
	unsigned modules;
	unsigned left_out; /* modules that failed before */
	unsigned services;
	unsigned rules;
};
void classify_get_stats(const struct classifier *c, struct classify_stats *ret_stats);

#endif
