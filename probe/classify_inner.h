/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inside of a classifier, shared by the files that make it up and by nothing else: classify_load.c (its life, what it has
 * loaded, words) and classify.c (what is done for each packet).
 */
#ifndef NETMON_PROBE_CLASSIFY_INNER_H
#define NETMON_PROBE_CLASSIFY_INNER_H

#include "probe/behaviour.h"
#include "probe/classify.h"
#include "probe/dispatch.h"
#include "probe/labels.h"
#include "probe/modhost.h"
#include "probe/rules.h"
#include "probe/services.h"
#include "probe/tag.h"
#include "probe/tag_ends.h"

/* A packet may teach so many tags, and as many more as those before it left, up to TAGS_CREDIT: a tracker that names a
 * hundred peers now and then is believed, and a flood of such answers does not cost what it would like to. */
#define TAGS_EACH   4
#define TAGS_CREDIT 4096

/* Octets of a packet that modules see. Frames of Ethernet have no more than 9000, but what a network card has put together from
 * several has up to 64 kB, and somebody may fill them with what takes longest to look through. */
#define VIEW_MAX 9216

/* What behaviour names. */
#define APP_P2P 420

/* What files say, and what is made of it. Replaced as a whole. */
struct classify_set {
	struct modset *modules;
	struct dispatch *dispatch;
	struct services *services;
	struct rules *rules;
	uint32_t version;                    /* classify_labels() */
	uint8_t budget[256];                 /* dispatch_budget() of each transport */
	uint16_t names[MODHOST_MODULES_MAX]; /* of each module: its name among the labels */
	/* A bit for each application that carries others, so that DNS may name the service behind it. */
	uint8_t carriers[(NM_APP_ID_MAX + 8) / 8];
	/* The same for peer-to-peer applications. */
	uint8_t peers[(NM_APP_ID_MAX + 8) / 8];
	uint16_t bittorrent;   /* its id, 0 without a module for it */
	uint16_t peers_reason; /* of what behaviour says */
};

struct classifier {
	struct classify_set set;
	struct tag_table *tags;
	struct hosts *hosts;
	bool shares_tags; /* they are the caller's */
	bool shares_hosts;
	const struct ends *ends; /* which endpoints may have a tag: tag_ends() */
	struct labels *labels;
	struct behaviour *behaviour; /* NULL: it does not count */
	uint32_t generation;
	uint64_t module_calls;
	uint64_t tags_left_out;                                     /* for want of credit */
	unsigned tags_credit;                                       /* tags that may be learned */
	void (*see)(void *ctx, const struct classify_event *event); /* classify_trace() */
	void *see_ctx;
};

#endif
