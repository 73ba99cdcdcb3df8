/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs classifier modules as the probe does: tag table, dispatch, module, verdict. Life cycle: harness_new() with
 * linked-in modules, talk_begin() for each conversation, talk_send() for each payload, harness_free(). Each payload is
 * handed over in a block of its exact size, so that a sanitizer sees a read behind its end. Failures end the test.
 */
#ifndef NETMON_TESTS_MODULE_HARNESS_H
#define NETMON_TESTS_MODULE_HARNESS_H

#include "probe/classify.h"

#include <netmon/module.h>
#include <stdbool.h>
#include <stddef.h>

struct harness {
	struct classifier *classifier;
	uint64_t now_ns; /* packet time of the next payload */
};

/* One conversation; the packet is the client's. */
struct talk {
	struct harness *h;
	struct packet packet;
	struct classify_state state;
	uint32_t seq[2]; /* TCP sequence number of the next payload of client, server; may be set */
	char host[HOSTS_NAME_MAX + 1];   /* talk_host()'s */
	enum nm_name_source host_source; /* same */
};

/* The modules, up to a NULL. */
struct harness *harness_new(const struct nm_module *const *modules);
void harness_free(struct harness *h);

/* A conversation of client to server; `ends` as "10.0.0.1:4000 192.0.2.1:80", IPv6 in brackets. */
struct talk talk_begin(struct harness *h, uint8_t transport, const char *ends);
/* One packet with this payload (none: len 0), in sequence, and the application's name after it. */
const char *talk_send(struct talk *t, bool from_client, const void *bytes, size_t len);
const char *talk_app(const struct talk *t);
/* The name of the host that it is with, "" for none; sets t->host_source. Valid as long as the talk. */
const char *talk_host(struct talk *t);

#define CLIENT true
#define SERVER false
/* The payload as a string literal, which may hold NULs. */
#define talk_say(talk, from_client, literal) \
	talk_send(talk, from_client, literal, sizeof(literal) - 1)

/* A payload that a table of cases names. */
struct sample {
	const char *name;
	const char *bytes;
	size_t len;
	bool from_client;
};
#define SAMPLE(name, side, literal)                      \
	{                                                \
		name, literal, sizeof(literal) - 1, side \
	}

/* What a conversation that consists of this one payload is called. */
const char *harness_one(struct harness *h, uint8_t transport, const char *ends,
                        const struct sample *sample);

/* Sends every beginning of the sample, each as a conversation of its own: its name must be `app` or Unknown, and `app`
 * for the whole. */
void harness_cut(struct harness *h, uint8_t transport, const char *ends,
                 const struct sample *sample, const char *app);

#endif
